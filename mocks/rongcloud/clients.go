package rongcloud

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// What a client of the vendor's SDK can be refused. The numbers are the vendor's
// client-side codes (docs/vendors/rongcloud.md#codes). INVENTED: 24408, 31004 and 31009.
var (
	ErrToken         = errors.New("31004: the token is not valid")
	ErrUserBlocked   = errors.New("31009: the user is blocked")
	ErrBlacklisted   = errors.New("405: blacklisted by the receiver")
	ErrTooFast       = errors.New("20604: more than 5 messages in a second")
	ErrNotInGroup    = errors.New("22406: not in the group")
	ErrGroupMuted    = errors.New("22408: muted in the group")
	ErrNotInChatRoom = errors.New("23406: not in the chat room")
	ErrChatRoomMuted = errors.New("23408: muted in the chat room")
	ErrRoomBlocked   = errors.New("23409: kept out of the room")
	ErrMessage       = errors.New("the message is not what the vendor takes")
	ErrNotInUltra    = errors.New("24406: not in the ultra group or its channel")
	ErrUltraMuted    = errors.New("24408: muted in the ultra group")
	ErrNoStream      = errors.New("not in the RTC room")
)

const clientRate = 5 // messages of one client in a second

// AddUser registers a user without a call, as if they had fetched a token.
func (a *App) AddUser(id, name string) {
	a.Do(func() {
		u := a.user(id)
		if !u.registered {
			u.registered, u.created = true, a.Clock.Now()
		}
		u.name = name
	})
}

// Users returns the ids of the registered users in the order of registering.
func (a *App) Users() []string {
	var ids []string
	a.Do(func() {
		for _, u := range a.registered() {
			ids = append(ids, u.id)
		}
	})
	return ids
}

// Connect brings the owner of a token online, as a client SDK does.
func (a *App) Connect(tokenText string) (user string, err error) {
	a.Do(func() {
		t, ok := a.tokens[tokenText]
		now := a.Clock.Now()
		switch {
		case !ok || !t.expires.IsZero() && !t.expires.After(now):
			err = ErrToken
		case a.user(t.user).blockedUntil.After(now) || a.user(t.user).inactive:
			err = ErrUserBlocked
		default:
			user = t.user
			a.connect(a.user(user), now)
		}
	})
	return user, err
}

// SetOnline connects or disconnects a user, with the callback that follows.
func (a *App) SetOnline(id string, online bool) {
	a.Do(func() {
		if now := a.Clock.Now(); online {
			a.connect(a.user(id), now)
		} else {
			a.disconnect(a.user(id), presenceOffline, now)
		}
	})
}

// Online reports whether a user is connected.
func (a *App) Online(id string) bool {
	online := false
	a.Do(func() { online = a.users[id] != nil && a.users[id].online })
	return online
}

func (a *App) connect(u *user, now time.Time) {
	if u.online {
		return
	}
	u.online, u.session = true, a.Random.Hex(16)
	a.fetch(u.id, now)
	a.tellPresence(u, presenceOnline, now)
}

func (a *App) disconnect(u *user, state string, now time.Time) {
	if !u.online {
		return
	}
	u.online, u.offlineSince = false, now
	a.tellPresence(u, state, now)
}

// ClientMessage is what a client SDK sends.
type ClientMessage struct {
	From       string `json:"from"`
	Kind       Kind   `json:"kind"`
	Target     string `json:"target"`
	ObjectName string `json:"objectName"`
	Content    string `json:"content"`
	BusChannel string `json:"busChannel,omitempty"` // of an ultra group
	OS         string `json:"os,omitempty"`         // empty: iOS
}

// Receipt is what the client learns of its message.
type Receipt struct {
	UID     string
	Blocked bool   // by a word or by the pre-send callback
	Extra   string // from the pre-send callback
}

// Send sends like a client: the rules between users, sensitive words, the
// pre-send callback and routing all apply.
func (a *App) Send(c ClientMessage) (Receipt, error) {
	var out Receipt
	var err error
	a.Do(func() { out, err = a.clientSend(c) })
	return out, err
}

func (a *App) clientSend(c ClientMessage) (Receipt, error) {
	now := a.Clock.Now()
	if c.OS == "" {
		c.OS = "iOS"
	}
	if !slices.Contains([]Kind{Private, Group, ChatRoom, Ultra}, c.Kind) || c.From == "" || c.Target == "" {
		return Receipt{}, fmt.Errorf("%w: from, target and kind private, group, chatroom or ultragroup are needed", ErrMessage)
	}
	if f := a.checkContent(c.ObjectName, c.Content); f != nil {
		return Receipt{}, fmt.Errorf("%w: %s", ErrMessage, f.text)
	}
	if err := a.mayTalk(c, now); err != nil {
		return Receipt{}, err
	}
	m := &message{
		kind: c.Kind, from: c.From, target: c.Target, objectName: c.ObjectName, content: c.Content,
		at: now, fromClient: true, os: c.OS,
	}
	if c.Kind == Ultra {
		m.busChannel = cmp.Or(c.BusChannel, defaultChannel)
	}
	v := a.send(m)
	return Receipt{UID: m.uid, Blocked: !v.deliver, Extra: v.extra}, nil
}

// mayTalk holds a client's message against the rules between users.
func (a *App) mayTalk(c ClientMessage, now time.Time) error {
	w := a.sent[c.From]
	if now.Sub(w.start).Abs() >= time.Second {
		w = window{start: now}
	}
	if w.used++; w.used > clientRate && !a.cfg.NoRateLimits {
		return ErrTooFast
	}
	a.sent[c.From] = w
	u := a.user(c.From)
	switch {
	case u.blockedUntil.After(now) || u.inactive:
		return ErrUserBlocked
	case c.Kind == Group:
		return a.mayTalkInGroup(a.group(c.Target), c.From, now)
	case c.Kind == Ultra:
		if g := a.ultras[c.Target]; g != nil {
			return g.mayTalk(c.From, c.BusChannel)
		}
		return ErrNotInUltra
	case c.Kind == ChatRoom:
		return a.mayTalkInRoom(a.room(c.Target, now), c.From, now)
	case u.noChat:
		return ErrUserBlocked
	case slices.Contains(a.user(c.Target).black, c.From):
		return ErrBlacklisted
	}
	return nil
}

func (a *App) mayTalkInGroup(g *group, user string, now time.Time) error {
	switch {
	case !slices.Contains(g.members, user):
		return ErrNotInGroup
	case slices.Contains(g.whitelist, user):
		return nil
	case g.banned || g.gags[user].After(now) || a.gags[user].After(now):
		return ErrGroupMuted
	}
	return nil
}

func (a *App) mayTalkInRoom(c *chatRoom, user string, now time.Time) error {
	switch {
	case !c.has(user):
		return ErrNotInChatRoom
	case c.gags[user].After(now) || a.mutes[user].After(now):
		return ErrChatRoomMuted
	case c.muted && !slices.Contains(c.whitelist, user):
		return ErrChatRoomMuted
	}
	return nil
}

// JoinChatRoom puts a user into a chat room, creating it when there is none.
func (a *App) JoinChatRoom(room, user string) error {
	var err error
	a.Do(func() {
		now := a.Clock.Now()
		c := a.openRoom(room, now)
		if c.blocked[user].After(now) {
			err = ErrRoomBlocked
			return
		}
		a.enter(c, user, now)
	})
	return err
}

// LeaveChatRoom takes a user out of a chat room.
func (a *App) LeaveChatRoom(room, user string) {
	a.Do(func() {
		if c := a.room(room, a.Clock.Now()); c != nil {
			a.leave(c, byCall, a.Clock.Now(), user)
		}
	})
}

// JoinRTC puts a user into an RTC room; the first one creates it.
func (a *App) JoinRTC(room, user string) error {
	var err error
	a.Do(func() {
		c, now := a.openRTC(room), a.Clock.Now()
		if !a.mayJoinRTC(c, user, now) {
			err = ErrRoomBlocked
			return
		}
		a.joinRTC(c, user, now)
	})
	return err
}

// LeaveRTC takes a user out of an RTC room; the last one ends it.
func (a *App) LeaveRTC(room, user string) {
	a.Do(func() {
		if c := a.rtc[room]; c != nil {
			a.leaveRTC(c, a.Clock.Now(), user)
		}
	})
}

// PublishRTC sets what a user sends into an RTC room.
func (a *App) PublishRTC(room, user string, streams ...Stream) error {
	err := ErrNoStream
	a.Do(func() {
		c := a.rtc[room]
		if m := c.member(user); m != nil {
			m.streams, err = streams, nil
			a.tellRTC(c, rtcStreams, user, a.Clock.Now(), nil)
		}
	})
	return err
}

// SyncRTC sends the periodic callback with all members of an RTC room.
func (a *App) SyncRTC(room string) {
	a.Do(func() {
		if c := a.rtc[room]; c != nil && len(c.members) > 0 {
			a.tellRTC(c, rtcSync, "", a.Clock.Now(), nil)
		}
	})
}
