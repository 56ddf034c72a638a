package rongcloud

import (
	"maps"
	"slices"
	"time"
)

// chatRoom is one chat room.
type chatRoom struct {
	id, name   string
	created    time.Time
	active     time.Time // last join or message
	fixed      bool      // destroyType 1: ends at a set time, else when idle
	life       time.Duration
	members    []*occupant // in the order of joining
	muted      bool        // nobody but the whitelist may talk
	whitelist  []string
	protected  []string
	blocked    map[string]time.Time
	gags       map[string]time.Time
	stopped    bool // takes messages and delivers none
	entries    map[string]entry
	entryOrder []string
}

// occupant is a member of a chat room.
type occupant struct {
	user   string
	joined time.Time
	missed int // messages since the member went offline
}

const (
	idleLife      = 60 * time.Minute // of a room where nothing happens
	offlineGrace  = 30 * time.Second // an offline member stays so long
	offlineMissed = 31               // or until they have missed so many
)

// room returns a chat room that is there, or nil. Rooms whose time is over end
// here.
func (a *App) room(id string, now time.Time) *chatRoom {
	c := a.rooms[id]
	if c == nil {
		return nil
	}
	over := now.Sub(c.active) >= c.life
	if c.fixed {
		over = now.Sub(c.created) >= c.life
	}
	if over && !slices.Contains(a.alive, id) {
		a.destroyRoom(c, destroyed, now)
		return nil
	}
	return c
}

// openRoom returns the chat room, a new one when there is none.
func (a *App) openRoom(id string, now time.Time) *chatRoom {
	if c := a.room(id, now); c != nil {
		return c
	}
	c := &chatRoom{
		id: id, created: now, active: now, life: idleLife,
		blocked: map[string]time.Time{}, gags: map[string]time.Time{}, entries: map[string]entry{},
	}
	a.rooms[id] = c
	a.tellChatRoom(id, roomCreated, byCall, now)
	return c
}

func (a *App) destroyRoom(c *chatRoom, why int, now time.Time) {
	delete(a.rooms, c.id)
	a.tellChatRoom(c.id, roomDestroyed, why, now)
}

// withRoom is a handler for a chat room that may be missing. INVENTED: then
// nothing happens and the answer is 200; only chatroom/get is known to say 23410.
func withRoom(f func(*App, *chatRoom, request)) handler {
	return func(a *App, r request) (reply, *failure) {
		if c := a.room(r.text("chatroomId"), r.Now); c != nil {
			f(a, c, r)
		}
		return reply{}, nil
	}
}

// createRooms is the older call: chatroom[ID]=name.
func (a *App) createRooms(r request) (reply, *failure) {
	names := bracketed(r, "chatroom")
	if len(names) == 0 || len(names) > 100 {
		return nil, badParameter("chatroom", "must name 1 to 100 rooms")
	}
	for id := range names {
		if len(id) > 64 {
			return nil, fail(codeTooLong, "Parameter 'chatroom' is too long")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(names)) {
		a.openRoom(id, r.Now).name = names[id]
	}
	return reply{}, nil
}

func (a *App) createRoom(r request) (reply, *failure) {
	var entries map[string]string
	if r.has("entryInfo") {
		var f *failure
		if entries, f = r.pairs("entryInfo"); f != nil {
			return nil, f
		}
		if r.text("entryOwnerId") == "" {
			return nil, badParameter("entryOwnerId", "is required with entryInfo")
		}
	}
	c := a.openRoom(r.text("chatroomId"), r.Now)
	c.setLife(r)
	if r.has("isBan") {
		c.muted = r.yes("isBan")
	}
	c.whitelist = with(c.whitelist, r.list("whiteUserIds")...)
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		c.setEntry(key, entry{value: entries[key], owner: r.text("entryOwnerId"), at: r.Now})
	}
	return reply{}, nil
}

// setLife reads destroyType and destroyTime; without a time it stays 60 min.
func (c *chatRoom) setLife(r request) {
	c.fixed = r.yes("destroyType")
	c.life = time.Duration(r.number("destroyTime", 0)) * time.Minute
	if c.life == 0 { // the Go SDK sends 0 for the default
		c.life = idleLife
	}
}

func (a *App) destroyRooms(r request) (reply, *failure) {
	for _, id := range r.list("chatroomId") {
		if c := a.room(id, r.Now); c != nil {
			a.destroyRoom(c, byCall, r.Now)
		}
	}
	return reply{}, nil
}

func (a *App) getRoom(r request) (reply, *failure) {
	c := a.room(r.text("chatroomId"), r.Now)
	if c == nil {
		return nil, fail(codeNoChatRoom, "The chat room does not exist")
	}
	kind := 0
	if c.fixed {
		kind = 1
	}
	return reply{
		"chatroomId": c.id, "createTime": c.created.UnixMilli(), "memberCount": len(c.members),
		"destroyType": kind, "destroyTime": int(c.life / time.Minute), "ban": c.muted,
	}, nil
}

func (a *App) queryRooms(r request) (reply, *failure) {
	list := []reply{}
	for _, id := range r.list("chatroomId") {
		if c := a.room(id, r.Now); c != nil {
			list = append(list, reply{"chrmId": c.id, "name": c.name, "time": clock(c.created)})
		}
	}
	return reply{"chatRooms": list}, nil
}
