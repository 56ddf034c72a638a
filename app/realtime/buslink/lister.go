package buslink

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"switchboard/app/bus"
	"switchboard/app/realtime"
)

// listTopic carries questions about a user's sessions and their answers. Its name and the
// form of listNews are a contract between versions that run side by side.
const listTopic = "sessions"

const (
	listWait = 2 * time.Second // for the answers of other nodes
	listMost = 200             // sessions in one answer
)

// listNews is a question, with Of, or a node's answer to it.
type listNews struct {
	ID     string            `json:"id"` // of the question
	Node   string            `json:"node"`
	Of     *realtime.User    `json:"of,omitempty"`
	Latest []realtime.Listed `json:"latest,omitempty"`
	Total  int               `json:"total,omitempty"`
}

// Lister lists a user's sessions on every node: it asks those that hold one, over the bus,
// and answers for its own. Its owner calls Run.
type Lister struct {
	Bus  *bus.Bus
	Hub  *realtime.Hub
	Node string // names this node
	// Holders names the nodes that hold a session of the user, this one perhaps among
	// them; nil: no other can be asked.
	Holders func(ctx context.Context, u realtime.User) ([]string, error)
	// Others is how many nodes are there that cannot be asked; nil: none.
	Others func() int64

	mu    sync.Mutex // guards what follows, and what the questions have
	asked map[string]*question
}

// question is one that waits for answers.
type question struct {
	silent []string // who is to answer yet
	latest []realtime.Listed
	total  int
	done   chan struct{} // closed when nobody is silent
}

// List returns the user's latest sessions, at most limit and listMost of a node, and how
// many there are. With realtime.ErrSilent they are those that are known.
func (l *Lister) List(ctx context.Context, u realtime.User, limit int) (latest []realtime.Listed, total int, err error) {
	latest, total = l.Hub.ListOf(u, limit)
	if l.Holders == nil {
		if l.Others != nil && l.Others() > 0 {
			err = realtime.ErrSilent
		}
		return latest, total, err
	}
	holders, err := l.Holders(ctx, u)
	if err != nil {
		return latest, total, err
	}
	others := slices.DeleteFunc(holders, func(node string) bool { return node == l.Node })
	if len(others) == 0 {
		return latest, total, nil
	}
	theirs, n, err := l.ask(ctx, u, others)
	latest = append(latest, theirs...)
	slices.SortStableFunc(latest, func(a, b realtime.Listed) int {
		return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(a.Key.DeviceID, b.Key.DeviceID))
	})
	return latest[:min(limit, len(latest))], total + n, err
}

// ask has the sessions of the other nodes, or of those that answer in time.
func (l *Lister) ask(ctx context.Context, u realtime.User, others []string) ([]realtime.Listed, int, error) {
	if !l.Bus.Up() {
		return nil, 0, realtime.ErrSilent
	}
	id, q := rand.Text(), &question{silent: others, done: make(chan struct{})}
	l.mu.Lock()
	if l.asked == nil {
		l.asked = map[string]*question{}
	}
	l.asked[id] = q
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, listWait)
	defer cancel()
	l.publish(listNews{ID: id, Node: l.Node, Of: &u})
	select {
	case <-q.done:
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.asked, id)
	if len(q.silent) > 0 {
		return q.latest, q.total, realtime.ErrSilent
	}
	return q.latest, q.total, nil
}

// Run answers the questions of other nodes, and takes their answers, until ctx ends.
func (l *Lister) Run(ctx context.Context) error {
	sub := l.Bus.Subscribe(listTopic)
	defer sub.Close()
	for {
		select {
		case <-ctx.Done():
			return nil
		case payload := <-sub.News:
			var n listNews
			if json.Unmarshal(payload, &n) == nil && n.Node != l.Node {
				l.take(n)
			}
		}
	}
}

func (l *Lister) take(n listNews) {
	if n.Of != nil {
		latest, total := l.Hub.ListOf(*n.Of, listMost)
		l.publish(listNews{ID: n.ID, Node: l.Node, Latest: latest, Total: total})
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.asked[n.ID]
	if q == nil {
		return
	}
	i := slices.Index(q.silent, n.Node)
	if i < 0 {
		return // nobody counts on it, or it has answered
	}
	q.silent = slices.Delete(q.silent, i, i+1)
	q.latest, q.total = append(q.latest, n.Latest...), q.total+n.Total
	if len(q.silent) == 0 {
		close(q.done)
	}
}

func (l *Lister) publish(n listNews) {
	payload, _ := json.Marshal(n) // of texts, numbers and times
	l.Bus.PublishToOthers(listTopic, payload)
}
