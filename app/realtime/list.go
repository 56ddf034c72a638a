package realtime

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Listed is a session as operators and back ends see it.
type Listed struct {
	Key     Key
	Since   time.Time
	Over    Transit
	Polled  bool
	Waiting int // messages that it has not taken yet
}

// List returns the latest sessions of this node, at most limit, and how many there are.
func (h *Hub) List(limit int) (latest []Listed, total int) { return latestOf(h.all(), limit) }

// ListOf is List for one user.
func (h *Hub) ListOf(u User, limit int) (latest []Listed, total int) { return latestOf(h.of(u), limit) }

func latestOf(all []*Session, limit int) (latest []Listed, total int) {
	slices.SortFunc(all, func(a, b *Session) int { return cmp.Or(b.since.Compare(a.since), cmp.Compare(a.ID, b.ID)) })
	for _, s := range all[:min(limit, len(all))] {
		s.mu.Lock()
		latest = append(latest, Listed{s.Key, s.since, s.over, s.polled, len(s.backlog) + len(s.queue)})
		s.mu.Unlock()
	}
	return latest, len(all)
}

// of are a user's sessions on this node.
func (h *Hub) of(u User) []*Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.users[u]; l != nil {
		return slices.Clone(l.sessions)
	}
	return nil
}

// Users returns who has a session on this node.
func (h *Hub) Users() []User {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.users))
}

// Has reports whether the user has a session on this node.
func (h *Hub) Has(u User) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.users[u] != nil
}

// Sessions returns the number of sessions on this node.
func (h *Hub) Sessions() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.sessions)
}

// Census counts the sessions on this node by app and transit.
func (h *Hub) Census() map[string]map[Transit]int {
	counts := map[string]map[Transit]int{}
	for _, app := range h.deps.Apps {
		counts[app] = map[Transit]int{}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sessions {
		counts[s.Key.App][s.over]++
	}
	return counts
}

func (h *Hub) all() []*Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]*Session, 0, len(h.sessions))
	for _, s := range h.sessions {
		all = append(all, s)
	}
	return all
}
