package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/app/sqldb/sqldbtest"
)

var adminKey = map[string]string{"admin-key": sandboxAdmin}

// with adds a header to some.
func with(header map[string]string, name, value string) map[string]string {
	out := map[string]string{name: value}
	for k, v := range header {
		out[k] = v
	}
	return out
}

// operate asks the admin API and decodes its answer.
func (p *process) operate(t testing.TB, method, path string, body, v any) {
	t.Helper()
	got := p.do(t, request{Method: method, Path: path, Header: adminKey, Body: body})
	if got.Status != 200 {
		t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Body)
	}
	if v == nil {
		return
	}
	if err := json.Unmarshal(got.Body, v); err != nil {
		t.Fatal(err)
	}
}

// served counts how many calls of op the mock executed or was asked for.
func served(t testing.TB, mock, op string) int {
	t.Helper()
	var journal []struct {
		Op       string `json:"op"`
		Executed bool   `json:"executed"`
	}
	if err := json.Unmarshal([]byte(get(t, mock+"/_mock/journal?op="+op)), &journal); err != nil {
		t.Fatal(err)
	}
	return len(journal)
}

func heal(t testing.TB, mock string) {
	t.Helper()
	req, _ := http.NewRequest(http.MethodDelete, mock+"/_mock/faults", nil)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

func TestOperatorSwitchesARouteAndEveryReplicaFollows(t *testing.T) {
	store := on(sqldbtest.Postgres(t), "")
	one, two := start(t, store), start(t, store)
	tip := request{Path: "/api/server/im/send/tip", Header: serverKey, Body: `{"from":1,"targets":[2],"msg":"x"}`}
	if got := two.do(t, tip); got.Code != 0 {
		t.Fatalf("%s", got.Body)
	}
	rong := two.mock(t, "rongcloud")
	before := served(t, rong, "message.private.publish")
	var routes struct {
		Version  int64
		Routes   map[string]struct{ Vendors []struct{ Vendor string } }
		Switched map[string]any
		Audit    []struct{ By, Reason string }
	}
	one.operate(t, "PUT", "/admin/routes", `{"by":"ann","reason":"rongcloud is slow","version":0,"routes":{"messages":"linkv"}}`, &routes)
	if routes.Version != 1 || routes.Routes["messages"].Vendors[0].Vendor != "linkv" || routes.Audit[0].By != "ann" || len(routes.Routes["tokens"].Vendors) < 2 {
		t.Fatalf("%+v", routes)
	}
	deadline := time.Now().Add(60 * time.Second)
	for since := time.Now(); routes.Version != 1 || routes.Switched["messages"] == nil || time.Since(since) == 0; {
		two.operate(t, "GET", "/admin/routes", nil, &routes)
		if time.Now().After(deadline) {
			t.Fatalf("the other replica does not follow: %+v", routes)
		}
	}
	for len(two.routesOf(t, "messages")) != 1 {
		if time.Now().After(deadline) {
			t.Fatal("the other replica does not follow")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := two.do(t, tip); got.Code != 0 || served(t, rong, "message.private.publish") != before {
		t.Fatalf("the other replica still asks rongcloud: %s", got.Body)
	}
	if got := one.do(t, request{Method: "PUT", Path: "/admin/routes", Header: adminKey, Body: `{"by":"bob","version":0,"routes":{}}`}); got.Status != 409 {
		t.Errorf("a route that changed since: %d %s", got.Status, got.Body)
	}
	one.operate(t, "PUT", "/admin/routes", `{"by":"ann","routes":{}}`, &routes)
	if len(routes.Routes["messages"].Vendors) < 2 {
		t.Errorf("back to configuration: %+v", routes)
	}
}

func (p *process) routesOf(t testing.TB, capability string) []string {
	t.Helper()
	var routes struct {
		Routes map[string]struct{ Vendors []struct{ Vendor string } }
	}
	p.operate(t, "GET", "/admin/routes", nil, &routes)
	var out []string
	for _, v := range routes.Routes[capability].Vendors {
		out = append(out, v.Vendor)
	}
	return out
}

func TestOperatorOpensABreakerAndSeesIt(t *testing.T) {
	p := start(t, nil)
	tip := request{Path: "/api/server/im/send/tip", Header: with(serverKey, "X-Request-Id", "drill-1"), Body: `{"from":1,"targets":[2],"msg":"x"}`}
	var seen struct {
		Vendors []struct {
			Name     string
			Healthy  bool
			Breakers []struct{ Class, State, Mode string }
		}
	}
	p.operate(t, "POST", "/admin/vendors/rongcloud/breaker", `{"by":"ann","class":"write","mode":"open"}`, &seen)
	for _, v := range seen.Vendors {
		if v.Healthy != (v.Name != "rongcloud") {
			t.Errorf("%s: healthy is %v", v.Name, v.Healthy)
		}
	}
	before := served(t, p.mock(t, "rongcloud"), "message.private.publish")
	if got := p.do(t, tip); got.Code != 0 || served(t, p.mock(t, "rongcloud"), "message.private.publish") != before {
		t.Fatalf("the next vendor should serve: %s", got.Body)
	}
	var why struct {
		Writes []struct {
			State, Outcome, Vendor string
			Steps                  []struct {
				Vendor, Note, Outcome string
				Skipped               bool
			}
		}
	}
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) { // written down soon after
		if got := p.do(t, request{Method: "GET", Path: "/admin/explain/drill-1", Header: adminKey}); got.Status == 200 || time.Now().After(deadline) {
			break
		}
	}
	p.operate(t, "GET", "/admin/explain/drill-1", nil, &why)
	if len(why.Writes) != 1 || why.Writes[0].State != "done" || why.Writes[0].Vendor != "linkv" {
		t.Fatalf("%+v", why)
	}
	steps := why.Writes[0].Steps
	if len(steps) != 3 || !strings.Contains(steps[0].Note, "candidates") || !steps[1].Skipped || !strings.Contains(steps[1].Note, "opened by an operator: circuit breaker is open") || steps[2].Outcome != "ok" {
		t.Errorf("%+v", steps)
	}
	p.operate(t, "POST", "/admin/vendors/rongcloud/breaker", `{"by":"ann","mode":"auto"}`, &seen)
	if got := p.do(t, tip); got.Code != 0 || served(t, p.mock(t, "rongcloud"), "message.private.publish") != before+1 {
		t.Fatalf("rongcloud should serve again: %s", got.Body)
	}
	metrics := get(t, p.URL+"/metrics")
	for _, line := range []string{
		`switchboard_vendor_breaker_mode{class="write",mode="auto",vendor="rongcloud"} 1`,
		`switchboard_ledger_writes_total{op="message.send.user",state="done"} 2`,
		`switchboard_vendor_attempts_total{class="write",vendor="rongcloud"} 1`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("/metrics has no %s", line)
		}
	}
}

func TestReadsAreExplainedByTheProcessThatMadeThem(t *testing.T) {
	p := start(t, nil)
	check := request{Path: "/api/v1/im/before/check", Header: with(p.as(t, "alice"), "X-Request-Id", "read-1"), Body: `{"rc_msg":"RC:TxtMsg","peer_uid":1002,"content":"hi"}`}
	p.do(t, request{Path: check.Path, Header: p.as(t, "alice"), Body: check.Body}) // the vendor knows alice from now on
	spoil(t, p.mock(t, "linkv"), "*", 1, map[string]any{"kind": "status", "status": 503})
	if got := p.do(t, check); got.Code != 0 {
		t.Fatalf("a read is tried again: %s", got.Body)
	}
	var why struct {
		Node   string
		Writes []any
		Reads  []struct {
			Route string
			Steps []struct {
				Vendor, Op, Outcome, Note string
				Skipped                   bool
			}
		}
	}
	p.operate(t, "GET", "/admin/explain/read-1", nil, &why)
	if why.Node == "" || len(why.Writes) != 0 || len(why.Reads) != 1 || why.Reads[0].Route != check.Path {
		t.Fatalf("%+v", why)
	}
	steps := why.Reads[0].Steps
	if len(steps) != 3 || steps[0].Op != "wallet" || steps[0].Note != "candidates, ordered: linkv" || steps[0].Skipped ||
		steps[1].Vendor != "linkv" || steps[1].Outcome == "ok" || steps[2].Outcome != "ok" || steps[2].Op != "wallet.balance" {
		t.Errorf("%+v", steps)
	}
}

func TestCapabilitiesShowWhoCanDoWhat(t *testing.T) {
	p := start(t, nil)
	var matrix struct {
		Abilities []string
		Vendors   map[string][]string
	}
	p.operate(t, "GET", "/admin/capabilities", nil, &matrix)
	for vendor, can := range map[string]map[string]bool{
		"linkv": {
			"wallet": true, "wallet.orders": true, "groups.rename": true, "groups.transfer": true, "groups.list": true,
			"groups.mute_members": true, "groups.mute": true, "messages.broadcast": false, "users.profile": false, "chatrooms.mute": false,
		},
		"rongcloud": {
			"messages.broadcast": true, "users.profile": true, "chatrooms.mute": true, "chatrooms.block": true, "groups.rename": true,
			"groups.list": true, "groups.mute_members": true, "groups.mute": true, "groups.transfer": false, "wallet": false, "wallet.orders": false,
		},
		"youme": {"rooms.calls": true, "groups": false, "groups.list": false, "messages.broadcast": false},
	} {
		for ability, want := range can {
			if got := slices.Contains(matrix.Vendors[vendor], ability); got != want || !slices.Contains(matrix.Abilities, ability) {
				t.Errorf("%s, %s: %t, want %t; abilities %v", vendor, ability, got, want, matrix.Abilities)
			}
		}
	}
}

func TestAdminIsForOperatorsAlone(t *testing.T) {
	p := start(t, nil)
	for _, c := range []struct {
		name, method, path string
		header             map[string]string
		body               any
		status             int
	}{
		{"no key", "GET", "/admin/routes", nil, nil, 401},
		{"wrong key", "GET", "/admin/vendors", map[string]string{"admin-key": "guess"}, nil, 401},
		{"server key", "GET", "/admin/vendors", serverKey, nil, 401},
		{"unknown request", "GET", "/admin/explain/nothing", adminKey, nil, 404},
		{"nobody's name", "PUT", "/admin/routes", adminKey, `{"routes":{}}`, 400},
		{"mistyped field", "PUT", "/admin/routes", adminKey, `{"by":"ann","routes":{"messages":{"vendors":[],"mod":"hash"}}}`, 400},
		{"no routes", "PUT", "/admin/routes", adminKey, `{"by":"ann"}`, 400},
		{"unknown vendor", "PUT", "/admin/routes", adminKey, `{"by":"ann","routes":{"messages":"nobody"}}`, 422},
		{"unknown capability", "PUT", "/admin/routes", adminKey, `{"by":"ann","routes":{"message":"rongcloud"}}`, 422},
		{"vendor that cannot", "PUT", "/admin/routes", adminKey, `{"by":"ann","routes":{"wallet":"rongcloud"}}`, 422},
		{"unknown mode", "POST", "/admin/vendors/linkv/breaker", adminKey, `{"by":"ann","mode":"shut"}`, 400},
		{"unknown account", "POST", "/admin/vendors/nobody/breaker", adminKey, `{"by":"ann","mode":"open"}`, 422},
		{"unknown class", "POST", "/admin/vendors/linkv/breaker", adminKey, `{"by":"ann","mode":"open","class":"writes"}`, 422},
	} {
		if got := p.do(t, request{Method: c.method, Path: c.path, Header: c.header, Body: c.body, Bad: true}); got.Status != c.status || got.Error == "" {
			t.Errorf("%s: %d %s", c.name, got.Status, got.Body)
		}
	}
	closed := start(t, func(c *Config) { c.AdminAllow = nil })
	if got := closed.do(t, request{Method: "GET", Path: "/admin/routes", Header: adminKey}); got.Status != 403 {
		t.Errorf("a peer outside the allowed networks: %d", got.Status)
	}
}

func TestRepeatedWriteGetsItsFirstAnswer(t *testing.T) {
	p := start(t, func(c *Config) { c.Route.Messages = "rongcloud" })
	rong := p.mock(t, "rongcloud")
	tip := request{Path: "/api/server/im/send/tip", Header: with(serverKey, "Idempotency-Key", "tip-1"), Body: `{"from":1,"targets":[2],"msg":"x"}`}
	first := p.do(t, tip)
	second := p.do(t, tip)
	if first.Code != 0 || string(second.Body) != string(first.Body) || second.Header.Get("Idempotent-Replayed") != "true" || first.Header.Get("Idempotent-Replayed") != "" {
		t.Errorf("%s, then %s", first.Body, second.Body)
	}
	if n := served(t, rong, "message.private.publish"); n != 1 {
		t.Errorf("sent %d times", n)
	}
	other := tip
	other.Body = `{"from":1,"targets":[2],"msg":"y"}`
	if got := p.do(t, other); got.Status != 409 || got.Code != 100113 {
		t.Errorf("the key for another message: %d %s", got.Status, got.Body)
	}
	tip.Header = with(serverKey, "Idempotency-Key", strings.Repeat("k", 129))
	tip.Bad = true
	if got := p.do(t, tip); got.Status != 400 {
		t.Errorf("a long key: %d %s", got.Status, got.Body)
	}
}

func TestWriteInDoubtIsSettledByAskingTheVendor(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	linkv := p.mock(t, "linkv")
	alice := p.as(t, "alice")
	adjust := func(id string, delta int) request {
		return request{Path: "/api/server/wallet/adjust", Header: with(serverKey, "X-Request-Id", "req-"+id), Body: map[string]any{"uid": "alice", "delta": delta, "request_id": id}}
	}
	balance := func() (n int) {
		var data struct{ Balance int }
		p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: alice}).decode(t, &data)
		return data.Balance
	}
	start := balance()
	for _, executed := range []bool{true, false} {
		id := fmt.Sprint("doubt-", executed)
		before := balance()
		spoil(t, linkv, "wallet.adjust", 1000, map[string]any{"kind": "drop", "after": executed})
		if got := p.do(t, adjust(id, -10)); got.Status != 504 || got.Code != 100109 {
			t.Fatalf("executed %v: %d %s", executed, got.Status, got.Body)
		}
		heal(t, linkv)
		for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			got := p.do(t, adjust(id, -10))
			if got.Code == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("executed %v: still %s", executed, got.Body)
			}
		}
		if balance() != before-10 {
			t.Errorf("executed %v: %d coins, then %d", executed, before, balance())
		}
	}
	if got := p.do(t, adjust("doubt-true", -11)); got.Status != 409 {
		t.Errorf("the request id for another amount: %d %s", got.Status, got.Body)
	}
	if got := p.do(t, adjust("much", -1_000_000)); got.Code != 1003 {
		t.Errorf("too much: %s", got.Body)
	}
	if balance() != start-20 {
		t.Errorf("%d coins, then %d", start, balance())
	}
}

// Fifty requests with one key: the vendor hears of one, and every caller
// gets its answer or is told to wait.
func TestStampedeOfOneKeyIsOneWrite(t *testing.T) {
	p := start(t, func(c *Config) { c.Route.Messages = "rongcloud" })
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			got := p.do(t, request{Path: "/api/server/im/send/tip", Header: with(serverKey, "Idempotency-Key", "one"), Body: `{"from":1,"targets":[2],"msg":"x"}`})
			if got.Code != 0 && (got.Status != 409 || got.Header.Get("Retry-After") == "") {
				t.Errorf("%d %s", got.Status, got.Body)
			}
		})
	}
	wg.Wait()
	if n := served(t, p.mock(t, "rongcloud"), "message.private.publish"); n != 1 {
		t.Errorf("sent %d times", n)
	}
}
