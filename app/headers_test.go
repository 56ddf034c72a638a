package main

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// Every answer says how browsers are to take it, tokens are kept by nobody, and what is
// meant to be shown says so itself.
func TestAnswersTellBrowsersHowToTakeThem(t *testing.T) {
	p := start(t, nil)
	png := []byte("\x89PNG\r\n\x1a\n")
	file := strings.Trim(string(p.upload(t, request{Method: "POST", Path: "/im/file/upload", Header: serverKey}, "x.png", png).Data), `"`)
	alice := p.as(t, "alice")
	for _, c := range []struct {
		method, path string
		header       map[string]string
		policy       string
		keeps        bool
	}{
		{"POST", "/inner/get_token", nil, "default-src 'none'; frame-ancestors 'none'", false},
		{"POST", "/api/v1/im/token", alice, "default-src 'none'; frame-ancestors 'none'", false},
		{"POST", "/get_joined_conversation", alice, "default-src 'none'; frame-ancestors 'none'", false},
		{"POST", "/get_joined_conversation", nil, "default-src 'none'; frame-ancestors 'none'", false},
		{"GET", "/im/conversations?where=[]", serverKey, "default-src 'none'; frame-ancestors 'none'", false},
		{"GET", "/nothing", nil, "default-src 'none'; frame-ancestors 'none'", false},
		{"GET", "/healthz", nil, "default-src 'none'; frame-ancestors 'none'", false},
		{"GET", "/openapi.yaml", nil, "default-src 'none'; frame-ancestors 'none'", false},
		{"GET", "/admin/vendors", nil, "default-src 'none'; frame-ancestors 'none'", false},
		{"GET", "/notify?protoc=sse&token=wrong", nil, "default-src 'none'; frame-ancestors 'none'", false},
		{"GET", "/docs", nil, "script-src 'self'; connect-src 'self'", false},
		{"GET", "/docs/swagger-ui-bundle.js", nil, "frame-ancestors 'none'", true},
		{"GET", strings.TrimPrefix(file, p.URL), nil, "default-src 'none'; sandbox", true},
	} {
		req, _ := http.NewRequestWithContext(t.Context(), c.method, p.URL+c.path, strings.NewReader(`{"session":"alice"}`))
		for k, v := range c.header {
			req.Header.Set(k, v)
		}
		res, err := p.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		h := res.Header
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") ||
			!strings.Contains(h.Get("Content-Security-Policy"), c.policy) || (h.Get("Cache-Control") == "no-store") == c.keeps || len(h.Values("Cache-Control")) != 1 {
			t.Errorf("%s %s: %d %v", c.method, c.path, res.StatusCode, h)
		}
	}
}

// The page of the contract works under its own policy.
func TestThePageOfTheContractWorksInABrowser(t *testing.T) {
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium is installed")
	}
	p := start(t, nil)
	page, err := exec.CommandContext(t.Context(), program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--user-data-dir="+t.TempDir(), "--virtual-time-budget=30000", "--dump-dom", p.URL+"/docs").Output()
	if err != nil || !strings.Contains(string(page), "/get_conversation_msg_by_range") || !strings.Contains(string(page), "opblock") {
		t.Errorf("%v; %d bytes: %.2000s", err, len(page), page)
	}
}
