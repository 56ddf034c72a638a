package rongcloud

import (
	"maps"
	"slices"
	"time"
)

func (a *App) roomMembers(r request) (reply, *failure) {
	list := []reply{}
	total := 0
	if c := a.room(r.text("chatroomId"), r.Now); c != nil {
		total = len(c.members)
		for _, o := range c.members {
			list = append(list, reply{"id": o.user, "time": clock(o.joined)})
		}
	}
	if r.number("order", 1) == 2 {
		slices.Reverse(list)
	}
	return reply{"total": total, "users": page(list, 1, r.count("count", 500))}, nil
}

func (c *chatRoom) has(user string) bool {
	return c != nil && slices.ContainsFunc(c.members, func(o *occupant) bool { return o.user == user })
}

// inRoom answers a bool, inRoomMany 0 or 1 (docs/vendors/rongcloud.md#json-types).
func (a *App) inRoom(r request) (reply, *failure) {
	return reply{"isInChrm": a.room(r.text("chatroomId"), r.Now).has(r.text("userId"))}, nil
}

func (a *App) inRoomMany(r request) (reply, *failure) {
	c := a.room(r.text("chatroomId"), r.Now)
	list := []reply{}
	for _, id := range r.list("userId") {
		in := 0
		if c.has(id) {
			in = 1
		}
		list = append(list, reply{"userId": id, "isInChrm": in})
	}
	return reply{"result": list}, nil
}

// enter puts a user into a room; leave takes users out.
func (a *App) enter(c *chatRoom, user string, now time.Time) {
	c.active = now
	if c.has(user) {
		return
	}
	c.members = append(c.members, &occupant{user: user, joined: now})
	a.tellChatRoom(c.id, roomJoined, byCall, now, user)
}

func (a *App) leave(c *chatRoom, why int, now time.Time, users ...string) {
	var gone []string
	c.members = slices.DeleteFunc(c.members, func(o *occupant) bool {
		out := slices.Contains(users, o.user)
		if out {
			gone = append(gone, o.user)
		}
		return out
	})
	if len(gone) == 0 {
		return
	}
	for key, e := range c.entries {
		if e.autoDelete && slices.Contains(gone, e.owner) {
			c.removeEntry(key)
		}
	}
	a.tellChatRoom(c.id, roomLeft, why, now, gone...)
}

// deliverToRooms delivers to the members of the message's room, or of all
// rooms when it names none.
func (a *App) deliverToRooms(m *message) {
	if m.target != "" {
		if c := a.room(m.target, m.at); c != nil {
			a.deliverToRoom(c, m)
		}
		return
	}
	for _, id := range slices.Sorted(maps.Keys(a.rooms)) {
		if c := a.room(id, m.at); c != nil {
			a.deliverToRoom(c, m)
		}
	}
}

// deliverToRoom delivers to those who are online and puts out those who have been
// offline for too long (docs/vendors/rongcloud.md#chat-rooms).
func (a *App) deliverToRoom(c *chatRoom, m *message) {
	c.active = m.at
	if c.stopped {
		return
	}
	var away []string
	for _, o := range c.members {
		u := a.user(o.user)
		if u.online {
			o.missed = 0
			if o.user != m.from || m.includeSender {
				one := *m
				one.target = c.id
				a.put(o.user, &one)
			}
			continue
		}
		o.missed++
		if !slices.Contains(c.protected, o.user) && (m.at.Sub(u.offlineSince) >= offlineGrace || o.missed >= offlineMissed) {
			away = append(away, o.user)
		}
	}
	a.leave(c, ejected, m.at, away...)
}

// ChatRoomMembers returns who is in a chat room, in the order of joining, and
// whether there is such a room.
func (a *App) ChatRoomMembers(room string) (users []string, exists bool) {
	a.Do(func() {
		c := a.room(room, a.Clock.Now())
		if exists = c != nil; exists {
			for _, o := range c.members {
				users = append(users, o.user)
			}
		}
	})
	return users, exists
}

// ChatRooms returns the ids of all chat rooms, sorted.
func (a *App) ChatRooms() []string {
	var ids []string
	a.Do(func() {
		for _, id := range slices.Sorted(maps.Keys(a.rooms)) {
			if a.room(id, a.Clock.Now()) != nil {
				ids = append(ids, id)
			}
		}
	})
	return ids
}
