package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/switches"
	"switchboard/vendors"
)

// Explainer tells what the ledger holds of one request.
type Explainer interface {
	ByRequest(ctx context.Context, requestID string) ([]ledger.Entry, error)
}

// Admin serves operators under /admin, in plain JSON.
type Admin struct {
	Routes   *vendors.Router
	Switches *switches.Service
	Audit    switches.Store
	Ledger   Explainer
	Recent   *vendors.Recent
	Node     string // names this process
}

// Mount adds the routes; r is behind middleware.Admin.
func (h Admin) Mount(r fiber.Router) {
	r.Get("/routes", h.routes)
	r.Put("/routes", h.setRoutes)
	r.Get("/explain/:request", h.explain)
	r.Get("/vendors", h.vendors)
	r.Post("/vendors/:vendor/breaker", h.setBreaker)
	r.Get("/capabilities", h.capabilities)
}

// strict decodes an operator's JSON: a mistyped field is refused, since what it
// would have said is then missing.
func strict(c *fiber.Ctx, v any) error {
	d := json.NewDecoder(bytes.NewReader(c.Body()))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return invalid("the body: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return invalid("the body: one JSON object is expected")
	}
	return nil
}

// signed is who switches, and why: both are kept in the audit.
type signed struct {
	By     string `json:"by"`
	Reason string `json:"reason"`
}

const maxSigned = 100 // bytes of either

func (s signed) check() error {
	if s.By == "" || len(s.By) > maxSigned || len(s.Reason) > maxSigned {
		return invalid("by: your name is required for the audit; by and reason: at most %d bytes", maxSigned)
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

type auditEntry struct {
	Version int64           `json:"version"`
	At      time.Time       `json:"at"`
	By      string          `json:"by"`
	Reason  string          `json:"reason"`
	State   json.RawMessage `json:"state"`
}

const auditShown = 20

func (h Admin) routes(c *fiber.Ctx) error {
	changes, err := h.Audit.Load(c.UserContext(), auditShown)
	if err != nil {
		return err
	}
	audit := make([]auditEntry, len(changes))
	for i, ch := range changes {
		audit[i] = auditEntry{Version: ch.Version, At: ch.At, By: ch.Actor, Reason: ch.Reason, State: ch.Body}
	}
	state, version := h.Switches.Current()
	return c.JSON(fiber.Map{
		"version": version, "routes": h.Routes.Routes(), "switched": orNone(state.Routes), "breakers": orNone(state.Breakers), "audit": audit,
	})
}

// orNone shows no map as an empty one.
func orNone[M ~map[K]V, K comparable, V any](m M) M {
	if m == nil {
		return M{}
	}
	return m
}

// setRoutes replaces all switched routes: a capability that is left out goes back
// to what configuration says.
func (h Admin) setRoutes(c *fiber.Ctx) error {
	in := struct {
		signed
		Version *int64                           `json:"version"`
		Routes  map[vendors.Capability]routeSpec `json:"routes"`
	}{}
	if err := strict(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	if in.Routes == nil {
		return invalid("routes is required; an empty object goes back to configuration")
	}
	routes := make(map[vendors.Capability]vendors.Route, len(in.Routes))
	for capability, spec := range in.Routes {
		routes[capability] = vendors.Route(spec)
	}
	version := int64(-1)
	if in.Version != nil {
		version = *in.Version
	}
	if err := h.Switches.SetRoutes(c.UserContext(), routes, version, in.By, in.Reason); err != nil {
		return err
	}
	return h.routes(c)
}

func (h Admin) setBreaker(c *fiber.Ctx) error {
	in := struct {
		signed
		Class string `json:"class"` // empty: all
		Mode  string `json:"mode"`
	}{}
	if err := strict(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	mode, err := vendors.ParseBreakerMode(in.Mode)
	if err != nil {
		return invalid("%v", err)
	}
	account, err := pathID(c, "vendor")
	if err != nil {
		return err
	}
	if err := h.Switches.SetBreaker(c.UserContext(), account, in.Class, mode, in.By, in.Reason); err != nil {
		return err
	}
	return h.vendors(c)
}

// capabilities is the matrix of who can do what.
func (h Admin) capabilities(c *fiber.Ctx) error {
	matrix := fiber.Map{}
	for _, v := range h.Routes.All() {
		matrix[v.Name] = v.Can()
	}
	return c.JSON(fiber.Map{"abilities": vendors.Abilities(), "vendors": matrix})
}
