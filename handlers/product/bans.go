package product

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
	"switchboard/app/credentials"
	"switchboard/app/ledger"
	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/users"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// Bans lets an app's back end shut users out of the app, and let them in again.
type Bans struct {
	Conversations *conversation.Service
	Pairs         *pairing.Service
	Users         *users.Service
	Credentials   *credentials.Service
	Ledger        *ledger.Ledger
	Log           *slog.Logger
}

// Mount adds the routes; r is behind middleware.Server.
func (h Bans) Mount(r fiber.Router) {
	r.Post("/users/:user/ban", h.ban)
	r.Post("/users/:user/unban", h.unban)
}

// ban shuts the user out of conversations, then out of pair matching, then at every
// account of the app's that can. Repeated after an error it does what is left.
func (h Bans) ban(c *fiber.Ctx) error {
	return h.through(c, vendors.OpUserBlock, func(ctx context.Context, app, user, write string) (any, error) {
		if err := h.Conversations.Ban(ctx, backEnd(c), user, true); err != nil {
			return nil, err
		}
		h.Credentials.VoidUser(app, user)
		if uid, err := ticket.ParseUID(user); err == nil { // only numbers are ever matched
			if err := h.Pairs.Ban(ctx, app, uid); err != nil {
				return nil, err
			}
		}
		fates, err := h.Users.Block(ctx, app, user, write, 0)
		if unable := new(vendors.UnableError); err != nil && !errors.As(err, &unable) {
			return nil, err
		}
		ended, _, err := h.Users.EndSessions(ctx, app, user, write, time.Now()) // a block ends by itself, a token does not
		return fiber.Map{"vendors": h.told(app, user, append(fates, ended...))}, err
	})
}

func (h Bans) unban(c *fiber.Ctx) error {
	return h.through(c, vendors.OpUserUnblock, func(ctx context.Context, app, user, write string) (any, error) {
		if err := h.Conversations.Ban(ctx, backEnd(c), user, false); err != nil {
			return nil, err
		}
		fates, err := h.Users.Unblock(ctx, app, user, write)
		if unable := new(vendors.UnableError); errors.As(err, &unable) {
			err = nil
		}
		return fiber.Map{"vendors": h.told(app, user, fates)}, err
	})
}

// through makes a ban or its end, which the ledger keeps.
func (h Bans) through(c *fiber.Ctx, op string, do func(ctx context.Context, app, user, write string) (any, error)) error {
	user, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	payload := []string{"ban", user}
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: op, Payload: payload}
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		return do(ctx, middleware.AppOf(c).ID, user, writeOf(op, payload))
	})
}

// told is what became of a ban, or of its end, at one vendor account.
type told struct {
	Vendor string  `json:"vendor"`
	Told   bool    `json:"told"`
	Reason *string `json:"reason"`
}

// told says which of the app's accounts know of it. The ban holds here whatever they answer;
// who was not told stands in the answer and in the log.
func (h Bans) told(app, user string, fates []users.Fate) []told {
	out := []told{}
	for _, v := range h.Users.Accounts(app) {
		why, asked := "", false
		for _, f := range fates {
			if f.Account != v.Name {
				continue
			}
			if asked = true; f.Err != nil && why == "" {
				why = handlers.Find(f.Err).Text
			}
		}
		if !asked {
			why = "the vendor cannot shut users out"
		}
		answer := told{Vendor: v.Name, Told: why == ""}
		if why != "" {
			answer.Reason = &why
			h.Log.Warn("vendor not told of a ban", "component", "bans", "vendor", v.Name, "app", app, "user", user, "reason", why)
		}
		out = append(out, answer)
	}
	return out
}

// backEnd is the app's server as the conversations' caller.
func backEnd(c *fiber.Ctx) conversation.Caller {
	return conversation.Caller{App: middleware.AppOf(c).ID, Rules: conversation.Open}
}
