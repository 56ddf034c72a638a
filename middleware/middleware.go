// Package middleware is what every request passes before its handler: request
// id, access log and metrics, recover, deadline, body limit and who may call.
package middleware

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/vendors"
)

type localKey int

const (
	requestIDKey localKey = iota
	callerKey
	appKey
	causeKey
)

const maxRequestID = 64 // bytes of a caller's own id

// RequestID takes the caller's X-Request-Id, or Request-Id, when it is at most 64
// visible ASCII characters, and makes one otherwise. It is echoed, logged and
// given to vendors.
func RequestID(c *fiber.Ctx) error {
	c.SetUserContext(vendors.WithRequestID(c.UserContext(), IDOf(c)))
	return c.Next()
}

// IDOf returns the request's id, chosen at the first call.
func IDOf(c *fiber.Ctx) string {
	if id, ok := c.Locals(requestIDKey).(string); ok {
		return id
	}
	id := c.Get("X-Request-Id")
	if id == "" {
		id = c.Get("Request-Id")
	}
	if !visible(id) {
		// The time comes first: what is made in a row lies together in the store's index.
		var b [14]byte
		binary.BigEndian.PutUint64(b[:], uint64(time.Now().UnixMilli())<<16)
		binary.BigEndian.PutUint64(b[6:], rand.Uint64()) // it has to be new, and may be guessed
		id = hex.EncodeToString(b[:])
	}
	c.Locals(requestIDKey, id)
	c.Set("X-Request-Id", id)
	return id
}

func visible(id string) bool {
	for _, b := range []byte(id) {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return id != "" && len(id) <= maxRequestID
}

// Base makes ctx the parent of every request's context, so that a stop can
// cancel what is still waiting.
func Base(ctx context.Context) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.SetUserContext(ctx)
		return c.Next()
	}
}

// Deadline bounds the request: fiber's own context has no end.
func Deadline(d time.Duration) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, cancel := context.WithTimeout(c.UserContext(), d)
		defer cancel()
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

// SetCause records why a request failed, for the access log: the answer to a
// failure of ours does not tell.
func SetCause(c *fiber.Ctx, err error) { c.Locals(causeKey, err) }

// Access writes one log line for each request and tells observe of it. Paths and
// routes are logged, never queries, bodies or headers: they hold secrets. What
// the caller asked in vain (501) is no error of ours.
func Access(log *slog.Logger, observe func(method, route string, status int, took time.Duration)) fiber.Handler {
	return func(c *fiber.Ctx) error {
		start := time.Now()
		if err := c.Next(); err != nil {
			// The error handler writes the answer now, so that its status is known here.
			if err := c.App().ErrorHandler(c, err); err != nil {
				_ = c.SendStatus(fiber.StatusInternalServerError)
			}
		}
		took := time.Since(start)
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
		if caller, ok := c.Locals(callerKey).(Caller); ok {
			attrs = append(attrs, slog.String("app", caller.App), slog.String("user", caller.User))
		}
		if err, ok := c.Locals(causeKey).(error); ok && status >= fiber.StatusInternalServerError {
			attrs = append(attrs, slog.String("error", err.Error()))
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
