package ownersql

import (
	"context"
	"slices"
	"time"

	"switchboard/app/owners"
	"switchboard/app/sqldb"
)

const ofThing = byKey + " AND what = ?"

// Restrain implements owners.Restraints. What is over goes by the way.
func (s *Store) Restrain(ctx context.Context, k owners.Key, what owners.What, users []string, d time.Duration) error {
	return s.db.WriteKeyed(ctx, k.App, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		until := int64(0)
		if d > 0 {
			until = now.Add(d).UnixMicro()
		}
		if _, err := tx.Exec("DELETE FROM restraints WHERE "+ofThing+" AND until_us > 0 AND until_us <= ?", k.App, string(k.Kind), k.ID, string(what), now.UnixMicro()); err != nil {
			return err
		}
		for _, user := range users {
			if _, err := tx.Exec(tx.Dialect().Upsert("restraints", 1, "app_id, kind, id, what, user_id", []string{"until_us", "at_us"},
				"app_id", "kind", "id", "what", "user_id", "until_us", "at_us"),
				k.App, string(k.Kind), k.ID, string(what), user, until, now.UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Free implements owners.Restraints.
func (s *Store) Free(ctx context.Context, k owners.Key, what owners.What, users []string) error {
	return s.db.WriteKeyed(ctx, k.App, func(tx *sqldb.Tx) error {
		for some := range slices.Chunk(users, sqldb.MaxList) {
			list, args := sqldb.InList(some)
			if _, err := tx.Exec("DELETE FROM restraints WHERE "+ofThing+" AND user_id IN "+list, append([]any{k.App, string(k.Kind), k.ID, string(what)}, args...)...); err != nil {
				return err
			}
		}
		return nil
	})
}

// FreeAll implements owners.Restraints.
func (s *Store) FreeAll(ctx context.Context, k owners.Key) error {
	return s.db.WriteKeyed(ctx, k.App, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("DELETE FROM restraints WHERE "+byKey, k.App, string(k.Kind), k.ID)
		return err
	})
}

// Restrained implements owners.Restraints.
func (s *Store) Restrained(ctx context.Context, k owners.Key, what owners.What, behind string, limit int) ([]owners.Restraint, error) {
	rows, err := s.db.Query(ctx, "SELECT user_id, until_us FROM restraints WHERE "+ofThing+" AND user_id > ? AND (until_us = 0 OR until_us > "+s.db.Dialect().NowSQL()+") ORDER BY user_id LIMIT ?",
		k.App, string(k.Kind), k.ID, string(what), behind, limit)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (r owners.Restraint, err error) {
		var until int64
		err = row.Scan(&r.User, &until)
		r.Until = sqldb.Time(until)
		return r, err
	})
}

// Everybody implements owners.Restraints.
func (s *Store) Everybody(ctx context.Context, k owners.Key, what owners.What) (bool, error) {
	var n int
	err := s.db.QueryRow(ctx, "SELECT COUNT(*) FROM restraints WHERE "+ofThing+" AND user_id = ''", k.App, string(k.Kind), k.ID, string(what)).Scan(&n)
	return n > 0, err
}
