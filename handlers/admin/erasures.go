package admin

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/erasure"
	"switchboard/handlers"
	"switchboard/vendors"
)

// Erasures lets operators take a user's data away, take a copy of it, and see who did
// either.
type Erasures struct {
	Erasures *erasure.Service
	Sections []erasure.Section
	Apps     []string
	Log      *slog.Logger
}

// Mount adds the routes; r is behind middleware.Admin.
func (h Erasures) Mount(r fiber.Router) {
	r.Get("/erasures", h.list)
	r.Post("/erasures", h.erase)
	r.Post("/exports", h.export)
}

type erasureView struct {
	ID        string         `json:"id"`
	App       string         `json:"app"`
	User      *string        `json:"user"` // null: it is erased
	State     string         `json:"state"`
	Pseudonym string         `json:"pseudonym"`
	By        string         `json:"by"`
	Reason    string         `json:"reason"`
	Request   string         `json:"request_id"`
	Part      string         `json:"part"`
	Waits     string         `json:"waits"`
	Counts    map[string]int `json:"counts"`
	Vendors   []erasure.Fate `json:"vendors"`
	Began     time.Time      `json:"began"`
	Ended     *time.Time     `json:"ended"`
}

func viewErasure(j erasure.Job) erasureView {
	v := erasureView{
		ID: j.ID, App: j.App, State: string(j.State), Pseudonym: j.Pseudonym, By: j.By, Reason: j.Reason, Request: j.Request,
		Part: j.Part, Waits: j.Waits, Counts: j.Counts, Vendors: j.Vendors, Began: j.Began, Ended: timeOrNull(j.Ended),
	}
	if v.Vendors == nil {
		v.Vendors = []erasure.Fate{}
	}
	if j.User != "" {
		v.User = &j.User
	}
	return v
}

const erasuresShown = 100

func (h Erasures) list(c *fiber.Ctx) error {
	jobs, err := h.Erasures.List(c.UserContext(), c.Query("app"), erasuresShown)
	if err != nil {
		return err
	}
	views := make([]erasureView, len(jobs))
	for i, j := range jobs {
		views[i] = viewErasure(j)
	}
	return c.JSON(fiber.Map{"erasures": views})
}

// request reads whose data it is about, and who asks.
func (h Erasures) request(c *fiber.Ctx) (r erasure.Request, err error) {
	in := struct {
		auditInfo
		App  string          `json:"app"`
		User handlers.UserID `json:"user"`
	}{}
	if err := handlers.DecodeStrict(c, &in); err != nil {
		return r, err
	}
	if err := in.check(); err != nil {
		return r, err
	}
	if err := in.User.Check("user"); err != nil {
		return r, err
	}
	if !slices.Contains(h.Apps, in.App) {
		return r, handlers.Invalid("app: no app %q is configured", in.App)
	}
	return erasure.Request{App: in.App, User: string(in.User), By: in.By, Reason: in.Reason, RequestID: vendors.RequestID(c.UserContext())}, nil
}

func (h Erasures) export(c *fiber.Ctx) error {
	r, err := h.request(c)
	if err != nil {
		return err
	}
	return handlers.Lines(c, func(ctx context.Context, w io.Writer) error { return h.Erasures.Export(ctx, r, h.Sections, w) }, func(err error) {
		h.Log.Warn("export broke off", "component", "erasure", "app", r.App, "request_id", r.RequestID, "error", err)
	})
}

func (h Erasures) erase(c *fiber.Ctx) error {
	r, err := h.request(c)
	if err != nil {
		return err
	}
	r.Key = c.Get(handlers.IdempotencyKey)
	j, err := h.Erasures.Begin(c.UserContext(), r)
	if err != nil {
		return err
	}
	return c.JSON(viewErasure(j))
}
