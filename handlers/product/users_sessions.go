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
