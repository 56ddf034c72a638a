package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"switchboard/app/ratelimit"
)

// tooMany checks that got refuses in its family's envelope, and tells when to come back.
func tooMany(t *testing.T, what string, got answer, code int) {
	t.Helper()
	after, err := strconv.Atoi(got.Header.Get("Retry-After"))
	if got.Status != http.StatusTooManyRequests || got.Code != code || err != nil || after < 1 || !strings.Contains(string(got.Body), "too many requests") {
		t.Errorf("%s: %d %v %s, want code %d", what, got.Status, got.Header, got.Body, code)
	}
}

// Each family refuses in its own envelope who calls too often, and nobody else.
func TestCallingTooOftenIsRefused(t *testing.T) {
	p := start(t, func(c *Config) {
		c.Limit.User, c.Limit.App = ratelimit.Rate{N: 3, Per: time.Hour}, ratelimit.Rate{N: 40, Per: time.Hour}
		c.Limit.Peer = ratelimit.Rate{N: 20, Per: time.Hour}
	})
	named := func(header map[string]string) map[string]string { header["app-id"] = sandboxApp; return header }
	for i, c := range []struct {
		method, path, body string
		code               int
	}{
		{"POST", "/get_joined_conversation", "{}", 10001},
		{"GET", "/im/conversations?where=[]", "", 1},
		{"POST", "/api/v1/video/pair/info", `{"ask_no":"1"}`, 100107},
		{"GET", "/notify?protoc=poll&since=", "", 10001},
	} {
		busy := request{Method: c.method, Path: c.path, Body: c.body, Bad: true, Header: named(p.as(t, fmt.Sprint("busy", i)))}
		for n := range 3 {
			if c.path == "/notify?protoc=poll&since=" {
				p.do(t, request{Path: "/get_joined_conversation", Header: busy.Header, Body: "{}"})
			} else if got := p.do(t, busy); got.Status == http.StatusTooManyRequests {
				t.Errorf("%s: request %d: %s", c.path, n, got.Body)
			}
		}
		tooMany(t, c.path, p.do(t, busy), c.code)
		if other := p.do(t, request{Path: "/get_joined_conversation", Body: "{}", Header: p.as(t, fmt.Sprint("calm", i))}); other.Code != 0 {
			t.Errorf("%s: another user: %s", c.path, other.Body)
		}
	}
	back := request{Path: "/inner/get_token", Body: `{"session":"5"}`, Header: serverKey}
	for i := 0; i < 41 && p.do(t, back).Status == http.StatusOK; i++ {
	}
	tooMany(t, "the app as a whole", p.do(t, back), 10001)
	open := request{Method: "GET", Path: "/im/conversations?where=[]", Header: named(map[string]string{}), Bad: true}
	for i := 0; i < 21 && p.do(t, open).Status == http.StatusOK; i++ {
	}
	tooMany(t, "an address that shows nothing", p.do(t, open), 1)
	if got := get(t, p.URL+"/healthz"); !strings.Contains(got, "ok") {
		t.Errorf("a probe: %s", got)
	}
	metrics := get(t, p.URL+"/metrics")
	for _, reason := range []string{"user", "app", "address"} {
		if !strings.Contains(metrics, `switchboard_refused_total{reason="`+reason+`"}`) {
			t.Errorf("no refusal of %s in the metrics", reason)
		}
	}
}

// Keys cannot be guessed by trying: after too many no other is looked at, right or
// wrong. Tokens go on working, since they may be somebody else's.
func TestGuessingKeysEnds(t *testing.T) {
	p := start(t, func(c *Config) { c.Limit.Failures = ratelimit.Rate{N: 8, Per: time.Hour} })
	header := p.as(t, "alice")
	guesses := []request{
		{Path: "/api/server/im/send/tip", Header: map[string]string{"app-id": sandboxApp, "app-key": "guess"}},
		{Path: "/inner/get_token", Header: map[string]string{"app-id": sandboxApp, "app-key": "guess"}},
		{Path: "/im/conversations", Header: map[string]string{"app-id": sandboxApp, "app-key": "guess"}},
		{Method: "GET", Path: "/admin/vendors", Header: map[string]string{"admin-key": "guess"}},
		{Method: "GET", Path: "/admin/vendors", Header: map[string]string{"Authorization": "Bearer guess"}},
		{Path: "/send_msg", Header: map[string]string{"Authorization": "guess"}},
		{Path: "/callbacks/rongcloud?signature=guess&nonce=1&signTimestamp=1", Body: "{}"},
	}
	for _, r := range guesses {
		if r.Bad = true; p.do(t, r).Status == http.StatusTooManyRequests {
			t.Errorf("the first guess at %s", r.Path)
		}
	}
	for _, query := range []string{"protoc=sse&token=guess", "protoc=sse&token=guess"} { // a stream's refusal counts too
		_ = get(t, p.URL+"/notify?"+query)
	}
	for _, r := range guesses {
		if r.Bad = true; p.do(t, r).Status != http.StatusTooManyRequests {
			t.Errorf("a guess too many at %s: %s", r.Path, p.do(t, r).Body)
		}
	}
	right := request{Path: "/inner/get_token", Header: serverKey, Body: `{"session":"5"}`}
	tooMany(t, "the right key among guesses", p.do(t, right), 10001)
	if got := p.do(t, request{Path: "/get_joined_conversation", Header: header, Body: "{}"}); got.Code != 0 || got.Status != http.StatusOK {
		t.Errorf("a good token from the same address: %s", got.Body)
	}
	metrics := get(t, p.URL+"/metrics")
	for _, want := range []string{`auth_failures_total{credential="app-key"} 3`, `{credential="admin-key"} 2`, `{credential="token"}`, `{credential="signature"}`, `switchboard_refused_total{reason="failures"}`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}

// A socket's logins are counted as requests are, and a client that is told to wait
// comes back.
func TestLoginsOfSocketsAreCounted(t *testing.T) {
	p := start(t, func(c *Config) {
		c.Limit.Failures, c.Limit.User = ratelimit.Rate{N: 3, Per: time.Hour}, ratelimit.Rate{N: 2, Per: time.Hour}
	})
	token := strings.TrimPrefix(p.as(t, "alice")["Authorization"], "Bearer ")
	login := func(token string) string {
		return p.dialFrom(t, "", `{"type":"login","data":{"app_id":"666666","client_id":"alice","token":"`+token+`"}}`)
	}
	for i, want := range []string{"login.success", "login.success", "too many requests"} {
		if got := login(token); !strings.Contains(got, want) {
			t.Errorf("login %d: %s", i, got)
		}
	}
	for i, want := range []string{"not valid", "not valid", "not valid", "too many requests"} {
		if got := login("guess"); !strings.Contains(got, want) {
			t.Errorf("guess %d: %s", i, got)
		}
	}
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(p.URL, "http")+"/notify?protoc=ws&token="+token, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 3002) {
		t.Errorf("a session too many of the gateway: %v", err)
	}
}
