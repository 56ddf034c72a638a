package rongcloud

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// historyKinds are the conversations that the vendor stores, by the word in the path
// (docs/vendors/rongcloud-paths.md#history).
var historyKinds = map[vendors.TargetKind]string{
	vendors.ToUsers: "private", vendors.ToGroups: "group", vendors.ToChatRooms: "chatroom",
}

type historyBody struct {
	User         string `json:"userId"`
	Target       string `json:"targetId"`
	Start        int64  `json:"startTime"`
	End          int64  `json:"endTime"`
	IncludeStart bool   `json:"includeStart"`
	PageSize     int    `json:"pageSize"`
}

// storedRow is one message of a history.
type storedRow struct {
	From    upstream.Text `json:"fromUserId"`
	ID      upstream.Text `json:"messageUID"`
	At      upstream.Text `json:"msgTime"`
	Type    upstream.Text `json:"objectName"`
	Content upstream.Text `json:"content"`
}

// Messages reads the history of a conversation. A sender has no history of what
// this adapter sent for them (docs/vendors/rongcloud.md#publish). In which order the
// vendor answers is unknown, so the rows are sorted here.
func (a *adapter) Messages(ctx context.Context, q vendors.HistoryQuery) ([]vendors.Stored, error) {
	op := vendors.OpHistory
	kind, known := historyKinds[q.Kind]
	switch {
	case !known:
		return nil, a.refuse(op, vendors.ErrUnsupported, "no history of such a conversation")
	case !q.Until.After(q.After):
		return nil, a.refuse(op, vendors.ErrInvalid, "the time ends before it begins")
	case q.Limit < 1:
		return nil, a.refuse(op, vendors.ErrInvalid, "less than one row")
	}
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{q.User, q.Target}, Targets: q.Limit}); err != nil {
		return nil, err
	}
	call := a.json(ctx, op, upstream.Read, http.MethodPost, "/v3/message/"+kind+"/query.json", historyBody{
		User: q.User, Target: q.Target, PageSize: q.Limit,
		Start: max(1, q.After.UnixMilli()), End: q.Until.UnixMilli(), // the vendor refuses 0
	})
	var out []vendors.Stored
	call.Check = func(ans upstream.Answer) error {
		if err := check(ans); err != nil {
			return err
		}
		var err error
		out, err = storedMessages(ans)
		return err
	}
	if err := a.up.Do(ctx, call, nil); err != nil {
		return nil, err
	}
	return out, nil
}

// storedMessages reads the rows of an answer. One without a list, or with a row
// whose time or id is none, is unreadable.
func storedMessages(ans upstream.Answer) ([]vendors.Stored, error) {
	var in struct {
		Data *[]storedRow `json:"data"`
	}
	if ans.Decode(&in) != nil || in.Data == nil {
		return nil, vendors.ErrUnreadable
	}
	out := make([]vendors.Stored, len(*in.Data))
	for i, r := range *in.Data {
		ms, err := r.At.Int()
		if err != nil || r.ID == "" {
			return nil, vendors.ErrUnreadable
		}
		out[i] = vendors.Stored{ID: string(r.ID), From: string(r.From), SentAt: time.UnixMilli(ms), Content: read(string(r.Type), string(r.Content))}
	}
	slices.SortStableFunc(out, func(x, y vendors.Stored) int { return x.SentAt.Compare(y.SentAt) })
	return out, nil
}

// read is what content encodes. What clients send under our types may carry more
// than ours, or other members; that is read as far as it goes.
func read(typ, content string) vendors.Content {
	var body struct {
		Content, Message, Name, Extra string
		Data                          json.RawMessage
	}
	known := json.Unmarshal([]byte(content), &body) == nil
	switch {
	case known && typ == textType:
		return vendors.Content{Kind: vendors.Text, Text: body.Content, Extra: body.Extra}
	case known && typ == tipType:
		return vendors.Content{Kind: vendors.Tip, Text: body.Message, Extra: body.Extra}
	case known && typ == commandType:
		return vendors.Content{Kind: vendors.Command, Name: body.Name, Data: body.Data}
	}
	if c, known := readMedia(typ, content); known {
		return c
	}
	if json.Valid([]byte(content)) {
		return vendors.Content{Kind: vendors.Custom, Type: typ, Data: json.RawMessage(content)}
	}
	return vendors.Content{Kind: vendors.Custom, Type: typ, Data: json.RawMessage(encode(content))}
}

// edited are the conversations whose messages the vendor changes, each with the
// form field of its target (docs/vendors/rongcloud-paths.md#message-edits).
var edited = map[vendors.TargetKind]struct{ path, target string }{
	vendors.ToUsers:  {"/message/private/modify.json", "targetId"},
	vendors.ToGroups: {"/message/group/modify.json", "groupId"},
}

// Edit replaces a message's content.
func (a *adapter) Edit(ctx context.Context, e vendors.Edit) error {
	op := vendors.OpEdit
	way, known := edited[e.Kind]
	if !known {
		return a.refuse(op, vendors.ErrUnsupported, "messages to such a target stay as they are")
	}
	typ, content, err := a.content(op, e.Content)
	if err != nil {
		return err
	}
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{e.From, e.Target, e.MessageID}, Content: content}); err != nil {
		return err
	}
	form := upstream.Fields{{"fromUserId", e.From}, {way.target, e.Target}, {"msgUID", e.MessageID}, {"objectName", typ}, {"content", content}}
	return a.up.Do(ctx, a.form(ctx, op, upstream.Write, way.path, form), nil)
}
