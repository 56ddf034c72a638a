package rongcloud_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/mock"
	"switchboard/mocks/rongcloud"
)

// Each row spends a whole window of a call and then moves the mock's clock past it.
func TestRatesAreHeldByTheMocksClock(t *testing.T) {
	s := start(t, rongcloud.Config{})
	ids := func(param string, n int) []string {
		var out []string
		for i := range n {
			out = append(out, param, fmt.Sprint("u", i))
		}
		return out
	}
	text := []string{"fromUserId", "a", "objectName", "RC:TxtMsg", "content", hello}
	for _, c := range []struct {
		name, path string
		pairs      []string
		calls      int // that fit into the window
		window     time.Duration
	}{
		{"token", "/user/getToken", []string{"userId", "a", "name", "n"}, 200, time.Second},
		{"management", "/user/checkOnline", []string{"userId", "a"}, 100, time.Second},
		{"private counts targets", "/message/private/publish", append(ids("toUserId", 1000), text...), 6, time.Minute},
		{"system counts targets", "/message/system/publish", append(ids("toUserId", 50), text...), 2, time.Second},
		{"group counts groups", "/message/group/publish", append(ids("toGroupId", 2), text...), 10, time.Second},
		{"chat room counts rooms", "/message/chatroom/publish", append(ids("toChatroomId", 10), text...), 10, time.Second},
		{"broadcast by hour", "/message/broadcast", text, 2, time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.Do(s.Reset)
			stop := s.Clock.Now().Truncate(time.Second)
			for range c.calls {
				s.Clock.Set(stop) // the window must not end while we call
				form(t, s, c.path, c.pairs...).want(t, 200)
			}
			s.Clock.Set(stop)
			if a := form(t, s, c.path, c.pairs...).want(t, 1008); a.status != 429 {
				t.Error(a.status)
			}
			s.Clock.Set(stop.Add(c.window + time.Second))
			form(t, s, c.path, c.pairs...).want(t, 200)
		})
	}
	s.Clock.Advance(time.Hour)
	form(t, s, "/message/broadcast", text...).want(t, 1008) // three a day
	s.Clock.Advance(24 * time.Hour)
	form(t, s, "/message/broadcast", text...).want(t, 200)
}

func TestRatesCanBeSwitchedOff(t *testing.T) {
	s := start(t, rongcloud.Config{NoRateLimits: true})
	for range 30 {
		call(t, s, "POST", "/v3/translate.json", object{"text": "hello"}).want(t, 200)
	}
}

func TestAServiceThatIsOffSaysSo(t *testing.T) {
	s := start(t, rongcloud.Config{Off: []rongcloud.Service{rongcloud.Broadcast, rongcloud.Translation, rongcloud.KeepAlive, rongcloud.ChatRoomMute}})
	text := []string{"fromUserId", "a", "objectName", "RC:TxtMsg", "content", hello}
	for path, pairs := range map[string][]string{
		"/message/broadcast": text, "/message/online/broadcast": text,
		"/chatroom/keepalive/add": {"chatroomId", "r"}, "/chatroom/user/ban/add": {"userId", "a", "minute", "1"},
	} {
		if a := form(t, s, path, pairs...).want(t, 1009); a.status != 430 {
			t.Error(path, a.status)
		}
	}
	for i := range 12 {
		want := 28400
		if i >= 10 {
			want = 1008 // hammering a service that is off
		}
		s.Clock.Set(time.Unix(1_800_000_000, 0))
		call(t, s, "POST", "/v3/translate.json", object{"text": "hello"}).want(t, want)
	}
}

func TestTranslationTakes1000Characters(t *testing.T) {
	s := start(t, rongcloud.Config{})
	if a := call(t, s, "POST", "/v3/translate.json", object{"text": "hello", "sourceLanguage": "en", "targetLanguage": "zh"}).want(t, 200); a.body["translated"] != "你好" {
		t.Error(a.raw)
	}
	call(t, s, "POST", "/v3/translate.json", object{"text": strings.Repeat("好", 1000)}).want(t, 200)
	if a := call(t, s, "POST", "/v3/translate.json", object{"text": strings.Repeat("好", 1001)}).want(t, 1002); a.status != 400 {
		t.Error(a.status)
	}
	call(t, s, "POST", "/v3/translate.json", object{"targetLanguage": "zh"}).want(t, 1002)
}

func TestFaultRulesSpeakTheVendorsErrors(t *testing.T) {
	s := start(t, rongcloud.Config{})
	for _, c := range []struct {
		action       mock.Action
		code, status int
	}{
		{mock.Action{Kind: mock.Throttle}, 1008, 429},
		{mock.Action{Kind: mock.Code, Code: "1006"}, 1006, 401},
		{mock.Action{Kind: mock.Code, Code: "1050"}, 1050, 504},
		{mock.Action{Kind: mock.Code, Code: "23410"}, 23410, 200},
	} {
		s.Faults.Next("user.checkOnline", 1, c.action)
		if a := form(t, s, "/user/checkOnline", "userId", "a").want(t, c.code); a.status != c.status || a.body["errorMessage"] == nil {
			t.Error(a.status, a.raw)
		}
	}
	form(t, s, "/user/checkOnline", "userId", "a").want(t, 200)
}
