package sqldb

import (
	"context"
	"hash/fnv"
	"sync/atomic"
)

// request is one write on its way to a writer.
type request struct {
	key   string
	run   func(*Tx) error
	batch batch // for an item of a batch, instead of run
	item  any
	err   error // owned by the writer until it answers
	done  chan error
	state atomic.Int32
}

const (
	waiting int32 = iota
	taken
	withdrawn
)

func (r *request) take() bool { return r.state.CompareAndSwap(waiting, taken) }

// Write runs fn in a transaction that it may share with other writes and
// returns after the commit. An error of fn undoes what fn did and nothing else.
// fn may run several times, so it sets what it returns anew each time, and it
// does nothing but statements on tx. When ctx ends while the write waits, it is
// not made; once begun it is finished, and Write returns what became of it.
func (db *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	return db.WriteKeyed(ctx, "", fn)
}

// WriteKeyed is Write for a write that locks the rows of one thing. Writes of
// one key keep their order and never wait for each other's locks.
func (db *DB) WriteKeyed(ctx context.Context, key string, fn func(*Tx) error) error {
	return db.submit(ctx, db.writerFor(key), &request{key: key, run: fn})
}

func (db *DB) writerFor(key string) *writer {
	if len(db.writers) == 1 {
		return db.writers[0]
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return db.writers[h.Sum32()%uint32(len(db.writers))]
}

func (db *DB) submit(ctx context.Context, w *writer, r *request) error {
	r.done = make(chan error, 1)
	if err := db.enqueue(ctx, w, r); err != nil {
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

func (db *DB) enqueue(ctx context.Context, w *writer, r *request) error {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if db.closed {
		return ErrClosed
	}
	select {
	case w.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// batch is a Batch whatever its items are.
type batch interface {
	runAll(tx *Tx, part []*request) error
}

// Batch is one kind of write that many callers make at once and that a few
// statements can make for all of them.
type Batch[T any] struct {
	db     *DB
	writer *writer
	run    func(*Tx, []T) error
}

// NewBatch makes a batch whose items are written by run. run keeps each item's
// own answer, a refusal too, in the item, and sets it anew each time it runs;
// it returns an error only when statements failed: then every item is run again
// alone. Where the database has several writers, a batch has one of its own, so
// that its locks are never mixed with those of other writes.
func NewBatch[T any](db *DB, run func(tx *Tx, items []T) error) *Batch[T] {
	b := &Batch[T]{db: db, run: run}
	if db.dialect == SQLite {
		b.writer = db.writers[0]
		return b
	}
	b.writer = startWriter(db)
	db.mu.Lock()
	defer db.mu.Unlock()
	db.batchWriters = append(db.batchWriters, b.writer)
	return b
}

// Write adds item to the batch and returns after the commit. The rules of
// DB.Write hold; until it returns, item belongs to the batch.
func (b *Batch[T]) Write(ctx context.Context, item T) error {
	return b.db.submit(ctx, b.writer, &request{batch: b, item: item})
}

func (b *Batch[T]) runAll(tx *Tx, part []*request) error {
	items := make([]T, len(part))
	for i, r := range part {
		items[i] = r.item.(T)
	}
	return b.run(tx, items)
}
