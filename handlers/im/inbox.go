package im

import (
	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
	"switchboard/handlers"
)

// entry is a conversation in the list by activity, which is ours.
type entry struct {
	conversationItem
	LastMessage *messageItem `json:"last_message"` // null: none that the client may see
	Unread      int          `json:"unread"`       // 1000: so many or more
	ActiveTime  int64        `json:"active_time"`  // Unix milliseconds
}

// inbox lists the conversations of a client by activity; the app's server names it in
// client_id.
func (h Conversations) inbox(c *fiber.Ctx) error {
	p, err := pageIn(c, 20)
	if err != nil {
		return err
	}
	cursor := ""
	if p.cursor != nil {
		cursor = *p.cursor
	}
	from, err := conversation.ParsePlace(cursor)
	if err != nil {
		return err
	}
	found, err := h.Service.Inbox(c.UserContext(), callerIn(c).Caller, c.Query("client_id"), from, p.size)
	if err != nil {
		return err
	}
	items := make([]entry, len(found.Items))
	for i, e := range found.Items {
		items[i] = entry{conversationItem: newConversationItem(e.Conversation), Unread: e.Unread, ActiveTime: e.Active.UnixMilli()}
		if e.LastMessage != nil {
			last := newMessageItem(*e.LastMessage)
			items[i].LastMessage = &last
		}
	}
	next := found.Next.String()
	return success(c, listAnswer{items, p.echo, next, next != ""})
}

// markRead says up to where a client has read: to msg_id, or all.
func (h Conversations) markRead(c *fiber.Ctx) error {
	var in struct {
		ClientID handlers.UserID `json:"client_id"`
		MsgID    string          `json:"msg_id"`
	}
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	if err := h.Service.MarkRead(c.UserContext(), callerIn(c).Caller, c.Params("conv"), string(in.ClientID), in.MsgID); err != nil {
		return err
	}
	return success(c, true)
}
