package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mocklivekit "switchboard/mocks/livekit"
	"switchboard/vendors"
	"switchboard/vendors/livekit/livekittest"
)

// joinAnswer is what /api/v1/rtc/token gives.
type joinAnswer struct {
	SDK, URL, Room, Token string
}

func (p *process) rtcToken(t testing.TB, who map[string]string, body map[string]any) (got answer, c joinAnswer) {
	t.Helper()
	if got = p.do(t, request{Path: "/api/v1/rtc/token", Header: who, Body: body}); got.Code == 0 {
		got.decode(t, &c)
	}
	return got, c
}

// startOnLiveKit runs the program with LiveKit's mock, which reports to it.
func startOnLiveKit(t *testing.T) (*process, *mocklivekit.App, *mocklivekit.Server) {
	t.Helper()
	far, err := mocklivekit.Start(mocklivekit.Config{Account: mocklivekit.Account{APIKey: livekittest.Key, APISecret: livekittest.Secret}, CheckAnswers: true, NoAnswer: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	p := start(t, func(c *Config) {
		c.LiveKit.BaseURL, c.LiveKit.APIKey, c.LiveKit.APISecret = far.URL, livekittest.Key, livekittest.Secret
		c.LiveKit.Egress, c.LiveKit.RecordingPath = true, "recordings/{room_name}"
		c.Pairing.Keys = map[string]string{"free": "0s"}
	})
	far.Default().Callbacks.Target("", p.URL+"/callbacks/livekit")
	return p, far.Default(), far
}

func TestWhoMayJoinARoomIsTheBackEndsWord(t *testing.T) {
	p, app, _ := startOnLiveKit(t)
	ann := p.as(t, "ann")
	order := func(path string, body any) answer {
		t.Helper()
		got := p.do(t, request{Path: "/api/server/rooms/stage/" + path, Header: serverKey, Body: body})
		if got.Status != 200 || got.Code != 0 {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
		return got
	}
	if got, _ := p.rtcToken(t, ann, map[string]any{"room": "stage"}); got.Status != 403 || got.Code != 100103 {
		t.Errorf("nobody let ann in: %d %s", got.Status, got.Body)
	}
	order("grants", map[string]any{"users": []any{"ann", "bob"}, "seconds": 3600, "publish": []string{"microphone"}, "data": true})
	got, c := p.rtcToken(t, ann, map[string]any{"room": "stage", "name": "Ann"})
	claims, in := app.Read(c.Token)
	if c.SDK != "livekit" || !strings.HasPrefix(c.URL, "ws://") || !in || claims.Identity != "ann" || claims.Room != "stage" || claims.Admin ||
		!slices.Equal(claims.Sources, []string{mocklivekit.Microphone}) || !claims.Subscribe || !claims.Data || time.Until(claims.Expires) > 3*time.Minute {
		t.Fatalf("%s: let in %t with %+v", got.Body, in, claims)
	}
	for _, user := range []string{"ann", "bob"} {
		_, c := p.rtcToken(t, p.as(t, user), map[string]any{"room": "stage"})
		if err := app.Join(c.Token); err != nil {
			t.Fatal(err)
		}
	}
	app.Publish("stage", "ann", mocklivekit.Microphone)
	order("mute", map[string]any{"user": "ann"})
	order("data", map[string]any{"topic": "score", "data": "aGVsbG8=", "to": []any{"bob"}})
	order("permission", map[string]any{"user": "bob", "publish": []string{"camera"}, "subscribe": true})
	if tracks := app.Tracks("stage", "ann"); len(tracks) != 1 || !tracks[0].Muted {
		t.Errorf("ann sends %+v", tracks)
	}
	if box := app.Inbox("bob"); len(box) != 1 || string(box[0].Data) != "hello" || len(app.Inbox("ann")) != 0 {
		t.Errorf("bob got %+v, ann %+v", box, app.Inbox("ann"))
	}
	if may := app.Permission("stage", "bob"); may.Data || !slices.Equal(may.Sources, []string{mocklivekit.Camera}) {
		t.Errorf("bob may %+v", may)
	}
	var rec struct{ ID, Status string }
	order("recordings", map[string]any{"video": false}).decode(t, &rec)
	order("recordings/"+rec.ID+"/stop", map[string]any{})
	if list := p.do(t, request{Method: "GET", Path: "/api/server/rooms/stage/recordings", Header: serverKey}); !strings.Contains(string(list.Body), `"status":"done"`) {
		t.Errorf("recordings: %s", list.Body)
	}

	// LiveKit keeps nobody out: the product does, past a restart of its own, and against
	// a token that is still good.
	order("kick", map[string]any{"user": "ann", "seconds": 600})
	if got, _ := p.rtcToken(t, ann, map[string]any{"room": "stage"}); got.Code != 100103 {
		t.Errorf("ann is to stay out: %s", got.Body)
	}
	if err := app.Join(c.Token); err != nil {
		t.Fatal(err)
	}
	until(t, "ann is put out again", func() bool { return slices.Equal(app.Members("stage"), []string{"bob"}) })

	order("unban", map[string]any{"users": []any{"ann"}})
	if got, _ := p.rtcToken(t, ann, map[string]any{"room": "stage"}); got.Code != 0 {
		t.Errorf("ann may come back: %s", got.Body)
	}

	// The room belongs to the account that let people in, whatever the route says now.
	p.operate(t, "PUT", "/admin/routes", map[string]any{"by": "test", "routes": map[string]string{"rooms": "youme"}}, nil)
	if got := p.do(t, request{Method: "GET", Path: "/api/server/rooms/stage/users", Header: serverKey}); !sameJSON(got.Data, `{"users":["bob"]}`) {
		t.Errorf("after the switch: %s", got.Body)
	}
	order("dissolve", map[string]any{})
	if app.Members("stage") != nil {
		t.Error("the room is there")
	}
	withdrawn := p.do(t, request{Method: "DELETE", Path: "/api/server/rooms/stage/grants", Header: serverKey, Body: map[string]any{"users": []any{"bob"}}})
	if got, _ := p.rtcToken(t, p.as(t, "bob"), map[string]any{"room": "stage"}); withdrawn.Code != 0 || got.Code != 100103 {
		t.Errorf("withdrawn %s, then %s", withdrawn.Body, got.Body)
	}
}

// What a client says of its call must not open a room that is not its own.
func TestAReportedCallOpensNobodysRoom(t *testing.T) {
	p, app, _ := startOnLiveKit(t)
	asker, candidate, ask := p.offeredPair(t)
	for _, who := range []map[string]string{asker, candidate} {
		if got, _ := p.rtcToken(t, who, map[string]any{"ask_no": ask}); got.Code != 100103 {
			t.Errorf("before the match: %s", got.Body)
		}
	}
	app.Enter("board-meeting", "boss")
	p.pair(t, candidate, "pair/answer", map[string]any{"ask_no": ask, "round_no": 1, "pass": true})
	p.pair(t, candidate, "pair/call", map[string]any{"ask_no": ask, "round_no": 1, "call_id": "board-meeting", "event": "started"})
	_, c := p.rtcToken(t, candidate, map[string]any{"ask_no": ask})
	if claims, in := app.Read(c.Token); !in || claims.Room == "board-meeting" || claims.Identity != "200" || !strings.Contains(claims.Room, ask) {
		t.Errorf("%+v", claims)
	}
	if got, _ := p.rtcToken(t, p.as(t, "300"), map[string]any{"ask_no": ask}); got.Code == 0 {
		t.Errorf("a stranger is let in: %s", got.Body)
	}
}

// TestARealCallIsMatchedSeenAndPaid is a video call between two browsers over LiveKit's
// own server, from the ask to the coins.
func TestARealCallIsMatchedSeenAndPaid(t *testing.T) {
	t.Parallel()
	var product atomic.Value // the product's address, which is not known before LiveKit's
	hooks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		to, _ := product.Load().(string)
		req, _ := http.NewRequest(http.MethodPost, to+"/callbacks/livekit", bytes.NewReader(body))
		req.Header = r.Header.Clone()
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = res.Body.Close()
		w.WriteHeader(res.StatusCode)
	}))
	t.Cleanup(hooks.Close)
	server := livekittest.Start(t, livekittest.Options{Webhook: hooks.URL})
	p := start(t, func(c *Config) {
		c.LiveKit.URL, c.LiveKit.APIKey, c.LiveKit.APISecret = strings.Replace(server.URL, "http", "ws", 1), livekittest.Key, vendors.Secret(livekittest.Secret)
		c.Pairing.Keys = map[string]string{"free": "0s", "connect_timeout": "5m", "confirm_timeout": "5m"}
	})
	product.Store(p.URL)
	phones := map[string]*livekittest.Browser{"100": livekittest.Open(t), "200": livekittest.Open(t)}
	asker, candidate, ask := p.offeredPair(t)
	if got := p.pair(t, candidate, "pair/answer", map[string]any{"ask_no": ask, "round_no": 1, "pass": true}); got.Code != 0 {
		t.Fatalf("%s", got.Body)
	}
	room := ""
	for user, who := range map[string]map[string]string{"100": asker, "200": candidate} {
		got, c := p.rtcToken(t, who, map[string]any{"ask_no": ask})
		if c.Token == "" {
			t.Fatalf("%s", got.Body)
		}
		phones[user].Ask(t, nil, "join", c.URL, c.Token, c.Room, user, []string{"microphone", "camera"})
		room = c.Room
	}
	for user, phone := range phones {
		until(t, user+" sees the other", func() bool {
			var frames int
			phone.Ask(t, &frames, "frames", room, user)
			return frames >= 10
		})
	}
	until(t, "the call is known", func() bool { return p.pairInfo(t, asker, ask).CallID == room })
	if got := p.pair(t, asker, "pair/confirm", map[string]any{"ask_no": ask, "round_no": 1, "pass": true, "peer_uid": 200, "call_id": room}); got.Code != 0 {
		t.Fatalf("%s", got.Body)
	}
	phones["100"].Kill() // the caller vanishes: LiveKit notices by itself
	until(t, "the ask has ended", func() bool { return p.pairInfo(t, candidate, ask).Status == 1 })
	until(t, "the asker has paid for a started minute", func() bool {
		var purse struct{ Balance int64 }
		p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: asker}).decode(t, &purse)
		return purse.Balance == 1000-8
	})
	until(t, "the other is not left alone in the room", func() bool {
		var here bool
		phones["200"].Ask(t, &here, "present", room, "200")
		return !here
	})
	var state struct{ State string }
	until(t, "the room has ended", func() bool {
		got := p.do(t, request{Method: "GET", Path: "/api/server/rooms/" + room + "?vendor=livekit", Header: serverKey})
		_ = json.Unmarshal(got.Data, &state)
		return state.State == "absent"
	})
	if got, _ := p.rtcToken(t, candidate, map[string]any{"ask_no": ask}); got.Code == 0 {
		t.Errorf("the call is over, and its room opens again: %s", got.Body)
	}
}
