package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchboard/app/access"
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
	w.linkv = linkv
	w.process = start(t, func(c *Config) {
		c.Deadline = 400 * time.Millisecond
		c.Ledger.FirstCheck, c.Ledger.GiveUp = 20*time.Millisecond, 2*time.Second
		c.AdminKey, c.Apps = sandboxAdmin, access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret}}
		c.RongCloud.AppKey, c.RongCloud.AppSecret, c.RongCloud.BaseURL = "app", "secret", w.rong.URL
		c.LinkV.AppID, c.LinkV.AppKey, c.LinkV.AppSecret = account.AppID, account.AppKey, vendors.Secret(account.AppSecret)
		c.LinkV.LiveAppID, c.LinkV.LiveAppSecret, c.LinkV.BaseURL = account.LiveAppID, vendors.Secret(account.LiveAppSecret), linkv.URL
	})
	for _, v := range []string{"rongcloud", "linkv"} { // every round is to reach its vendors
		w.operate(t, "POST", "/admin/vendors/"+v+"/breaker", `{"by":"test","mode":"closed"}`, nil)
	}
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
func (w *world) user() string      { return fmt.Sprint("user-", w.round) }

func (w *world) request(d deed) request {
	header := with(with(serverKey, "Idempotency-Key", d.name), "X-Request-Id", d.name)
	if d.coins {
		return request{Path: "/api/server/wallet/adjust", Header: header, Body: map[string]any{"uid": w.user(), "delta": d.delta, "request_id": d.name}}
	}
	return request{Path: "/api/server/im/send/tip", Header: header, Body: map[string]any{"from": 1, "targets": []string{w.user()}, "msg": "text of " + d.name + "."}}
}

// state waits until the ledger's entry has ended; "" when nothing was written down.
func (w *world) state(t testing.TB, name string) string {
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
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

// spoils is what a vendor may do to one call, executed or not.
var spoils = []mock.Action{
	{Kind: mock.Drop}, {Kind: mock.Drop, After: true}, {Kind: mock.Reset}, {Kind: mock.Reset, After: true},
	{Kind: mock.Truncate}, {Kind: mock.Garbage, After: true}, {Kind: mock.HTML, Status: 502, After: true}, {Kind: mock.HTML, Status: 502},
	{Kind: mock.Throttle}, {Kind: mock.Delay, Wait: 100 * time.Millisecond}, {Kind: mock.Hang}, {Kind: mock.Hang, After: true},
	{Kind: mock.Status, Status: 503},
}

// Random writes, repeats and pairs of equal requests at once, while vendors drop,
// delay, and execute and then drop. At most one execution for each key, no write
// served by two vendors, every ledger entry ends, and the coins are those that
// were applied. A failure shrinks to a seed.
func TestOutcomesAreHonestWhateverVendorsDo(t *testing.T) {
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
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
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
	})
}

func (w *world) judge(t testing.TB, rt *rapid.T, deeds []deed) {
	sure, unsure := int64(worldCoins), []int64{0}
	for _, d := range deeds {
		state := w.state(t, d.name)
		if d.coins {
			switch state {
			case "done":
				sure += int64(d.delta)
			case "unknown": // it was looked into for two seconds only
				for _, u := range unsure {
					unsure = append(unsure, u+int64(d.delta))
				}
			}
			continue
		}
		n := w.received(d)
		if n > 1 || state == "done" && n != 1 || (state == "refused" || state == "failed" || state == "") && n != 0 {
			rt.Fatalf("%s is %q in the ledger, and was delivered %d times", d.name, state, n)
		}
	}
	balance := w.linkv.Default().Balance(w.user())
	for _, u := range unsure {
		if balance == sure+u || balance == 0 && sure == worldCoins { // 0: the vendor never heard of the user
			return
		}
	}
	rt.Fatalf("%d coins at the vendor; the ledger says %d, give or take %v", balance, sure, unsure)
}
