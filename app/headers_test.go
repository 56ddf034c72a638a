package main

import (
	"net/http"
	"slices"
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

// The page of the contract works under its own policy, begins with what a newcomer does
// first, and in the sandbox is authorised from the start.
func TestThePageOfTheContractWorksInABrowser(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	b := browse(t)
	b.size(t, 1280, 800)
	b.open(t, p.URL+"/docs")
	b.holds(t, "all operations are there", `document.body.innerText.includes("/get_conversation_msg_by_range")`)
	b.holds(t, "it is authorised", `document.querySelector(".authorize.locked, .auth-wrapper .locked, .authorization__btn.locked")`)
	b.holds(t, "the first group is to start with", `document.querySelector(".opblock-tag").innerText.startsWith("start here")`)
	b.holds(t, "the token comes first", `document.querySelector(".opblock").id.endsWith("-mintToken")`)
	b.holds(t, "the codes are at the end", `document.querySelector("#reference table") && !document.querySelector(".info table")`)
	b.eval(t, `document.querySelector("[id$=mintToken] button").click()`, nil)
	b.press(t, "[id$=mintToken]", "Try it out")
	b.press(t, "[id$=mintToken]", "Execute")
	b.holds(t, "a token is minted", `document.querySelector("[id$=mintToken] .live-responses-table")?.innerText.includes("eyJ")`)
	b.shoot(t, "docs")
	tried := 0
	for _, item := range contractDoc(t).Paths.Map() {
		for _, op := range item.Operations() {
			if !slices.Contains(op.Tags, "start here") || op.OperationID == "mintToken" {
				continue
			}
			tried++
			at := "[id$=-" + op.OperationID + "]"
			b.eval(t, `document.querySelector("`+at+` button").click()`, nil)
			b.press(t, at, "Try it out")
			b.press(t, at, "Execute")
			b.holds(t, op.OperationID+" works with the values that are shown", `/"code": 0\b/.test(document.querySelector("`+at+` .live-responses-table")?.innerText)`)
		}
	}
	if tried < 3 {
		t.Errorf("%d operations are to start with", tried)
	}
	b.clean(t, "docs")
}

// Every example of a body in the contract is one that the sandbox takes.
func TestTheContractsExamplesWorkInTheSandbox(t *testing.T) {
	p := start(t, nil)
	user, tried := p.as(t, "1001"), 0
	// The room of the examples, into which a client asks for a credential.
	p.do(t, request{Path: "/api/server/rooms/stage/grants", Header: serverKey, Body: map[string]any{"users": []string{"1001"}, "seconds": 3600}})
	for path, item := range contractDoc(t).Paths.Map() {
		for method, op := range item.Operations() {
			if op.RequestBody == nil || op.RequestBody.Value.Content["application/json"] == nil || op.RequestBody.Value.Content["application/json"].Example == nil {
				continue
			}
			header := map[string]string{"app-id": sandboxApp, "app-key": sandboxKey}
			if strings.HasPrefix(path, "/admin/") {
				header = map[string]string{"admin-key": sandboxAdmin}
			} else if op.Security != nil && len((*op.Security)[0]) == 1 {
				header = user
			}
			path := strings.NewReplacer("{vendor}", "rongcloud").Replace(path)
			if strings.Contains(path, "{") {
				continue // of something that has to be made first
			}
			got := p.do(t, request{Method: method, Path: path, Header: header, Body: op.RequestBody.Value.Content["application/json"].Example})
			if got.Code != 0 || got.Status != 200 {
				t.Errorf("%s: %d %s", op.OperationID, got.Status, got.Body)
			}
			tried++
		}
	}
	if tried < 15 {
		t.Errorf("%d examples only", tried)
	}
}
