package rongcloud

import (
	"maps"
	"net/url"
	"slices"
)

// show is the state for the admin API: GET /_mock/state/users, inbox?user=,
// words, groups, chatrooms, rtc, ultragroups, friends and pushes. Tokens are secrets and stay out.
func (a *App) show(part string, query url.Values) any {
	now := a.Clock.Now()
	switch part {
	case "users":
		return a.showUsers()
	case "inbox":
		return append([]Delivery{}, a.waiting(query.Get("user"), now)...)
	case "words":
		list := []reply{}
		for _, w := range a.words {
			list = append(list, reply{"word": w.text, "replaceWord": w.replacement, "from": w.from.UTC()})
		}
		return list
	case "pushes":
		return append([]Push{}, a.pushes...)
	case "friends":
		return a.showFriends()
	case "ultragroups":
		list := []reply{}
		for _, id := range slices.Sorted(maps.Keys(a.ultras)) {
			g := a.ultras[id]
			var channels []string
			for _, c := range g.channels {
				channels = append(channels, c.id)
			}
			list = append(list, reply{"id": id, "name": g.name, "members": whole(g.members), "channels": channels})
		}
		return list
	case "groups":
		list := []reply{}
		for _, id := range slices.Sorted(maps.Keys(a.groups)) {
			g := a.groups[id]
			list = append(list, reply{
				"id": id, "name": g.name, "members": whole(g.members), "muted": g.banned, "mutedMembers": whole(running(g.gags, now)),
			})
		}
		return list
	case "chatrooms":
		return a.showChatRooms()
	case "rtc":
		list := []reply{}
		for _, id := range slices.Sorted(maps.Keys(a.rtc)) {
			c := a.rtc[id]
			if out := running(c.blocked, now); len(c.members)+len(out) > 0 {
				list = append(list, reply{"id": id, "sessionId": c.session, "members": c.views(), "blocked": whole(out)})
			}
		}
		return list
	}
	return nil
}

func (a *App) showUsers() []reply {
	list := []reply{}
	now := a.Clock.Now()
	for _, id := range a.order {
		u := a.users[id]
		list = append(list, reply{
			"id": id, "name": u.name, "portrait": u.portrait, "registered": u.registered, "online": u.online, "inactive": u.inactive,
			"blocked": u.blockedUntil.After(now), "blacklist": whole(u.black), "whitelist": whole(u.white), "tags": whole(u.tags),
		})
	}
	return list
}

func (a *App) showChatRooms() []reply {
	list := []reply{}
	now := a.Clock.Now()
	for _, id := range slices.Sorted(maps.Keys(a.rooms)) {
		c := a.room(id, now)
		if c == nil {
			continue
		}
		members := []string{}
		for _, o := range c.members {
			members = append(members, o.user)
		}
		list = append(list, reply{
			"id": id, "name": c.name, "members": members, "muted": c.muted,
			"mutedMembers": whole(running(c.gags, now)), "blocked": whole(running(c.blocked, now)), "properties": len(c.entries),
		})
	}
	return list
}

// showFriends is each user's friends, and who waits for an answer.
func (a *App) showFriends() any {
	of := reply{}
	for user, list := range a.friends {
		var ids []string
		for _, f := range list {
			ids = append(ids, f.user)
		}
		of[user] = whole(ids)
	}
	return reply{"friends": of, "asked": append([]friendRequest{}, a.asked...)}
}
