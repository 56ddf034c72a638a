package realtime

import (
	"context"
	"sync"
	"time"
)

// Commit is something of which this node knows that it was committed, and its place in the
// order of all commits: nothing has one between After and At. So whoever has delivered all
// up to After has, with Message, delivered all up to At.
type Commit struct {
	After, At int64
	Message   *Message // nil: it is in no log
}

// commits are on their way from the store's writer, which must not wait for h.mu.
type commits struct {
	mu      sync.Mutex // guards waiting
	waiting []Commit
}

// Beyond this number in wait all are dropped: the log has them.
const commitsLimit = 10_000

// Committed hands over what this node has committed, in the order of commits, so that
// the hub need not read it back from the log. It never blocks.
func (h *Hub) Committed(batch []Commit) {
	h.commits.mu.Lock()
	if len(h.commits.waiting)+len(batch) > commitsLimit {
		h.commits.waiting = nil
	} else {
		h.commits.waiting = append(h.commits.waiting, batch...)
	}
	h.commits.mu.Unlock()
	signal(h.told)
}

func (c *commits) take() []Commit {
	c.mu.Lock()
	defer c.mu.Unlock()
	batch := c.waiting
	c.waiting = nil
	return batch
}

// move says that all commits up to this one are delivered.
func (h *Hub) move(upTo int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if upTo <= h.upTo {
		return
	}
	h.upTo = upTo
	close(h.moved)
	h.moved = make(chan struct{})
}

// deliverCommits delivers what was committed. False: it does not follow what was delivered
// before, or could not be delivered, and the logs have to be read.
func (h *Hub) deliverCommits(all []Commit) bool {
	upTo := h.upTo
	var batch []*Message
	for _, c := range all {
		if c.After != upTo {
			return false
		}
		upTo = c.At
		if c.Message != nil && h.isNew(c.Message) {
			batch = append(batch, c.Message)
		}
	}
	for len(batch) > 0 {
		n := 1
		for n < len(batch) && batch[n].App == batch[0].App {
			n++
		}
		if h.deliver(batch[0].App, batch[:n]) != nil {
			return false
		}
		batch = batch[n:]
	}
	h.move(upTo)
	return true
}

// isNew says whether m is of a log that is followed, and not delivered from there already.
func (h *Hub) isNew(m *Message) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	position, followed := h.position[m.App]
	return followed && m.ID > position
}

// Heard says that the log of an app has grown up to a message, which may be delivered by
// now.
func (h *Hub) Heard(app, id string) {
	h.mu.Lock()
	h.heard[app] = max(h.heard[app], id)
	h.mu.Unlock()
	signal(h.told)
}

// isBehind says whether more was heard of than is delivered.
func (h *Hub) isBehind() (behind bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for app, id := range h.heard {
		position, followed := h.position[app]
		behind = behind || followed && id > position
	}
	clear(h.heard)
	return behind
}

// Delivered returns when all commits up to this one are in the queues of all sessions here
// that get them, or after a while. Who sends and waits for those before its own sends no
// faster than this node hands out, so messages do not pile up before the sessions.
func (h *Hub) Delivered(ctx context.Context, commit int64) {
	var timer *time.Timer
	for {
		h.mu.Lock()
		delivered, moved := h.upTo >= commit, h.moved
		h.mu.Unlock()
		if delivered {
			return
		}
		if timer == nil {
			timer = time.NewTimer(deliveredLimit)
			defer timer.Stop()
		}
		select {
		case <-moved:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		case <-h.ctx.Done():
			return
		}
	}
}

// deliveredLimit is how long Delivered waits: the hub may wait for the store.
const deliveredLimit = 100 * time.Millisecond
