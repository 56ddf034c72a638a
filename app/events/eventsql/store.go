// Package eventsql keeps vendors' events in SQL until the app has them.
package eventsql

import (
	"context"
	"database/sql"
	"time"

	"switchboard/app/events"
	"switchboard/app/sqldb"
)

// Store keeps the events that vendors reported.
type Store struct{ db *sqldb.DB }

// New keeps events in db.
func New(db *sqldb.DB) *Store { return &Store{db} }

var _ events.Store = (*Store)(nil)

// Add keeps the records that are new, due at once when send is set, and tells
// for each whether it was new.
func (s *Store) Add(ctx context.Context, records []events.Record, send bool) (fresh []bool, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		fresh, err = add(tx, records, send)
		return err
	})
	return fresh, err
}

func add(tx *sqldb.Tx, records []events.Record, send bool) ([]bool, error) {
	fresh := make([]bool, len(records))
	now, err := tx.Now()
	if err != nil {
		return nil, err
	}
	at := now.UnixMicro()
	var due any
	if send {
		due = at
	}
	insert := tx.Dialect().InsertIgnore("events", 1, "id", "payload", "attempts", "created_us", "due_us", "order_key", "seq", "until_us")
	for i, r := range records {
		until := int64(0)
		if r.Keep > 0 {
			until = now.Add(r.Keep).UnixMicro()
		}
		n, err := tx.Exec(insert, r.ID, r.Payload, 0, at, due, r.Key, i, until)
		if err != nil {
			return nil, err
		}
		fresh[i] = n == 1
	}
	return fresh, nil
}

// Claim returns up to limit events that are due and the oldest of their key, counts an
// attempt at each, and makes them due again after lease.
func (s *Store) Claim(ctx context.Context, limit int, lease time.Duration) (claimed []events.Record, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		if claimed, err = dueEvents(tx, now.UnixMicro(), limit); err != nil {
			return err
		}
		for i := range claimed {
			claimed[i].Attempts++
			if _, err := tx.Exec("UPDATE events SET attempts = ?, due_us = ? WHERE id = ?", claimed[i].Attempts, now.Add(lease).UnixMicro(), claimed[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	return claimed, err
}

// selectDue passes over an event while an older one of its key is due, leased or waits
// for its next attempt.
const selectDue = `SELECT id, payload, attempts, order_key FROM events WHERE due_us <= ? AND (order_key = '' OR NOT EXISTS (
	SELECT 1 FROM events older WHERE older.order_key = events.order_key AND older.due_us IS NOT NULL
	AND (older.created_us < events.created_us OR older.created_us = events.created_us
		AND (older.seq < events.seq OR older.seq = events.seq AND older.id < events.id))))
	ORDER BY due_us, created_us, seq LIMIT ?`

func dueEvents(tx *sqldb.Tx, now int64, limit int) (due []events.Record, err error) {
	rows, err := tx.Query(selectDue+tx.Dialect().SkipLocked(), now, limit)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (r events.Record, err error) {
		return r, row.Scan(&r.ID, &r.Payload, &r.Attempts, &r.Key)
	})
}

// Settle ends the claim of r: due again after retry, or never when that is zero; next
// says that another event of its key waits. A claim that another replica has taken over
// since stays that one's.
func (s *Store) Settle(ctx context.Context, r events.Record, retry time.Duration) (next bool, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		again := due(now, retry)
		n, err := tx.Exec("UPDATE events SET due_us = ? WHERE id = ? AND attempts = ?", again, r.ID, r.Attempts)
		if next = false; err != nil || n == 0 || r.Key == "" {
			return err
		}
		if again.Valid { // those that wait for it need not be looked at before
			_, err = tx.Exec("UPDATE events SET due_us = ? WHERE order_key = ? AND due_us < ?", again, r.Key, again)
			return err
		}
		var one int
		err = tx.QueryRow("SELECT 1 FROM events WHERE order_key = ? AND due_us IS NOT NULL LIMIT 1", r.Key).Scan(&one)
		next = err == nil
		return sqldb.IgnoreNoRows(err)
	})
	return next, err
}

// Prune implements events.Store: first those that are kept as long as all others, then
// those with a time of their own.
func (s *Store) Prune(ctx context.Context, older time.Duration, limit int) (n int, err error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return 0, err
	}
	for _, kept := range []struct {
		where string
		until time.Time
	}{{"until_us = 0 AND created_us < ? ORDER BY created_us", now.Add(-older)}, {"until_us > 0 AND until_us < ? ORDER BY until_us", now}} {
		some, err := s.forget(ctx, kept.where, kept.until, limit-n)
		if n += some; err != nil || n >= limit {
			return n, err
		}
	}
	return n, nil
}

// forget deletes up to limit events that are sent, or never will be.
func (s *Store) forget(ctx context.Context, where string, t time.Time, limit int) (int, error) {
	rows, err := s.db.Query(ctx, "SELECT id FROM events WHERE due_us IS NULL AND "+where+" LIMIT ?", t.UnixMicro(), limit)
	if err != nil {
		return 0, err
	}
	ids, err := sqldb.Collect(rows, sqldb.ScanOne[any])
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), s.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("DELETE FROM events WHERE id IN ("+sqldb.Marks(len(ids))+")", ids...)
		return err
	})
}

// due is the time of the next attempt; null: never.
func due(now time.Time, in time.Duration) sql.NullInt64 {
	return sql.NullInt64{Int64: now.Add(in).UnixMicro(), Valid: in > 0}
}
