package gateway

import (
	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
	"switchboard/app/realtime/wire"
	"switchboard/handlers"
)

// shortHistory is how many messages the histories without a limit of their own show.
const shortHistory = 30

// historyAnswer has more set when there are further messages on the side that was
// asked for, or not all fitted the answer; the last message alone is no page of anything.
type historyAnswer struct {
	Msg  []wire.GatewayMessage
	More bool `json:"more,omitempty"`
}

func (h Client) history(c *fiber.Ctx, id string, w conversation.Window) error {
	found, err := h.Conversations.History(c.UserContext(), member(c), id, w)
	if err != nil {
		return err
	}
	out := historyAnswer{Msg: make([]wire.GatewayMessage, len(found.Messages)), More: found.More && w.Limit != 1}
	for i, m := range found.Messages {
		out.Msg[i] = wire.NewGatewayMessage(m)
	}
	return success(c, out)
}

// between answers the messages from one to another, both included; desc takes the
// newest when there are too many.
func (h Client) between(c *fiber.Ctx) error {
	var in struct {
		inConversation
		Start string            `json:"start_msg_id"`
		End   string            `json:"end_msg_id"`
		Desc  handlers.FlexBool `json:"desc"`
	}
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	return h.history(c, in.ConversationID, conversation.Window{
		From: in.Start, To: in.End, Newest: bool(in.Desc), Descending: bool(in.Desc),
	})
}

// anchored asks for the messages on one side of msg_id. The answer has that message
// too, unless exclusive, which is ours, is set.
type anchored struct {
	inConversation
	MsgID     string            `json:"msg_id"`
	Desc      handlers.FlexBool `json:"desc"`
	Exclusive handlers.FlexBool `json:"exclusive"`
}

func (h Client) before(c *fiber.Ctx) error {
	in, err := anchor(c)
	if err != nil {
		return err
	}
	return h.history(c, in.ConversationID, conversation.Window{
		To: in.MsgID, BeforeTo: bool(in.Exclusive), Limit: shortHistory, Newest: true, Descending: bool(in.Desc),
	})
}

func (h Client) after(c *fiber.Ctx) error {
	in, err := anchor(c)
	if err != nil {
		return err
	}
	return h.history(c, in.ConversationID, conversation.Window{
		From: in.MsgID, AfterFrom: bool(in.Exclusive), Limit: shortHistory, Descending: bool(in.Desc),
	})
}

func anchor(c *fiber.Ctx) (in anchored, err error) {
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return in, err
	}
	if in.MsgID == "" {
		return in, handlers.Invalid("msg_id is required")
	}
	return in, nil
}

func (h Client) last30(c *fiber.Ctx) error { return h.newest(c, shortHistory) }

func (h Client) lastOne(c *fiber.Ctx) error { return h.newest(c, 1) }

func (h Client) newest(c *fiber.Ctx, n int) error {
	var in struct {
		inConversation
		Desc handlers.FlexBool `json:"desc"`
	}
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	return h.history(c, in.ConversationID, conversation.Window{Limit: n, Newest: true, Descending: bool(in.Desc)})
}

// lastID answers an empty id before the first message that the caller may see.
func (h Client) lastID(c *fiber.Ctx) error {
	var in inConversation
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	found, err := h.Conversations.History(c.UserContext(), member(c), in.ConversationID, conversation.Window{Limit: 1, Newest: true})
	if err != nil {
		return err
	}
	id := ""
	for _, m := range found.Messages {
		id = m.ID
	}
	return success(c, fiber.Map{"MsgId": id})
}
