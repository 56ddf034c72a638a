package rongcloud

import "slices"

// circle is a user group within an ultra group. Bound to private channels it lets
// its members into them.
type circle struct {
	id      string
	members []string
}

const (
	maxCircles       = 50  // of an ultra group
	maxCircleMembers = 100 // of a user group
)

func circleOperations() []operation {
	u := func(path string, serve ultraHandler) operation {
		return managed("/ultragroup/"+path+".json", withUltra(serve))
	}
	return []operation{
		u("usergroup/add", addCircles),
		u("usergroup/del", deleteCircles),
		u("usergroup/query", listCircles),
		u("usergroup/user/add", addToCircle),
		u("usergroup/user/del", removeFromCircle),
		u("user/usergroup/query", circlesOfUser),
		u("channel/usergroup/bind", bindCircles(true)),
		u("channel/usergroup/unbind", bindCircles(false)),
		u("channel/usergroup/query", circlesOfChannel),
		u("usergroup/channel/query", channelsOfCircle),
		u("user/channel/query", channelsOfUser),
	}
}

func (g *ultraGroup) circle(id string) *circle {
	if i := slices.IndexFunc(g.circles, func(c *circle) bool { return c.id == id }); i >= 0 {
		return g.circles[i]
	}
	return nil
}

// circlePage is one page of ids: 10 long unless the call says more.
func circlePage(as string, ids []string, r request) reply {
	return reply{as: whole(page(ids, r.count("page", 1), r.count("pageSize", 10)))}
}

// addCircles. INVENTED: those that are there stay as they are; 1002 for more than 50.
func addCircles(_ *App, g *ultraGroup, r request) (reply, *failure) {
	all := slices.Clone(g.circles)
	for _, m := range r.objects("userGroups") {
		id := text(m["userGroupId"])
		if !slices.ContainsFunc(all, func(c *circle) bool { return c.id == id }) {
			all = append(all, &circle{id: id})
		}
	}
	if len(all) > maxCircles {
		return nil, badParameter("userGroups", "makes more than 50 user groups")
	}
	g.circles = all
	return reply{}, nil
}

func deleteCircles(_ *App, g *ultraGroup, r request) (reply, *failure) {
	gone := r.list("userGroupIds")
	g.circles = slices.DeleteFunc(g.circles, func(c *circle) bool { return slices.Contains(gone, c.id) })
	for _, c := range g.channels {
		c.bound = without(c.bound, gone...)
	}
	return reply{}, nil
}

func listCircles(_ *App, g *ultraGroup, r request) (reply, *failure) {
	list := []reply{}
	for _, c := range page(g.circles, r.count("page", 1), r.count("pageSize", 10)) {
		list = append(list, reply{"userGroupId": c.id})
	}
	return reply{"userGroups": list}, nil
}

// addToCircle. INVENTED: 1002 for a user group that there is not, 24406 for
// somebody outside the ultra group.
func addToCircle(_ *App, g *ultraGroup, r request) (reply, *failure) {
	c := g.circle(r.text("userGroupId"))
	if c == nil {
		return nil, badParameter("userGroupId", "is no user group")
	}
	if f := g.strangers(r.list("userIds")); f != nil {
		return nil, f
	}
	members := with(slices.Clone(c.members), r.list("userIds")...)
	if len(members) > maxCircleMembers {
		return nil, badParameter("userIds", "makes more than 100 members")
	}
	c.members = members
	return reply{}, nil
}

func removeFromCircle(_ *App, g *ultraGroup, r request) (reply, *failure) {
	if c := g.circle(r.text("userGroupId")); c != nil {
		c.members = without(c.members, r.list("userIds")...)
	}
	return reply{}, nil
}

func circlesOfUser(_ *App, g *ultraGroup, r request) (reply, *failure) {
	var ids []string
	for _, c := range g.circles {
		if slices.Contains(c.members, r.text("userId")) {
			ids = append(ids, c.id)
		}
	}
	return circlePage("data", ids, r), nil
}

// bindCircles binds user groups to a channel, or unbinds them. INVENTED: 1002 for a
// channel or a user group that there is not.
func bindCircles(bind bool) ultraHandler {
	return func(_ *App, g *ultraGroup, r request) (reply, *failure) {
		c := g.channel(r.text("busChannel"))
		if c == nil {
			return nil, badParameter("busChannel", "is no channel of the group")
		}
		if !bind {
			c.bound = without(c.bound, r.list("userGroupIds")...)
			return reply{}, nil
		}
		for _, id := range r.list("userGroupIds") {
			if g.circle(id) == nil {
				return nil, badParameter("userGroupIds", "has an id of no user group")
			}
		}
		c.bound = with(c.bound, r.list("userGroupIds")...)
		return reply{}, nil
	}
}

func circlesOfChannel(_ *App, g *ultraGroup, r request) (reply, *failure) {
	c := g.channel(r.text("busChannel"))
	if c == nil {
		return circlePage("data", nil, r), nil
	}
	return circlePage("data", c.bound, r), nil
}

// channelsWhere is a page of the ids of channels.
func (g *ultraGroup) channelsWhere(is func(*channel) bool, r request) (reply, *failure) {
	var ids []string
	for _, c := range g.channels {
		if is(c) {
			ids = append(ids, c.id)
		}
	}
	return circlePage("data", ids, r), nil
}

func channelsOfCircle(_ *App, g *ultraGroup, r request) (reply, *failure) {
	return g.channelsWhere(func(c *channel) bool { return slices.Contains(c.bound, r.text("userGroupId")) }, r)
}

// channelsOfUser lists the channels on whose list a user is, public ones too.
func channelsOfUser(_ *App, g *ultraGroup, r request) (reply, *failure) {
	return g.channelsWhere(func(c *channel) bool { return slices.Contains(c.users, r.text("userId")) }, r)
}
