package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"switchboard/app/access"
	"switchboard/app/sqldb"
	mockrongcloud "switchboard/mocks/rongcloud"
)

func TestOperatorsSeeHealthReadinessMetricsAndTheContract(t *testing.T) {
	p := start(t, nil)
	p.do(t, request{Path: "/api/v1/video/before/check", Header: p.as(t, "alice"), Body: "{}"})
	for path, want := range map[string]string{
		"/healthz":      `"ok"`,
		"/readyz":       `"sandbox":true`,
		"/metrics":      `switchboard_vendor_call_seconds_count{op="wallet.balance",outcome="ok",vendor="linkv"} 1`,
		"/openapi.yaml": "Switchboard",
		"/docs":         "/docs/contract.js",
	} {
		got := p.do(t, request{Method: "GET", Path: path})
		if got.Status != 200 || !strings.Contains(string(got.Body), want) {
			t.Errorf("%s: %d, no %s in %.2000s", path, got.Status, want, got.Body)
		}
	}
	if body := p.do(t, request{Method: "GET", Path: "/metrics"}).Body; !bytes.Contains(body, []byte(`switchboard_http_request_seconds_count{method="POST",route="/api/v1/video/before/check",status="200"} 1`)) {
		t.Errorf("the route is not counted:\n%s", body)
	}
}

func TestMetricsAreForOperatorsOnly(t *testing.T) {
	p := start(t, func(c *Config) { _ = c.AdminAllow.Decode("10.9.8.0/24") })
	if got := p.do(t, request{Method: "GET", Path: "/metrics"}); got.Status != 403 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func TestTokensAreMintedForAllowedPeersOnly(t *testing.T) {
	p := start(t, func(c *Config) { c.InnerAllow = nil })
	if got := p.do(t, request{Path: "/inner/get_token", Body: map[string]any{"session": "u"}}); got.Code != 10003 || got.Status != 200 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if got := p.do(t, request{Path: "/inner/get_token", Header: serverKey, Body: map[string]any{"session": "u"}}); got.Code != 0 {
		t.Errorf("with the server key: %s", got.Body)
	}
}

func TestRequestIDIsKeptOrMade(t *testing.T) {
	p := start(t, nil)
	for given, kept := range map[string]bool{"abc-123": true, strings.Repeat("x", 64): true, strings.Repeat("x", 65): false, "with space": false, "ümlaut": false, "": false} {
		got := p.do(t, request{Method: "GET", Path: "/openapi.yaml", Header: map[string]string{"X-Request-Id": given}})
		if id := got.Header.Get("X-Request-Id"); (id == given) != kept || id == "" {
			t.Errorf("%q became %q", given, id)
		}
	}
	if log := p.Log.String(); !strings.Contains(log, `"request_id":"abc-123"`) {
		t.Errorf("the id is not logged: %s", log)
	}
}

func TestSecondProcessOnTheSameAddressDoesNotStart(t *testing.T) {
	p := start(t, nil)
	cfg, _ := loadConfig()
	cfg.Listen, cfg.DataDir = strings.TrimPrefix(p.URL, "http://"), t.TempDir()
	if err := run(t.Context(), cfg, &syncBuffer{}, &syncBuffer{}); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Fatalf("got %v", err)
	}
}

// Pairing takes a SQLite store as its own alone, so a second process is not let at it; a
// backup is, see TestABackupIsOneMomentOfARunningStore.
func TestSecondProcessOnTheSameSQLiteStoreDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	p := start(t, func(c *Config) { c.DataDir = dir })
	p.as(t, "ann") // now it serves: the address is told before the store is open
	cfg, _ := loadConfig()
	cfg.Listen, cfg.DataDir = "127.0.0.1:0", dir
	if err := run(t.Context(), cfg, &syncBuffer{}, &syncBuffer{}); !errors.Is(err, sqldb.ErrServed) || !strings.Contains(err.Error(), "SWITCHBOARD_DATA_DIR: ") {
		t.Fatalf("got %v", err)
	}
	p.say(t, p.as(t, "ann"), p.room(t, "ann", "bob"), "the first one serves")
}

func TestStopLetsRequestsUnderWayFinish(t *testing.T) {
	p := start(t, nil)
	alice := p.as(t, "alice")
	spoil(t, p.mock(t, "linkv"), "*", 1, map[string]any{"kind": "delay", "wait": "700ms"})
	answered := make(chan answer, 1)
	go func() {
		answered <- p.do(t, request{Path: "/api/v1/video/before/check", Header: alice, Body: "{}"})
	}()
	for !strings.Contains(get(t, p.mock(t, "linkv")+"/_mock/faults"), `"fired":1`) {
		time.Sleep(10 * time.Millisecond)
	}
	if err := p.stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
	if got := <-answered; got.Code != 0 || got.Status != 200 {
		t.Errorf("a request under way ended as %d %s", got.Status, got.Body)
	}
	if _, err := net.DialTimeout("tcp", strings.TrimPrefix(p.URL, "http://"), time.Second); err == nil {
		t.Error("it still listens")
	}
}

func TestAStopIsToldBeforeThePortCloses(t *testing.T) {
	mock, err := mockrongcloud.Start(mockrongcloud.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mock.Close() })
	p := start(t, func(cfg *Config) {
		cfg.RongCloud.AppKey, cfg.RongCloud.AppSecret, cfg.RongCloud.BaseURL = "key", "secret", mock.URL
		cfg.Apps = access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret}}
		cfg.DrainDelay = 5 * time.Second
	})
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	status := func(path string) int {
		res, err := fresh.Get(p.URL + path)
		if err != nil {
			t.Fatalf("%s on a new connection: %v", path, err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	if got := status("/readyz"); got != http.StatusOK {
		t.Fatalf("before the stop /readyz says %d", got)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- p.stop() }()
	for status("/readyz") != http.StatusServiceUnavailable {
		time.Sleep(10 * time.Millisecond)
	}
	if got := status("/healthz"); got != http.StatusOK {
		t.Errorf("a new request during the delay: %d", got)
	}
	if res, err := p.client.Get(p.URL + "/healthz"); err != nil || !res.Close {
		t.Errorf("a connection is kept during the delay: %v", err)
	} else {
		_ = res.Body.Close()
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if res, err := fresh.Get(p.URL + "/healthz"); err == nil {
		_ = res.Body.Close()
		t.Error("it still listens")
	}
}

func TestHealthCommandAsksTheProcess(t *testing.T) {
	p := start(t, nil)
	if err := health(t.Context(), strings.TrimPrefix(p.URL, "http://")); err != nil {
		t.Error(err)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	if err := health(context.Background(), strings.TrimPrefix(p.URL, "http://")); err == nil {
		t.Error("a stopped process is reported alive")
	}
}

func TestHelpIsNoMistake(t *testing.T) {
	for _, word := range []string{"help", "-h", "--help"} {
		var out, log bytes.Buffer
		if err := command(t.Context(), []string{word}, &out, &log); err != nil || out.String() != usage {
			t.Errorf("%s: %v %s", word, err, out.String())
		}
	}
}
