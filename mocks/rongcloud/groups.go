package rongcloud

import (
	"slices"
	"strings"
	"time"
)

// group is one group. The vendor knows no owner and no approval.
type group struct {
	id, name  string
	exists    bool
	members   []string
	gags      map[string]time.Time
	banned    bool     // nobody but the whitelist may talk
	whitelist []string // who may talk when banned
	remarks   map[string]string
	host      *hosting // nil unless the vendor keeps its data
}

const maxGroupMembers = 3000

// group returns the record of id, an empty one when there is no such group.
// INVENTED: calls about a group that the vendor does not know change nothing and
// get 200; joining one makes it.
func (a *App) group(id string) *group {
	if g := a.groups[id]; g != nil {
		return g
	}
	return &group{id: id, gags: map[string]time.Time{}, remarks: map[string]string{}}
}

// keep puts a group's record in place.
func (a *App) keep(g *group) { a.groups[g.id] = g }

func (g *group) memberIDs() []string { return slices.Clone(g.members) }

// joinGroup serves create and join, which are the same call at the vendor.
func (a *App) joinGroup(r request) (reply, *failure) {
	id := r.text("groupId")
	if f := a.checkID("groupId", id); f != nil {
		return nil, f
	}
	g := a.group(id)
	members := with(slices.Clone(g.members), r.list("userId")...)
	most := maxGroupMembers
	if n := r.number("maxMember", 0); n > 0 {
		most = min(most, n)
	}
	if len(members) > most {
		return nil, fail(codeGroupFull, "The group is full")
	}
	g.members, g.exists = members, true
	if name := r.text("groupName"); name != "" {
		g.name = name
	}
	a.keep(g)
	return a.notice(r, g)
}

func (a *App) quitGroup(r request) (reply, *failure) {
	g := a.group(r.text("groupId"))
	out, f := a.notice(r, g) // those who leave still see it
	if f != nil {
		return nil, f
	}
	g.members = without(g.members, r.list("userId")...)
	if out["memberCount"] != nil {
		out["memberCount"] = len(g.members)
	}
	return out, nil
}

func (a *App) dismissGroup(r request) (reply, *failure) {
	g := a.group(r.text("groupId"))
	out, f := a.notice(r, g)
	if f == nil {
		delete(a.groups, g.id)
	}
	return out, f
}

func (a *App) refreshGroup(r request) (reply, *failure) {
	g := a.group(r.text("groupId"))
	if g.exists {
		g.name = r.text("groupName")
	}
	return a.notice(r, g)
}

// notice sends the message that may be bound to a change of a group.
func (a *App) notice(r request, g *group) (reply, *failure) {
	if !r.yes("bindNotifyMsg") {
		return reply{}, nil
	}
	for _, name := range []string{"fromUserId", "objectName", "content"} {
		if r.text(name) == "" {
			return nil, badParameter(name, "is required with bindNotifyMsg")
		}
	}
	m, f := a.draft(r, Group)
	if f != nil {
		return nil, f
	}
	m.target = g.id
	a.send(&m)
	return reply{"messageUID": m.uid, "memberCount": len(g.members)}, nil
}

// syncGroups makes the given groups, and no others, those of the user.
func (a *App) syncGroups(r request) (reply, *failure) {
	user := r.text("userId")
	names := bracketed(r, "group")
	for id, g := range a.groups {
		if _, stays := names[id]; !stays {
			g.members = without(g.members, user)
		}
	}
	for id, name := range names {
		g := a.group(id)
		g.members, g.name, g.exists = with(g.members, user), name, true
		a.keep(g)
	}
	return reply{}, nil
}

// bracketed reads parameters like group[ID]=name: id -> name.
func bracketed(r request, prefix string) map[string]string {
	out := map[string]string{}
	for key, values := range r.Values {
		id, ok := strings.CutPrefix(key, prefix+"[")
		if id, closed := strings.CutSuffix(id, "]"); ok && closed && id != "" {
			out[id] = values[0]
		}
	}
	return out
}

func (a *App) groupMembers(r request) (reply, *failure) {
	list := []reply{}
	for _, id := range a.group(r.text("groupId")).members {
		list = append(list, reply{"id": id})
	}
	return reply{"users": list}, nil
}

func (a *App) groupsOfUser(r request) (reply, *failure) {
	list := []reply{}
	for _, g := range a.groups {
		if slices.Contains(g.members, r.text("userId")) {
			list = append(list, reply{"id": g.id, "name": g.name})
		}
	}
	slices.SortFunc(list, func(x, y reply) int { return strings.Compare(x["id"].(string), y["id"].(string)) })
	return reply{"groups": list}, nil
}

// gagsOf is the mutes of one group, or of all groups when none is named.
func (a *App) gagsOf(r request) map[string]time.Time {
	if id := r.text("groupId"); id != "" {
		g := a.group(id)
		a.keep(g)
		return g.gags
	}
	return a.gags
}

func (a *App) gagMembers(r request) (reply, *failure) {
	gags := a.gagsOf(r)
	for _, id := range r.list("userId") {
		gags[id] = r.until()
	}
	return reply{}, nil
}

func (a *App) ungagMembers(r request) (reply, *failure) {
	gags := a.gagsOf(r)
	for _, id := range r.list("userId") {
		delete(gags, id)
	}
	return reply{}, nil
}

func (a *App) gaggedMembers(r request) (reply, *failure) {
	return reply{"users": timed(a.gagsOf(r), r.Now)}, nil
}

// banGroups mutes whole groups, or lifts that.
func banGroups(banned bool) handler {
	return func(a *App, r request) (reply, *failure) {
		for _, id := range r.list("groupId") {
			g := a.group(id)
			g.banned = banned
			a.keep(g)
		}
		return reply{}, nil
	}
}

func (a *App) bannedGroups(r request) (reply, *failure) {
	ids := r.list("groupId")
	if len(ids) == 0 {
		for id, g := range a.groups {
			if g.banned {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		ids = page(ids, r.count("page", 1), r.count("size", 50))
	}
	list := []reply{}
	for _, id := range ids {
		stat := 0
		if a.group(id).banned {
			stat = 1
		}
		list = append(list, reply{"groupId": id, "stat": stat})
	}
	return reply{"groupinfo": list}, nil
}

func (a *App) allowInGroup(r request) (reply, *failure) {
	g := a.group(r.text("groupId"))
	g.whitelist = with(g.whitelist, r.list("userId")...)
	a.keep(g)
	return reply{}, nil
}

func (a *App) disallowInGroup(r request) (reply, *failure) {
	g := a.group(r.text("groupId"))
	g.whitelist = without(g.whitelist, r.list("userId")...)
	return reply{}, nil
}

func (a *App) allowedInGroup(r request) (reply, *failure) {
	return reply{"userIds": whole(a.group(r.text("groupId")).whitelist)}, nil
}

func (a *App) setRemark(r request) (reply, *failure) {
	g := a.group(r.text("groupId"))
	g.remarks[r.text("userId")] = r.text("remark")
	a.keep(g)
	return reply{}, nil
}

func (a *App) getRemark(r request) (reply, *failure) {
	return reply{"remark": a.group(r.text("groupId")).remarks[r.text("userId")]}, nil
}

func (a *App) deleteRemark(r request) (reply, *failure) {
	delete(a.group(r.text("groupId")).remarks, r.text("userId"))
	return reply{}, nil
}

// Members returns who is in a group, in the order of joining.
func (a *App) Members(group string) []string {
	var ids []string
	a.Do(func() { ids = a.group(group).memberIDs() })
	return ids
}
