// Package middleware is what every request passes before its handler: request
// id, access log and metrics, recover, deadline, body limit and who may call.
package middleware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/gofiber/fiber/v2"
)

// Base makes ctx the parent of every request's context, so that a stop can
// cancel the requests that still wait.
func Base(ctx context.Context) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.SetUserContext(ctx)
		return c.Next()
	}
}

// CloseAfter closes each connection after its answer while stopping holds, so that
// clients and proxies that keep connections come back elsewhere before the port closes.
func CloseAfter(stopping func() bool) fiber.Handler {
	return func(c *fiber.Ctx) error {
		err := c.Next()
		if stopping() && c.Response().StatusCode() != fiber.StatusSwitchingProtocols {
			c.Context().SetConnectionClose()
		}
		return err
	}
}

// ErrPanic is what a request that panicked ends as; its text is never shown.
var ErrPanic = errors.New("panic while serving")

// Recover turns a panic into ErrPanic and logs it with its stack.
func Recover(log *slog.Logger) fiber.Handler {
	return func(c *fiber.Ctx) (err error) {
		defer func() {
			if r := recover(); r != nil {
				log.Error("panic", "request_id", IDOf(c), "route", c.Route().Path, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
				err = ErrPanic
			}
		}()
		return c.Next()
	}
}
