package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw sends bytes as they are and returns all that comes back.
func (p *process) raw(t testing.TB, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(in(60))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("%v after %q", err, got)
	}
	return string(got)
}

// A body of 200 KB that unpacks to 200 MB must not be unpacked, whoever sends it.
func TestCompressedBodiesAreRefused(t *testing.T) {
	p := start(t, nil)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(`{"text":["hello"],"short":"zh"}`))
	_ = w.Close()
	for _, path := range []string{"/api/v1/translate/action", "/send_msg", "/im/conversations", "/inner/get_token", "/callbacks/rongcloud", "/im/file/upload"} {
		header := p.as(t, "alice")
		header["Content-Encoding"] = "gzip"
		got := p.do(t, request{Path: path, Header: header, Body: packed.String(), Bad: true})
		if got.Status != http.StatusUnsupportedMediaType || !strings.Contains(string(got.Body), "compressed") {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	got := p.do(t, request{Path: "/inner/get_token", Header: map[string]string{"Content-Encoding": "identity"}, Body: `{"session":"alice"}`})
	if got.Status != http.StatusOK {
		t.Errorf("identity: %d %s", got.Status, got.Body)
	}
}

// What cannot be read as HTTP is refused without repeating it: its head may hold a token.
func TestWhatIsNoHTTPIsRefusedWithoutRepeatingIt(t *testing.T) {
	p := start(t, nil)
	const secret = "Authorization: Bearer hunter2\r\n"
	for name, text := range map[string]string{
		"no method":       "GARBAGE hunter2\r\n\r\n",
		"negative length": "POST /send_msg HTTP/1.1\r\nHost: x\r\n" + secret + "Content-Length: -1\r\n\r\n",
		"two lengths":     "POST /send_msg HTTP/1.1\r\nHost: x\r\n" + secret + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
	} {
		got := p.raw(t, text)
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.Contains(got, "the request cannot be read") || strings.Contains(got, "hunter2") {
			t.Errorf("%s: %s", name, got)
		}
	}
	if strings.Contains(p.Log.String(), "hunter2") {
		t.Errorf("logged: %s", p.Log)
	}
}

// Proxies close /inner and /admin by their paths as they are written here; no
// other spelling may reach them.
func TestGuardedPathsHaveOneSpelling(t *testing.T) {
	p := start(t, nil)
	for _, path := range []string{"/INNER/get_token", "//inner/get_token", "/-%20inner/get_token", "/Admin/vendors", "//admin/vendors", "/-%20admin/vendors", "//metrics", "/METRICS"} {
		for _, method := range []string{"GET", "POST"} {
			got := p.do(t, request{Method: method, Path: path, Header: map[string]string{"admin-key": sandboxAdmin}, Body: `{"session":"1"}`, Bad: true})
			if got.Status != http.StatusNotFound {
				t.Errorf("%s %s: %d %s", method, path, got.Status, got.Body)
			}
		}
	}
	for _, path := range []string{"//send_msg", "//api/v1/translate/action", "//im/conversations"} {
		if got := p.do(t, request{Path: path, Bad: true, Misprint: true}); got.Status == http.StatusNotFound {
			t.Errorf("%s: %s", path, got.Body)
		}
	}
}

// A slash at the end and a path with no more than the family's name keep the
// family's envelope.
func TestEveryRefusalHasItsFamilysEnvelope(t *testing.T) {
	p := start(t, nil)
	for path, key := range map[string]string{
		"/send_msg/": `"code":10001,"error":`, "/notify/": `"code":10001,"error":`, "/inner": `"code":10001,"error":`, "/api": `"err":`, "/api/v2/x": `"err":`,
		"/im": `"request-id":`, "/im/nothing": `"request-id":`, "/storage": `"request-id":`,
	} {
		method := http.MethodPost
		if path == "/notify/" {
			method = http.MethodGet
		}
		if got := p.do(t, request{Method: method, Path: path, Bad: true, Misprint: true}); !strings.Contains(string(got.Body), key) {
			t.Errorf("%s: %d %s, want %s", path, got.Status, got.Body, key)
		}
	}
	got := p.do(t, request{Path: "/callbacks/nobody", Body: "{}", Bad: true})
	if got.Status != http.StatusNotFound || !strings.Contains(string(got.Body), "no vendor account") {
		t.Errorf("callbacks: %d %s", got.Status, got.Body)
	}
}

// Two polls of one user would else wake each other for ever: the older one is told
// not to come back.
func TestAPollThatIsTakenOverIsToldSo(t *testing.T) {
	p := start(t, nil)
	header := p.as(t, "alice")
	conv, bob := p.quietRoom(t, "alice", "bob"), p.as(t, "bob")
	got := make(chan answer, 2)
	for range 2 {
		go func() { got <- p.do(t, request{Method: http.MethodGet, Path: "/notify?protoc=poll", Header: header}) }()
	}
	if older := <-got; older.Code != 3500 {
		t.Errorf("the older poll: %d %s", older.Status, older.Body)
	}
	p.say(t, bob, conv, "hello")
	if newer := <-got; !strings.Contains(string(newer.Body), "hello") {
		t.Errorf("the newer poll: %d %s", newer.Status, newer.Body)
	}
}

// HEAD has no answer to receive messages in, so it opens no session.
func TestHeadOpensNoSession(t *testing.T) {
	p := start(t, nil)
	header := p.as(t, "alice")
	for _, protocol := range []string{"sse", "poll", "ws"} {
		began := time.Now()
		got := p.raw(t, "HEAD /notify?protoc="+protocol+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: "+header["Authorization"]+"\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 405 ") || time.Since(began) > 20*time.Second {
			t.Errorf("%s: %s after %s", protocol, got, time.Since(began))
		}
	}
}

// Refusals name the fields as callers write them, and what is wrong with them.
func TestRefusalsSpeakTheCallersLanguage(t *testing.T) {
	p := start(t, nil)
	header := p.as(t, "alice")
	for _, c := range []struct{ path, body, says string }{
		{"/send_msg", `{"conversation_id":1}`, `"error":"conversation_id: a JSON number does not fit"`},
		{"/get_conversation_30msg_after_the_id", `{"conversation_id":1}`, `"error":"conversation_id: a JSON number does not fit"`},
		{"/inner/get_token", "{\"session\":\"\xff\"}", `"error":"the body is not valid UTF-8`},
		{"/inner/get_token", `{"session":"\ud800"}`, `"error":"the body is not valid UTF-8`},
		{"/inner/create_conversation", `{"sessions":["\ud800"]}`, `"code":10001`},
		{"/im/conversations", `{}`, `"code":4002,"message":"the app-id header is required"`},
	} {
		if got := p.do(t, request{Path: c.path, Header: header, Body: c.body, Bad: true}); !strings.Contains(string(got.Body), c.says) {
			t.Errorf("%s %s: %s", c.path, c.body, got.Body)
		}
	}
}

// Bodies that cost a reader more than their sender are answered at once, by a refusal
// or in the family's envelope, and none of them ends the program.
func TestBombsAreAnswered(t *testing.T) {
	p := start(t, nil)
	alice := p.as(t, "alice")
	many := func(n int, text string) string { return strings.Repeat(text, n) }
	for name, body := range map[string]string{
		"deep lists":        many(200_000, "[") + many(200_000, "]"),
		"deep objects":      many(100_000, `{"a":`) + "1" + many(100_000, "}"),
		"deep param":        `{"param":` + many(100_000, `{"param":`) + "{}" + many(100_000, "}") + "}",
		"open lists":        many(500_000, "["),
		"a long text":       `{"conversation_id":"` + many(1<<20-100, "x") + `"}`,
		"a long key":        `{"` + many(1<<20-100, "x") + `":1}`,
		"many keys":         `{` + many(50_000, `"a":1,`) + `"b":1}`,
		"many items":        `{"text":[` + many(300_000, `1,`) + `1]}`,
		"a large number":    `{"type":` + many(500_000, "9") + `}`,
		"a large exponent":  `{"type":1e999999999}`,
		"many escapes":      `{"content":"` + many(150_000, `\u0041`) + `"}`,
		"half of pairs":     `{"content":"` + many(100_000, `\ud800`) + `"}`,
		"comments":          many(300_000, "//\n"),
		"comments in a row": `{` + many(250_000, "/**/") + `}`,
		"commas":            `{` + many(900_000, ",") + `}`,
		"no bytes but NUL":  many(900_000, "\x00"),
		"a byte order mark": "\xef\xbb\xbf{}",
		"spaces":            many(1<<20-100, " "),
	} {
		for _, path := range []string{"/send_msg", "/inner/create_conversation", "/api/v1/translate/action", "/im/conversations", "/api/server/im/send/tip", "/callbacks/rongcloud"} {
			header := map[string]string{"Authorization": alice["Authorization"], "app-id": sandboxApp}
			if strings.HasPrefix(path, "/api/server") {
				header = map[string]string{"app-id": sandboxApp, "app-key": sandboxKey}
			}
			if got := p.do(t, request{Path: path, Header: header, Body: body, Bad: true}); got.Status >= 500 {
				t.Errorf("%s at %s: %d %.200s", name, path, got.Status, got.Body)
			}
		}
	}
	if strings.Contains(p.Log.String(), `"msg":"panic"`) {
		t.Error("something panicked")
	}
}

// Pages are numbers in a range, whatever is asked for.
func TestPagesOutOfRangeAreBroughtIntoIt(t *testing.T) {
	p := start(t, nil)
	conv := p.newConversation(t)
	for _, value := range []string{"0", "-1", "1e9", "99999999999999999999", "2147483648", "1.5", "x", "", "0x10", "+1", "%00", "1%20or%201=1"} {
		for _, path := range []string{"/im/conversations?where=[]&", "/im/conversations/" + conv + "/message?", "/im/conversations/" + conv + "/members?", "/im/users?"} {
			for _, name := range []string{"page", "size"} {
				got := p.do(t, request{Method: "GET", Path: path + name + "=" + value, Header: serverKey, Bad: true})
				if got.Status >= 500 || got.Code != 0 && got.Code != 4406 && got.Code != 4001 {
					t.Errorf("%s%s=%s: %d %s", path, name, value, got.Status, got.Body)
				}
			}
		}
	}
}
