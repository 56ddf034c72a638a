package gateway

import (
	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
	"switchboard/handlers"
)

// members serves who is in a conversation, to clients and to back ends alike.
type members struct {
	conversations *conversation.Service
	caller        func(*fiber.Ctx) conversation.Caller // who asks
}

// conversationID is an answer's conversation, as documented and as deployed
// clients read it.
type conversationID struct {
	ConversationId string // the document's spelling
	ConversationID string `json:",omitempty"`
}

// create answers the conversation that is there already, where there can be one.
func (h members) create(c *fiber.Ctx) error {
	var in struct {
		ConversationType handlers.Int     `json:"conversation_type"`
		Sessions         handlers.UserIDs `json:"sessions"`
	}
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	conv, _, err := h.conversations.Create(c.UserContext(), h.caller(c), conversation.Draft{
		Type: int(in.ConversationType), Members: handlers.Strings(in.Sessions), Key: c.Get(handlers.IdempotencyKey),
	})
	if err != nil {
		return err
	}
	return success(c, conversationID{conv.ID, conv.ID})
}

// sessions reads the conversation and whom the request is about: a client speaks
// for itself alone, a back end names the users.
func (h members) sessions(c *fiber.Ctx) (caller conversation.Caller, id string, users []string, err error) {
	var in struct {
		inConversation
		Sessions handlers.UserIDs `json:"sessions"`
	}
	caller = h.caller(c)
	if caller.User != "" {
		err = handlers.DecodeJSON(c, &in.inConversation)
		return caller, in.ConversationID, []string{caller.User}, err
	}
	err = handlers.DecodeJSON(c, &in)
	return caller, in.ConversationID, handlers.Strings(in.Sessions), err
}

// join is no error for a member.
func (h members) join(c *fiber.Ctx) error {
	caller, id, users, err := h.sessions(c)
	if err != nil {
		return err
	}
	if err := h.conversations.AddMembers(c.UserContext(), caller, id, users); err != nil {
		return err
	}
	return success(c, conversationID{ConversationId: id})
}

func (h members) leave(c *fiber.Ctx) error {
	caller, id, users, err := h.sessions(c)
	if err != nil {
		return err
	}
	failed, err := h.conversations.RemoveMembers(c.UserContext(), caller, id, users)
	if err != nil {
		return err
	}
	return success(c, removedAnswer{id, failed})
}

// removedAnswer has in Failed who was no member: null or a list.
type removedAnswer struct {
	ConversationId string // the document's spelling
	Failed         []string
}
