package gateway

import (
	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
	"switchboard/app/realtime/wire"
	"switchboard/handlers"
)

// listRequest asks for the user's conversations by activity, size at once.
type listRequest struct {
	Order  string       `json:"order"`
	Size   handlers.Int `json:"size"`
	Cursor string       `json:"cursor"`
}

// inboxAnswer has the ids where the document has them, and what clients show besides.
type inboxAnswer struct {
	Conversations []string
	Items         []inboxItem
	Cursor        string // where the list goes on; empty at the end
	More          bool
}

type inboxItem struct {
	ConversationID   string
	ConversationType int
	IsArchive        bool
	LastMsg          *wire.GatewayMessage // null: none that the user may see
	Unread           int                  // 1000: so many or more
	ActiveTime       int64                // Unix microseconds
}

func (h Client) inbox(c *fiber.Ctx, in listRequest) error {
	if in.Size < 0 {
		return handlers.Invalid("size: a whole number from 1")
	}
	from, err := conversation.ParsePlace(in.Cursor)
	if err != nil {
		return err
	}
	found, err := h.Conversations.Inbox(c.UserContext(), member(c), "", from, int(in.Size))
	if err != nil {
		return err
	}
	out := inboxAnswer{Conversations: make([]string, len(found.Items)), Items: make([]inboxItem, len(found.Items)), Cursor: found.Next.String()}
	out.More = out.Cursor != ""
	for i, e := range found.Items {
		out.Conversations[i] = e.ID
		out.Items[i] = inboxItem{e.ID, e.Type, e.Archived, nil, e.Unread, e.Active.UnixMicro()}
		if e.LastMessage != nil {
			last := wire.NewGatewayMessage(*e.LastMessage)
			out.Items[i].LastMsg = &last
		}
	}
	return success(c, out)
}

// markRead says up to where the user has read: to msg_id, or all.
func (h Client) markRead(c *fiber.Ctx) error {
	var in struct {
		inConversation
		MsgID string `json:"msg_id"`
	}
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	if err := h.Conversations.MarkRead(c.UserContext(), member(c), in.ConversationID, "", in.MsgID); err != nil {
		return err
	}
	return success(c, conversationID{ConversationId: in.ConversationID})
}
