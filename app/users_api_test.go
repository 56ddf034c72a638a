package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
)

func body(b any) func(_, _ string) any { return func(_, _ string) any { return b } }

func TestWhatIsDoneAboutAUserIsAnsweredByWhatBecameOfIt(t *testing.T) {
	p := startSurface(t, nil)
	for _, user := range []string{"1001", "1002", "1003"} { // registers them at both vendors
		for _, vendor := range []string{"linkv", "rongcloud"} {
			p.operate(t, "PUT", "/admin/routes", map[string]any{"by": "test", "routes": map[string]string{"tokens": vendor}}, nil)
			p.credential(t, p.as(t, user))
		}
	}
	both, rong := []string{"rongcloud", "linkv"}, []string{"rongcloud"}
	p.try(t, []act{
		{what: "profile", method: "PUT", path: "/1001", body: body(map[string]any{"name": "Ann"}), can: rong, rows: 1, remade: rong},
		{what: "profiles", method: "PUT", body: body(map[string]any{"users": []map[string]any{{"id": "1001", "name": "Ann"}, {"id": "1002", "portrait": "https://a.example/1.png"}}}), can: rong, rows: 2, remade: rong},
		{what: "blacklist", path: "/1001/blacklist", body: body(map[string]any{"users": []string{"1002", "1003", "1002"}}), can: both, rows: 2, remade: both},
		{what: "hear again", method: "DELETE", path: "/1001/blacklist", body: body(map[string]any{"users": []string{"1002"}}), can: both, rows: 1, remade: both},
		{what: "remarks", path: "/1001/remarks", body: body(map[string]any{"names": []map[string]any{{"id": "1002", "name": "my friend"}}}), can: rong, rows: 1, remade: rong},
		{what: "no remark", method: "DELETE", path: "/1001/remarks", body: body(map[string]any{"of": "1002"}), can: rong, rows: 1, remade: rong},
		{what: "notices", method: "PUT", path: "/1001/notices", body: body(map[string]any{"kind": "user", "target": "1002", "level": "none"}), can: rong, rows: 1, remade: rong},
		{what: "push", path: "/push", body: body(map[string]any{"users": []string{"1001", "1002"}, "text": "news"}), can: rong, rows: 2},
	}, "/api/server/users", "tokens")
	// The last that was asked for: 1003, by both vendors, and no more.
	var page struct {
		Users []string
		Next  *string
	}
	p.do(t, request{Method: "GET", Path: "/api/server/users/1001/blacklist", Header: serverKey}).decode(t, &page)
	if !slices.Equal(page.Users, []string{"1003"}) || page.Next != nil {
		t.Errorf("the blacklist: %+v", page)
	}
	p.operate(t, "PUT", "/admin/routes", `{"by":"test","routes":{}}`, nil)
	var level struct{ Level, Vendor string }
	p.do(t, request{Method: "GET", Path: "/api/server/users/1001/notices?target=1002", Header: serverKey}).decode(t, &level)
	if level.Level != "none" || level.Vendor != "rongcloud" {
		t.Errorf("notices: %+v", level)
	}
}

// What vendors were told of a user is answered, each account's own, and survives a
// restart of neither vendor nor this program: it is in the store.
func TestAUserIsAnsweredWithTheProfilesThatVendorsTook(t *testing.T) {
	p := startSurface(t, nil)
	profiles := func(user string) string {
		t.Helper()
		var out struct {
			Profiles []struct {
				Vendor, Name, Portrait string
				At                     int64
			}
		}
		p.do(t, request{Method: "GET", Path: "/api/server/users/" + user, Header: serverKey}).decode(t, &out)
		text := ""
		for _, s := range out.Profiles {
			if time.Since(time.Unix(s.At, 0)).Abs() > time.Minute {
				t.Errorf("registered at %d", s.At)
			}
			text += fmt.Sprintf("%s %q %q;", s.Vendor, s.Name, s.Portrait)
		}
		return text
	}
	expect := func(what, user, want string) {
		t.Helper()
		if got := profiles(user); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	expect("nobody", "6001", "")
	header := p.as(t, "6001")
	p.do(t, request{Path: "/api/v1/im/token", Header: header, Body: map[string]any{"name": "Ann"}})
	expect("with a token", "6001", `rongcloud "Ann" "";`)
	p.do(t, request{Method: "PUT", Path: "/api/server/users/6001", Header: serverKey, Body: map[string]any{"portrait": "https://a.example/1.png"}})
	expect("a portrait", "6001", `rongcloud "Ann" "https://a.example/1.png";`)
	p.breaker(t, "rongcloud", "open")
	p.do(t, request{Method: "PUT", Path: "/api/server/users/6001", Header: serverKey, Body: map[string]any{"name": "Anna"}})
	expect("refused", "6001", `rongcloud "Ann" "https://a.example/1.png";`)
	p.operate(t, "PUT", "/admin/routes", `{"by":"test","routes":{"tokens":"linkv"}}`, nil)
	time.Sleep(2 * time.Millisecond) // the store's clock goes in steps of 1 ms
	p.do(t, request{Path: "/api/v1/im/token", Header: header, Body: map[string]any{"name": "Anna"}})
	expect("at two", "6001", `linkv "Anna" "";rongcloud "Ann" "https://a.example/1.png";`)
}

func TestAUserIsBlockedAtEveryVendorThatCan(t *testing.T) {
	p := startSurface(t, nil)
	n := 0
	do := func(path string, body any) (answer, map[string]string) {
		t.Helper()
		n++
		got := p.do(t, request{Path: "/api/server/users/" + path, Header: with(serverKey, "Idempotency-Key", fmt.Sprint("block-", n)), Body: body})
		states := map[string]string{}
		for _, r := range rowsIn(t, got) {
			states[r.Vendor] = r.State
		}
		again := p.do(t, request{Path: "/api/server/users/" + path, Header: with(serverKey, "Idempotency-Key", fmt.Sprint("block-", n)), Body: body})
		if got.Code != 100108 && (string(again.Data) != string(got.Data) || again.Header.Get("Idempotent-Replayed") != "true") {
			t.Errorf("%s, repeated: %s", path, again.Body)
		}
		return got, states
	}
	expect := func(what string, got answer, states map[string]string, code int, rong, linkv string) {
		t.Helper()
		if got.Code != code || states["rongcloud"] != rong || states["linkv"] != linkv || len(states) != 2 {
			t.Errorf("%s: %s", what, got.Body)
		}
	}
	held := func() string {
		t.Helper()
		var user struct {
			Known, Banned bool
			Blocks        []struct {
				Vendor string
				Until  *int64
			}
		}
		p.do(t, request{Method: "GET", Path: "/api/server/users/7001", Header: serverKey}).decode(t, &user)
		out := []string{}
		for _, b := range user.Blocks {
			if b.Until == nil || time.Until(time.Unix(*b.Until, 0)) > 30*24*time.Hour+time.Minute {
				t.Errorf("a block without an end: %+v", b)
			}
			out = append(out, b.Vendor)
		}
		return strings.Join(out, " ")
	}
	got, states := do("7001/block", nil)
	expect("for good", got, states, 0, "accepted", "accepted")
	if held() != "linkv rongcloud" {
		t.Errorf("blocked at %s", held())
	}
	got, states = do("7001/block", map[string]any{"seconds": 3600})
	expect("for an hour", got, states, 0, "accepted", "accepted")
	got, states = do("7001/unblock", nil)
	expect("in again", got, states, codePartly, "accepted", "refused")
	if held() != "linkv" {
		t.Errorf("blocked at %s", held())
	}
	p.breaker(t, "rongcloud", "open")
	got, states = do("7001/block", nil)
	expect("one away", got, states, codePartly, "refused", "accepted")
	p.breaker(t, "linkv", "open")
	got, _ = do("7001/block", nil)
	if got.Status != 503 || got.Header.Get("Retry-After") == "" {
		t.Errorf("both away: %d %s", got.Status, got.Body)
	}
	for _, vendor := range []string{"rongcloud", "linkv"} {
		p.breaker(t, vendor, "closed")
	}
	spoil(t, p.mock(t, "rongcloud"), "", 3, map[string]any{"kind": "drop"})
	got, states = do("7001/block", nil)
	expect("one in doubt", got, states, codePartly, "unknown", "accepted")
	p.forget(t, "rongcloud", "faults")
	r := request{Path: "/api/server/users/7001/block", Header: with(serverKey, "Idempotency-Key", fmt.Sprint("block-", n))}
	p.settles(t, r)
	for _, row := range rowsIn(t, p.do(t, r)) {
		if row.State != "accepted" || row.Until == nil {
			t.Errorf("settled: %+v", row)
		}
	}
	if held() != "linkv rongcloud" {
		t.Errorf("in doubt, blocked at %s", held())
	}
}

func TestAUsersSessionsEndAsFarAsEachSideCan(t *testing.T) {
	p := startSurface(t, nil)
	token := p.tokenOf(t, "8001", 1)
	socket, sse := p.ws(t, token, ""), p.ws(t, p.tokenOf(t, "8001", 2), "")
	header := p.as(t, "8001")
	p.credential(t, header)
	presence := func(id string) (state string, here bool, reason *string) {
		t.Helper()
		var out struct {
			Users []struct {
				ID, State string
				Here      bool
			}
			Reason *string
		}
		p.do(t, request{Path: "/api/server/users/presence", Header: serverKey, Body: map[string]any{"users": []string{"1", id}}}).decode(t, &out)
		if len(out.Users) != 2 || out.Users[1].ID != id {
			t.Fatalf("%+v", out)
		}
		return out.Users[1].State, out.Users[1].Here, out.Reason
	}
	if state, here, reason := presence("8001"); state != "online" || !here || reason != nil {
		t.Errorf("with sockets: %s, %v, %v", state, here, reason)
	}
	var ended struct {
		Rows  []struct{ ID, State, Vendor string }
		Stays []struct{ Vendor, What string }
	}
	phone, plain := p.dial(t, "/notify?protoc=ws&device=phone&token="+token), p.ws(t, p.tokenOf(t, "8001", 3), "")
	for device, gone := range map[string]*websocket.Conn{"phone": phone, "3": plain} { // who named none is of the platform
		got := p.do(t, request{Method: "DELETE", Path: "/api/server/users/8001/sessions/" + device, Header: serverKey})
		got.decode(t, &ended)
		if got.Code != 0 || fmt.Sprint(ended.Rows) != "[{connections accepted switchboard}]" ||
			fmt.Sprint(ended.Stays) != "[{switchboard client tokens, until they expire} {rongcloud credentials} {rongcloud connections} {linkv credentials} {linkv connections}]" {
			t.Errorf("%s: %s", device, got.Body)
		}
		if code := closing(t, gone); code != 3504 {
			t.Errorf("%s ended with %d", device, code)
		}
	}
	waitFor(t, "that the two others stay", func() bool { return p.gauge(t, "switchboard_sessions") == 2 })
	asked := p.tokensAsked(t, "8001")
	got := p.do(t, request{Method: "DELETE", Path: "/api/server/users/8001/sessions", Header: serverKey})
	got.decode(t, &ended)
	if got.Code != 0 || fmt.Sprint(ended.Rows) != "[{connections accepted switchboard} {credentials accepted rongcloud}]" ||
		fmt.Sprint(ended.Stays) != "[{switchboard client tokens, until they expire} {rongcloud connections} {linkv credentials} {linkv connections}]" {
		t.Errorf("%s", got.Body)
	}
	for _, s := range []int{closing(t, socket), closing(t, sse)} {
		if s != 3504 {
			t.Errorf("a socket ended with %d", s)
		}
	}
	waitFor(t, "that nobody is here", func() bool { _, here, _ := presence("8001"); return !here })
	if state, _, _ := presence("8001"); state != "offline" {
		t.Errorf("without sockets: %s", state)
	}
	p.credential(t, header)
	if n := p.tokensAsked(t, "8001"); n != asked+1 {
		t.Errorf("the voided credential is given again: asked %d times after %d", n, asked)
	}
	p.breaker(t, "rongcloud", "open")
	if got := p.do(t, request{Method: "DELETE", Path: "/api/server/users/8001/sessions", Header: serverKey}); got.Code != codePartly || !strings.Contains(string(got.Data), `"refused"`) {
		t.Errorf("with the vendor away: %s", got.Body)
	}
	p.breaker(t, "linkv", "open")
	if state, _, reason := presence("8001"); state != "unknown" || reason == nil {
		t.Errorf("with nobody to ask: %s, %v", state, reason)
	}
}

func TestAnAppDoesNothingAboutAnothersUsers(t *testing.T) {
	p := startSurface(t, withOtherApp)
	for _, r := range []request{
		{Path: "/api/server/users/9001/block"},
		{Path: "/api/server/users/9001/unblock"},
	} {
		r.Header = otherServer
		if got := p.do(t, r); got.Code == 0 || got.Code == codePartly {
			t.Errorf("%s: %d %s", r.Path, got.Status, got.Body)
		}
	}
	got := p.do(t, request{Method: "DELETE", Path: "/api/server/users/9001/sessions", Header: otherServer})
	if got.Code != codePartly || !strings.Contains(string(got.Data), "other apps have users") {
		t.Errorf("sessions: %s", got.Body)
	}
	if n := p.calls(t, "rongcloud") + p.calls(t, "linkv"); n != 0 {
		t.Errorf("%d calls about users whom apps share", n)
	}
	var user struct{ Known bool }
	p.tokenIn(t, sandboxApp, "9001")
	p.do(t, request{Method: "GET", Path: "/api/server/users/9001", Header: otherServer}).decode(t, &user)
	if user.Known {
		t.Error("a user of another app is known")
	}
}

func TestWhatCannotBeAUsersIsRefusedBeforeAnyCall(t *testing.T) {
	p := startSurface(t, nil)
	before := p.calls(t, "rongcloud") + p.calls(t, "linkv")
	for _, c := range []struct{ method, path, body string }{
		{"PUT", "", `{}`}, {"PUT", "", `{"users":[{"id":"1"}]}`}, {"PUT", "", `{"users":[{"name":"x"}]}`}, {"PUT", "/1", `{}`},
		{"POST", "/presence", `{"users":[]}`}, {"POST", "/push", `{"users":["1"]}`}, {"POST", "/1/block", `{"seconds":-1}`}, {"POST", "/1/block", `{"seconds":"soon"}`},
		{"POST", "/1/blacklist", `{}`}, {"DELETE", "/1/blacklist", `{"users":[""]}`}, {"GET", "/1/blacklist?cursor=%21", ""}, {"GET", "/1/blacklist?limit=201", ""},
		{"POST", "/1/remarks", `{"names":[{"id":"2"}]}`}, {"DELETE", "/1/remarks", `{}`}, {"PUT", "/1/notices", `{"kind":"user","target":"2","level":"loud"}`},
		{"PUT", "/1/notices", `{"kind":"planet","target":"2","level":"none"}`}, {"GET", "/1/notices", ""}, {"GET", "/" + strings.Repeat("x", 65), ""},
	} {
		r := request{Method: c.method, Path: "/api/server/users" + c.path, Header: serverKey, Bad: true}
		if c.body != "" {
			r.Body = c.body
		}
		if got := p.do(t, r); got.Status != 400 || got.Code != 100101 {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, got.Status, got.Body)
		}
	}
	if n := p.calls(t, "rongcloud") + p.calls(t, "linkv"); n != before {
		t.Errorf("%d calls for what cannot be", n-before)
	}
}

// A vendor that hangs takes the time of no other, nor of the ban itself.
func TestABanDoesNotWaitForAVendorThatHangs(t *testing.T) {
	p := startSurface(t, func(c *Config) { c.Deadline = 2 * time.Second })
	p.as(t, "9100")
	spoil(t, p.mock(t, "rongcloud"), "*", 9, map[string]any{"kind": "hang"})
	got := p.do(t, request{Path: "/api/server/users/9100/ban", Header: serverKey})
	if !strings.Contains(string(got.Data), `"vendor":"linkv","told":true`) || !strings.Contains(string(got.Data), `"vendor":"rongcloud","told":false`) {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	var user struct{ Banned bool }
	p.do(t, request{Method: "GET", Path: "/api/server/users/9100", Header: serverKey}).decode(t, &user)
	if !user.Banned {
		t.Error("the ban does not hold")
	}
}
