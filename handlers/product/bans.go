package product

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
	"switchboard/app/credentials"
	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// Bans lets an app's back end shut users out of the app, and let them in again.
type Bans struct {
	Conversations *conversation.Service
	Pairs         *pairing.Service
	Routes        *vendors.Router
	Credentials   *credentials.Service
	Log           *slog.Logger
}

// Mount adds the routes; r is behind middleware.Server.
func (h Bans) Mount(r fiber.Router) {
	r.Post("/users/:user/ban", h.ban)
	r.Post("/users/:user/unban", h.unban)
}

// ban shuts the user out of conversations, then out of pair matching. Repeated after
// an error it does what is left.
func (h Bans) ban(c *fiber.Ctx) error {
	user, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	if err := h.Conversations.Ban(c.UserContext(), backEnd(c), user, true); err != nil {
		return err
	}
	h.Credentials.VoidUser(middleware.AppOf(c).ID, user)
	if uid, err := ticket.ParseUID(user); err == nil { // only numbers are ever matched
		if err := h.Pairs.Ban(c.UserContext(), middleware.AppOf(c).ID, uid); err != nil {
			return err
		}
	}
	return success(c, fiber.Map{"vendors": h.tell(c, user, func(ctx context.Context, v *vendors.Vendor) error {
		d := time.Duration(0) // as long as the ban
		if !v.Traits.Block.Takes(d) {
			d = blockFor
		}
		if _, err := v.Users.Block(ctx, []string{user}, d); err != nil || v.Revoker == nil {
			return err
		}
		_, err := v.Revoker.Revoke(ctx, []string{user}, time.Now()) // a block ends by itself, a token does not
		return err
	})})
}

// blockFor is the longest that vendors take who block for a time alone (docs/vendors/rongcloud.md#blocks).
const blockFor = 30 * 24 * time.Hour

// told is what became of a ban, or of its end, at one vendor account.
type told struct {
	Vendor string  `json:"vendor"`
	Told   bool    `json:"told"`
	Reason *string `json:"reason"`
}

// tell asks every routed account that can shut users out. The ban holds here whatever
// they answer; who was not told stands in the answer and in the log.
func (h Bans) tell(c *fiber.Ctx, user string, ask func(context.Context, *vendors.Vendor) error) []told {
	out := []told{}
	app := middleware.AppOf(c).ID
	for _, v := range h.routed(app) {
		why := ""
		switch {
		case v.Users == nil:
			why = "the vendor cannot shut users out"
		case !h.Routes.Alone(app, v.Name):
			why = "other apps have users of this id at the vendor"
		default:
			if err := ask(c.UserContext(), v); err != nil {
				why = handlers.Find(err).Text
			}
		}
		answer := told{Vendor: v.Name, Told: why == ""}
		if why != "" {
			answer.Reason = &why
			h.Log.Warn("vendor not told of a ban", "component", "bans", "vendor", v.Name, "app", middleware.AppOf(c).ID, "user", user, "reason", why)
		}
		out = append(out, answer)
	}
	return out
}

// routed are the accounts that some route names, each once.
func (h Bans) routed(app string) (out []*vendors.Vendor) {
	for _, capability := range vendors.Capabilities() {
		for _, v := range h.Routes.RouteFor(app, capability) {
			if !slices.ContainsFunc(out, func(known *vendors.Vendor) bool { return known.Name == v.Name }) {
				out = append(out, v)
			}
		}
	}
	return out
}

func (h Bans) unban(c *fiber.Ctx) error {
	user, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	if err := h.Conversations.Ban(c.UserContext(), backEnd(c), user, false); err != nil {
		return err
	}
	return success(c, fiber.Map{"vendors": h.tell(c, user, func(ctx context.Context, v *vendors.Vendor) error {
		_, err := v.Users.Unblock(ctx, []string{user})
		return err
	})})
}

// backEnd is the app's server as the conversations' caller.
func backEnd(c *fiber.Ctx) conversation.Caller {
	return conversation.Caller{App: middleware.AppOf(c).ID, Rules: conversation.Open}
}
