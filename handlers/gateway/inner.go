package gateway

import (
	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/handlers"
	"switchboard/middleware"
)

// Inner serves what the app's own back end asks of the gateway.
type Inner struct {
	Apps          *access.Directory
	Conversations *conversation.Service
}

// Mount adds the routes; r is behind middleware.Inner.
func (h Inner) Mount(r fiber.Router) {
	r.Post("/get_token", h.token)
	m := members{h.Conversations, backEnd}
	r.Post("/create_conversation", m.create)
	r.Post("/kickout_conversation", m.leave)
	r.Post("/join_conversation", m.join)
	r.Post("/set_archive_conversations", h.archive)
}

// backEnd is the app's server as the domain's caller.
func backEnd(c *fiber.Ctx) conversation.Caller {
	return conversation.Caller{App: middleware.AppOf(c).ID, Rules: conversation.Open}
}

// token mints a token; it makes a user who is new.
func (h Inner) token(c *fiber.Ctx) error {
	var in struct {
		Session  handlers.UserID `json:"session"`
		Platform handlers.Int    `json:"platform"`
	}
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	if err := in.Session.Check("session"); err != nil {
		return err
	}
	if _, err := h.Conversations.EnsureUser(c.UserContext(), backEnd(c), string(in.Session), nil); err != nil {
		return err
	}
	token, err := h.Apps.Mint(middleware.AppOf(c).ID, string(in.Session), int(in.Platform))
	if err != nil {
		return err
	}
	return success(c, token)
}

// archive ends or reopens sending; the history stays.
func (h Inner) archive(c *fiber.Ctx) error {
	var in struct {
		IDs     []string          `json:"conversation_ids"`
		Archive handlers.FlexBool `json:"is_archive"`
	}
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	if len(in.IDs) == 0 {
		return errNoConversations
	}
	if err := h.Conversations.SetArchived(c.UserContext(), backEnd(c), in.IDs, bool(in.Archive)); err != nil {
		return err
	}
	return success(c, nil)
}
