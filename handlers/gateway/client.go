package gateway

import (
	"errors"
	"maps"
	"slices"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
	"switchboard/handlers"
	"switchboard/middleware"
)

// Client serves the clients' side of the API at the root.
type Client struct {
	Conversations *conversation.Service
}

// Mount adds the routes, each behind guards: middleware.Client and a deadline.
func (h Client) Mount(r fiber.Router, guards ...fiber.Handler) {
	for path, handler := range h.routes() {
		r.Post(path, append(guards[:len(guards):len(guards)], handler)...)
	}
}

func (h Client) routes() map[string]fiber.Handler {
	m := members{h.Conversations, member}
	return map[string]fiber.Handler{
		"/send_msg":                             h.send,
		"/check_joined_conversation":            h.joined,
		"/get_joined_conversation":              h.list,
		"/get_conversation_detail":              h.detail,
		"/join_conversation":                    m.join,
		"/create_conversation":                  m.create,
		"/leave_conversation":                   m.leave,
		"/set_conversation_read":                h.markRead,
		"/get_lastone_msgid":                    h.lastID,
		"/get_conversation_msg_by_range":        h.between,
		"/get_conversation_30msg_before_the_id": h.before,
		"/get_conversation_30msg_after_the_id":  h.after,
		"/get_conversation_last_30_msg":         h.last30,
		"/get_conversation_lastone_msg":         h.lastOne,
	}
}

// Paths are those at the root that belong to this API.
func Paths() []string { return append(slices.Sorted(maps.Keys(Client{}.routes())), notifyPath) }

// member is the token's user as the domain's caller.
func member(c *fiber.Ctx) conversation.Caller {
	caller := middleware.CallerOf(c)
	return conversation.Caller{App: caller.App, User: caller.User, Rules: conversation.Open}
}

// inConversation is the part that most requests have.
type inConversation struct {
	ConversationID string `json:"conversation_id"`
}

// send answers a repeated client_msg_id or Idempotency-Key with the first message.
func (h Client) send(c *fiber.Ctx) error {
	var in struct {
		inConversation
		Status      handlers.Int `json:"status"`
		Type        handlers.Int `json:"type"`
		Content     string       `json:"content"`
		ClientMsgID string       `json:"client_msg_id"`
	}
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	m, err := h.Conversations.Send(c.UserContext(), member(c), conversation.Post{
		Conversation: in.ConversationID, Type: int(in.Type), Status: int(in.Status), Text: in.Content,
		NoSync: true, ClientKey: handlers.ClientKey(c, in.ClientMsgID),
	})
	if err != nil {
		return err
	}
	return success(c, struct{ MsgID string }{m.ID})
}

// joined answers false for a conversation that does not exist.
func (h Client) joined(c *fiber.Ctx) error {
	var in inConversation
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	caller := member(c)
	yes, err := h.Conversations.IsMember(c.UserContext(), caller.App, in.ConversationID, caller.User)
	if err != nil && !errors.Is(err, conversation.ErrUnknownConversation) {
		return err
	}
	return success(c, fiber.Map{"Joined": yes})
}

// list answers the conversations of the token's user; a SessionId in the body is
// ignored. With order, which is ours, it is the list by activity.
func (h Client) list(c *fiber.Ctx) error {
	var in listRequest
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	switch in.Order {
	case "":
	case "activity":
		return h.inbox(c, in)
	default:
		return handlers.Invalid("order: activity, or nothing")
	}
	caller := member(c)
	ids, err := h.Conversations.Joined(c.UserContext(), caller.App, caller.User)
	if err != nil {
		return err
	}
	if ids == nil {
		ids = []string{}
	}
	return success(c, fiber.Map{"Conversations": ids})
}

func (h Client) detail(c *fiber.Ctx) error {
	var in inConversation
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	conv, err := h.Conversations.Detail(c.UserContext(), member(c), in.ConversationID)
	if err != nil {
		return err
	}
	out := detailAnswer{
		ConversationID: conv.ID, LastMsgID: conv.Last.ID, IsDelete: conv.Deleted,
		ConversationType: conv.Type, LastSendSession: conv.Last.From, IsArchive: conv.Archived,
	}
	if conv.Last.Seq > 0 {
		out.LastSendTime = conv.Last.At.UnixMicro()
	}
	return success(c, out)
}

// detailAnswer has LastSendTime in Unix microseconds, 0 before the first message.
type detailAnswer struct {
	ConversationID   string
	LastMsgID        string
	LastSendTime     int64
	IsDelete         bool
	ConversationType int
	LastSendSession  string
	IsArchive        bool
}
