// Package usersql keeps in SQL how vendors show users.
package usersql

import (
	"context"

	"switchboard/app/sqldb"
	"switchboard/app/users"
	"switchboard/vendors"
)

// Store keeps profiles.
type Store struct{ db *sqldb.DB }

var _ users.ShownStore = (*Store)(nil)

// New keeps them in db.
func New(db *sqldb.DB) *Store { return &Store{db} }

const update = "UPDATE profiles SET name = CASE WHEN ? = '' THEN name ELSE ? END, portrait = CASE WHEN ? = '' THEN portrait ELSE ? END, at_us = ?" +
	" WHERE app_id = ? AND user_id = ? AND account = ?"

// Show implements users.ShownStore.
func (s *Store) Show(ctx context.Context, app, account string, list []vendors.User) error {
	return s.db.WriteKeyed(ctx, app, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		insert := tx.Dialect().InsertIgnore("profiles", 1, "app_id", "user_id", "account", "name", "portrait", "at_us")
		for _, u := range list {
			n, err := tx.Exec(insert, app, u.ID, account, u.Name, u.Portrait, now.UnixMicro())
			if err == nil && n == 0 {
				_, err = tx.Exec(update, u.Name, u.Name, u.Portrait, u.Portrait, now.UnixMicro(), app, u.ID, account)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Shown implements users.ShownStore.
func (s *Store) Shown(ctx context.Context, app, user string) ([]users.Shown, error) {
	rows, err := s.db.Query(ctx, "SELECT account, name, portrait, at_us FROM profiles WHERE app_id = ? AND user_id = ? ORDER BY at_us DESC, account", app, user)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (p users.Shown, err error) {
		var at int64
		err = row.Scan(&p.Account, &p.Name, &p.Portrait, &at)
		p.At = sqldb.Time(at)
		return p, err
	})
}
