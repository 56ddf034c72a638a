package main

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"switchboard/app/realtime"
)

// refusedStream reads the one event of a stream that is refused, and how long its client
// is told to wait.
func (p *process) refusedStream(t testing.TB, token string) (event, string) {
	t.Helper()
	res, err := http.Get(p.URL + "/notify?protoc=sse&token=" + token)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	e := &eventStream{Scanner: bufio.NewScanner(res.Body)}
	e.Scan()
	retry := e.Text()
	ev, _ := e.next()
	return ev, retry
}

func TestAStreamThatEndedForGoodTellsStockClientsToStop(t *testing.T) {
	p := start(t, nil)
	conv, ann := p.room(t, "ann", "bob"), p.as(t, "ann")
	token := p.tokenOf(t, "bob", 1)
	first := p.sse(t, token, "")
	id := p.say(t, ann, conv, "1")
	first.next()
	second := p.sse(t, token, "")
	ev, _ := first.next()
	if ev.Name != "close" || ev.ID != id+"!3500" {
		t.Errorf("the first ends with %+v", ev)
	}
	back := func(token, last string) int {
		req, _ := http.NewRequest("GET", p.URL+"/notify?protoc=sse&token="+token, nil)
		req.Header.Set("Last-Event-ID", last)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for _, c := range []struct {
		token, last string
		want        int
	}{
		{token, ev.ID, 204}, {"nonsense", id + "!3501", 204}, {"nonsense", "!3501", 204}, {"nonsense", id + "!3502", 204},
	} {
		if got := back(c.token, c.last); got != c.want {
			t.Errorf("%s comes back: %d, want %d", c.last, got, c.want)
		}
	}
	p.say(t, ann, conv, "2")
	if ev, _ := second.next(); message(t, []byte(ev.Data)).Content != "2" {
		t.Errorf("the second got %+v", ev)
	}
	// With a new token the client goes on where it was.
	renewed := p.sse(t, token, id+"!3501")
	renewed.next()
	if ev, _ := renewed.next(); message(t, []byte(ev.Data)).Content != "2" {
		t.Errorf("renewed: %+v", ev)
	}
	if ev, retry := p.refusedStream(t, "nonsense"); retry != "retry: 86400000" || ev.ID != "!3501" {
		t.Errorf("refused: %+v, %s", ev, retry)
	}
}

func TestDevicesOfOnePlatformLiveBesideEachOther(t *testing.T) {
	for name, c := range map[string]struct {
		sessions int
		query    func(i int) string
	}{
		"named":      {1, func(i int) string { return fmt.Sprintf("&device=tab-%d", i) }},
		"configured": {3, func(int) string { return "" }},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, func(cfg *Config) { cfg.Realtime.PlatformSessions = c.sessions })
			conv, token := p.room(t, "ann", "bob"), p.tokenOf(t, "bob", 1)
			var tabs []*websocket.Conn
			for i := range 3 {
				tabs = append(tabs, p.dial(t, "/notify?protoc=ws&token="+token+c.query(i)))
			}
			p.say(t, p.as(t, "ann"), conv, "to all")
			for i, tab := range tabs {
				if m := message(t, frame(t, tab)); m.Content != "to all" {
					t.Errorf("tab %d: %+v", i, m)
				}
			}
			p.dial(t, "/notify?protoc=ws&token="+token+c.query(0)) // one too many, or the same device
			if code := closing(t, tabs[0]); code != int(realtime.Replaced) {
				t.Errorf("the oldest: %d", code)
			}
		})
	}
	p := start(t, func(cfg *Config) { cfg.Realtime.UserSessions = 2 })
	token := p.tokenOf(t, "bob", 1)
	oldest := p.dial(t, "/notify?protoc=ws&device=1&token="+token)
	p.dial(t, "/notify?protoc=ws&device=2&token="+token)
	p.dial(t, "/notify?protoc=ws&device=3&token="+token)
	if code := closing(t, oldest); code != 3500 {
		t.Errorf("the oldest of the user: %d", code)
	}
	if code := closing(t, p.dial(t, "/notify?protoc=ws&token="+token+"&device="+strings.Repeat("d", 65))); code != 3503 {
		t.Errorf("a long device: %d", code)
	}
}

// ends reads from the socket until it closes, as clients do, and tells the code.
func ends(conn *websocket.Conn) <-chan int {
	code := make(chan int, 1)
	go func() {
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				var end *websocket.CloseError
				if asClose(err, &end) {
					code <- end.Code
				}
				return
			}
		}
	}()
	return code
}

// Stock websocket clients come back whatever they are told.
func TestTwoClientsThatComeBackDoNotThrowEachOtherOutForEver(t *testing.T) {
	p := start(t, nil)
	token := p.tokenOf(t, "bob", 1)
	holder := p.ws(t, token, "")
	end, turns := ends(holder), 0
	for i := range 12 {
		next := p.ws(t, token, "")
		nextEnd := ends(next)
		select {
		case code := <-end:
			if turns++; code != 3500 || i != turns-1 {
				t.Fatalf("attempt %d ends the holder with %d, turn %d", i, code, turns)
			}
			holder, end = next, nextEnd
			time.Sleep(50 * time.Millisecond) // its answer arrives
		case code := <-nextEnd:
			if code != 3500 {
				t.Fatalf("refused with %d", code)
			}
		case <-time.After(60 * time.Second):
			t.Fatal("two sessions in one place")
		}
	}
	if turns != 3 {
		t.Errorf("%d turns before there is peace, want 3", turns)
	}
	holder.Close()
	waitFor(t, "the holder's leaving", func() bool { return p.gauge(t, "switchboard_sessions") == 0 })
	if got := p.ws(t, token, "since-nothing"); !strings.HasPrefix(string(frame(t, got)), `{"recovered":false,`) {
		t.Error("the place is free and is not given")
	}
}
