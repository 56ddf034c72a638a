package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fasthttp/websocket"
)

// dialFrom opens the conversation API's socket as a page of origin does, logs in and
// returns the first frame.
func (p *process) dialFrom(t testing.TB, origin, login string) string {
	t.Helper()
	header := http.Header{}
	if origin != "" {
		header.Set("Origin", origin)
	}
	conn, answer, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(p.URL, "http")+"/im/socket", header)
	if answer != nil && err != nil {
		return "refused: " + answer.Status
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.WriteMessage(websocket.TextMessage, []byte(login)); err != nil {
		t.Fatal(err)
	}
	return string(frame(t, conn))
}

// Whoever knows an app's id, which is in every client, gets nowhere.
func TestAnAppIDAloneOpensNothing(t *testing.T) {
	p := start(t, func(c *Config) { c.Apps = twoApps() })
	key := map[string]string{"app-id": "strict", "app-key": "strict-key"}
	var made struct {
		ConvID string `json:"conv_id"`
	}
	p.do(t, request{Path: "/im/conversations", Header: key, Body: map[string]any{"client_id": "1001", "to_client_ids": []string{"1002"}, "conv_type": 3}}).decode(t, &made)
	named := map[string]string{"app-id": "strict"}
	for _, r := range everyCall(made.ConvID) {
		if r.Header = named; p.do(t, r).Code != 4002 {
			t.Errorf("%s %s: %s", r.Method, r.Path, p.do(t, r).Body)
		}
	}
	if got := p.dialFrom(t, "", `{"type":"login","data":{"app_id":"strict","client_id":"1001"}}`); !strings.Contains(got, "login.failed") || !strings.Contains(got, "4002") {
		t.Errorf("the socket: %s", got)
	}
}

// An open app lets people who prove nothing read, upload and listen; the start names
// it, and what changes something needs the key or a token.
func TestAnOpenAppLetsNobodyChangeAnything(t *testing.T) {
	p := start(t, nil)
	conv, named := p.newConversation(t), map[string]string{"app-id": sandboxApp}
	for _, r := range everyCall(conv) {
		r.Header, r.Bad = named, true
		want := 214
		if r.Method == "GET" && r.Path != "/im/users" {
			want = 0
		}
		if r.Path == "/im/file/upload" {
			want = 4001 // let in, without a file
		}
		if got := p.do(t, r); got.Code != want {
			t.Errorf("%s %s: %s, want %d", r.Method, r.Path, got.Body, want)
		}
	}
	if got := p.im(t, "GET", "/im/conversations/"+conv+"/members", nil); string(got.Data) != `["1597500303","1597500304"]` {
		t.Errorf("members: %s", got.Body)
	}
	login := `{"type":"login","data":{"app_id":"666666","client_id":"stranger","ext":{"nick":"forged"}}}`
	if got := p.dialFrom(t, "", login); !strings.Contains(got, "login.success") {
		t.Errorf("a client that is no browser: %s", got)
	}
	if got := p.dialFrom(t, p.URL, login); !strings.Contains(got, "login.success") {
		t.Errorf("a page of ours: %s", got)
	}
	if got := p.dialFrom(t, "http://127.0.0.1:1", login); !strings.Contains(got, "login.success") {
		t.Errorf("a page of an origin that the sandbox allows: %s", got)
	}
	for _, origin := range []string{"https://evil.example", "null", "http://127.0.0.1.evil.example"} {
		if got := p.dialFrom(t, origin, login); !strings.Contains(got, "refused") {
			t.Errorf("a page of %s: %s", origin, got)
		}
	}
	if got := p.im(t, "GET", "/im/users", nil); strings.Contains(string(got.Data), "stranger") {
		t.Errorf("the login made a user: %s", got.Body)
	}
	if !strings.Contains(p.Log.String(), `"msg":"app is open`) || !strings.Contains(p.Log.String(), `"app":"`+sandboxApp+`"`) {
		t.Error("the start does not name the open app")
	}
}

// everyCall is each request of the conversation API.
func everyCall(conv string) []request {
	at := "/im/conversations/" + conv
	return []request{
		{Method: "GET", Path: where(`[["conv_type",">",0]]`)},
		{Method: "POST", Path: "/im/conversations", Body: map[string]any{"client_id": "1001", "to_client_ids": []string{"1002"}, "conv_type": 3}},
		{Method: "PUT", Path: "/im/conversations", Body: map[string]any{"where": [][]any{{"conv_id", "=", conv}}, "update": map[string]any{"conv_extend": 1}}},
		{Method: "DELETE", Path: at},
		{Method: "GET", Path: at + "/members"},
		{Method: "POST", Path: at + "/members", Body: map[string]any{"client_ids": []string{"1002"}}},
		{Method: "DELETE", Path: at + "/members", Body: map[string]any{"client_ids": []string{"1001"}}},
		{Method: "GET", Path: at + "/message"},
		{Method: "POST", Path: at + "/message", Body: map[string]any{"from_client": "1001", "type": -1, "text": "forged"}},
		{Method: "POST", Path: "/im/users", Body: map[string]any{"client_ids": []string{"new"}}},
		{Method: "GET", Path: "/im/users"},
		{Method: "POST", Path: "/im/file/upload", Bad: true},
	}
}

// Loopback is no authority for what a proxy or a browser there passes on.
func TestLoopbackIsNoAuthorityForOthers(t *testing.T) {
	p := start(t, nil)
	for _, path := range []string{"POST /inner/get_token", "POST /inner/create_conversation", "POST /inner/kickout_conversation", "GET /metrics", "GET /admin/vendors"} {
		method, path, _ := strings.Cut(path, " ")
		for _, header := range []string{
			"X-Forwarded-For: 8.8.8.8", "X-Forwarded-For: 127.0.0.1", "X-Real-IP: 8.8.8.8", "Forwarded: for=8.8.8.8", "Via: 1.1 x",
			"Host: evil.example", "Origin: http://evil.example", "Sec-Fetch-Site: cross-site", "Origin: null",
		} {
			text := method + " " + path + " HTTP/1.1\r\nadmin-key: " + sandboxAdmin + "\r\nContent-Type: text/plain\r\nContent-Length: 15\r\nConnection: close\r\n" + header + "\r\n"
			if !strings.HasPrefix(header, "Host") {
				text += "Host: 127.0.0.1\r\n"
			}
			got := p.raw(t, text+"\r\n"+`{"session":"5"}`)
			if !strings.Contains(got, "not allowed") || strings.Contains(got, `"data"`) {
				t.Errorf("%s %s with %s: %s", method, path, header, got)
			}
		}
	}
	got := p.raw(t, "POST /inner/get_token HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-For: 8.8.8.8\r\napp-id: 666666\r\napp-key: master\r\nContent-Length: 15\r\nConnection: close\r\n\r\n"+`{"session":"5"}`)
	if !strings.Contains(got, `"code":0`) {
		t.Errorf("the key is authority anywhere: %s", got)
	}
}

// What an upload's URL begins with is the operator's word, or a trusted proxy's, and
// never a caller's.
func TestOnlyTrustedProxiesChangeTheURLsOfUploads(t *testing.T) {
	for trusted, want := range map[bool]string{false: "http://127.0.0.1", true: "https://chat.example/"} {
		p := start(t, func(c *Config) {
			if trusted {
				c.TrustedProxies = c.InnerAllow
			}
		})
		sample := curl(t, curlUpload)
		sample.Header["X-Forwarded-Proto"], sample.Header["X-Forwarded-Host"], sample.Header["X-Forwarded-For"] = "https", "chat.example", "8.8.8.8"
		if got := p.upload(t, sample, "x.png", []byte("\x89PNG\r\n\x1a\n")); !strings.HasPrefix(strings.Trim(string(got.Data), `"`), want) {
			t.Errorf("trusted %v: %s", trusted, got.Body)
		}
		if peer := map[bool]string{false: `"peer":"127.0.0.1"`, true: `"peer":"8.8.8.8"`}[trusted]; !strings.Contains(p.Log.String(), peer) {
			t.Errorf("trusted %v: no %s in the log", trusted, peer)
		}
	}
}
