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

func TestGroupMembersComeAndGo(t *testing.T) {
	s := start(t, rongcloud.Config{})
	members := func() string { return fmt.Sprint(s.Members("g")) }
	form(t, s, "/group/create", "userId", "a", "userId", "b", "groupId", "g", "groupName", "G").want(t, 200)
	form(t, s, "/group/join", "userId", "c", "userId", "a", "groupId", "g").want(t, 200)
	form(t, s, "/group/quit", "userId", "b", "groupId", "g").want(t, 200)
	if members() != "[a c]" {
		t.Error(members())
	}
	form(t, s, "/group/refresh", "groupId", "g", "groupName", "G2").want(t, 200)
	a := form(t, s, "/user/group/query", "userId", "a").want(t, 200)
	if got := fmt.Sprint(a.body["groups"]); got != "[map[id:g name:G2]]" {
		t.Error(got)
	}
	form(t, s, "/group/sync", "userId", "a", "group[h]", "H", "group[i]", "I").want(t, 200)
	if got := fmt.Sprint(s.Members("g"), s.Members("h"), s.Members("i")); got != "[c] [a] [a]" {
		t.Error(got)
	}
	if got := texts(t, form(t, s, "/group/user/query", "groupId", "g"), "users"); !slices.Equal(got, []string{"map[id:c]"}) {
		t.Error(got)
	}
	form(t, s, "/group/dismiss", "userId", "c", "groupId", "g").want(t, 200)
	if members() != "[]" {
		t.Error(members())
	}
	var many []string
	for i := range 1001 {
		many = append(many, "userId", fmt.Sprint("u", i))
	}
	form(t, s, "/group/join", append(many, "groupId", "g")...).want(t, 1002)
	form(t, s, "/group/join", "userId", "x", "userId", "y", "groupId", "small", "maxMember", "2").want(t, 200)
	form(t, s, "/group/join", "userId", "z", "groupId", "small", "maxMember", "2").want(t, 405)
	for from := range 3 {
		var some []string
		for i := range 1000 {
			some = append(some, "userId", fmt.Sprint("u", from, "x", i))
		}
		form(t, s, "/group/join", append(some, "groupId", "full")...).want(t, 200)
	}
	if a := form(t, s, "/group/join", "userId", "late", "groupId", "full").want(t, 405); a.status != 405 || len(s.Members("full")) != 3000 {
		t.Error(a.status, len(s.Members("full")))
	}
}

func TestANoticeIsBoundToAGroupChange(t *testing.T) {
	s := start(t, rongcloud.Config{})
	a := form(t, s, "/group/create", "userId", "a", "userId", "b", "groupId", "g", "groupName", "G",
		"bindNotifyMsg", "1", "fromUserId", "a", "objectName", "RC:GrpNtf", "content", `{"operatorUserId":"a","operation":"Create"}`).want(t, 200)
	if !uidLook.MatchString(fmt.Sprint(a.body["messageUID"])) || a.body["memberCount"] != 2.0 || len(s.Inbox("b")) != 1 {
		t.Error(a.raw, s.Inbox("b"))
	}
	form(t, s, "/group/create", "userId", "a", "groupId", "h", "groupName", "H", "bindNotifyMsg", "1").want(t, 1002)
}

func TestMutesInGroups(t *testing.T) {
	s := start(t, rongcloud.Config{NoRateLimits: true})
	form(t, s, "/group/create", "userId", "a", "userId", "b", "groupId", "g", "groupName", "G").want(t, 200)
	talk := func(want error) {
		t.Helper()
		if _, err := s.Send(say("a", rongcloud.Group, "g")); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	talk(nil)
	if _, err := s.Send(say("stranger", rongcloud.Group, "g")); !errors.Is(err, rongcloud.ErrNotInGroup) {
		t.Error(err)
	}
	form(t, s, "/group/user/gag/add", "userId", "a", "groupId", "g", "minute", "5").want(t, 200)
	talk(rongcloud.ErrGroupMuted)
	if got := texts(t, form(t, s, "/group/user/gag/list", "groupId", "g"), "users"); len(got) != 1 || !strings.Contains(got[0], "userId:a") {
		t.Error(got)
	}
	s.Clock.Advance(6 * time.Minute)
	talk(nil)
	form(t, s, "/group/user/gag/add", "userId", "a", "minute", "0").want(t, 200) // in all groups, for good
	s.Clock.Advance(365 * 24 * time.Hour)
	talk(rongcloud.ErrGroupMuted)
	form(t, s, "/group/user/gag/rollback", "userId", "a").want(t, 200)
	talk(nil)
	form(t, s, "/group/ban/add", "groupId", "g").want(t, 200)
	talk(rongcloud.ErrGroupMuted)
	if got := texts(t, form(t, s, "/group/ban/query", "groupId", "g", "groupId", "h"), "groupinfo"); fmt.Sprint(got) != "[map[groupId:g stat:1] map[groupId:h stat:0]]" {
		t.Error(got)
	}
	form(t, s, "/group/user/ban/whitelist/add", "userId", "a", "groupId", "g").want(t, 200)
	talk(nil)
	if got := texts(t, form(t, s, "/group/user/ban/whitelist/query", "groupId", "g"), "userids"); !slices.Equal(got, []string{"a"}) {
		t.Error(got)
	}
	form(t, s, "/group/user/ban/whitelist/rollback", "userId", "a", "groupId", "g").want(t, 200)
	talk(rongcloud.ErrGroupMuted)
	form(t, s, "/group/ban/rollback", "groupId", "g").want(t, 200)
	talk(nil)
	form(t, s, "/group/remarks/set", "userId", "a", "groupId", "g", "remark", "R").want(t, 200)
	if a := form(t, s, "/group/remarks/get", "userId", "a", "groupId", "g").want(t, 200); a.body["remark"] != "R" {
		t.Error(a.raw)
	}
	form(t, s, "/group/remarks/del", "userId", "a", "groupId", "g").want(t, 200)
	if a := form(t, s, "/group/remarks/get", "userId", "a", "groupId", "g").want(t, 200); a.body["remark"] != "" {
		t.Error(a.raw)
	}
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
	post() // he got it: what he missed before counts no more
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

func TestRTCRooms(t *testing.T) {
	s := start(t, rongcloud.Config{})
	query := func() answer { return call(t, s, "POST", "/rtc/room/query.json", object{"roomId": "r"}) }
	if a := query().want(t, 40003); a.status != 200 {
		t.Error(a.status)
	}
	for _, u := range []string{"a", "b", "c"} {
		if err := s.JoinRTC("r", u); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PublishRTC("r", "a", rongcloud.Stream{Video: true, ID: "m", URI: "u", Tag: "RongCloudRTC"}); err != nil {
		t.Error(err)
	}
	if err := s.PublishRTC("r", "z"); !errors.Is(err, rongcloud.ErrNoStream) {
		t.Error(err)
	}
	a := query().want(t, 200)
	if got := fmt.Sprint(a.body["members"]); !strings.Contains(got, "mediaType:1 msid:m tag:RongCloudRTC uri:u") || a.body["sessionId"] == "" {
		t.Error(a.raw)
	}
	call(t, s, "POST", "/rtc/user/kick.json", object{"roomId": "r", "userId": "a"}).want(t, 200)
	if err := s.JoinRTC("r", "a"); err != nil {
		t.Error("a kicked user may come back", err)
	}
	call(t, s, "POST", "/v2/rtc/rooms/r/block-users", object{"user_ids": []string{"a"}, "minute": 5}).want(t, 10000)
	if err := s.JoinRTC("r", "a"); !errors.Is(err, rongcloud.ErrRoomBlocked) {
		t.Error(err)
	}
	call(t, s, "POST", "/v2/rtc/rooms/r/block-users", object{"user_ids": []string{"a"}, "minute": 0}).want(t, 1002)
	call(t, s, "DELETE", "/v2/rtc/rooms/r/block-users", object{"user_ids": []string{"a"}}).want(t, 10000)
	if err := s.JoinRTC("r", "a"); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(s.RTCMembers("r")); got != "[b c a]" {
		t.Error(got)
	}
	call(t, s, "DELETE", "/v2/rtc/rooms/r", nil).want(t, 10000)
	if got := s.RTCMembers("r"); len(got) != 0 {
		t.Error(got)
	}
	query().want(t, 40003)
}

func TestAUserCanBeKeptOutOfAllRTCRooms(t *testing.T) {
	s := start(t, rongcloud.Config{})
	join := func() string { return fmt.Sprint(s.JoinRTC("r", "a"), s.JoinRTC("q", "a")) }
	if got := join(); got != "<nil> <nil>" {
		t.Error(got)
	}
	call(t, s, "POST", "/rtc/user/block.json", object{"userId": "a", "minute": 43201}).want(t, 1002)
	call(t, s, "POST", "/rtc/user/block.json", object{"userId": "a", "minute": 5}).want(t, 200)
	if len(s.RTCMembers("r"))+len(s.RTCMembers("q")) != 0 || !errors.Is(s.JoinRTC("r", "a"), rongcloud.ErrRoomBlocked) {
		t.Error(s.RTCMembers("r"), s.RTCMembers("q"))
	}
	call(t, s, "POST", "/rtc/user/unblock.json", object{"userId": "a"}).want(t, 200)
	if got := join(); got != "<nil> <nil>" {
		t.Error(got)
	}
	call(t, s, "POST", "/rtc/user/block.json", object{"userId": "a", "minute": 5}).want(t, 200)
	s.Clock.Advance(6 * time.Minute)
	if got := join(); got != "<nil> <nil>" {
		t.Error(got)
	}
}

func TestARecordingNeedsItsSession(t *testing.T) {
	s := start(t, rongcloud.Config{})
	if err := s.JoinRTC("r", "a"); err != nil {
		t.Fatal(err)
	}
	session := call(t, s, "POST", "/rtc/room/query.json", object{"roomId": "r"}).want(t, 200).body["sessionId"].(string)
	record := func(what, room, session string) answer {
		r := request(t, "POST", s.URL+"/rtc/record/"+what+".json", "application/json", fmt.Sprintf(`{"sessionId":%q,"extra":"","config":{"recordType":2,"mode":1,"videoFormat":"mp4"}}`, session))
		if room != "" {
			r.Header.Set("Room-Id", room)
		}
		sign(r)
		return do(t, r)
	}
	record("start", "", session).want(t, 1002)
	record("start", "r", "another").want(t, 40003)
	id := record("start", "r", session).want(t, 200).body["recordId"]
	if again := record("start", "r", session).want(t, 200).body["recordId"]; again != id {
		t.Error("a second recording of one session", again, id)
	}
	if stopped := record("stop", "r", session).want(t, 200).body["recordId"]; stopped != id {
		t.Error(stopped, id)
	}
	record("stop", "r", session).want(t, 40003)
}
