package rongcloud_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/rongcloud"
)

func say(from string, kind rongcloud.Kind, target string) rongcloud.ClientMessage {
	return rongcloud.ClientMessage{From: from, Kind: kind, Target: target, ObjectName: "RC:TxtMsg", Content: hello}
}

func TestChatRoomsLiveAsLongAsTheyAreUsedOrTold(t *testing.T) {
	s := start(t, rongcloud.Config{})
	if a := form(t, s, "/chatroom/get", "chatroomId", "idle").want(t, 23410); a.status != 200 {
		t.Error(a.status)
	}
	form(t, s, "/chatroom/create", "chatroom[idle]", "I", "chatroom[kept]", "K").want(t, 200)
	form(t, s, "/chatroom/create", "room", "x").want(t, 1002)
	form(t, s, "/chatroom/create_new", "chatroomId", "fixed", "destroyType", "1", "destroyTime", "120", "isBan", "true", "whiteUserIds", "w",
		"entryOwnerId", "o", "entryInfo", `{"k":"v"}`).want(t, 200)
	form(t, s, "/chatroom/create_new", "chatroomId", "x", "destroyTime", "59").want(t, 1002)
	form(t, s, "/chatroom/create_new", "chatroomId", "x", "entryInfo", `{"k":"v"}`).want(t, 1002)
	form(t, s, "/chatroom/keepalive/add", "chatroomId", "kept").want(t, 200)
	a := form(t, s, "/chatroom/get", "chatroomId", "fixed").want(t, 200)
	if a.body["destroyType"] != 1.0 || a.body["destroyTime"] != 120.0 || a.body["ban"] != true || a.body["memberCount"] != 0.0 {
		t.Error(a.raw)
	}
	if got := s.ChatRooms(); !slices.Equal(got, []string{"fixed", "idle", "kept"}) {
		t.Error(got)
	}
	s.Clock.Advance(50 * time.Minute)
	form(t, s, "/message/chatroom/publish", "fromUserId", "a", "toChatroomId", "idle", "objectName", "RC:TxtMsg", "content", hello).want(t, 200)
	s.Clock.Advance(50 * time.Minute)
	if got := s.ChatRooms(); !slices.Equal(got, []string{"fixed", "idle", "kept"}) {
		t.Error(got)
	}
	s.Clock.Advance(30 * time.Minute)
	if got := s.ChatRooms(); !slices.Equal(got, []string{"kept"}) {
		t.Error(got)
	}
	form(t, s, "/chatroom/destroy", "chatroomId", "kept", "chatroomId", "gone").want(t, 200)
	if got := s.ChatRooms(); len(got) != 0 {
		t.Error(got)
	}
}

func TestKeepAliveHasItsOwnCodes(t *testing.T) {
	s := start(t, rongcloud.Config{})
	for i := range 5 {
		form(t, s, "/chatroom/keepalive/add", "chatroomId", fmt.Sprint("r", i)).want(t, 200)
	}
	if a := form(t, s, "/chatroom/keepalive/add", "chatroomId", "r5").want(t, 1016); a.status != 403 {
		t.Error(a.status)
	}
	if a := form(t, s, "/chatroom/keepalive/remove", "chatroomId", "r5").want(t, 1015); a.status != 200 {
		t.Error(a.status)
	}
	form(t, s, "/chatroom/keepalive/remove", "chatroomId", "r0").want(t, 200)
	form(t, s, "/chatroom/keepalive/add", "chatroomId", "r5").want(t, 200)
	if got := texts(t, form(t, s, "/chatroom/keepalive/query"), "chatroomids"); len(got) != 5 || got[0] != "r1" {
		t.Error(got)
	}
}

// talkers puts a and b into the room r, both online; the function lets a talk.
func talkers(t *testing.T, s *rongcloud.Server) func(want error) {
	t.Helper()
	for _, u := range []string{"a", "b"} {
		s.SetOnline(u, true)
		if err := s.JoinChatRoom("r", u); err != nil {
			t.Fatal(err)
		}
	}
	return func(want error) {
		t.Helper()
		if _, err := s.Send(say("a", rongcloud.ChatRoom, "r")); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

func TestMutesInChatRooms(t *testing.T) {
	s := start(t, rongcloud.Config{NoRateLimits: true})
	talk := talkers(t, s)
	talk(nil)
	if len(s.Inbox("b")) != 1 || len(s.Inbox("a")) != 0 {
		t.Error(s.Inbox("a"), s.Inbox("b"))
	}
	form(t, s, "/chatroom/user/gag/add", "chatroomId", "r", "userId", "a", "minute", "1", "needNotify", "true", "extra", "x").want(t, 200)
	talk(rongcloud.ErrChatRoomMuted)
	if got := texts(t, form(t, s, "/chatroom/user/gag/list", "chatroomId", "r"), "users"); len(got) != 1 {
		t.Error(got)
	}
	form(t, s, "/chatroom/user/gag/rollback", "chatroomId", "r", "userId", "a").want(t, 200)
	talk(nil)
	form(t, s, "/chatroom/user/ban/add", "userId", "a", "minute", "1").want(t, 200)
	talk(rongcloud.ErrChatRoomMuted)
	if got := texts(t, form(t, s, "/chatroom/user/ban/query"), "users"); len(got) != 1 {
		t.Error(got)
	}
	form(t, s, "/chatroom/user/ban/remove", "userId", "a").want(t, 200)
	for order, want := range map[string]string{"1": "id:a", "2": "id:b"} {
		a := form(t, s, "/chatroom/user/query", "chatroomId", "r", "count", "1", "order", order)
		if got := texts(t, a, "users"); len(got) != 1 || !strings.Contains(got[0], want) || a.body["total"] != 2.0 {
			t.Error(order, a.raw)
		}
	}
	form(t, s, "/chatroom/user/query", "chatroomId", "r", "count", "501", "order", "1").want(t, 1002)
	form(t, s, "/chatroom/ban/add", "chatroomId", "r").want(t, 200)
	talk(rongcloud.ErrChatRoomMuted)
	if a := form(t, s, "/chatroom/ban/check", "chatroomId", "r").want(t, 200); a.body["status"] != 1.0 {
		t.Error(a.raw)
	}
	if got := texts(t, form(t, s, "/chatroom/ban/query", "size", "50", "page", "1"), "chatroomIds"); !slices.Equal(got, []string{"r"}) {
		t.Error(got)
	}
	form(t, s, "/chatroom/user/ban/whitelist/add", "chatroomId", "r", "userId", "a").want(t, 200)
	talk(nil)
	form(t, s, "/chatroom/ban/rollback", "chatroomId", "r").want(t, 200)
}

func TestAChatRoomKeepsUsersOutAndHoldsMessagesBack(t *testing.T) {
	s := start(t, rongcloud.Config{NoRateLimits: true})
	talk := talkers(t, s)
	form(t, s, "/chatroom/user/block/add", "chatroomId", "r", "userId", "a", "minute", "10").want(t, 200)
	talk(rongcloud.ErrNotInChatRoom)
	if err := s.JoinChatRoom("r", "a"); !errors.Is(err, rongcloud.ErrRoomBlocked) {
		t.Error(err)
	}
	if got := texts(t, form(t, s, "/chatroom/user/block/list", "chatroomId", "r"), "users"); len(got) != 1 {
		t.Error(got)
	}
	s.Clock.Advance(11 * time.Minute)
	if err := s.JoinChatRoom("r", "a"); err != nil {
		t.Error(err)
	}
	form(t, s, "/chatroom/user/block/add", "chatroomId", "r", "userId", "a", "minute", "10").want(t, 200)
	form(t, s, "/chatroom/user/block/rollback", "chatroomId", "r", "userId", "a").want(t, 200)
	if err := s.JoinChatRoom("r", "a"); err != nil {
		t.Error(err)
	}
	form(t, s, "/chatroom/message/stopDistribution", "chatroomId", "r").want(t, 200)
	before := len(s.Inbox("b"))
	talk(nil)
	if len(s.Inbox("b")) != before {
		t.Error("a stopped room delivered")
	}
	form(t, s, "/chatroom/message/resumeDistribution", "chatroomId", "r").want(t, 200)
	talk(nil)
	if len(s.Inbox("b")) != before+1 {
		t.Error("a resumed room did not deliver")
	}
}

func TestWhoIsAwayTooLongIsEjected(t *testing.T) {
	s := start(t, rongcloud.Config{NoRateLimits: true})
	post := func() {
		form(t, s, "/message/chatroom/publish", "fromUserId", "x", "toChatroomId", "r", "objectName", "RC:TxtMsg", "content", hello).want(t, 200)
	}
	members := func() string { users, _ := s.ChatRoomMembers("r"); return fmt.Sprint(users) }
	for _, u := range []string{"here", "away", "guarded"} {
		s.SetOnline(u, true)
		if err := s.JoinChatRoom("r", u); err != nil {
			t.Fatal(err)
		}
	}
	form(t, s, "/chatroom/user/whitelist/add", "chatroomId", "r", "userId", "guarded").want(t, 200)
	s.SetOnline("away", false)
	s.SetOnline("guarded", false)
	for range 30 {
		post()
	}
	if members() != "[here away guarded]" {
		t.Error(members())
	}
	post() // the 31st
	if members() != "[here guarded]" {
		t.Error(members())
	}
	s.SetOnline("here", false)
	for range 30 {
		post()
	}
	s.SetOnline("here", true)
	post() // b got it: what b missed before counts no more
	s.SetOnline("here", false)
	for range 30 {
		post()
	}
	s.Clock.Advance(31 * time.Second)
	if members() != "[here guarded]" {
		t.Error("ejected before a message came", members())
	}
	post()
	if members() != "[guarded]" {
		t.Error(members())
	}
}

func TestChatRoomProperties(t *testing.T) {
	s := start(t, rongcloud.Config{})
	set := func(room, key, value string) answer {
		return form(t, s, "/chatroom/entry/set", "chatroomId", room, "userId", "a", "key", key, "value", value, "autoDelete", "true")
	}
	set("r", "k", "v").want(t, 23410)
	if err := s.JoinChatRoom("r", "a"); err != nil {
		t.Fatal(err)
	}
	set("r", "k", strings.Repeat("值", 4096)).want(t, 200)
	set("r", "k", strings.Repeat("值", 4097)).want(t, 1005)
	set("r", "k k", "v").want(t, 1002)
	set("r", strings.Repeat("k", 129), "v").want(t, 1005)
	form(t, s, "/chatroom/entry/batch/set", "chatroomId", "r", "entryOwnerId", "b", "entryInfo", `{"x":"1","y":"2"}`, "autoDelete", "0").want(t, 200)
	form(t, s, "/chatroom/entry/batch/set", "chatroomId", "r", "entryOwnerId", "b", "entryInfo", `{"x y":"1"}`).want(t, 1002)
	form(t, s, "/chatroom/entry/batch/set", "chatroomId", "r", "entryOwnerId", "b", "entryInfo", `{"1":"","2":"","3":"","4":"","5":"","6":"","7":"","8":"","9":"","10":"","11":""}`).want(t, 1002)
	keys := func(pairs ...string) int {
		return len(texts(t, form(t, s, "/chatroom/entry/query", append(pairs, "chatroomId", "r")...), "keys"))
	}
	if got := fmt.Sprint(keys("keys", ""), keys("keys", "x", "keys", "nothing")); got != "3 1" {
		t.Error(got)
	}
	form(t, s, "/chatroom/entry/remove", "chatroomId", "r", "userId", "b", "key", "x").want(t, 200)
	form(t, s, "/chatroom/entry/set", "chatroomId", "r", "userId", "a", "key", "stays", "value", "v", "autoDelete", "false").want(t, 200)
	s.LeaveChatRoom("r", "a")
	if got := keys(); got != 2 || keys("keys", "k") != 0 {
		t.Errorf("%d properties left: those with autoDelete go with their owner, no others", got)
	}
}

func TestMessageTypesOfChatRoomsAreListed(t *testing.T) {
	s := start(t, rongcloud.Config{})
	for _, c := range []struct{ add, remove, query, param, key string }{
		{"/chatroom/message/priority/add", "/chatroom/message/priority/remove", "/chatroom/message/priority/query", "objectName", "objectNames"},
		{"/chatroom/whitelist/add", "/chatroom/whitelist/delete", "/chatroom/whitelist/query", "objectnames", "whitlistMsgType"},
	} {
		form(t, s, c.add, c.param, "RC:TxtMsg", c.param, "RC:VcMsg").want(t, 200)
		form(t, s, c.remove, c.param, "RC:VcMsg").want(t, 200)
		if got := texts(t, form(t, s, c.query), c.key); !slices.Equal(got, []string{"RC:TxtMsg"}) {
			t.Error(c.query, got)
		}
	}
}
