package admin

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/owners"
	"switchboard/handlers"
	"switchboard/vendors"
)

// Owners shows operators which account has what apps made, and lets them say that it
// is somewhere else.
type Owners struct {
	Owners *owners.Service
	Routes *vendors.Router
}

// Mount adds the routes; r is behind middleware.Admin.
func (h Owners) Mount(r fiber.Router) {
	r.Get("/owners", h.list)
	r.Post("/owners", h.move)
}

type ownerView struct {
	App      string    `json:"app"`
	Kind     string    `json:"kind"`
	ID       string    `json:"id"`
	Account  string    `json:"account"`
	VendorID string    `json:"vendor_id"`
	State    string    `json:"state"`
	Name     string    `json:"name"`
	Person   string    `json:"person"`
	Made     time.Time `json:"made"`
	Changed  time.Time `json:"changed"`
}

func viewOwner(r owners.Record) ownerView {
	return ownerView{r.App, string(r.Kind), r.ID, r.Account, r.VendorID, string(r.State), r.Name, r.Person, r.Made, r.Changed}
}

type moveView struct {
	At     time.Time    `json:"at"`
	By     string       `json:"by"`
	Reason string       `json:"reason"`
	App    string       `json:"app"`
	Kind   string       `json:"kind"`
	ID     string       `json:"id"`
	From   owners.Place `json:"from"`
	To     owners.Place `json:"to"`
}

func (h Owners) list(c *fiber.Ctx) (err error) {
	f := owners.Filter{App: c.Query("app"), Account: c.Query("account")}
	if raw := c.Query("kind"); raw != "" {
		if f.Kind, err = owners.ParseKind(raw); err != nil {
			return handlers.Invalid("kind: %v", err)
		}
	}
	if raw := c.Query("state"); raw != "" {
		if f.State, err = owners.ParseState(raw); err != nil {
			return handlers.Invalid("state: %v", err)
		}
	}
	last, limit, err := handlers.Page(c, 3)
	if err != nil {
		return err
	}
	var behind owners.Key
	if last != nil {
		behind = owners.Key{App: last[0], Kind: owners.Kind(last[1]), ID: last[2]}
	}
	found, err := h.Owners.List(c.UserContext(), f, behind, limit)
	if err != nil {
		return err
	}
	moves, err := h.Owners.Moves(c.UserContext(), auditShown)
	if err != nil {
		return err
	}
	return c.JSON(viewOwners(found, limit, moves))
}

func viewOwners(found []owners.Record, limit int, moves []owners.Move) fiber.Map {
	views, audit := make([]ownerView, len(found)), make([]moveView, len(moves))
	for i, r := range found {
		views[i] = viewOwner(r)
	}
	for i, m := range moves {
		audit[i] = moveView{m.At, m.Actor, m.Reason, m.App, string(m.Kind), m.ID, m.From, m.To}
	}
	cursor := ""
	if len(found) == limit {
		last := found[limit-1]
		cursor = handlers.Cursor(last.App, string(last.Kind), last.ID)
	}
	return fiber.Map{"owners": views, "cursor": cursor, "moves": audit}
}

// move says where a thing is, or what became of it. No vendor is asked: whoever moves
// a group has made it at the other account, or knows that it is there.
func (h Owners) move(c *fiber.Ctx) (err error) {
	in := struct {
		auditInfo
		App      string `json:"app"`
		Kind     string `json:"kind"`
		ID       string `json:"id"`
		Account  string `json:"account"`
		VendorID string `json:"vendor_id"` // empty: as it was
		State    string `json:"state"`     // empty: as it was
	}{}
	if err := handlers.DecodeStrict(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	k := owners.Key{App: in.App, ID: in.ID}
	if k.Kind, err = owners.ParseKind(in.Kind); err != nil {
		return handlers.Invalid("kind: %v", err)
	}
	to := owners.Place{Account: in.Account, VendorID: in.VendorID}
	if len(to.VendorID) > maxVendorID {
		return handlers.Invalid("vendor_id: at most %d bytes", maxVendorID)
	}
	if in.State != "" {
		if to.State, err = owners.ParseState(in.State); err != nil {
			return handlers.Invalid("state: %v", err)
		}
	}
	if h.Routes.Live(in.Account) == nil {
		return handlers.Invalid("account: no account %q is configured", in.Account)
	}
	moved, err := h.Owners.Move(c.UserContext(), k, to, in.By, in.Reason)
	if err != nil {
		return err
	}
	return c.JSON(viewOwner(moved))
}

const maxVendorID = 128 // bytes, as the store keeps it
