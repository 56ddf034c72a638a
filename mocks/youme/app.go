package youme

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"switchboard/mocks/mock"
)

// ErrBanned says that a user was kicked and the time of the kick is not over.
var ErrBanned = errors.New("youme: the user is banned from the channel")

// Media is what a user sends into a channel.
type Media struct {
	Video        bool `json:"video"`
	Audio        bool `json:"audio"`
	FrameRate    int  `json:"frame_rate"`     // frames a second
	VideoBitRate int  `json:"video_bit_rate"` // kbit/s
	AudioBitRate int  `json:"audio_bit_rate"` // kbit/s
}

// Call is one stay of a user in a channel.
type Call struct {
	Channel string
	Joined  time.Time
	Left    time.Time
}

// Text is a message that a user received, in a channel or from another user.
type Text struct {
	Channel string // empty: a private one
	From    string
	Content string
	At      time.Time
}

type member struct {
	user     string
	joined   time.Time
	media    Media
	speaking bool
	identity int64  // 1 to 6
	request  *int64 // the highest RequstId so far
}

type channel struct {
	members []*member // in order of joining
	banned  map[string]time.Time
}

func (ch *channel) member(user string) *member {
	for _, m := range ch.members {
		if m.user == user {
			return m
		}
	}
	return nil
}

// App is one account: its channels, calls and IM. Its exported methods are for
// tests and may be called at any time.
type App struct {
	*mock.Namespace
	cfg   Config
	appID int64

	// All below is guarded by Namespace.Do.
	channels   map[string]*channel
	calls      map[string][]Call // by user, oldest first
	inbox      map[string][]Text
	imChannels map[string][]string // users, by IM channel
	imTokens   map[string]string
	silenced   map[string]time.Time // until when
	imSeen     map[[2]string]bool   // sender and MsgSeq
	serial     int
	notices    map[int64]Notice
}

func newApp(n *mock.Namespace, cfg Config) *App {
	id, _ := strconv.ParseInt(n.Credential("app_id"), 10, 64) // fill saw to it
	a := &App{Namespace: n, cfg: cfg, appID: id}
	a.Reset()
	return a
}

// Reset forgets all channels, calls and messages. Within a test call it inside Do.
func (a *App) Reset() {
	a.channels, a.calls, a.inbox = map[string]*channel{}, map[string][]Call{}, map[string][]Text{}
	a.imChannels, a.imTokens = map[string][]string{}, map[string]string{}
	a.notices = map[int64]Notice{}
	a.silenced, a.imSeen, a.serial = map[string]time.Time{}, map[[2]string]bool{}, 0
}

// Open makes an empty channel, which is idle until somebody joins. Join does
// it too.
func (a *App) Open(name string) { a.Do(func() { a.open(name) }) }

func (a *App) open(name string) *channel {
	ch := a.channels[name]
	if ch == nil {
		ch = &channel{banned: map[string]time.Time{}}
		a.channels[name] = ch
	}
	return ch
}

// Join puts a user into a channel, as the client SDK does; ErrBanned after a
// kick. Joining again changes the media.
func (a *App) Join(name, user string, media Media) (err error) {
	a.Do(func() { err = a.join(name, user, media) })
	return err
}

func (a *App) join(name, user string, media Media) error {
	ch, now := a.open(name), a.Clock.Now()
	switch m := ch.member(user); {
	case now.Before(ch.banned[user]):
		return ErrBanned
	case m != nil:
		m.media = media
	default:
		ch.members = append(ch.members, &member{user: user, joined: now, media: media, identity: 1})
	}
	return nil
}

// Leave takes a user out of a channel and writes the call down. The channel
// stays, idle.
func (a *App) Leave(name, user string) { a.Do(func() { a.leave(name, user) }) }

func (a *App) leave(name, user string) {
	ch := a.channels[name]
	if ch == nil || ch.member(user) == nil {
		return
	}
	a.calls[user] = append(a.calls[user], Call{Channel: name, Joined: ch.member(user).joined, Left: a.Clock.Now()})
	ch.members = slices.DeleteFunc(ch.members, func(m *member) bool { return m.user == user })
}

// Destroy takes everybody out and the channel away.
func (a *App) Destroy(name string) {
	a.Do(func() {
		if ch := a.channels[name]; ch != nil {
			for _, m := range slices.Clone(ch.members) {
				a.leave(name, m.user)
			}
			delete(a.channels, name)
		}
	})
}

// Speak gives a user the microphone or takes it; false when they are not there.
func (a *App) Speak(name, user string, on bool) (there bool) {
	a.Do(func() { there = a.speak(name, user, on) })
	return there
}

func (a *App) speak(name, user string, on bool) (there bool) {
	ch := a.channels[name]
	if ch == nil || ch.member(user) == nil {
		return false
	}
	ch.member(user).speaking = on
	return true
}

// Members returns who is in a channel, in order of joining.
func (a *App) Members(name string) (users []string) {
	a.Do(func() {
		if ch := a.channels[name]; ch != nil {
			for _, m := range ch.members {
				users = append(users, m.user)
			}
		}
	})
	return users
}

// Identity returns the user's role in a channel, 1 to 6; 0 when they are not there.
func (a *App) Identity(name, user string) (identity int) {
	a.Do(func() {
		if ch := a.channels[name]; ch != nil && ch.member(user) != nil {
			identity = int(ch.member(user).identity)
		}
	})
	return identity
}

// Inbox returns what user received, oldest first.
func (a *App) Inbox(user string) (got []Text) {
	a.Do(func() { got = slices.Clone(a.inbox[user]) })
	return got
}

// AddCall writes a past stay into a user's history.
func (a *App) AddCall(user string, c Call) {
	a.Do(func() { a.calls[user] = append(a.calls[user], c) })
}

// IMToken returns a user's IM token; empty when they have none.
func (a *App) IMToken(user string) (token string) {
	a.Do(func() { token = a.imTokens[user] })
	return token
}
