package linkv

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"switchboard/mocks/mock"
)

// INVENTED, since LinkV says nothing of it: the first member is the admin; only
// the admin renames, transfers, dissolves, kicks and gags; an admin who leaves
// hands over to the longest member; a group without members is gone; pages
// count from 1 and hold 20; nobody sends to a blocked group or joins it.

type group struct {
	id, name, topic string
	admin, author   string
	created, edited time.Time
	version         int
	gagged, blocked bool
	members         []*member
}

type member struct {
	user, nickname string
	gagged, muted  bool
	joined         time.Time
}

func (g *group) member(user string) *member {
	for _, m := range g.members {
		if m.user == user {
			return m
		}
	}
	return nil
}

func (g *group) remove(user string) {
	g.members = slices.DeleteFunc(g.members, func(m *member) bool { return m.user == user })
	if g.admin == user && len(g.members) > 0 {
		g.admin = g.members[0].user
	}
}

func (a *App) groupCreate(c *mock.Call) mock.Answer {
	id, user := c.Get("groupId"), c.Get("userId")
	switch {
	case !a.ours(c):
		return a.words.fail(c, codeParameter)
	case a.groups[id] != nil:
		return a.words.fail(c, codeGroupExists)
	}
	a.groups[id] = &group{
		id: id, name: c.Get("groupName"), admin: user, author: user, created: c.Now, edited: c.Now, version: 1,
		members: []*member{{user: user, nickname: c.Get("nickName"), joined: c.Now}},
	}
	return a.words.im(c, codeOK, nil)
}

// in runs f on the group that the call names, after the checks that all group
// calls share: who is the acting user, whom has to be a member ("" nobody).
func (a *App) in(c *mock.Call, who, whom string, admin bool, f func(*group)) mock.Answer {
	g := a.groups[c.Get("groupId")]
	switch {
	case !a.ours(c):
		return a.words.fail(c, codeParameter)
	case g == nil:
		return a.words.fail(c, codeNoGroup)
	case who != "" && g.member(who) == nil, whom != "" && g.member(whom) == nil:
		return a.words.fail(c, codeNotMember)
	case admin && g.admin != who:
		return a.words.fail(c, codeNotAdmin)
	}
	f(g)
	g.version++
	if len(g.members) == 0 {
		delete(a.groups, g.id)
	}
	return a.words.im(c, codeOK, nil)
}

// groupJoin is also good for who is a member already.
func (a *App) groupJoin(c *mock.Call) mock.Answer {
	user := c.Get("userId")
	if g := a.groups[c.Get("groupId")]; g != nil && g.blocked {
		return a.words.fail(c, codeNoGroup)
	}
	return a.in(c, "", "", false, func(g *group) {
		if g.member(user) == nil {
			g.members = append(g.members, &member{user: user, nickname: c.Get("nickName"), joined: c.Now})
		}
	})
}

func (a *App) groupExit(c *mock.Call) mock.Answer {
	user := c.Get("userId")
	return a.in(c, user, "", false, func(g *group) { g.remove(user) })
}

func (a *App) groupRename(c *mock.Call) mock.Answer {
	return a.in(c, c.Get("userId"), "", true, func(g *group) { g.name = c.Get("groupName") })
}

func (a *App) groupTopic(c *mock.Call) mock.Answer {
	return a.in(c, c.Get("userId"), "", true, func(g *group) {
		g.topic, g.author, g.edited = c.Get("topic"), c.Get("userId"), c.Now
	})
}

func (a *App) groupTransfer(c *mock.Call) mock.Answer {
	return a.in(c, c.Get("adminUserId"), c.Get("toUserId"), true, func(g *group) { g.admin = c.Get("toUserId") })
}

// groupDissolve blocks the group with block 1 and gives it back with block 0, as
// it was: the vendor's own example goes on with it (docs/vendors/linkv.md#groups).
// INVENTED: without block the group is gone and its id is free.
func (a *App) groupDissolve(c *mock.Call) mock.Answer {
	return a.in(c, c.Get("userId"), "", true, func(g *group) {
		if c.Get("block") == "" {
			g.members = nil
			return
		}
		g.blocked = on(c.Get("block"))
	})
}

// on reads a two-state field in every spelling that the openapi lets through.
func on(text string) bool { return text == "1" || strings.EqualFold(text, "true") }

func (a *App) groupKick(c *mock.Call) mock.Answer {
	return a.in(c, c.Get("fromUserId"), c.Get("toUserId"), true, func(g *group) { g.remove(c.Get("toUserId")) })
}

func (a *App) groupGag(c *mock.Call) mock.Answer {
	return a.in(c, c.Get("fromUserId"), c.Get("toUserId"), true, func(g *group) {
		g.member(c.Get("toUserId")).gagged = !on(c.Get("type"))
	})
}

func (a *App) groupGagAll(c *mock.Call) mock.Answer {
	return a.in(c, c.Get("fromUserId"), "", true, func(g *group) { g.gagged = !on(c.Get("type")) })
}

func (a *App) groupNotifiable(c *mock.Call) mock.Answer {
	return a.in(c, c.Get("fromUserId"), "", false, func(g *group) {
		g.member(c.Get("fromUserId")).muted = !on(c.Get("type"))
	})
}

func (a *App) groupInfo(c *mock.Call) mock.Answer {
	g := a.groups[c.Get("groupId")]
	switch {
	case !a.ours(c):
		return a.words.fail(c, codeParameter)
	case g == nil:
		return a.words.fail(c, codeNoGroup)
	}
	return a.words.im(c, codeOK, map[string]any{"data": map[string]any{
		"basicInfo": a.basic(g),
		"attach": map[string]any{
			"appid": a.Credential("app_id"), "gid": g.id, "topic": g.topic, "modifytime": seconds(g.edited), "author": g.author,
		},
	}})
}

func (a *App) basic(g *group) map[string]any {
	return map[string]any{
		"gid": g.id, "gname": g.name, "gagstatus": flag(!g.gagged), "appid": a.Credential("app_id"), "block": flag(g.blocked),
		"admin": g.admin, "createtime": seconds(g.created), "version": g.version,
	}
}

func (a *App) groupList(c *mock.Call) mock.Answer {
	if !a.ours(c) {
		return a.words.fail(c, codeParameter)
	}
	list := []any{}
	for _, id := range slices.Sorted(maps.Keys(a.groups)) {
		if g := a.groups[id]; g.member(c.Get("userId")) != nil {
			list = append(list, a.basic(g))
		}
	}
	return a.words.im(c, codeOK, map[string]any{"data": pageOf(c, list)})
}

// groupUsers of a group that is not there are none: the vendor's own example asks
// so, and takes a refusal for its end.
func (a *App) groupUsers(c *mock.Call) mock.Answer {
	if !a.ours(c) {
		return a.words.fail(c, codeParameter)
	}
	g := a.groups[c.Get("groupId")]
	if g == nil {
		g = &group{}
	}
	list := []any{}
	for _, m := range g.members {
		list = append(list, map[string]any{
			"uid": m.user, "nickname": m.nickname, "gid": g.id, "appid": a.Credential("app_id"),
			"gagstatus": flag(!m.gagged), "role": flag(m.user == g.admin), "notifiable": flag(!m.muted), "status": 1,
			"createtime": seconds(m.joined),
		})
	}
	return a.words.im(c, codeOK, map[string]any{"data": pageOf(c, list)})
}

func pageOf(c *mock.Call, list []any) []any {
	page, size := 1, 20
	if n, err := strconv.Atoi(c.Get("page")); err == nil && n > 0 {
		page = n
	}
	if n, err := strconv.Atoi(c.Get("size")); err == nil && n > 0 {
		size = min(n, 100)
	}
	from := min((min(page, 1<<20)-1)*size, len(list))
	return list[from:min(from+size, len(list))]
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
