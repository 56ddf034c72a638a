// Package switchessql keeps the operators' switches and their history in SQL.
package switchessql

import (
	"context"
	"database/sql"
	"errors"

	"switchboard/app/sqldb"
	"switchboard/app/switches"
)

// Store keeps what operators switched, and who switched what when.
type Store struct{ db *sqldb.DB }

// New keeps switches in db.
func New(db *sqldb.DB) *Store { return &Store{db} }

var _ switches.Store = (*Store)(nil)

// Version is that of the switches now; 0: nothing was ever switched.
func (s *Store) Version(ctx context.Context) (v int64, err error) {
	err = s.db.QueryRow(ctx, "SELECT version FROM switches WHERE id = 1").Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return v, err
}

// Load returns the latest changes, newest first, at most limit of them.
func (s *Store) Load(ctx context.Context, limit int) ([]switches.Change, error) {
	rows, err := s.db.Query(ctx, "SELECT version, at_us, actor, reason, body FROM switch_audit ORDER BY version DESC LIMIT ?", limit)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (c switches.Change, err error) {
		var at int64
		err = row.Scan(&c.Version, &at, &c.Actor, &c.Reason, &c.Body)
		c.At = sqldb.Time(at)
		return c, err
	})
}

// Save writes c as the next version after c.Version and into the audit;
// false: somebody else switched before, and nothing was written.
func (s *Store) Save(ctx context.Context, c switches.Change) (saved bool, err error) {
	err = s.db.WriteKeyed(ctx, "switches", func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		if c.Version == 0 {
			n, err := tx.Exec(tx.Dialect().InsertIgnore("switches", 1, "id", "version", "body"), 1, 1, c.Body)
			if saved = n == 1; err != nil || !saved {
				return err
			}
		} else {
			n, err := tx.Exec("UPDATE switches SET version = version + 1, body = ? WHERE id = 1 AND version = ?", c.Body, c.Version)
			if saved = n == 1; err != nil || !saved {
				return err
			}
		}
		_, err = tx.Exec("INSERT INTO switch_audit (version, at_us, actor, reason, body) VALUES (?,?,?,?,?)", c.Version+1, now.UnixMicro(), c.Actor, c.Reason, c.Body)
		return err
	})
	return saved, err
}
