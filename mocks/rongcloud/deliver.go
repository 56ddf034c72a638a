package rongcloud

import (
	"maps"
	"slices"
	"time"
)

const (
	cacheLife   = 7 * 24 * time.Hour // of messages for users who are offline
	inboxSize   = 1000               // messages kept of each user
	maxMessages = 50_000             // messages that can be recalled or expanded
)

// Delivery is one message as one user gets it.
type Delivery struct {
	UID        string    `json:"messageUID"`
	Kind       Kind      `json:"kind"`
	From       string    `json:"from"`
	Target     string    `json:"target"`               // the group or chat room; the sender of a system message; else the user
	Channel    string    `json:"busChannel,omitempty"` // of an ultra group
	ObjectName string    `json:"objectName"`
	Content    string    `json:"content"`
	At         time.Time `json:"at"`
	Status     bool      `json:"status"` // sent as a status message
	Live       bool      `json:"live"`   // the user was online, or came online in time
	Pushed     bool      `json:"pushed"` // the user was offline and the message makes a push
	PushText   string    `json:"pushText"`
	PushExt    string    `json:"pushExt"`
	Extra      string    `json:"extraContent"` // the expansion that the message began with
}

// send passes the message through what the console has switched on, delivers
// it and tells the customer. The lock is let go while a callback is asked.
func (a *App) send(m *message) verdict {
	a.record(m)
	v := a.moderate(m)
	m.undelivered = !v.deliver
	if v.deliver {
		a.deliver(m)
	}
	if v.deliver || a.cfg.RouteBlocked {
		a.route(m, v)
	}
	return v
}

// record gives the message its id and keeps it for recall and expansion.
func (a *App) record(m *message) {
	m.uid = a.messageUID()
	m.expansion = maps.Clone(m.expansion)
	a.messages[m.uid] = m
	a.uids = append(a.uids, m.uid)
	if len(a.uids) > maxMessages {
		delete(a.messages, a.uids[0])
		a.uids = a.uids[1:]
	}
}

func (a *App) deliver(m *message) {
	if m.kind == ChatRoom {
		a.deliverToRooms(m)
		return
	}
	for _, id := range a.recipients(m) {
		a.put(id, m)
	}
	if m.includeSender && m.kind != Everybody {
		a.put(m.from, m)
	}
}

// recipients of a message outside chat rooms, without its sender.
func (a *App) recipients(m *message) []string {
	var ids []string
	switch m.kind {
	case Group:
		ids = a.group(m.target).memberIDs()
		if len(m.only) > 0 {
			ids = slices.DeleteFunc(ids, func(id string) bool { return !slices.Contains(m.only, id) })
		}
	case Everybody:
		for _, u := range a.registered() {
			if len(m.only) == 0 || slices.Contains(m.only, u.id) {
				ids = append(ids, u.id)
			}
		}
	case Ultra:
		ids = a.ultraAudience(m)
	case Discuss:
	default:
		return []string{m.target}
	}
	return without(ids, m.from)
}

// put delivers to one user, or keeps the message for them, or neither.
func (a *App) put(id string, m *message) {
	u := a.users[id]
	online := u != nil && u.online
	rule := traitsOf(m.objectName)
	if !online && (m.status || !rule.cached) {
		return
	}
	if m.checkBlacklist && u != nil && slices.Contains(u.black, m.from) {
		return
	}
	target := m.target
	if m.kind == System || m.kind == Everybody {
		target = m.from
	}
	list := append(a.inbox[id], Delivery{
		UID: m.uid, Kind: m.kind, From: m.from, Target: target, Channel: m.busChannel, ObjectName: m.objectName, Content: m.content,
		At: m.at, Status: m.status, Live: online,
		Pushed: !online && !m.noPush && (rule.pushes || m.pushContent != ""), PushText: m.pushContent,
		PushExt: m.pushExt, Extra: m.extraContent,
	})
	if len(list) > inboxSize {
		list = slices.Clone(list[inboxSize/4:])
	}
	a.inbox[id] = list
}

// Inbox returns what a user has got or would get on coming online now, oldest
// first: messages for users who are offline last 7 days.
func (a *App) Inbox(id string) []Delivery {
	var list []Delivery
	a.Do(func() { list = a.waiting(id, a.Clock.Now()) })
	return list
}

func (a *App) waiting(id string, now time.Time) []Delivery {
	return slices.DeleteFunc(slices.Clone(a.inbox[id]), func(d Delivery) bool { return !d.Live && now.Sub(d.At) >= cacheLife })
}

// fetch hands a user who came online what was kept for them.
func (a *App) fetch(id string, now time.Time) {
	list := a.waiting(id, now)
	for i := range list {
		list[i].Live = true
	}
	a.inbox[id] = list
}
