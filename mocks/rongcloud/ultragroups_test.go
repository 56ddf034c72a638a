package rongcloud_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/rongcloud"
)

// ultra starts a mock with ultra group u of ann, bob and cy, and private channel c.
func ultra(t *testing.T, cfg rongcloud.Config) *rongcloud.Server {
	t.Helper()
	cfg.NoRateLimits = true
	s := start(t, cfg)
	follow(t, s, []step{
		{"/ultragroup/create", "userId=ann&groupId=u&groupName=U", 200, ""},
		{"/ultragroup/join", "userId=bob&groupId=u", 200, ""},
		{"/ultragroup/join", "userId=cy&groupId=u", 200, ""},
		{"/ultragroup/channel/create", "groupId=u&busChannel=c&type=1", 200, ""},
	})
	return s
}

func TestUltraGroupsHaveMembersAndChannels(t *testing.T) {
	s := ultra(t, rongcloud.Config{})
	const u = "/ultragroup/"
	follow(t, s, []step{
		{u + "create", "userId=dee&groupId=u&groupName=Again", 200, ""},
		{u + "member/exist", "groupId=u&userId=bob", 200, `"status":true`},
		{u + "member/exist", "groupId=u&userId=dee", 200, `"status":false`},
		{u + "refresh", "groupId=u&groupName=U2", 200, ""},
		{u + "join", "userId=bob&groupId=none", 1002, ""},
		{u + "channel/create", "groupId=u&busChannel=open", 200, ""},
		{u + "channel/create", "groupId=u&busChannel=not_this", 1002, ""},
		{u + "channel/create", "groupId=u&busChannel=" + strings.Repeat("x", 21), 1005, ""},
		{u + "channel/get", "groupId=u", 200, `"channelId":"RCDefault","createTime":" ... "type":0 ... "channelId":"c" ... "type":1 ... "channelId":"open"`},
		{u + "channel/get", "groupId=u&page=2&limit=2", 200, `[{"channelId":"open"`},
		{u + "channel/get", "groupId=u&page=3&size=1", 200, `[{"channelId":"open"`},
		{u + "channel/type/change", "groupId=u&busChannel=RCDefault&type=1", 1002, ""},
		{u + "channel/type/change", "groupId=u&busChannel=open&type=1", 200, ""},
		{u + "channel/private/users/add", "groupId=u&busChannel=c&userIds=bob,stranger", 24406, ""},
		{u + "channel/private/users/get", "groupId=u&busChannel=c", 200, `"users":[]`},
		{u + "channel/private/users/add", "groupId=u&busChannel=c&userIds=bob,cy", 200, ""},
		{u + "channel/private/users/add", "groupId=u&busChannel=open&userIds=bob", 200, ""},
		{u + "channel/private/users/get", "groupId=u&busChannel=c&page=2&pageSize=1", 200, `"users":["cy"]`},
		{u + "user/channel/query", "groupId=u&userId=bob", 200, `"data":["c","open"]`},
		{u + "channel/private/users/del", "groupId=u&busChannel=c&userIds=cy", 200, ""},
		{u + "channel/private/users/del", "groupId=u&userIds=bob", 200, ""}, // Java: from all
		{u + "user/channel/query", "groupId=u&userId=bob", 200, `"data":[]`},
		{u + "usergroup/add", `{"groupId":"u","userGroups":[{"userGroupId":"k"},{"userGroupId":"l"}]}`, 200, ""},
		{u + "usergroup/query", "groupId=u&pageSize=1&page=2", 200, `"userGroups":[{"userGroupId":"l"}]`},
		{u + "usergroup/user/add", "groupId=u&userGroupId=k&userIds=bob&userIds=cy", 200, ""},
		{u + "usergroup/user/add", "groupId=u&userGroupId=k&userIds=stranger", 24406, ""},
		{u + "usergroup/user/add", "groupId=u&userGroupId=none&userIds=bob", 1002, ""},
		{u + "channel/usergroup/bind", "groupId=u&busChannel=c&userGroupIds=k,none", 1002, ""},
		{u + "channel/usergroup/bind", "groupId=u&busChannel=c&userGroupIds=k,l", 200, ""},
		{u + "channel/usergroup/query", "groupId=u&busChannel=c", 200, `"data":["k","l"]`},
		{u + "channel/usergroup/unbind", "groupId=u&busChannel=c&userGroupIds=l", 200, ""},
		{u + "usergroup/channel/query", "groupId=u&userGroupId=k", 200, `"data":["c"]`},
		{u + "usergroup/channel/query", "groupId=u&userGroupId=l", 200, `"data":[]`},
		{u + "user/usergroup/query", "groupId=u&userId=cy", 200, `"data":["k"]`},
		{u + "usergroup/user/del", "groupId=u&userGroupId=k&userIds=cy", 200, ""},
		{u + "user/usergroup/query", "groupId=u&userId=cy", 200, `"data":[]`},
		{u + "usergroup/del", "groupId=u&userGroupIds=k", 200, ""},
		{u + "channel/usergroup/query", "groupId=u&busChannel=c", 200, `"data":[]`},
		{u + "channel/del", "groupId=u&busChannel=RCDefault", 1002, ""},
		{u + "channel/del", "groupId=u&busChannel=open", 200, ""},
		{u + "quit", "userId=bob&groupId=u", 200, ""},
	})
	if members, channels := s.UltraGroup("u"); fmt.Sprint(members, channels) != "[ann cy] [RCDefault c]" {
		t.Error(members, channels)
	}
	follow(t, s, []step{{u + "dis", "groupId=u&member=x", 200, ""}, {u + "member/exist", "groupId=u&userId=ann", 1002, ""}})
}

// published sends to u and returns the id.
func published(t *testing.T, s *rongcloud.Server, channel, content string, more object) string {
	t.Helper()
	body := object{"fromUserId": "ann", "toGroupIds": []string{"u"}, "objectName": "app:x", "content": content, "busChannel": channel}
	for name, v := range more {
		body[name] = v
	}
	return uids(t, call(t, s, "POST", "/message/ultragroup/publish.json", body), "groupId")["u"]
}

func TestAnUltraGroupsMessagesReachItsChannel(t *testing.T) {
	s := ultra(t, rongcloud.Config{})
	follow(t, s, []step{
		{"/ultragroup/channel/private/users/add", "groupId=u&busChannel=c&userIds=bob", 200, ""},
		{"/ultragroup/usergroup/add", `{"groupId":"u","userGroups":[{"userGroupId":"k"}]}`, 200, ""},
		{"/ultragroup/channel/usergroup/bind", "groupId=u&busChannel=c&userGroupIds=k", 200, ""},
	})
	got := func(user string) string {
		var out []string
		for _, d := range s.Inbox(user) {
			out = append(out, d.Channel+":"+d.Content)
		}
		return strings.Join(out, " ")
	}
	published(t, s, "", "all", nil)
	published(t, s, "c", "private", nil)
	published(t, s, "nowhere", "lost", nil)
	published(t, s, "", "bob's", object{"toUserIds": []string{"bob"}})
	follow(t, s, []step{{"/ultragroup/usergroup/user/add", "groupId=u&userGroupId=k&userIds=cy", 200, ""}})
	published(t, s, "c", "again", nil)
	for user, want := range map[string]string{
		"ann": "RCDefault:all c:private nowhere:lost RCDefault:bob's c:again", // the sender gets what is sent
		"bob": "RCDefault:all c:private RCDefault:bob's c:again",
		"cy":  "RCDefault:all c:again",
	} {
		if got(user) != want {
			t.Errorf("%s got %q, want %q", user, got(user), want)
		}
	}
	one := published(t, s, "c", "once", object{"msgRandom": 7, "fromUserId": "bob"})
	if again := published(t, s, "c", "once", object{"msgRandom": 7, "fromUserId": "bob"}); again != one {
		t.Error("msgRandom repeated within a minute made another message")
	}
	s.Clock.Advance(time.Minute)
	if published(t, s, "c", "once", object{"msgRandom": 7, "fromUserId": "bob"}) == one {
		t.Error("msgRandom repeated after a minute made no other message")
	}
	call(t, s, "POST", "/message/ultragroup/publish.json", object{"fromUserId": "ann", "toGroupIds": []string{"a", "b", "c", "d"}, "objectName": "app:x", "content": "x"}).want(t, 1002)
	call(t, s, "POST", "/message/ultragroup/publish.json", object{"fromUserId": "ann", "toGroupIds": []string{"a", "b"}, "toUserIds": []string{"x"}, "objectName": "app:x", "content": "x"}).want(t, 1002)
}

func TestAnUltraGroupsMessagesCanBeReadChangedAndRecalled(t *testing.T) {
	s := ultra(t, rongcloud.Config{})
	base := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var ids []string
	for i := range 5 {
		s.Clock.Set(base.Add(time.Duration(i) * time.Second))
		ids = append(ids, published(t, s, "c", fmt.Sprint("m", i), object{"expansion": true}))
	}
	around := func(i int) string { return fmt.Sprint(base.Add(time.Duration(i) * time.Second).UnixMilli()) }
	q := "groupId=u&busChannel=c&startTime=" + around(-1) + "&endTime=" + around(60)
	msg := "groupId=u&userId=ann&msgUID=" + ids[0]
	follow(t, s, []step{
		{"/ultragroup/hismsg/query", q + "&pageSize=2", 200, `"content":"m0","conversionType":10 ... "content":"m1"`},
		{"/ultragroup/hismsg/query", q + "&fromUserId=bob", 200, `"data":[]`},
		{"/ultragroup/hismsg/query", "groupId=u&busChannel=c&startTime=1&endTime=" + around(60), 1002, ""}, // over 14 days
		{"/ultragroup/hismsg/msgid/query", "groupId=u&busChannel=c&prevNum=1&lastNum=1&msgUID=" + ids[2], 200, `"content":"m1" ... "content":"m2" ... "content":"m3"`},
		{"/ultragroup/hismsg/msgid/query", "groupId=u&busChannel=c&prevNum=0&lastNum=0&msgUID=" + ids[2], 200, `"data":[{"busChannel":"c","content":"m2"`},
		{"/ultragroup/msg/get", `groupId=u&msgs=[{"msgUID":"` + ids[1] + `"},{"msgUID":"none"}]`, 200, `"content":"m1" ... "sentTime":`},
		{"/ultragroup/msg/modify", "groupId=u&fromUserId=bob&content=x&msgUID=" + ids[1], 1002, ""},
		{"/ultragroup/msg/modify", "groupId=u&fromUserId=ann&content=changed&msgUID=" + ids[1], 200, ""},
		{"/ultragroup/msg/get", `groupId=u&busChannel=c&msgs=[{"msgUID":"` + ids[1] + `"}]`, 200, `"content":"changed"`},
		{"/ultragroup/msg/get", `groupId=u&msgs=x`, 1002, ""},
		{"/ultragroup/message/expansion/set", msg + `&extraKeyVal={"k":"v"}`, 200, ""},
		{"/ultragroup/message/expansion/query", msg, 200, `"k":{"ts": ... ,"v":"v"}`},
		{"/ultragroup/message/expansion/delete", msg + `&extraKey=["k"]`, 200, ""},
		{"/ultragroup/message/expansion/query", msg, 200, `"extraContent":{}`},
		{"/ultragroup/message/expansion/query", "groupId=other&msgUID=" + ids[0], 1002, ""},
		{"/message/recall", "fromUserId=ann&conversationType=10&targetId=u&messageUID=" + ids[4], 200, ""},
		{"/ultragroup/msg/get", `groupId=u&msgs=[{"msgUID":"` + ids[4] + `"}]`, 200, `"data":[]`},
	})
	if got := contents(t, s, "ultragroup", "bob", "u", object{"busChannel": "c"}); got != "m0 changed m2 m3" {
		t.Error(got)
	}
	s.Clock.Advance(7 * 24 * time.Hour)
	follow(t, s, []step{{"/ultragroup/hismsg/query", q, 200, `"data":[]`}})
}

func TestMutesOfAnUltraGroupBindItsClients(t *testing.T) {
	s := ultra(t, rongcloud.Config{})
	say := func(user, channel string, want error) {
		t.Helper()
		_, err := s.Send(rongcloud.ClientMessage{From: user, Kind: rongcloud.Ultra, Target: "u", BusChannel: channel, ObjectName: "app:x", Content: "x"})
		if !errors.Is(err, want) {
			t.Errorf("%s in %q: %v, want %v", user, channel, err, want)
		}
	}
	say("bob", "", nil)
	say("dee", "", rongcloud.ErrNotInUltra)
	say("bob", "c", rongcloud.ErrNotInUltra) // not on its list
	const u = "/ultragroup/"
	follow(t, s, []step{
		{u + "channel/private/users/add", "groupId=u&busChannel=c&userIds=ann,bob,cy", 200, ""},
		{u + "userbanned/add", "groupId=u&userIds=bob&busChannel=c", 200, ""},
		{u + "userbanned/get", "groupId=u&busChannel=c", 200, `"users":[{"id":"bob"}]`},
		{u + "userbanned/get", "groupId=u&busChannel=", 200, `"users":[]`},
	})
	say("bob", "c", rongcloud.ErrUltraMuted)
	say("bob", "", nil)
	follow(t, s, []step{
		{u + "globalbanned/set", "groupId=u&status=True", 200, ""},
		{u + "globalbanned/get", "groupId=u", 200, `"status":true`},
		{u + "globalbanned/get", "groupId=u&busChannel=c", 200, `"status":false`},
		{u + "banned/whitelist/add", "groupId=u&userIds=bob,cy", 200, ""},
		{u + "banned/whitelist/get", "groupId=u&pageSize=1&page=2", 200, `"users":[{"id":"cy"}]`},
	})
	say("ann", "", rongcloud.ErrUltraMuted)
	say("cy", "c", nil)
	say("bob", "c", rongcloud.ErrUltraMuted) // the single mute beats the exception
	follow(t, s, []step{
		{u + "userbanned/del", "groupId=u&userIds=bob&busChannel=c", 200, ""},
		{u + "banned/whitelist/del", "groupId=u&userIds=cy", 200, ""},
		{u + "notdisturb/set", "groupId=u&unpushLevel=5&busChannel=c", 200, ""},
		{u + "notdisturb/get", "groupId=u&busChannel=c", 200, `"busChannel":"c" ... "groupId":"u","unpushLevel":5`},
		{u + "notdisturb/get", "groupId=u", 200, `"unpushLevel":0`},
	})
	say("bob", "c", nil)
	s.Clock.Advance(2 * time.Second)
	say("cy", "", rongcloud.ErrUltraMuted)
	published(t, s, "", "the server may", nil)
}

// The older calls change and show the same groups.
func TestTheOlderCallsToUltraGroupsAreTheSameGroups(t *testing.T) {
	s := ultra(t, rongcloud.Config{})
	const v = "/v2/ultragroups"
	follow(t, s, []step{
		{v, `{"user_id":"ann","group_id":"o","group_name":"O"}`, 10000, ""},
		{"PUT " + v + "/o", `{"group_name":"O2"}`, 10000, ""},
		{v + "/o/users/bob", "", 10000, ""},
		{"GET " + v + "/o/users?page=1&size=1", "", 10000, `"data":{"users":[{"id":"ann"}]}`},
		{"GET " + v + "/users/bob/groups", "", 10000, `"group_id":"u" ... "group_id":"o","group_name":"O2"`},
		{v + "/channels", `{"group_id":"o","channel_id":"x"}`, 10000, ""},
		{"GET " + v + "/o/channels?page=1&limit=10", "", 10000, `"channel_list":[{"channel_id":"RCDefault","create_time":" ... "channel_id":"x"`},
		{"DELETE " + v + "/o/channels/x", "", 10000, ""},
		{v + "/o/muted-users", `{"user_ids":["bob"]}`, 10000, ""},
		{"GET " + v + "/o/muted-users", "", 10000, `"users":[{"id":"bob","time":"`},
		{"/ultragroup/userbanned/get", "groupId=o", 200, `"id":"bob"`},
		{"DELETE " + v + "/o/muted-users", `{"user_ids":["bob"]}`, 10000, ""},
		{v + "/o/allowed-users", `{"user_ids":["bob"]}`, 10000, ""},
		{"GET " + v + "/o/allowed-users", "", 10000, `"id":"bob"`},
		{"DELETE " + v + "/o/allowed-users", `{"user_ids":["bob"]}`, 10000, ""},
		{"PUT " + v + "/o/muted-status", `{"status":true}`, 10000, ""},
		{"GET " + v + "/o/muted-status", "", 10000, `"data":{"status":true}`},
		{"/v2/message/ultragroup/send", `{"from_user_id":"ann","to_group_ids":["o"],"object_name":"app:x","content":"old","store_flag":true}`, 10000, `"message_uids":[{"group_id":"o","message_uid":"`},
		{"DELETE " + v + "/o/users/bob", "", 10000, ""},
		{"/ultragroup/member/exist", "groupId=o&userId=bob", 200, `"status":false`},
		{"DELETE " + v + "/o", "", 10000, ""},
		{"PUT " + v + "/o", `{"group_name":"O2"}`, 1002, `"msg":"Parameter 'groupId'`},
		{"PUT " + v + "/o", `{}`, 1002, `"msg":"Parameter 'group_name'`},
	})
	if in := s.Inbox("bob"); len(in) != 1 || in[0].Content != "old" {
		t.Error(in)
	}
}
