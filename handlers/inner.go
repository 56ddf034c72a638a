package handlers

import (
	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/middleware"
)

// Inner serves what the app's own back end asks of the gateway (seed 003).
type Inner struct {
	Apps          *access.Directory
	Conversations *conversation.Service
}

// Mount adds the routes; r is behind middleware.Inner.
func (h Inner) Mount(r fiber.Router) {
	r.Post("/get_token", h.token)
	r.Post("/create_conversation", h.create)
	r.Post("/kickout_conversation", h.kickOut)
	r.Post("/join_conversation", h.join)
	r.Post("/set_archive_conversations", h.archive)
}

// backEnd is the app's server as the domain's caller.
func backEnd(c *fiber.Ctx) conversation.Caller {
	return conversation.Caller{App: middleware.AppOf(c).ID, Rules: conversation.Open}
}

// token makes the user when he is new.
func (h Inner) token(c *fiber.Ctx) error {
	var in struct {
		Session  userID `json:"session"`
		Platform int    `json:"platform"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if err := in.Session.check("session"); err != nil {
		return err
	}
	if _, err := h.Conversations.EnsureUser(c.UserContext(), backEnd(c), string(in.Session), nil); err != nil {
		return err
	}
	token, err := h.Apps.Mint(middleware.AppOf(c).ID, string(in.Session), in.Platform)
	if err != nil {
		return err
	}
	return gatewaySuccess(c, token)
}

func (h Inner) create(c *fiber.Ctx) error {
	var in struct {
		ConversationType int      `json:"conversation_type"`
		Sessions         []userID `json:"sessions"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	conv, _, err := h.Conversations.Create(c.UserContext(), backEnd(c), conversation.Draft{
		Type: in.ConversationType, Members: idTexts(in.Sessions),
	})
	if err != nil {
		return err
	}
	return gatewaySuccess(c, conversationID{conv.ID, conv.ID})
}

// people of one conversation.
type people struct {
	inConversation
	Sessions []userID `json:"sessions"`
}

func (h Inner) kickOut(c *fiber.Ctx) error {
	var in people
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	failed, err := h.Conversations.RemoveMembers(c.UserContext(), backEnd(c), in.ConversationID, idTexts(in.Sessions))
	if err != nil {
		return err
	}
	return gatewaySuccess(c, removedAnswer{in.ConversationID, failed})
}

func (h Inner) join(c *fiber.Ctx) error {
	var in people
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if err := h.Conversations.AddMembers(c.UserContext(), backEnd(c), in.ConversationID, idTexts(in.Sessions)); err != nil {
		return err
	}
	return gatewaySuccess(c, conversationID{ConversationId: in.ConversationID})
}

// archive ends or reopens sending; the history stays.
func (h Inner) archive(c *fiber.Ctx) error {
	var in struct {
		IDs     []string `json:"conversation_ids"`
		Archive bool     `json:"is_archive"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if len(in.IDs) == 0 {
		return errNoConversations
	}
	if err := h.Conversations.SetArchived(c.UserContext(), backEnd(c), in.IDs, in.Archive); err != nil {
		return err
	}
	return gatewaySuccess(c, nil)
}
