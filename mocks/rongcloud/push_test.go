package rongcloud_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/rongcloud"
)

func TestAPushFindsItsAudience(t *testing.T) {
	s := start(t, rongcloud.Config{NoRateLimits: true})
	for _, u := range []string{"ann", "bob", "cy"} {
		s.AddUser(u, u)
	}
	follow(t, s, []step{
		{"/user/tag/set", `{"userId":"ann","tags":["gold","new"]}`, 200, ""},
		{"/user/tag/set", `{"userId":"bob","tags":["gold"]}`, 200, ""},
	})
	for _, c := range []struct{ audience, want string }{
		{`{"is_to_all":true,"tag":["none"]}`, "ann bob cy"},
		{`{"is_to_all":"True"}`, "ann bob cy"},
		{`{"is_to_all":false,"tag":["gold"]}`, "ann bob"},
		{`{"tag":["gold","new"],"tag_or":null}`, "ann"},
		{`{"tag_or":["new","none"]}`, "ann"},
		{`{"tag":["gold"],"tag_or":["new","none"]}`, "ann"},
		{`{"userid":["cy","bob"],"tag":["new"]}`, "bob cy"},
		{`{"tagItems":[{"tags":["gold"],"isNot":true}]}`, "cy"},
		{`{"tagItems":[{"tags":["gold","new"],"tagsOperator":"AND"},{"tags":["none"],"itemsOperator":"OR"}]}`, "ann"},
		{`{"tagItems":[{"tags":["gold"]},{"tags":["new"],"isNot":true,"itemsOperator":"AND"}]}`, "bob"},
		{`{}`, ""},
	} {
		body := `{"platform":["ios"],"audience":` + c.audience + `,"notification":{"alert":"hi"}}`
		follow(t, s, []step{{"/push/custom", body, 200, `"id":"`}})
		all := s.Pushes()
		if got := strings.Join(all[len(all)-1].Users, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.audience, got, c.want)
		}
	}
	if len(s.Inbox("ann")) != 0 {
		t.Error("a push leaves no message")
	}
	const some = `"audience":{"userid":["bob"]},"notification":{"alert":"hi"}`
	follow(t, s, []step{
		{"/push", `{"platform":["ios","android"],"fromuserid":"ann","message":{"content":"%7B%22a%22%7D","objectName":"app:x"},` + some + `}`, 200, `"id":" ... "messageUID":"`},
		{"/push", `{"platform":["ios"],"message":{"content":"x","objectName":"app:x"},` + some + `}`, 1002, ""},
		{"/push/user", `{"userIds":["bob"],"notification":{"title":"t","pushContent":"hi"}}`, 200, ""},
		{"/push/user", `{"userIds":["bob"],"notification":{"title":"t"}}`, 1002, ""},
		{"/push/user", `{"userIds":["bob"],"notification":{"title":"` + strings.Repeat("t", 51) + `","pushContent":"hi"}}`, 1005, ""},
	})
	if in := s.Inbox("bob"); len(in) != 1 || in[0].Target != "ann" || len(s.Inbox("cy")) != 0 {
		t.Error(in)
	}
	ids := make([]string, 101)
	for i := range ids {
		ids[i] = fmt.Sprint("u", i)
	}
	call(t, s, "POST", "/push/user.json", object{"userIds": ids, "notification": object{"pushContent": "x"}}).want(t, 1002)
}

// Pushes and broadcasts spend the same two an hour.
func TestPushesAndBroadcastsShareTheirRate(t *testing.T) {
	s := start(t, rongcloud.Config{})
	push := object{"platform": []string{"ios"}, "audience": object{"is_to_all": true}, "notification": object{"alert": "x"}}
	text := []string{"fromUserId", "a", "objectName", "RC:TxtMsg", "content", hello}
	s.Clock.Set(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	form(t, s, "/message/broadcast", text...).want(t, 200)
	call(t, s, "POST", "/push.json", push).want(t, 200)
	call(t, s, "POST", "/push.json", push).want(t, 1008)
	form(t, s, "/message/broadcast", text...).want(t, 1008)
	s.Clock.Advance(time.Hour)
	call(t, s, "POST", "/push.json", push).want(t, 200)
	call(t, s, "POST", "/push.json", push).want(t, 1008) // three a day
}
