package im

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
	"switchboard/app/realtime/wire"
	"switchboard/handlers"
)

// stored is the msg_status and the stored status of messages of this API.
const stored = 1

func (h Conversations) send(c *fiber.Ctx) error {
	var in struct {
		From        handlers.UserID   `json:"from_client"`
		Type        *handlers.FlexInt `json:"type"`
		Text        string            `json:"text"`
		Attr        json.RawMessage   `json:"attr"`
		URL         string            `json:"url"`
		Transient   handlers.FlexInt  `json:"transient"`
		NoSync      handlers.FlexInt  `json:"no_sync"`
		MentionAll  handlers.FlexInt  `json:"mention_all"`
		Mentions    mentionList       `json:"mention_client_ids"`
		ClientMsgID string            `json:"client_msg_id"`
	}
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return err
	}
	who := callerIn(c)
	switch {
	case in.From == "" && who.Server():
		return missing("from_client")
	case in.Type == nil:
		return missing("type")
	case !who.Server() && in.From != "" && string(in.From) != who.User:
		return conversation.ErrNotAllowed
	}
	m, err := h.Service.Send(c.UserContext(), who.Caller, conversation.Post{
		Conversation: c.Params("conv"), From: string(in.From), Type: int(*in.Type), Status: stored,
		Text: in.Text, Attr: in.Attr, URL: in.URL, Transient: in.Transient != 0, NoSync: in.NoSync != 0,
		MentionAll: in.MentionAll != 0, Mentions: handlers.Strings(in.Mentions), ClientKey: handlers.ClientKey(c, in.ClientMsgID),
	})
	if err != nil {
		return err
	}
	return success(c, sentAnswer{m.ID, m.At.UnixMilli()})
}

type sentAnswer struct {
	MsgID string `json:"msg_id"`
	Time  int64  `json:"time"` // Unix milliseconds
}

// mentionList is a JSON list, or a text that holds one.
type mentionList []handlers.UserID

// UnmarshalJSON takes a list, a list in a text, or null.
func (l *mentionList) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
		if raw = []byte(text); text == "" {
			raw = []byte("null")
		}
	}
	return json.Unmarshal(raw, (*[]handlers.UserID)(l))
}

func (h Conversations) messages(c *fiber.Ctx) error {
	p, err := pageIn(c, 10)
	if err != nil {
		return err
	}
	if p.cursor != nil {
		return h.messagesBefore(c, p)
	}
	found, err := h.Service.MessagePage(c.UserContext(), callerIn(c).Caller, c.Params("conv"), p.page, p.size)
	if err != nil {
		return err
	}
	return success(c, pageAnswer{found.Page, messageItems(found.Items), found.Last(), p.echo, found.Total})
}

// messagesBefore lists what is older than the message that the cursor names, newest
// first.
func (h Conversations) messagesBefore(c *fiber.Ctx, p listPart) error {
	found, err := h.Service.History(c.UserContext(), callerIn(c).Caller, c.Params("conv"), conversation.Window{
		To: *p.cursor, BeforeTo: true, Limit: p.size, Newest: true, Descending: true,
	})
	if err != nil {
		return err
	}
	out := listAnswer{Data: messageItems(found.Messages), PerPage: p.echo, More: found.More}
	if found.More {
		out.Cursor = found.Messages[len(found.Messages)-1].ID
	}
	return success(c, out)
}

func messageItems(messages []conversation.Message) []messageItem {
	items := make([]messageItem, len(messages))
	for i, m := range messages {
		items[i] = newMessageItem(m)
	}
	return items
}

func newMessageItem(m conversation.Message) messageItem {
	return messageItem{
		MsgID: m.ID, ConvID: m.Conversation, Type: m.Type, Text: wire.TextOrNil(m.Text),
		Attr: wire.TextOrNil(string(m.Attr)), URL: wire.TextOrNull(m.URL), CTime: m.At.UnixMilli(), MsgStatus: stored,
		NoSync: wire.Flag(m.NoSync), MentionAll: wire.Flag(m.MentionAll), Mentions: wire.ListText(m.Mentions), ClientID: m.From,
	}
}

// messageItem has the document's types: a null of url and mention_client_ids is
// the text "null". What is listed was stored, so transient is 0; messages are
// never changed, so mtime is null.
type messageItem struct {
	MsgID      string  `json:"msg_id"`
	ConvID     string  `json:"conv_id"`
	Type       int     `json:"type"`
	Text       *string `json:"text"`
	Attr       *string `json:"attr"`
	URL        string  `json:"url"`
	CTime      int64   `json:"ctime"` // Unix milliseconds
	MsgStatus  int     `json:"msg_status"`
	NoSync     int     `json:"no_sync"`
	MentionAll int     `json:"mention_all"`
	Mentions   string  `json:"mention_client_ids"`
	Transient  int     `json:"transient"`
	MTime      *string `json:"mtime"`
	ClientID   string  `json:"client_id"`
}
