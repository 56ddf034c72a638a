package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"testing"
)

// imEntry is a conversation of the conversation API's list by activity.
type imEntry struct {
	ConvID      string `json:"conv_id"`
	LastMessage *struct {
		MsgID string `json:"msg_id"`
		Text  string `json:"text"`
	} `json:"last_message"`
	Unread     int
	ActiveTime int64 `json:"active_time"`
}

func TestBothAPIsListConversationsByActivity(t *testing.T) {
	p := start(t, nil)
	ann, bob := p.as(t, "ann"), p.as(t, "bob")
	annIM := maps.Clone(ann)
	annIM["app-id"] = sandboxApp
	var rooms []string
	for range 3 {
		rooms = append(rooms, p.room(t, "ann", "bob"))
	}
	p.say(t, bob, rooms[0], "old")
	p.say(t, bob, rooms[2], "two")
	p.say(t, bob, rooms[0], "newest")
	last := p.say(t, ann, rooms[1], "mine")
	want := []struct {
		conv, text string
		unread     int
	}{{rooms[1], "mine", 0}, {rooms[0], "newest", 2}, {rooms[2], "two", 1}}

	cursor := ""
	for i, w := range want {
		var page struct {
			Conversations []string
			Items         []struct {
				ConversationID   string
				ConversationType int
				LastMsg          *msgData
				Unread           int
				ActiveTime       int64
			}
			Cursor string
			More   bool
		}
		p.gateway(t, "/get_joined_conversation", ann, map[string]any{"order": "activity", "size": 1, "cursor": cursor}).decode(t, &page)
		if len(page.Items) != 1 || page.Items[0].ConversationID != w.conv || page.Conversations[0] != w.conv || page.Items[0].Unread != w.unread ||
			page.Items[0].LastMsg == nil || page.Items[0].LastMsg.Content != w.text || page.Items[0].ActiveTime < 1e15 || page.More != (i < 2) || (page.Cursor != "") != page.More {
			t.Errorf("gateway, %d: %+v, want %+v", i, page, w)
		}
		cursor = page.Cursor
	}
	for name, c := range map[string]struct {
		header map[string]string
		query  string
	}{"a client": {annIM, ""}, "the server": {serverKey, "&client_id=ann"}} {
		cursor = ""
		for i, w := range want {
			var page struct {
				Data   []imEntry
				Cursor string
				More   bool
			}
			p.do(t, request{Method: "GET", Path: "/im/conversations?order=activity&size=1&cursor=" + url.QueryEscape(cursor) + c.query, Header: c.header}).decode(t, &page)
			if len(page.Data) != 1 || page.Data[0].ConvID != w.conv || page.Data[0].Unread != w.unread || page.Data[0].LastMessage == nil ||
				page.Data[0].LastMessage.Text != w.text || page.Data[0].ActiveTime < 1e12 || page.More != (i < 2) {
				t.Errorf("%s, %d: %+v, want %+v", name, i, page, w)
			}
			cursor = page.Cursor
		}
	}
	// Reading through one API is seen through the other.
	p.gateway(t, "/set_conversation_read", ann, map[string]any{"conversation_id": rooms[0]})
	if got := p.do(t, request{Path: "/im/conversations/" + rooms[2] + "/read", Header: annIM, Body: map[string]any{"msg_id": last}}); got.Code != 0 {
		t.Errorf("%s", got.Body)
	}
	var page struct{ Data []imEntry }
	p.do(t, request{Method: "GET", Path: "/im/conversations?order=activity", Header: annIM}).decode(t, &page)
	for _, e := range page.Data {
		if e.Unread != 0 {
			t.Errorf("%+v after all was read", e)
		}
	}
	// The documented list has its documented form and order.
	var documented map[string][]string
	p.gateway(t, "/get_joined_conversation", ann, map[string]any{"SessionId": "ann"}).decode(t, &documented)
	if len(documented) != 1 || !slices.Equal(documented["Conversations"], rooms) {
		t.Errorf("%v, want %v", documented, rooms)
	}
	for _, r := range []struct {
		request
		code int
	}{
		{request{Path: "/get_joined_conversation", Header: ann, Body: map[string]any{"order": "size"}}, 10001},
		{request{Path: "/get_joined_conversation", Header: ann, Body: map[string]any{"order": "activity", "cursor": "x"}}, 10001},
		{request{Path: "/get_joined_conversation", Header: ann, Body: map[string]any{"order": "activity", "size": -1}}, 10001},
		{request{Path: "/set_conversation_read", Header: p.as(t, "eve"), Body: map[string]any{"conversation_id": rooms[0]}}, 10004},
		{request{Path: "/set_conversation_read", Header: ann, Body: map[string]any{"conversation_id": "none"}}, 10005},
		{request{Method: "GET", Path: "/im/conversations?order=size", Header: annIM}, 4406},
		{request{Method: "GET", Path: "/im/conversations?order=activity&cursor=x", Header: annIM}, 4406},
		{request{Method: "GET", Path: "/im/conversations?order=activity", Header: serverKey}, 4001},
		{request{Method: "GET", Path: "/im/conversations?order=activity&client_id=bob", Header: annIM}, 214},
		{request{Path: "/im/conversations/" + rooms[0] + "/read", Header: serverKey, Body: map[string]any{}}, 4001},
		{request{Path: "/im/conversations/" + rooms[0] + "/read", Header: map[string]string{"app-id": sandboxApp}, Body: map[string]any{"client_id": "ann"}}, 214},
	} {
		r.Bad = true
		if got := p.do(t, r.request); got.Code != r.code {
			t.Errorf("%s: %s, want %d", r.Path, got.Body, r.code)
		}
	}
}

// Pages move when somebody writes meanwhile: what a cursor shows does not.
func TestPagingByCursorNeitherRepeatsNorLosesMessages(t *testing.T) {
	p := start(t, nil)
	conv, ann := p.room(t, "ann", "bob"), p.as(t, "ann")
	var sent []string
	for i := range 75 {
		sent = append(sent, p.say(t, ann, conv, fmt.Sprint(i)))
	}
	ways := map[string]func(cursor string) (ids []string, next string, more bool){
		"the conversation API, by query": func(cursor string) (ids []string, next string, more bool) {
			return p.messagesBefore(t, request{Method: "GET", Path: "/im/conversations/" + conv + "/message?size=10&cursor=" + cursor, Header: serverKey})
		},
		"the conversation API, by body": func(cursor string) (ids []string, next string, more bool) {
			return p.messagesBefore(t, request{Method: "GET", Path: "/im/conversations/" + conv + "/message", Header: serverKey, Body: map[string]any{"size": 7, "cursor": cursor}})
		},
		"the gateway": func(cursor string) (ids []string, next string, more bool) {
			path, body := "/get_conversation_30msg_before_the_id", map[string]any{"conversation_id": conv, "msg_id": cursor, "exclusive": true, "desc": true}
			if cursor == "" {
				path = "/get_conversation_last_30_msg"
			}
			var page struct {
				Msg  []msgData
				More bool `json:"more"`
			}
			p.gateway(t, path, ann, body).decode(t, &page)
			for _, m := range page.Msg {
				ids = append(ids, m.MsgID)
			}
			return ids, ids[len(ids)-1], page.More
		},
	}
	for name, read := range ways {
		upTo := slices.Clone(sent)
		var got []string
		for cursor, more := "", true; more; {
			var ids []string
			ids, cursor, more = read(cursor)
			got = append(got, ids...)
			sent = append(sent, p.say(t, ann, conv, "meanwhile"))
		}
		slices.Reverse(got)
		if !slices.Equal(got, upTo) {
			t.Errorf("%s shows %d messages, want %d: %v", name, len(got), len(upTo), got)
		}
	}
	var upwards []string
	for at, more := sent[0], true; more; {
		var page struct {
			Msg  []msgData
			More bool `json:"more"`
		}
		p.gateway(t, "/get_conversation_30msg_after_the_id", ann, map[string]any{"conversation_id": conv, "msg_id": at, "exclusive": true}).decode(t, &page)
		for _, m := range page.Msg {
			upwards = append(upwards, m.MsgID)
			at = m.MsgID
		}
		more = page.More
	}
	if !slices.Equal(upwards, sent[1:]) {
		t.Errorf("upwards %d messages, want %d", len(upwards), len(sent)-1)
	}
	for path, want := range map[string]bool{"/get_conversation_lastone_msg": false, "/get_conversation_last_30_msg": true} {
		var page map[string]json.RawMessage
		p.gateway(t, path, ann, map[string]any{"conversation_id": conv}).decode(t, &page)
		if _, more := page["more"]; more != want {
			t.Errorf("%s: %v", path, page)
		}
	}
	if got := p.do(t, request{Method: "GET", Path: "/im/conversations/" + conv + "/message?cursor=nonsense", Header: serverKey}); got.Code != 4406 {
		t.Errorf("%s", got.Body)
	}
}

func (p *process) messagesBefore(t testing.TB, r request) (ids []string, next string, more bool) {
	t.Helper()
	got := p.do(t, r)
	var page struct {
		Data []struct {
			MsgID string `json:"msg_id"`
		}
		Cursor string
		More   bool
	}
	got.decode(t, &page)
	for _, m := range page.Data {
		ids = append(ids, m.MsgID)
	}
	if (page.Cursor != "") != page.More {
		t.Errorf("%s", got.Body)
	}
	return ids, page.Cursor, page.More
}
