// Package retentionsql keeps in SQL which process sweeps old data away.
package retentionsql

import (
	"context"
	"time"

	"switchboard/app/retention"
	"switchboard/app/sqldb"
)

// Lease is the one row that says who sweeps.
type Lease struct{ db *sqldb.DB }

var _ retention.Lease = (*Lease)(nil)

// New keeps the lease in db.
func New(db *sqldb.DB) *Lease { return &Lease{db} }

// Hold implements retention.Lease.
func (l *Lease) Hold(ctx context.Context, node string, d time.Duration) (held bool, err error) {
	err = l.db.WriteKeyed(ctx, "retention", func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		n, err := tx.Exec("UPDATE retention_lease SET node = ?, until_us = ? WHERE id = 1 AND (node = ? OR until_us < ?)",
			node, now.Add(d).UnixMicro(), node, now.UnixMicro())
		held = n > 0
		return err
	})
	return held, err
}

// Ended implements retention.Lease, and gives the lease back.
func (l *Lease) Ended(ctx context.Context, node string) error {
	return l.db.WriteKeyed(ctx, "retention", func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE retention_lease SET node = '', until_us = 0, ended_us = ? WHERE id = 1 AND node = ?", now.UnixMicro(), node)
		return err
	})
}

// Last implements retention.Lease.
func (l *Lease) Last(ctx context.Context) (time.Time, error) {
	var us int64
	err := l.db.QueryRow(ctx, "SELECT ended_us FROM retention_lease WHERE id = 1").Scan(&us)
	return sqldb.Time(us), err
}

// Now implements retention.Lease.
func (l *Lease) Now(ctx context.Context) (time.Time, error) { return l.db.Now(ctx) }
