package rongcloud_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/mock"
	"switchboard/mocks/rongcloud"
)

func TestACallbackIsTriedThreeTimes(t *testing.T) {
	s, c := withCustomer(t, rongcloud.Config{})
	c.answers(func(url.Values) (int, string) { return 500, "" })
	s.SetOnline("bob", true)
	s.Callbacks.Wait()
	got := c.take("/online")
	if len(got) != 3 || got[0].body != got[2].body || got[0].query.Get("nonce") == got[2].query.Get("nonce") {
		t.Errorf("%d attempts: %+v", len(got), got)
	}
}

func TestCallbacksCanComeTwiceAndLate(t *testing.T) {
	s, c := withCustomer(t, rongcloud.Config{})
	s.Faults.Next(rongcloud.CallbackOnline, 1, mock.Action{Kind: mock.Duplicate})
	s.SetOnline("bob", true)
	s.Callbacks.Wait()
	if got := c.take("/online"); len(got) != 2 || got[0].body != got[1].body {
		t.Errorf("%+v", got)
	}
	s.Faults.Next(rongcloud.CallbackOnline, 1, mock.Action{Kind: mock.Reorder})
	s.SetOnline("ann", true)
	s.SetOnline("cid", true)
	s.Callbacks.Wait()
	if got := c.take("/online"); len(got) != 2 || !strings.Contains(got[0].body, "cid") || !strings.Contains(got[1].body, "ann") {
		t.Errorf("%+v", got)
	}
}

func TestOlderCallbackNames(t *testing.T) {
	s, c := withCustomer(t, rongcloud.Config{OldCallbackNames: true})
	s.SetOnline("bob", true)
	s.Callbacks.Wait()
	q := one(t, c.take("/online")).query
	if q.Has("appKey") || q.Has("timestamp") || !q.Has("signTimestamp") {
		t.Error(q)
	}
}

func TestTheAdminAPIMakesClientsActAndSendsAnyCallback(t *testing.T) {
	s, c := withCustomer(t, rongcloud.Config{})
	admin := func(name, body string, status int) {
		t.Helper()
		r := request(t, "POST", s.URL+"/_mock/callbacks/"+name, "application/json", body)
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if text, _ := io.ReadAll(res.Body); res.StatusCode != status {
			t.Errorf("%s: %d %s", name, res.StatusCode, text)
		}
	}
	admin("client.online", `{"user":"bob"}`, 200)
	admin("client.send", `{"from":"ann","kind":"private","target":"bob","objectName":"RC:TxtMsg","content":"{\"content\":\"hello\"}"}`, 200)
	admin("client.chatroom.join", `{"user":"bob","room":"r"}`, 200)
	admin("client.chatroom.leave", `{"user":"bob","room":"r"}`, 200)
	admin("client.rtc.join", `{"user":"bob","room":"x"}`, 200)
	admin("client.rtc.leave", `{"user":"bob","room":"x"}`, 200)
	admin("client.offline", `{"user":"bob"}`, 200)
	admin("client.send", `{"from":"ann","kind":"group","target":"g","objectName":"RC:TxtMsg","content":"{\"content\":\"x\"}"}`, 400)
	admin("client.dance", `{}`, 400)
	admin("client.online", `nonsense`, 400)
	admin(rongcloud.CallbackMessage, `{"fromUserId":"z","odd":"1"}`, 200)
	admin(rongcloud.CallbackMessage, `[]`, 400)
	admin(rongcloud.CallbackOnline, `[{"userid":"q","status":"2"}]`, 200)
	admin(rongcloud.CallbackOnline, `{`, 400)
	s.Callbacks.Wait()
	if got := c.take("/message"); len(got) != 2 || got[1].body != "fromUserId=z&odd=1" {
		t.Errorf("%+v", got)
	}
	if got := c.take("/online"); len(got) != 3 || got[2].body != `[{"userid":"q","status":"2"}]` {
		t.Errorf("%+v", got)
	}
	if a, b := len(c.take("/chatroom")), len(c.take("/rtc")); a != 3 || b != 4 {
		t.Error(a, b)
	}
}

func TestAClientThatTalksTooMuchIsSlowedDown(t *testing.T) {
	s := start(t, rongcloud.Config{})
	now := s.Clock.Now()
	for i := range 7 {
		s.Clock.Set(now)
		_, err := s.Send(say("ann", rongcloud.Private, "bob"))
		if (err != nil) != (i >= 5) {
			t.Errorf("message %d: %v", i+1, err)
		}
	}
	s.Clock.Advance(2 * time.Second)
	if _, err := s.Send(say("ann", rongcloud.Private, "bob")); err != nil {
		t.Error(err)
	}
	for _, m := range []rongcloud.ClientMessage{
		{From: "a", Kind: rongcloud.System, Target: "b", ObjectName: "RC:TxtMsg", Content: hello},
		{From: "a", Kind: rongcloud.Private, Target: "b", ObjectName: "RC:TxtMsg", Content: "hello"},
		{Kind: rongcloud.Private, Target: "b", ObjectName: "RC:TxtMsg", Content: hello},
	} {
		if _, err := s.Send(m); err == nil {
			t.Errorf("%+v was taken", m)
		}
	}
}

func TestTheAdminAPIShowsTheState(t *testing.T) {
	s := start(t, rongcloud.Config{})
	form(t, s, "/user/getToken", "userId", "ann", "name", "Ann").want(t, 200)
	form(t, s, "/group/create", "userId", "ann", "groupId", "g", "groupName", "G").want(t, 200)
	form(t, s, "/sensitiveword/add", "word", "bad").want(t, 200)
	form(t, s, "/message/private/publish", "fromUserId", "bob", "toUserId", "ann", "objectName", "RC:TxtMsg", "content", hello).want(t, 200)
	if err := s.JoinChatRoom("r", "ann"); err != nil {
		t.Fatal(err)
	}
	for _, room := range []string{"x", "ended"} {
		if err := s.JoinRTC(room, "ann"); err != nil {
			t.Fatal(err)
		}
	}
	s.LeaveRTC("ended", "ann")
	for part, want := range map[string][]string{
		"users":          {`"id":"ann"`, `"name":"Ann"`, `"registered":true`, `"online":false`},
		"inbox?user=ann": {`"from":"bob"`, `"objectName":"RC:TxtMsg"`, `"live":false`, `"pushed":true`},
		"words":          {`"word":"bad"`},
		"groups":         {`"id":"g"`, `"members":["ann"]`},
		"chatrooms":      {`"id":"r"`, `"members":["ann"]`},
		"rtc":            {`"id":"x"`, `"userId":"ann"`},
		"nothing":        {`"error"`},
	} {
		res, err := http.DefaultTransport.RoundTrip(request(t, "GET", s.URL+"/_mock/state/"+part, "", ""))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || (res.StatusCode == 200) != (part != "nothing") {
			t.Errorf("%s: %d %v", part, res.StatusCode, err)
		}
		for _, w := range want {
			if !strings.Contains(string(body), w) {
				t.Errorf("%s does not show %s: %s", part, w, body)
			}
		}
		if strings.Contains(string(body), "rongnav") || strings.Contains(string(body), "ended") {
			t.Error("a token shows, or a room that is over:", string(body))
		}
	}
}
