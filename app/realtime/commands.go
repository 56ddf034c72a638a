package realtime

import "time"

// A command is not history: it is kept for resume until it expires, in the
// memory of every node (docs/conversations.md#commands).
type command struct {
	m       *Message
	expires time.Time
}

// Commands kept for one user; the oldest goes first.
const commandsPerUser = 100

// Command delivers m to all sessions of a user and keeps it for those that
// resume before it expires.
func (h *Hub) Command(to User, m *Message, expires time.Time) {
	h.mu.Lock()
	kept := append(h.commands[to], command{m, expires})
	if len(kept) > commandsPerUser {
		kept = kept[1:]
	}
	h.commands[to] = kept
	h.mu.Unlock()
	h.enqueueUnstored(unstored{m: m, to: to})
}

// lastCommand is the id of the user's newest command that is kept; empty when there is
// none. h.mu is held.
func (h *Hub) lastCommand(u User) string {
	kept := h.commands[u]
	if len(kept) == 0 {
		return ""
	}
	return kept[len(kept)-1].m.ID
}

// commandsAfter returns the user's commands that are younger than the id and
// have not expired.
func (h *Hub) commandsAfter(u User, id string, now time.Time) (after []*Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.commands[u] {
		if c.m.ID > id && now.Before(c.expires) {
			after = append(after, c.m)
		}
	}
	return after
}

// expire forgets the commands whose time is over.
func (h *Hub) expire(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for u, kept := range h.commands {
		live := kept[:0]
		for _, c := range kept {
			if now.Before(c.expires) {
				live = append(live, c)
			}
		}
		if h.commands[u] = live; len(live) == 0 {
			delete(h.commands, u)
		}
	}
	h.forgetContests(now)
}
