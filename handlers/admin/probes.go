package admin

import (
	"context"
	_ "embed"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/swaggest/swgui/v5/static"
	"github.com/vearutop/statigz"
)

// Probe is one thing that must work for this process to be of use.
type Probe struct {
	Name  string
	Check func(context.Context) error // its text is shown to operators
}

// Probes serves health, metrics and the contract.
type Probes struct {
	Log     *slog.Logger
	Ready   []Probe
	Sandbox bool
	Version string // of the program
	Metrics http.Handler
	OpenAPI []byte
}

// Mount adds the routes. Metrics are only for peers that operators lets in.
func (h Probes) Mount(r fiber.Router, operators fiber.Handler) {
	r.Get("/healthz", func(c *fiber.Ctx) error { return c.JSON(fiber.Map{"status": "ok", "version": h.Version}) })
	var away told
	r.Get("/readyz", func(c *fiber.Ctx) error { return h.ready(c, &away) })
	r.Get("/metrics", operators, adaptor.HTTPHandler(h.Metrics))
	r.Get("/openapi.yaml", func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, "application/yaml")
		return c.Send(h.OpenAPI)
	})
	files := adaptor.HTTPHandler(http.StripPrefix("/docs/", statigz.FileServer(static.FS)))
	r.Get("/docs*", func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentSecurityPolicy, docsPolicy)
		switch strings.Trim(c.Params("*"), "/") {
		case "":
			c.Type("html", "utf-8")
			return c.Send(docsPage)
		case "contract.js":
			c.Type("js", "utf-8")
			return c.Send(docsScript)
		}
		c.Set(fiber.HeaderCacheControl, "public, max-age=3600")
		return files(c)
	})
}

// docsPage is Swagger UI over the contract. The package that serves its files also has
// a page, made by a template with which the linker keeps every method of the program.
//
//go:embed docs.html
var docsPage []byte

//go:embed docs.js
var docsScript []byte

// docsPolicy is what Swagger UI needs: scripts and calls of this origin, styles that it
// writes, and pictures inside of them.
const docsPolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const probeTime = 2 * time.Second

// told is what the log was last told to be missing; probes come every second.
type told struct {
	mu      sync.Mutex // guards missing
	missing string
}

// note logs a change of what is missing, and that nothing is any more.
func (t *told) note(log *slog.Logger, missing []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.Join(missing, "; ")
	switch {
	case text == t.missing:
	case text == "":
		log.Info("ready again")
	default:
		log.Warn("not ready", "missing", text)
	}
	t.missing = text
}

func (h Probes) ready(c *fiber.Ctx, away *told) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), probeTime)
	defer cancel()
	found := make([]error, len(h.Ready))
	var asked sync.WaitGroup
	for i, p := range h.Ready {
		asked.Go(func() { found[i] = p.Check(ctx) })
	}
	asked.Wait()
	status, checks := fiber.StatusOK, fiber.Map{}
	var missing []string
	for i, p := range h.Ready {
		checks[p.Name] = "ok"
		if found[i] != nil {
			status, checks[p.Name] = fiber.StatusServiceUnavailable, found[i].Error()
			missing = append(missing, p.Name+": "+found[i].Error())
		}
	}
	away.note(h.Log, missing)
	word := "ready"
	if status != fiber.StatusOK {
		word = "not ready"
	}
	return c.Status(status).JSON(fiber.Map{"status": word, "sandbox": h.Sandbox, "checks": checks})
}
