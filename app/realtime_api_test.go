package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

// tokenOf is the user's token without the header around it, for platform.
func (p *process) tokenOf(t testing.TB, user string, platform int) string {
	t.Helper()
	var token string
	p.gateway(t, "/inner/get_token", nil, map[string]any{"session": user, "platform": platform}).decode(t, &token)
	return token
}

// ws opens the gateway's websocket; since empty: without resume.
func (p *process) ws(t testing.TB, token, since string) *websocket.Conn {
	t.Helper()
	q := url.Values{"protoc": {"ws"}, "token": {token}}
	if since != "" {
		q.Set("since", since)
	}
	return p.dial(t, "/notify?"+q.Encode())
}

// eventStream is a stream of server-sent events.
type eventStream struct {
	*bufio.Scanner
	close    func()
	position string // the last event id that a block without an event set
}

// event is one of them.
type event struct{ ID, Name, Data string }

func (p *process) sse(t testing.TB, token, last string) *eventStream {
	t.Helper()
	return p.sseAt(t, "", token, last)
}

// sseAt opens a stream with more in the query; token empty: it is in there.
func (p *process) sseAt(t testing.TB, query, token, last string) *eventStream {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, "GET", p.URL+"/notify?protoc=sse"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	e := &eventStream{Scanner: bufio.NewScanner(res.Body), close: func() { cancel(); res.Body.Close() }}
	t.Cleanup(e.close)
	if !e.Scan() || e.Text() != ": connected" {
		t.Fatalf("first line %q", e.Text())
	}
	return e
}

// next is as frame: what is no notice.
func (e *eventStream) next() (ev event, ok bool) {
	for {
		if ev, ok = e.nextOrNotice(); !ok || !isNotice([]byte(ev.Data)) {
			return ev, ok
		}
	}
}

// nextOrNotice reads one event; comments are skipped. ok is false at the stream's end.
func (e *eventStream) nextOrNotice() (ev event, ok bool) {
	for e.Scan() {
		name, value, _ := strings.Cut(e.Text(), ": ")
		switch name {
		case "id":
			ev.ID = value
		case "event":
			ev.Name = value
		case "data":
			ev.Data = value
		case "":
			switch {
			case e.Text() == "" && ev.Data != "":
				return ev, true
			case e.Text() == "":
				e.position, ev = cmp.Or(ev.ID, e.position), event{}
			}
		}
	}
	return ev, false
}

// poll polls until there is more than a notice; since nil: as the document has it.
func (p *process) poll(t testing.TB, token string, since *string) answer {
	t.Helper()
	for {
		got := p.pollOrNotice(t, token, since)
		if since == nil {
			if !isNotice(got.Body) {
				return got
			}
			continue
		}
		var page struct {
			Msg      []json.RawMessage
			Position string
		}
		_ = json.Unmarshal(got.Body, &page)
		if len(page.Msg) == 0 || slices.ContainsFunc(page.Msg, func(m json.RawMessage) bool { return !isNotice(m) }) {
			return got
		}
		since = &page.Position
	}
}

// pollOrNotice is one long poll.
func (p *process) pollOrNotice(t testing.TB, token string, since *string) answer {
	t.Helper()
	path := "/notify?protoc=poll"
	if since != nil {
		path += "&since=" + *since
	}
	return p.do(t, request{Method: "GET", Path: path, Header: map[string]string{"Authorization": "Bearer " + token}})
}

type msgData struct{ MsgID, ConversationID, FromSession, Content string }

func message(t testing.TB, text []byte) (m msgData) {
	t.Helper()
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return m
}

func TestMessagesReachEveryTransportInTheDocumentsForm(t *testing.T) {
	p := start(t, nil)
	conv := p.room(t, "ann", "bob")
	ann := p.as(t, "ann")
	ws, sse := p.ws(t, p.tokenOf(t, "bob", 1), ""), p.sse(t, p.tokenOf(t, "bob", 2), "")
	own := p.ws(t, p.tokenOf(t, "ann", 9), "")
	polled := make(chan answer, 1)
	poller := p.tokenOf(t, "bob", 3)
	go func() { polled <- p.poll(t, poller, nil) }()
	waitFor(t, "the poll's session", func() bool { return p.gauge(t, "switchboard_sessions") == 4 })
	id := p.say(t, ann, conv, "消息内容")
	text := frame(t, ws)
	alike(t, "ws", sampleMsgData, text)
	if m := message(t, text); m.MsgID != id || m.ConversationID != conv || m.FromSession != "ann" || m.Content != "消息内容" {
		t.Errorf("ws: %s", text)
	}
	ev, _ := sse.next()
	alike(t, "sse", sampleMsgData, []byte(ev.Data))
	if ev.ID != id || ev.Name != "message" || ev.Data != string(text) {
		t.Errorf("sse: %+v", ev)
	}
	got := <-polled
	if alike(t, "poll", sampleMsgData, got.Body); string(got.Body) != string(text) {
		t.Errorf("poll: %s", got.Body)
	}
	if m := message(t, frame(t, own)); m.MsgID != id {
		t.Errorf("the sender's other session: %+v", m)
	}
	p.say(t, ann, conv, "between two polls")
	p.say(t, ann, conv, "and another")
	for _, want := range []string{"between two polls", "and another"} {
		if m := message(t, p.poll(t, poller, nil).Body); m.Content != want {
			t.Errorf("poll: %+v, want %s", m, want)
		}
	}
	if strings.Contains(p.Log.String(), poller) || strings.Contains(p.Log.String(), "token=") {
		t.Error("a token is in the log")
	}
}

// gauge reads one number of /metrics, the sum over all labels when it has some.
func (p *process) gauge(t testing.TB, name string) int { return int(p.gauge64(t, name)) }

func (p *process) gauge64(t testing.TB, name string) (n float64) {
	t.Helper()
	for line := range strings.Lines(string(p.do(t, request{Method: "GET", Path: "/metrics"}).Body)) {
		rest, found := strings.CutPrefix(line, name)
		if !found || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' '):]), 64)
		if err != nil {
			t.Fatal(err)
		}
		n += value
	}
	return n
}

func waitFor(t testing.TB, what string, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !yes(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come", what)
		}
	}
}

func TestEveryTransportResumesWithoutGapOrRepetition(t *testing.T) {
	p := start(t, nil)
	conv := p.room(t, "ann", "bob")
	ann, bob := p.as(t, "ann"), p.tokenOf(t, "bob", 1)
	var ids []string
	for i := range 30 {
		ids = append(ids, p.say(t, ann, conv, fmt.Sprint(i)))
	}
	since := ids[9]

	ws := p.ws(t, bob, since)
	if first := frame(t, ws); string(first) != `{"recovered":true,"position":"`+since+`"}` {
		t.Errorf("ws begins with %s", first)
	}
	p.say(t, ann, conv, "30")
	for i := 10; i <= 30; i++ {
		if m := message(t, frame(t, ws)); m.Content != fmt.Sprint(i) {
			t.Fatalf("ws: %+v, want %d", m, i)
		}
	}
	sse := p.sse(t, bob, since)
	if ev, _ := sse.next(); ev.Name != "recovered" || ev.Data != `{"recovered":true,"position":"`+since+`"}` || ev.ID != "" {
		t.Errorf("sse begins with %+v", ev)
	}
	p.say(t, ann, conv, "31")
	for i := 10; i <= 31; i++ {
		if ev, _ := sse.next(); message(t, []byte(ev.Data)).Content != fmt.Sprint(i) {
			t.Fatalf("sse: %+v, want %d", ev, i)
		}
	}
	var all struct {
		Msg       []msgData
		Recovered bool
	}
	got := p.poll(t, bob, &since)
	if err := json.Unmarshal(got.Body, &all); err != nil || !all.Recovered || len(all.Msg) != 22 || all.Msg[21].Content != "31" {
		t.Errorf("poll: %v %s", err, got.Body)
	}
	fromNow := make(chan answer, 1)
	go func() { fromNow <- p.poll(t, bob, new(string)) }()
	var late answer
	for n := 32; late.Status == 0; n++ { // what was said before the poll began is too old for it
		p.say(t, ann, conv, fmt.Sprint(n))
		select {
		case late = <-fromNow:
		case <-time.After(20 * time.Millisecond):
		}
	}
	if got := late; got.Status != 200 || !regexp.MustCompile(`"Content":"(3[2-9]|[4-9]\d|\d{3})"`).Match(got.Body) {
		t.Errorf("poll from now: %d %s", got.Status, got.Body)
	}
}

func TestAGapTooLongIsTold(t *testing.T) {
	p := start(t, nil)
	conv := p.room(t, "ann", "bob")
	ann := p.as(t, "ann")
	since := p.say(t, ann, conv, "0")
	end := since
	for i := 1; i <= 1001; i++ {
		end = p.say(t, ann, conv, fmt.Sprint(i))
	}
	ws := p.ws(t, p.tokenOf(t, "bob", 1), since)
	if first := frame(t, ws); string(first) != `{"recovered":false,"position":"`+end+`"}` {
		t.Errorf("ws begins with %s", first)
	}
	end = p.say(t, ann, conv, "new")
	if m := message(t, frame(t, ws)); m.Content != "new" {
		t.Errorf("then comes %+v", m)
	}
	if got := p.poll(t, p.tokenOf(t, "bob", 2), &since); string(got.Body) != `{"Msg":[],"recovered":false,"position":"`+end+`"}` {
		t.Errorf("poll: %.200s", got.Body)
	}
}

func TestNewerSessionReplacesOnItsPlatformWithACode(t *testing.T) {
	p := start(t, nil)
	one, two := p.tokenOf(t, "ann", 1), p.tokenOf(t, "ann", 2)
	first, other := p.ws(t, one, ""), p.ws(t, two, "")
	sse := p.sse(t, one, "")
	if code := closing(t, first); code != 3500 {
		t.Errorf("the older websocket: %d", code)
	}
	polled := make(chan answer, 1)
	go func() { polled <- p.poll(t, one, nil) }()
	if ev, _ := sse.next(); ev.Name != "close" || !strings.Contains(ev.Data, `"code":3500`) {
		t.Errorf("the older stream: %+v", ev)
	}
	third := p.ws(t, one, "")
	if got := <-polled; got.Code != 3500 || got.Error == "" {
		t.Errorf("the older poll: %s", got.Body)
	}
	conv := p.room(t, "ann")
	p.say(t, p.as(t, "ann"), conv, "x")
	for _, conn := range []*websocket.Conn{third, other} {
		if m := message(t, frame(t, conn)); m.Content != "x" {
			t.Errorf("%+v", m)
		}
	}
}

func TestBadSessionsAreRefusedWithACode(t *testing.T) {
	p := start(t, func(c *Config) { c.TokenTTL = 3 * time.Second })
	short := p.tokenOf(t, "ann", 1)
	live := p.ws(t, short, "")
	if code := closing(t, p.ws(t, "nonsense", "")); code != 3501 {
		t.Errorf("a bad token: %d", code)
	}
	if ev, _ := p.refusedStream(t, "nonsense"); ev.Name != "close" || !strings.Contains(ev.Data, `"code":3501`) || ev.ID != "!3501" {
		t.Errorf("a bad token on sse: %+v", ev)
	}
	if got := p.do(t, request{Method: "GET", Path: "/notify?protoc=ws", Header: map[string]string{"Authorization": "Bearer " + p.tokenOf(t, "bob", 1)}}); got.Status != 426 {
		t.Errorf("ws without a handshake: %d", got.Status)
	}
	if code := closing(t, live); code != 3501 {
		t.Errorf("an expired token: %d", code)
	}
}

func TestShutdownTellsEverySessionToComeBack(t *testing.T) {
	p := start(t, nil)
	ws, sse := p.ws(t, p.tokenOf(t, "ann", 1), ""), p.sse(t, p.tokenOf(t, "ann", 2), "")
	socket := p.login(t, sampleLogin)
	token := p.tokenOf(t, "ann", 3)
	polled := make(chan answer, 1)
	go func() { polled <- p.poll(t, token, nil) }()
	waitFor(t, "the poll's session", func() bool { return p.gauge(t, "switchboard_sessions") == 4 })
	stopped := make(chan error, 1)
	go func() { stopped <- p.stop() }()
	if a, b := closing(t, ws), closing(t, socket); a != 3000 || b != 3000 {
		t.Errorf("websockets: %d, %d", a, b)
	}
	if ev, _ := sse.next(); !strings.Contains(ev.Data, `"code":3000`) {
		t.Errorf("sse: %+v", ev)
	}
	if got := <-polled; got.Code != 3000 {
		t.Errorf("poll: %s", got.Body)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestWhoLeavesGetsNothingNewer(t *testing.T) {
	p := start(t, nil)
	conv := p.room(t, "ann", "bob", "cid")
	ann := p.as(t, "ann")
	bob, cid := p.ws(t, p.tokenOf(t, "bob", 1), ""), p.ws(t, p.tokenOf(t, "cid", 1), "")
	since := p.say(t, ann, conv, "1")
	frame(t, bob)
	p.gateway(t, "/inner/kickout_conversation", nil, map[string]any{"conversation_id": conv, "sessions": []string{"bob"}})
	p.say(t, ann, conv, "2")
	p.gateway(t, "/inner/join_conversation", nil, map[string]any{"conversation_id": conv, "sessions": []string{"bob"}})
	p.say(t, ann, conv, "3")
	if m := message(t, frame(t, bob)); m.Content != "3" {
		t.Errorf("bob was away and got %+v", m)
	}
	for _, want := range []string{"1", "2", "3"} {
		if m := message(t, frame(t, cid)); m.Content != want {
			t.Errorf("cid: %+v, want %s", m, want)
		}
	}
	again := p.ws(t, p.tokenOf(t, "bob", 1), since)
	frame(t, again)
	if m := message(t, frame(t, again)); m.Content != "3" {
		t.Errorf("bob resumed and got %+v", m)
	}
}

func TestHostileClientsHurtNobody(t *testing.T) {
	p := start(t, func(c *Config) { c.Realtime.QueueMessages = 50 })
	conv := p.room(t, "ann", "bob", "mal")
	ann := p.as(t, "ann")
	good := p.ws(t, p.tokenOf(t, "bob", 1), "")

	garbage := p.ws(t, p.tokenOf(t, "mal", 1), "")
	for _, text := range []string{"", "{", "\x00\x01", strings.Repeat("x", 60<<10)} {
		if err := garbage.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	p.say(t, ann, conv, "1")
	if m := message(t, frame(t, garbage)); m.Content != "1" { // its frames are ignored
		t.Errorf("%+v", m)
	}
	_ = garbage.WriteMessage(websocket.BinaryMessage, make([]byte, 1<<20))
	if code := closing(t, garbage); code != websocket.CloseMessageTooBig {
		t.Errorf("an oversized frame: %d", code)
	}
	raw := p.ws(t, p.tokenOf(t, "mal", 2), "")
	_, _ = raw.NetConn().Write([]byte("\xff\xff\xff\xff not a frame")) // whatever it does, nobody else notices

	deaf := p.ws(t, p.tokenOf(t, "mal", 3), "") // never reads
	text := strings.Repeat("y", 60<<10)
	frame(t, good)
	for range 200 {
		p.say(t, ann, conv, text)
		frame(t, good)
	}
	waitFor(t, "the end of who never reads", func() bool { return p.gauge(t, "switchboard_sessions") == 1 })
	_ = deaf.Close()
}

func TestSocketLoginsAreJudged(t *testing.T) {
	p := start(t, func(c *Config) { c.Apps = twoApps() })
	login := func(device, app, client, token string) string {
		text, _ := json.Marshal(map[string]any{"type": "login", "data": map[string]any{"device_id": device, "app_id": app, "client_id": client, "token": token}})
		return string(text)
	}
	strict := p.tokenIn(t, "strict", "7")
	for _, c := range []struct {
		name, first string
		code, close int
	}{
		{"garbage", "{{{", 4406, 3503},
		{"another frame", `{"type":"subscribe"}`, 4406, 3503},
		{"an unknown app", login("d", "nobody", "7", ""), 4002, 3503},
		{"a bad user id", login("d", "open", "a b", ""), 212, 3503},
		{"a long device id", login(strings.Repeat("d", 65), "open", "7", ""), 4406, 3503},
		{"no token where one is required", login("d", "strict", "7", ""), 4002, 3501},
		{"a bad token", login("d", "strict", "7", "x"), 214, 3501},
		{"another's token", login("d", "strict", "8", strict), 214, 3501},
		{"another app's token", login("d", "open", "7", strict), 214, 3501},
	} {
		conn := p.dial(t, "/im/socket")
		if err := conn.WriteMessage(websocket.TextMessage, []byte(c.first)); err != nil {
			t.Fatal(err)
		}
		var refusal struct {
			Type string
			Data struct{ Code int }
		}
		if text := frame(t, conn); json.Unmarshal(text, &refusal) != nil || refusal.Type != "login.failed" || refusal.Data.Code != c.code {
			t.Errorf("%s: %s", c.name, text)
		}
		if code := closing(t, conn); code != c.close {
			t.Errorf("%s: closed with %d", c.name, code)
		}
	}
	p.login(t, login("d", "strict", "7", strict))
}

func TestSecondLoginOnADeviceKicksTheFirst(t *testing.T) {
	p := start(t, nil)
	first := p.login(t, sampleLogin)
	other := p.login(t, strings.Replace(sampleLogin, `"device_id": "1111"`, `"device_id": "2222"`, 1))
	second := p.login(t, sampleLogin)
	if text := frame(t, first); string(text) != `{"type":"logout.kick"}` {
		t.Errorf("the first: %s", text)
	}
	if code := closing(t, first); code != 3500 {
		t.Errorf("closed with %d", code)
	}
	conv := p.newConversation(t, "2", "1111")
	p.im(t, "POST", "/im/conversations/"+conv+"/message", map[string]any{"from_client": "2", "type": -1, "text": "x"})
	alike(t, "the second", sampleNew, frame(t, second))
	alike(t, "another device", sampleNew, frame(t, other))
}

func TestTransientMessagesGoToWhoIsOnlineAndAreNotKept(t *testing.T) {
	p := start(t, nil)
	conv := p.newConversation(t, "2", "1111")
	socket, ws := p.login(t, sampleLogin), p.ws(t, p.tokenOf(t, "1111", 1), "")
	sender := p.ws(t, p.tokenOf(t, "2", 1), "")
	send := "/im/conversations/" + conv + "/message"
	p.im(t, "POST", send, map[string]any{"from_client": 2, "type": -1, "text": "typing", "transient": 1})
	if text := frame(t, socket); !strings.Contains(string(text), `"transient":"1"`) {
		t.Errorf("socket: %s", text)
	}
	if m := message(t, frame(t, ws)); m.Content != "typing" {
		t.Errorf("gateway: %+v", m)
	}
	p.im(t, "POST", send, map[string]any{"from_client": 2, "type": -1, "text": "mine too", "no_sync": 1})
	if m := message(t, frame(t, sender)); m.Content != "mine too" {
		t.Errorf("the sender's other session got %+v", m)
	}
	if list := p.im(t, "GET", send, nil); strings.Contains(string(list.Body), "typing") {
		t.Errorf("it is kept: %s", list.Body)
	}
}

// twoApps is one that believes its clients and one that asks for tokens.
func twoApps() access.Apps {
	return access.Apps{
		{ID: "open", Key: "open-key", JWTSecret: "secret-of-the-open-app", Open: true},
		{ID: "strict", Key: "strict-key", JWTSecret: "secret-of-the-strict-app"},
	}
}

func (p *process) tokenIn(t testing.TB, app, user string) (token string) {
	t.Helper()
	p.gateway(t, "/inner/get_token", map[string]string{"app-id": app}, map[string]any{"session": user, "platform": 1}).decode(t, &token)
	return token
}

func TestAppsAreStrangersToEachOther(t *testing.T) {
	p := start(t, func(c *Config) { c.Apps = twoApps() })
	key := map[string]string{"app-id": "open", "app-key": "open-key"}
	var made struct{ ConversationId string }
	p.gateway(t, "/inner/create_conversation", key, map[string]any{"conversation_type": 3, "sessions": []string{"ann", "bob"}}).decode(t, &made)
	conv := made.ConversationId
	mine, foreign := p.tokenIn(t, "open", "ann"), p.tokenIn(t, "strict", "ann")
	stranger, bob := p.ws(t, foreign, ""), p.ws(t, p.tokenIn(t, "open", "bob"), "")
	p.say(t, map[string]string{"Authorization": "Bearer " + mine}, conv, "ours")
	if m := message(t, frame(t, bob)); m.Content != "ours" {
		t.Errorf("%+v", m)
	}
	for _, path := range []string{"/send_msg", "/get_conversation_detail", "/get_conversation_last_30_msg", "/join_conversation"} {
		if got := p.do(t, request{Path: path, Header: map[string]string{"Authorization": "Bearer " + foreign}, Body: map[string]any{"conversation_id": conv}}); got.Code != 10005 {
			t.Errorf("%s: %s", path, got.Body)
		}
	}
	strict := map[string]string{"app-id": "strict", "app-key": "strict-key"}
	for _, r := range []request{
		{Method: "GET", Path: "/im/conversations/" + conv + "/members"},
		{Method: "GET", Path: "/im/conversations/" + conv + "/message"},
		{Method: "DELETE", Path: "/im/conversations/" + conv},
		{Method: "POST", Path: "/im/conversations/" + conv + "/members", Body: map[string]any{"client_ids": []string{"x"}}},
		{Method: "POST", Path: "/im/conversations/" + conv + "/message", Body: map[string]any{"from_client": "ann", "type": -1, "text": "x"}},
	} {
		r.Header = strict
		if got := p.do(t, r); got.Code != 4011 {
			t.Errorf("%s %s: %s", r.Method, r.Path, got.Body)
		}
	}
	if got := p.do(t, request{Method: "GET", Path: "/im/conversations", Header: map[string]string{"app-id": "strict"}, Bad: true}); got.Code != 4002 {
		t.Errorf("no token where one is required: %s", got.Body)
	}
	_ = stranger.SetReadDeadline(time.Now().Add(700 * time.Millisecond))
	if _, text, err := stranger.ReadMessage(); err == nil {
		t.Errorf("the other app's session got %s", text)
	}
}

func TestBannedUsersAreRefusedEverywhere(t *testing.T) {
	folder := t.TempDir()
	p := start(t, func(c *Config) { c.DataDir = folder })
	conv := p.room(t, "ann", "1111")
	token, header := p.tokenOf(t, "1111", 1), p.as(t, "1111")
	db := sqldbtest.Open(t, sqldb.Config{DataDir: folder})
	users := conversation.New(conversation.Config{}, conversation.Deps{Store: conversationsql.New(db)})
	if err := users.Ban(t.Context(), conversation.Caller{App: sandboxApp}, "1111", true); err != nil {
		t.Fatal(err)
	}
	if code := closing(t, p.ws(t, token, "")); code != 3502 {
		t.Errorf("websocket: %d", code)
	}
	if got := p.poll(t, token, nil); got.Code != 10007 {
		t.Errorf("poll: %s", got.Body)
	}
	if got := p.do(t, request{Path: "/send_msg", Header: header, Body: map[string]any{"conversation_id": conv, "content": "x"}}); got.Code != 10007 {
		t.Errorf("send: %s", got.Body)
	}
	if got := p.do(t, request{Path: "/inner/get_token", Body: map[string]any{"session": "1111"}}); got.Code != 10007 {
		t.Errorf("token: %s", got.Body)
	}
	socket := p.dial(t, "/im/socket")
	_ = socket.WriteMessage(websocket.TextMessage, []byte(sampleLogin))
	if text := frame(t, socket); !strings.Contains(string(text), `"code":213`) {
		t.Errorf("socket: %s", text)
	}
	if code := closing(t, socket); code != 3502 {
		t.Errorf("socket: %d", code)
	}
}

// deafStream asks for events and never reads them.
func (p *process) deafStream(t testing.TB, token string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := fmt.Fprintf(conn, "GET /notify?protoc=sse&token=%s HTTP/1.1\r\nHost: x\r\n\r\n", token); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestStreamThatIsNotReadIsCutOff(t *testing.T) {
	p := start(t, func(c *Config) { c.Realtime.QueueMessages = 20 })
	conv := p.room(t, "ann", "mal")
	ann := p.as(t, "ann")
	p.deafStream(t, p.tokenOf(t, "mal", 1))
	waitFor(t, "the stream", func() bool { return p.gauge(t, "switchboard_sessions") == 1 })
	text := strings.Repeat("y", 60<<10)
	waitFor(t, "its end", func() bool {
		p.say(t, ann, conv, text)
		return p.gauge(t, "switchboard_sessions") == 0
	})
}

func TestNothingIsLeftOfSessionsThatLeave(t *testing.T) {
	p := start(t, func(c *Config) {
		c.Realtime.UserSessions = 1000
		c.Realtime.GatewayPing, c.Realtime.SocketPing = 200*time.Millisecond, 200*time.Millisecond
	})
	conv := p.room(t, "ann", "u")
	ann := p.as(t, "ann")
	p.say(t, ann, conv, "warm")
	for i := range 60 {
		ws, sse := p.ws(t, p.tokenOf(t, "u", i), ""), p.sse(t, p.tokenOf(t, "u", 100+i), "")
		socket := p.login(t, strings.Replace(sampleLogin, `"device_id": "1111"`, fmt.Sprintf(`"device_id": "%d"`, i), 1))
		defer func() { ws.Close(); sse.close(); socket.Close() }()
	}
	waitFor(t, "all sessions", func() bool { return p.gauge(t, "switchboard_sessions") == 180 })
	p.say(t, ann, conv, "to all")
	token := p.tokenOf(t, "u", 1)
	for i := range 60 { // the same places, taken over and left at once
		p.ws(t, p.tokenOf(t, "u", i), "").Close()
		p.sse(t, p.tokenOf(t, "u", 100+i), "").close()
		p.login(t, strings.Replace(sampleLogin, `"device_id": "1111"`, fmt.Sprintf(`"device_id": "%d"`, i), 1)).Close()
	}
	p.dial(t, "/notify?protoc=ws&token="+token).Close()
	waitFor(t, "the end of all", func() bool { return p.gauge(t, "switchboard_sessions") == 0 })
	waitFor(t, "the end of their goroutines", func() bool {
		var stacks bytes.Buffer
		_ = pprof.Lookup("goroutine").WriteTo(&stacks, 2)
		return !strings.Contains(stacks.String(), "switchboard/handlers/") && !strings.Contains(stacks.String(), "realtime.(*Session)")
	})
}
