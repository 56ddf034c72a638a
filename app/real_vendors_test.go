package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/ejabberd/xmpptest"
	"switchboard/vendors/livekit/livekittest"
)

// back makes a call of the back end that is to succeed, and every row of it with it.
func (p *process) back(t *testing.T, method, path string, body any) answer {
	t.Helper()
	got := p.do(t, request{Method: method, Path: "/api/server" + path, Header: serverKey, Body: body})
	rows := []rowIn{}
	if strings.Contains(string(got.Data), `"rows"`) {
		rows = rowsIn(t, got)
	}
	if got.Code != 0 || slices.ContainsFunc(rows, func(r rowIn) bool { return r.State != "accepted" && r.State != "already" }) {
		t.Errorf("%s %s: %d %s", method, path, got.Status, got.Body)
	}
	return got
}

// shows is back for a read that is to tell some texts, and those with a ! not.
func (p *process) shows(t *testing.T, path string, texts ...string) {
	t.Helper()
	got := string(p.back(t, "GET", path, nil).Body)
	for _, text := range texts {
		if hidden, no := strings.CutPrefix(text, "!"); strings.Contains(got, hidden) == no {
			t.Errorf("GET %s: %s, want %s", path, got, text)
		}
	}
}

// lossy passes requests on to a server, and loses the answer to the next one whose path has
// the text that was stored last.
type lossy struct {
	url  string
	lose atomic.Value // string
}

func loseAnswers(t *testing.T, server string) *lossy {
	t.Helper()
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	l := &lossy{}
	l.lose.Store("")
	forward := httputil.NewSingleHostReverseProxy(to)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if part := l.lose.Load().(string); part != "" && strings.Contains(r.URL.Path, part) && l.lose.CompareAndSwap(part, "") {
			forward.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	l.url = proxy.URL
	return l
}

// settles makes a write whose answer is lost, and waits until its repeat tells that it was
// done.
func (l *lossy) settles(t *testing.T, p *process, part, method, path string, body any) {
	t.Helper()
	r := request{Method: method, Path: "/api/server" + path, Header: with(serverKey, "Idempotency-Key", "lost "+method+path), Body: body}
	l.lose.Store(part)
	got := p.do(t, r)
	inDoubt := got.Status == 504 && got.Code == 100109 || got.Code == codePartly && strings.Contains(string(got.Data), `"unknown"`) // other accounts may have done it
	if !inDoubt || l.lose.Load() != "" {
		t.Errorf("lost, %s %s: %d %s", method, path, got.Status, got.Body)
	}
	until(t, method+" "+path+" is known to be done", func() bool {
		again := p.do(t, r)
		return again.Code == 0 && again.Header.Get("Idempotent-Replayed") == "true"
	})
}

// What the product API can do at ejabberd, against the server itself.
func TestTheProductAPIAtARealEjabberd(t *testing.T) {
	s := startSwitching(t, "ejabberd")
	routes := map[string]any{}
	for _, capability := range []string{"tokens", "messages", "presence", "groups", "chatrooms"} {
		routes[capability] = "ejabberd"
	}
	s.operate(t, "PUT", "/admin/routes", map[string]any{"by": "test", "routes": routes}, nil)
	some := func(users ...string) map[string]any { return map[string]any{"users": users} }

	s.back(t, "PUT", "/users", map[string]any{"users": []any{map[string]any{"id": "1001", "name": "Ann"}, map[string]any{"id": "1002", "name": "Bob"}, map[string]any{"id": "1003", "name": "Cat"}}})
	s.back(t, "PUT", "/users/1003", map[string]any{"name": "Cathy"})
	c, phone := s.logIn(t, "1001")
	tablet, err := xmpptest.Dial(s.c2s, xmppHost, "1001", c.Token, "tablet", true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tablet.Close)
	for what, to := range map[string]map[string]any{"a text": toUsers("1001"), "a system text": {"kind": "system", "ids": []string{"1001"}}} {
		if by := s.say(t, to, what); by != "ejabberd" {
			t.Errorf("%s: %s", what, by)
		}
	}
	s.back(t, "POST", "/im/send/tip", map[string]any{"from": "1002", "targets": []string{"1001"}, "msg": "a tip"})
	s.back(t, "POST", "/messages/template", map[string]any{"from": "1002", "text": "hello {name}", "to": []any{map[string]any{"id": "1001", "values": map[string]any{"name": "Ann"}}}})
	got := strings.Join(texts(t, phone, "1001"), "\n")
	for _, want := range []string{"a text", "a system text", "a tip", "hello Ann"} {
		if !strings.Contains(got, want) {
			t.Errorf("the phone has no %q in %s", want, got)
		}
	}
	s.ofGroups(t, phone, some)
	s.ofChatRooms(t, phone, some)

	online := s.back(t, "POST", "/users/presence", some("1001", "1003"))
	for _, want := range []string{`"phone"`, `"tablet"`, `"offline"`} {
		if !strings.Contains(string(online.Body), want) {
			t.Errorf("presence: %s, want %s", online.Body, want)
		}
	}
	s.back(t, "DELETE", "/users/1001/sessions/tablet", nil)
	<-tablet.Done()
	if _, err := phone.Query(xmppHost, "get", `<ping xmlns="urn:xmpp:ping"/>`); err != nil {
		t.Errorf("the phone is out as well: %v", err)
	}
	s.back(t, "POST", "/users/1003/block", map[string]any{"seconds": 60})
	s.api.settles(t, s.process, "srg_user_add", "POST", "/users/1002/block", map[string]any{"seconds": 60})
	s.api.settles(t, s.process, "srg_user_del", "POST", "/users/1002/unblock", nil)
	s.shows(t, "/users/1003", `"vendor":"ejabberd"`)
	s.back(t, "POST", "/users/1003/unblock", nil)
	s.shows(t, "/users/1003", `"blocks":[]`)
	s.back(t, "DELETE", "/users/1001/sessions", nil)
	<-phone.Done()
	if _, err := xmpptest.Dial(s.c2s, xmppHost, "1001", c.Token, "phone", true); err == nil {
		t.Error("a voided credential logs in")
	}
	unable := s.do(t, request{Path: "/api/server/messages/recall", Header: serverKey, Body: map[string]any{"reference": map[string]any{"vendor": "ejabberd", "kind": "user", "from": "1002", "target": "1001", "id": "x", "sent_at": 1}}})
	if unable.Status != 501 {
		t.Errorf("a recall, which it cannot: %d %s", unable.Status, unable.Body)
	}
}

func (s *switching) ofGroups(t *testing.T, phone *xmpptest.Client, some func(...string) map[string]any) {
	t.Helper()
	made := s.group(t, "club", "ejabberd")
	to := map[string]any{"kind": "group", "ids": []string{"club"}}
	if by := s.say(t, to, "to the club"); by != "ejabberd" {
		t.Errorf("to the club: %s", by)
	}
	if got := texts(t, phone, "1001", made.VendorID+"@conference."+xmppHost); !strings.Contains(strings.Join(got, "\n"), "to the club") {
		t.Errorf("the phone has %v", got)
	}
	s.back(t, "PATCH", "/groups/club", map[string]any{"name": "Better"})
	s.back(t, "POST", "/groups/club/members", some("1003"))
	s.shows(t, "/groups/club/members", `"1001"`, `"1002"`, `"1003"`)
	s.shows(t, "/users/1003/groups", `"club"`, "Better")
	s.back(t, "POST", "/groups/club/mutes", some("1002"))
	s.shows(t, "/groups/club/mutes", `"1002"`)
	if fate := s.say(t, to, "muted"); !strings.HasPrefix(fate, "refused") {
		t.Errorf("who is muted talks: %s", fate)
	}
	s.back(t, "DELETE", "/groups/club/mutes", some("1002"))
	if by := s.say(t, to, "unmuted"); by != "ejabberd" {
		t.Errorf("who is unmuted: %s", by)
	}
	s.api.settles(t, s.process, "subscribe_room", "POST", "/groups/club/members", some("1004"))
	s.back(t, "DELETE", "/groups/club/members", some("1003"))
	s.shows(t, "/groups/club/members", `"1001"`, `!"1003"`)
	s.api.settles(t, s.process, "destroy_room", "DELETE", "/groups/club", map[string]any{})
	if got := s.do(t, request{Method: "GET", Path: "/api/server/groups/club", Header: serverKey}); got.Status != 404 {
		t.Errorf("the club is gone: %d %s", got.Status, got.Body)
	}
}

func (s *switching) ofChatRooms(t *testing.T, phone *xmpptest.Client, some func(...string) map[string]any) {
	t.Helper()
	var made struct {
		VendorID string `json:"vendor_id"`
	}
	s.back(t, "POST", "/chatrooms", map[string]any{"room": "hall", "name": "Hall"}).decode(t, &made)
	jid := made.VendorID + "@chatrooms." + xmppHost
	if err := phone.Join(jid, "1001"); err != nil {
		t.Fatal(err)
	}
	s.shows(t, "/chatrooms/hall/users", `"1001"`)
	_, other := s.logIn(t, "1002")
	if err := other.Join(jid, "1002"); err != nil {
		t.Fatal(err)
	}
	if by := s.say(t, map[string]any{"kind": "chatroom", "ids": []string{"hall"}}, "to the hall"); by != "ejabberd" {
		t.Errorf("to the hall: %s", by)
	}
	if got := texts(t, phone, "1001", jid); !strings.Contains(strings.Join(got, "\n"), "to the hall") {
		t.Errorf("the phone has %v", got)
	}
	s.back(t, "POST", "/chatrooms/hall/blocks", map[string]any{"users": []string{"1002"}, "seconds": 60})
	s.shows(t, "/chatrooms/hall/blocks", `"1002"`)
	s.shows(t, "/chatrooms/hall/users", `"1001"`, `!"1002"`)
	if err := other.Join(jid, "1002"); err == nil {
		t.Error("who is blocked comes in")
	}
	s.back(t, "DELETE", "/chatrooms/hall/blocks", some("1002"))
	if err := other.Join(jid, "1002"); err != nil {
		t.Errorf("who is unblocked: %v", err)
	}
	s.back(t, "DELETE", "/chatrooms/hall", nil)
}

// What the product API can do at LiveKit, against the server itself and its own client.
func TestTheProductAPIAtARealLiveKit(t *testing.T) {
	t.Parallel()
	server := livekittest.Start(t, livekittest.Options{})
	api := loseAnswers(t, server.URL)
	p := start(t, func(c *Config) {
		c.Ledger.FirstCheck, c.LiveKit.BaseURL = 50*time.Millisecond, api.url
		c.LiveKit.URL, c.LiveKit.APIKey, c.LiveKit.APISecret = strings.Replace(server.URL, "http", "ws", 1), livekittest.Key, vendors.Secret(livekittest.Secret)
		c.Route.Rooms = "livekit"
	})
	page := livekittest.Open(t)
	join := func(room, user string) {
		t.Helper()
		p.back(t, "POST", "/rooms/"+room+"/grants", map[string]any{"users": []string{user}, "seconds": 600, "publish": []string{"microphone", "camera"}, "subscribe": true, "data": true})
		got, c := p.rtcToken(t, p.as(t, user), map[string]any{"room": room})
		if c.Token == "" {
			t.Fatalf("%s", got.Body)
		}
		page.Ask(t, nil, "join", c.URL, c.Token, room, user, []string{"microphone"})
	}
	const stage = "/rooms/stage"
	join("stage", "1001")
	join("stage", "1002")
	p.shows(t, "/rooms", `"stage"`)
	p.shows(t, stage, `"active"`, `"users":2`)
	p.shows(t, stage+"/users", `"1001"`, `"1002"`)
	p.shows(t, stage+"/speakers", `"1001"`, `"1002"`)
	p.back(t, "POST", stage+"/mute", map[string]any{"user": "1001", "media": "microphone"})
	p.shows(t, stage+"/speakers", `!"1001"`, `"1002"`)
	p.back(t, "POST", stage+"/data", map[string]any{"topic": "score", "data": base64.StdEncoding.EncodeToString([]byte("7:5")), "to": []string{"1001"}})
	p.back(t, "POST", stage+"/message", map[string]any{"from": "1002", "text": "hello all"})
	until(t, "the packets", func() bool {
		var packets []struct{ Topic, Data string }
		page.Ask(t, &packets, "packets", "stage", "1001")
		all := fmt.Sprint(packets)
		return strings.Contains(all, "score") && strings.Contains(all, "switchboard.text")
	})
	p.back(t, "POST", stage+"/permission", map[string]any{"user": "1002", "publish": []string{}, "subscribe": true})
	until(t, "the stream without the right to it ends", func() bool {
		return !strings.Contains(string(p.back(t, "GET", stage+"/speakers", nil).Body), `"1002"`)
	})
	p.back(t, "POST", stage+"/identity", map[string]any{"user": "1002", "identity": "host", "sequence": 3})
	p.back(t, "POST", stage+"/kick", map[string]any{"user": "1002", "seconds": 60})
	until(t, "the user is out", func() bool {
		return !strings.Contains(string(p.back(t, "GET", stage+"/users", nil).Body), `"1002"`)
	})
	if got, _ := p.rtcToken(t, p.as(t, "1002"), map[string]any{"room": "stage"}); got.Status != 403 {
		t.Errorf("who is kept out is let in: %d %s", got.Status, got.Body)
	}
	p.back(t, "POST", stage+"/unban", map[string]any{"users": []string{"1002"}})
	if got, _ := p.rtcToken(t, p.as(t, "1002"), map[string]any{"room": "stage"}); got.Code != 0 {
		t.Errorf("who is let in again: %d %s", got.Status, got.Body)
	}
	for path, body := range map[string]any{"/recordings": map[string]any{"audio": true, "video": true}, "/ban": map[string]any{"users": []string{"1001"}, "seconds": 60}} {
		if got := p.do(t, request{Path: "/api/server" + stage + path, Header: serverKey, Body: body}); got.Status != 501 {
			t.Errorf("%s, which it cannot: %d %s", path, got.Status, got.Body)
		}
	}
	join("stage", "1003")
	api.settles(t, p, "RemoveParticipant", "POST", stage+"/kick", map[string]any{"user": "1003"})
	api.settles(t, p, "DeleteRoom", "POST", stage+"/dissolve", map[string]any{})
	until(t, "the room is gone", func() bool { return strings.Contains(string(p.back(t, "GET", stage, nil).Body), `"absent"`) })
}
