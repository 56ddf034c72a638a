package rongcloud_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/rongcloud"
)

func TestTokensAreAllValidUntilTheyExpire(t *testing.T) {
	s := start(t, rongcloud.Config{TokenLife: 24 * time.Hour})
	issue := func(name string) string {
		return form(t, s, "/user/getToken", "userId", "bob", "name", name).want(t, 200).body["token"].(string)
	}
	first, second := issue("Bob"), issue("Robert")
	if first == second {
		t.Error("the same token twice")
	}
	for _, token := range []string{first, second} {
		if user, err := s.Connect(token); err != nil || user != "bob" {
			t.Errorf("%s: %v", user, err)
		}
	}
	if a := form(t, s, "/user/info", "userId", "bob"); a.body["userName"] != "Robert" {
		t.Error(a.raw)
	}
	s.Clock.Advance(time.Second)
	cut := s.Clock.Now().UnixMilli()
	s.Clock.Advance(time.Second)
	third := issue("Bob")
	form(t, s, "/user/token/expire", "userId", "bob", "time", strconv.FormatInt(cut, 10)).want(t, 200)
	if a := form(t, s, "/user/checkOnline", "userId", "bob"); a.body["status"] != "1" {
		t.Error("a live connection must stay until it drops")
	}
	if _, err := s.Connect(second); !errors.Is(err, rongcloud.ErrToken) {
		t.Error("a token from before the time is still good")
	}
	if _, err := s.Connect(third); err != nil {
		t.Error("a token from after the time is void")
	}
	s.Clock.Advance(25 * time.Hour)
	if _, err := s.Connect(third); !errors.Is(err, rongcloud.ErrToken) {
		t.Error("the token outlived Config.TokenLife")
	}
}

func TestSizesAreHeldInTheirOwnUnits(t *testing.T) {
	s := start(t, rongcloud.Config{})
	for _, c := range []struct {
		id, name, portrait string
		code               int
	}{
		{strings.Repeat("a", 64), strings.Repeat("名", 64), strings.Repeat("u", 1024), 200},
		{strings.Repeat("a", 65), "n", "", 1005},
		{strings.Repeat("名", 22), "n", "", 1005}, // 66 bytes
		{"a", strings.Repeat("n", 65), "", 1005},
		{"a", "n", strings.Repeat("u", 1025), 1005},
	} {
		form(t, s, "/user/getToken", "userId", c.id, "name", c.name, "portraitUri", c.portrait).want(t, c.code)
	}
	strict := start(t, rongcloud.Config{StrictIDs: true})
	form(t, strict, "/user/getToken", "userId", "a-b", "name", "n").want(t, 1002)
	form(t, strict, "/user/getToken", "userId", "aB9", "name", "n").want(t, 200)
}

func TestADevelopmentEnvironmentTakes100Users(t *testing.T) {
	s := start(t, rongcloud.Config{MaxUsers: 100})
	for i := range 100 {
		s.AddUser(fmt.Sprint("u", i), "n")
	}
	a := form(t, s, "/user/getToken", "userId", "late", "name", "n").want(t, 2007)
	if a.status != 403 {
		t.Error(a.status)
	}
	form(t, s, "/user/getToken", "userId", "u7", "name", "n").want(t, 200)
	form(t, s, "/user/delusers", "userId", "u8").want(t, 200)
	form(t, s, "/user/getToken", "userId", "late", "name", "n").want(t, 200)
}

func TestABlockCutsTheConnectionForItsMinutes(t *testing.T) {
	s := start(t, rongcloud.Config{})
	token := form(t, s, "/user/getToken", "userId", "bob", "name", "Bob").want(t, 200).body["token"].(string)
	s.SetOnline("bob", true)
	for minute, code := range map[string]int{"0": 1002, "43201": 1002, "x": 1002, "": 1002, "1.5": 1002, "1e3": 1002, "NaN": 1002, "0x10": 1002} {
		form(t, s, "/user/block", "userId", "bob", "minute", minute).want(t, code)
	}
	form(t, s, "/user/block", "userId", "bob", "minute", "10").want(t, 200)
	if a := form(t, s, "/user/checkOnline", "userId", "bob"); a.body["status"] != "0" {
		t.Error("still online")
	}
	if _, err := s.Connect(token); !errors.Is(err, rongcloud.ErrUserBlocked) {
		t.Error(err)
	}
	a := form(t, s, "/user/block/query").want(t, 200)
	var list struct {
		Users []struct{ UserID, BlockEndTime string }
	}
	if err := json.Unmarshal([]byte(a.raw), &list); err != nil || len(list.Users) != 1 || list.Users[0].UserID != "bob" {
		t.Error(a.raw, err)
	}
	s.Clock.Advance(11 * time.Minute)
	if _, err := s.Connect(token); err != nil {
		t.Error(err)
	}
	form(t, s, "/user/block", "userId", "bob", "minute", "10").want(t, 200)
	form(t, s, "/user/unblock", "userId", "bob").want(t, 200)
	if _, err := s.Connect(token); err != nil {
		t.Error(err)
	}
}

func texts(t *testing.T, a answer, key string) []string {
	t.Helper()
	list, ok := a.want(t, 200).body[key].([]any)
	if !ok {
		t.Fatalf("no list %q: %s", key, a.raw)
	}
	out := []string{}
	for _, v := range list {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

func TestListsOfOtherUsers(t *testing.T) {
	s := start(t, rongcloud.Config{})
	for _, c := range []struct{ path, param string }{
		{"/user/blacklist", "blackUserId"}, {"/user/whitelist", "whiteUserId"},
	} {
		form(t, s, c.path+"/add", "userId", "ann", c.param, "bob", c.param, "cid").want(t, 200)
		form(t, s, c.path+"/add", "userId", "ann", c.param, "bob").want(t, 200)
		if got := texts(t, form(t, s, c.path+"/query", "userId", "ann"), "users"); !slices.Equal(got, []string{"bob", "cid"}) {
			t.Error(got)
		}
		form(t, s, c.path+"/remove", "userId", "ann", c.param, "bob").want(t, 200)
		if got := texts(t, form(t, s, c.path+"/query", "userId", "ann"), "users"); !slices.Equal(got, []string{"cid"}) {
			t.Error(got)
		}
		if got := texts(t, form(t, s, c.path+"/query", "userId", "bob"), "users"); len(got) != 0 {
			t.Error("the list works both ways", got)
		}
		var many []string
		for i := range 21 {
			many = append(many, c.param, fmt.Sprint("u", i))
		}
		form(t, s, c.path+"/add", append(many, "userId", "ann")...).want(t, 1002)
	}
	if got := texts(t, form(t, s, "/user/blocklist/query", "userId", "ann"), "users"); !slices.Equal(got, []string{"cid"}) {
		t.Error("blocklist is another list than blacklist", got)
	}
}

func TestTagsAndBansFromChatAreRemembered(t *testing.T) {
	s := start(t, rongcloud.Config{})
	call(t, s, "POST", "/user/tag/set.json", object{"userId": "ann", "tags": []string{"a", "b"}}).want(t, 200)
	call(t, s, "POST", "/user/tag/batch/set.json", object{"userIds": []string{"bob", "cid"}, "tags": []string{"c"}}).want(t, 200)
	call(t, s, "POST", "/user/tag/set.json", object{"userId": "ann", "tags": []string{strings.Repeat("x", 41)}}).want(t, 1005)
	a := form(t, s, "/user/tags/get", "userIds", "ann", "userIds", "cid").want(t, 200)
	if got := fmt.Sprint(a.body["result"]); got != "map[ann:[a b] cid:[c]]" {
		t.Error(got)
	}
	form(t, s, "/user/chat/fb/set", "userId", "ann", "userId", "bob", "state", "1", "type", "PERSON").want(t, 200)
	form(t, s, "/user/chat/fb/set", "userId", "bob", "state", "0", "type", "PERSON").want(t, 200)
	a = form(t, s, "/user/chat/fb/querylist", "num", "100", "offset", "0", "type", "PERSON")
	if got := texts(t, a, "users"); !slices.Equal(got, []string{"ann"}) || a.body["total"] != 1.0 {
		t.Error(a.raw)
	}
	if _, err := s.Send(rongcloud.ClientMessage{From: "ann", Kind: rongcloud.Private, Target: "bob", ObjectName: "RC:TxtMsg", Content: hello}); !errors.Is(err, rongcloud.ErrUserBlocked) {
		t.Error(err)
	}
}

// The Go SDK emits the double slash.
func TestDeactivatedUsersAreListedUnderTheGoSDKsPath(t *testing.T) {
	s := start(t, rongcloud.Config{})
	s.SetOnline("ann", true)
	form(t, s, "/user/deactivate", "userId", "ann,bob").want(t, 200)
	form(t, s, "/user/reactivate", "userId", "bob").want(t, 200) // too early: nothing comes of it
	form(t, s, "/user/getToken", "userId", "bob", "name", "Bob").want(t, 1002)
	s.Clock.Advance(time.Hour)
	form(t, s, "/user/reactivate", "userId", "bob").want(t, 200)
	form(t, s, "/user/getToken", "userId", "bob", "name", "Bob").want(t, 200)
	if got := texts(t, form(t, s, "//user/deactivate/query", "pageNo", "1", "pageSize", "50"), "users"); !slices.Equal(got, []string{"ann"}) {
		t.Error(got)
	}
	if a := form(t, s, "/user/checkOnline", "userId", "ann"); a.body["status"] != "0" {
		t.Error("a deactivated user is online")
	}
}

func TestRegisteredUsersCanBePaged(t *testing.T) {
	s := start(t, rongcloud.Config{})
	for _, id := range []string{"a", "b", "c"} {
		s.AddUser(id, id)
	}
	a := form(t, s, "/user/query", "page", "2", "pageSize", "2").want(t, 200)
	if users := a.body["users"].([]any); len(users) != 1 || a.body["total"] != 3.0 || users[0].(map[string]any)["userId"] != "c" {
		t.Error(a.raw)
	}
	a = form(t, s, "/user/query", "page", "1", "pageSize", "1", "order", "1").want(t, 200)
	if users := a.body["users"].([]any); len(users) != 1 || users[0].(map[string]any)["userId"] != "c" {
		t.Error("order 1 is newest first", a.raw)
	}
	for _, far := range []string{"9", "9223372036854775807"} {
		if got := texts(t, form(t, s, "/user/query", "page", far, "pageSize", "2"), "users"); len(got) != 0 {
			t.Error(far, got)
		}
	}
	form(t, s, "/user/info", "userId", "nobody").want(t, 1002)
	form(t, s, "/user/refresh", "userId", "a", "name", "A2", "portraitUri", "").want(t, 200)
	if a := form(t, s, "/user/info", "userId", "a"); a.body["userName"] != "A2" {
		t.Error(a.raw)
	}
}

// The Go SDK's decoder breaks on any other type (docs/vendors/rongcloud.md#json-types).
func TestAnswersHaveTheTypesThatTheGoSDKDecodes(t *testing.T) {
	s := start(t, rongcloud.Config{})
	s.SetOnline("bob", true)
	form(t, s, "/sensitiveword/add", "word", "x", "replaceWord", "y").want(t, 200)
	form(t, s, "/chatroom/create", "chatroom[r1]", "name").want(t, 200)
	if err := s.JoinChatRoom("r1", "bob"); err != nil {
		t.Fatal(err)
	}
	form(t, s, "/user/block", "userId", "cid", "minute", "1").want(t, 200)
	decode := func(a answer, into any) {
		t.Helper()
		if err := json.Unmarshal([]byte(a.want(t, 200).raw), into); err != nil {
			t.Errorf("%v: %s", err, a.raw)
		}
	}
	decode(form(t, s, "/user/checkOnline", "userId", "bob"), &struct {
		Code   int
		Status string
	}{})
	decode(form(t, s, "/sensitiveword/list", "type", "2"), &struct {
		Words []struct{ Type, Word, ReplaceWord string }
	}{})
	decode(form(t, s, "/user/block/query"), &struct {
		Users []struct{ UserID, BlockEndTime string }
	}{})
	decode(form(t, s, "/chatroom/get", "chatroomId", "r1"), &struct {
		CreateTime               int64
		MemberCount, DestroyType int
		Ban                      bool
	}{})
	decode(form(t, s, "/chatroom/user/query", "chatroomId", "r1", "count", "10", "order", "1"), &struct {
		Total int
		Users []struct{ ID, Time string }
	}{})
	decode(form(t, s, "/chatroom/query", "chatroomId", "r1"), &struct {
		ChatRooms []struct{ ChrmID, Name, Time string }
	}{})
	var one struct{ IsInChrm bool }
	decode(form(t, s, "/chatroom/user/exist", "chatroomId", "r1", "userId", "bob"), &one)
	var many struct {
		Result []struct {
			UserID   string
			IsInChrm int
		}
	}
	decode(form(t, s, "/chatroom/users/exist", "chatroomId", "r1", "userId", "bob", "userId", "ann"), &many)
	if !one.IsInChrm || many.Result[0].IsInChrm != 1 || many.Result[1].IsInChrm != 0 {
		t.Error(one, many)
	}
}
