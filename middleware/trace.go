package middleware

import (
	"context"

	"github.com/gofiber/fiber/v2"
)

// Trace begins the request's span with begin, from the headers of W3C Trace Context.
func Trace(begin func(ctx context.Context, traceparent, tracestate string) context.Context) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.SetUserContext(begin(c.UserContext(), c.Get("traceparent"), c.Get("tracestate")))
		return c.Next()
	}
}
