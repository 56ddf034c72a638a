package middleware

import (
	"github.com/gofiber/fiber/v2"

	"switchboard/vendors"
)

// Journal records in recent which calls the request made at vendors.
func Journal(recent *vendors.RequestLog) fiber.Handler {
	return func(c *fiber.Ctx) error {
		j := &vendors.Journal{}
		c.SetUserContext(vendors.WithJournal(c.UserContext(), j))
		err := c.Next()
		recent.Keep(IDOf(c), c.Route().Path, j)
		return err
	}
}
