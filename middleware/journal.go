package middleware

import (
	"github.com/gofiber/fiber/v2"

	"switchboard/vendors"
)

// Journal lets recent remember what the request did at vendors.
func Journal(recent *vendors.Recent) fiber.Handler {
	return func(c *fiber.Ctx) error {
		j := &vendors.Journal{}
		c.SetUserContext(vendors.WithJournal(c.UserContext(), j))
		err := c.Next()
		recent.Keep(IDOf(c), c.Route().Path, j)
		return err
	}
}
