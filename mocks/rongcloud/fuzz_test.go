package rongcloud_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"switchboard/mocks/mock"
	"switchboard/mocks/rongcloud"
)

// Whatever comes in, signed, the vendor's own answer goes out: a JSON object
// with a code that fits the contract, never a Go error and never a panic.
func FuzzAnyBodyGetsTheVendorsAnswer(f *testing.F) {
	for _, seed := range []struct{ path, body string }{
		{"/user/getToken.json", "userId=a&name=b&portraitUri="},
		{"/message/private/publish.json", "fromUserId=a&toUserId=b&toUserId=c&objectName=RC:TxtMsg&content=%7B%22content%22:%22x%22%7D"},
		{"/message/group/publish.json", "fromUserId=a&toGroupId=g&toUserId=b&objectName=RC:ImgMsg&content={}"},
		{"/message/system/publish_template.json", `{"fromUserId":"a","toUserId":["b"],"objectName":"x:y","values":[{"a":"b"}],"content":"{a}"}`},
		{"/sensitiveword/batch/add.json", `{"words":[{"word":"a","replaceWord":"b"}]}`},
		{"/chatroom/create.json", "chatroom[a]=b&chatroom[=c&chatroom]=d"},
		{"/chatroom/create_new.json", "chatroomId=r&entryOwnerId=o&entryInfo=%7B%22a%22:%22b%22%7D&destroyTime=60"},
		{"/chatroom/entry/batch/set.json", `chatroomId=r&entryOwnerId=o&entryInfo={"a":null}`},
		{"/group/sync.json", "userId=a&group[g]=n"},
		{"/group/user/gag/add.json", "userId=a&minute=43200"},
		{"/user/query.json", "page=1&pageSize=100"},
		{"/user/deactivate.json", "userId=a,,b"},
		{"/user/chat/fb/querylist.json", "num=1&offset=99999999999999999999&type=PERSON"},
		{"/message/expansion/set.json", `msgUID=x&userId=a&conversationType=1&targetId=b&extraKeyVal={}`},
		{"/message/recall.json", "fromUserId=a&conversationType=1&targetId=b&messageUID=AAAA-AAAA-AAAA-AAAA"},
		{"/rtc/record/start.json", `{"sessionId":"s","extra":"","config":{"recordType":1}}`},
		{"/v2/rtc/rooms/r/block-users", `{"user_ids":["a"],"minute":1}`},
		{"/v3/message/private/query.json", `{"userId":"a","targetId":"b","startTime":"1","endTime":"99999999999999","includeStart":"True","pageSize":""}`},
		{"/push.json", `{"platform":["ios"],"fromuserid":"a","message":{"content":"%7B","objectName":"x:y"},"audience":{"tag":null,"tagItems":[{"tags":["t"]}]},"notification":{"alert":"x"}}`},
		{"/user/remarks/set.json", `userId=a&remarks=[{"Id":"b","Remark":"B"},null]`},
		{"/user/profile/set.json", `userId=a&userProfile={"gender":9e99}&userExtProfile={"a":{}}`},
		{"/friend/get.json", "userId=a&pageToken=9223372036854775807&size=100"},
		{"/entrust/group/create.json", `groupId=e&name=E&owner=a&userIds=b,,c&groupProfile={"introduction":1}&permissions={"joinPerm":-1}`},
		{"/entrust/group/member/query.json", "groupId=e&pageToken=-1&size=1"},
		{"/entrust/joined/group/query.json", "userId=a&role=3&order=1"},
		{"/ultragroup/create.json", "userId=a&groupId=u&groupName=U"},
		{"/ultragroup/msg/get.json", `groupId=u&msgs=[null,{"msgUID":"x"}]`},
		{"/ultragroup/hismsg/msgid/query.json", "groupId=u&busChannel=c&msgUID=x&prevNum=50&lastNum=50"},
		{"/message/ultragroup/publish.json", `{"fromUserId":"a","toGroupIds":"u","objectName":"x:y","content":"c","msgRandom":"1","expansion":"1","extraContent":"{}"}`},
		{"/v2/ultragroups", `{"user_id":"a","group_id":"u","group_name":"U","_":1}`},
		{"/message/history.json", "date=2030010116"},
		{"/v3/bot/create.json", `{"userId":"b","name":"n","type":"t","profileUrl":"p","integrations":[null],"metadata":{"a":1}}`},
		{"/v3/bot/integration/create.json", `{"userId":"b","type":"t","callbackUrl":"u"}`},
		{"/v3/agent/create.json", `{"agentId":"a","agentConfig":null,"createdAt":"x"}`},
		{"/v3/translate.json", `{"text":"hello","targetLanguage":"zh"}`},
		{"/user/block/query.json", "page=-1&size=9223372036854775807"},
		{"/user/query.json", "page=9223372036854775807&pageSize=3"},
		{"//user//info.json", "userId=%zz&userId=%00"},
	} {
		f.Add(seed.path, seed.body)
	}
	m, err := rongcloud.New(rongcloud.Config{
		Account: rongcloud.Account{AppKey: testKey, AppSecret: testSecret}, CheckAnswers: true, NoRateLimits: true,
		FilterServerSends: true, RouteServerSends: true, CheckServerSends: true,
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(m.Close)
	h := m.Handler()
	f.Fuzz(func(t *testing.T, path, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.URL.Path = path
		if strings.HasPrefix(path, "/_mock/") {
			t.Skip("the admin API answers in its own way")
		}
		sign(r)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var a struct{ Code *int }
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || a.Code == nil {
			t.Fatalf("%s %q: %s", path, body, w.Body)
		}
		all := m.Journal.Find(mock.Filter{})
		last := all[len(all)-1]
		if last.Breach != "" || *a.Code == 1000 || strings.Contains(last.Refused, "panicked") {
			t.Fatalf("%s %q: %s %s %s", path, body, w.Body, last.Breach, last.Refused)
		}
	})
}
