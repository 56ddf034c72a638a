// Package erasuresql keeps in SQL whose data is to go and how far that is, and since when
// tokens of erased users are void.
package erasuresql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"switchboard/app/erasure"
	"switchboard/app/sqldb"
)

// Store keeps jobs.
type Store struct{ db *sqldb.DB }

var _ erasure.Store = (*Store)(nil)

// New keeps jobs in db.
func New(db *sqldb.DB) *Store { return &Store{db} }

const selectJob = "SELECT id, app_id, user_id, state, began_us, doc FROM erasures "

func scan(row sqldb.Scanner) (j erasure.Job, err error) {
	var doc []byte
	var began int64
	if err = row.Scan(&j.ID, &j.App, &j.User, &j.State, &began, &doc); err != nil {
		return j, err
	}
	if err = json.Unmarshal(doc, &j); err != nil {
		return j, fmt.Errorf("erasuresql: %w", err)
	}
	if j.Began = sqldb.Time(began); j.Counts == nil {
		j.Counts = map[string]int{}
	}
	return j, nil
}

// Add implements erasure.Store.
func (s *Store) Add(ctx context.Context, j erasure.Job, key string) (out erasure.Job, err error) {
	doc, err := json.Marshal(j)
	if err != nil {
		return j, fmt.Errorf("erasuresql: %w", err)
	}
	write := func() error {
		return s.db.WriteKeyed(ctx, "erasure", func(tx *sqldb.Tx) error {
			if j.State == erasure.Running {
				if out, err = there(tx, j, key); !errors.Is(err, sql.ErrNoRows) {
					return err
				}
			}
			now, err := tx.Now()
			if err != nil {
				return err
			}
			var idem any
			if key != "" {
				idem = key
			}
			out = j
			out.Began = now
			_, err = tx.Exec(tx.Dialect().Insert("erasures", 1, "id", "app_id", "user_id", "state", "idem", "began_us", "due_us", "doc"),
				j.ID, j.App, j.User, string(j.State), idem, now.UnixMicro(), now.UnixMicro(), string(doc))
			return err
		})
	}
	if err = write(); errors.Is(err, sqldb.ErrDuplicate) {
		err = write() // another replica was between the look and the write
	}
	return out, err
}

// there is the job that j would be again; sql.ErrNoRows: there is none.
func there(tx *sqldb.Tx, j erasure.Job, key string) (erasure.Job, error) {
	if key != "" {
		old, err := scan(tx.QueryRow(selectJob+"WHERE app_id = ? AND idem = ?", j.App, key))
		if !errors.Is(err, sql.ErrNoRows) {
			return old, err
		}
	}
	return scan(tx.QueryRow(selectJob+"WHERE app_id = ? AND user_id = ? AND state = ?", j.App, j.User, string(erasure.Running)))
}

// Get implements erasure.Store.
func (s *Store) Get(ctx context.Context, app, id string) (erasure.Job, error) {
	j, err := scan(s.db.QueryRow(ctx, selectJob+"WHERE id = ? AND app_id = ?", id, app))
	if errors.Is(err, sql.ErrNoRows) {
		err = erasure.ErrUnknown
	}
	return j, err
}

// List implements erasure.Store.
func (s *Store) List(ctx context.Context, app string, limit int) ([]erasure.Job, error) {
	query, args := selectJob, []any{}
	if app != "" {
		query, args = query+"WHERE app_id = ? ", append(args, app)
	}
	rows, err := s.db.Query(ctx, query+"ORDER BY began_us DESC, id LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, scan)
}

// About lists who had the user's data taken away or copied, while it is known whose it was.
func (s *Store) About(ctx context.Context, app, user string) ([]erasure.Job, error) {
	rows, err := s.db.Query(ctx, selectJob+"WHERE app_id = ? AND user_id = ? ORDER BY began_us, id", app, user)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, scan)
}

// Claim implements erasure.Store.
func (s *Store) Claim(ctx context.Context, lease time.Duration) (j erasure.Job, found bool, err error) {
	var one int
	err = s.db.QueryRow(ctx, "SELECT 1 FROM erasures WHERE state = ? LIMIT 1", string(erasure.Running)).Scan(&one)
	if err != nil {
		return j, false, sqldb.IgnoreNoRows(err) // mostly: no writer is troubled
	}
	err = s.db.WriteKeyed(ctx, "erasure", func(tx *sqldb.Tx) error {
		found = false
		now, err := tx.Now()
		if err != nil {
			return err
		}
		j, err = scan(tx.QueryRow(selectJob+"WHERE state = ? AND due_us <= ? ORDER BY due_us LIMIT 1"+tx.Dialect().SkipLocked(), string(erasure.Running), now.UnixMicro()))
		if err != nil {
			return sqldb.IgnoreNoRows(err)
		}
		found = true
		_, err = tx.Exec("UPDATE erasures SET due_us = ? WHERE id = ?", now.Add(lease).UnixMicro(), j.ID)
		return err
	})
	return j, found && err == nil, err
}

// Save implements erasure.Store.
func (s *Store) Save(ctx context.Context, j erasure.Job, next time.Duration) error {
	doc, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("erasuresql: %w", err)
	}
	return s.db.WriteKeyed(ctx, "erasure", func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		if j.State == erasure.Done { // who was exported before is not to be known any more
			if _, err := tx.Exec("UPDATE erasures SET user_id = '' WHERE app_id = ? AND state <> ? AND user_id = (SELECT * FROM (SELECT user_id FROM erasures WHERE id = ?) e)",
				j.App, string(erasure.Running), j.ID); err != nil {
				return err
			}
		}
		_, err = tx.Exec("UPDATE erasures SET user_id = ?, state = ?, due_us = ?, doc = ? WHERE id = ? AND state = ?",
			j.User, string(j.State), now.Add(next).UnixMicro(), string(doc), j.ID, string(erasure.Running))
		return err
	})
}
