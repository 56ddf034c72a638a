package livekit

import (
	"errors"
	"slices"
	"time"

	"switchboard/mocks/mock"
)

// ErrToken says that the server would not let the bearer of a join token in.
var ErrToken = errors.New("livekit: the join token is refused")

// Sources are what a track can be of, as the server spells them.
const (
	Camera      = "CAMERA"
	Microphone  = "MICROPHONE"
	ScreenShare = "SCREEN_SHARE"
	ScreenAudio = "SCREEN_SHARE_AUDIO"
)

// Permission is what a participant may do. Sources empty: all of them, if Publish.
type Permission struct {
	Publish, Subscribe, Data, Hidden, Recorder, UpdateMetadata bool
	Sources                                                    []string // "CAMERA"
}

// allows reports whether a track of source may be sent.
func (p Permission) allows(source string) bool {
	return p.Publish && (len(p.Sources) == 0 || slices.Contains(p.Sources, source))
}

// Packet is data that reached a participant.
type Packet struct {
	Room     string
	Topic    string
	Data     []byte
	Reliable bool
	To       []string
	Nonce    string
}

// Track is what a participant sends.
type Track struct {
	SID    string
	Source string
	Muted  bool
}

type participant struct {
	sid, identity, name, metadata string
	attributes                    map[string]any
	joined                        time.Time
	version                       int
	permission                    Permission
	tracks                        []*Track
}

type room struct {
	sid, name, metadata string
	created             time.Time
	empty, departure    time.Duration
	max                 int
	emptySince          time.Time // zero: somebody is in it
	left                bool      // somebody was in it once
	people              []*participant
}

func (r *room) find(identity string) *participant {
	if r == nil {
		return nil
	}
	for _, p := range r.people {
		if p.identity == identity {
			return p
		}
	}
	return nil
}

// App is one deployment: its rooms, who is in them, and what they received. Its
// exported methods are for tests and may be called at any time.
type App struct {
	*mock.Namespace
	cfg Config

	// All below is guarded by Namespace.Do.
	rooms   map[string]*room
	inbox   map[string][]Packet
	egress  []*recording
	serials map[string]int
}

func newApp(n *mock.Namespace, cfg Config) *App {
	a := &App{Namespace: n, cfg: cfg}
	if cfg.Webhooks != "" {
		n.Callbacks.Target("", cfg.Webhooks)
	}
	a.Reset()
	return a
}

// Reset forgets all rooms and recordings. Within a test call it inside Do.
func (a *App) Reset() {
	a.rooms, a.inbox, a.egress, a.serials = map[string]*room{}, map[string][]Packet{}, nil, map[string]int{}
}

func (a *App) sid(prefix string) string { return prefix + a.Random.Token(12) }

const (
	emptyTimeout     = 300 * time.Second // of a room that nobody came to
	departureTimeout = 20 * time.Second  // of one that everybody left
)

// open returns the room of that name, made when it is not there.
func (a *App) open(name string) *room {
	if r := a.rooms[name]; r != nil {
		return r
	}
	now := a.Clock.Now()
	r := &room{sid: a.sid("RM_"), name: name, created: now, emptySince: now, empty: emptyTimeout, departure: departureTimeout}
	a.rooms[name] = r
	a.tell("room_started", map[string]any{"room": r.view()}, "")
	return r
}

// sweep ends rooms that were empty for too long.
func (a *App) sweep(now time.Time) {
	for name, r := range a.rooms {
		wait := r.empty
		if r.left {
			wait = r.departure
		}
		if !r.emptySince.IsZero() && now.Sub(r.emptySince) >= wait {
			a.end(name)
		}
	}
}

// end takes the room away; whoever is in it is put out first.
func (a *App) end(name string) {
	r := a.rooms[name]
	for _, p := range slices.Clone(r.people) {
		a.leave(r, p, "ROOM_DELETED")
	}
	delete(a.rooms, name)
	a.tell("room_finished", map[string]any{"room": r.view()}, "")
}

// Join lets a participant in by a join token, as a client's SDK does, and makes the
// room. ErrToken when the token does not allow it.
func (a *App) Join(raw string) (err error) {
	a.Do(func() {
		t, readable := unpack(raw)
		if !readable || t.Issuer != a.Credential("api_key") || t.fault(raw, a.Credential("api_secret"), a.Clock.Now().Unix()) != "" || !t.Video.RoomJoin {
			err = ErrToken
			return
		}
		a.enter(t.Video.Room, t.user(), t.Name, t.Video.permission())
	})
	return err
}

// Claims are what a join token says, when the server would let its bearer in now.
type Claims struct {
	Room, Identity, Name string
	Admin                bool
	Expires              time.Time
	Permission
}

// Read returns what a join token allows; false when it is refused.
func (a *App) Read(raw string) (c Claims, ok bool) {
	t, readable := unpack(raw)
	if !readable || t.Issuer != a.Credential("api_key") || t.fault(raw, a.Credential("api_secret"), a.Clock.Now().Unix()) != "" || !t.Video.RoomJoin {
		return c, false
	}
	return Claims{
		Room: t.Video.Room, Identity: t.user(), Name: t.Name, Admin: t.Video.RoomAdmin,
		Expires: time.Unix(*t.Expires, 0), Permission: t.Video.permission(),
	}, true
}

func (t token) user() string {
	if t.Identity != "" {
		return t.Identity
	}
	return t.Subject
}

// permission is what the token's bearer may do: what it does not name is granted.
func (g grant) permission() Permission {
	granted := func(b *bool, otherwise bool) bool {
		if b == nil {
			return otherwise
		}
		return *b
	}
	p := Permission{Publish: granted(g.CanPublish, true), Subscribe: granted(g.CanSubscribe, true), Hidden: g.Hidden}
	p.Data = granted(g.CanPublishData, p.Publish)
	for _, s := range g.CanPublishSources {
		p.Sources = append(p.Sources, sourceNames[s])
	}
	if len(p.Sources) > 0 {
		p.Publish = true // the list stands above the word
	}
	return p
}

var sourceNames = map[string]string{"camera": Camera, "microphone": Microphone, "screen_share": ScreenShare, "screen_share_audio": ScreenAudio}

// Enter puts a participant into a room with all rights; the room is made if it is not
// there.
func (a *App) Enter(name, identity string) {
	a.Do(func() { a.enter(name, identity, identity, Permission{Publish: true, Subscribe: true, Data: true}) })
}

func (a *App) enter(name, identity, shown string, may Permission) {
	now := a.Clock.Now()
	a.sweep(now)
	r := a.open(name)
	if old := r.find(identity); old != nil {
		a.leave(r, old, "DUPLICATE_IDENTITY")
	}
	p := &participant{sid: a.sid("PA_"), identity: identity, name: shown, joined: now, permission: may, attributes: map[string]any{}}
	r.people, r.emptySince = append(r.people, p), time.Time{}
	a.tell("participant_joined", map[string]any{"room": r.view(), "participant": p.view("ACTIVE", "")}, identity)
}

// Leave takes a participant out; reason is the server's word, CLIENT_INITIATED for "".
func (a *App) Leave(name, identity, reason string) {
	a.Do(func() {
		if r := a.rooms[name]; r.find(identity) != nil {
			if reason == "" {
				reason = "CLIENT_INITIATED"
			}
			a.leave(r, r.find(identity), reason)
		}
	})
}

func (a *App) leave(r *room, p *participant, reason string) {
	for _, t := range p.tracks {
		a.tellTrack("track_unpublished", r, p, t)
	}
	p.tracks = nil
	r.people = slices.DeleteFunc(r.people, func(other *participant) bool { return other == p })
	if r.left = true; len(r.people) == 0 {
		r.emptySince = a.Clock.Now()
	}
	a.tell("participant_left", map[string]any{"room": r.view(), "participant": p.view("DISCONNECTED", reason)}, p.identity)
}

// Publish has a participant send a track of source; false when they are not there or
// may not.
func (a *App) Publish(name, identity, source string) (sent bool) {
	a.Do(func() {
		r := a.rooms[name]
		p := r.find(identity)
		if p == nil || !p.permission.allows(source) {
			return
		}
		t := &Track{SID: a.sid("TR_"), Source: source}
		p.tracks, sent = append(p.tracks, t), true
		p.version++
		a.tellTrack("track_published", r, p, t)
	})
	return sent
}

// Members lists who is in a room, in order of joining; nil: no such room.
func (a *App) Members(name string) (users []string) {
	a.Do(func() {
		if r := a.rooms[name]; r != nil {
			users = []string{}
			for _, p := range r.people {
				users = append(users, p.identity)
			}
		}
	})
	return users
}

// Session is the room's sid; empty: no such room.
func (a *App) Session(name string) (sid string) {
	a.Do(func() {
		if r := a.rooms[name]; r != nil {
			sid = r.sid
		}
	})
	return sid
}

// Tracks returns what a participant sends.
func (a *App) Tracks(name, identity string) (out []Track) {
	a.Do(func() {
		if p := a.rooms[name].find(identity); p != nil {
			for _, t := range p.tracks {
				out = append(out, *t)
			}
		}
	})
	return out
}

// Permission is what a participant may do.
func (a *App) Permission(name, identity string) (may Permission) {
	a.Do(func() {
		if p := a.rooms[name].find(identity); p != nil {
			may = p.permission
		}
	})
	return may
}

// Inbox returns the data that reached a user, oldest first.
func (a *App) Inbox(user string) (got []Packet) {
	a.Do(func() { got = slices.Clone(a.inbox[user]) })
	return got
}

// Unmute ends the mutes of a participant, as they may themselves.
func (a *App) Unmute(name, identity string) {
	a.Do(func() {
		if p := a.rooms[name].find(identity); p != nil {
			for _, t := range p.tracks {
				t.Muted = false
			}
		}
	})
}

// Silence has a participant send nothing.
func (a *App) Silence(name, identity string) {
	a.Do(func() {
		if r := a.rooms[name]; r.find(identity) != nil {
			p := r.find(identity)
			for _, t := range p.tracks {
				a.tellTrack("track_unpublished", r, p, t)
			}
			p.tracks = nil
		}
	})
}

// Destroy ends a room, as an operator of the server would.
func (a *App) Destroy(name string) {
	a.Do(func() {
		if a.rooms[name] != nil {
			a.end(name)
		}
	})
}
