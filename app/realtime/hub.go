package realtime

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Deps is what a Hub works with. Presence and Opened may be nil; they are called one
// after the other, in the order of events, with no lock held.
type Deps struct {
	Apps     []string // whose messages are followed
	Messages Log
	Members  Members
	Encode   Encoder
	Log      *slog.Logger
	Presence func(Presence)
	// Opened tells that a session took its place here, so that other nodes can
	// close an older one with the same key: see Supersede.
	Opened func(Opening)
}

// Opening is a session's claim to its key, as other nodes hear of it.
type Opening struct {
	Key     Key
	Session string
	At      time.Time
}

// Hub holds the sessions of this node. No lock is held across I/O.
type Hub struct {
	cfg  Config
	deps Deps

	ctx    context.Context // ends when the hub stops
	cancel context.CancelFunc
	loops  sync.WaitGroup
	news   chan struct{} // the log may have grown
	told   chan struct{} // h.commits or h.heard has grown
	events chan struct{} // h.pending has grown

	commits commits

	mu        sync.Mutex // guards what follows; Session.mu may be taken under it
	sessions  map[Key]*Session
	users     map[User]*localUser
	audiences map[conversationKey]*audience
	position  map[string]string // by app: id of the last message that was dispatched
	heard     map[string]string // by app: id up to which its log has grown
	upTo      int64             // all commits up to here are delivered, see Commit; follow alone writes it
	moved     chan struct{}     // closed, and made anew, when upTo has changed
	unstored  []unstored
	commands  map[User][]command
	contests  map[Key]contest
	pending   []func() // events to tell
	stopping  bool
}

// localUser is a user with sessions on this node.
type localUser struct {
	sessions  []*Session
	audiences map[*audience]struct{}
}

// New starts a hub at the ends of the logs. Stop it with Shutdown.
func New(ctx context.Context, cfg Config, deps Deps) (*Hub, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	position := make(map[string]string, len(deps.Apps))
	for _, app := range deps.Apps {
		last, err := deps.Messages.Last(ctx, app)
		if err != nil {
			return nil, err
		}
		position[app] = last
	}
	deps.Log = deps.Log.With("component", "realtime")
	h := &Hub{
		cfg: cfg, deps: deps,
		news:      make(chan struct{}, 1),
		told:      make(chan struct{}, 1),
		events:    make(chan struct{}, 1),
		sessions:  map[Key]*Session{},
		users:     map[User]*localUser{},
		audiences: map[conversationKey]*audience{},
		commands:  map[User][]command{},
		contests:  map[Key]contest{},
		position:  position,
		heard:     map[string]string{},
		moved:     make(chan struct{}),
	}
	h.ctx, h.cancel = context.WithCancel(context.WithoutCancel(ctx))
	h.loops.Go(h.follow)
	h.loops.Go(h.heartbeat)
	h.loops.Go(h.notify)
	return h, nil
}

// Wake says that the log has grown. It never blocks.
func (h *Hub) Wake() { signal(h.news) }

// Shutdown closes every session with 3000 and waits until nothing of the hub
// runs any more, or ctx ends.
func (h *Hub) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	h.stopping = true
	all := make([]*Session, 0, len(h.sessions))
	for _, s := range h.sessions {
		all = append(all, s)
	}
	h.mu.Unlock()
	for _, s := range all {
		h.close(s, Shutdown)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, s := range all {
			s.workers.Wait()
		}
		h.cancel()
		h.loops.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		h.cancel()
		return ctx.Err()
	}
}

// register gives s its place and returns the sessions that have to go: the one that had
// it, and the oldest where there are too many. ErrStopping, ErrContested.
func (h *Hub) register(s *Session) (older []*Session, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopping {
		return nil, ErrStopping
	}
	if h.sessions[s.Key] != nil && h.isContested(s.Key, s.since) {
		return nil, ErrContested
	}
	u := h.users[s.Key.User]
	if u == nil {
		u = &localUser{audiences: map[*audience]struct{}{}}
		h.users[s.Key.User] = u
	}
	if had := h.sessions[s.Key]; had != nil {
		u.drop(had)
		older = append(older, had)
	}
	u.sessions = append(u.sessions, s)
	for _, o := range u.excess(s.group, h.cfg) {
		u.drop(o)
		delete(h.sessions, o.Key)
		older = append(older, o)
	}
	h.sessions[s.Key] = s
	h.announceSession(s, len(u.sessions))
	return older, nil
}

// excess returns the oldest sessions above the bounds: of those of a group, and of all.
func (l *localUser) excess(group Key, cfg Config) (out []*Session) {
	same := slices.DeleteFunc(slices.Clone(l.sessions), func(s *Session) bool { return s.group != group })
	if n := len(same) - max(cfg.PlatformSessions, 1); n > 0 {
		out = append(out, same[:n]...)
	}
	rest := slices.DeleteFunc(slices.Clone(l.sessions), func(s *Session) bool { return slices.Contains(out, s) })
	if n := len(rest) - cfg.UserSessions; cfg.UserSessions > 0 && n > 0 {
		out = append(out, rest[:n]...)
	}
	return out
}

// drop takes s out of the user's sessions and says whether it was there.
func (l *localUser) drop(s *Session) bool {
	i := slices.Index(l.sessions, s)
	if i < 0 {
		return false
	}
	l.sessions = slices.Delete(l.sessions, i, i+1)
	return true
}

// announceSession queues what the rest of the product hears of a new session.
func (h *Hub) announceSession(s *Session, devices int) {
	if h.deps.Opened != nil {
		o := Opening{Key: s.Key, Session: s.ID, At: s.since}
		h.enqueueEvent(func() { h.deps.Opened(o) })
	}
	h.announcePresence(s.Key.User, devices)
}

// announcePresence queues a presence event. h.mu is held.
func (h *Hub) announcePresence(u User, devices int) {
	if h.deps.Presence != nil {
		h.enqueueEvent(func() { h.deps.Presence(Presence{User: u, Devices: devices}) })
	}
}

func (h *Hub) enqueueEvent(f func()) {
	h.pending = append(h.pending, f)
	signal(h.events)
}

// close ends s once; later calls do nothing.
func (h *Hub) close(s *Session, code Code) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed, s.code = true, code
	s.backlog, s.queue, s.bytes = nil, nil, 0
	close(s.done)
	if t := s.transport; t != nil {
		s.workers.Go(func() { t.Close(code) })
	}
	s.mu.Unlock()
	h.remove(s)
	h.deps.Log.Info("session ended", "request_id", s.request, "app", s.Key.App, "user", s.Key.User.ID, "over", s.over,
		"code", int(code), "reason", code.String(), "took_ms", time.Since(s.since).Milliseconds())
}

// remove takes a closed session out of the index. One that was replaced here has
// left it already: its user was never away.
func (h *Hub) remove(s *Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sessions[s.Key] == s {
		delete(h.sessions, s.Key)
	}
	u := h.users[s.Key.User]
	if u == nil || !u.drop(s) {
		return
	}
	h.announcePresence(s.Key.User, len(u.sessions))
	if len(u.sessions) == 0 {
		h.dropUser(s.Key.User, u)
	}
}

// Supersede closes the session that has the same key as one opened later on
// another node. Of two opened at the same instant the greater id stays.
func (h *Hub) Supersede(o Opening) {
	h.mu.Lock()
	s := h.sessions[o.Key]
	keep := s != nil && h.isContested(o.Key, time.Now())
	h.mu.Unlock()
	if s == nil || s.ID == o.Session || keep {
		return
	}
	if c := cmp.Or(s.since.Compare(o.At), cmp.Compare(s.ID, o.Session)); c < 0 {
		h.close(s, Replaced)
	}
}

// Ban closes a user's sessions on this node.
func (h *Hub) Ban(u User) { h.End(u, Banned) }

// End closes a user's sessions on this node with a code.
func (h *Hub) End(u User, code Code) {
	for _, s := range h.of(u) {
		h.close(s, code)
	}
}

// EndDevice closes those of one device alone.
func (h *Hub) EndDevice(d Device, code Code) {
	for _, s := range h.of(d.User) {
		if s.Key.of(d) {
			h.close(s, code)
		}
	}
}

// heartbeat looks at every session four times in the shortest of its intervals.
func (h *Hub) heartbeat() {
	tick := time.NewTicker(min(h.cfg.GatewayPing, h.cfg.SocketPing, h.cfg.PollLinger) / 4)
	defer tick.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case now := <-tick.C:
			for _, s := range h.all() {
				if code, over := s.tick(now); over {
					h.close(s, code)
				}
			}
			h.expire(now)
		}
	}
}

// notify calls the queued events in order; at the end those of the last leaving too.
func (h *Hub) notify() {
	for {
		select {
		case <-h.events:
			h.notifyPending()
		case <-h.ctx.Done():
			h.notifyPending()
			return
		}
	}
}

func (h *Hub) notifyPending() {
	h.mu.Lock()
	events := h.pending
	h.pending = nil
	h.mu.Unlock()
	for _, f := range events {
		f()
	}
}

func (h *Hub) pingEvery(d Dialect) time.Duration {
	if d == Socket {
		return h.cfg.SocketPing
	}
	return h.cfg.GatewayPing
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func sessionID() string { return rand.Text() }
