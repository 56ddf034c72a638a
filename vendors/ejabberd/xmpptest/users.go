package xmpptest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Users are the clients of a host's users, one for each who is online.
type Users struct {
	Addr     string // where clients connect
	Host     string
	Secret   func(user string) string // with which the user logs in
	Sessions func(user string) int    // that the server has of the user
	// Failed is told what should not happen; the test ends.
	Failed func(format string, args ...any)

	mu      sync.Mutex // guards what follows
	online  map[string]*Client
	rooms   map[string][]string // that the user may hear
	earlier map[string][]string // what came to clients that are gone
	more    []*Client           // of Connect
}

// LogIn reports whether the user gets in with that secret. It leaves again at once.
func (u *Users) LogIn(user, secret string) bool {
	c, err := Dial(u.Addr, u.Host, user, secret, "probe", false)
	if err != nil {
		return false
	}
	c.Close()
	u.wait(user, func(n int) bool { return n == 0 || u.Client(user) != nil || u.others() })
	return true
}

func (u *Users) wait(user string, enough func(sessions int) bool) {
	for end := time.Now().Add(patience); !enough(u.Sessions(user)); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			u.Failed("%s still has %d sessions", user, u.Sessions(user))
			return
		}
	}
}

// Client is the user's; nil: none is online.
func (u *Users) Client(user string) *Client {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.online[user]
}

// SetOnline brings the user's one client, or takes it away.
func (u *Users) SetOnline(user string, online bool) {
	c := u.Client(user)
	switch {
	case online && (c == nil || c.gone()):
		u.take(user)
		c, err := Dial(u.Addr, u.Host, user, u.Secret(user), "client", true)
		if err != nil {
			u.Failed("%s logs in: %v", user, err)
			return
		}
		u.mu.Lock()
		if u.online == nil {
			u.online, u.rooms, u.earlier = map[string]*Client{}, map[string][]string{}, map[string][]string{}
		}
		u.online[user] = c
		u.mu.Unlock()
	case !online && c != nil:
		c.Close()
		u.take(user)
		u.wait(user, func(n int) bool { return n == 0 || u.others() })
	}
}

// Connect brings one more device of the user, and takes away the one of SetOnline.
func (u *Users) Connect(user, device string) {
	u.SetOnline(user, false)
	c, err := Dial(u.Addr, u.Host, user, u.Secret(user), device, true)
	if err != nil {
		u.Failed("%s logs in by %s: %v", user, device, err)
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.more = append(u.more, c)
}

func (c *Client) gone() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// others reports whether some have devices beside those of SetOnline.
func (u *Users) others() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.more) > 0
}

// take removes the user's client and keeps what it had received.
func (u *Users) take(user string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if c := u.online[user]; c != nil {
		u.earlier[user] = append(u.earlier[user], c.Messages()...)
		delete(u.online, user)
	}
}

// Hears names a room whose messages the user's client has to wait for in Inbox.
func (u *Users) Hears(user, room string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.rooms[user] = append(u.rooms[user], room)
}

// Join puts a user who is online into a room.
func (u *Users) Join(room, user string) error {
	c := u.Client(user)
	if c == nil {
		return fmt.Errorf("%s is offline", user)
	}
	u.Hears(user, room)
	return c.Join(room, user)
}

// Inbox is every message that has reached the user, as XML.
func (u *Users) Inbox(user string) []string {
	u.mu.Lock()
	c, rooms, earlier := u.online[user], u.rooms[user], u.earlier[user]
	u.mu.Unlock()
	out := append([]string(nil), earlier...)
	if c == nil {
		return out
	}
	if !c.gone() {
		if err := c.Sync(rooms...); err != nil && !c.gone() {
			u.Failed("%s: %v", user, err)
		}
	}
	return append(out, c.Messages()...)
}

// Close takes every client away.
func (u *Users) Close() {
	u.mu.Lock()
	all := slices.AppendSeq(u.more, maps.Values(u.online))
	u.online, u.more = nil, nil
	u.mu.Unlock()
	for _, c := range all {
		c.Close()
	}
}
