package rongcloud_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/rongcloud"
)

func TestWhatIsKeptOfUsersIsThere(t *testing.T) {
	s := start(t, rongcloud.Config{NoRateLimits: true})
	follow(t, s, []step{
		{"/user/remarks/set", `userId=ann&remarks=[{"Id":"bob","Remark":"B"},{"id":"cy","remark":"C"}]`, 200, ""}, // as Go and as Java write it
		{"/user/remarks/set", `userId=ann&remarks=[{"id":"bob","remark":"Bobby"}]`, 200, ""},
		{"/user/remarks/get", "userId=ann", 200, `"total":2,"users":[{"id":"cy","remark":"C"},{"id":"bob","remark":"Bobby"}]`},
		{"/user/remarks/get", "userId=ann&page=2&size=1", 200, `"users":[{"id":"bob"`},
		{"/user/remarks/del", "userId=ann&targetId=cy", 200, ""},
		{"/user/remarks/get", "userId=ann", 200, `"total":1`},
		{"/user/remarks/set", "userId=ann&remarks=[]", 1002, ""},
		{"/user/remarks/set", "userId=ann&remarks={", 1002, ""},

		{"/user/blockPushPeriod/get", "userId=ann", 200, `"period":0,"startTime":"","unPushLevel":0`},
		{"/user/blockPushPeriod/set", "userId=ann&startTime=22:30:00&period=90", 200, ""},
		{"/user/blockPushPeriod/get", "userId=ann", 200, `"period":90,"startTime":"22:30:00","unPushLevel":1`},
		{"/user/blockPushPeriod/set", "userId=ann&startTime=00:00:00&period=1439&level=5", 200, ""},
		{"/user/blockPushPeriod/get", "userId=ann", 200, `"period":1439,"startTime":"00:00:00","unPushLevel":5`},
		{"/user/blockPushPeriod/set", "userId=ann&startTime=24:00:00&period=1", 1002, ""},
		{"/user/blockPushPeriod/set", "userId=ann&startTime=22:00&period=1", 1002, ""},
		{"/user/blockPushPeriod/set", "userId=ann&startTime=22:00:00&period=1440", 1002, ""},
		{"/user/blockPushPeriod/delete", "userId=ann", 200, ""},
		{"/user/blockPushPeriod/get", "userId=ann", 200, `"startTime":""`},

		{"/user/profile/set", `userId=ann&userProfile={"name":"Ann","gender":2}&userExtProfile=`, 200, ""},
		{"/user/profile/set", `userId=ann&userProfile={"name":"Anna"}&userExtProfile={"ext_a":"1"}`, 200, ""},
		{"/user/profile/set", `userId=bob&userProfile={"name":"Bob"}`, 200, ""},
		{"/user/profile/batch/query", "userId=ann,bob,nobody", 200, `"userExtProfile":"{\"ext_a\":\"1\"}","userId":"ann","userProfile":"{\"gender\":2,\"name\":\"Anna\"}","version":2 ... "userId":"bob"`},
		{"/user/profile/query", "size=1&order=1", 200, `"userList":[{"userExtProfile":"","userId":"bob"`},
		{"/user/profile/set", `userId=ann&userProfile={"gender":3}`, 1002, ""},
		{"/user/profile/set", `userId=ann&userProfile={"name":"` + fmt.Sprintf("%033d", 0) + `"}`, 1005, ""},
		{"/user/profile/set", `userId=ann&userProfile=[1]`, 1002, ""},
		{"/user/profile/clean", "userId=ann", 200, ""},
		{"/user/profile/batch/query", "userId=ann&userId=bob", 200, `"userList":[{"userExtProfile":"","userId":"bob"`},
	})
}

func TestFriendsAreFriendsOnBothSides(t *testing.T) {
	s := start(t, rongcloud.Config{NoRateLimits: true})
	s.Clock.Set(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	s.AddUser("bob", "Bob")
	follow(t, s, []step{
		{"/friend/add", "userId=ann&targetId=ann", 1002, ""},
		{"/friend/add", "userId=ann&targetId=bob&optType=1&extra=hi", 200, ""},
		{"/friend/check", "userId=ann&targetIds=bob,cy", 200, `"result":4,"userId":"bob" ... "result":1,"userId":"cy"`},
		{"/friend/check", "userId=bob&targetIds=ann", 200, `"result":4`},
		{"/friend/profile/set", `userId=ann&targetId=bob&remarkName=Bobby&friendExtProfile={"ext_a":"1"}`, 200, ""},
		{"/friend/profile/set", "userId=ann&targetId=cy&remarkName=C", 1002, ""},
		{"/friend/get", "userId=ann", 200, `"friendList":[{"friendExtProfile":"{\"ext_a\":\"1\"}","name":"Bob","remarkName":"Bobby","time":18934 ... "pageToken":"","totalCount":1`},
		{"/friend/get", "userId=bob", 200, `"remarkName":"" ... "userId":"ann"`},
		{"/friend/permission/get", "userIds=bob", 200, `"type":0,"userId":"bob"`},
		{"/friend/permission/set", "userIds=cy,dee&permissionType=2", 200, ""},
		{"/friend/permission/set", "userIds=eve&permissionType=3", 200, ""},
		{"/friend/permission/get", "userIds=cy&userIds=eve", 200, `"type":2,"userId":"cy" ... "type":3,"userId":"eve"`},
		{"/friend/add", "userId=ann&targetId=cy", 200, ""},
		{"/friend/check", "userId=ann&targetIds=cy", 200, `"result":1`}, // waits
		{"/friend/add", "userId=ann&targetId=eve", 1002, ""},
		{"/friend/add", "userId=ann&targetId=eve&optType=2", 200, ""}, // at once, whatever eve wants
		{"/friend/add", "userId=ann&targetId=dee", 200, ""},
	})
	if !s.AnswerFriend("cy", "ann", true) || !s.AnswerFriend("dee", "ann", false) || s.AnswerFriend("dee", "ann", true) {
		t.Error("requests wait for one answer")
	}
	follow(t, s, []step{
		{"/friend/check", "userId=cy&targetIds=ann&targetIds=dee", 200, `"result":4 ... "result":1`},
		{"/friend/get", "userId=ann&size=2", 200, `"userId":"bob" ... "userId":"eve" ... "pageToken":"2","totalCount":3`},
		{"/friend/get", "userId=ann&size=2&pageToken=2", 200, `"friendList":[{ ... "userId":"cy" ... "pageToken":""`},
		{"/friend/get", "userId=ann&order=1&size=1", 200, `"userId":"cy"`},
		{"/friend/delete", "userId=bob&targetIds=ann", 200, ""},
		{"/friend/check", "userId=ann&targetIds=bob", 200, `"result":1`},
		{"/friend/clean", "userId=ann", 200, ""},
		{"/friend/get", "userId=cy", 200, `"totalCount":0`},
	})
}

func TestAHostedGroupIsAGroupWhoseDataTheVendorKeeps(t *testing.T) {
	s := start(t, rongcloud.Config{NoRateLimits: true})
	s.Clock.Set(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	const e = "/entrust/group/"
	follow(t, s, []step{
		{e + "create", `groupId=e&name=E&owner=ann&userIds=&groupProfile={"introduction":"i"}&permissions={"joinPerm":1}`, 200, ""},
		{e + "create", "groupId=e&name=E&owner=ann", 1002, ""},
		{e + "create", `groupId=f&name=F&owner=ann&permissions={"joinPerm":4}`, 1002, ""},
		{e + "join", "groupId=e&userIds=bob,cy", 200, `"groupId":"e" ... "groupProfile":"{\"introduction\":\"i\"}" ... "memberCount":3,"name":"E","owner":"ann"`},
		{e + "join", "groupId=none&userIds=bob", 1002, ""},
		{e + "member/set", "groupId=e&userId=bob&nickname=B&extra=x", 200, ""},
		{e + "member/set", "groupId=e&userId=nobody&nickname=B", 1002, ""},
		{e + "manager/add", "groupId=e&userIds=bob&userIds=stranger", 200, `"userIds":["stranger"]`},
		{e + "member/query", "groupId=e&type=2", 200, `"members":[{"extra":"x","nickname":"B","role":2, ... "userId":"bob"}] ... "totalCount":1`},
		{e + "member/query", "groupId=e&type=3", 200, `"role":3 ... "userId":"ann"`},
		{e + "member/query", "groupId=e&size=2&order=0", 200, `"userId":"ann" ... "userId":"bob" ... "pageToken":"2","totalCount":3`},
		{e + "member/query", "groupId=e&size=2&order=0&pageToken=2", 200, `"members":[{ ... "userId":"cy"}],"pageToken":""`},
		{e + "member/specific/query", "groupId=e&userIds=cy,nobody", 200, `"members":[{"extra":"","nickname":"","role":1 ... "userId":"cy"}]`},
		{e + "member/follow", "groupId=e&userId=cy&followUserIds=ann,bob", 200, ""},
		{e + "member/unfollow", "groupId=e&userId=cy&followUserIds=ann", 200, ""},
		{e + "member/followed/get", "groupId=e&userId=cy", 200, `"members":[{"timestamp":18934 ... "userId":"bob"}]`},
		{e + "remarkname/set", "userId=cy&groupId=e&remarkName=Mine", 200, ""},
		{e + "remarkname/query", "userId=cy&groupId=e", 200, `"remarkName":"Mine"`},
		{"/entrust/joined/group/query", "userId=cy", 200, `"count":3 ... "remarkName":"Mine","role":1}] ... "totalCount":1`},
		{"/entrust/joined/group/query", "userId=bob&role=2", 200, `"totalCount":1`},
		{"/entrust/joined/group/query", "userId=bob&role=3", 200, `"totalCount":0`},
		{e + "remarkname/delete", "userId=cy&groupId=e", 200, ""},
		{e + "remarkname/query", "userId=cy&groupId=e", 200, `"remarkName":""`},
		{e + "profile/update", `groupId=e&name=E2&groupProfile={"announcement":"a"}`, 200, ""},
		{e + "profile/query", "groupIds=e,none", 200, `"groupName":"E2","groupProfile":"{\"announcement\":\"a\",\"introduction\":\"i\"}","memberCount":3`},
		{e + "profile/query", "groupId=e", 200, `"groupName":"E2"`},
		{"/group/user/query", "groupId=e", 200, `"users":[{"id":"ann"},{"id":"bob"},{"id":"cy"}]`}, // an ordinary group
		{"/group/user/gag/add", "groupId=e&userId=bob&userId=cy&minute=5", 200, ""},
		{e + "quit", "groupId=e&userIds=ann", 1002, ""},
		{e + "member/kick", "groupId=e&userIds=bob&isDelBan=0", 200, ""},
		{e + "quit", "groupId=e&userIds=cy&isDelBan=2", 200, ""},
		{"/group/user/gag/list", "groupId=e", 200, `"users":[{"time": ... "userId":"bob"}]`},
		{e + "manager/remove", "groupId=e&userIds=bob", 200, ""},
		{e + "transfer/owner", "groupId=e&newOwner=bob", 1002, ""},
		{e + "join", "groupId=e&userIds=bob", 200, ""},
		{e + "transfer/owner", "groupId=e&newOwner=bob&isQuit=1", 200, ""},
		{e + "profile/query", "groupIds=e", 200, `"memberCount":1,"owner":"bob"`},
		{e + "member/kick/all", "userId=bob", 200, ""}, // but the owner
		{"/group/create", "userId=dee&groupId=plain&groupName=P", 200, ""},
		{e + "import", "groupId=plain&name=P&owner=eve", 200, ""},
		{e + "query", "size=1&order=0", 200, `"groups":[{"creator":"ann","groupId":"e" ... "pageToken":"1"`},
		{e + "query", "order=1&size=1", 200, `"groupId":"plain","name":"P","owner":"eve"`},
		{e + "dismiss", "groupId=e", 200, ""},
		{e + "dismiss", "groupId=e", 1002, ""},
	})
	if got := s.Members("plain"); !slices.Equal(got, []string{"dee", "eve"}) {
		t.Error(got)
	}
	for i := range 12 {
		want := `"userIds":[]`
		if i >= 10 {
			want = `"managerCount":10`
		}
		id := fmt.Sprint("m", i)
		follow(t, s, []step{
			{e + "join", "groupId=plain&userIds=" + id, 200, ""},
			{e + "manager/add", "groupId=plain&userIds=" + id, 200, want},
		})
	}
}

func TestPaidServicesCanBeOff(t *testing.T) {
	s := start(t, rongcloud.Config{Off: []rongcloud.Service{rongcloud.Hosting, rongcloud.Bots, rongcloud.CloudStorage, rongcloud.MessageLog}})
	follow(t, s, []step{
		{"/message/history", "date=2030010116", 1009, ""}, {"/v3/message/group/query", `{"userId":"a","targetId":"g","startTime":1,"endTime":2}`, 1009, ""},
		{"/conversation/message/history/clean", "conversationType=1&fromUserId=a&targetId=b", 1009, ""},
		{"/user/profile/query", "", 1009, ""}, {"/friend/get", "userId=ann", 1009, ""},
		{"/entrust/group/query", "", 1009, ""}, {"/v3/bot/query", "{}", 1009, ""},
	})
}

func TestBotsAndAgentsAreKept(t *testing.T) {
	s := start(t, rongcloud.Config{NoRateLimits: true})
	const bot = `{"userId":"b","name":"Bot","type":"custom","profileUrl":"p","integrations":[{"type":"webhook","callbackUrl":"u"}]`
	follow(t, s, []step{
		{"/v3/bot/update", `{"userId":"b","name":"x"}`, 1002, ""},
		{"/v3/bot/create", bot + "}", 200, ""},
		{"/v3/bot/create", bot + "}", 1002, ""},
		{"/v3/bot/update", `{"userId":"b","name":"Robot"}`, 200, ""},
		{"/v3/bot/integration/create", `{"userId":"b","type":"dify","callbackUrl":"v"}`, 200, ""},
		{"/v3/bot/integration/update", `{"userId":"b","type":"webhook","callbackUrl":"w"}`, 200, ""},
		{"/v3/bot/get", `{"userIds":["b","none"]}`, 200, `"integrations":[{"callbackUrl":"v","type":"dify"},{"callbackUrl":"w","type":"webhook"}],"metadata":{},"name":"Robot"`},
		{"/v3/bot/integration/delete", `{"userId":"b","type":"dify"}`, 200, ""},
		{"/v3/bot/query", `{"page":1,"pageSize":10,"includeIntegration":true}`, 200, `"integrations":[{"callbackUrl":"w" ... "hasNext":false,"total":1`},
		{"/v3/bot/delete", `{"userId":"b"}`, 200, ""},
		{"/v3/bot/query", `{}`, 200, `"bots":[]`},
		{"/v3/chat/generate", `{"agentId":"a","query":"hello"}`, 1002, ""},
		{"/v3/agent/create", `{"agentId":"a","name":"A","type":"chat","status":"active","agentConfig":{"model":{"name":"m"}}}`, 200, ""},
		{"/v3/agent/update", `{"agentId":"a","status":"idle"}`, 200, ""},
		{"/v3/agent/get", `{"agentId":"a"}`, 200, `"agentConfig":{"model":{"name":"m"}},"agentId":"a" ... "name":"A","status":"idle"`},
		{"/v3/agent/query", `{"status":"active"}`, 200, `"total":0`},
		{"/v3/agent/query", `{"status":"","size":1}`, 200, `"hasNext":false,"total":1,"totalPages":1`},
		{"/v3/chat/generate", `{"agentId":"a","query":"hello","conversationId":"c"}`, 200, `"answer":"hello","code":200,"conversationId":"c","finishReason":"stop"`},
		{"/v3/agent/delete", `{"agentId":"a"}`, 200, ""},
		{"/v3/agent/get", `{"agentId":"a"}`, 1002, ""},
	})
	for i := range 11 {
		want := 200
		if i == 10 {
			want = 1002
		}
		body, err := json.Marshal(object{"userId": fmt.Sprint("bot", i), "name": "n", "type": "t", "profileUrl": "p"})
		if err != nil {
			t.Fatal(err)
		}
		follow(t, s, []step{{"/v3/bot/create", string(body), want, ""}})
	}
}

// The admin API shows what is new in the state, and lets clients act on it.
func TestTheAdminAPIReachesFriendsUltraGroupsAndPushes(t *testing.T) {
	s := ultra(t, rongcloud.Config{})
	s.AddUser("bob", "Bob")
	follow(t, s, []step{
		{"/friend/permission/set", "userIds=bob&permissionType=2", 200, ""},
		{"/friend/add", "userId=ann&targetId=bob&extra=hi", 200, ""},
		{"/push/user", `{"userIds":["bob"],"notification":{"pushContent":"x"}}`, 200, ""},
	})
	admin := func(method, path, body string) (int, string) {
		t.Helper()
		res, err := http.DefaultTransport.RoundTrip(request(t, method, s.URL+"/_mock/"+path, "application/json", body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		has                string
	}{
		{"GET", "state/friends", "", 200, `"asked":[{"from":"ann","to":"bob","extra":"hi"}],"friends":{}`},
		{"POST", "callbacks/client.friend.answer", `{"user":"bob","from":"cy","yes":true}`, 400, "cy did not ask bob"},
		{"POST", "callbacks/client.friend.answer", `{"user":"bob","from":"ann","yes":true}`, 200, ""},
		{"GET", "state/friends", "", 200, `"asked":[],"friends":{"ann":["bob"],"bob":["ann"]}`},
		{"GET", "state/ultragroups", "", 200, `"channels":["RCDefault","c"],"id":"u","members":["ann","bob","cy"],"name":"U"`},
		{"GET", "state/pushes", "", 200, `"users":["bob"],"notification":{"pushContent":"x"}`},
		{"POST", "callbacks/client.send", `{"from":"ann","kind":"ultragroup","target":"u","busChannel":"c","objectName":"app:x","content":"x"}`, 400, "24406"},
		{"POST", "callbacks/client.send", `{"from":"ann","kind":"ultragroup","target":"u","objectName":"app:x","content":"x"}`, 200, ""},
	} {
		if status, text := admin(c.method, c.path, c.body); status != c.status || !strings.Contains(text, c.has) {
			t.Errorf("%s %s: %d %s, want %d with %s", c.path, c.body, status, text, c.status, c.has)
		}
	}
	if in := s.Inbox("bob"); len(in) != 1 || in[0].Channel != "RCDefault" {
		t.Error(in)
	}
}

// Who routes messages hears of those of ultra groups, with their channel.
func TestMessagesOfUltraGroupsAreRouted(t *testing.T) {
	s, c := withCustomer(t, rongcloud.Config{NoRateLimits: true})
	form(t, s, "/ultragroup/create", "userId", "ann", "groupId", "u", "groupName", "U").want(t, 200)
	if _, err := s.Send(rongcloud.ClientMessage{From: "ann", Kind: rongcloud.Ultra, Target: "u", ObjectName: "app:x", Content: "x"}); err != nil {
		t.Fatal(err)
	}
	s.Callbacks.Wait()
	got := c.take("/message")
	if len(got) != 1 || !strings.Contains(got[0].body, "channelType=ULTRAGROUP") || !strings.Contains(got[0].body, "busChannel=RCDefault") {
		t.Errorf("%+v", got)
	}
}
