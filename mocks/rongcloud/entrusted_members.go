package rongcloud

import "slices"

func (g *group) memberView(user string) reply {
	out := reply{"userId": user, "role": g.role(user), "time": g.joined(user).UnixMilli(), "nickname": "", "extra": ""}
	if m := g.host.guests[user]; m != nil {
		out["nickname"], out["extra"] = m.nickname, m.extra
	}
	return out
}

// hostedMembers lists members by the time of joining, the newest first unless the
// order is 0; type 0 is any role.
func hostedMembers(_ *App, g *group, r request) (reply, *failure) {
	want := r.number("type", 0)
	all := slices.DeleteFunc(slices.Clone(g.members), func(id string) bool { return want != 0 && want != g.role(id) })
	slices.SortStableFunc(all, func(x, y string) int { return g.joined(x).Compare(g.joined(y)) })
	if r.number("order", 1) == 1 {
		slices.Reverse(all)
	}
	part, next := r.tokenPage(len(all), 50)
	list := []reply{}
	for _, id := range all[part.from:part.to] {
		list = append(list, g.memberView(id))
	}
	return reply{"totalCount": len(all), "pageToken": next, "members": list}, nil
}

func someMembers(_ *App, g *group, r request) (reply, *failure) {
	list := []reply{}
	for _, id := range r.list("userIds") {
		if slices.Contains(g.members, id) {
			list = append(list, g.memberView(id))
		}
	}
	return reply{"members": list}, nil
}

// member is the guest of a call's userId. INVENTED: 1002 for no member.
func (g *group) member(r request) (*guest, *failure) {
	if !slices.Contains(g.members, r.text("userId")) {
		return nil, badParameter("userId", "is no member")
	}
	return g.host.guest(r.text("userId"), g.host.created), nil
}

func setGuest(_ *App, g *group, r request) (reply, *failure) {
	m, f := g.member(r)
	if f != nil {
		return nil, f
	}
	if name := r.text("nickname"); name != "" {
		m.nickname = name
	}
	if extra := r.text("extra"); extra != "" {
		m.extra = extra
	}
	return reply{}, nil
}

func follow(_ *App, g *group, r request) (reply, *failure) {
	m, f := g.member(r)
	if f != nil {
		return nil, f
	}
	for _, id := range r.list("followUserIds") {
		if !slices.ContainsFunc(m.follows, func(o following) bool { return o.user == id }) {
			m.follows = append(m.follows, following{id, r.Now})
		}
	}
	return reply{}, nil
}

func unfollow(_ *App, g *group, r request) (reply, *failure) {
	m, f := g.member(r)
	if f != nil {
		return nil, f
	}
	m.follows = slices.DeleteFunc(m.follows, func(o following) bool { return slices.Contains(r.list("followUserIds"), o.user) })
	return reply{}, nil
}

func followed(_ *App, g *group, r request) (reply, *failure) {
	list := []reply{}
	if m := g.host.guests[r.text("userId")]; m != nil {
		for _, o := range m.follows {
			list = append(list, reply{"userId": o.user, "timestamp": o.at.UnixMilli()})
		}
	}
	return reply{"userId": r.text("userId"), "groupId": g.id, "members": list}, nil
}

// addAdmins makes members administrators and answers those who are no members.
// INVENTED: with more than 10 in the end nothing changes and the answer is 200,
// with their number.
func addAdmins(_ *App, g *group, r request) (reply, *failure) {
	strangers := []string{}
	admins := slices.Clone(g.host.admins)
	for _, id := range r.list("userIds") {
		switch {
		case !slices.Contains(g.members, id):
			strangers = append(strangers, id)
		case id != g.host.owner:
			admins = with(admins, id)
		}
	}
	out := reply{"userIds": strangers}
	if len(admins) > maxAdmins {
		out["managerCount"] = len(g.host.admins)
		return out, nil
	}
	g.host.admins = admins
	return out, nil
}

func removeAdmins(_ *App, g *group, r request) (reply, *failure) {
	g.host.admins = without(g.host.admins, r.list("userIds")...)
	return reply{}, nil
}
