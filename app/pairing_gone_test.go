package main

import (
	"testing"
	"time"

	"github.com/fasthttp/websocket"
)

// goneTest is two users whose presence is known by what each test gives them.
type goneTest struct {
	*process
	asker, candidate map[string]string
}

func startGone(t *testing.T, keys map[string]string) goneTest {
	p := start(t, func(c *Config) { c.Pairing.Keys = keys })
	return goneTest{p, p.as(t, "73"), p.as(t, "74")}
}

// socket opens the user's socket at our gateway.
func (g goneTest) socket(t *testing.T, who map[string]string) *websocket.Conn {
	t.Helper()
	return g.dial(t, "/notify?protoc=ws&token="+who["Authorization"][len("Bearer "):])
}

func (g goneTest) ask(t *testing.T) string {
	t.Helper()
	var asked struct {
		AskNo string `json:"ask_no"`
	}
	got := g.pair(t, g.asker, "pair/ask", nil)
	got.decode(t, &asked)
	if asked.AskNo == "" {
		t.Fatalf("ask: %s", got.Body)
	}
	return asked.AskNo
}

// call brings the ask to a call that the asker likes.
func (g goneTest) call(t *testing.T, ask string) {
	t.Helper()
	until(t, "the candidate is offered", func() bool { return g.pair(t, g.candidate, "pair/info", map[string]any{"ask_no": ask}).Code == 0 })
	for _, c := range []struct {
		who  map[string]string
		path string
		body map[string]any
	}{
		{g.candidate, "pair/answer", map[string]any{"ask_no": ask, "round_no": 1, "pass": true}},
		{g.candidate, "pair/call", map[string]any{"ask_no": ask, "round_no": 1, "call_id": "room", "event": "started"}},
		{g.asker, "pair/confirm", map[string]any{"ask_no": ask, "round_no": 1, "pass": true, "peer_uid": 74, "call_id": "room"}},
	} {
		if got := g.pair(t, c.who, c.path, c.body); got.Code != 0 {
			t.Fatalf("%s: %s", c.path, got.Body)
		}
	}
}

// wantEnded polls as the candidate until the ask is over, for at most limit.
func (g goneTest) wantEnded(t *testing.T, ask string, limit time.Duration) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		info := g.pairInfo(t, g.candidate, ask)
		if info.Status == 1 {
			return
		}
		if time.Since(begin) > limit {
			t.Fatalf("status %d after %s, although the asker is gone", info.Status, limit)
		}
	}
}

// Whoever's socket closes is gone, whatever weaker sign of them was seen before.
func TestACallEndsWhenASocketClosesAfterACallToTheAPI(t *testing.T) {
	for _, wait := range []struct {
		name string
		time time.Duration
	}{{"two seconds after the last call", 2 * time.Second}, {"at once after the last call", 0}} {
		t.Run(wait.name, func(t *testing.T) {
			g := startGone(t, map[string]string{"ask_ttl": "120s", "call_watchdog": "1s"})
			if got := g.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: g.asker}); got.Code != 0 {
				t.Fatalf("%s", got.Body)
			}
			mine := g.socket(t, g.asker)
			g.socket(t, g.candidate)
			ask := g.ask(t)
			g.call(t, ask)
			time.Sleep(wait.time)
			_ = mine.UnderlyingConn().Close()
			g.wantEnded(t, ask, 20*time.Second) // before pair.activity_ttl could end it
		})
	}
}

func TestNobodyIsMatchedWithAnAskerWhoseSocketIsGone(t *testing.T) {
	g := startGone(t, map[string]string{"ask_ttl": "120s", "asker_gone_grace": "1s"})
	if got := g.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: g.asker}); got.Code != 0 {
		t.Fatalf("%s", got.Body)
	}
	mine := g.socket(t, g.asker)
	ask := g.ask(t)
	_ = mine.UnderlyingConn().Close()
	time.Sleep(3 * time.Second)
	g.socket(t, g.candidate)
	time.Sleep(time.Second)
	if got := g.pair(t, g.candidate, "pair/answer", map[string]any{"ask_no": ask, "round_no": 1, "pass": true}); got.Code == 0 {
		t.Fatalf("a pass for an asker who is gone: %s", got.Body)
	}
	if info := g.pairInfo(t, g.asker, ask); info.Status != 1 {
		t.Fatalf("info %+v", info)
	}
}

// Nobody has a socket of ours: who is not heard of any more is found gone, although
// the other one goes on calling.
func TestUsersWithoutASocketAreFoundGone(t *testing.T) {
	t.Parallel()
	g := startGone(t, map[string]string{"ask_ttl": "120s", "activity_ttl": "2s", "call_watchdog": "1s", "asker_gone_grace": "1s"})
	if got := g.pair(t, g.candidate, "pair/avail", map[string]any{"on": true}); got.Code != 0 {
		t.Fatalf("%s", got.Body)
	}
	ask := g.ask(t)
	g.call(t, ask)
	g.wantEnded(t, ask, 60*time.Second)
	time.Sleep(3500 * time.Millisecond) // pair.wrap_up
	searching := g.ask(t)               // the candidate's lease holds, and they stay silent as well
	time.Sleep(5 * time.Second)
	if info := g.pairInfo(t, g.asker, searching); info.Status != 1 {
		t.Fatalf("info %+v", info)
	}
}
