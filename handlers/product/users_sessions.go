package product

import (
	"context"
	"errors"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/realtime"
	"switchboard/app/users"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// sessionOut is one of our sessions. Device is what DELETE takes.
type sessionOut struct {
	Device    string           `json:"device"`
	Platform  *int             `json:"platform"` // of the gateway API; null: of the conversation API
	Transport realtime.Transit `json:"transport"`
	Since     int64            `json:"since"` // Unix seconds
}

// connectionOut is a connection to a vendor, as it tells.
type connectionOut struct {
	Device  string `json:"device"`
	Client  string `json:"client"`  // empty: not told
	Address string `json:"address"` // empty: not told
	Since   *int64 `json:"since"`   // Unix seconds; null: not told
}

// connectionsOut are those of an account; where it does not tell, reason says why.
type connectionsOut struct {
	Vendor   string          `json:"vendor"`
	Told     bool            `json:"told"`
	Reason   *string         `json:"reason"`
	Sessions []connectionOut `json:"sessions"`
	Total    int             `json:"total"`
}

// listSessions answers although a replica or a vendor cannot tell: what is known holds, and
// reason says what is missing.
func (h Users) listSessions(c *fiber.Ctx) error {
	id, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	app := middleware.AppOf(c).ID
	out := struct {
		Sessions []sessionOut     `json:"sessions"` // the latest first
		Total    int              `json:"total"`
		Reason   *string          `json:"reason"`
		Vendors  []connectionsOut `json:"vendors"`
	}{Sessions: []sessionOut{}, Vendors: []connectionsOut{}}
	ours, total, err := h.Sessions(c.UserContext(), realtime.User{App: app, ID: id}, listPage)
	if err != nil && !errors.Is(err, realtime.ErrSilent) {
		return err
	}
	out.Total, out.Reason = total, reasonOf(err)
	for _, s := range ours {
		one := sessionOut{Device: s.Key.Device(), Transport: s.Over, Since: s.Since.Unix()}
		if n := s.Key.Platform(); n > 0 {
			one.Platform = &n
		}
		out.Sessions = append(out.Sessions, one)
	}
	for _, l := range h.Users.ListSessions(c.UserContext(), app, id) {
		out.Vendors = append(out.Vendors, connectionsOf(l))
	}
	return success(c, out)
}

func connectionsOf(l users.Listed) connectionsOut {
	out := connectionsOut{Vendor: l.Account, Told: l.Err == nil, Reason: reasonOf(l.Err), Sessions: []connectionOut{}, Total: len(l.Sessions)}
	for _, s := range l.Sessions[:min(listPage, len(l.Sessions))] {
		one := connectionOut{Device: s.Device, Client: s.Client, Address: s.Addr}
		if !s.Since.IsZero() {
			since := s.Since.Unix()
			one.Since = &since
		}
		out.Sessions = append(out.Sessions, one)
	}
	return out
}

// reasonOf is what an answer that holds all the same says of an error; null: of none.
func reasonOf(err error) *string {
	if err == nil {
		return nil
	}
	text := handlers.Find(err).Text
	return &text
}

// stays is what ending sessions leaves as it is.
type stays struct {
	Vendor string `json:"vendor"`
	What   string `json:"what"`
}

// sessionsEnd is what became of sessions that were to end.
type sessionsEnd struct {
	Rows  []row   `json:"rows"`
	Stays []stays `json:"stays"`
}

// endSessions ends ours, then those of vendors as far as they can, and says what stays.
func (h Users) endSessions(c *fiber.Ctx) error {
	id, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	app := middleware.AppOf(c).ID
	change := userChange{User: id}
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: vendors.OpTokenRevoke, Payload: change}
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		h.EndSessions(realtime.User{App: app, ID: id})
		h.Credentials.VoidUser(app, id)
		done, left, err := h.Users.EndSessions(ctx, app, id, writeOf(w.Op, change), time.Now())
		if err != nil {
			return nil, err
		}
		return ended(done, left)
	})
}

// endDevice is endSessions for the sessions of one device. No credential is of one device,
// so whoever was put out may come back.
func (h Users) endDevice(c *fiber.Ctx) error {
	id, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	device, err := handlers.PathID(c, "device")
	if err != nil {
		return err
	}
	app := middleware.AppOf(c).ID
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: vendors.OpSessionEnd, Payload: userChange{User: id, Device: device}}
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		h.EndDevice(realtime.Device{User: realtime.User{App: app, ID: id}, Name: device})
		return ended(h.Users.EndDevice(ctx, app, id, device))
	})
}

// ended answers what ended, ours before all, and what goes on.
func ended(done, left []users.Fate) (any, error) {
	set := fateRows(done)
	_, err := set.result()
	out := sessionsEnd{
		append([]row{{ID: users.Connections, State: rowAccepted, Vendor: vendors.VendorSelf}}, set.rows...),
		[]stays{{vendors.VendorSelf, "client tokens, until they expire"}},
	}
	for _, f := range left {
		out.Stays = append(out.Stays, stays{f.Account, f.ID})
	}
	if err != nil && !errors.Is(err, errPartly) { // ours ended
		err = &partly{set.failed, len(out.Rows), err}
	}
	return out, err
}
