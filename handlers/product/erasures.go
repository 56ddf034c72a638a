package product

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/erasure"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// Erasures lets an app's back end take a copy of all that is kept of a user, and take it
// away.
type Erasures struct {
	Erasures *erasure.Service
	Sections []erasure.Section
	Log      *slog.Logger
}

// Mount adds the routes; r is behind middleware.Server.
func (h Erasures) Mount(r fiber.Router) {
	r.Get("/users/:user/data", h.export)
	r.Delete("/users/:user/data", h.erase)
	r.Get("/erasures/:erasure", h.get)
}

// erasureView is an erasure as callers see it; the user's id is in none that is done.
type erasureView struct {
	ID        string         `json:"id"`
	State     string         `json:"state"`
	Pseudonym string         `json:"pseudonym"`
	Part      string         `json:"part"`
	Waits     string         `json:"waits"`
	Counts    map[string]int `json:"counts"`
	Vendors   []erasure.Fate `json:"vendors"`
	Began     time.Time      `json:"began"`
	Ended     *time.Time     `json:"ended"`
}

// viewErasure is j as callers see it.
func viewErasure(j erasure.Job) erasureView {
	v := erasureView{ID: j.ID, State: string(j.State), Pseudonym: j.Pseudonym, Part: j.Part, Waits: j.Waits, Counts: j.Counts, Vendors: orEmpty(j.Vendors), Began: j.Began}
	if !j.Ended.IsZero() {
		v.Ended = &j.Ended
	}
	return v
}

const byBackEnd = "back end"

func (h Erasures) erase(c *fiber.Ctx) error {
	user, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	j, err := h.Erasures.Begin(c.UserContext(), erasure.Request{
		App: middleware.AppOf(c).ID, User: user, Key: c.Get(handlers.IdempotencyKey), By: byBackEnd, RequestID: vendors.RequestID(c.UserContext()),
	})
	if err != nil {
		return err
	}
	return success(c, viewErasure(j))
}

func (h Erasures) get(c *fiber.Ctx) error {
	id, err := handlers.PathID(c, "erasure")
	if err != nil {
		return err
	}
	j, err := h.Erasures.Get(c.UserContext(), middleware.AppOf(c).ID, id)
	if err != nil {
		return err
	}
	return success(c, viewErasure(j))
}

func (h Erasures) export(c *fiber.Ctx) error {
	user, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	r := erasure.Request{App: middleware.AppOf(c).ID, User: user, By: byBackEnd, RequestID: vendors.RequestID(c.UserContext())}
	return handlers.Lines(c, func(ctx context.Context, w io.Writer) error { return h.Erasures.Export(ctx, r, h.Sections, w) }, func(err error) {
		h.Log.Warn("export broke off", "component", "erasure", "app", r.App, "request_id", r.RequestID, "error", err)
	})
}
