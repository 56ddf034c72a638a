package linkv

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// older posts a call of the private-cloud API, well signed.
func (r *rig) older(path string, pairs ...string) answer {
	r.Helper()
	form := fields(pairs...)
	form.Set("sign", hex.EncodeToString(hmacSum("mockkey", form.Encode())))
	timestamp := strconv.FormatInt(r.Clock.Now().Unix(), 10)
	return r.post(path, map[string]string{
		"appId": "mockapp", "timestamp": timestamp, "nonce": "n", "sign": hex.EncodeToString(sha1Sum("mockapp|mockkey|" + timestamp + "|n")),
	}, form)
}

func TestMessagesReachWhomTheyAreFor(t *testing.T) {
	r := start(t)
	r.JoinRoom("room1", "bob")
	r.JoinRoom("room1", "ann")
	r.want(r.im("/api/rest/group/create", "ann", "userId", "ann", "groupId", "g1", "groupName", "G", "nickName", "A"), "200")
	r.want(r.im("/api/rest/group/join", "bob", "userId", "bob", "groupId", "g1", "nickName", "B"), "200")
	msg := []string{"fromUserId", "ann", "objectName", "RC:textMsg", "content", "礼物 & more", "pushData", "pd"}
	for _, row := range []struct {
		path, kind, target string
		fields             []string
	}{
		{"/api/rest/message/converse/pushConverseData", "user", "bob", []string{"toUserId", "bob", "isCheckSensitiveWords", "0"}},
		{"/api/rest/message/v1/converse/pushConverseData", "user", "bob", []string{"toUserId", "bob"}},
		{"/api/rest/message/v1/converse/pushConverseDatas", "user", "bob", []string{"toUserIds", "bob,cid,bob"}},
		{"/api/rest/sendEventMsg", "event", "bob", []string{"toUserId", "bob"}},
		{"/api/rest/v1/sendEventMsg", "event", "bob", []string{"toUserId", "bob"}},
		{"/api/rest/room/sendRoomMessage", "room", "room1", []string{"roomId", "room1"}},
		{"/im/innerrest/mockapp/sendservermsg", "room", "room1", []string{"toChatroomId", "room1"}},
		{"/api/rest/message/pushGroupMsg", "group", "g1", []string{"toGroupId", "g1"}},
		{"/task/rest/mockapp/converse/pushSysMsg", "system", "bob", []string{"to", "bob,cid", "from", "ann"}},
	} {
		t.Run(row.path, func(t *testing.T) {
			before := len(r.Inbox("bob"))
			send := func(path string, pairs ...string) answer { return r.im(path, "ann", pairs...) }
			if strings.Contains(row.path, "mockapp") {
				send = r.older
			}
			a := send(row.path, append(row.fields, msg...)...)
			r.want(a, "200")
			got := r.Inbox("bob")[before:]
			if len(got) != 1 {
				t.Fatalf("%d arrived", len(got))
			}
			m := got[0]
			if m.Kind != row.kind || m.Target != row.target || m.From != "ann" || m.ObjectName != "RC:textMsg" || m.Content != "礼物 & more" || m.PushData != "pd" {
				t.Fatalf("%+v", m)
			}
			if (a["requestId"] != nil) != (row.path == "/api/rest/room/sendRoomMessage") || a["requestID"] == nil {
				t.Fatal(a)
			}
		})
	}
	if len(r.Inbox("ann")) != 0 || len(r.Inbox("cid")) != 2 || len(r.RoomLog("room1")) != 2 {
		t.Fatal("others got what was not for them, or not what was")
	}
}

func TestBlockedAndBlacklistedSendersAreRefused(t *testing.T) {
	r := start(t)
	send := func(from, to string) answer {
		return r.im("/api/rest/message/converse/pushConverseData", from, "fromUserId", from, "toUserId", to, "content", "hi")
	}
	r.SetOnline("ann", true)
	r.want(r.im("/api/rest/user/block", "op", "userIds", "ann,dan", "minute", "10"), "200")
	r.want(send("ann", "bob"), "9001")
	if online := r.im("/api/rest/userOnlineStatus", "op", "userId", "ann"); online["data"] != 0.0 || !r.Blocked("dan") {
		t.Fatal(online)
	}
	r.Clock.Advance(11 * time.Minute)
	r.want(send("ann", "bob"), "200")

	r.want(r.im("/api/rest/user/addUserBlack", "bob", "userId", "bob", "blackUserIds", "ann,eve"), "200")
	r.want(send("ann", "bob"), "9002")
	many := r.im("/api/rest/message/v1/converse/pushConverseDatas", "ann", "fromUserId", "ann", "toUserIds", "bob,cid", "content", "hi")
	r.want(many, "200")
	if got := fmt.Sprint(many["messageSendResult"]); got != "map[bob:9002 cid:200]" {
		t.Fatal(got)
	}
	r.want(r.im("/api/rest/user/removeUserBlack", "bob", "userId", "bob", "blackUserIds", "ann"), "200")
	r.want(send("ann", "bob"), "200")
	r.want(send("eve", "bob"), "9002")
	r.want(r.im("/api/rest/user/block", "op", "userIds", "fay", "minute", "200000000"), "200") // more nanoseconds than an int64 holds
	r.want(send("fay", "bob"), "9001")
	r.want(r.im("/api/rest/user/block", "op", "userIds", "ann"), "200")
	r.Clock.Advance(24 * 365 * time.Hour)
	r.want(send("ann", "bob"), "9001")
}

func TestAGroupLives(t *testing.T) {
	r := start(t)
	group := func(what, user string, pairs ...string) answer {
		t.Helper()
		return r.im("/api/rest/group/"+what, user, append(pairs, "groupId", "g1")...)
	}
	say := func(user string) answer {
		return r.im("/api/rest/message/pushGroupMsg", user, "fromUserId", user, "toGroupId", "g1", "content", "hi")
	}
	for _, row := range []struct {
		a    answer
		code string
	}{
		{group("groupInfo", "ann"), "9003"},
		{say("ann"), "9003"},
		{group("create", "ann", "userId", "ann", "groupName", "G", "nickName", "A"), "200"},
		{group("create", "bob", "userId", "bob", "groupName", "H", "nickName", "B"), "9004"},
		{group("join", "bob", "userId", "bob", "nickName", "B"), "200"},
		{group("join", "bob", "userId", "bob", "nickName", "B"), "200"},
		{group("join", "cid", "userId", "cid", "nickName", "C"), "200"},
		{say("eve"), "9005"},
		{group("modifyName", "bob", "userId", "bob", "groupName", "New"), "9006"},
		{group("modifyName", "ann", "userId", "ann", "groupName", "New"), "200"},
		{group("modifyTopic", "ann", "userId", "ann", "topic", "T"), "200"},
		{group("gagUser", "ann", "fromUserId", "ann", "toUserId", "bob", "type", "0"), "200"},
		{say("bob"), "9007"},
		{group("gagUser", "ann", "fromUserId", "ann", "toUserId", "bob", "type", "1"), "200"},
		{say("bob"), "200"},
		{group("gagAllUser", "ann", "fromUserId", "ann", "type", "0"), "200"},
		{say("bob"), "9007"},
		{say("ann"), "200"},
		{group("gagAllUser", "ann", "fromUserId", "ann", "type", "1"), "200"},
		{group("setNotifiable", "bob", "fromUserId", "bob", "type", "0"), "200"},
		{group("transfer", "ann", "adminUserId", "ann", "toUserId", "eve"), "9005"},
		{group("transfer", "ann", "adminUserId", "ann", "toUserId", "bob"), "200"},
		{group("groupKickUser", "ann", "fromUserId", "ann", "toUserId", "cid"), "9006"},
		{group("groupKickUser", "bob", "fromUserId", "bob", "toUserId", "cid"), "200"},
		{group("exit", "cid", "userId", "cid"), "9005"},
	} {
		if row.a.code() != row.code {
			t.Fatalf("want %s: %v", row.code, row.a)
		}
	}
	info := group("groupInfo", "ann")["data"].(map[string]any)
	basic, attach := info["basicInfo"].(map[string]any), info["attach"].(map[string]any)
	if basic["gname"] != "New" || basic["admin"] != "bob" || attach["topic"] != "T" || attach["author"] != "ann" {
		t.Fatal(info)
	}
	users := group("users", "ann", "page", "1", "size", "1")["data"].([]any)
	if len(users) != 1 || users[0].(map[string]any)["uid"] != "ann" {
		t.Fatal(users)
	}
	users = group("users", "ann", "page", "2", "size", "1")["data"].([]any)
	if bob := users[0].(map[string]any); bob["uid"] != "bob" || bob["notifiable"] != 0.0 || bob["role"] != 1.0 {
		t.Fatal(users)
	}
	if list := r.im("/api/rest/group/groups", "bob", "userId", "bob")["data"].([]any); len(list) != 1 {
		t.Fatal(list)
	}
	r.want(group("exit", "bob", "userId", "bob"), "200")
	if got := fmt.Sprint(r.Members("g1")); got != "[ann]" {
		t.Fatal(got)
	}
	r.want(group("dissolve", "ann", "userId", "ann", "block", "1"), "200")
	if r.Members("g1") != nil {
		t.Fatal("still there")
	}
	r.want(group("create", "ann", "userId", "ann", "groupName", "G", "nickName", "A"), "9004")
}
