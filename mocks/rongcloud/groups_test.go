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
	if got := texts(t, form(t, s, "/group/user/ban/whitelist/query", "groupId", "g"), "userIds"); !slices.Equal(got, []string{"a"}) {
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
