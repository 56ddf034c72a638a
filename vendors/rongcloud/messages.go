package rongcloud

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// The object names that every client SDK knows: docs/vendors/rongcloud.md#object-names.
const (
	textType    = "RC:TxtMsg"
	tipType     = "RC:InfoNtf"
	commandType = "RC:CmdMsg"
)

// way is how a kind of target is addressed: docs/vendors/rongcloud.md#publish.
type way struct {
	path   string
	status string // path of a message that is stored nowhere; empty: there is none
	target string // form field of the targets
	number string // conversationType
}

var ways = map[vendors.TargetKind]way{
	vendors.ToUsers:     {"/message/private/publish.json", "/statusmessage/private/publish.json", "toUserId", "1"},
	vendors.ToGroups:    {"/message/group/publish.json", "/statusmessage/group/publish.json", "toGroupId", "3"},
	vendors.ToChatRooms: {"/message/chatroom/publish.json", "", "toChatroomId", "4"},
	vendors.ToSystem:    {"/message/system/publish.json", "", "toUserId", "6"},
}

// Send publishes m. The sender does not see it in their own history
// (docs/vendors/rongcloud.md#publish).
func (a *adapter) Send(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
	op := vendors.OpSend(m.Kind)
	w, known := ways[m.Kind]
	if !known {
		return vendors.Receipt{}, a.refuse(op, vendors.ErrUnsupported, "no such kind of target")
	}
	if m.Filter {
		return vendors.Receipt{}, a.refuse(op, vendors.ErrUnsupported, "whether server sends are checked for sensitive words is set in RongCloud's console")
	}
	path := w.path
	if m.Transient {
		if path = w.status; path == "" {
			return vendors.Receipt{}, a.refuse(op, vendors.ErrUnsupported, "status messages go to users and groups alone")
		}
	}
	typ, content, err := a.content(op, m.Content)
	if err != nil {
		return vendors.Receipt{}, err
	}
	if len(m.To) == 0 {
		return vendors.Receipt{}, a.refuse(op, vendors.ErrInvalid, "no target")
	}
	size := vendors.Size{IDs: append([]string{m.From}, m.To...), Targets: len(m.To), Content: content}
	if err := limits.Check(a.name, op, size); err != nil {
		return vendors.Receipt{}, err
	}
	form := upstream.Fields{{"fromUserId", m.From}, {"objectName", typ}, {"content", content}}
	if form, err = a.withPush(op, m, form); err != nil {
		return vendors.Receipt{}, err
	}
	call := a.form(ctx, op, upstream.Write, path, form.With(w.target, m.To...))
	call.Units = len(m.To)
	var out publishAnswer
	if err := a.up.Do(ctx, call, &out); err != nil {
		return vendors.Receipt{}, err
	}
	return out.receipt(a.name, op, m.To), nil
}

// content is the vendor's type name and JSON of c.
func (a *adapter) content(op string, c vendors.Content) (typ, content string, err error) {
	if len(c.Data) > 0 && !json.Valid(c.Data) {
		return "", "", a.refuse(op, vendors.ErrInvalid, "the data is not JSON")
	}
	switch c.Kind {
	case vendors.Text:
		return textType, encode(textBody{c.Text, c.Extra}), nil
	case vendors.Tip:
		return tipType, encode(tipBody{c.Text, c.Extra}), nil
	case vendors.Command:
		if c.Extra != "" {
			return "", "", a.refuse(op, vendors.ErrUnsupported, "a command carries no extra")
		}
		return commandType, encode(commandBody{c.Name, a.commandData(c.Data)}), nil
	case vendors.Custom:
		return a.custom(op, c)
	}
	return a.media(op, c)
}

func (a *adapter) custom(op string, c vendors.Content) (typ, content string, err error) {
	switch {
	case c.Extra != "":
		return "", "", a.refuse(op, vendors.ErrUnsupported, "a custom message's extra is part of its data")
	case c.Type == "" || len(c.Data) == 0:
		return "", "", a.refuse(op, vendors.ErrInvalid, "a custom message needs a type and data")
	case utf8.RuneCountInString(c.Type) > maxTypeName:
		return "", "", a.refuse(op, vendors.ErrTooLarge, "the type's name has more than 32 characters")
	}
	return c.Type, string(c.Data), nil
}

// commandData is required by the vendor: none becomes an empty one.
func (a *adapter) commandData(data json.RawMessage) json.RawMessage {
	switch {
	case a.cfg.CommandData != "string" && len(data) == 0:
		return json.RawMessage("{}")
	case a.cfg.CommandData != "string":
		return data
	}
	return json.RawMessage(encode(string(data)))
}

type textBody struct {
	Content string `json:"content"`
	Extra   string `json:"extra,omitempty"`
}

type tipBody struct {
	Message string `json:"message"`
	Extra   string `json:"extra,omitempty"`
}

type commandBody struct {
	Name string          `json:"name"`
	Data json.RawMessage `json:"data"`
}

// encode is v as JSON, with <, > and & as themselves. It cannot fail: what it
// is given are strings and JSON that was found valid.
func encode(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
	return strings.TrimSuffix(b.String(), "\n")
}

// publishAnswer names each target with its message's id. Older servers leave
// the list out (docs/vendors/rongcloud.md#publish).
type publishAnswer struct {
	IDs []struct {
		User     upstream.Text `json:"userId"`
		Group    upstream.Text `json:"groupId"`
		ChatRoom upstream.Text `json:"chatroomId"`
		ID       upstream.Text `json:"messageUID"`
	} `json:"messageUIDs"`
}

// receipt tells the fate of each target. One that an answer with a list leaves
// out may or may not have got the message.
func (p publishAnswer) receipt(vendor, op string, to []string) vendors.Receipt {
	ids := make(map[upstream.Text]upstream.Text, len(p.IDs))
	for _, id := range p.IDs {
		ids[id.User+id.Group+id.ChatRoom] = id.ID // one of them is set
	}
	r := vendors.Receipt{Targets: make([]vendors.TargetResult, len(to))}
	for i, target := range to {
		id, told := ids[upstream.Text(target)]
		r.Targets[i] = vendors.TargetResult{Target: target, MessageID: string(id)}
		if !told && len(p.IDs) > 0 {
			r.Targets[i].Err = &vendors.Error{
				Vendor: vendor, Op: op, Effect: vendors.Write, Sent: true,
				Outcome: vendors.Ambiguous, Err: vendors.ErrUnreadable, Text: "the answer leaves this target out",
			}
		}
	}
	return r
}

// Recall takes a message back by its messageUID.
func (a *adapter) Recall(ctx context.Context, r vendors.Recall) error {
	op := vendors.OpRecall
	w, known := ways[r.Kind]
	if !known {
		return a.refuse(op, vendors.ErrUnsupported, "no such kind of target")
	}
	if r.Message.ID == "" {
		return a.refuse(op, vendors.ErrInvalid, "no message id")
	}
	if err := a.checkIDs(op, []string{r.Target}, r.From); err != nil {
		return err
	}
	form := upstream.Fields{{"fromUserId", r.From}, {"conversationType", w.number}, {"targetId", r.Target}, {"messageUID", r.Message.ID}}
	if !r.Message.At.IsZero() {
		form.Set("sentTime", strconv.FormatInt(r.Message.At.UnixMilli(), 10))
	}
	return a.up.Do(ctx, a.form(ctx, op, upstream.Write, "/message/recall.json", form), nil)
}
