package middleware

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Deadline bounds the request from its beginning: fiber's own context has no end.
func Deadline(d time.Duration) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, cancel := context.WithDeadline(c.UserContext(), stateOf(c).began.Add(d))
		defer cancel()
		c.SetUserContext(ctx)
		return c.Next()
	}
}
