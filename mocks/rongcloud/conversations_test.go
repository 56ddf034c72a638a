package rongcloud_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/rongcloud"
)

func TestWhatAUserSetsForAConversationIsThere(t *testing.T) {
	s := start(t, rongcloud.Config{})
	const n, q = "/conversation/notification/set", "/conversation/notification/get"
	const bob, ultra = "conversationType=1&requestId=ann&targetId=bob", "conversationType=10&requestId=ann&targetId=u"
	follow(t, s, []step{
		{q, bob, 200, `"isMuted":0`},
		{n, bob, 1002, "unpushLevel"},
		{n, bob + "&isMuted=1", 200, ""},
		{q, bob, 200, `"isMuted":1`},
		{n, bob + "&isMuted=1&unpushLevel=0", 200, ""}, // Java's mute
		{q, bob, 200, `"isMuted":1`},
		{n, bob + "&isMuted=0&unpushLevel=5", 200, ""}, // the level wins
		{q, bob, 200, `"isMuted":5`},
		{n, bob + "&unpushLevel=-1", 200, ""},
		{q, bob, 200, `"isMuted":-1`},
		{n, bob + "&isMuted=0", 200, ""},
		{q, bob, 200, `"isMuted":0`},
		{n, bob + "&unpushLevel=3", 1002, ""},
		{n, ultra + "&unpushLevel=4&busChannel=c", 200, ""},
		{q, ultra + "&busChannel=c", 200, `"isMuted":4`},
		{q, ultra, 200, `"isMuted":0`},
		{"/conversation/type/notification/set", "conversationType=3&requestId=ann&unpushLevel=2", 200, ""},
		{"/conversation/type/notification/get", "conversationType=3&requestId=ann", 200, `"isMuted":2`},
		{"/conversation/type/notification/get", "conversationType=1&requestId=ann", 200, `"isMuted":0`},
		{"GET /conversation/attribute/get?userId=cy&targetId=bob&conversationType=1", "", 200, `"data":{"conversationType":1,"tags":[],"targetId":"bob"}`},
		{"/conversation/top/set", "userId=cy&conversationType=1&targetId=bob&setTop=True", 200, ""},
		{"/user/conversation/tag/set", `{"userId":"cy","tags":[{"tagId":"w","tagName":"Work"},{"tagId":"f","tagName":"Fun"}]}`, 200, ""},
		{"/tag/conversation/set", `{"userId":"cy","tagId":"w","conversations":[{"targetId":"bob","conversationType":1},{"targetId":"g","conversationType":3}]}`, 200, ""},
		{"/tag/conversation/set", `{"userId":"cy","tagId":"none","conversations":[{"targetId":"bob","conversationType":1}]}`, 1002, ""},
		{"/conversation/notification/set", "conversationType=1&requestId=cy&targetId=bob&unpushLevel=5", 200, ""},
		{"GET /conversation/attribute/get?userId=cy&targetId=bob&conversationType=1", "", 200, `"mute":{"mute":5} ... "tagId":"w" ... "top":true`},
		{"/user/conversation/tag/set", `{"userId":"cy","tags":[{"tagId":"w","tagName":"Office"}]}`, 200, ""},
		{"/user/conversation/tag/set", `{"userId":"cy","tags":[{"tagId":"w","tagName":"a name that is too long"}]}`, 1005, ""},
		{"GET /user/conversation/tag/get?userId=cy", "", 200, `"tagName":"Office" ... "tagName":"Fun"`},
		{"GET /tag/conversation/get?userId=cy&tagId=w", "", 200, `"targetId":"bob" ... "targetId":"g"`},
		{"/tag/conversation/del", `{"userId":"cy","tagId":"w","conversations":[{"targetId":"bob","conversationType":1}]}`, 200, ""},
		{"GET /tag/conversation/get?userId=cy&tagId=w", "", 200, `"conversations":[{"conversationType":3,"targetId":"g"}]`},
		{"/user/conversation/tag/del", `{"userId":"cy","tagIds":["w"]}`, 200, ""},
		{"GET /tag/conversation/get?userId=cy&tagId=w", "", 200, `"conversations":[]`},
		{"GET /user/conversation/tag/get?userId=cy", "", 200, `"tags":[{"createTime":`},
	})
}

// contents is what a history query shows, oldest first.
func contents(t *testing.T, s *rongcloud.Server, kind, user, target string, more object) string {
	t.Helper()
	body := object{"userId": user, "targetId": target, "startTime": "1", "endTime": fmt.Sprint(s.Clock.Now().Add(time.Hour).UnixMilli()), "pageSize": "100", "includeStart": "false"}
	for name, v := range more {
		body[name] = v
	}
	var out []string
	for _, m := range call(t, s, "POST", "/v3/message/"+kind+"/query.json", body).want(t, 200).body["data"].([]any) {
		out = append(out, m.(map[string]any)["content"].(string))
	}
	return strings.Join(out, " ")
}

func TestTheHistoryHasWhatWasStored(t *testing.T) {
	s := start(t, rongcloud.Config{NoRateLimits: true})
	base := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(second int) { s.Clock.Set(base.Add(time.Duration(second) * time.Second)) }
	send := func(path, from, param, to, content string, more ...string) string {
		t.Helper()
		a := form(t, s, path, append([]string{"fromUserId", from, param, to, "objectName", "app:x", "content", content}, more...)...).want(t, 200)
		return a.body["messageUIDs"].([]any)[0].(map[string]any)["messageUID"].(string)
	}
	at(1)
	one := send("/message/private/publish", "ann", "toUserId", "bob", "one")
	at(2)
	send("/message/private/publish", "bob", "toUserId", "ann", "two", "isIncludeSender", "1")
	at(3)
	send("/message/private/publish", "ann", "toUserId", "bob", "unstored", "isPersisted", "0")
	send("/statusmessage/private/publish", "ann", "toUserId", "bob", "status")
	send("/message/private/publish", "cy", "toUserId", "bob", "another's")
	recalled := send("/message/private/publish", "ann", "toUserId", "bob", "recalled")
	at(4)
	send("/message/group/publish", "ann", "toGroupId", "g", "in the group")
	send("/message/group/publish", "ann", "toGroupId", "g", "for bob alone", "toUserId", "bob")
	send("/message/chatroom/publish", "ann", "toChatroomId", "r", "in the room")
	form(t, s, "/message/recall", "fromUserId", "ann", "conversationType", "1", "targetId", "bob", "messageUID", recalled).want(t, 200)
	at(5)
	check := func(want, kind, user, target string, more object) {
		t.Helper()
		if got := contents(t, s, kind, user, target, more); got != want {
			t.Errorf("%s of %s with %s: %q, want %q", kind, user, target, got, want)
		}
	}
	check("one two", "private", "bob", "ann", nil)
	check("two", "private", "ann", "bob", nil) // what the server sent for ann is not hers
	check("in the group for bob alone", "group", "bob", "g", nil)
	check("in the group", "group", "cy", "g", nil)
	check("in the room", "chatroom", "cy", "r", nil)
	data := call(t, s, "POST", "/v3/message/private/query.json", object{
		"userId": "bob", "targetId": "ann", "startTime": base.UnixMilli(), "endTime": base.Add(time.Minute).UnixMilli(),
	}).want(t, 200).body["data"].([]any)
	sent := func(i int) string { return strconv.FormatInt(int64(data[i].(map[string]any)["msgTime"].(float64)), 10) }
	first, second := sent(0), sent(1)
	check("two", "private", "bob", "ann", object{"startTime": first, "includeStart": "False"})
	check("one two", "private", "bob", "ann", object{"startTime": first, "includeStart": true})
	check("one", "private", "bob", "ann", object{"endTime": first})
	check("one", "private", "bob", "ann", object{"pageSize": 1})

	modify := func(from, target, uid, name, content string, want int) {
		t.Helper()
		form(t, s, "/message/private/modify", "fromUserId", from, "targetId", target, "msgUID", uid, "objectName", name, "content", content).want(t, want)
	}
	modify("cy", "bob", one, "", "x", 1002)
	modify("ann", "cy", one, "", "x", 1002)
	modify("ann", "bob", one, "app:y", "x", 1002)
	modify("ann", "bob", recalled, "", "x", 1002)
	modify("ann", "bob", one, "app:x", "changed", 200)
	check("changed two", "private", "bob", "ann", nil)
	if in := s.Inbox("bob"); in[0].Content != "changed" {
		t.Error(in[0])
	}

	clear := func(kind, user, target, until string) {
		t.Helper()
		form(t, s, "/conversation/message/history/clean", "conversationType", kind, "fromUserId", user, "targetId", target, "msgTimestamp", until).want(t, 200)
	}
	clear("1", "bob", "ann", first)
	check("two", "private", "bob", "ann", nil)
	clear("1", "bob", "ann", second)
	clear("1", "bob", "ann", first) // no way back
	check("", "private", "bob", "ann", nil)
	check("two", "private", "ann", "bob", nil)
	clear("4", "anybody", "r", "")
	check("", "chatroom", "cy", "r", nil)
}

// The log of an hour is there once the hour is over, for three days, and until it is
// deleted; who has the link needs no signature.
func TestTheMessageLogIsAFileForEachHour(t *testing.T) {
	s := start(t, rongcloud.Config{NoRateLimits: true})
	hour := time.Date(2030, 1, 1, 8, 0, 0, 0, time.UTC)
	s.Clock.Set(hour.Add(10 * time.Minute))
	form(t, s, "/message/private/publish", "fromUserId", "ann", "toUserId", "bob", "objectName", "RC:TxtMsg", "content", hello).want(t, 200)
	link := func(date string) string {
		return form(t, s, "/message/history", "date", date).want(t, 200).body["url"].(string)
	}
	const date = "2030010116" // Beijing is eight hours ahead
	if got := link(date); got != "" {
		t.Error("while the hour runs:", got)
	}
	s.Clock.Set(hour.Add(time.Hour))
	file := link(date)
	if link(date) != file || link("2030010117") != "" || !strings.HasPrefix(file, s.URL) {
		t.Error(file, link(date), link("2030010117"))
	}
	get := func(at string) (int, []byte) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Close = true
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, body
	}
	status, body := get(file)
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if status != 200 || err != nil {
		t.Fatal(status, err)
	}
	f, err := archive.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil || !strings.Contains(string(text), `"fromUserId":"ann"`) || strings.Count(string(text), "\n") != 1 {
		t.Errorf("%v %s", err, text)
	}
	u, err := url.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"/message-log/default/" + date + "/guess.zip", "/message-log/default/" + date, "/message-log/none" + strings.TrimPrefix(u.Path, "/message-log/default"), "/message-log/"} {
		if status, _ := get(s.URL + wrong); status != 404 {
			t.Error(wrong, status)
		}
	}
	s.Clock.Set(hour.Add(74 * time.Hour))
	if status, _ := get(file); link(date) != "" || status != 404 {
		t.Error("after three days", status)
	}
	s.Clock.Set(hour.Add(time.Hour))
	form(t, s, "/message/history/delete", "date", date).want(t, 200)
	if status, _ := get(file); link(date) != "" || status != 404 {
		t.Error("deleted", status)
	}
	if got := contents(t, s, "private", "bob", "ann", nil); got != hello {
		t.Error("the messages stay", got)
	}
	form(t, s, "/message/history", "date", "20300101").want(t, 1002)
	form(t, s, "/message/history/delete", "date", "2030010125").want(t, 1002)
}
