package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/app/access"
	mocklivekit "switchboard/mocks/livekit"
	"switchboard/vendors/livekit/livekittest"
)

// hooks is where LiveKit's server posts its events: on to the product, or nowhere while
// they are lost.
type hooks struct {
	*httptest.Server
	product atomic.Value // address of the product, which is not known before LiveKit's
	lost    atomic.Bool
	refused atomic.Int64 // that the product did not take
}

func newHooks(t *testing.T) *hooks {
	t.Helper()
	h := &hooks{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		to, known := h.product.Load().(string)
		if h.lost.Load() || !known {
			return // LiveKit takes that for delivered
		}
		req, _ := http.NewRequest(http.MethodPost, to+"/callbacks/livekit", bytes.NewReader(body))
		req.Header = r.Header.Clone()
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			h.refused.Add(1)
		}
		w.WriteHeader(res.StatusCode)
	}))
	t.Cleanup(h.Close)
	return h
}

// realRooms is the program on LiveKit's own server, whose events reach it and from there
// the app's URL.
func realRooms(t *testing.T, server *livekittest.Server, hooks *hooks, edit func(*Config)) (*process, *backEnd) {
	t.Helper()
	app := &backEnd{t: t}
	receiver := httptest.NewServer(app)
	t.Cleanup(receiver.Close)
	p := start(t, func(c *Config) {
		c.LiveKit.BaseURL, c.LiveKit.APIKey, c.LiveKit.APISecret = server.URL, livekittest.Key, livekittest.Secret
		c.Events.URL, c.Events.Secret, c.Events.Reconcile = receiver.URL, hookSecret, 5*time.Second
		c.Ledger.FirstCheck, c.Ledger.GiveUp = 200*time.Millisecond, 30*time.Second
		c.AdminKey, c.Apps = sandboxAdmin, access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret}}
		if edit != nil {
			edit(c)
		}
	})
	hooks.product.Store(p.URL)
	return p, app
}

// order is a back end's call about a room.
func (p *process) order(t testing.TB, room, what, key string, body any) answer {
	t.Helper()
	return p.do(t, request{Path: "/api/server/rooms/" + room + "/" + what + "?vendor=livekit", Body: body, Header: with(with(serverKey, "Idempotency-Key", key), "X-Request-Id", key)})
}

// roomState is what the vendor says of a room; the status where it does not answer.
func (p *process) roomState(t testing.TB, room string) string {
	t.Helper()
	var s struct{ State string }
	got := p.do(t, request{Method: "GET", Path: "/api/server/rooms/" + room + "?vendor=livekit", Header: serverKey})
	if got.Status != http.StatusOK {
		return fmt.Sprint(got.Status)
	}
	_ = json.Unmarshal(got.Data, &s)
	return s.State
}

// enter has a user join with a token of the product's, by LiveKit's own client.
func (p *process) enter(t *testing.T, people *livekittest.Browser, room, user string) {
	t.Helper()
	p.order(t, room, "grants", "grant-"+room+user, map[string]any{"users": []any{user}, "seconds": 3600, "data": true})
	got, c := p.rtcToken(t, p.as(t, user), map[string]any{"room": room})
	if c.Token == "" {
		t.Fatalf("%s: %s", user, got.Body)
	}
	people.Ask(t, nil, "join", c.URL, c.Token, c.Room, user, []string{})
}

// ofRoom are the events of a room as "joined ann" or, from a snapshot, "left ann*".
func (b *backEnd) ofRoom(room string) (out []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.got {
		if e.Data.Target != room || e.Type == "room.synced" {
			continue
		}
		text := strings.TrimSpace(strings.TrimPrefix(e.Type, "room.") + " " + e.Data.From + strings.Join(e.Data.Users, "+"))
		if e.Data.Snapshot {
			text += "*"
		}
		out = append(out, text)
	}
	return out
}

// making calls a method of the server about a room, past the product; with the second
// key pair when it is told so.
func making(t *testing.T, server *livekittest.Server, method, room string, second bool) {
	t.Helper()
	name, secret := livekittest.Key, livekittest.Secret
	if second {
		name, secret = livekittest.SecondKey, livekittest.SecondSecret
	}
	claims := fmt.Sprintf(`{"iss":%q,"exp":%d,"video":{"roomCreate":true}}`, name, time.Now().Add(time.Minute).Unix())
	req, _ := http.NewRequest(http.MethodPost, server.URL+"/twirp/livekit.RoomService/"+method, strings.NewReader(fmt.Sprintf(`{"name":%q}`, room)))
	req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + mocklivekit.Token(secret, claims)}}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, room, res.StatusCode, answer)
	}
}

// listed reports whether a list of rooms had the room.
func (b *backEnd) listed(room string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.got, func(e hookBody) bool { return e.Type == "room.synced" && e.Data.Target == room })
}

// LiveKit's server is killed under traffic. What it cannot be asked is 503, what may have
// been done is 504 and settled when it is back; credentials need no server. Its rooms
// are gone with it, which nobody reports: the list tells it, once.
func TestRoomsComeThroughTheDeathOfLiveKit(t *testing.T) {
	t.Parallel()
	hooks := newHooks(t)
	server := livekittest.Start(t, livekittest.Options{Webhook: hooks.URL})
	p, app := realRooms(t, server, hooks, nil)
	p.order(t, "stage", "grants", "grant", map[string]any{"users": []any{"ann"}, "seconds": 3600})
	making(t, server, "CreateRoom", "stage", false)
	until(t, "the room is told, and has been listed", func() bool { return slices.Equal(app.ofRoom("stage"), []string{"created"}) && app.listed("stage") })

	calls := map[string]func(key string) answer{
		"token": func(string) answer {
			got, _ := p.rtcToken(t, p.as(t, "ann"), map[string]any{"room": "stage"})
			return got
		},
		"list": func(string) answer {
			return p.do(t, request{Method: "GET", Path: "/api/server/rooms?vendor=livekit", Header: serverKey})
		},
		"users": func(string) answer {
			return p.do(t, request{Method: "GET", Path: "/api/server/rooms/stage/users?vendor=livekit", Header: serverKey})
		},
		"data": func(key string) answer {
			return p.order(t, "stage", "data", key, map[string]any{"topic": "score", "data": "aGVsbG8="})
		},
		"kick":     func(key string) answer { return p.order(t, "stage", "kick", key, map[string]any{"user": "nobody"}) },
		"dissolve": func(key string) answer { return p.order(t, "other", "dissolve", key, map[string]any{}) },
	}
	may := map[string][]int{ // by call, what may be answered while the server is alive, dying and dead
		"token": {200}, "list": {200, 503, 504}, "users": {200, 404, 503, 504}, "data": {200, 404, 503, 504}, "kick": {404, 503, 504}, "dissolve": {404, 503, 504},
	}
	var mu sync.Mutex
	told, doubts := map[string]map[int]int{}, []string{}
	stop := make(chan struct{})
	var traffic sync.WaitGroup
	for name, call := range calls {
		told[name] = map[int]int{}
		traffic.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				key := fmt.Sprint(name, "-", i)
				got := call(key)
				mu.Lock()
				if told[name][got.Status]++; !slices.Contains(may[name], got.Status) {
					t.Errorf("%s: %d %s", name, got.Status, got.Body)
				}
				if got.Status == http.StatusGatewayTimeout && name != "list" && name != "users" && name != "token" {
					doubts = append(doubts, key)
				}
				mu.Unlock()
			}
		})
	}
	seen := func(name string, status int) bool {
		mu.Lock()
		defer mu.Unlock()
		return told[name][status] >= 3
	}
	until(t, "traffic", func() bool {
		return seen("users", 200) && seen("data", 200) && seen("kick", 404) && seen("dissolve", 404)
	})
	server.Kill()
	until(t, "a server that is dead is told as such", func() bool {
		return seen("users", 503) && seen("data", 503) && seen("kick", 503) && seen("dissolve", 503)
	})
	if opened := string(p.do(t, request{Method: "GET", Path: "/metrics"}).Body); !strings.Contains(opened, "switchboard_vendor_breaker_open") {
		t.Log("no breaker is shown")
	}
	close(stop)
	traffic.Wait()
	t.Logf("answers by call and status: %v; in doubt: %d", told, len(doubts))
	if got, c := p.rtcToken(t, p.as(t, "ann"), map[string]any{"room": "stage"}); c.Token == "" {
		t.Errorf("a credential needs no server: %s", got.Body)
	}
	before := app.ofRoom("stage")
	server.Run(t)
	until(t, "the server is asked again", func() bool { return p.roomState(t, "stage") == "absent" })
	until(t, "calls are made again", func() bool {
		return p.order(t, "stage", "kick", fmt.Sprint("again-", time.Now().UnixNano()), map[string]any{"user": "nobody"}).Status == 404
	})
	until(t, "the room's end is told", func() bool { return len(app.ofRoom("stage")) > len(before) })
	time.Sleep(12 * time.Second) // two more lists, which tell nothing
	if got := app.ofRoom("stage")[len(before):]; !slices.Equal(got, []string{"destroyed*"}) {
		t.Errorf("after the death is told %q", got)
	}
	w := &world{process: p}
	for _, key := range doubts {
		if state := w.state(t, key); state == "pending" || state == "" {
			t.Errorf("%s is still %q", key, state)
		}
	}
	until(t, "the breaker of each kind of call has closed", func() bool {
		return p.order(t, "nowhere", "data", fmt.Sprint("first-", time.Now().UnixNano()), map[string]any{"data": "aGVsbG8="}).Status == 404
	})
	absentRoomsAreNoOutage(t, p)
}

// absentRoomsAreNoOutage: LiveKit answers data into a room that is not there as if it were
// away itself, after 3 s. Many of those at once close nothing to others.
func absentRoomsAreNoOutage(t *testing.T, p *process) {
	t.Helper()
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			if got := p.order(t, "nowhere", "data", fmt.Sprint("nowhere-", i), map[string]any{"data": "aGVsbG8="}); got.Status != 404 {
				t.Errorf("data into an absent room: %d %s", got.Status, got.Body)
			}
		})
	}
	all.Wait()
	if state := p.roomState(t, "nowhere"); state != "absent" {
		t.Errorf("a read after that: %s", state)
	}
	if got := p.order(t, "nowhere", "dissolve", "after-nowhere", map[string]any{}); got.Status != 404 {
		t.Errorf("a write after that: %d %s", got.Status, got.Body)
	}
}

// Webhooks are lost while people come and go: the next lists tell it, once each, and
// what comes by webhook afterwards is told as ever.
func TestWhatLostWebhooksDidNotTellIsToldFromTheList(t *testing.T) {
	t.Parallel()
	hooks := newHooks(t)
	server := livekittest.Start(t, livekittest.Options{Webhook: hooks.URL})
	p, app := realRooms(t, server, hooks, nil)
	people := livekittest.Open(t)
	p.enter(t, people, "stage", "ann")
	p.enter(t, people, "stage", "bob")
	until(t, "both are told", func() bool {
		return slices.Contains(app.ofRoom("stage"), "joined ann") && slices.Contains(app.ofRoom("stage"), "joined bob")
	})
	time.Sleep(6 * time.Second)
	hooks.lost.Store(true)
	before := len(app.ofRoom("stage"))
	people.Ask(t, nil, "leave", "stage", "bob")
	p.enter(t, people, "stage", "eve")
	until(t, "who came and who left is told", func() bool { return len(app.ofRoom("stage")) >= before+2 })
	hooks.lost.Store(false)
	people.Ask(t, nil, "leave", "stage", "eve")
	until(t, "a webhook tells who leaves", func() bool { return slices.Contains(app.ofRoom("stage"), "left eve") })
	time.Sleep(12 * time.Second) // two more lists
	got := app.ofRoom("stage")[before:]
	if first := slices.Sorted(slices.Values(got[:min(2, len(got))])); !slices.Equal(append(first, got[min(2, len(got)):]...), []string{"joined eve*", "left bob*", "left eve"}) {
		t.Errorf("told %q", got)
	}
}

// One account has two key pairs while it changes them: webhooks signed by either are
// taken, by another none, and calls go on when the server forgets the first.
func TestLiveKitsKeysAreChangedWithoutAGap(t *testing.T) {
	hooks := newHooks(t)
	both := livekittest.Options{Webhook: hooks.URL, WebhookKey: livekittest.SecondKey, Keys: map[string]string{livekittest.Key: livekittest.Secret, livekittest.SecondKey: livekittest.SecondSecret}}
	server := livekittest.Start(t, both)
	file := filepath.Join(t.TempDir(), "accounts.json")
	pair := func(name, secret string) key {
		return key{"base_url": server.URL, "api_key": name, "api_secret": secret}
	}
	first, second := pair(livekittest.Key, livekittest.Secret), pair(livekittest.SecondKey, livekittest.SecondSecret)
	writeAccounts(t, file, map[string][]key{"livekit": {first, second}})
	p, app := realRooms(t, server, hooks, func(c *Config) {
		c.LiveKit.BaseURL, c.LiveKit.APIKey, c.LiveKit.APISecret = "", "", ""
		c.AccountsFile = file
	})
	made := func(room string, second bool) func() bool {
		making(t, server, "CreateRoom", room, second)
		return func() bool { return slices.Contains(app.ofRoom(room), "created") }
	}
	until(t, "webhooks signed by the second pair are taken", made("one", false))

	server.Kill()
	both.WebhookKey = livekittest.Key
	server.Configure(t, both)
	server.Run(t)
	until(t, "the server is asked again", func() bool { return p.roomState(t, "one") == "absent" })
	until(t, "webhooks signed by the first pair are taken", made("two", false))

	server.Kill() // the server forgets the first pair
	server.Configure(t, livekittest.Options{Webhook: hooks.URL, WebhookKey: livekittest.SecondKey, Keys: map[string]string{livekittest.SecondKey: livekittest.SecondSecret}})
	server.Run(t)
	until(t, "calls go on with the second pair", func() bool { return p.roomState(t, "two") == "absent" })
	if n := hooks.refused.Load(); n != 0 {
		t.Errorf("%d webhooks were refused", n)
	}
	until(t, "and its webhooks are taken", made("three", true))
	if got := p.do(t, request{Path: "/callbacks/livekit", Header: map[string]string{"Authorization": "none", "Content-Type": "application/webhook+json"}, Body: `{}`, Bad: true}); got.Status != 401 {
		t.Errorf("a webhook that nobody signed: %d %s", got.Status, got.Body)
	}
}
