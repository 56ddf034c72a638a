package pairingsql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"switchboard/app/sqldb"
)

const (
	oldestRecord = "SELECT start_at FROM pair_records WHERE app = ? ORDER BY start_at LIMIT 1"
	recordStep   = "SELECT start_at FROM pair_records WHERE app = ? AND start_at < ? ORDER BY start_at LIMIT 1 OFFSET ?"
	dropRecords  = "DELETE FROM pair_records WHERE app = ? AND start_at < ?"
)

// Sweep forgets the app's records of rounds that began before t, the oldest first: limit
// rows, and those of the same second.
func (s *Store) Sweep(ctx context.Context, app string, t time.Time, limit int) (n int, err error) {
	before := t.Unix()
	var last int64
	switch err := s.db.QueryRow(ctx, recordStep, app, before, limit-1).Scan(&last); {
	case err == nil:
		before = last + 1
	case !errors.Is(err, sql.ErrNoRows):
		return 0, err
	}
	if oldest, err := s.Oldest(ctx, app); err != nil || oldest.IsZero() || oldest.Unix() >= before {
		return 0, err // nothing is locked for nothing
	}
	err = s.db.WriteKeyed(ctx, app, func(tx *sqldb.Tx) error {
		gone, err := tx.Exec(dropRecords, app, before)
		n = int(gone)
		return err
	})
	return n, err
}

// Oldest is when the app's oldest recorded round began; zero: there is none.
func (s *Store) Oldest(ctx context.Context, app string) (time.Time, error) {
	var at int64
	if err := s.db.QueryRow(ctx, oldestRecord, app).Scan(&at); err != nil {
		return time.Time{}, sqldb.IgnoreNoRows(err)
	}
	return time.Unix(at, 0).UTC(), nil
}
