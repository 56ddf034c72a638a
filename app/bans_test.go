package main

import (
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"switchboard/app/sqldb/sqldbtest"
)

// A ban at one replica ends what is open at the other, on every transport; when
// no news passes between them, the store tells.
func TestBanEndsOpenSessionsAtEveryReplica(t *testing.T) {
	for name, server := range map[string]string{"bus": "REDIS", "no bus": ""} {
		t.Run(name, func(t *testing.T) {
			bus := ""
			if server != "" {
				bus = busOf(t, server)
			}
			shared := on(sqldbtest.Postgres(t), bus)
			edit := func(c *Config) {
				shared(c)
				c.Realtime.ReadEvery = time.Hour // nothing is found without news
				if bus == "" {
					c.Realtime.ReadEvery = 10 * time.Millisecond
				}
			}
			a, b := start(t, edit), start(t, edit)
			if bus != "" {
				waitFor(t, "the bus", func() bool { return isReplacedElsewhere(t, a, b) && isReplacedElsewhere(t, b, a) })
			}
			testBan(t, a, b)
		})
	}
}

// isReplacedElsewhere says whether b's news reaches a.
func isReplacedElsewhere(t testing.TB, a, b *process) bool {
	older := a.ws(t, a.tokenOf(t, "probe", 1), "")
	newer := b.ws(t, b.tokenOf(t, "probe", 1), "")
	defer newer.Close()
	_ = older.SetReadDeadline(time.Now().Add(time.Second))
	_, _, err := older.ReadMessage()
	return isReplaced(err)
}

func testBan(t *testing.T, a, b *process) {
	token, stays := b.tokenOf(t, "1111", 1), b.tokenOf(t, "2222", 1)
	ws, other := b.ws(t, token, ""), b.ws(t, stays, "")
	sse := b.sse(t, b.tokenOf(t, "1111", 2), "")
	socket := b.login(t, sampleLogin)
	polled := make(chan answer, 1)
	go func() { polled <- b.poll(t, b.tokenOf(t, "1111", 3), nil) }()
	waitFor(t, "all sessions", func() bool { return b.gauge(t, "switchboard_sessions") == 5 })

	if got := a.do(t, request{Path: "/api/server/users/1111/ban", Header: serverKey}); got.Code != 0 {
		t.Fatalf("ban: %s", got.Body)
	}
	if code := closing(t, ws); code != 3502 {
		t.Errorf("websocket: %d", code)
	}
	if code := closing(t, socket); code != 3502 {
		t.Errorf("socket of the conversation API: %d", code)
	}
	if ev, _ := sse.next(); ev.Name != "close" || !strings.Contains(ev.Data, `"code":3502`) {
		t.Errorf("stream: %+v", ev)
	}
	if got := <-polled; got.Code != 3502 {
		t.Errorf("poll: %s", got.Body)
	}
	if got := b.poll(t, token, nil); got.Code != 10007 {
		t.Errorf("the next poll: %s", got.Body)
	}
	if got := b.do(t, request{Path: "/api/v1/video/pair/ask", Header: map[string]string{"Authorization": "Bearer " + token}, Body: map[string]any{}}); got.Status != 403 {
		t.Errorf("ask: %s", got.Body)
	}
	if n := b.gauge(t, "switchboard_sessions"); n != 1 {
		t.Errorf("%d sessions are left", n)
	}

	if got := a.do(t, request{Path: "/api/server/users/1111/unban", Header: serverKey}); got.Code != 0 {
		t.Fatalf("unban: %s", got.Body)
	}
	again := b.ws(t, token, "")
	conv := a.room(t, "2222", "1111")
	b.say(t, b.as(t, "2222"), conv, "welcome back")
	for who, conn := range map[string]*websocket.Conn{"the one let in": again, "the other user": other} {
		if text := frame(t, conn); message(t, text).Content != "welcome back" {
			t.Errorf("%s: %s", who, text)
		}
	}
}

func TestOnlyTheAppsServerBansUsersItHas(t *testing.T) {
	p := start(t, nil)
	ann := p.as(t, "ann")
	if got := p.do(t, request{Path: "/api/server/users/ann/ban", Header: ann, Bad: true}); got.Status != 401 {
		t.Errorf("by a client: %d %s", got.Status, got.Body)
	}
	for _, do := range []string{"ban", "unban"} {
		if got := p.do(t, request{Path: "/api/server/users/ghost/" + do, Header: serverKey}); got.Status != 404 {
			t.Errorf("%s of nobody: %d %s", do, got.Status, got.Body)
		}
	}
}

func TestBanTakesTheUserOutOfMatching(t *testing.T) {
	p := start(t, nil)
	_, candidate, ask := p.offeredPair(t)
	if got := p.do(t, request{Path: "/api/server/users/100/ban", Header: serverKey}); got.Code != 0 {
		t.Fatalf("ban: %s", got.Body)
	}
	if got := p.pair(t, candidate, "pair/answer", map[string]any{"ask_no": ask, "round_no": 1, "pass": true}); got.Code == 0 {
		t.Errorf("a banned user's ask goes on: %s", got.Body)
	}
}
