package main

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/app/access"
	mockrong "switchboard/mocks/rongcloud"
	mockyoume "switchboard/mocks/youme"
)

// startOnYouMe runs the program with YouMe for rooms, and RongCloud configured
// behind it, which no test here may reach.
func startOnYouMe(t *testing.T) (*process, *mockyoume.App, *mockyoume.Server) {
	t.Helper()
	far, err := mockyoume.Start(mockyoume.Config{
		Account:      mockyoume.Account{AppKey: "YOUME1", AppSecret: sandboxSecret, AppID: 1000, Identifier: "admin"},
		CheckAnswers: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	p := start(t, func(c *Config) {
		c.YouMe.AppKey, c.YouMe.AppSecret, c.YouMe.AppID, c.YouMe.BaseURL = "YOUME1", sandboxSecret, 1000, far.URL
		c.RongCloud.AppKey, c.RongCloud.AppSecret, c.RongCloud.BaseURL = "rong", sandboxSecret, "http://127.0.0.1:1"
		c.Route.Rooms = "youme"
		c.Apps = access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret}}
	})
	return p, far.Default(), far
}

func TestRoomsAreTheVendorsOwn(t *testing.T) {
	p, app, _ := startOnYouMe(t)
	for _, user := range []string{"u#1", "7"} {
		if err := app.Join("big/room", user, mockyoume.Media{Video: true, Audio: true, FrameRate: 15, VideoBitRate: 470, AudioBitRate: 64}); err != nil {
			t.Fatal(err)
		}
	}
	app.Open("idle")
	app.Speak("big/room", "7", true)
	for path, want := range map[string]string{
		"/rooms":                     `{"rooms":[{"room":"big/room","session":null,"users":2},{"room":"idle","session":null,"users":0}],"next":null}`,
		"/rooms/big%2Froom":          `{"room":"big/room","session":null,"state":"active","users":2}`,
		"/rooms/idle":                `{"room":"idle","session":null,"state":"idle","users":0}`,
		"/rooms/none":                `{"room":"none","session":null,"state":"absent","users":0}`,
		"/rooms/idle/users":          `{"users":[]}`,
		"/rooms/big%2Froom/users":    `{"users":["u#1","7"]}`,
		"/rooms/big%2Froom/speakers": `{"users":["7"]}`,
		"/users/u%231/rooms":         `{"rooms":[{"audio":true,"audio_bit_rate":64,"frame_rate":15,"room":"big/room","video":true,"video_bit_rate":470}]}`,
		"/users/stranger/rooms":      `{"rooms":[]}`,
		"/rooms/idle?vendor=youme":   `{"room":"idle","session":null,"state":"idle","users":0}`,
	} {
		got := p.do(t, request{Method: "GET", Path: "/api/server" + path, Header: serverKey})
		if got.Status != 200 || got.Code != 0 || !sameJSON(fresh(t, path, got.Data), want) {
			t.Errorf("%s: %d %s, want %s", path, got.Status, got.Body, want)
		}
	}
}

// fresh is data without as_of, which is to be now.
func fresh(t *testing.T, path string, data json.RawMessage) json.RawMessage {
	t.Helper()
	var fields map[string]any
	if json.Unmarshal(data, &fields) != nil {
		return data
	}
	if at, told := fields["as_of"].(float64); told && time.Since(time.Unix(int64(at), 0)) > time.Minute {
		t.Errorf("%s: as of %v", path, at)
	}
	delete(fields, "as_of")
	out, _ := json.Marshal(fields)
	return out
}

func TestOrdersReachTheRoom(t *testing.T) {
	p, app, _ := startOnYouMe(t)
	for _, user := range []string{"1", "2", "3"} {
		if err := app.Join("stage", user, mockyoume.Media{}); err != nil {
			t.Fatal(err)
		}
	}
	order := func(path string, body any) {
		t.Helper()
		got := p.do(t, request{Path: "/api/server/rooms/stage/" + path, Header: serverKey, Body: body})
		if got.Status != 200 || got.Code != 0 || string(got.Data) != "null" {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	order("message", map[string]any{"from": "host", "text": "hello & 礼物"})
	order("message", param(map[string]any{"from": 1, "to": 2, "text": "psst"}))
	var heard []string
	for _, user := range []string{"2", "3"} {
		for _, m := range app.Inbox(user) {
			heard = append(heard, user+" "+m.From+" "+m.Content)
		}
	}
	if want := []string{"2 host hello & 礼物", "2 1 psst", "3 host hello & 礼物"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}

	order("identity", map[string]any{"user": 2, "identity": "host", "sequence": 10})
	if got := app.Identity("stage", "2"); got != 5 {
		t.Errorf("identity %d, want YouMe's 5", got)
	}
	late := p.do(t, request{Path: "/api/server/rooms/stage/identity", Header: serverKey, Body: map[string]any{"user": 2, "identity": "guest", "sequence": 9}})
	if late.Status != 409 || late.Code != 100113 || app.Identity("stage", "2") != 5 {
		t.Errorf("a change that a later one has overtaken: %d %s", late.Status, late.Body)
	}

	order("kick", map[string]any{"user": 2, "by": "ops"})
	order("kick", map[string]any{"user": "3", "seconds": 60})
	if got := app.Members("stage"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("members %q", got)
	}
	if err := app.Join("stage", "2", mockyoume.Media{}); err != nil {
		t.Errorf("2 may come back at once: %v", err)
	}
	if err := app.Join("stage", "3", mockyoume.Media{}); err == nil {
		t.Error("3 came back within the minute")
	}
}

func TestCallsOfADayArePagedToTheirEnd(t *testing.T) {
	p, app, _ := startOnYouMe(t)
	day := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
	for i := range 5 {
		joined := day.Add(time.Duration(i) * time.Minute)
		app.AddCall("7", mockyoume.Call{Channel: "stage", Joined: joined, Left: joined.Add(30 * time.Second)})
	}
	app.AddCall("7", mockyoume.Call{Channel: "later", Joined: day.AddDate(0, 0, 1), Left: day.AddDate(0, 0, 1)})
	var starts []int64
	path, pages := "/api/server/users/7/calls?day=2026-01-02&limit=2", 0
	for next := ""; pages < 10; pages++ {
		var page struct {
			Calls []struct {
				Room     string `json:"room"`
				JoinedAt int64  `json:"joined_at"`
				LeftAt   int64  `json:"left_at"`
				Seconds  int64  `json:"seconds"`
			} `json:"calls"`
			Next *string `json:"next"`
		}
		got := p.do(t, request{Method: "GET", Path: path + next, Header: serverKey})
		got.decode(t, &page)
		for _, c := range page.Calls {
			starts = append(starts, (c.JoinedAt-day.Unix())/60)
			if c.Room != "stage" || c.LeftAt-c.JoinedAt != 30 || c.Seconds != 30 {
				t.Errorf("%+v", c)
			}
		}
		if page.Next == nil {
			break
		}
		next = "&cursor=" + *page.Next
	}
	if !slices.Equal(starts, []int64{0, 1, 2, 3, 4}) || pages != 2 {
		t.Errorf("calls %v in %d pages", starts, pages+1)
	}
}

func TestWhatTheRoomsVendorCannotDoNamesWhoCan(t *testing.T) {
	p, _, far := startOnYouMe(t)
	for path, body := range map[string]any{
		"ban": map[string]any{"users": []any{1, "2"}, "seconds": 60}, "unban": map[string]any{"users": []any{1}}, "dissolve": nil,
	} {
		got := p.do(t, request{Path: "/api/server/rooms/stage/" + path, Header: serverKey, Body: body, Bad: body == nil})
		if got.Status != 501 || got.Code != 100111 || !strings.Contains(*got.Err, "youme cannot") || !strings.Contains(*got.Err, "rongcloud can") {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
		if !sameJSON(got.Data, `{"able":["rongcloud"]}`) {
			t.Errorf("%s: data %s", path, got.Data)
		}
	}
	if journal := get(t, far.URL+"/_mock/journal"); strings.Contains(journal, "/v1/im/") {
		t.Errorf("the vendor was called: %s", journal)
	}
}

func TestBansAreTheOtherVendors(t *testing.T) {
	rong, err := mockrong.Start(mockrong.Config{Account: mockrong.Account{AppKey: "rong", AppSecret: sandboxSecret}, CheckAnswers: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rong.Close() })
	app := rong.Default()
	for _, user := range []string{"1", "2", "3"} {
		app.AddUser(user, user)
		if err := app.JoinRTC("stage", user); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, func(c *Config) {
		c.RongCloud.AppKey, c.RongCloud.AppSecret, c.RongCloud.BaseURL = "rong", sandboxSecret, rong.URL
		c.Apps = access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret}}
	})
	order := func(path string, body any) {
		t.Helper()
		got := p.do(t, request{Path: "/api/server/rooms/stage/" + path + "?vendor=rongcloud", Header: serverKey, Body: body})
		if got.Status != 200 || got.Code != 0 {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	order("ban", map[string]any{"users": []any{2}, "seconds": 3600})
	if got := app.RTCMembers("stage"); !slices.Equal(got, []string{"1", "3"}) {
		t.Errorf("after the ban %q", got)
	}
	if app.JoinRTC("stage", "2") == nil {
		t.Error("2 came back within the ban")
	}
	order("unban", map[string]any{"users": []any{2}})
	if err := app.JoinRTC("stage", "2"); err != nil {
		t.Errorf("2 is unbanned: %v", err)
	}
	order("kick", map[string]any{"user": 3})
	order("dissolve", map[string]any{})
	if got := app.RTCMembers("stage"); len(got) != 0 {
		t.Errorf("after its end %q", got)
	}
	list := p.do(t, request{Method: "GET", Path: "/api/server/rooms", Header: serverKey})
	if list.Status != 501 || !strings.Contains(*list.Err, "no configured vendor can") || !sameJSON(list.Data, `{"able":[]}`) {
		t.Errorf("a list by nobody: %d %s", list.Status, list.Body)
	}
}

func TestBadRoomRequestIsRefusedAndAVendorsBadDayIsTold(t *testing.T) {
	p, app, far := startOnYouMe(t)
	if err := app.Join("stage", "1", mockyoume.Media{}); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 65)
	for _, c := range []struct {
		name, method, path string
		body               any
		status, code       int
		says               string
	}{
		{"room of 65 bytes", "GET", "/rooms/" + long, nil, 400, 100101, "room"},
		{"control character in a room", "GET", "/rooms/a%00b", nil, 400, 100101, "room"},
		{"vendor off the route", "GET", "/rooms?vendor=rongcloud", nil, 400, 100101, "route"},
		{"users of no room", "GET", "/rooms/none/users", nil, 404, 100104, "no such"},
		{"kick of nobody", "POST", "/rooms/stage/kick", `{}`, 400, 100101, "user"},
		{"kick for less than no time", "POST", "/rooms/stage/kick", `{"user":1,"seconds":-1}`, 400, 100101, "seconds"},
		{"kick for ever", "POST", "/rooms/stage/kick", `{"user":1,"seconds":9999999999}`, 400, 100101, "seconds"},
		{"kick of who is not there", "POST", "/rooms/stage/kick", `{"user":"stranger"}`, 422, 100110, "refused"},
		{"message of nothing", "POST", "/rooms/stage/message", `{"from":1,"text":""}`, 400, 100101, "text"},
		{"message from nobody", "POST", "/rooms/stage/message", `{"text":"x"}`, 400, 100101, "from"},
		{"message of 2049 bytes", "POST", "/rooms/stage/message", map[string]any{"from": 1, "text": strings.Repeat("a", 2049)}, 422, 100110, "limit"},
		{"identity of none", "POST", "/rooms/stage/identity", `{"user":1}`, 400, 100101, "identity"},
		{"identity that is none", "POST", "/rooms/stage/identity", `{"user":1,"identity":"emperor"}`, 422, 100110, "parameters"},
		{"identity in no room", "POST", "/rooms/none/identity", `{"user":1,"identity":"host"}`, 404, 100104, "no such"},
		{"ban of nobody", "POST", "/rooms/stage/ban", `{"users":[],"seconds":5}`, 400, 100101, "users"},
		{"ban for no time", "POST", "/rooms/stage/ban", `{"users":[1]}`, 400, 100101, "seconds"},
		{"calls of no day", "GET", "/users/1/calls", nil, 400, 100101, "day"},
		{"calls of a day that is none", "GET", "/users/1/calls?day=2026-02-30", nil, 400, 100101, "day"},
		{"page of 101", "GET", "/users/1/calls?day=2026-01-02&limit=101", nil, 400, 100101, "limit"},
		{"page of 0", "GET", "/users/1/calls?day=2026-01-02&limit=0", nil, 400, 100101, "limit"},
		{"another's cursor", "GET", "/users/1/calls?day=2026-01-02&cursor=x", nil, 400, 100101, "cursor"},
		{"no key", "GET", "/rooms", "", 401, 100102, "app-key"},
	} {
		header := serverKey
		if c.name == "no key" {
			header = nil
		}
		got := p.do(t, request{Method: c.method, Path: "/api/server" + c.path, Header: header, Body: c.body, Bad: true})
		if got.Status != c.status || got.Code != c.code || got.Err == nil || !strings.Contains(*got.Err, c.says) {
			t.Errorf("%s: %d %.200s, want %d %d %q", c.name, got.Status, got.Body, c.status, c.code, c.says)
		}
	}
	for _, c := range []struct {
		name, method, path string
		body               any
		action             map[string]any
		status, code       int
	}{
		{"silent on a write", "POST", "/rooms/stage/kick", `{"user":1}`, map[string]any{"kind": "html"}, 504, 100109},
		{"HTML on a read", "GET", "/rooms", nil, map[string]any{"kind": "html", "status": 502}, 503, 100108},
		{"a code that nobody knows", "GET", "/rooms", nil, map[string]any{"kind": "code", "code": "77777"}, 422, 100110},
	} {
		spoil(t, far.URL, "*", 1000, c.action)
		got := p.do(t, request{Method: c.method, Path: "/api/server" + c.path, Header: serverKey, Body: c.body})
		if got.Status != c.status || got.Code != c.code || strings.Contains(string(got.Body), "77777") || strings.Contains(string(got.Body), "html") {
			t.Errorf("%s: %d %s", c.name, got.Status, got.Body)
		}
		req, _ := http.NewRequest(http.MethodDelete, far.URL+"/_mock/faults", nil)
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
		}
	}
}

func TestSandboxHasARoomToLookAt(t *testing.T) {
	p := start(t, nil)
	got := p.do(t, request{Method: "GET", Path: "/api/server/rooms", Header: serverKey})
	if got.Code != 0 || !sameJSON(fresh(t, "/rooms", got.Data), `{"rooms":[{"room":"lobby","session":null,"users":1}],"next":null}`) {
		t.Errorf("%s", got.Body)
	}
	kicked := p.do(t, request{Path: "/api/server/rooms/lobby/dissolve?vendor=rongcloud", Header: serverKey, Body: map[string]any{}})
	if kicked.Status == 501 || kicked.Status == 400 {
		t.Errorf("rongcloud is on the route and can: %s", kicked.Body)
	}
}

func sameJSON(got json.RawMessage, want string) bool {
	var a, b any
	return json.Unmarshal(got, &a) == nil && json.Unmarshal([]byte(want), &b) == nil && reflect.DeepEqual(a, b)
}
