package rongcloud_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"switchboard/mocks/rongcloud"
	"switchboard/openapi"
)

// fits holds a callback's body against its schema in the openapi.
func fits(t *testing.T, schema *openapi3.SchemaRef, r received) {
	t.Helper()
	var body any
	if r.contentType == formType {
		form, err := url.ParseQuery(r.body)
		if err != nil {
			t.Fatal(err)
		}
		members := map[string]any{}
		for name := range form {
			members[name] = form.Get(name)
		}
		body = members
	} else if err := json.Unmarshal([]byte(r.body), &body); err != nil {
		t.Fatal(err)
	}
	if err := schema.Value.VisitJSON(body); err != nil {
		t.Errorf("%s: %v", r.body, err)
	}
}

func TestEveryCallbackFitsTheContract(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.RongCloud)
	if err != nil {
		t.Fatal(err)
	}
	s, c := withCustomer(t, rongcloud.Config{})
	s.SetOnline("ann", true)
	if _, err := s.Send(say("ann", rongcloud.Private, "bob")); err != nil {
		t.Fatal(err)
	}
	if err := s.JoinChatRoom("r", "ann"); err != nil {
		t.Fatal(err)
	}
	if err := s.JoinRTC("x", "ann"); err != nil {
		t.Fatal(err)
	}
	if err := s.PublishRTC("x", "ann", rongcloud.Stream{Video: true, ID: "m", URI: "u", Tag: "t"}); err != nil {
		t.Fatal(err)
	}
	s.SyncRTC("x")
	s.LeaveRTC("x", "ann")
	s.Callbacks.Wait()
	for path, schema := range map[string]string{
		"/message": "MessageCallback", "/presend": "PreSendCallback", "/online": "OnlineCallback", "/chatroom": "ChatRoomCallback", "/rtc": "RTCCallback",
	} {
		all := c.take(path)
		if len(all) == 0 {
			t.Errorf("nothing came to %s", path)
		}
		for _, r := range all {
			fits(t, doc.Components.Schemas[schema], r)
		}
	}
}

func TestAMessageOfAClientIsRoutedAsTheVendorRoutes(t *testing.T) {
	s, c := withCustomer(t, rongcloud.Config{})
	s.SetOnline("bob", true)
	r, err := s.Send(say("ann", rongcloud.Private, "bob"))
	if err != nil {
		t.Fatal(err)
	}
	s.Callbacks.Wait()
	got := one(t, c.take("/message"))
	form, err := url.ParseQuery(got.body)
	if err != nil || got.contentType != formType || got.query.Get("appKey") != testKey || got.query.Get("own") != "1" {
		t.Errorf("%+v", got)
	}
	for name, want := range map[string]string{
		"fromUserId": "ann", "toUserId": "bob", "objectName": "RC:TxtMsg", "content": hello, "channelType": "PERSON",
		"msgUID": r.UID, "sensitiveType": "0", "source": "iOS",
	} {
		if form.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, form.Get(name), want)
		}
	}
	if len(form.Get("msgTimestamp")) != 13 {
		t.Error(form)
	}
	form2, _ := url.ParseQuery(one(t, c.take("/presend")).body)
	for name, want := range map[string]string{
		"appKey": testKey, "fromUserId": "ann", "targetId": "bob", "msgType": "RC:TxtMsg", "content": hello, "channelType": "PERSON",
		"disablePush": "false", "expansion": "false", "messageId": r.UID, "os": "iOS",
	} {
		if form2.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, form2.Get(name), want)
		}
	}
	if len(form2.Get("msgTimeStamp")) != 13 { // with a capital S here
		t.Error(form2)
	}
}

func TestServerSendsAreRoutedAndAskedForOnlyWhenSwitchedOn(t *testing.T) {
	for _, on := range []bool{false, true} {
		s, c := withCustomer(t, rongcloud.Config{RouteServerSends: on, CheckServerSends: on})
		for _, path := range []string{"/message/private/publish", "/statusmessage/private/publish"} {
			form(t, s, path, "fromUserId", "ann", "toUserId", "bob", "objectName", "RC:TxtMsg", "content", hello).want(t, 200)
		}
		s.Callbacks.Wait()
		want := 0
		if on {
			want = 1 // the status message is never routed
		}
		routed, asked := c.take("/message"), c.take("/presend")
		if len(routed) != want || len(asked) != want {
			t.Errorf("switched on %v: %d routed, %d asked for", on, len(routed), len(asked))
		}
		if on && !strings.Contains(routed[0].body, "source=Server") {
			t.Error(routed[0].body)
		}
	}
}

func TestThePreSendAnswerDecides(t *testing.T) {
	s, c := withCustomer(t, rongcloud.Config{NoRateLimits: true, RouteBlocked: true})
	s.SetOnline("bob", true)
	for _, k := range []struct {
		name    string
		status  int
		body    string
		blocked bool
		extra   string
		content string // that bob gets
	}{
		{"pass", 200, `{"pass":1}`, false, "", hello},
		{"pass without further questions", 200, `{"pass":2}`, false, "", hello},
		{"block", 200, `{"pass":0,"extra":"not nice"}`, true, "not nice", ""},
		{"replace", 200, `{"pass":1,"replaceContent":"{\"content\":\"***\"}"}`, false, "", `{"content":"***"}`},
		{"error", 500, `{"pass":0}`, false, "", hello},
		{"no JSON", 200, `no`, false, "", hello},
		{"no pass", 200, `{}`, false, "", hello},
		{"nothing", 200, ``, false, "", hello},
	} {
		t.Run(k.name, func(t *testing.T) {
			c.answers(func(f url.Values) (int, string) {
				if f.Get("msgType") == "" {
					return 200, "" // the routing callback
				}
				return k.status, k.body
			})
			before := len(s.Inbox("bob"))
			r, err := s.Send(say("ann", rongcloud.Private, "bob"))
			if err != nil || r.Blocked != k.blocked || r.Extra != k.extra {
				t.Fatal(r, err)
			}
			got := s.Inbox("bob")[before:]
			if k.blocked && len(got) != 0 || !k.blocked && (len(got) != 1 || got[0].Content != k.content) {
				t.Errorf("bob got %+v", got)
			}
			s.Callbacks.Wait()
			one(t, c.take("/presend")) // exactly one attempt, whatever came back
			one(t, c.take("/message"))
		})
	}
	c.answers(func(url.Values) (int, string) {
		return 200, `{"pass":1,"replacePushContent":"p","replaceDisablePush":true,"replacePushExt":"{}","replaceExtraContent":"{\"a\":\"b\"}"}`
	})
	if _, err := s.Send(say("ann", rongcloud.Private, "away")); err != nil {
		t.Fatal(err)
	}
	if in := s.Inbox("away"); len(in) != 1 || in[0].Pushed || in[0].PushText != "p" || in[0].PushExt != "{}" || in[0].Extra != `{"a":"b"}` {
		t.Errorf("%+v", in)
	}
	s.Callbacks.Wait()
	c.Close()
	if r, err := s.Send(say("ann", rongcloud.Private, "bob")); err != nil || r.Blocked {
		t.Error("a dead server must not block", r, err)
	}
}

func TestAPreSendAnswerThatTakesTooLongPasses(t *testing.T) {
	if testing.Short() {
		t.Skip("waits the vendor's 3 s")
	}
	s, c := withCustomer(t, rongcloud.Config{})
	end := make(chan struct{})
	defer close(end)
	c.answers(func(f url.Values) (int, string) {
		if f.Get("msgType") != "" {
			<-end
		}
		return 200, `{"pass":0}`
	})
	if r, err := s.Send(say("ann", rongcloud.Private, "bob")); err != nil || r.Blocked || len(s.Inbox("bob")) != 1 {
		t.Error(r, err)
	}
}

func TestPresenceIsToldAsAnArrayWhereZeroMeansOnline(t *testing.T) {
	s, c := withCustomer(t, rongcloud.Config{})
	s.SetOnline("bob", true)
	s.SetOnline("bob", true) // no news
	s.SetOnline("bob", false)
	form(t, s, "/user/deactivate", "userId", "bob").want(t, 200) // not online: no news
	s.Callbacks.Wait()
	var states, sessions []string
	for _, r := range c.take("/online") {
		var list []struct {
			UserID                          string `json:"userid"`
			Status, OS, ClientIP, SessionID string
			Time                            int64
		}
		if err := json.Unmarshal([]byte(r.body), &list); err != nil || len(list) != 1 || list[0].UserID != "bob" || list[0].Time == 0 || list[0].OS == "" {
			t.Fatal(r.body, err)
		}
		states, sessions = append(states, list[0].Status), append(sessions, list[0].SessionID)
	}
	if !slices.Equal(states, []string{"0", "1"}) || sessions[0] != sessions[1] || sessions[0] == "" {
		t.Error(states, sessions)
	}
}

func TestChatRoomEventsAreToldInOrder(t *testing.T) {
	s, c := withCustomer(t, rongcloud.Config{})
	form(t, s, "/chatroom/create", "chatroom[r]", "R").want(t, 200)
	for _, u := range []string{"a", "b"} {
		if err := s.JoinChatRoom("r", u); err != nil {
			t.Fatal(err)
		}
	}
	s.LeaveChatRoom("r", "a")
	form(t, s, "/chatroom/user/block/add", "chatroomId", "r", "userId", "b", "minute", "1").want(t, 200)
	s.Clock.Advance(2 * time.Hour)
	form(t, s, "/chatroom/get", "chatroomId", "r").want(t, 23410)
	s.Callbacks.Wait()
	var events []string
	for _, r := range c.take("/chatroom") {
		var list []struct {
			ChatRoomID   string
			UserIDs      []string
			Status, Type int
			Time         int64
		}
		if err := json.Unmarshal([]byte(r.body), &list); err != nil || len(list) != 1 || list[0].ChatRoomID != "r" || list[0].UserIDs == nil || list[0].Time == 0 {
			t.Fatal(r.body, err)
		}
		events = append(events, fmt.Sprint(list[0].Type, list[0].Status, list[0].UserIDs))
	}
	want := []string{"0 0 []", "1 0 [a]", "1 0 [b]", "2 0 [a]", "2 2 [b]", "3 3 []"}
	if !slices.Equal(events, want) {
		t.Errorf("%q, want %q", events, want)
	}
}

func TestRTCEventsTellTheRoomsLife(t *testing.T) {
	s, c := withCustomer(t, rongcloud.Config{})
	for _, u := range []string{"a", "b"} {
		if err := s.JoinRTC("r", u); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PublishRTC("r", "a", rongcloud.Stream{ID: "m", URI: "u", Tag: "t"}); err != nil {
		t.Fatal(err)
	}
	s.SyncRTC("r")
	s.LeaveRTC("r", "a")
	call(t, s, "DELETE", "/v2/rtc/rooms/r", nil).want(t, 10000)
	s.Callbacks.Wait()
	var events []string
	sessions := map[string]bool{}
	for _, r := range c.take("/rtc") {
		var e struct {
			AppKey, RoomID, SessionID, UserID string
			Event, ExitType                   int
			Timestamp                         int64
			Members                           []any
		}
		if err := json.Unmarshal([]byte(r.body), &e); err != nil || e.AppKey != testKey || e.RoomID != "r" || e.Timestamp == 0 {
			t.Fatal(r.body, err)
		}
		sessions[e.SessionID] = true
		events = append(events, fmt.Sprintf("%d %s %d", e.Event, e.UserID, len(e.Members)))
	}
	// event, user and how many members it shows
	want := []string{"2 a 0", "11 a 0", "11 b 0", "20 a 1", "1  2", "12 a 0", "12 b 0", "3 b 0"}
	if !slices.Equal(events, want) {
		t.Errorf("%q, want %q", events, want)
	}
	if len(sessions) != 1 {
		t.Error(sessions)
	}
}
