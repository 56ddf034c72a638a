package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/app/access"
)

// spoil makes the mock at base fail the next calls of op as action says.
func spoil(t testing.TB, base, op string, times int, action map[string]any) {
	t.Helper()
	body, _ := json.Marshal(map[string]any{"match": map[string]any{"op": op, "times": times}, "action": action})
	res, err := http.Post(base+"/_mock/faults", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		t.Fatalf("the mock refuses the fault: %d", res.StatusCode)
	}
}

func param(v any) map[string]any { return map[string]any{"param": v} }

func TestMessageIsCheckedBeforeItIsSent(t *testing.T) {
	words := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(words, []byte("forbidden\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, func(c *Config) { c.Words.File = words; c.Price.Image = 1001 })
	alice := p.as(t, "alice")
	for _, c := range []struct {
		name string
		body map[string]any
		code int
	}{
		{"as the document shows it", param(map[string]any{"rc_msg": "RC:TxtMsg", "peer_uid": 12, "content": "hello"}), 0},
		{"bare, with a text id and an unknown field", map[string]any{"rc_msg": "RC:TxtMsg", "peer_uid": "12", "content": "hello", "new": 1}, 0},
		{"sensitive", param(map[string]any{"rc_msg": "RC:TxtMsg", "peer_uid": 12, "content": "so F O R B I D D E N it is"}), 100002},
		{"too dear", param(map[string]any{"rc_msg": "RC:ImgMsg", "peer_uid": 12}), 1003},
		{"free type", param(map[string]any{"rc_msg": "RC:CmdMsg", "peer_uid": 12}), 0},
		{"sensitive and too dear", param(map[string]any{"rc_msg": "RC:ImgMsg", "peer_uid": 12, "content": "forbidden"}), 100002},
	} {
		got := p.do(t, request{Path: "/api/v1/im/before/check", Header: alice, Body: c.body})
		if got.Status != 200 || got.Code != c.code || string(got.Data) != "null" || (got.Err == nil) != (c.code == 0) {
			t.Errorf("%s: %d %s", c.name, got.Status, got.Body)
		}
		if off := time.Since(time.Unix(got.Time, 0)); off < -2*time.Second || off > time.Minute {
			t.Errorf("%s: time is off by %s", c.name, off)
		}
	}
	form := p.do(t, request{Path: "/api/v1/im/before/check", Header: alice, Form: url.Values{"param": {`{"rc_msg":"RC:TxtMsg","peer_uid":12,"content":"forbidden"}`}}})
	if form.Code != 100002 {
		t.Errorf("form: %s", form.Body)
	}
}

func TestCallIsCheckedBeforeItIsMade(t *testing.T) {
	p := start(t, nil)
	rich, poor := p.as(t, "rich"), p.as(t, "poor")
	adjust := p.do(t, request{Path: "/api/server/wallet/adjust", Header: serverKey, Body: map[string]any{"uid": "poor", "delta": -971, "request_id": "take-most"}})
	if adjust.Code != 0 {
		t.Fatalf("%s", adjust.Body)
	}
	for _, c := range []struct {
		who  map[string]string
		body any
		code int
	}{{rich, param(map[string]any{}), 0}, {rich, nil, 0}, {rich, "null", 0}, {rich, `{"param":null}`, 0}, {poor, param(map[string]any{}), 1003}} {
		if got := p.do(t, request{Path: "/api/v1/video/before/check", Header: c.who, Body: c.body, Bad: c.body == nil}); got.Code != c.code || got.Status != 200 {
			t.Errorf("%v: %d %s, want %d", c.body, got.Status, got.Body, c.code)
		}
	}
}

func TestTextsAreTranslatedOnceAndInOrder(t *testing.T) {
	p := start(t, nil)
	alice := p.as(t, "alice")
	ask := func(texts ...string) []string {
		t.Helper()
		got := p.do(t, request{Path: "/api/v1/translate/action", Header: alice, Body: param(map[string]any{"text": texts, "short": "zh"})})
		if got.Code != 0 {
			t.Fatalf("%s", got.Body)
		}
		var out []string
		got.decode(t, &out)
		return out
	}
	if got := ask("hello", "world", "hello", ""); !slices.Equal(got, []string{"你好", "世界", "你好", ""}) {
		t.Errorf("got %q", got)
	}
	ask("world", "hello")
	journal := get(t, p.mock(t, "rongcloud")+"/_mock/journal")
	if n := strings.Count(journal, `"/v3/translate.json"`); n != 2 {
		t.Errorf("%d vendor calls for two distinct texts", n)
	}
	one := p.do(t, request{Path: "/api/v1/translate/action", Header: alice, Body: map[string]any{"text": "hello", "short": "zh"}})
	if string(one.Data) != `["你好"]` {
		t.Errorf("a single text: %s", one.Body)
	}
}

func TestTipAndSystemMessageReachTheirTargets(t *testing.T) {
	p := start(t, nil)
	for path, want := range map[string][]string{
		"/api/server/im/send/tip":    {"/message/private/publish.json", "RC%3AInfoNtf"},
		"/api/server/im/send/system": {"/message/system/publish.json", "RC%3ATxtMsg"},
	} {
		got := p.do(t, request{Path: path, Header: serverKey, Body: param(map[string]any{"from": 100, "targets": []any{7, "8", 7}, "msg": "this is a test msg."})})
		var fates struct {
			Accepted int
			Failed   []any
		}
		got.decode(t, &fates)
		if got.Code != 0 || fates.Accepted != 2 || len(fates.Failed) != 0 {
			t.Errorf("%s: %s", path, got.Body)
		}
		journal := get(t, p.mock(t, "rongcloud")+"/_mock/journal")
		for _, part := range append(want, "fromUserId=100", "toUserId=7", "toUserId=8") {
			if !strings.Contains(journal, part) {
				t.Errorf("%s: the vendor did not receive %s", path, part)
			}
		}
	}
}

func TestManyTargetsGoInBatchesAndEachIsToldItsFate(t *testing.T) {
	p := start(t, nil)
	targets := make([]int, 150) // a system message takes 100 (docs/vendors/rongcloud.md#publish)
	for i := range targets {
		targets[i] = 1000 + i
	}
	spoil(t, p.mock(t, "rongcloud"), "message.system.publish", 1, map[string]any{"kind": "code", "code": "1002"})
	got := p.do(t, request{Path: "/api/server/im/send/system", Header: serverKey, Body: map[string]any{"from": "100", "targets": targets, "msg": "hi"}})
	var fates struct {
		Accepted int
		Failed   []struct {
			Target string
			Code   int
			Err    string
		}
	}
	got.decode(t, &fates)
	if got.Code != codePartly || fates.Accepted+len(fates.Failed) != 150 || fates.Accepted != 50 && fates.Accepted != 100 {
		t.Fatalf("code %d, %d accepted, %d failed", got.Code, fates.Accepted, len(fates.Failed))
	}
	for _, f := range fates.Failed {
		if f.Code != 100110 || f.Err == "" {
			t.Fatalf("%+v", f)
		}
	}
}

const codePartly = 100112

func TestCoinsChangeOnceForEachRequestID(t *testing.T) {
	p := start(t, nil)
	bob := p.as(t, "bob")
	balance := func() (n int64) {
		t.Helper()
		got := p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: bob})
		var data struct{ Balance int64 }
		got.decode(t, &data)
		return data.Balance
	}
	adjust := func(id string, delta int) answer {
		t.Helper()
		return p.do(t, request{Path: "/api/server/wallet/adjust", Header: serverKey, Body: map[string]any{"uid": "bob", "delta": delta, "request_id": id, "reason": "礼物 a+b&c"}})
	}
	if n := balance(); n != 1000 {
		t.Fatalf("a new user of the sandbox has %d coins", n)
	}
	for range 3 {
		if got := adjust("gift-1", -300); got.Code != 0 {
			t.Fatalf("%s", got.Body)
		}
	}
	if n := balance(); n != 700 {
		t.Errorf("%d coins after one gift sent three times", n)
	}
	if got := adjust("gift-2", -701); got.Code != 1003 || got.Status != 200 {
		t.Errorf("more than there is: %s", got.Body)
	}
	if got := adjust("gift-3", 50); got.Code != 0 || balance() != 750 {
		t.Errorf("%s, %d coins", got.Body, balance())
	}
}

func TestTwoAppsMayUseTheSameRequestID(t *testing.T) {
	p := start(t, func(c *Config) { c.Apps = twoApps() })
	for i, app := range twoApps() {
		got := p.do(t, request{Path: "/api/server/wallet/adjust", Body: map[string]any{"uid": "dora", "delta": -100, "request_id": "order-1"},
			Header: map[string]string{"app-id": app.ID, "app-key": app.Key.Reveal()}})
		if got.Code != 0 {
			t.Fatalf("%s", got.Body)
		}
		token := p.tokenIn(t, app.ID, "dora")
		balance := p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: map[string]string{"Authorization": "Bearer " + token}})
		if want := fmt.Sprintf(`{"balance":%d}`, 900-100*i); string(balance.Data) != want {
			t.Errorf("after app %s: %s, want %s", app.ID, balance.Data, want)
		}
	}
}

func TestClientGetsCredentialsForTheVendorsSDK(t *testing.T) {
	p := start(t, nil)
	got := p.do(t, request{Path: "/api/v1/im/token", Header: p.as(t, "carol"), Body: map[string]any{"name": "Carol"}})
	var data struct {
		SDK    string `json:"sdk"`
		AppKey string `json:"app_key"`
		Token  string `json:"token"`
	}
	got.decode(t, &data)
	if data.SDK != "rongcloud" || data.AppKey == "" || data.Token == "" {
		t.Errorf("%s", got.Body)
	}
}

func TestBadRequestIsRefusedInTheFamilysEnvelope(t *testing.T) {
	p := start(t, nil)
	alice := p.as(t, "alice")
	check, tip, adjust := "/api/v1/im/before/check", "/api/server/im/send/tip", "/api/server/wallet/adjust"
	long := strings.Repeat("x", 65)
	for _, c := range []struct {
		name   string
		path   string
		header map[string]string
		body   any
		status int
		code   int
		says   string
	}{
		{"no body", check, alice, nil, 400, 100101, "rc_msg"},
		{"not JSON", check, alice, "{", 400, 100101, "JSON"},
		{"a list", check, alice, "[]", 400, 100101, "object"},
		{"a list as param", check, alice, `{"param":[]}`, 400, 100101, "object"},
		{"missing peer", check, alice, `{"rc_msg":"RC:TxtMsg"}`, 400, 100101, "peer_uid"},
		{"wrong type", check, alice, `{"rc_msg":7,"peer_uid":1}`, 400, 100101, "rc_msg"},
		{"fractional id", check, alice, `{"rc_msg":"RC:TxtMsg","peer_uid":1.5}`, 400, 100101, "id"},
		{"object id", check, alice, `{"rc_msg":"RC:TxtMsg","peer_uid":{}}`, 400, 100101, "id"},
		{"long id", check, alice, `{"rc_msg":"RC:TxtMsg","peer_uid":"` + long + `"}`, 400, 100101, "64"},
		{"control character", check, alice, `{"rc_msg":"RC:TxtMsg","peer_uid":"a\u0000b"}`, 400, 100101, "peer_uid"},
		{"too large", check, alice, `{"content":"` + strings.Repeat("x", 1<<20) + `"}`, 413, 100106, "large"},
		{"no texts", "/api/v1/translate/action", alice, `{"text":[],"short":"zh"}`, 400, 100101, "text"},
		{"text of 1001 characters", "/api/v1/translate/action", alice, map[string]any{"text": []string{strings.Repeat("你", 1001)}, "short": "zh"}, 400, 100101, "1001"},
		{"201 texts", "/api/v1/translate/action", alice, map[string]any{"text": make([]string, 201), "short": "zh"}, 400, 100101, "200"},
		{"no language", "/api/v1/translate/action", alice, `{"text":["a"]}`, 400, 100101, "language"},
		{"no targets", tip, serverKey, `{"from":1,"targets":[],"msg":"x"}`, 400, 100101, "targets"},
		{"empty target", tip, serverKey, `{"from":1,"targets":[""],"msg":"x"}`, 400, 100101, "targets"},
		{"no message", tip, serverKey, `{"from":1,"targets":[2],"msg":" "}`, 400, 100101, "msg"},
		{"no sender", tip, serverKey, `{"targets":[2],"msg":"x"}`, 400, 100101, "from"},
		{"10,001 targets", tip, serverKey, map[string]any{"from": 1, "msg": "x", "targets": count(10_001)}, 400, 100101, "10000"},
		{"delta of 0", adjust, serverKey, `{"uid":1,"request_id":"r"}`, 400, 100101, "delta"},
		{"fractional delta", adjust, serverKey, `{"uid":1,"request_id":"r","delta":0.5}`, 400, 100101, "delta"},
		{"no request id", adjust, serverKey, `{"uid":1,"delta":5}`, 400, 100101, "request_id"},
		{"unknown path", "/api/v1/nothing", alice, `{}`, 404, 100104, "path"},
		{"no token", check, nil, `{}`, 401, 100102, "token"},
		{"token as garbage", check, map[string]string{"Authorization": "Bearer x.y.z"}, `{}`, 401, 100102, "valid"},
		{"another app's id", check, map[string]string{"Authorization": alice["Authorization"], "app-id": "other"}, `{}`, 401, 100102, "another app"},
		{"no server key", tip, nil, `{}`, 401, 100102, "app-key"},
		{"wrong server key", tip, map[string]string{"app-id": sandboxApp, "app-key": "guess"}, `{}`, 401, 100102, "key"},
		{"unknown app", tip, map[string]string{"app-id": "x", "app-key": sandboxKey}, `{}`, 401, 100102, "app"},
		{"client token on a server path", tip, alice, `{}`, 401, 100102, "app-key"},
	} {
		got := p.do(t, request{Path: c.path, Header: c.header, Body: c.body, Bad: true})
		if got.Status != c.status || got.Code != c.code || got.Err == nil || !strings.Contains(*got.Err, c.says) || string(got.Data) != "null" {
			t.Errorf("%s: %d %.200s", c.name, got.Status, got.Body)
		}
		if got.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s: no request id", c.name)
		}
	}
	if got := p.do(t, request{Method: "GET", Path: check, Header: alice, Bad: true}); got.Status != 405 || got.Code != 100105 {
		t.Errorf("wrong method: %d %s", got.Status, got.Body)
	}
	if strings.Contains(p.Log.String(), alice["Authorization"][7:]) {
		t.Error("the log holds a token")
	}
}

func count(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i + 1
	}
	return out
}

func TestExpiredAndForeignTokensAreRefused(t *testing.T) {
	short := access.App{ID: "one", Key: "key-of-one", JWTSecret: "secret-of-app-one"}
	other := access.App{ID: "two", Key: "key-of-two", JWTSecret: "secret-of-app-two"}
	p := start(t, func(c *Config) { c.Apps = access.Apps{short, other}; c.TokenTTL = 3 * time.Second })
	mint := func(app string) map[string]string {
		t.Helper()
		got := p.do(t, request{Path: "/inner/get_token", Header: map[string]string{"app-id": app}, Body: map[string]any{"session": "u"}})
		var token string
		got.decode(t, &token)
		return map[string]string{"Authorization": "Bearer " + token, "app-id": "one"}
	}
	if got := p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: mint("two"), Bad: true}); got.Status != 401 {
		t.Errorf("another app's token: %d %s", got.Status, got.Body)
	}
	own := mint("one")
	if got := p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: own}); got.Code != 0 {
		t.Errorf("own token: %s", got.Body)
	}
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		got := p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: own})
		if got.Status == 401 && strings.Contains(*got.Err, "expired") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a token of three seconds still works: %s", got.Body)
		}
	}
	if got := p.do(t, request{Path: "/inner/get_token", Body: map[string]any{"session": "u"}, Bad: true}); got.Code != 10101 || got.Status != 200 {
		t.Errorf("two apps and none named: %d %s", got.Status, got.Body)
	}
}

func TestVendorsBadDayIsToldPlainly(t *testing.T) {
	p := start(t, func(c *Config) { c.Deadline, c.Route.Messages = 2*time.Second, "rongcloud" })
	alice := p.as(t, "alice")
	linkv, rong := p.mock(t, "linkv"), p.mock(t, "rongcloud")
	for _, c := range []struct {
		name      string
		mock, op  string
		action    map[string]any
		path      string
		header    map[string]string
		body      any
		status    int
		code      int
		forbidden []string
	}{
		{"unknown code", rong, "message.private.publish", map[string]any{"kind": "code", "code": "77777"}, "/api/server/im/send/tip", serverKey,
			`{"from":1,"targets":[2],"msg":"x"}`, 0, 0, []string{"77777"}},
		{"silent on a write", rong, "message.private.publish", map[string]any{"kind": "hang"}, "/api/server/im/send/tip", serverKey,
			`{"from":1,"targets":[2],"msg":"x"}`, 504, 100109, nil},
		{"HTML on a write", rong, "message.private.publish", map[string]any{"kind": "html"}, "/api/server/im/send/tip", serverKey,
			`{"from":1,"targets":[2],"msg":"x"}`, 504, 100109, []string{"html", "HTML"}},
		{"HTML on a read", linkv, "*", map[string]any{"kind": "html", "status": 502}, "/api/v1/video/before/check", alice, `{}`, 503, 100108, []string{"html"}},
		{"throttled", rong, "message.private.publish", map[string]any{"kind": "throttle"}, "/api/server/im/send/tip", serverKey,
			`{"from":1,"targets":[2],"msg":"x"}`, 429, 100107, nil},
	} {
		spoil(t, c.mock, c.op, 1000, c.action)
		got := p.do(t, request{Path: c.path, Header: c.header, Body: c.body})
		if c.status != 0 && (got.Status != c.status || got.Code != c.code) || got.Code == 0 || got.Err == nil {
			t.Errorf("%s: %d %s", c.name, got.Status, got.Body)
		}
		for _, word := range append(c.forbidden, "127.0.0.1", "rongcloud", "linkv", sandboxSecret) {
			if strings.Contains(string(got.Body), word) {
				t.Errorf("%s: the answer shows %q: %s", c.name, word, got.Body)
			}
		}
		req, _ := http.NewRequest(http.MethodDelete, c.mock+"/_mock/faults", nil)
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
		}
	}
	if strings.Contains(p.Log.String(), sandboxSecret) {
		t.Error("the log holds a secret")
	}
}

func TestContractAndRoutesAgreeBothWays(t *testing.T) {
	cfg, err := loadConfig()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listen, cfg.DataDir = "127.0.0.1:0", t.TempDir()
	s, err := build(t.Context(), cfg, slog.New(slog.DiscardHandler), new(slog.LevelVar))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.open.close(); err != nil {
			t.Error(err)
		}
	}()
	served := map[string]bool{}
	for _, r := range s.web.GetRoutes(true) {
		if r.Method == http.MethodHead { // fiber adds one for each GET
			continue
		}
		path := strings.TrimSuffix(r.Path, "*")
		path = regexp.MustCompile(`:(\w+)`).ReplaceAllString(path, "{$1}")
		served[r.Method+" "+path] = true
	}
	promised := map[string]bool{}
	for path, item := range contractDoc(t).Paths.Map() {
		for method := range item.Operations() {
			promised[method+" "+path] = true
		}
	}
	for route := range promised {
		if !served[route] {
			t.Errorf("promised and not served: %s", route)
		}
	}
	for route := range served {
		if !promised[route] {
			t.Errorf("served and not promised: %s", route)
		}
	}
	if len(served) < 10 {
		t.Errorf("%d routes only: the comparison sees nothing", len(served))
	}
}
