package linkv

import (
	"slices"
	"time"

	"switchboard/mocks/mock"
)

// Message is one that a user received.
type Message struct {
	ID          string
	Kind        string // "user", "event", "group", "room" or "system"
	From        string
	Target      string // user, group or room that it was sent to
	ObjectName  string
	Content     string
	PushContent string
	PushData    string
	At          time.Time
}

// App is one account: its users, messages, groups and coins. Its exported
// methods are for tests and may be called at any time.
type App struct {
	*mock.Namespace
	cfg   Config
	words words

	// All below is guarded by Namespace.Do.
	tokens    map[string]issued
	nonces    map[string]used
	nonceRoom int // nonces to keep before old ones are looked for
	inbox     map[string][]Message
	rooms     map[string][]string // members, by room
	roomLog   map[string][]Message
	online    map[string]bool
	blocked   map[string]time.Time       // until when, by user
	blacklist map[string]map[string]bool // who may not write, by receiver
	groups    map[string]*group
	accounts  map[string]*account
	byOpenID  map[string]*account
	orders    map[string]order // by request_id
}

type issued struct {
	user string
	at   time.Time
}

type used struct {
	sign string
	at   time.Time
}

func newApp(n *mock.Namespace, cfg Config, w words) *App {
	a := &App{Namespace: n, cfg: cfg, words: w}
	a.Reset()
	return a
}

// Reset forgets all users, messages, groups and coins. Within a test call it
// inside Do.
func (a *App) Reset() {
	a.tokens, a.nonces, a.nonceRoom = map[string]issued{}, map[string]used{}, 1024
	a.inbox, a.rooms, a.roomLog = map[string][]Message{}, map[string][]string{}, map[string][]Message{}
	a.online, a.blocked, a.blacklist = map[string]bool{}, map[string]time.Time{}, map[string]map[string]bool{}
	a.groups = map[string]*group{}
	a.accounts, a.byOpenID, a.orders = map[string]*account{}, map[string]*account{}, map[string]order{}
}

// Inbox returns what user received, oldest first.
func (a *App) Inbox(user string) (got []Message) {
	a.Do(func() { got = slices.Clone(a.inbox[user]) })
	return got
}

// RoomLog returns what was sent to room, oldest first.
func (a *App) RoomLog(room string) (got []Message) {
	a.Do(func() { got = slices.Clone(a.roomLog[room]) })
	return got
}

// JoinRoom puts user into room, as the client SDK does: the server API cannot.
func (a *App) JoinRoom(room, user string) {
	a.Do(func() { a.joinRoom(room, user) })
}

func (a *App) joinRoom(room, user string) {
	if !slices.Contains(a.rooms[room], user) {
		a.rooms[room] = append(a.rooms[room], user)
	}
}

// SetOnline connects or disconnects user.
func (a *App) SetOnline(user string, online bool) {
	a.Do(func() { a.online[user] = online })
}

// Blocked reports whether user is kept from sending.
func (a *App) Blocked(user string) (blocked bool) {
	a.Do(func() { blocked = a.isBlocked(user, a.Clock.Now()) })
	return blocked
}

// BlockedUntil is when the user's block ends, false when there is none.
func (a *App) BlockedUntil(user string) (until time.Time, blocked bool) {
	a.Do(func() { until, blocked = a.blocked[user], a.isBlocked(user, a.Clock.Now()) })
	return until, blocked
}

// TokenUser returns whose token it is, "" when it is none of ours or expired.
func (a *App) TokenUser(token string) (user string) {
	a.Do(func() {
		if t, ok := a.tokens[token]; ok && a.fresh(t, a.Clock.Now()) {
			user = t.user
		}
	})
	return user
}

// Members returns the users of a group, its first member first; nil when there
// is no such group, and while it is blocked.
func (a *App) Members(groupID string) (users []string) {
	a.Do(func() {
		if g := a.groups[groupID]; g != nil && !g.blocked {
			for _, m := range g.members {
				users = append(users, m.user)
			}
		}
	})
	return users
}

// GroupState is a group as LinkV keeps it.
type GroupState struct {
	Name    string
	Admin   string
	Gagged  bool     // nobody but the admin may talk
	Blocked bool     // dissolved, until somebody gives it back
	Mute    []string // members who may not talk
}

// Group returns the state of a group, false when there is no such group.
func (a *App) Group(id string) (s GroupState, exists bool) {
	a.Do(func() {
		g := a.groups[id]
		if exists = g != nil; !exists {
			return
		}
		s = GroupState{Name: g.name, Admin: g.admin, Gagged: g.gagged, Blocked: g.blocked}
		for _, m := range g.members {
			if m.gagged {
				s.Mute = append(s.Mute, m.user)
			}
		}
	})
	return s, exists
}

// Register makes sure that the live side knows user, and returns their openId.
func (a *App) Register(user string) (openID string) {
	a.Do(func() { openID = a.register(user).openID })
	return openID
}

// Balance returns the coins of a user or an openId; 0 for one who is not known.
func (a *App) Balance(userOrOpenID string) (coins int64) {
	a.Do(func() {
		if acc := a.account(userOrOpenID); acc != nil {
			coins = acc.coins
		}
	})
	return coins
}

// SetBalance gives a user or an openId that many coins; a user whom the live
// side does not know is registered.
func (a *App) SetBalance(userOrOpenID string, coins int64) {
	a.Do(func() { a.setBalance(userOrOpenID, coins) })
}

func (a *App) setBalance(userOrOpenID string, coins int64) {
	acc := a.account(userOrOpenID)
	if acc == nil {
		acc = a.register(userOrOpenID)
	}
	acc.coins = coins
}

func (a *App) account(userOrOpenID string) *account {
	if acc := a.byOpenID[userOrOpenID]; acc != nil {
		return acc
	}
	return a.accounts[userOrOpenID]
}

func (a *App) fresh(t issued, now time.Time) bool {
	return a.cfg.TokenTTL == 0 || now.Sub(t.at) < a.cfg.TokenTTL
}

func (a *App) issuedTo(token, user string, c *mock.Call) bool {
	t, ok := a.tokens[token]
	return ok && user != "" && t.user == user && a.fresh(t, c.Now)
}

func (a *App) isBlocked(user string, now time.Time) bool {
	return now.Before(a.blocked[user])
}
