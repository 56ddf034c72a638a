package rongcloud

import (
	"maps"
	"slices"
	"time"
)

const defaultKeepAlive = 5 // rooms that may be kept alive: docs/vendors/rongcloud.md#chat-rooms

// blockInRoom removes users and keeps them out.
func blockInRoom(a *App, c *chatRoom, r request) {
	for _, id := range r.list("userId") {
		c.blocked[id] = r.until()
	}
	a.leave(c, banned, r.Now, r.list("userId")...)
}

func unblockInRoom(_ *App, c *chatRoom, r request) {
	for _, id := range r.list("userId") {
		delete(c.blocked, id)
	}
}

func gagInRoom(_ *App, c *chatRoom, r request) {
	for _, id := range r.list("userId") {
		c.gags[id] = r.until()
	}
}

func ungagInRoom(_ *App, c *chatRoom, r request) {
	for _, id := range r.list("userId") {
		delete(c.gags, id)
	}
}

// bansInRoom lists one of a room's lists of bans.
func bansInRoom(of func(*chatRoom) map[string]time.Time) handler {
	return func(a *App, r request) (reply, *failure) {
		if c := a.room(r.text("chatroomId"), r.Now); c != nil {
			return reply{"users": timed(of(c), r.Now)}, nil
		}
		return reply{"users": []reply{}}, nil
	}
}

func (c *chatRoom) blocks() map[string]time.Time { return c.blocked }
func (c *chatRoom) mutes() map[string]time.Time  { return c.gags }

func (a *App) muteEverywhere(r request) (reply, *failure) {
	for _, id := range r.list("userId") {
		a.mutes[id] = r.until()
	}
	return reply{}, nil
}

func (a *App) unmuteEverywhere(r request) (reply, *failure) {
	for _, id := range r.list("userId") {
		delete(a.mutes, id)
	}
	return reply{}, nil
}

func (a *App) mutedEverywhere(r request) (reply, *failure) {
	return reply{"users": timed(a.mutes, r.Now)}, nil
}

func muteRooms(muted bool) handler {
	return func(a *App, r request) (reply, *failure) {
		for _, id := range r.list("chatroomId") {
			if c := a.room(id, r.Now); c != nil {
				c.muted = muted
			}
		}
		return reply{}, nil
	}
}

func (a *App) mutedRooms(r request) (reply, *failure) {
	ids := []string{}
	for _, id := range slices.Sorted(maps.Keys(a.rooms)) {
		if c := a.room(id, r.Now); c != nil && c.muted {
			ids = append(ids, id)
		}
	}
	return reply{"chatroomIds": page(ids, r.count("page", 1), r.count("size", 50))}, nil
}

func (a *App) roomMuted(r request) (reply, *failure) {
	if c := a.room(r.text("chatroomId"), r.Now); c != nil && c.muted {
		return reply{"status": 1}, nil
	}
	return reply{"status": 0}, nil
}

// roomList is one of a room's lists of users.
type roomList func(*chatRoom) *[]string

func allowed(c *chatRoom) *[]string { return &c.whitelist }
func guarded(c *chatRoom) *[]string { return &c.protected }

func addToRoomList(of roomList) handler {
	return withRoom(func(_ *App, c *chatRoom, r request) { *of(c) = with(*of(c), r.list("userId")...) })
}

func removeFromRoomList(of roomList) handler {
	return withRoom(func(_ *App, c *chatRoom, r request) { *of(c) = without(*of(c), r.list("userId")...) })
}

func queryRoomList(of roomList, as string) handler {
	return func(a *App, r request) (reply, *failure) {
		if c := a.room(r.text("chatroomId"), r.Now); c != nil {
			return reply{as: whole(*of(c))}, nil
		}
		return reply{as: []string{}}, nil
	}
}

func (a *App) addKeepAlive(r request) (reply, *failure) {
	quota := a.cfg.KeepAliveQuota
	if quota == 0 {
		quota = defaultKeepAlive
	}
	more := with(slices.Clone(a.alive), r.text("chatroomId"))
	if len(more) > quota {
		return nil, fail(codeKeepAliveMax, "Too many chat rooms kept alive")
	}
	a.alive = more
	return reply{}, nil
}

// removeKeepAlive answers 1015, with HTTP 200, for a room that is not kept.
func (a *App) removeKeepAlive(r request) (reply, *failure) {
	if !slices.Contains(a.alive, r.text("chatroomId")) {
		return nil, fail(codeNoKeepAlive, "The item to delete does not exist")
	}
	a.alive = without(a.alive, r.text("chatroomId"))
	if c := a.rooms[r.text("chatroomId")]; c != nil {
		c.active = r.Now
	}
	return reply{}, nil
}

// appList is one of the app's lists of message types or rooms.
type appList func(*App) *[]string

func demotedTypes(a *App) *[]string { return &a.demoted }
func keptTypes(a *App) *[]string    { return &a.kept }
func aliveRooms(a *App) *[]string   { return &a.alive }

func addToAppList(of appList, param string) handler {
	return func(a *App, r request) (reply, *failure) {
		*of(a) = with(*of(a), r.list(param)...)
		return reply{}, nil
	}
}

func removeFromAppList(of appList, param string) handler {
	return func(a *App, r request) (reply, *failure) {
		*of(a) = without(*of(a), r.list(param)...)
		return reply{}, nil
	}
}

func queryAppList(of appList, as string) handler {
	return func(a *App, _ request) (reply, *failure) { return reply{as: whole(*of(a))}, nil }
}

// distribution stops a room's messages, or lets them through again.
func distribution(stopped bool) handler {
	return withRoom(func(_ *App, c *chatRoom, _ request) { c.stopped = stopped })
}
