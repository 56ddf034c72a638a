package realtime

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"switchboard/vendors"
)

// Transit is how messages reach a session's client.
type Transit string

// The transits: those of the gateway API, and the socket of the conversation API.
const (
	WebSocket    Transit = "websocket"
	EventStream  Transit = "events"
	LongPoll     Transit = "poll"
	ClientSocket Transit = "socket"
)

// Transits lists all.
func Transits() []Transit { return []Transit{WebSocket, EventStream, LongPoll, ClientSocket} }

// Login is a client's wish for a session.
type Login struct {
	Key     Key
	Expires time.Time // of the token; the session ends then. Zero: never
	Unnamed bool      // the client names no device: others of its platform may share Key, up to Config.PlatformSessions
	Poll    bool      // a long poll: emptied by Wait, kept for a while between two
	Over    Transit   // for metrics and the log
	Resume  bool      // continue after Since
	Since   string    // the last message id that the client has; empty: from now on
}

func (l Login) resumes() bool { return l.Resume && l.Since != "" }

// Open takes the place that the login names: an older session there is closed
// with Replaced. With Resume, what the client missed comes first; recovered is
// false when that was too much and the client has to read the history. Pushed
// sessions then get their connection with Session.Start.
func (h *Hub) Open(ctx context.Context, l Login) (s *Session, recovered bool, err error) {
	s = &Session{
		Key: l.Key, ID: sessionID(), hub: h, over: l.Over, request: vendors.RequestID(ctx),
		since: time.Now(), expires: l.Expires, done: make(chan struct{}),
	}
	s.nextPing = s.since.Add(h.pingEvery(l.Key.Dialect))
	if l.resumes() {
		// What is in the log by now is missed, or history: it need not come live.
		if s.after, err = h.deps.Messages.Last(ctx, l.Key.App); err != nil {
			return nil, false, fmt.Errorf("realtime: end of the log: %w", err)
		}
	}
	if l.Poll {
		s.polled, s.idleSince = true, s.since
	}
	s.group = s.Key
	if l.Unnamed && !l.Poll && h.cfg.PlatformSessions > 1 {
		s.Key.DeviceID += "#" + s.ID // a place of its own
	}
	older, err := h.register(s)
	if err != nil {
		return nil, false, err
	}
	for _, o := range older {
		h.close(o, Replaced)
	}
	recovered, err = h.prepare(ctx, s, l)
	if err != nil {
		s.End(Internal)
		return nil, false, err
	}
	if l.resumes() {
		if s.position = l.Since; !recovered {
			s.position = s.after
		}
	}
	return s, recovered, nil
}

// Poll returns the pulled session that waits for the login's next poll, or opens
// one.
func (h *Hub) Poll(ctx context.Context, l Login) (*Session, error) {
	l.Poll, l.Resume, l.Over = true, false, LongPoll
	h.mu.Lock()
	s := h.sessions[l.Key]
	h.mu.Unlock()
	if s != nil && s.polled {
		s.renew(l.Expires)
		return s, nil
	}
	s, _, err := h.Open(ctx, l)
	return s, err
}

// renew takes over the end of a newer token.
func (s *Session) renew(expires time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expires = expires
}

// prepare makes s live and puts in front what the client missed. Live messages
// wait in the queue meanwhile: every message is in what was missed, or in the
// queue, or in both and then taken once.
func (h *Hub) prepare(ctx context.Context, s *Session, l Login) (recovered bool, err error) {
	u := s.Key.User
	joined, err := h.deps.Members.Joined(ctx, u)
	if err != nil {
		return false, fmt.Errorf("realtime: conversations of a session: %w", err)
	}
	h.mu.Lock()
	if l := h.users[u]; l != nil {
		h.joinAudiences(u, l, joined)
	}
	end := h.position[u.App]
	s.position = max(end, h.lastCommand(u))
	h.mu.Unlock()
	if !l.resumes() {
		s.skip(end)
		return l.Resume, nil
	}
	missed, recovered, err := h.deps.Messages.Missed(ctx, u, l.Since)
	if err != nil {
		return false, fmt.Errorf("realtime: messages after %s: %w", l.Since, err)
	}
	s.prepend(missed, h.commandsAfter(u, l.Since, time.Now()))
	return recovered, nil
}

// skip leaves out what is in the log up to id: a session that does not resume
// begins there.
func (s *Session) skip(id string) {
	s.mu.Lock()
	s.after = max(s.after, id)
	s.mu.Unlock()
	s.prepend(nil, nil)
}

// Beginning is the position before every message.
const Beginning = "22222-2222-2222-222"

// Position is where the session begins: whoever resumes from there misses nothing
// that it was to get.
func (s *Session) Position() string { return cmp.Or(s.position, Beginning) }

// prepend puts the missed messages and commands in front of the live ones and
// drops the live ones that are among them.
func (s *Session) prepend(missed, commands []*Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(missed) > 0 {
		s.after = max(s.after, missed[len(missed)-1].ID)
	}
	s.queue = slices.DeleteFunc(s.queue, func(m *Message) bool {
		twice := s.alreadyHas(m) || slices.Contains(commands, m)
		if twice {
			s.bytes -= len(s.hub.Frame(s.Key.Dialect, m))
		}
		return twice
	})
	s.backlog = slices.Concat(missed, commands)
	slices.SortStableFunc(s.backlog, func(a, b *Message) int { return cmp.Compare(a.ID, b.ID) })
}
