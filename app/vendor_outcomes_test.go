package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchboard/app/access"
	"switchboard/app/conversation/relaylink"
	mocklinkv "switchboard/mocks/linkv"
	"switchboard/mocks/mock"
	mockrong "switchboard/mocks/rongcloud"
	"switchboard/vendors"
)

// world is the program between two vendors whose ends can be read.
type world struct {
	*process
	rong  *mockrong.Server
	linkv *mocklinkv.Server
	app   *backEnd // is told of what the vendors report
	round int
}

const worldCoins = 1000

func startWorld(t testing.TB) *world {
	t.Helper()
	w := &world{rong: startRong(t, "secret")}
	account := mocklinkv.Account{AppID: "a", AppKey: "k", AppSecret: "s", LiveAppID: "LM6000000000000000000001", LiveAppSecret: "s"}
	linkv, err := mocklinkv.Start(mocklinkv.Config{Account: account, StartBalance: worldCoins})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = linkv.Close() })
	w.linkv, w.app = linkv, &backEnd{t: t}
	receiver := httptest.NewServer(w.app)
	t.Cleanup(receiver.Close)
	w.process = start(t, func(c *Config) {
		c.Deadline = 400 * time.Millisecond
		c.Ledger.FirstCheck, c.Ledger.GiveUp = 20*time.Millisecond, 2*time.Second
		c.Relay, c.Events.URL, c.Events.Secret = relaylink.Both, receiver.URL, hookSecret
		c.AdminKey, c.Apps = sandboxAdmin, access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret}}
		c.RongCloud.AppKey, c.RongCloud.AppSecret, c.RongCloud.BaseURL = "app", "secret", w.rong.URL
		c.LinkV.AppID, c.LinkV.AppKey, c.LinkV.AppSecret = account.AppID, account.AppKey, vendors.Secret(account.AppSecret)
		c.LinkV.LiveAppID, c.LinkV.LiveAppSecret, c.LinkV.BaseURL = account.LiveAppID, vendors.Secret(account.LiveAppSecret), linkv.URL
	})
	for _, v := range []string{"rongcloud", "linkv"} { // every round is to reach its vendors
		w.operate(t, "POST", "/admin/vendors/"+v+"/breaker", `{"by":"test","mode":"closed"}`, nil)
	}
	w.rong.Default().Callbacks.Target("callback.message", w.URL+"/callbacks/rongcloud")
	// A request of 400 ms may be too short for a busy machine: the vendor tells again.
	w.rong.Default().Callbacks.Schedule(slices.Repeat([]time.Duration{100 * time.Millisecond}, 100)...)
	return w
}

// deed is one write of a round. Whoever repeats it sends the same key and the
// same request id.
type deed struct {
	coins bool
	delta int
	name  string
}

func (w *world) name(i int) string { return fmt.Sprintf("deed-%d-%d", w.round, i) }
func (w *world) user() string      { return fmt.Sprint("user", w.round) }
func (w *world) peer() string      { return fmt.Sprint("peer", w.round) }

func (w *world) request(d deed) request {
	header := with(with(serverKey, "Idempotency-Key", d.name), "X-Request-Id", d.name)
	if d.coins {
		return request{Path: "/api/server/wallet/adjust", Header: header, Body: map[string]any{"uid": w.user(), "delta": d.delta, "request_id": d.name}}
	}
	return request{Path: "/api/server/im/send/tip", Header: header, Body: map[string]any{"from": 1, "targets": []string{w.user()}, "msg": "text of " + d.name + "."}}
}

// state waits until the ledger's entry has ended; "" when nothing was written down.
func (w *world) state(t testing.TB, name string) string {
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		got := w.do(t, request{Method: "GET", Path: "/admin/explain/" + name, Header: adminKey})
		var why struct{ Writes []struct{ State string } }
		if err := json.Unmarshal(got.Body, &why); err != nil || len(why.Writes) > 1 {
			t.Fatalf("%s: %s", name, got.Body)
		}
		if len(why.Writes) == 0 {
			return ""
		}
		if why.Writes[0].State != "open" && why.Writes[0].State != "doubt" {
			return why.Writes[0].State
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not end: %s", name, got.Body)
		}
	}
}

// received counts how often either vendor delivered the deed's text.
func (w *world) received(d deed) (n int) {
	text := "text of " + d.name + "."
	for _, m := range w.rong.Default().Inbox(w.user()) {
		if strings.Contains(m.Content, text) {
			n++
		}
	}
	for _, m := range w.linkv.Default().Inbox(w.user()) {
		if strings.Contains(m.Content, text) {
			n++
		}
	}
	return n
}

// say lets a user of the vendor's own client send text to the round's user.
func (w *world) say(t testing.TB, rt *rapid.T, text string) {
	far := w.rong.Default()
	for _, user := range []string{w.user(), w.peer()} {
		w.as(t, user)
		far.AddUser(user, user)
	}
	content, _ := json.Marshal(map[string]string{"content": text})
	if _, err := far.Send(mockrong.ClientMessage{From: w.peer(), Kind: mockrong.Private, Target: w.user(), ObjectName: "RC:TxtMsg", Content: string(content)}); err != nil {
		rt.Fatal(err)
	}
}

// told waits until the app was told of each text of the round, and returns how
// often it was, by text.
func (w *world) told(rt *rapid.T, texts []string) map[string]int {
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		times := map[string]int{}
		w.app.mu.Lock()
		for _, e := range w.app.got {
			if slices.Contains(texts, e.Data.Text) {
				times[e.Data.Text]++
			}
		}
		w.app.mu.Unlock()
		if len(times) == len(texts) {
			return times
		}
		if time.Now().After(deadline) {
			rt.Fatalf("of %q the app was told %v", texts, times)
		}
	}
}

// stored counts the texts in the conversation that the vendor's messages made.
func (w *world) stored(t testing.TB) map[string]int {
	var made struct {
		ConvID string `json:"conv_id"`
	}
	w.im(t, "POST", "/im/conversations", map[string]any{"client_id": w.user(), "to_client_ids": []string{w.peer()}, "conv_type": 1}).decode(t, &made)
	var page struct{ Data []struct{ Text string } }
	w.im(t, "GET", "/im/conversations/"+made.ConvID+"/message?size=100", nil).decode(t, &page)
	times := map[string]int{}
	for _, m := range page.Data {
		times[m.Text]++
	}
	return times
}

// mostSaid leaves room for the last word: the vendor takes 5 messages a second from
// one client.
const mostSaid = 4

// strays is what may happen to what a vendor tells us.
var strays = []mock.Action{{Kind: mock.Duplicate}, {Kind: mock.Reorder}, {Kind: mock.Delay, Wait: 20 * time.Millisecond}}

// spoils is what a vendor may do to one call, executed or not.
var spoils = []mock.Action{
	{Kind: mock.Drop}, {Kind: mock.Drop, After: true}, {Kind: mock.Reset}, {Kind: mock.Reset, After: true},
	{Kind: mock.Truncate}, {Kind: mock.Garbage, After: true}, {Kind: mock.HTML, Status: 502, After: true}, {Kind: mock.HTML, Status: 502},
	{Kind: mock.Throttle}, {Kind: mock.Delay, Wait: 100 * time.Millisecond}, {Kind: mock.Hang}, {Kind: mock.Hang, After: true},
	{Kind: mock.Status, Status: 503},
}

// Random writes, repeats and pairs of equal requests at once, while vendors drop,
// delay, execute and then drop, and tell what their users say late, twice and in
// another order. At most one execution for each key, no write served by two vendors,
// every ledger entry ends, the coins are those that were applied, and what was said
// is stored and told once. A failure shrinks to a seed.
func TestOutcomesAreHonestWhateverVendorsDo(t *testing.T) {
	t.Parallel()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		_ = f.Value.Set("12") // of about a second each; -rapid.checks asks for more
		defer func() { _ = f.Value.Set(f.DefValue) }()
	}
	w := startWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		w.round++
		deeds := make([]deed, rapid.IntRange(1, 3).Draw(rt, "deeds"))
		for i := range deeds {
			deeds[i] = deed{coins: rapid.Bool().Draw(rt, "coins"), delta: rapid.SampledFrom([]int{-7, -1, 5, 100}).Draw(rt, "delta"), name: w.name(i)}
		}
		var said []string
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			if len(said) < mostSaid && rapid.Bool().Draw(rt, "says") {
				if rapid.Bool().Draw(rt, "astray") {
					w.rong.Default().Faults.Next("callback.message", rapid.IntRange(1, 2).Draw(rt, "times"), rapid.SampledFrom(strays).Draw(rt, "stray"))
				}
				said = append(said, fmt.Sprintf("word-%d-%d", w.round, len(said)))
				w.say(t, rt, said[len(said)-1])
			}
			d := deeds[rapid.IntRange(0, len(deeds)-1).Draw(rt, "deed")]
			for _, faults := range []*mock.Faults{w.rong.Default().Faults, w.linkv.Default().Faults} {
				if rapid.Bool().Draw(rt, "spoilt") {
					faults.Next("", rapid.IntRange(1, 3).Draw(rt, "times"), rapid.SampledFrom(spoils).Draw(rt, "fault"))
				}
			}
			var wg sync.WaitGroup
			for range rapid.IntRange(1, 2).Draw(rt, "at once") {
				wg.Go(func() { w.do(t, w.request(d)) })
			}
			wg.Wait()
		}
		w.rong.Default().Faults.Clear()
		w.linkv.Default().Faults.Clear()
		w.judge(t, rt, deeds)
		w.judgeSaid(t, rt, said)
	})
}

func (w *world) judgeSaid(t testing.TB, rt *rapid.T, said []string) {
	if len(said) == 0 {
		return
	}
	w.rong.Default().Callbacks.Wait()
	said = append(said, fmt.Sprintf("last word-%d", w.round)) // behind it comes what was held back
	w.say(t, rt, said[len(said)-1])
	w.rong.Default().Callbacks.Wait()
	told, stored := w.told(rt, said), w.stored(t)
	for _, text := range said {
		if told[text] != 1 || stored[text] != 1 {
			rt.Fatalf("%q was told %d times and stored %d times", text, told[text], stored[text])
		}
	}
}

func (w *world) judge(t testing.TB, rt *rapid.T, deeds []deed) {
	coins := int64(worldCoins)
	for _, d := range deeds {
		state := w.state(t, d.name)
		if d.coins {
			if state == "unknown" { // it was looked into for two seconds only; the vendor serves again
				got := w.do(t, w.request(d))
				if state = w.state(t, d.name); state != "done" && state != "failed" || (state == "done") != (got.Code == 0) {
					rt.Fatalf("%s is %q after a repeat that was told %d %s", d.name, state, got.Status, got.Body)
				}
			}
			if state == "done" {
				coins += int64(d.delta)
			}
			continue
		}
		n := w.received(d)
		if n > 1 || state == "done" && n != 1 || (state == "refused" || state == "failed" || state == "") && n != 0 {
			rt.Fatalf("%s is %q in the ledger, and was delivered %d times", d.name, state, n)
		}
	}
	balance := w.linkv.Default().Balance(w.user())
	if balance != coins && (balance != 0 || coins != worldCoins) { // 0: the vendor never heard of the user
		rt.Fatalf("%d coins at the vendor; the ledger says %d", balance, coins)
	}
}
