package rongcloud

import (
	"maps"
	"slices"
	"time"
)

// rtcRoom is one RTC room. It ends when the last member leaves.
type rtcRoom struct {
	id, session string
	created     time.Time
	members     []*rtcMember
	blocked     map[string]time.Time
	recording   string // id of the recording under way
}

type rtcMember struct {
	user    string
	joined  time.Time
	streams []Stream
}

// Stream is what a user sends into an RTC room.
type Stream struct {
	Video bool
	ID    string // msid
	URI   string
	Tag   string
}

// RTC room events (docs/vendors/rongcloud.md#rtc-room-status).
const (
	rtcSync      = 1
	rtcCreated   = 2
	rtcDestroyed = 3
	rtcJoined    = 11
	rtcLeft      = 12
	rtcStreams   = 20
)

func (c *rtcRoom) member(user string) *rtcMember {
	if c == nil {
		return nil
	}
	if i := slices.IndexFunc(c.members, func(m *rtcMember) bool { return m.user == user }); i >= 0 {
		return c.members[i]
	}
	return nil
}

// view is a member as the vendor shows them.
func (m *rtcMember) view() reply {
	uris := []reply{}
	for _, s := range m.streams {
		kind := 0
		if s.Video {
			kind = 1
		}
		uris = append(uris, reply{"mediaType": kind, "msid": s.ID, "uri": s.URI, "tag": s.Tag})
	}
	return reply{"userId": m.user, "joinTime": m.joined.UnixMilli(), "data": reply{"uris": uris}}
}

func (c *rtcRoom) views() []reply {
	list := []reply{}
	for _, m := range c.members {
		list = append(list, m.view())
	}
	return list
}

func (a *App) queryRTC(r request) (reply, *failure) {
	c := a.rtc[r.text("roomId")]
	if c == nil || len(c.members) == 0 {
		return nil, fail(codeNoRTCRoom, "The room does not exist")
	}
	return reply{"roomId": c.id, "sessionId": c.session, "createTime": c.created.UnixMilli(), "members": c.views()}, nil
}

// kickRTC puts a user out, who may come back. INVENTED: to kick somebody who is
// not there changes nothing and gets 200.
func (a *App) kickRTC(r request) (reply, *failure) {
	if c := a.rtc[r.text("roomId")]; c != nil {
		a.leaveRTC(c, r.Now, r.text("userId"))
	}
	return reply{}, nil
}

func (a *App) blockRTC(r request) (reply, *failure) {
	c := a.openRTC(r.Params["room_id"])
	for _, id := range r.list("user_ids") {
		c.blocked[id] = r.until()
	}
	a.leaveRTC(c, r.Now, r.list("user_ids")...)
	return reply{}, nil
}

func (a *App) unblockRTC(r request) (reply, *failure) {
	c := a.openRTC(r.Params["room_id"])
	for _, id := range r.list("user_ids") {
		delete(c.blocked, id)
	}
	return reply{}, nil
}

// blockRTCUser keeps a user out of all rooms. The path stands in the vendor's
// older pages only (docs.rongcloud.cn, v3, RTC user management). INVENTED: that
// it also puts the user out of the rooms that they are in.
func (a *App) blockRTCUser(r request) (reply, *failure) {
	user := r.text("userId")
	a.barred[user] = r.until()
	for _, id := range slices.Sorted(maps.Keys(a.rtc)) {
		a.leaveRTC(a.rtc[id], r.Now, user)
	}
	return reply{}, nil
}

func (a *App) unblockRTCUser(r request) (reply, *failure) {
	delete(a.barred, r.text("userId"))
	return reply{}, nil
}

// mayJoinRTC is false for a user who is kept out of the room or of all rooms.
func (a *App) mayJoinRTC(c *rtcRoom, user string, now time.Time) bool {
	return !c.blocked[user].After(now) && !a.barred[user].After(now)
}

func (a *App) dissolveRTC(r request) (reply, *failure) {
	if c := a.rtc[r.Params["room_id"]]; c != nil {
		var all []string
		for _, m := range c.members {
			all = append(all, m.user)
		}
		a.leaveRTC(c, r.Now, all...)
	}
	return reply{}, nil
}

// openRTC returns a room's record; it is a room once somebody is in it.
func (a *App) openRTC(id string) *rtcRoom {
	c := a.rtc[id]
	if c == nil {
		c = &rtcRoom{id: id, blocked: map[string]time.Time{}}
		a.rtc[id] = c
	}
	return c
}

func (a *App) joinRTC(c *rtcRoom, user string, now time.Time) {
	if c.member(user) != nil {
		return
	}
	if len(c.members) == 0 {
		c.session, c.created, c.recording = a.Random.Token(24), now, ""
		a.tellRTC(c, rtcCreated, user, now, nil)
	}
	c.members = append(c.members, &rtcMember{user: user, joined: now})
	a.tellRTC(c, rtcJoined, user, now, nil)
}

func (a *App) leaveRTC(c *rtcRoom, now time.Time, users ...string) {
	for _, user := range users {
		m := c.member(user)
		if m == nil {
			continue
		}
		c.members = slices.DeleteFunc(c.members, func(o *rtcMember) bool { return o == m })
		a.tellRTC(c, rtcLeft, user, now, reply{"exitType": 1, "durationTime": now.Sub(m.joined).Milliseconds()})
		if len(c.members) == 0 {
			a.tellRTC(c, rtcDestroyed, user, now, reply{"durationTime": now.Sub(c.created).Milliseconds()})
		}
	}
}

// tellRTC sends a room status callback; more are fields of the event at hand.
func (a *App) tellRTC(c *rtcRoom, event int, user string, now time.Time, more reply) {
	body := reply{
		"appKey": a.Credential(keyName), "roomId": c.id, "sessionId": c.session, "event": event,
		"userId": user, "timestamp": now.UnixMilli(),
	}
	switch m := c.member(user); {
	case event == rtcSync:
		body["members"] = c.views()
	case m != nil && event == rtcStreams:
		body["members"] = []reply{m.view()}
	}
	for name, value := range more {
		body[name] = value
	}
	a.tell(CallbackRTC, user, body)
}

// startRecord and stopRecord hold the session against the room. INVENTED: 40003
// for a session or a recording that there is not.
func (a *App) startRecord(r request) (reply, *failure) {
	c := a.rtc[r.Header("Room-Id")]
	if c == nil || len(c.members) == 0 || c.session != r.text("sessionId") {
		return nil, fail(codeNoRTCRoom, "The room or session does not exist")
	}
	if c.recording == "" {
		c.recording = a.Random.Hex(32)
	}
	return reply{"recordId": c.recording, "errorMessage": ""}, nil
}

func (a *App) stopRecord(r request) (reply, *failure) {
	c := a.rtc[r.Header("Room-Id")]
	if c == nil || c.recording == "" || c.session != r.text("sessionId") {
		return nil, fail(codeNoRTCRoom, "No such recording")
	}
	id := c.recording
	c.recording = ""
	return reply{"recordId": id, "errorMessage": ""}, nil
}

// RTCMembers returns who is in an RTC room, in the order of joining.
func (a *App) RTCMembers(room string) []string {
	var users []string
	a.Do(func() {
		if c := a.rtc[room]; c != nil {
			for _, m := range c.members {
				users = append(users, m.user)
			}
		}
	})
	return users
}

// RTCSession names the life of an RTC room; empty when there is none.
func (a *App) RTCSession(room string) (session string) {
	a.Do(func() {
		if c := a.rtc[room]; c != nil {
			session = c.session
		}
	})
	return session
}
