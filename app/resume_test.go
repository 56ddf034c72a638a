package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
)

// position is what a client that has no message yet names as since.
type position struct {
	Recovered bool
	Position  string
}

func decodePosition(t testing.TB, text []byte) (at position) {
	t.Helper()
	if err := json.Unmarshal(text, &at); err != nil || at.Position == "" {
		t.Fatalf("no position in %s (%v)", text, err)
	}
	return at
}

// resumeSocket logs 1111 in at the conversation API's socket with since.
func (p *process) resumeSocket(t testing.TB, since string) (*websocket.Conn, []byte) {
	t.Helper()
	conn := p.dial(t, "/im/socket")
	login := strings.Replace(sampleLogin, `"data": {`, `"data": {"since": "`+since+`",`, 1)
	if err := conn.WriteMessage(websocket.TextMessage, []byte(login)); err != nil {
		t.Fatal(err)
	}
	var in struct{ Data json.RawMessage }
	if err := json.Unmarshal(frame(t, conn), &in); err != nil {
		t.Fatal(err)
	}
	return conn, in.Data
}

func TestTheLastEventOfABrowserIsNewerThanItsURL(t *testing.T) {
	p := start(t, nil)
	conv, ann, token := p.room(t, "ann", "bob"), p.as(t, "ann"), p.tokenOf(t, "bob", 1)
	var ids []string
	for _, text := range []string{"1", "2", "3", "4", "5"} {
		ids = append(ids, p.say(t, ann, conv, text))
	}
	for _, c := range []struct{ since, last, want string }{
		{ids[0], ids[3], "5"}, {ids[3], ids[0], "2"}, {"", ids[2], "4"}, {"nonsense", ids[3], "5"},
	} {
		e := p.sseAt(t, "&token="+token+"&since="+c.since, "", c.last)
		if ev, _ := e.next(); decodePosition(t, []byte(ev.Data)) != (position{true, c.last}) || e.position != c.last {
			t.Errorf("since %q, last %q: %+v at %q", c.since, c.last, ev, e.position)
		}
		if ev, _ := e.next(); message(t, []byte(ev.Data)).Content != c.want {
			t.Errorf("since %q, last %q: %+v, want %s", c.since, c.last, ev, c.want)
		}
		e.close()
	}
}

// resuming is one way to listen, to leave before any message came, and to come back.
var resuming = map[string]struct {
	open func(t *testing.T, p *process, token string) (position string, leave func())
	back func(t *testing.T, p *process, token, position string) msgData
}{
	"sse": {
		func(t *testing.T, p *process, token string) (string, func()) {
			e := p.sse(t, token, "")
			e.Scan()
			position := e.Text()[len("id: "):]
			return position, e.close
		},
		func(t *testing.T, p *process, token, position string) msgData {
			e := p.sse(t, token, position)
			e.next()
			ev, _ := e.next()
			return message(t, []byte(ev.Data))
		},
	},
	"websocket": {
		func(t *testing.T, p *process, token string) (string, func()) {
			conn := p.dial(t, "/notify?protoc=ws&since=&token="+token)
			return decodePosition(t, frame(t, conn)).Position, func() { conn.Close() }
		},
		func(t *testing.T, p *process, token, position string) msgData {
			conn := p.ws(t, token, position)
			frame(t, conn)
			return message(t, frame(t, conn))
		},
	},
	"socket": {
		func(t *testing.T, p *process, token string) (string, func()) {
			conn, data := p.resumeSocket(t, "")
			return decodePosition(t, data).Position, func() { conn.Close() }
		},
		func(t *testing.T, p *process, token, position string) (m msgData) {
			conn, _ := p.resumeSocket(t, position)
			var got struct {
				Data struct {
					Text string `json:"text"`
					ID   string `json:"msg_id"`
				}
			}
			if err := json.Unmarshal(frame(t, conn), &got); err != nil {
				t.Fatal(err)
			}
			return msgData{MsgID: got.Data.ID, Content: got.Data.Text}
		},
	},
}

func TestWhatComesBeforeTheFirstMessageIsResumedAfterSilenceAndRestart(t *testing.T) {
	t.Parallel()
	for name, way := range resuming {
		for _, restart := range []bool{false, true} {
			for _, history := range []bool{false, true} {
				t.Run(name, func(t *testing.T) {
					folder := t.TempDir()
					in := func(c *Config) { c.DataDir = folder }
					p := start(t, in)
					conv, ann, token := p.room(t, "ann", "1111"), p.as(t, "ann"), p.tokenOf(t, "1111", 1)
					if history {
						seen := p.ws(t, p.tokenOf(t, "ann", 2), "")
						p.say(t, ann, conv, "before")
						frame(t, seen)
					}
					at, leave := way.open(t, p, token)
					if restart {
						if err := p.stop(); err != nil {
							t.Fatal(err)
						}
						p = start(t, in)
					} else {
						leave()
					}
					id := p.say(t, ann, conv, "meanwhile")
					p.say(t, ann, conv, "and more")
					if m := way.back(t, p, token, at); m.MsgID != id || m.Content != "meanwhile" {
						t.Errorf("restart %v, history %v: %+v", restart, history, m)
					}
				})
			}
		}
	}
}

func TestPollsNameTheirPositionAndLoseNothingBetween(t *testing.T) {
	p := start(t, nil)
	conv, ann, token := p.room(t, "ann", "bob"), p.as(t, "ann"), p.tokenOf(t, "bob", 1)
	at := "" // from now on
	poll := make(chan answer, 1)
	go func() { poll <- p.poll(t, token, &at) }()
	waitFor(t, "the poll's session", func() bool { return p.gauge(t, "switchboard_sessions") == 1 })
	p.say(t, ann, conv, "0")
	first := <-poll
	for _, want := range []string{"1", "2", "3"} {
		at = decodePosition(t, first.Body).Position
		id := p.say(t, ann, conv, want)
		first = p.poll(t, token, &at)
		var got struct{ Msg []msgData }
		if err := json.Unmarshal(first.Body, &got); err != nil || len(got.Msg) != 1 || got.Msg[0].Content != want {
			t.Fatalf("%v %s, want %s", err, first.Body, want)
		}
		if next := decodePosition(t, first.Body); next != (position{true, id}) {
			t.Errorf("%+v, want %s", next, id)
		}
	}
}

func TestAPollWhoseClientLeftTakesNothing(t *testing.T) {
	p := start(t, nil)
	conv, ann, token := p.quietRoom(t, "ann", "bob"), p.as(t, "ann"), p.tokenOf(t, "bob", 1)
	for _, text := range []string{"1", "2", "3"} {
		ctx, cancel := context.WithCancel(t.Context())
		req, _ := http.NewRequestWithContext(ctx, "GET", p.URL+"/notify?protoc=poll&token="+url.QueryEscape(token), nil)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req); err == nil {
				res.Body.Close()
			}
		}()
		waitFor(t, "the poll's session", func() bool { return p.gauge(t, "switchboard_sessions") == 1 })
		time.Sleep(50 * time.Millisecond)
		cancel()
		<-ended
		p.say(t, ann, conv, text)
		time.Sleep(50 * time.Millisecond) // what is taken would be lost now
		if got := p.poll(t, token, nil); message(t, got.Body).Content != text {
			t.Errorf("%d %s, want %s", got.Status, got.Body, text)
		}
	}
}
