package admin

import (
	"log/slog"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/pprof"

	"switchboard/app/access"
	"switchboard/handlers"
	"switchboard/middleware"
)

var pprofs = pprof.New(pprof.Config{Prefix: "/admin"})

// profiles serves what "go tool pprof" reads, to admins alone: some of them cost
// processor time.
func profiles(c *fiber.Ctx) error {
	if middleware.OperatorOf(c) == access.Reader {
		return middleware.ErrReader
	}
	switch c.Params("profile") {
	case "allocs", "block", "goroutine", "heap", "mutex", "profile", "threadcreate", "trace":
		return pprofs(c)
	}
	return fiber.ErrNotFound
}

func (h API) logLevel(c *fiber.Ctx) error {
	state, _ := h.Switches.Current()
	return c.JSON(fiber.Map{"level": strings.ToLower(h.Level.Level().String()), "switched": state.LogLevel != nil})
}

// setLogLevel switches the log of every replica; without a level it goes back to what
// configuration says.
func (h API) setLogLevel(c *fiber.Ctx) error {
	in := struct {
		auditInfo
		Level *slog.Level `json:"level"`
	}{}
	if err := handlers.DecodeStrict(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	if err := h.Switches.SetLogLevel(c.UserContext(), in.Level, in.By, in.Reason); err != nil {
		return err
	}
	return h.logLevel(c)
}
