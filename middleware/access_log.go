package middleware

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/vendors"
)

// Served is a request that was answered.
type Served struct {
	Method, Route string
	Status        int
	Took          time.Duration
	App           string // of the caller, empty when nobody was proven
	Refused       bool   // the answer is a failure, whatever its status
}

// Access writes one log line for each request and gives observe the same. Paths and
// routes are logged, never queries, bodies or headers: they hold secrets. A request
// for what no vendor can do (501) is no error of this program; probes are logged for
// debugging alone, since whoever answers them says what is wrong.
func Access(log *slog.Logger, observe func(context.Context, Served)) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r := stateOf(c)
		if err := c.Next(); err != nil {
			// The error handler writes the answer now, so that its status is known here.
			if err := c.App().ErrorHandler(c, err); err != nil {
				_ = c.SendStatus(fiber.StatusInternalServerError)
			}
		}
		took := time.Since(r.began)
		status := c.Response().StatusCode()
		observe(c.UserContext(), Served{
			Method: c.Method(), Route: routeOf(c), Status: status, Took: took,
			App: r.caller.App, Refused: r.cause != nil || status >= fiber.StatusBadRequest,
		})
		logRequest(c, log, r, took)
		return nil
	}
}

func logRequest(c *fiber.Ctx, log *slog.Logger, r *state, took time.Duration) {
	status := c.Response().StatusCode()
	level := slog.LevelInfo
	if status >= fiber.StatusInternalServerError && status != fiber.StatusNotImplemented {
		level = slog.LevelError
	}
	if probes[c.Path()] {
		level = slog.LevelDebug
	}
	if !log.Enabled(c.UserContext(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", IDOf(c)), slog.String("method", c.Method()), slog.String("path", clip(c.Path())),
		slog.Int("status", status), slog.Float64("took_ms", float64(took.Microseconds())/1000), slog.String("peer", PeerOf(c).String()),
	}
	if trace := vendors.TraceOf(c.UserContext()).ID(); trace != "" {
		attrs = append(attrs, slog.String("trace_id", trace))
	}
	if r.caller.App != "" {
		attrs = append(attrs, slog.String("app", r.caller.App))
	}
	if r.caller.User != "" {
		attrs = append(attrs, slog.String("user", r.caller.User))
	}
	if r.cause != nil && status >= fiber.StatusInternalServerError {
		attrs = append(attrs, slog.String("error", r.cause.Error()))
	}
	log.LogAttrs(c.UserContext(), level, "request", attrs...)
}

const maxLoggedPath = 256 // bytes; a request line may have 8 KB

func clip(path string) string {
	if len(path) <= maxLoggedPath {
		return path
	}
	return strings.ToValidUTF8(path[:maxLoggedPath], "") + "..."
}

// routeOf is the route's pattern, so that ids in paths do not make new metrics;
// all paths that no route serves count as one.
func routeOf(c *fiber.Ctx) string {
	if route := c.Route().Path; route != "/" && route != "" {
		return route
	}
	return "none"
}
