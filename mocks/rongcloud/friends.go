package rongcloud

import (
	"slices"
	"strconv"
	"time"
)

// friend is one side of a friendship.
type friend struct {
	user   string
	since  time.Time
	remark string
	ext    jsonText
}

// friendRequest waits for its target, who alone can agree, in the client.
type friendRequest struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Extra string `json:"extra"`
}

// Who may become a friend (docs/vendors/rongcloud-paths.md#friends).
const (
	friendAnybody = 1
	friendAsk     = 2
	friendNobody  = 3
)

const (
	maxOwnPairs = 10 // of the app in a friendship or in a hosted group
	notFriends  = 1
	areFriends  = 4
)

func friendOperations() []operation {
	all := hosted(
		managed("/friend/add.json", (*App).addFriend),
		managed("/friend/delete.json", (*App).deleteFriends),
		managed("/friend/clean.json", (*App).cleanFriends),
		managed("/friend/profile/set.json", (*App).setFriend),
		managed("/friend/get.json", (*App).getFriends),
		managed("/friend/check.json", (*App).checkFriends),
		managed("/friend/permission/set.json", (*App).setFriendPermission),
		managed("/friend/permission/get.json", (*App).getFriendPermission),
	)
	all[5].unit, all[6].unit, all[7].unit = "targetIds", "userIds", "userIds" // each user counts
	return all
}

// hosted marks calls of data that the vendor keeps for the app, a service of its own.
func hosted(all ...operation) []operation {
	for i := range all {
		all[i].service = Hosting
	}
	return all
}

// friend finds one side of a friendship; nil when there is none.
func (a *App) friend(user, of string) *friend {
	for _, f := range a.friends[user] {
		if f.user == of {
			return f
		}
	}
	return nil
}

// befriend makes both sides of a friendship.
func (a *App) befriend(x, y string, now time.Time) {
	for _, side := range [][2]string{{x, y}, {y, x}} {
		if a.friend(side[0], side[1]) == nil {
			a.friends[side[0]] = append(a.friends[side[0]], &friend{user: side[1], since: now})
		}
	}
	a.asked = slices.DeleteFunc(a.asked, func(q friendRequest) bool {
		return q.From == x && q.To == y || q.From == y && q.To == x
	})
}

// addFriend. INVENTED: a user who never set a permission takes anybody; 1002 for
// oneself and for one who takes nobody.
func (a *App) addFriend(r request) (reply, *failure) {
	user, target := r.text("userId"), r.text("targetId")
	if user == target {
		return nil, badParameter("targetId", "is the user")
	}
	permission := a.user(target).friendPermission
	switch {
	case r.number("optType", 1) == 2 || permission == 0 || permission == friendAnybody:
		a.befriend(user, target, r.Now)
	case permission == friendNobody:
		return nil, badParameter("targetId", "takes no friends")
	case a.friend(user, target) == nil:
		a.asked = append(slices.DeleteFunc(a.asked, func(q friendRequest) bool { return q.From == user && q.To == target }),
			friendRequest{user, target, r.text("extra")})
	}
	return reply{}, nil
}

// unfriend ends a friendship on both sides.
func (a *App) unfriend(x, y string) {
	for _, side := range [][2]string{{x, y}, {y, x}} {
		a.friends[side[0]] = slices.DeleteFunc(a.friends[side[0]], func(f *friend) bool { return f.user == side[1] })
	}
}

func (a *App) deleteFriends(r request) (reply, *failure) {
	for _, id := range r.list("targetIds") {
		a.unfriend(r.text("userId"), id)
	}
	return reply{}, nil
}

func (a *App) cleanFriends(r request) (reply, *failure) {
	for _, f := range slices.Clone(a.friends[r.text("userId")]) {
		a.unfriend(r.text("userId"), f.user)
	}
	return reply{}, nil
}

// setFriend names a friend and notes things of them. INVENTED: 1002 where there is
// no friendship.
func (a *App) setFriend(r request) (reply, *failure) {
	f := a.friend(r.text("userId"), r.text("targetId"))
	if f == nil {
		return nil, badParameter("targetId", "is no friend")
	}
	ext, bad := r.mergeOwn(f.ext, "friendExtProfile", maxOwnPairs)
	if bad != nil {
		return nil, bad
	}
	f.ext = ext
	if name := r.text("remarkName"); name != "" {
		f.remark = name
	}
	return reply{}, nil
}

func (a *App) getFriends(r request) (reply, *failure) {
	all := slices.Clone(a.friends[r.text("userId")])
	if r.number("order", 0) == 1 {
		slices.Reverse(all)
	}
	part, next := r.tokenPage(len(all), 50)
	list := []reply{}
	for _, f := range all[part.from:part.to] {
		list = append(list, reply{
			"userId": f.user, "name": a.user(f.user).name, "remarkName": f.remark, "friendExtProfile": f.ext.String(), "time": f.since.UnixMilli(),
		})
	}
	return reply{"totalCount": len(all), "pageToken": next, "friendList": list}, nil
}

type span struct{ from, to int }

// tokenPage is the part of a list of n that pageToken and size ask for, and the
// token of the next. INVENTED: the last page's is empty.
func (r request) tokenPage(n, size int) (span, string) {
	size = r.count("size", size)
	from := min(max(r.number("pageToken", 0), 0), n)
	to := min(from+size, n)
	if to == n {
		return span{from, to}, ""
	}
	return span{from, to}, strconv.Itoa(to)
}

func (a *App) checkFriends(r request) (reply, *failure) {
	list := []reply{}
	for _, id := range r.list("targetIds") {
		result := notFriends
		if a.friend(r.text("userId"), id) != nil {
			result = areFriends
		}
		list = append(list, reply{"userId": id, "result": result})
	}
	return reply{"results": list}, nil
}

func (a *App) setFriendPermission(r request) (reply, *failure) {
	for _, id := range r.list("userIds") {
		a.user(id).friendPermission = r.number("permissionType", 0)
	}
	return reply{}, nil
}

func (a *App) getFriendPermission(r request) (reply, *failure) {
	list := []reply{}
	for _, id := range r.list("userIds") {
		list = append(list, reply{"userId": id, "type": a.user(id).friendPermission})
	}
	return reply{"permissionSettings": list}, nil
}

// AnswerFriend is a user's yes or no in the client to somebody who asked to be
// their friend; false when nobody asked.
func (a *App) AnswerFriend(user, from string, yes bool) bool {
	asked := false
	a.Do(func() { asked = a.answerFriend(user, from, yes) })
	return asked
}

func (a *App) answerFriend(user, from string, yes bool) bool {
	i := slices.IndexFunc(a.asked, func(q friendRequest) bool { return q.From == from && q.To == user })
	if i < 0 {
		return false
	}
	a.asked = slices.Delete(a.asked, i, i+1)
	if yes {
		a.befriend(from, user, a.Clock.Now())
	}
	return true
}
