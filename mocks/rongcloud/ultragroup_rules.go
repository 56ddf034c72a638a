package rongcloud

import (
	"slices"
)

// scope is the rules of a channel of an ultra group, or of the whole group.
type scope struct {
	muted   []string // until removed
	all     bool     // nobody but the allowed may talk
	allowed []string
	level   int // the default for notifications
}

func ultraRuleOperations() []operation {
	u := func(path string, serve ultraHandler) operation {
		return managed("/ultragroup/"+path+".json", withUltra(serve))
	}
	return []operation{
		u("userbanned/add", changeScope(mutedUsers, true)),
		u("userbanned/del", changeScope(mutedUsers, false)),
		u("userbanned/get", listScope(mutedUsers)),
		u("banned/whitelist/add", changeScope(allowedUsers, true)),
		u("banned/whitelist/del", changeScope(allowedUsers, false)),
		u("banned/whitelist/get", listScope(allowedUsers)),
		u("globalbanned/set", muteUltra),
		u("globalbanned/get", ultraMuted),
		u("notdisturb/set", setUltraLevel),
		u("notdisturb/get", ultraLevel),
	}
}

// scope returns the rules of a channel, to be changed; "" is the whole group.
func (g *ultraGroup) scope(channel string) *scope {
	if g.rules[channel] == nil {
		g.rules[channel] = &scope{}
	}
	return g.rules[channel]
}

// scopeList is one of a scope's lists of users.
type scopeList func(*scope) *[]string

func mutedUsers(s *scope) *[]string   { return &s.muted }
func allowedUsers(s *scope) *[]string { return &s.allowed }

func changeScope(of scopeList, add bool) ultraHandler {
	return func(_ *App, g *ultraGroup, r request) (reply, *failure) {
		list := of(g.scope(r.text("busChannel")))
		if add {
			*list = with(*list, r.list("userIds")...)
		} else {
			*list = without(*list, r.list("userIds")...)
		}
		return reply{}, nil
	}
}

func listScope(of scopeList) ultraHandler {
	return func(_ *App, g *ultraGroup, r request) (reply, *failure) {
		list := []reply{}
		for _, id := range page(*of(g.scope(r.text("busChannel"))), r.count("page", 1), r.count("pageSize", 50)) {
			list = append(list, reply{"id": id})
		}
		return reply{"users": list}, nil
	}
}

func muteUltra(_ *App, g *ultraGroup, r request) (reply, *failure) {
	g.scope(r.text("busChannel")).all = r.yes("status")
	return reply{}, nil
}

func ultraMuted(_ *App, g *ultraGroup, r request) (reply, *failure) {
	return reply{"status": g.scope(r.text("busChannel")).all}, nil
}

func setUltraLevel(_ *App, g *ultraGroup, r request) (reply, *failure) {
	g.scope(r.text("busChannel")).level = r.number("unpushLevel", 0)
	return reply{}, nil
}

func ultraLevel(_ *App, g *ultraGroup, r request) (reply, *failure) {
	ch := r.text("busChannel")
	return reply{"groupId": g.id, "busChannel": ch, "unpushLevel": g.scope(ch).level}, nil
}

// mayTalk holds a client against the mutes of the group and of the channel. A mute
// of the user beats the exceptions.
func (g *ultraGroup) mayTalk(user, in string) error {
	if in == "" {
		in = defaultChannel
	}
	c := g.channel(in)
	if c == nil || !slices.Contains(g.members, user) || !slices.Contains(g.reaches(c), user) {
		return ErrNotInUltra
	}
	for _, s := range []*scope{g.rules[""], g.rules[in]} {
		if s != nil && (slices.Contains(s.muted, user) || s.all && !slices.Contains(s.allowed, user)) {
			return ErrUltraMuted
		}
	}
	return nil
}
