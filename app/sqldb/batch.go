package sqldb

import "context"

// Batch is one kind of write that many callers make at once and that a few
// statements can make for all of them.
type Batch[T any] struct {
	db        *DB
	writer    *writer
	run       func(*Tx, []T) error
	committed func([]T)
}

// NewBatch makes a batch whose items are written by run. run keeps each item's
// own answer, a refusal too, in the item, and sets it anew each time it runs;
// it returns an error only when statements failed: then every item is run again
// alone. Where the database has several writers, a batch has one of its own, so
// that its locks are never mixed with those of other writes.
//
// committed, unless nil, is told of the items of each commit, in the order of commits and
// before their writers are answered; not of a commit whose outcome is unknown. The next
// commit waits for it, so it must not block, and it keeps none of the items.
func NewBatch[T any](db *DB, run func(tx *Tx, items []T) error, committed func(items []T)) *Batch[T] {
	return &Batch[T]{db: db, writer: db.forBatch(), run: run, committed: committed}
}

// Write adds item to the batch and returns after the commit. The rules of
// DB.Write hold; until it returns, item belongs to the batch.
func (b *Batch[T]) Write(ctx context.Context, item T) error {
	return b.db.submit(ctx, b.writer, &request{batch: b, item: item})
}

// tell implements batch.
func (b *Batch[T]) tell(part []*request) {
	if b.committed == nil {
		return
	}
	items := make([]T, 0, len(part))
	for _, r := range part {
		if r.err == nil {
			items = append(items, r.item.(T))
		}
	}
	b.committed(items)
}

// runAll implements batch.
func (b *Batch[T]) runAll(tx *Tx, part []*request) error {
	items := make([]T, len(part))
	for i, r := range part {
		items[i] = r.item.(T)
	}
	return b.run(tx, items)
}
