package realtime

import "time"

// A place is contested when living clients throw each other out of it: stock websocket
// clients come back whatever they are told. Then it stays with who holds it, and the
// other is refused, until that one stops trying for contestTime.
const (
	contestTurns = 3
	contestTime  = time.Minute
)

// contest counts how often a living client lost its place.
type contest struct {
	turns int
	last  time.Time
}

// Answered says that the client of a session that was closed is alive: it answered. Of
// one that was replaced it tells that two clients want one place; a client that comes
// back from a dead connection never answers there.
func (s *Session) Answered() {
	if s.Code() != Replaced {
		return
	}
	h := s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	c := h.contests[s.Key]
	if now.Sub(c.last) > contestTime {
		c.turns = 0
	}
	h.contests[s.Key] = contest{c.turns + 1, now}
}

// isContested reports whether the place's holder stays, and notes the attempt. h.mu is
// held.
func (h *Hub) isContested(k Key, now time.Time) bool {
	c, found := h.contests[k]
	if !found || c.turns < contestTurns || now.Sub(c.last) > contestTime {
		return false
	}
	c.last = now
	h.contests[k] = c
	return true
}

// forgetContests drops those that are over. h.mu is held.
func (h *Hub) forgetContests(now time.Time) {
	for k, c := range h.contests {
		if now.Sub(c.last) > contestTime {
			delete(h.contests, k)
		}
	}
}
