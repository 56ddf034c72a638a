package rongcloud

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// hosting is what the vendor keeps of a group whose members and data are its
// business. It is an ordinary group otherwise (docs/vendors/rongcloud-paths.md#hosted-groups).
type hosting struct {
	owner, creator       string
	created              time.Time
	admins               []string
	profile, ext, rights jsonText
	guests               map[string]*guest // by member
	aliases              map[string]string // user -> their own name for the group
}

// guest is what the vendor keeps of one member.
type guest struct {
	nickname, extra string
	joined          time.Time
	follows         []following
}

type following struct {
	user string
	at   time.Time
}

// The roles of members.
const (
	roleRegular = 1
	roleAdmin   = 2
	roleOwner   = 3

	maxAdmins = 10
)

func entrustedOperations() []operation {
	e := func(path string, serve handler) operation { return managed("/entrust/"+path+".json", serve) }
	return hosted(
		e("group/create", (*App).createHosted),
		e("group/import", (*App).createHosted),
		e("group/profile/update", withHosted(updateHosted)),
		e("group/profile/query", (*App).hostedProfiles),
		e("group/dismiss", withHosted(dismissHosted)),
		e("group/join", withHosted(joinHosted)),
		e("group/quit", withHosted(quitHosted)),
		e("group/transfer/owner", withHosted(transferHosted)),
		e("group/query", (*App).hostedGroups),
		e("group/member/kick", withHosted(quitHosted)),
		e("group/member/kick/all", (*App).kickEverywhere),
		e("group/member/query", withHosted(hostedMembers)),
		e("group/member/specific/query", withHosted(someMembers)),
		e("group/member/set", withHosted(setGuest)),
		e("group/member/follow", withHosted(follow)),
		e("group/member/unfollow", withHosted(unfollow)),
		e("group/member/followed/get", withHosted(followed)),
		e("group/manager/add", withHosted(addAdmins)),
		e("group/manager/remove", withHosted(removeAdmins)),
		e("group/remarkname/set", withHosted(setAlias)),
		e("group/remarkname/delete", withHosted(deleteAlias)),
		e("group/remarkname/query", withHosted(getAlias)),
		e("joined/group/query", (*App).joinedGroups),
	)
}

// withHosted is a handler for a hosted group. INVENTED: 1002 when it is not there.
func withHosted(f func(*App, *group, request) (reply, *failure)) handler {
	return func(a *App, r request) (reply, *failure) {
		g := a.groups[r.text("groupId")]
		if g == nil || g.host == nil {
			return nil, badParameter("groupId", "is no hosted group")
		}
		return f(a, g, r)
	}
}

// createHosted serves create and import: the members that a plain group of this id
// has stay. INVENTED: 1002 for a group that is hosted already.
func (a *App) createHosted(r request) (reply, *failure) {
	id := r.text("groupId")
	if f := a.checkID("groupId", id); f != nil {
		return nil, f
	}
	g := a.group(id)
	if g.host != nil {
		return nil, badParameter("groupId", "is hosted already")
	}
	h := &hosting{owner: r.text("owner"), creator: r.text("owner"), created: r.Now, guests: map[string]*guest{}, aliases: map[string]string{}}
	if f := h.read(r); f != nil {
		return nil, f
	}
	g.host, g.exists, g.name = h, true, r.text("name")
	g.members = with(g.members, append([]string{h.owner}, r.list("userIds")...)...)
	a.keep(g)
	return reply{}, nil
}

// read takes the three JSON texts of a request, all or none.
func (h *hosting) read(r request) *failure {
	profile, f := r.merge(h.profile, "groupProfile", groupProfile)
	if f != nil {
		return f
	}
	ext, f := r.mergeOwn(h.ext, "groupExtProfile", maxOwnPairs)
	if f != nil {
		return f
	}
	rights, f := r.merge(h.rights, "permissions", permissions)
	if f == nil {
		h.profile, h.ext, h.rights = profile, ext, rights
	}
	return f
}

func updateHosted(_ *App, g *group, r request) (reply, *failure) {
	if f := g.host.read(r); f != nil {
		return nil, f
	}
	name := r.text("name")
	if name == "" {
		name = text(g.host.profile["name"])
	}
	if name != "" {
		g.name = name
	}
	return reply{}, nil
}

// view is a group with the member names that most answers share.
func (g *group) view() reply {
	return reply{
		"groupId": g.id, "owner": g.host.owner, "groupProfile": g.host.profile.String(), "groupExtProfile": g.host.ext.String(),
		"permissions": g.host.rights.String(), "createTime": g.host.created.UnixMilli(),
	}
}

func (a *App) hostedProfiles(r request) (reply, *failure) {
	ids := append(slices.Clone(r.list("groupIds")), r.list("groupId")...)
	if len(ids) == 0 || len(ids) > 50 {
		return nil, badParameter("groupIds", "must name 1 to 50 groups")
	}
	list := []reply{}
	for _, id := range ids {
		if g := a.groups[id]; g != nil && g.host != nil {
			one := g.view()
			one["groupName"], one["memberCount"] = g.name, len(g.members)
			list = append(list, one)
		}
	}
	return reply{"profiles": list}, nil
}

func dismissHosted(a *App, g *group, _ request) (reply, *failure) {
	delete(a.groups, g.id)
	return reply{}, nil
}

// joinHosted answers the group, with the first joiner's own name for it.
func joinHosted(_ *App, g *group, r request) (reply, *failure) {
	members := with(slices.Clone(g.members), r.list("userIds")...)
	if len(members) > maxGroupMembers {
		return nil, fail(codeGroupFull, "The group is full")
	}
	for _, id := range members[len(g.members):] {
		g.host.guest(id, r.Now)
	}
	g.members = members
	out := g.view()
	out["name"], out["memberCount"], out["remarkName"] = g.name, len(members), g.host.aliases[r.list("userIds")[0]]
	return out, nil
}

// removeMembers takes members out, with what is kept of them. Their mutes,
// exceptions and those they follow go too, unless the call says 0.
func (g *group) removeMembers(r request, users []string) {
	keep := func(flag string) bool { return r.text(flag) != "" && !r.yes(flag) && r.text(flag) != "2" }
	g.members = without(g.members, users...)
	g.host.admins = without(g.host.admins, users...)
	for _, u := range users {
		if !keep("isDelBan") {
			delete(g.gags, u)
		}
		if old := g.host.guests[u]; old != nil && keep("isDelFollowed") {
			g.host.guests[u] = &guest{joined: old.joined, follows: old.follows}
		} else {
			delete(g.host.guests, u)
		}
	}
	if !keep("isDelWhite") {
		g.whitelist = without(g.whitelist, users...)
	}
}

// quitHosted serves quit and kick. INVENTED: 1002 for the owner, who has to hand
// the group over first.
func quitHosted(_ *App, g *group, r request) (reply, *failure) {
	if slices.Contains(r.list("userIds"), g.host.owner) {
		return nil, badParameter("userIds", "has the owner of the group")
	}
	g.removeMembers(r, r.list("userIds"))
	return reply{}, nil
}

// kickEverywhere takes a user out of every hosted group. INVENTED: but those that
// they own.
func (a *App) kickEverywhere(r request) (reply, *failure) {
	user := r.text("userId")
	for _, g := range a.groups {
		if g.host != nil && g.host.owner != user {
			g.removeMembers(r, []string{user})
		}
	}
	return reply{}, nil
}

// transferHosted makes another member the owner and the old one regular. INVENTED:
// 1002 for somebody who is no member.
func transferHosted(_ *App, g *group, r request) (reply, *failure) {
	if !slices.Contains(g.members, r.text("newOwner")) {
		return nil, badParameter("newOwner", "is no member")
	}
	old := g.host.owner
	g.host.owner = r.text("newOwner")
	g.host.admins = without(g.host.admins, g.host.owner)
	if r.yes("isQuit") && old != g.host.owner {
		g.removeMembers(r, []string{old})
	}
	return reply{}, nil
}

// hostedIDs is the ids of all hosted groups, oldest first.
func (a *App) hostedIDs() []string {
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(a.groups)), func(id string) bool { return a.groups[id].host == nil })
	slices.SortStableFunc(ids, func(x, y string) int { return a.groups[x].host.created.Compare(a.groups[y].host.created) })
	return ids
}

func (a *App) hostedGroups(r request) (reply, *failure) {
	ids := a.hostedIDs()
	if r.number("order", 1) == 1 {
		slices.Reverse(ids)
	}
	part, next := r.tokenPage(len(ids), 50)
	list := []reply{}
	for _, id := range ids[part.from:part.to] {
		g := a.groups[id]
		list = append(list, reply{
			"groupId": id, "owner": g.host.owner, "creator": g.host.creator, "name": g.name,
			"portraitUrl": text(g.host.profile["portraitUrl"]), "time": g.host.created.UnixMilli(),
		})
	}
	return reply{"pageToken": next, "groups": list}, nil
}

// joinedGroups is the hosted groups of a user in the order of joining. Its filter
// numbers the roles in another way than the members do: 1 owner, 2 administrator,
// 3 regular (Java SDK).
func (a *App) joinedGroups(r request) (reply, *failure) {
	user, want := r.text("userId"), r.number("role", 0)
	var all []*group
	for _, id := range a.hostedIDs() {
		if g := a.groups[id]; slices.Contains(g.members, user) && (want == 0 || want == 4-g.role(user)) {
			all = append(all, g)
		}
	}
	slices.SortStableFunc(all, func(x, y *group) int { return x.joined(user).Compare(y.joined(user)) })
	if r.number("order", 0) == 1 {
		slices.Reverse(all)
	}
	part, next := r.tokenPage(len(all), 50)
	list := []reply{}
	for _, g := range all[part.from:part.to] {
		one := g.view()
		one["name"], one["remarkName"], one["role"] = g.name, g.host.aliases[user], g.role(user)
		one["joinTime"], one["count"] = g.joined(user).UnixMilli(), len(g.members)
		list = append(list, one)
	}
	return reply{"totalCount": len(all), "pageToken": next, "groups": list}, nil
}

func (g *group) role(user string) int {
	switch {
	case user == g.host.owner:
		return roleOwner
	case slices.Contains(g.host.admins, user):
		return roleAdmin
	}
	return roleRegular
}

// joined is when a member came; who was there before the group was hosted came
// with that.
func (g *group) joined(user string) time.Time {
	if m := g.host.guests[user]; m != nil && !m.joined.IsZero() {
		return m.joined
	}
	return g.host.created
}

// guest returns what is kept of a member, to be changed.
func (h *hosting) guest(user string, now time.Time) *guest {
	if h.guests[user] == nil {
		h.guests[user] = &guest{joined: now}
	}
	return h.guests[user]
}

func setAlias(_ *App, g *group, r request) (reply, *failure) {
	g.host.aliases[r.text("userId")] = strings.TrimSpace(r.text("remarkName"))
	return reply{}, nil
}

func deleteAlias(_ *App, g *group, r request) (reply, *failure) {
	delete(g.host.aliases, r.text("userId"))
	return reply{}, nil
}

func getAlias(_ *App, g *group, r request) (reply, *failure) {
	return reply{"remarkName": g.host.aliases[r.text("userId")]}, nil
}
