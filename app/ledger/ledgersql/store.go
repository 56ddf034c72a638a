// Package ledgersql keeps the ledger in SQL: entries by their idempotency key, and those
// without one in archives.
package ledgersql

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"switchboard/app/ledger"
	"switchboard/app/sqldb"
)

// Store keeps the writes that were made at vendors.
type Store struct {
	db      *sqldb.DB
	inserts *sqldb.Batch[*insertion]
}

var (
	_ ledger.Store   = (*Store)(nil)
	_ ledger.Archive = (*Store)(nil)
)

// New makes the ledger's store.
func New(db *sqldb.DB) *Store { return &Store{db: db, inserts: sqldb.NewBatch(db, insertEntries, nil)} }

var ledgerFields = strings.Split("app, op, idem_key, request_id, state, version, created_us, updated_us, due_us, doc", ", ")

// insertion is one entry on its way in, and the one that has its key, if any.
type insertion struct {
	entry ledger.Entry
	doc   []byte
	dueIn time.Duration
	there *ledger.Entry
}

func (i *insertion) key() ledgerKey {
	return ledgerKey{i.entry.App, i.entry.Op, i.entry.Key}
}

type ledgerKey struct{ app, op, key string }

// Insert adds e, or returns the entry that has its app, operation and key.
func (s *Store) Insert(ctx context.Context, e ledger.Entry, dueIn time.Duration) (there ledger.Entry, taken bool, err error) {
	doc, err := ledgerDoc(e)
	if err != nil {
		return there, false, err
	}
	item := &insertion{entry: e, doc: doc, dueIn: dueIn}
	if err = s.inserts.Write(ctx, item); err != nil || item.there == nil {
		return there, false, err
	}
	return *item.there, true, nil
}

// insertEntries goes by key, so that replicas lock keys in one order. Only when
// some key was taken is it asked whose.
func insertEntries(tx *sqldb.Tx, items []*insertion) error {
	now, err := tx.Now()
	if err != nil {
		return err
	}
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(a, b *insertion) int {
		x, y := a.key(), b.key()
		return cmp.Or(cmp.Compare(x.app, y.app), cmp.Compare(x.op, y.op), cmp.Compare(x.key, y.key))
	})
	rows := make([][]any, len(items))
	for i, item := range items {
		e := item.entry
		rows[i] = []any{e.App, e.Op, e.Key, e.RequestID, string(e.State), e.Version, now.UnixMicro(), now.UnixMicro(), now.Add(item.dueIn).UnixMicro(), item.doc}
	}
	added, err := sqldb.InsertMany(tx, tx.Dialect().InsertIgnore, "ledger", ledgerFields, rows)
	if err != nil {
		return err
	}
	for _, item := range items {
		if item.there = nil; added == int64(len(items)) {
			continue
		}
		k := item.key()
		there, err := scanEntry(tx.QueryRow(selectEntry+"WHERE app = ? AND op = ? AND idem_key = ?", k.app, k.op, k.key))
		if err != nil {
			return err
		}
		if there.ID != item.entry.ID {
			item.there = &there
		}
	}
	return nil
}

// Save changes the entry from e.Version to the next; false: it was changed
// before, and nothing was written.
func (s *Store) Save(ctx context.Context, e ledger.Entry, dueIn time.Duration) (saved bool, err error) {
	doc, err := ledgerDoc(e)
	if err != nil {
		return false, err
	}
	err = s.db.WriteKeyed(ctx, e.App+e.Op+e.Key, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		n, err := tx.Exec("UPDATE ledger SET request_id = ?, state = ?, version = version + 1, updated_us = ?, due_us = ?, doc = ? WHERE app = ? AND op = ? AND idem_key = ? AND version = ?",
			e.RequestID, string(e.State), now.UnixMicro(), now.Add(dueIn).UnixMicro(), doc, e.App, e.Op, e.Key, e.Version)
		saved = n == 1
		return err
	})
	return saved, err
}

// Due returns at most limit entries that have not ended and whose time has
// come, the latest last.
func (s *Store) Due(ctx context.Context, limit int) ([]ledger.Entry, error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return nil, err
	}
	return s.list(ctx, "WHERE due_us <= ? AND state IN (?, ?) ORDER BY due_us LIMIT ?", now.UnixMicro(), string(ledger.Open), string(ledger.Doubt), limit)
}

// Unsettled returns at most limit entries that have not ended, those first that are
// looked into next.
func (s *Store) Unsettled(ctx context.Context, limit int) ([]ledger.Entry, error) {
	return s.list(ctx, "WHERE state IN (?, ?) ORDER BY due_us LIMIT ?", string(ledger.Open), string(ledger.Doubt), limit)
}

var selectEntry = "SELECT " + strings.Join(ledgerFields, ", ") + " FROM ledger "

func (s *Store) list(ctx context.Context, where string, args ...any) ([]ledger.Entry, error) {
	rows, err := s.db.Query(ctx, selectEntry+where, args...)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, scanEntry)
}

func scanEntry(row sqldb.Scanner) (e ledger.Entry, err error) {
	var state string
	var created, updated, due int64
	var raw []byte
	if err = row.Scan(&e.App, &e.Op, &e.Key, &e.RequestID, &state, &e.Version, &created, &updated, &due, &raw); err != nil {
		return e, err
	}
	e.State, e.Created, e.Updated = ledger.State(state), time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC()
	if err := readDoc(raw, &e); err != nil {
		return e, errors.New("ledgersql: the entry of request " + e.RequestID + " is not readable")
	}
	return e, nil
}
