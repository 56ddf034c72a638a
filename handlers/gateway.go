package handlers

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
	"switchboard/middleware"
)

// Gateway serves the clients' side of the gateway API (seed 003) at the root.
type Gateway struct {
	Conversations *conversation.Service
}

// Mount adds the routes, each behind guards: middleware.Client and a deadline.
func (h Gateway) Mount(r fiber.Router, guards ...fiber.Handler) {
	for path, handler := range h.routes() {
		r.Post(path, append(guards[:len(guards):len(guards)], handler)...)
	}
}

func (h Gateway) routes() map[string]fiber.Handler {
	return map[string]fiber.Handler{
		"/send_msg":                             h.send,
		"/check_joined_conversation":            h.joined,
		"/get_joined_conversation":              h.list,
		"/get_conversation_detail":              h.detail,
		"/join_conversation":                    h.join,
		"/create_conversation":                  h.create,
		"/leave_conversation":                   h.leave,
		"/get_lastone_msgid":                    h.lastID,
		"/get_conversation_msg_by_range":        h.between,
		"/get_conversation_30msg_before_the_id": h.before,
		"/get_conversation_30msg_after_the_id":  h.after,
		"/get_conversation_last_30_msg":         h.last30,
		"/get_conversation_lastone_msg":         h.lastOne,
	}
}

// isGateway says whether a path at the root belongs to this family.
func isGateway(path string) bool {
	_, ok := Gateway{}.routes()[path]
	return ok || path == "/notify"
}

// Stray answers clients' paths as the gateway's document misprints them: with "- "
// or a second slash in front. It has to come before everything else. Paths that
// are guarded by address have one spelling, so that a proxy can close them.
func Stray(c *fiber.Ctx) error {
	path := c.Path()
	clean := path
	for {
		next := clean
		for _, junk := range []string{"//", "/- ", "/-%20", "/-+"} {
			if rest, found := strings.CutPrefix(next, junk); found {
				next = "/" + rest
			}
		}
		if next == clean {
			break
		}
		clean = next
	}
	if clean != path && !byAddress(c, clean) {
		c.Path(clean)
	}
	return c.Next()
}

// byAddress says whether it is the peer's address that decides about the request.
func byAddress(c *fiber.Ctx, path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first == "inner" && c.Get("app-key") == "" || first == "admin" || first == "metrics"
}

// member is the token's user as the domain's caller.
func member(c *fiber.Ctx) conversation.Caller {
	caller := middleware.CallerOf(c)
	return conversation.Caller{App: caller.App, User: caller.User, Rules: conversation.Open}
}

// inConversation is the part that most requests have.
type inConversation struct {
	ConversationID string `json:"conversation_id"`
}

// conversationID is an answer's conversation, as documented and as deployed
// clients read it.
type conversationID struct {
	ConversationId string // the document's spelling
	ConversationID string `json:",omitempty"`
}

// send keeps the answer of a repeated client_msg_id or Idempotency-Key.
func (h Gateway) send(c *fiber.Ctx) error {
	var in struct {
		inConversation
		Status      int    `json:"status"`
		Type        int    `json:"type"`
		Content     string `json:"content"`
		ClientMsgID string `json:"client_msg_id"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	m, err := h.Conversations.Send(c.UserContext(), member(c), conversation.Post{
		Conversation: in.ConversationID, Type: in.Type, Status: in.Status, Text: in.Content,
		NoSync: true, ClientKey: clientKey(c, in.ClientMsgID),
	})
	if err != nil {
		return err
	}
	return gatewaySuccess(c, fiber.Map{"MsgID": m.ID})
}

// clientKey makes a send safe to repeat: the body's, or the Idempotency-Key.
func clientKey(c *fiber.Ctx, body string) string {
	if body != "" {
		return body
	}
	return c.Get("Idempotency-Key")
}

// joined is false for a conversation that does not exist: nobody is in it.
func (h Gateway) joined(c *fiber.Ctx) error {
	var in inConversation
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	caller := member(c)
	yes, err := h.Conversations.IsMember(c.UserContext(), caller.App, in.ConversationID, caller.User)
	if err != nil && documentedCodes(err).gateway != gatewayNoConv {
		return err
	}
	return gatewaySuccess(c, fiber.Map{"Joined": yes})
}

// list is of the token's user, whatever SessionId says.
func (h Gateway) list(c *fiber.Ctx) error {
	caller := member(c)
	ids, err := h.Conversations.Joined(c.UserContext(), caller.App, caller.User)
	if err != nil {
		return err
	}
	if ids == nil {
		ids = []string{}
	}
	return gatewaySuccess(c, fiber.Map{"Conversations": ids})
}

func (h Gateway) detail(c *fiber.Ctx) error {
	var in inConversation
	if err := decodeJSON(c, &in); err != nil {
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
	return gatewaySuccess(c, out)
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

// join is no error for a member.
func (h Gateway) join(c *fiber.Ctx) error {
	var in inConversation
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	caller := member(c)
	if err := h.Conversations.AddMembers(c.UserContext(), caller, in.ConversationID, []string{caller.User}); err != nil {
		return err
	}
	return gatewaySuccess(c, conversationID{ConversationId: in.ConversationID})
}

func (h Gateway) create(c *fiber.Ctx) error {
	var in struct {
		ConversationType int      `json:"conversation_type"`
		Sessions         []userID `json:"sessions"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	conv, _, err := h.Conversations.Create(c.UserContext(), member(c), conversation.Draft{
		Type: in.ConversationType, Members: idTexts(in.Sessions),
	})
	if err != nil {
		return err
	}
	return gatewaySuccess(c, conversationID{conv.ID, conv.ID})
}

func idTexts(ids []userID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}

func (h Gateway) leave(c *fiber.Ctx) error {
	var in inConversation
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	caller := member(c)
	failed, err := h.Conversations.RemoveMembers(c.UserContext(), caller, in.ConversationID, []string{caller.User})
	if err != nil {
		return err
	}
	return gatewaySuccess(c, removedAnswer{in.ConversationID, failed})
}

// removedAnswer has in Failed who was no member: null or a list.
type removedAnswer struct {
	ConversationId string // the document's spelling
	Failed         []string
}
