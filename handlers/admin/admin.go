// Package admin serves operators: /admin in plain JSON, and the probes.
package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/switches"
	"switchboard/handlers"
	"switchboard/vendors"
)

// Explainer tells what the ledger holds of one request.
type Explainer interface {
	ByRequest(ctx context.Context, requestID string) ([]ledger.Entry, error)
}

// API serves operators under /admin, in plain JSON.
type API struct {
	Routes   *vendors.Router
	Switches *switches.Service
	Audit    switches.Store
	Ledger   Explainer
	Requests *vendors.RequestLog
	StatusOf func(code int) int // the HTTP status of a write's answer
	Node     string             // names this process
	Apps     []string           // whom it serves
	Level    slog.Leveler       // of the log, now
}

// Mount adds the routes; r is behind middleware.Admin.
func (h API) Mount(r fiber.Router) {
	r.Get("/routes", h.routes)
	r.Put("/routes", h.setRoutes)
	r.Get("/explain/:request", h.explain)
	r.Get("/vendors", h.vendors)
	r.Post("/vendors/:vendor/breaker", h.setBreaker)
	r.Get("/capabilities", h.capabilities)
	r.Get("/log", h.logLevel)
	r.Put("/log", h.setLogLevel)
	r.Get("/debug/pprof/:profile", profiles)
}

// auditInfo is who switches, and why: both are kept in the audit.
type auditInfo struct {
	By     string `json:"by"`
	Reason string `json:"reason"`
}

const maxAuditInfo = 100 // bytes of either

func (s auditInfo) check() error {
	if s.By == "" || len(s.By) > maxAuditInfo || len(s.Reason) > maxAuditInfo {
		return handlers.Invalid("by: your name is required for the audit; by and reason: at most %d bytes", maxAuditInfo)
	}
	return nil
}

// routeSpec is a route as an object, or as configuration writes it.
type routeSpec vendors.Route

func (s *routeSpec) UnmarshalJSON(raw []byte) error {
	if raw[0] != '"' {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		return d.Decode((*vendors.Route)(s))
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	route, err := vendors.ParseRoute(text)
	*s = routeSpec(route)
	return err
}

type routeSpecs map[vendors.Capability]routeSpec

func (s routeSpecs) routes() map[vendors.Capability]vendors.Route {
	out := make(map[vendors.Capability]vendors.Route, len(s))
	for capability, spec := range s {
		out[capability] = vendors.Route(spec)
	}
	return out
}

type auditEntry struct {
	Version int64           `json:"version"`
	At      time.Time       `json:"at"`
	By      string          `json:"by"`
	Reason  string          `json:"reason"`
	State   json.RawMessage `json:"state"`
}

const auditShown = 20

func (h API) routes(c *fiber.Ctx) error {
	changes, err := h.Audit.Load(c.UserContext(), auditShown)
	if err != nil {
		return err
	}
	audit := make([]auditEntry, len(changes))
	for i, ch := range changes {
		audit[i] = auditEntry{Version: ch.Version, At: ch.At, By: ch.Actor, Reason: ch.Reason, State: ch.Body}
	}
	state, version := h.Switches.Current()
	apps := map[string]appRoutes{}
	for _, app := range h.Apps {
		apps[app] = appRoutes{h.Routes.AccountsFor(app), h.Routes.RoutesFor(app), orEmpty(state.Apps[app])}
	}
	return c.JSON(fiber.Map{
		"version": version, "routes": h.Routes.Routes(), "switched": orEmpty(state.Routes), "apps": apps, "breakers": orEmpty(state.Breakers), "audit": audit,
	})
}

// appRoutes is what serves one app.
type appRoutes struct {
	Accounts []string                             `json:"accounts"` // that may
	Routes   map[vendors.Capability]vendors.Route `json:"routes"`
	Switched map[vendors.Capability]vendors.Route `json:"switched"`
}

// orEmpty shows no map as an empty one.
func orEmpty[M ~map[K]V, K comparable, V any](m M) M {
	if m == nil {
		return M{}
	}
	return m
}

// setRoutes replaces all switched routes: a capability that is left out goes back
// to what configuration says. Those of apps are replaced when apps is there.
func (h API) setRoutes(c *fiber.Ctx) error {
	in := struct {
		auditInfo
		Version *int64                `json:"version"`
		Routes  routeSpecs            `json:"routes"`
		Apps    map[string]routeSpecs `json:"apps"` // nil: theirs stay as they are
	}{}
	if err := handlers.DecodeStrict(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	if in.Routes == nil {
		return handlers.Invalid("routes is required; an empty object goes back to configuration")
	}
	var apps map[string]map[vendors.Capability]vendors.Route
	if in.Apps != nil {
		apps = make(map[string]map[vendors.Capability]vendors.Route, len(in.Apps))
	}
	for app, specs := range in.Apps {
		apps[app] = specs.routes()
	}
	version := int64(-1)
	if in.Version != nil {
		version = *in.Version
	}
	if err := h.Switches.SetRoutes(c.UserContext(), in.Routes.routes(), apps, version, in.By, in.Reason); err != nil {
		return err
	}
	return h.routes(c)
}

func (h API) setBreaker(c *fiber.Ctx) error {
	in := struct {
		auditInfo
		Class string `json:"class"` // empty: all
		Mode  string `json:"mode"`
	}{}
	if err := handlers.DecodeStrict(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	mode, err := vendors.ParseBreakerMode(in.Mode)
	if err != nil {
		return handlers.Invalid("%v", err)
	}
	account, err := handlers.PathID(c, "vendor")
	if err != nil {
		return err
	}
	if err := h.Switches.SetBreaker(c.UserContext(), account, in.Class, mode, in.By, in.Reason); err != nil {
		return err
	}
	return h.vendors(c)
}

// capabilities is the matrix of who can do what, and which accounts may serve which
// app.
func (h API) capabilities(c *fiber.Ctx) error {
	matrix := fiber.Map{}
	for _, v := range h.Routes.All() {
		matrix[v.Name] = v.Can()
	}
	apps := map[string][]string{}
	for _, app := range h.Apps {
		apps[app] = h.Routes.AccountsFor(app)
	}
	return c.JSON(fiber.Map{"abilities": vendors.Abilities(), "vendors": matrix, "apps": apps})
}
