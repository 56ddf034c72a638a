package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	mockrongcloud "switchboard/mocks/rongcloud"

	"switchboard/app/environ"
)

// refuseRedis answers every command with an error that repeats it, as some servers do.
func refuseRedis(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for r := bufio.NewReader(c); ; {
					if _, err := r.ReadString('\n'); err != nil {
						return
					}
					_, _ = c.Write([]byte("-WRONGPASS invalid username-password pair\r\n"))
				}
			}()
		}
	}()
	return l.Addr().String()
}

// Secrets stand in every variable that takes one, in the forms that their owners allow,
// among them URLs with a password or a key in the query. The program does its work, badly
// and well, and everything that it puts out is looked through: its log, metrics, traces,
// pages, what operators ask, and answers.
func TestNoSecretLeavesTheProgram(t *testing.T) {
	mock, err := mockrongcloud.Start(mockrongcloud.Config{Account: mockrongcloud.Account{AppKey: "public-key", AppSecret: planted}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mock.Close() })
	webhook := "whsec_" + base64.StdEncoding.EncodeToString([]byte(planted))
	refused := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	t.Cleanup(refused.Close)
	spans := newCollector(t)
	given := map[string]string{
		"SWITCHBOARD_APPS":                  `[{"id":"a","key":"` + planted + `","jwt_secret":"` + planted + `"}]`,
		"SWITCHBOARD_ADMIN_KEY":             planted,
		"SWITCHBOARD_BUS_URL":               "redis://user:" + planted + "@" + refuseRedis(t),
		"SWITCHBOARD_RONGCLOUD_APP_KEY":     "public-key",
		"SWITCHBOARD_RONGCLOUD_APP_SECRET":  planted,
		"SWITCHBOARD_RONGCLOUD_BASE_URL":    mock.URL,
		"SWITCHBOARD_EVENTS_URL":            refused.URL + "/hook?key=" + planted,
		"SWITCHBOARD_EVENTS_SECRET":         webhook,
		"SWITCHBOARD_PAIRING_EVENTS_URL":    "http://127.0.0.1:1/hook?key=" + planted,
		"SWITCHBOARD_PAIRING_EVENTS_SECRET": webhook,
		"SWITCHBOARD_PAIRING_SOURCE":        "http://127.0.0.1:1/settings?key=" + planted,
		"OTEL_EXPORTER_OTLP_ENDPOINT":       spans.URL,
		"OTEL_EXPORTER_OTLP_HEADERS":        "x-key=" + planted,
		"OTEL_BSP_SCHEDULE_DELAY":           "50",
	}
	for _, name := range environ.Names(envPrefix, &Config{}) {
		// Those of vendors that are not opened are looked at by their variables' commands.
		if given[name] == "" && (strings.HasSuffix(name, "_ADMIN_READER_KEY") || strings.HasSuffix(name, "_CREDENTIALS_KEY")) {
			given[name] = planted + "-other"
		}
	}
	for name, value := range given {
		t.Setenv(name, value)
	}
	p := start(t, nil)
	var shown bytes.Buffer
	look := func(r request) {
		got := p.do(t, r)
		_ = got.Header.Write(&shown)
		shown.Write(got.Body)
		shown.WriteByte('\n')
	}
	back := map[string]string{"app-id": "a", "app-key": planted, "X-Request-Id": "leak-1"}
	admin := map[string]string{"admin-key": planted}
	tip := `{"from":1,"targets":[2],"msg":"hello"}`
	look(request{Path: "/api/server/im/send/tip", Header: back, Body: tip})
	for _, kind := range []map[string]any{{"kind": "status", "status": 503}, {"kind": "reset"}} {
		spoil(t, mock.URL, "*", 3, kind)
		look(request{Path: "/api/server/im/send/tip", Header: back, Body: tip})
	}
	heal(t, mock.URL)
	look(request{Path: "/api/server/im/send/tip", Header: map[string]string{"app-id": "a", "app-key": planted + "x"}, Body: tip, Bad: true})
	look(request{Path: "/api/server/im/send/tip", Header: back, Body: `{"from":`, Bad: true})
	look(request{Path: "/api/v1/im/before/check", Header: map[string]string{"Authorization": "Bearer " + planted}, Body: `{}`, Bad: true})
	look(request{Path: "/api/v1/video/pair/ask", Header: map[string]string{"Authorization": "Bearer " + p.tokenIn(t, "a", "100")}, Body: `{}`, Bad: true})
	look(request{Method: "GET", Path: "/notify?protoc=poll&token=" + planted, Bad: true})
	for _, path := range []string{"/", "/docs", "/openapi.yaml", "/healthz", "/readyz", "/metrics", "/admin/routes", "/admin/vendors", "/admin/capabilities", "/admin/log", "/admin/explain/leak-1", "/admin/debug/pprof/goroutine?debug=2"} {
		look(request{Method: "GET", Path: path, Header: admin, Bad: true})
	}
	look(request{Method: "PUT", Path: "/admin/routes", Header: admin, Body: `{"by":"ann","routes":{"messages":"` + "nobody" + `"}}`, Bad: true})
	waitFor(t, "a span", func() bool { spans.mu.Lock(); defer spans.mu.Unlock(); return len(spans.spans) > 5 })
	waitFor(t, "the bus's line", func() bool { return len(p.logged(t, "bus down, other replicas find news in the store")) > 0 })
	for _, args := range [][]string{{"config", "-effective"}, {"config", "-check"}} {
		if err := command(t.Context(), args, &shown, &shown); err != nil {
			shown.WriteString(err.Error())
		}
	}
	if err := p.stop(); err != nil {
		shown.WriteString(err.Error())
	}
	spans.mu.Lock()
	defer spans.mu.Unlock()
	for what, text := range map[string]string{"an answer or a page": shown.String(), "the log": p.Log.String(), "standard output": p.Stdout.String(), "a trace": spans.raw.String()} {
		for _, secret := range []string{planted, planted[8:24], webhook[6:30], base64.StdEncoding.EncodeToString([]byte(planted))[:24]} {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s shows a secret: ...%s...", what, text[max(0, at-200):min(len(text), at+60)])
			}
		}
	}
	if !strings.Contains(p.Log.String(), "leak-1") || !strings.Contains(shown.String(), "switchboard_build_info") || !strings.Contains(shown.String(), `"request_id":"leak-1"`) {
		t.Error("the look sees nothing")
	}
}
