package product

import (
	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/handlers"
	"switchboard/middleware"
)

// Bans lets an app's back end shut users out of the app, and let them in again. The
// vendors are not told.
type Bans struct {
	Conversations *conversation.Service
	Pairs         *pairing.Service
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
	if uid, err := ticket.ParseUID(user); err == nil { // only numbers are ever matched
		if err := h.Pairs.Ban(c.UserContext(), middleware.AppOf(c).ID, uid); err != nil {
			return err
		}
	}
	return success(c, nil)
}

func (h Bans) unban(c *fiber.Ctx) error {
	user, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	if err := h.Conversations.Ban(c.UserContext(), backEnd(c), user, false); err != nil {
		return err
	}
	return success(c, nil)
}

// backEnd is the app's server as the conversations' caller.
func backEnd(c *fiber.Ctx) conversation.Caller {
	return conversation.Caller{App: middleware.AppOf(c).ID, Rules: conversation.Open}
}
