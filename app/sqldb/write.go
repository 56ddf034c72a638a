package sqldb

import (
	"context"
	"hash/fnv"
	"slices"
	"sync"
	"time"
)

// writers take writes and hand each to the connection that makes it.
type writers struct {
	db *database

	mu      sync.RWMutex // holds close off while a write is being handed to a writer
	closed  bool
	each    []*writer // of single writes
	batches []*writer // of batches, where the dialect gives each its own

	stats   counters
	observe func(ctx context.Context, began time.Time, err error)
}

func startWriters(db *database, n int) *writers {
	ws := &writers{db: db}
	if db.dialect == SQLite {
		n = 1
	}
	for range n {
		ws.each = append(ws.each, startWriter(db, &ws.stats))
	}
	return ws
}

// forBatch is the writer of a new batch: one of its own where there are several.
func (ws *writers) forBatch() *writer {
	if ws.db.dialect == SQLite {
		return ws.each[0]
	}
	w := startWriter(ws.db, &ws.stats)
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.batches = append(ws.batches, w)
	return w
}

// stop refuses new writes and waits for those that were accepted; false: it was
// called before.
func (ws *writers) stop() bool {
	ws.mu.Lock()
	if ws.closed {
		ws.mu.Unlock()
		return false
	}
	ws.closed = true
	all := slices.Concat(ws.each, ws.batches)
	for _, w := range all {
		close(w.queue)
	}
	ws.mu.Unlock()
	for _, w := range all {
		<-w.stopped
	}
	return true
}

// Write runs fn in a transaction that it may share with other writes and
// returns after the commit. An error of fn undoes what fn did and nothing else.
// fn may run several times, so it sets what it returns anew each time, and it
// does nothing but statements on tx. When ctx ends while the write waits, it is
// not made; once begun it is finished, and Write returns what became of it.
func (ws *writers) Write(ctx context.Context, fn func(*Tx) error) error {
	return ws.WriteKeyed(ctx, "", fn)
}

// waiting is how many writes wait for a writer.
func (ws *writers) waiting() (n int) {
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	for _, w := range slices.Concat(ws.each, ws.batches) {
		n += len(w.queue)
	}
	return n
}

// WriteKeyed is Write for a write that locks the rows of one thing. Writes of
// one key keep their order and never wait for each other's locks.
func (ws *writers) WriteKeyed(ctx context.Context, key string, fn func(*Tx) error) error {
	return ws.submit(ctx, ws.writerFor(key), &request{key: key, run: fn})
}

func (ws *writers) writerFor(key string) *writer {
	if len(ws.each) == 1 {
		return ws.each[0]
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return ws.each[h.Sum32()%uint32(len(ws.each))]
}

func (ws *writers) submit(ctx context.Context, w *writer, r *request) (err error) {
	if ws.observe != nil {
		began := time.Now()
		defer func() { ws.observe(ctx, began, err) }()
	}
	r.done = make(chan error, 1)
	if err := ws.enqueue(ctx, w, r); err != nil {
		return err
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		if r.state.CompareAndSwap(waiting, withdrawn) {
			return ctx.Err()
		}
		return <-r.done
	}
}

func (ws *writers) enqueue(ctx context.Context, w *writer, r *request) error {
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	if ws.closed {
		return ErrClosed
	}
	select {
	case w.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
