package rongcloud_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/mocks/rongcloud"
)

var uidLook = regexp.MustCompile(`^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$`)

// uids reads messageUIDs as target -> id, and checks their look.
func uids(t *testing.T, a answer, key string) map[string]string {
	t.Helper()
	out := map[string]string{}
	list, _ := a.want(t, 200).body["messageUIDs"].([]any)
	for _, v := range list {
		m := v.(map[string]any)
		uid := m["messageUID"].(string)
		if !uidLook.MatchString(uid) {
			t.Errorf("messageUID %q", uid)
		}
		out[m[key].(string)] = uid
	}
	return out
}

func TestAPrivatePublishReachesEachUserAsItsOwnMessage(t *testing.T) {
	s := start(t, rongcloud.Config{})
	a := form(t, s, "/message/private/publish", "fromUserId", "ann", "toUserId", "bob", "toUserId", "cid",
		"objectName", "RC:TxtMsg", "content", hello, "pushContent", "hi", "pushData", "", "count", "", "verifyBlacklist", "0",
		"isPersisted", "1", "isIncludeSender", "0", "contentAvailable", "0", "expansion", "false", "disablePush", "false")
	ids := uids(t, a, "userId")
	for _, user := range []string{"bob", "cid"} {
		in := s.Inbox(user)
		if len(in) != 1 || in[0].UID != ids[user] || in[0].From != "ann" || in[0].Content != hello || in[0].Kind != rongcloud.Private || in[0].Target != user {
			t.Errorf("%s got %+v", user, in)
		}
	}
	if len(ids) != 2 || ids["bob"] == ids["cid"] {
		t.Error(ids)
	}
	if in := s.Inbox("ann"); len(in) != 0 {
		t.Errorf("the sender got %+v", in)
	}
}

func TestWhatAPublishRefuses(t *testing.T) {
	s := start(t, rongcloud.Config{NoRateLimits: true})
	many := func(param string, n int) []string {
		var out []string
		for i := range n {
			out = append(out, param, fmt.Sprint("u", i))
		}
		return out
	}
	base := func(more ...string) []string {
		return append([]string{"fromUserId", "ann", "objectName", "RC:TxtMsg", "content", hello}, more...)
	}
	big := func(n int) string { return `{"content":"` + strings.Repeat("x", n-len(`{"content":""}`)) + `"}` }
	for _, c := range []struct {
		name, path string
		pairs      []string
		code       int
	}{
		{"1000 users", "/message/private/publish", base(many("toUserId", 1000)...), 200},
		{"1001 users", "/message/private/publish", base(many("toUserId", 1001)...), 1002},
		{"no user", "/message/private/publish", base(), 1002},
		{"100 users of system", "/message/system/publish", base(many("toUserId", 100)...), 200},
		{"101 users of system", "/message/system/publish", base(many("toUserId", 101)...), 1002},
		{"3 groups", "/message/group/publish", base(many("toGroupId", 3)...), 200},
		{"4 groups", "/message/group/publish", base(many("toGroupId", 4)...), 1002},
		{"4 groups of status", "/statusmessage/group/publish", base(many("toGroupId", 4)...), 1002},
		{"no sender", "/message/private/publish", []string{"toUserId", "b", "objectName", "RC:TxtMsg", "content", hello}, 1002},
		{"no type", "/message/private/publish", []string{"fromUserId", "a", "toUserId", "b", "content", hello}, 1002},
		{"no content", "/message/private/publish", []string{"fromUserId", "a", "toUserId", "b", "objectName", "RC:TxtMsg"}, 1002},
		{"bad content", "/message/private/publish", []string{"fromUserId", "a", "toUserId", "b", "objectName", "RC:TxtMsg", "content", "hello"}, 1002},
		{"128 KB", "/message/private/publish", []string{"fromUserId", "a", "toUserId", "b", "objectName", "RC:TxtMsg", "content", big(128 << 10)}, 200},
		{"over 128 KB", "/message/private/publish", []string{"fromUserId", "a", "toUserId", "b", "objectName", "RC:TxtMsg", "content", big(128<<10 + 1)}, 1005},
		{"type of 32", "/message/private/publish", []string{"fromUserId", "a", "toUserId", "b", "objectName", strings.Repeat("o", 32), "content", "x"}, 200},
		{"type of 33", "/message/private/publish", []string{"fromUserId", "a", "toUserId", "b", "objectName", strings.Repeat("o", 33), "content", "x"}, 1005},
		{"own type with RC:", "/message/private/publish", []string{"fromUserId", "a", "toUserId", "b", "objectName", "RC:Own", "content", "{}"}, 1002},
		{"a flag that is none", "/message/private/publish", base("toUserId", "b", "isPersisted", "2"), 1002},
		{"a truth that is none", "/message/private/publish", base("toUserId", "b", "expansion", "maybe"), 1002},
		{"truth as Python spells it", "/message/private/publish", base("toUserId", "b", "expansion", "False", "isPersisted", "True"), 200},
		{"extraContent that is empty, as Java sends it", "/message/private/publish", base("toUserId", "b", "expansion", "true", "extraContent", "{}"), 200},
		{"count out of range", "/message/private/publish", base("toUserId", "b", "count", "10000"), 1002},
		{"count for two", "/message/private/publish", base("toUserId", "b", "toUserId", "c", "count", "1"), 200},
		{"pushExt no JSON", "/message/private/publish", base("toUserId", "b", "pushExt", "{"), 1002},
		{"extraContent without expansion", "/message/private/publish", base("toUserId", "b", "extraContent", `{"a":"b"}`), 1002},
		{"directed to two groups", "/message/group/publish", base("toGroupId", "g", "toGroupId", "h", "toUserId", "b"), 1002},
		{"directed with expansion", "/message/group/publish", base("toGroupId", "g", "toUserId", "b", "expansion", "true"), 200},
		{"directed with pushExt", "/message/group/publish", base("toGroupId", "g", "toUserId", "b", "pushExt", "{}"), 200},
		{"directed as Go sends it", "/message/group/publish", base("toGroupId", "g", "toUserId", "b", "expansion", "false", "disablePush", "false"), 200},
		{"priority 4", "/message/chatroom/publish", base("toChatroomId", "r", "priority", "4"), 1002},
	} {
		t.Run(c.name, func(t *testing.T) { form(t, s, c.path, c.pairs...).want(t, c.code) })
	}
}

func TestWhatIsKeptForUsersWhoAreOffline(t *testing.T) {
	s := start(t, rongcloud.Config{})
	s.SetOnline("live", true)
	for _, c := range []struct {
		path, objectName, content string
		offline, pushed           bool
	}{
		{"/message/private/publish", "RC:TxtMsg", hello, true, true},
		{"/message/private/publish", "RC:CmdMsg", `{"name":"n","data":"d"}`, true, false},
		{"/message/private/publish", "RC:InfoNtf", `{"message":"m"}`, true, false},
		{"/message/private/publish", "app:own", `{}`, true, false},
		{"/message/private/publish", "RC:TypSts", `{"typingContentType":"RC:TxtMsg"}`, false, false},
		{"/statusmessage/private/publish", "RC:TxtMsg", hello, false, false},
		{"/message/system/publish", "RC:CmdMsg", `{"name":"n","data":"d"}`, true, false},
	} {
		s.Do(s.Reset)
		s.SetOnline("live", true)
		form(t, s, c.path, "fromUserId", "ann", "toUserId", "live", "toUserId", "away", "objectName", c.objectName, "content", c.content).want(t, 200)
		if in := s.Inbox("live"); len(in) != 1 || !in[0].Live || in[0].Pushed {
			t.Errorf("%s %s: live got %+v", c.path, c.objectName, in)
		}
		in := s.Inbox("away")
		if (len(in) == 1) != c.offline || c.offline && (in[0].Live || in[0].Pushed != c.pushed) {
			t.Errorf("%s %s: away got %+v", c.path, c.objectName, in)
		}
	}
	if in := s.Inbox("away"); in[0].Kind != rongcloud.System || in[0].Target != "ann" {
		t.Errorf("a system message is a conversation with its sender: %+v", in)
	}
	s.Do(s.Reset)
	for _, push := range [][]string{{"pushContent", "own"}, {"pushContent", "own", "disablePush", "true"}} {
		form(t, s, "/message/private/publish", append(push, "fromUserId", "ann", "toUserId", "away", "objectName", "app:own", "content", "{}")...).want(t, 200)
	}
	if in := s.Inbox("away"); !in[0].Pushed || in[0].PushText != "own" || in[1].Pushed {
		t.Errorf("%+v", in)
	}
	s.Do(s.Reset)
	form(t, s, "/message/private/publish", "fromUserId", "ann", "toUserId", "late", "toUserId", "intime", "objectName", "RC:TxtMsg", "content", hello).want(t, 200)
	s.Clock.Advance(6 * 24 * time.Hour)
	s.SetOnline("intime", true)
	s.Clock.Advance(2 * 24 * time.Hour)
	s.SetOnline("late", true)
	if len(s.Inbox("intime")) != 1 || len(s.Inbox("late")) != 0 {
		t.Error("messages are kept 7 days", s.Inbox("intime"), s.Inbox("late"))
	}
}

func TestTheBlacklistCountsForServerSendsOnlyOnDemand(t *testing.T) {
	s := start(t, rongcloud.Config{})
	form(t, s, "/user/blacklist/add", "userId", "bob", "blackUserId", "ann").want(t, 200)
	for verify, want := range map[string]int{"0": 1, "1": 0} {
		before := len(s.Inbox("bob"))
		form(t, s, "/message/private/publish", "fromUserId", "ann", "toUserId", "bob", "objectName", "RC:TxtMsg", "content", hello, "verifyBlacklist", verify).want(t, 200)
		if got := len(s.Inbox("bob")) - before; got != want {
			t.Errorf("verifyBlacklist %s: %d messages", verify, got)
		}
	}
}

func TestAGroupMessageReachesItsMembers(t *testing.T) {
	s := start(t, rongcloud.Config{})
	form(t, s, "/group/create", "userId", "ann", "userId", "bob", "userId", "cid", "groupId", "g", "groupName", "G").want(t, 200)
	send := func(pairs ...string) map[string]string {
		return uids(t, form(t, s, "/message/group/publish", append(pairs, "fromUserId", "ann", "toGroupId", "g", "objectName", "RC:TxtMsg", "content", hello)...), "groupId")
	}
	got := func() string { return fmt.Sprint(len(s.Inbox("ann")), len(s.Inbox("bob")), len(s.Inbox("cid"))) }
	if ids := send(); !uidLook.MatchString(ids["g"]) || got() != "0 1 1" {
		t.Error(ids, got())
	}
	if send("isIncludeSender", "1"); got() != "1 2 2" {
		t.Error(got())
	}
	if send("toUserId", "cid", "toUserId", "stranger"); got() != "1 2 3" || len(s.Inbox("stranger")) != 0 {
		t.Error(got())
	}
	if in := s.Inbox("bob"); in[0].Kind != rongcloud.Group || in[0].Target != "g" || in[0].From != "ann" {
		t.Errorf("%+v", in)
	}
}

func TestABroadcastReachesEverybody(t *testing.T) {
	s := start(t, rongcloud.Config{})
	s.AddUser("ann", "Ann")
	s.AddUser("bob", "Bob")
	s.SetOnline("bob", true)
	a := form(t, s, "/message/broadcast", "fromUserId", "sys", "objectName", "RC:TxtMsg", "content", hello).want(t, 200)
	if !uidLook.MatchString(fmt.Sprint(a.body["messageUID"])) || len(s.Inbox("ann")) != 1 || len(s.Inbox("bob")) != 1 {
		t.Error(a.raw)
	}
	form(t, s, "/message/online/broadcast", "fromUserId", "sys", "objectName", "RC:TxtMsg", "content", hello).want(t, 200)
	if len(s.Inbox("ann")) != 1 || len(s.Inbox("bob")) != 2 {
		t.Error("an online broadcast is for who is online")
	}
	form(t, s, "/message/broadcast/recall", "fromUserId", "sys", "messageUID", a.body["messageUID"].(string)).want(t, 200)
	if in := s.Inbox("ann"); in[0].ObjectName != "RC:RcNtf" {
		t.Error(in)
	}
}

func TestARecallLeavesTheNotice(t *testing.T) {
	s := start(t, rongcloud.Config{})
	uid := uids(t, form(t, s, "/message/private/publish", "fromUserId", "ann", "toUserId", "bob", "objectName", "RC:TxtMsg", "content", hello), "userId")["bob"]
	recall := func(from, kind, target, uid string) answer {
		return form(t, s, "/message/recall", "fromUserId", from, "conversationType", kind, "targetId", target, "messageUID", uid, "isAdmin", "0", "isDelete", "0")
	}
	recall("ann", "1", "bob", "nonsense").want(t, 1002)
	recall("ann", "2", "bob", uid).want(t, 1002) // no such type
	recall("ann", "3", "bob", uid).want(t, 1002) // not a group message
	recall("ann", "1", "cid", uid).want(t, 1002)
	recall("eve", "1", "bob", uid).want(t, 1002)
	if in := s.Inbox("bob"); in[0].ObjectName != "RC:TxtMsg" {
		t.Error("a refused recall took the message back")
	}
	recall("ann", "1", "bob", uid).want(t, 200)
	in := s.Inbox("bob")
	if in[0].ObjectName != "RC:RcNtf" || !strings.Contains(in[0].Content, `"originalObjectName":"RC:TxtMsg"`) || strings.Contains(in[0].Content, "hello") {
		t.Error(in)
	}
	recall("ann", "1", "bob", uid).want(t, 200) // and once more, without effect
	recall("ann", "1", "bob", "5FGT-7VA9-G4DD-4V5P").want(t, 200)
}

func TestExpansionsBelongToTheirMessage(t *testing.T) {
	s := start(t, rongcloud.Config{})
	send := func(expansion string) string {
		pairs := []string{"fromUserId", "ann", "toUserId", "bob", "objectName", "RC:TxtMsg", "content", hello, "expansion", expansion}
		if expansion == "true" {
			pairs = append(pairs, "extraContent", `{"a":"1"}`)
		}
		return uids(t, form(t, s, "/message/private/publish", pairs...), "userId")["bob"]
	}
	uid, plain := send("true"), send("false")
	change := func(path, uid, key, value string) answer {
		return form(t, s, "/message/expansion/"+path, "msgUID", uid, "userId", "ann", "conversationType", "1", "targetId", "bob", key, value)
	}
	change("set", uid, "extraKeyVal", `{"b":"2"}`).want(t, 200)
	change("set", plain, "extraKeyVal", `{"b":"2"}`).want(t, 1002)
	change("set", "AAAA-AAAA-AAAA-AAAA", "extraKeyVal", `{"b":"2"}`).want(t, 1002)
	change("set", uid, "extraKeyVal", `["b"]`).want(t, 1002)
	keys := func() string {
		a := form(t, s, "/message/expansion/query", "msgUID", uid, "pageNo", "1").want(t, 200)
		var names []string
		for k := range a.body["extraContent"].(map[string]any) {
			names = append(names, k)
		}
		slices.Sort(names)
		return strings.Join(names, "")
	}
	if got := keys(); got != "ab" {
		t.Error(got)
	}
	change("delete", uid, "extraKey", `["a"]`).want(t, 200)
	if got := keys(); got != "b" {
		t.Error(got)
	}
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprintf(`"k%d":"v"`, i))
	}
	change("set", uid, "extraKeyVal", "{"+strings.Join(many, ",")+"}").want(t, 1002)
	if got := keys(); got != "b" {
		t.Error("a refused call set something", got)
	}
	for from := 0; from < 400; from += 100 { // with b: 101, 201, and over 300 none
		var some []string
		for i := range 100 {
			some = append(some, fmt.Sprintf(`"k%d":"v"`, from+i))
		}
		want := 200
		if from >= 200 {
			want = 1002
		}
		change("set", uid, "extraKeyVal", "{"+strings.Join(some, ",")+"}").want(t, want)
	}
}

func TestWhoIsBlockedTalksNowhere(t *testing.T) {
	s := start(t, rongcloud.Config{})
	form(t, s, "/group/create", "userId", "ann", "groupId", "g", "groupName", "G").want(t, 200)
	form(t, s, "/user/blacklist/add", "userId", "bob", "blackUserId", "ann").want(t, 200)
	if _, err := s.Send(say("ann", rongcloud.Private, "bob")); !errors.Is(err, rongcloud.ErrBlacklisted) {
		t.Error(err)
	}
	form(t, s, "/user/block", "userId", "ann", "minute", "1").want(t, 200)
	for _, m := range []rongcloud.ClientMessage{say("ann", rongcloud.Private, "cid"), say("ann", rongcloud.Group, "g")} {
		if _, err := s.Send(m); !errors.Is(err, rongcloud.ErrUserBlocked) {
			t.Errorf("%s: %v", m.Kind, err)
		}
	}
}

// Namespaces share a server and nothing else, under load too.
func TestManyCallersAtOnceLoseNothing(t *testing.T) {
	s := start(t, rongcloud.Config{NoRateLimits: true})
	var callers sync.WaitGroup
	for i := range 8 {
		callers.Go(func() {
			for j := range 20 {
				form(t, s, "/message/private/publish", "fromUserId", fmt.Sprint("a", i), "toUserId", "bob", "objectName", "app:n", "content", fmt.Sprint(j)).want(t, 200)
				form(t, s, "/group/join", "userId", fmt.Sprint("u", i, "x", j), "groupId", "g").want(t, 200)
			}
		})
	}
	callers.Wait()
	in := s.Inbox("bob")
	seen := map[string]bool{}
	next := map[string]int{}
	for _, d := range in {
		if seen[d.UID] || d.Content != fmt.Sprint(next[d.From]) {
			t.Errorf("%+v comes twice or out of order", d)
		}
		seen[d.UID] = true
		next[d.From]++
	}
	if len(in) != 160 || len(s.Members("g")) != 160 {
		t.Error(len(in), len(s.Members("g")))
	}
}

func TestATemplateGivesEachItsOwnWords(t *testing.T) {
	s := start(t, rongcloud.Config{})
	body := object{
		"fromUserId": "ann", "objectName": "RC:TxtMsg", "toUserId": []string{"bob", "cid"}, "content": `{"content":"{c}{d}","extra":"bb"}`,
		"values":      []object{{"{c}": "1", "{d}": "2"}, {"c": "3", "d": "4"}},
		"pushContent": []string{"p {c}", "q {c}"}, "pushData": []string{"", ""},
		"verifyBlacklist": 0, "contentAvailable": 0, "disableUpdateLastMsg": "false",
	}
	uids(t, call(t, s, "POST", "/message/private/publish_template.json", body), "userId")
	if b, c := s.Inbox("bob"), s.Inbox("cid"); b[0].Content != `{"content":"12","extra":"bb"}` || c[0].Content != `{"content":"34","extra":"bb"}` || b[0].PushText != "p 1" || c[0].PushText != "q 3" {
		t.Error(b, c)
	}
	body["content"] = "%7B%22content%22%3A%20%22%7Bc%7D%22%7D" // as the Python SDK writes it
	uids(t, call(t, s, "POST", "/message/private/publish_template.json", body), "userId")
	if b := s.Inbox("bob"); b[1].Content != `{"content": "1"}` {
		t.Error(b[1].Content)
	}
	body["values"] = []object{{}}
	call(t, s, "POST", "/message/private/publish_template.json", body).want(t, 1002)
	body["values"], body["pushContent"] = []object{{}, {}}, []string{"one"}
	call(t, s, "POST", "/message/system/publish_template.json", body).want(t, 200)
	if in := s.Inbox("cid"); len(in) != 3 || in[2].PushText != "" {
		t.Error("a push text that was left out", in)
	}
}
