// Package middleware is what every request passes before its handler: request
// id, access log and metrics, recover, deadline, body limit and who may call.
package middleware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Base makes ctx the parent of every request's context, so that a stop can
// cancel what is still waiting.
func Base(ctx context.Context) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.SetUserContext(ctx)
		return c.Next()
	}
}

// ErrCompressed refuses bodies with a Content-Encoding.
var ErrCompressed = errors.New("compressed bodies are not taken")

// ErrPanic is what a request that panicked ends as; its text never leaves.
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

// Access writes one log line for each request and tells observe of it. Paths and
// routes are logged, never queries, bodies or headers: they hold secrets. What
// the caller asked in vain (501) is no error of ours.
func Access(log *slog.Logger, observe func(method, route string, status int, took time.Duration)) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r := of(c)
		if err := c.Next(); err != nil {
			// The error handler writes the answer now, so that its status is known here.
			if err := c.App().ErrorHandler(c, err); err != nil {
				_ = c.SendStatus(fiber.StatusInternalServerError)
			}
		}
		took := time.Since(r.began)
		status := c.Response().StatusCode()
		observe(c.Method(), routeOf(c), status, took)
		level := slog.LevelInfo
		if status >= fiber.StatusInternalServerError && status != fiber.StatusNotImplemented {
			level = slog.LevelError
		}
		if !log.Enabled(c.UserContext(), level) {
			return nil
		}
		attrs := []slog.Attr{
			slog.String("request_id", IDOf(c)), slog.String("method", c.Method()), slog.String("path", c.Path()),
			slog.Int("status", status), slog.Float64("took_ms", float64(took.Microseconds())/1000), slog.String("peer", c.Context().RemoteIP().String()),
		}
		if r.caller.App != "" {
			attrs = append(attrs, slog.String("app", r.caller.App), slog.String("user", r.caller.User))
		}
		if r.cause != nil && status >= fiber.StatusInternalServerError {
			attrs = append(attrs, slog.String("error", r.cause.Error()))
		}
		log.LogAttrs(c.UserContext(), level, "request", attrs...)
		return nil
	}
}

// routeOf is the route's pattern, so that ids in paths do not make new metrics;
// everything that no route serves is one.
func routeOf(c *fiber.Ctx) string {
	if route := c.Route().Path; route != "/" && route != "" {
		return route
	}
	return "none"
}
