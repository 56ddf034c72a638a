package storage

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"switchboard/app/switches"
)

// Switches keeps what operators switched, and who switched what when.
type Switches struct{ DB *DB }

var _ switches.Store = Switches{}

// Version is that of the switches now; 0: nothing was ever switched.
func (s Switches) Version(ctx context.Context) (v int64, err error) {
	err = s.DB.QueryRow(ctx, "SELECT version FROM switches WHERE id = 1").Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return v, err
}

// Load returns the latest changes, newest first, at most limit of them.
func (s Switches) Load(ctx context.Context, limit int) (out []switches.Change, err error) {
	rows, err := s.DB.Query(ctx, "SELECT version, at_us, actor, reason, body FROM switch_audit ORDER BY version DESC LIMIT ?", limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c switches.Change
		var at int64
		if err := rows.Scan(&c.Version, &at, &c.Actor, &c.Reason, &c.Body); err != nil {
			return nil, wrap(err)
		}
		c.At = time.UnixMicro(at).UTC()
		out = append(out, c)
	}
	return out, wrap(rows.Err())
}

// Save writes c as the next version after c.Version and into the audit;
// false: somebody else switched before, and nothing was written.
func (s Switches) Save(ctx context.Context, c switches.Change) (saved bool, err error) {
	err = s.DB.WriteKeyed(ctx, "switches", func(tx *Tx) error {
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
