package realtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Messages of one read of a log, for all conversations of the batch and all sessions.
const readBatch = 500

// Audiences without anyone here are kept up to this number, so that their member
// lists are not read again for every message.
const emptyAudiences = 50_000

// unstored is a transient message, or a command when to is set.
type unstored struct {
	m  *Message
	to User
}

// Beyond this number of unstored messages in wait, new ones are dropped: they
// are for those who are online now.
const unstoredLimit = 10_000

// Transient delivers a message that is not stored to the members who are online.
// m.MemberVersion has to be the version that the send was checked against.
func (h *Hub) Transient(m *Message) { h.enqueueUnstored(unstored{m: m}) }

func (h *Hub) enqueueUnstored(x unstored) {
	h.mu.Lock()
	if len(h.unstored) < unstoredLimit {
		h.unstored = append(h.unstored, x)
	}
	h.mu.Unlock()
	h.Wake()
}

// follow delivers the log as it grows, woken by news and by its own slow poll:
// without news only the latency grows.
func (h *Hub) follow() {
	poll := time.NewTicker(h.cfg.ReadEvery)
	defer poll.Stop()
	for read := true; ; {
		if err := h.catchUp(read); err != nil && h.ctx.Err() == nil {
			h.deps.Log.Error("messages not delivered, will try again", "error", err)
		}
		read = false
		select {
		case <-h.told:
		case <-h.news:
			read = true
		case <-poll.C:
			read = true
		case <-h.ctx.Done():
			return
		}
	}
}

// catchUp delivers what this node has committed and, where that does not follow what was
// delivered before, or is not all, reads to the ends of the logs. Then it delivers what is
// not stored, which never overtakes a message that was committed before it.
func (h *Hub) catchUp(read bool) (err error) {
	h.mu.Lock()
	waiting := h.unstored
	h.unstored = nil
	h.mu.Unlock()
	all := h.commits.take()
	followed := h.deliverCommits(all)
	if behind := h.isBehind(); behind || !followed || read || len(waiting) > 0 {
		err = h.readLogs(all)
	}
	for _, x := range waiting {
		err = errors.Join(err, h.deliverUnstored(x))
	}
	return err
}

// readLogs reads to the ends of the logs, which have what was committed before.
func (h *Hub) readLogs(committed []Commit) (err error) {
	for _, app := range h.deps.Apps {
		err = errors.Join(err, h.readLog(app))
	}
	if n := len(committed); n > 0 && err == nil {
		h.move(committed[n-1].At)
	}
	return err
}

func (h *Hub) readLog(app string) error {
	for {
		h.mu.Lock()
		after := h.position[app]
		h.mu.Unlock()
		batch, err := h.deps.Messages.After(h.ctx, app, after, readBatch)
		if err == nil && len(batch) > 0 {
			err = h.deliver(app, batch)
		}
		if err != nil {
			return fmt.Errorf("realtime: log of %s after %q: %w", app, after, err)
		}
		if len(batch) < readBatch {
			return nil
		}
	}
}

// deliver puts a batch into the queues of those who may see it.
func (h *Hub) deliver(app string, batch []*Message) error {
	slow, err := h.withAudiences(h.ctx, batch, func() (slow []*Session) {
		for _, m := range batch {
			slow = h.fanOut(m, slow)
		}
		h.position[app] = batch[len(batch)-1].ID
		return slow
	})
	h.closeSlow(slow)
	return err
}

func (h *Hub) deliverUnstored(x unstored) error {
	if x.to.ID != "" {
		h.mu.Lock()
		slow := h.fanOutUser(x.to, x.m, nil)
		h.mu.Unlock()
		h.closeSlow(slow)
		return nil
	}
	slow, err := h.withAudiences(h.ctx, []*Message{x.m}, func() []*Session { return h.fanOut(x.m, nil) })
	h.closeSlow(slow)
	return err
}

func (h *Hub) closeSlow(slow []*Session) {
	for _, s := range slow {
		h.close(s, Slow)
	}
}

// withAudiences calls f under h.mu at a moment when the audiences of the whole batch are
// as new as its messages; the member lists that are not are read first.
func (h *Hub) withAudiences(ctx context.Context, batch []*Message, f func() []*Session) ([]*Session, error) {
	for {
		h.mu.Lock()
		stale := h.stale(batch)
		if len(stale) == 0 {
			slow := f()
			h.mu.Unlock()
			return slow, nil
		}
		h.mu.Unlock()
		for r, version := range stale {
			if err := h.refresh(ctx, r, version); err != nil {
				return nil, err
			}
		}
	}
}

// stale returns the batch's audiences that are behind, with the versions they are
// at. With nobody here there is nothing to know. h.mu is held.
func (h *Hub) stale(batch []*Message) map[*audience]int64 {
	if len(h.users) == 0 {
		return nil
	}
	h.evict()
	var stale map[*audience]int64
	for _, m := range batch {
		r := h.audience(conversationKey{m.App, m.Conversation})
		if r.version >= max(m.MemberVersion, 1) {
			continue
		}
		if stale == nil {
			stale = map[*audience]int64{}
		}
		stale[r] = r.version
	}
	return stale
}

// evict forgets empty audiences when there are too many. h.mu is held.
func (h *Hub) evict() {
	if len(h.audiences) < emptyAudiences {
		return
	}
	for k, r := range h.audiences {
		if len(r.users) == 0 {
			delete(h.audiences, k)
		}
	}
}

// fanOut queues m for the members who are here, and for those whom it is about.
// h.mu is held.
func (h *Hub) fanOut(m *Message, slow []*Session) []*Session {
	for _, id := range m.About {
		slow = h.fanOutUser(User{m.App, id}, m, slow)
	}
	r := h.audiences[conversationKey{m.App, m.Conversation}]
	if r == nil || m.AboutOnly {
		return slow
	}
	for u, from := range r.users {
		if slices.Contains(m.About, u.ID) || (m.Seq > 0 && m.Seq <= from) || (u.ID == m.From && !m.ToSender) {
			continue
		}
		slow = h.fanOutUser(u, m, slow)
	}
	return slow
}

func (h *Hub) fanOutUser(u User, m *Message, slow []*Session) []*Session {
	l := h.users[u]
	if l == nil {
		return slow
	}
	for _, s := range l.sessions {
		if s.enqueue(m) {
			slow = append(slow, s)
		}
	}
	return slow
}
