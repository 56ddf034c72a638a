package rongcloud_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"switchboard/mocks/rongcloud"
	"switchboard/openapi"
)

const (
	text    = "fromUserId=a&objectName=RC:TxtMsg&content=%7B%22content%22:%22hi%22%7D"
	oneword = `{"words":[{"word":"w"}]}`
	tmpl    = `{"fromUserId":"a","toUserId":["b"],"objectName":"x:y","content":"{n}","values":[{"n":"v"}]}`
	record  = `{"sessionId":"SESSION","extra":"","config":{"recordType":1}}`
	uid     = "msgUID=MESSAGE&userId=a&conversationType=1&targetId=b"
)

// every is one good call of each operation, in an order that works. A body
// that begins with "{" is JSON; MESSAGE and SESSION stand for what exists.
var every = []struct{ method, path, body string }{
	{"POST", "/user/getToken.json", "userId=a&name=A"},
	{"POST", "/user/token/expire.json", "userId=a&time=1700000000000"},
	{"POST", "/user/refresh.json", "userId=a&portraitUri=http://p"},
	{"POST", "/user/info.json", "userId=a"},
	{"POST", "/user/checkOnline.json", "userId=a"},
	{"POST", "/user/block.json", "userId=z&minute=1"},
	{"POST", "/user/unblock.json", "userId=z"},
	{"POST", "/user/block/query.json", ""},
	{"POST", "/user/blacklist/add.json", "userId=a&blackUserId=z"},
	{"POST", "/user/blacklist/remove.json", "userId=a&blackUserId=z"},
	{"POST", "/user/blacklist/query.json", "userId=a"},
	{"POST", "/user/blocklist/add.json", "userId=a&blackUserId=z"},
	{"POST", "/user/blocklist/remove.json", "userId=a&blackUserId=z"},
	{"POST", "/user/blocklist/query.json", "userId=a"},
	{"POST", "/user/whitelist/add.json", "userId=a&whiteUserId=z"},
	{"POST", "/user/whitelist/remove.json", "userId=a&whiteUserId=z"},
	{"POST", "/user/whitelist/query.json", "userId=a"},
	{"POST", "/user/chat/fb/set.json", "userId=z&state=1&type=PERSON"},
	{"POST", "/user/chat/fb/querylist.json", "type=PERSON"},
	{"POST", "/user/tag/set.json", `{"userId":"a","tags":["t"]}`},
	{"POST", "/user/tag/batch/set.json", `{"userIds":["a"],"tags":["t"]}`},
	{"POST", "/user/tags/get.json", "userIds=a"},
	{"POST", "/user/deactivate.json", "userId=y,z"},
	{"POST", "/user/reactivate.json", "userId=y"},
	{"POST", "/user/activate.json", "userId=z"},
	{"POST", "/user/deactivate/query.json", "pageNo=1&pageSize=50"},
	{"POST", "/user/query.json", ""},
	{"POST", "/user/delusers.json", "userId=z"},
	{"POST", "/user/group/query.json", "userId=a"},
	{"POST", "/message/private/publish.json", text + "&toUserId=b&expansion=true"},
	{"POST", "/statusmessage/private/publish.json", text + "&toUserId=b"},
	{"POST", "/message/group/publish.json", text + "&toGroupId=g"},
	{"POST", "/statusmessage/group/publish.json", text + "&toGroupId=g"},
	{"POST", "/message/chatroom/publish.json", text + "&toChatroomId=r"},
	{"POST", "/message/chatroom/broadcast.json", text + "&isIncludeSender=1"},
	{"POST", "/message/system/publish.json", text + "&toUserId=b"},
	{"POST", "/message/private/publish_template.json", tmpl},
	{"POST", "/message/system/publish_template.json", tmpl},
	{"POST", "/message/broadcast.json", text},
	{"POST", "/message/online/broadcast.json", text},
	{"POST", "/message/expansion/set.json", uid + "&extraKeyVal=%7B%22k%22:%22v%22%7D"},
	{"POST", "/message/expansion/query.json", uid},
	{"POST", "/message/expansion/delete.json", uid + "&extraKey=%5B%22k%22%5D"},
	{"POST", "/message/recall.json", "fromUserId=ann&conversationType=1&targetId=b&messageUID=MESSAGE"},
	{"POST", "/message/broadcast/recall.json", "fromUserId=a&messageUID=AAAA-BBBB-CCCC-DDDD"},
	{"POST", "/sensitiveword/add.json", "word=x&replaceWord=y"},
	{"POST", "/sensitiveword/batch/add.json", oneword},
	{"POST", "/sensitiveword/list.json", "type=2"},
	{"POST", "/sensitiveword/delete.json", "word=x"},
	{"POST", "/sensitiveword/batch/delete.json", "words=w"},
	{"POST", "/wordfilter/add.json", "word=x"},
	{"POST", "/wordfilter/list.json", ""},
	{"POST", "/wordfilter/delete.json", "word=x"},
	{"POST", "/group/create.json", "userId=a&groupId=g&groupName=G"},
	{"POST", "/group/join.json", "userId=b&groupId=g"},
	{"POST", "/group/quit.json", "userId=b&groupId=g&bindNotifyMsg=1&" + text},
	{"POST", "/group/refresh.json", "groupId=g&groupName=H"},
	{"POST", "/group/sync.json", "userId=b&group[g]=G"},
	{"POST", "/group/user/query.json", "groupId=g"},
	{"POST", "/group/user/gag/add.json", "userId=a&groupId=g&minute=1"},
	{"POST", "/group/user/gag/rollback.json", "userId=a&groupId=g"},
	{"POST", "/group/user/gag/list.json", "groupId=g"},
	{"POST", "/group/ban/add.json", "groupId=g"},
	{"POST", "/group/ban/query.json", ""},
	{"POST", "/group/ban/rollback.json", "groupId=g"},
	{"POST", "/group/user/ban/whitelist/add.json", "userId=a&groupId=g"},
	{"POST", "/group/user/ban/whitelist/query.json", "groupId=g"},
	{"POST", "/group/user/ban/whitelist/rollback.json", "userId=a&groupId=g"},
	{"POST", "/group/remarks/set.json", "userId=a&groupId=g&remark=R"},
	{"POST", "/group/remarks/get.json", "userId=a&groupId=g"},
	{"POST", "/group/remarks/del.json", "userId=a&groupId=g"},
	{"POST", "/group/dismiss.json", "userId=a&groupId=g"},
	{"POST", "/chatroom/create.json", "chatroom[q]=Q"},
	{"POST", "/chatroom/create_new.json", "chatroomId=p"},
	{"POST", "/chatroom/destroy/set.json", "chatroomId=p&destroyType=1&destroyTime=60"},
	{"POST", "/chatroom/destroy.json", "chatroomId=p&chatroomId=q"},
	{"POST", "/chatroom/get.json", "chatroomId=r"},
	{"POST", "/chatroom/query.json", "chatroomId=r"},
	{"POST", "/chatroom/user/query.json", "chatroomId=r&count=500&order=2"},
	{"POST", "/chatroom/user/exist.json", "chatroomId=r&userId=a"},
	{"POST", "/chatroom/users/exist.json", "chatroomId=r&userId=a"},
	{"POST", "/chatroom/user/gag/add.json", "chatroomId=r&userId=a&minute=1"},
	{"POST", "/chatroom/user/gag/list.json", "chatroomId=r"},
	{"POST", "/chatroom/user/gag/rollback.json", "chatroomId=r&userId=a"},
	{"POST", "/chatroom/user/ban/add.json", "userId=a&minute=1"},
	{"POST", "/chatroom/user/ban/query.json", ""},
	{"POST", "/chatroom/user/ban/remove.json", "userId=a"},
	{"POST", "/chatroom/ban/add.json", "chatroomId=r"},
	{"POST", "/chatroom/ban/query.json", ""},
	{"POST", "/chatroom/ban/check.json", "chatroomId=r"},
	{"POST", "/chatroom/ban/rollback.json", "chatroomId=r"},
	{"POST", "/chatroom/user/ban/whitelist/add.json", "chatroomId=r&userId=a"},
	{"POST", "/chatroom/user/ban/whitelist/query.json", "chatroomId=r"},
	{"POST", "/chatroom/user/ban/whitelist/rollback.json", "chatroomId=r&userId=a"},
	{"POST", "/chatroom/keepalive/add.json", "chatroomId=r"},
	{"POST", "/chatroom/keepalive/query.json", ""},
	{"POST", "/chatroom/keepalive/remove.json", "chatroomId=r"},
	{"POST", "/chatroom/message/priority/add.json", "objectName=RC:TxtMsg"},
	{"POST", "/chatroom/message/priority/query.json", ""},
	{"POST", "/chatroom/message/priority/remove.json", "objectName=RC:TxtMsg"},
	{"POST", "/chatroom/whitelist/add.json", "objectnames=RC:TxtMsg"},
	{"POST", "/chatroom/whitelist/query.json", ""},
	{"POST", "/chatroom/whitelist/delete.json", "objectnames=RC:TxtMsg"},
	{"POST", "/chatroom/user/whitelist/add.json", "chatroomId=r&userId=a"},
	{"POST", "/chatroom/user/whitelist/query.json", "chatroomId=r"},
	{"POST", "/chatroom/user/whitelist/remove.json", "chatroomId=r&userId=a"},
	{"POST", "/chatroom/message/stopDistribution.json", "chatroomId=r"},
	{"POST", "/chatroom/message/resumeDistribution.json", "chatroomId=r"},
	{"POST", "/chatroom/entry/set.json", "chatroomId=r&userId=a&key=k&value=v&autoDelete=1"},
	{"POST", "/chatroom/entry/query.json", "chatroomId=r"},
	{"POST", "/chatroom/entry/remove.json", "chatroomId=r&userId=a&key=k"},
	{"POST", "/chatroom/entry/batch/set.json", "chatroomId=r&entryOwnerId=a&entryInfo=%7B%22k%22:%22v%22%7D"},
	{"POST", "/chatroom/user/block/add.json", "chatroomId=r&userId=a&minute=1"},
	{"POST", "/chatroom/user/block/list.json", "chatroomId=r"},
	{"POST", "/chatroom/user/block/rollback.json", "chatroomId=r&userId=a"},
	{"POST", "/rtc/room/query.json", `{"roomId":"x"}`},
	{"POST", "/rtc/record/start.json", record},
	{"POST", "/rtc/record/stop.json", record},
	{"POST", "/rtc/user/kick.json", `{"userId":"a","roomId":"x"}`},
	{"POST", "/rtc/user/block.json", `{"userId":"z","minute":1}`},
	{"POST", "/rtc/user/unblock.json", `{"userId":"z"}`},
	{"POST", "/v2/rtc/rooms/{room_id}/block-users", `{"user_ids":["z"],"minute":1}`},
	{"DELETE", "/v2/rtc/rooms/{room_id}/block-users", `{"user_ids":["z"]}`},
	{"DELETE", "/v2/rtc/rooms/{room_id}", ""},
	{"POST", "/v3/translate.json", `{"text":"hello"}`},
}

func TestEveryOperationOfTheContractWorks(t *testing.T) {
	s := start(t, rongcloud.Config{})
	for _, u := range []string{"a", "b"} {
		if err := s.JoinChatRoom("r", u); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.JoinRTC("x", "a"); err != nil {
		t.Fatal(err)
	}
	known := strings.NewReplacer(
		"MESSAGE", uids(t, form(t, s, "/message/private/publish", "fromUserId", "ann", "toUserId", "b", "objectName", "x:y", "content", "c", "expansion", "true"), "userId")["b"],
		"SESSION", call(t, s, "POST", "/rtc/room/query.json", object{"roomId": "x"}).want(t, 200).body["sessionId"].(string),
		"{room_id}", "x",
	)
	missing := operationsOfTheContract(t)
	for _, c := range every {
		delete(missing, c.method+" "+c.path)
		contentType, want := formType, 200
		if strings.HasPrefix(c.body, "{") {
			contentType = "application/json"
		}
		if strings.HasPrefix(c.path, "/v2/") {
			want = 10000
		}
		r := request(t, c.method, s.URL+known.Replace(c.path), contentType, known.Replace(c.body))
		r.Header.Set("Room-Id", "x")
		sign(r)
		if a := do(t, r); a.code != want || a.status != http.StatusOK {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, a.status, a.raw)
		}
	}
	if len(missing) > 0 {
		t.Errorf("not called: %v", slices.Sorted(maps.Keys(missing)))
	}
}

func operationsOfTheContract(t *testing.T) map[string]bool {
	t.Helper()
	spec, err := openapi.Files.ReadFile("rongcloud.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(spec)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			all[method+" "+path] = true
		}
	}
	return all
}
