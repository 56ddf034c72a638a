package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fasthttp/websocket"

	"switchboard/app/realtime"
	"switchboard/app/sqldb/sqldbtest"
)

// notice is what either API tells of a change of members, in short: what, by whom, and
// about whom. Anything else is its text.
func notice(t testing.TB, frame []byte) string {
	t.Helper()
	var in struct {
		MsgID          string
		ConversationID string
		FromSession    *string
		Type           json.RawMessage
		Status         int
		SendTime       int64
		Content        string
		Data           struct {
			ConvID string `json:"conv_id"`
			MsgID  string `json:"msg_id"`
			CTime  int64  `json:"ctime"`
			Notice string `json:"notice"`
			By     *string
			IDs    []string `json:"client_ids"`
			Count  int
			Text   string
		}
	}
	if err := json.Unmarshal(frame, &in); err != nil {
		t.Fatalf("%v in %s", err, frame)
	}
	by := "server"
	if string(in.Type) == `"conv.notice"` {
		if d := in.Data; d.By != nil {
			by = *d.By
		}
		if d := in.Data; d.ConvID == "" || d.MsgID == "" || d.CTime == 0 || d.Count != len(d.IDs) {
			t.Errorf("%s", frame)
		}
		return in.Data.Notice + " by " + by + ": " + strings.Join(in.Data.IDs, "+")
	}
	if in.FromSession == nil {
		return in.Data.Text
	}
	if *in.FromSession != "" {
		return in.Content
	}
	var n struct {
		Notice, By string
		Users      []string
		Count      int
	}
	if err := json.Unmarshal([]byte(in.Content), &n); err != nil || string(in.Type) != "0" || in.Status != 0 || in.SendTime < 1e15 || in.MsgID == "" || in.ConversationID == "" || n.Count != len(n.Users) {
		t.Errorf("%s %v", frame, err)
	}
	if n.By != "" {
		by = n.By
	}
	return n.Notice + " by " + by + ": " + strings.Join(n.Users, "+")
}

func wantNotices(t testing.TB, who string, conn *websocket.Conn, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := notice(t, frameOrNotice(t, conn)); got != w {
			t.Errorf("%s is told %q, want %q", who, got, w)
		}
	}
}

func TestMembersAreToldWhoComesAndGoesOnEveryTransport(t *testing.T) {
	p := start(t, nil)
	ann := p.as(t, "ann")
	tab, bob, socket := p.ws(t, p.tokenOf(t, "ann", 2), ""), p.ws(t, p.tokenOf(t, "bob", 1), ""), p.login(t, sampleLogin) // 1111
	stream := p.sse(t, p.tokenOf(t, "cid", 1), "")
	outsider := p.ws(t, p.tokenOf(t, "out", 1), "")
	var made struct{ ConversationId string }
	p.gateway(t, "/create_conversation", ann, map[string]any{"conversation_type": 3, "sessions": []string{"bob", "1111"}}).decode(t, &made)
	conv := made.ConversationId
	in := map[string]any{"conversation_id": conv}
	p.gateway(t, "/join_conversation", p.as(t, "cid"), in)
	p.gateway(t, "/join_conversation", p.as(t, "cid"), in) // who is there already is no news
	p.say(t, ann, conv, "hello")
	p.gateway(t, "/leave_conversation", p.as(t, "bob"), in)
	p.say(t, ann, conv, "bob does not read this")
	p.im(t, "DELETE", "/im/conversations/"+conv+"/members", map[string]any{"client_ids": []string{"1111", "nobody1"}})
	p.im(t, "POST", "/im/conversations/"+conv+"/members", map[string]any{"client_ids": []string{"bob"}})
	p.im(t, "DELETE", "/im/conversations/"+conv, nil)

	const created, joined, left = "created by ann: 1111+ann+bob", "added by cid: cid", "removed by bob: bob"
	kicked, back := "removed by server: 1111", "added by server: bob"
	wantNotices(t, "ann", tab, created, joined, "hello", left, "bob does not read this", kicked, back, "closed by server: ")
	wantNotices(t, "bob", bob, created, joined, "hello", left, back, "closed by server: ")
	wantNotices(t, "1111", socket, created, joined, "hello", left, "bob does not read this", kicked)
	for _, want := range []string{joined, "hello", left, "bob does not read this", kicked, back, "closed by server: "} {
		ev, ok := stream.nextOrNotice()
		if got := notice(t, []byte(ev.Data)); !ok || got != want || ev.Name != "message" || ev.ID == "" {
			t.Errorf("cid is told %+v, want %q", ev, want)
		}
	}
	p.say(t, p.as(t, "out"), p.room(t, "out"), "alone")
	wantNotices(t, "an outsider", outsider, "created by server: out", "alone")
}

func TestNoticesAreResumedOnceAndInOrderAlsoAfterARestart(t *testing.T) {
	for name, way := range map[string]func(t *testing.T, p *process, token, since string) func() string{
		"websocket": func(t *testing.T, p *process, token, since string) func() string {
			conn := p.ws(t, token, since)
			frameOrNotice(t, conn)
			return func() string { return notice(t, frameOrNotice(t, conn)) }
		},
		"sse": func(t *testing.T, p *process, token, since string) func() string {
			e := p.sse(t, token, since)
			e.nextOrNotice()
			return func() string { ev, _ := e.nextOrNotice(); return notice(t, []byte(ev.Data)) }
		},
		"socket": func(t *testing.T, p *process, _, since string) func() string {
			conn, _ := p.resumeSocket(t, since)
			return func() string { return notice(t, frameOrNotice(t, conn)) }
		},
		"poll": func(t *testing.T, p *process, token, since string) func() string {
			var waiting []json.RawMessage
			return func() string {
				for len(waiting) == 0 {
					got := p.pollOrNotice(t, token, &since)
					var page struct{ Msg []json.RawMessage }
					if err := json.Unmarshal(got.Body, &page); err != nil {
						t.Fatal(err)
					}
					waiting, since = page.Msg, decodePosition(t, got.Body).Position
				}
				next := waiting[0]
				waiting = waiting[1:]
				return notice(t, next)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			in := func(c *Config) { c.DataDir = folder }
			p := start(t, in)
			token := p.tokenOf(t, "1111", 1)
			conn := p.ws(t, token, realtime.Beginning)
			at := decodePosition(t, frame(t, conn)).Position
			conn.Close()
			conv := p.room(t, "ann", "1111")
			p.say(t, p.as(t, "ann"), conv, "one")
			p.gateway(t, "/inner/join_conversation", serverKey, map[string]any{"conversation_id": conv, "sessions": []string{"bob"}})
			if err := p.stop(); err != nil {
				t.Fatal(err)
			}
			p = start(t, in)
			p.say(t, p.as(t, "ann"), conv, "two")
			next := way(t, p, token, at)
			p.gateway(t, "/inner/kickout_conversation", serverKey, map[string]any{"conversation_id": conv, "sessions": []string{"bob"}})
			p.say(t, p.as(t, "ann"), conv, "three")
			for _, want := range []string{"created by server: 1111+ann", "one", "added by server: bob", "two", "removed by server: bob", "three"} {
				if got := next(); got != want {
					t.Errorf("%q, want %q", got, want)
				}
			}
		})
	}
}

// Notices are no messages: histories, counts, pages and last messages know nothing of
// them, and with SWITCHBOARD_CONVERSATION_NOTICES=false there are none.
func TestNoticesShowInNoHistoryAndCanBeTurnedOff(t *testing.T) {
	p := start(t, nil)
	conv, ann := p.room(t, "ann", "1111"), p.as(t, "ann")
	in := map[string]any{"conversation_id": conv}
	for _, path := range []string{"/get_conversation_last_30_msg", "/get_conversation_lastone_msg", "/get_conversation_msg_by_range"} {
		if got := p.gateway(t, path, ann, in); string(got.Data) != `{"Msg":[]}` {
			t.Errorf("%s of nothing: %s", path, got.Data)
		}
	}
	if got := p.gateway(t, "/get_lastone_msgid", ann, in); string(got.Data) != `{"MsgId":""}` {
		t.Errorf("%s", got.Data)
	}
	if got := p.gateway(t, "/get_conversation_detail", ann, in); !strings.Contains(string(got.Data), `"LastMsgID":"","LastSendTime":0`) {
		t.Errorf("%s", got.Data)
	}
	id := p.say(t, ann, conv, "1")
	p.gateway(t, "/inner/join_conversation", serverKey, map[string]any{"conversation_id": conv, "sessions": []string{"bob"}})
	if got := p.gateway(t, "/get_conversation_last_30_msg", ann, in); strings.Count(string(got.Data), "MsgId") != 1 {
		t.Errorf("%s", got.Data)
	}
	if got := p.im(t, "GET", "/im/conversations/"+conv+"/message", nil); !strings.Contains(string(got.Body), `"total":1`) || !strings.Contains(string(got.Body), id) {
		t.Errorf("%s", got.Body)
	}

	quiet := start(t, func(c *Config) { c.Conversation.Notices = false })
	bob, socket := quiet.ws(t, quiet.tokenOf(t, "bob", 1), ""), quiet.login(t, sampleLogin)
	conv = quiet.room(t, "ann", "bob")
	quiet.gateway(t, "/inner/join_conversation", serverKey, map[string]any{"conversation_id": conv, "sessions": []string{"1111"}})
	quiet.say(t, quiet.as(t, "ann"), conv, "first")
	wantNotices(t, "bob", bob, "first")
	wantNotices(t, "1111", socket, "first")
}

// A user's message of type 0 with a notice's content is no notice: it has a sender.
func TestAForgedNoticeHasASender(t *testing.T) {
	p := start(t, nil)
	conv := p.room(t, "ann", "bob")
	bob := p.ws(t, p.tokenOf(t, "bob", 1), "")
	text := `{"notice":"removed","by":"","users":["bob"],"count":1}`
	p.gateway(t, "/send_msg", p.as(t, "ann"), map[string]any{"conversation_id": conv, "type": 0, "content": text})
	if m := message(t, frameOrNotice(t, bob)); m.FromSession != "ann" || m.Content != text {
		t.Errorf("%+v", m)
	}
}

func TestEveryReplicaTellsOfMembersOnce(t *testing.T) {
	for name, share := range map[string]func(t *testing.T) func(*Config){
		"postgres": func(t *testing.T) func(*Config) { return on(sqldbtest.Postgres(t), "") },
		"mysql":    func(t *testing.T) func(*Config) { return on(sqldbtest.MySQL(t), "") },
	} {
		t.Run(name, func(t *testing.T) {
			edit := share(t)
			a, b := start(t, edit), start(t, edit)
			ann, bob := a.ws(t, a.tokenOf(t, "ann", 1), ""), b.ws(t, b.tokenOf(t, "bob", 1), "")
			conv := a.room(t, "ann", "bob")
			for i := range 3 {
				b.gateway(t, "/inner/join_conversation", serverKey, map[string]any{"conversation_id": conv, "sessions": []string{fmt.Sprint("u", i)}})
			}
			b.say(t, b.as(t, "bob"), conv, "end")
			for who, conn := range map[string]*websocket.Conn{"ann": ann, "bob": bob} {
				wantNotices(t, who, conn, "created by server: ann+bob", "added by server: u0", "added by server: u1", "added by server: u2", "end")
			}
		})
	}
}
