package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/fasthttp/websocket"
)

// RFC 9112 6.1: an HTTP/1.0 client is sent no chunks.
func TestAStreamToAnHTTP10ClientHasNoChunks(t *testing.T) {
	p := start(t, nil)
	conv, token := p.quietRoom(t, "ann", "bob"), p.tokenOf(t, "bob", 1)
	open := func(version, token string) (*bufio.Reader, net.Conn) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		_ = conn.SetDeadline(in(60))
		fmt.Fprintf(conn, "GET /notify?protoc=sse&token=%s HTTP/%s\r\nHost: x\r\nOrigin: http://localhost:1\r\n\r\n", token, version)
		return bufio.NewReader(conn), conn
	}
	r, _ := open("1.0", token)
	head, err := http.ReadResponse(r, nil)
	if err != nil || head.StatusCode != 200 || len(head.TransferEncoding) > 0 || head.ContentLength >= 0 || !head.Close ||
		head.Header.Get("Content-Type") != "text/event-stream" || head.Header.Get("X-Request-Id") == "" || head.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Fatalf("%v %+v", err, head)
	}
	id := p.say(t, p.as(t, "ann"), conv, "plain")
	events := bufio.NewScanner(head.Body)
	for _, want := range []string{": connected", "id: ", "", "id: " + id, "event: message", `data: {"MsgId":"` + id} {
		if events.Scan(); !strings.HasPrefix(events.Text(), want) || want == "" && events.Text() != "" {
			t.Errorf("%q, want %q", events.Text(), want)
		}
	}
	refused, _ := open("1.0", "nonsense")
	if text, err := io.ReadAll(refused); err != nil || strings.Contains(string(text), "chunked") || !strings.HasSuffix(string(text), "}\n\n") {
		t.Errorf("refused: %q %v", text, err)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	rest := ""
	for events.Scan() {
		rest += events.Text() + "\n"
	}
	if !strings.Contains(rest, "event: close\ndata: {\"code\":3000") {
		t.Errorf("at the stop: %q", rest)
	}
}

// RFC 9110 15.5.22 and RFC 6455 4.4.
func TestWhoShouldUpgradeIsToldHow(t *testing.T) {
	p := start(t, nil)
	token := p.tokenOf(t, "bob", 1)
	upgrade := "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	key := "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	holder := p.ws(t, token, "")
	for _, path := range []string{"/notify?protoc=ws&token=" + token, "/im/socket"} {
		for name, head := range map[string]string{
			"no upgrade":  "",
			"old version": upgrade + key + "Sec-WebSocket-Version: 8\r\n",
			"no version":  upgrade + key,
			"no key":      upgrade + "Sec-WebSocket-Version: 13\r\n",
			"short key":   upgrade + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2hvcnQ=\r\n",
			"no base64":   upgrade + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ************************\r\n",
		} {
			text := p.raw(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\nOrigin: http://localhost:3\r\n"+head+"Connection: close\r\n\r\n")
			res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
			if err != nil || res.StatusCode != 426 || res.Header.Get("Upgrade") != "websocket" || res.Header.Get("Sec-WebSocket-Version") != "13" ||
				res.Header.Get("X-Request-Id") != "mine" || res.Header.Get("Access-Control-Allow-Origin") == "" {
				t.Errorf("%s, %s: %v %q", path, name, err, text)
			}
		}
	}
	conv := p.room(t, "ann", "bob")
	p.say(t, p.as(t, "ann"), conv, "still here") // a handshake that fails takes nobody's place
	if m := message(t, frame(t, holder)); m.Content != "still here" {
		t.Errorf("%+v", m)
	}
}

func TestASubprotocolIsConfirmedAndMayCarryTheToken(t *testing.T) {
	p := start(t, nil)
	token := p.tokenOf(t, "1111", 1)
	for _, c := range []struct {
		path  string
		asked []string
		want  string
	}{
		{"/notify?protoc=ws", []string{token}, token},
		{"/notify?protoc=ws", []string{"bearer", token}, "bearer"},
		{"/notify?protoc=ws&token=" + token, []string{"json", "chat"}, "json"},
		{"/notify?protoc=ws&token=" + token, nil, ""},
		{"/notify?protoc=ws&token=nonsense", []string{"json"}, "json"}, // refused by a close code, which browsers see only then
		{"/im/socket", []string{"bearer", token}, "bearer"},
	} {
		d := websocket.Dialer{Subprotocols: c.asked}
		conn, res, err := d.Dial("ws"+strings.TrimPrefix(p.URL, "http")+c.path, nil)
		if err != nil {
			t.Fatalf("%s: %v", c.path, err)
		}
		if conn.Subprotocol() != c.want || len(res.Header.Values("Sec-WebSocket-Protocol")) > 1 {
			t.Errorf("%s %q: %v", c.path, c.asked, res.Header)
		}
		if c.path == "/im/socket" {
			_ = conn.WriteMessage(websocket.TextMessage, []byte(sampleLogin))
			alike(t, "login", sampleLoginSuccess, frame(t, conn), "recovered")
		}
		conn.Close()
	}
}

func TestAByteOrderMarkIsPassedOver(t *testing.T) {
	p := start(t, nil)
	conv, ann := p.room(t, "ann", "bob"), p.as(t, "ann")
	const bom = "\ufeff"
	for _, r := range []request{
		{Path: "/send_msg", Header: ann, Body: bom + `{"conversation_id":"` + conv + `","content":"1"}`},
		{Path: "/send_msg", Header: ann, Body: " \r\n" + bom + ` {"conversation_id":"` + conv + `","content":"1",} // as the document writes it`},
		{Path: "/im/conversations/" + conv + "/members", Header: serverKey, Body: bom + `{"client_ids":["Tom"]}`},
		{Path: "/api/v1/im/before/check", Header: ann, Body: bom + `{"param":{"rc_msg":"RC:TxtMsg","peer_uid":12,"content":"x"}}`},
		{Path: "/inner/get_token", Header: serverKey, Body: bom + `{"session":"ann"}`},
	} {
		r.Bad = true // the contract's reader knows no mark
		if got := p.do(t, r); got.Status != 200 || got.Code != 0 {
			t.Errorf("%s: %d %s", r.Path, got.Status, got.Body)
		}
	}
	for _, body := range []string{bom + bom + `{}`, `{"conversation_id":` + bom + `"x"}`, "\xff\xfe{\x00}\x00"} {
		if got := p.do(t, request{Path: "/send_msg", Header: ann, Body: body, Bad: true}); got.Code != 10001 {
			t.Errorf("%q: %s", body, got.Body)
		}
	}
}

func TestEachPathHasOneSpelling(t *testing.T) {
	p := start(t, nil)
	ann := p.as(t, "ann")
	for _, r := range []request{
		{Method: "GET", Path: "/metrics"}, {Path: "/inner/get_token"}, {Method: "GET", Path: "/admin/routes"}, {Path: "/send_msg"},
		{Method: "GET", Path: "/im/conversations"}, {Path: "/im/file/upload"}, {Method: "GET", Path: "/healthz"}, {Method: "GET", Path: "/notify"},
		{Path: "/api/v1/im/before/check"}, {Path: "/api/server/im/send/tip"}, {Method: "GET", Path: "/im/socket"},
	} {
		for _, spelling := range []string{r.Path + "/", r.Path + "//", strings.ToUpper(r.Path), "/." + r.Path, strings.Replace(r.Path, "e", "%65", 1)} {
			if spelling == r.Path {
				continue
			}
			got := p.do(t, request{Method: r.Method, Path: spelling, Header: ann, Bad: true})
			if got.Status != 404 && got.Status != 401 {
				t.Errorf("%s %s: %d %s", r.Method, spelling, got.Status, got.Body)
			}
		}
	}
	if page := get(t, p.URL+"/docs/"); !strings.Contains(page, "<html") {
		t.Errorf("the documentation's folder: %s", page)
	}
}

func TestADeletedConversationShowsItselfToThoseWhoWereInItAlone(t *testing.T) {
	p := start(t, nil)
	conv := p.room(t, "ann", "bob", "left1", "kicked1")
	p.gateway(t, "/leave_conversation", p.as(t, "left1"), map[string]any{"conversation_id": conv})
	p.gateway(t, "/inner/kickout_conversation", serverKey, map[string]any{"conversation_id": conv, "sessions": []string{"kicked1"}})
	p.say(t, p.as(t, "ann"), conv, "secret")
	for _, deleted := range []bool{false, true} {
		if deleted {
			p.im(t, "DELETE", "/im/conversations/"+conv, nil)
		}
		for user, code := range map[string]int{"ann": 0, "bob": 0, "left1": 10004, "kicked1": 10004, "stranger": 10004} {
			got := p.do(t, request{Path: "/get_conversation_detail", Header: p.as(t, user), Body: map[string]any{"conversation_id": conv}})
			var detail struct{ IsDelete bool }
			if got.Code == 0 {
				got.decode(t, &detail)
			}
			if got.Code != code || detail.IsDelete != (deleted && code == 0) {
				t.Errorf("deleted %v, %s: %s", deleted, user, got.Body)
			}
		}
	}
}

func TestATransientMessageMentionsNobodyAsAStoredOneDoes(t *testing.T) {
	p := start(t, nil)
	socket := p.login(t, sampleLogin)
	conv := p.newConversation(t, "2", "1111")
	for _, mentions := range []any{nil, []string{}, "", "[]", "null"} {
		for _, transient := range []int{0, 1} {
			p.im(t, "POST", "/im/conversations/"+conv+"/message", map[string]any{"from_client": "2", "type": -1, "text": "x", "transient": transient, "mention_client_ids": mentions})
			var got struct {
				Data struct {
					Mentions string `json:"mention_client_ids"`
				}
			}
			if err := json.Unmarshal(frame(t, socket), &got); err != nil || got.Data.Mentions != "null" {
				t.Errorf("%v, transient %d: %q %v", mentions, transient, got.Data.Mentions, err)
			}
		}
	}
}

func TestWhatHasNoTextShowsThroughTheGateway(t *testing.T) {
	p := start(t, nil)
	conv := p.newConversation(t, "2", "1111")
	ws := p.ws(t, p.tokenOf(t, "1111", 1), "")
	for want, body := range map[string]map[string]any{
		`{"lat":1.5,"lng":2}`:  {"type": -5, "attr": json.RawMessage(`{"lat":1.5,"lng":2}`)},
		"http://x/y.png":       {"type": -2, "url": "http://x/y.png", "attr": json.RawMessage(`{"w":1}`)},
		"words":                {"type": -1, "text": "words", "url": "http://x/y.png"},
		`{"url":"u","name":1}`: {"type": -6, "attr": json.RawMessage(`{"url":"u","name":1}`)},
	} {
		body["from_client"] = "2"
		p.im(t, "POST", "/im/conversations/"+conv+"/message", body)
		if m := message(t, frame(t, ws)); m.Content != want {
			t.Errorf("%+v, want %s", m, want)
		}
	}
}
