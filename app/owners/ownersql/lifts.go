package ownersql

import (
	"context"
	"time"

	"switchboard/app/owners"
	"switchboard/app/sqldb"
)

var _ owners.Lifts = (*Store)(nil)

const (
	liftColumns = "app_id, kind, id, what, user_id, account, vendor_id, person, tries"
	thisLift    = byKey + " AND what = ? AND user_id = ? AND account = ?"
)

func liftArgs(l owners.Lift) []any {
	return []any{l.App, string(l.Kind), l.ID, string(l.What), l.User, l.Account}
}

// Arrange implements owners.Lifts.
func (s *Store) Arrange(ctx context.Context, lifts []owners.Lift, d time.Duration) error {
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		for _, l := range lifts {
			if _, err := tx.Exec(tx.Dialect().Upsert("lifts", 1, "app_id, kind, id, what, user_id, account", []string{"vendor_id", "person", "due_us", "tries"},
				"app_id", "kind", "id", "what", "user_id", "account", "vendor_id", "person", "due_us", "tries"),
				append(liftArgs(l), l.VendorID, l.By, now.Add(d).UnixMicro(), 0)...); err != nil {
				return err
			}
		}
		return nil
	})
}

// Drop implements owners.Lifts.
func (s *Store) Drop(ctx context.Context, lifts []owners.Lift) error {
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		for _, l := range lifts {
			if _, err := tx.Exec("DELETE FROM lifts WHERE "+thisLift, liftArgs(l)...); err != nil {
				return err
			}
		}
		return nil
	})
}

// ClaimLifts implements owners.Lifts.
func (s *Store) ClaimLifts(ctx context.Context, limit int, lease time.Duration) (claimed []owners.Lift, err error) {
	var due int
	if err := s.db.QueryRow(ctx, "SELECT COUNT(*) FROM lifts WHERE due_us <= "+s.db.Dialect().NowSQL()).Scan(&due); err != nil || due == 0 {
		return nil, err
	}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		rows, err := tx.Query("SELECT "+liftColumns+" FROM lifts WHERE due_us <= ? ORDER BY due_us LIMIT ?"+tx.Dialect().SkipLocked(), now.UnixMicro(), limit)
		if err != nil {
			return err
		}
		if claimed, err = sqldb.Collect(rows, func(row sqldb.Scanner) (l owners.Lift, err error) {
			return l, row.Scan(&l.App, &l.Kind, &l.ID, &l.What, &l.User, &l.Account, &l.VendorID, &l.By, &l.Tries)
		}); err != nil {
			return err
		}
		for i := range claimed {
			claimed[i].Tries++
			if _, err := tx.Exec("UPDATE lifts SET tries = ?, due_us = ? WHERE "+thisLift, append([]any{claimed[i].Tries, now.Add(lease).UnixMicro()}, liftArgs(claimed[i])...)...); err != nil {
				return err
			}
		}
		return nil
	})
	return claimed, err
}

// SettleLift implements owners.Lifts.
func (s *Store) SettleLift(ctx context.Context, l owners.Lift, retry time.Duration) (mine bool, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		var n int64
		if retry == 0 {
			n, err = tx.Exec("DELETE FROM lifts WHERE "+thisLift+" AND tries = ?", append(liftArgs(l), l.Tries)...)
		} else {
			n, err = tx.Exec("UPDATE lifts SET due_us = ? WHERE "+thisLift+" AND tries = ?", append(append([]any{now.Add(retry).UnixMicro()}, liftArgs(l)...), l.Tries)...)
		}
		mine = n > 0
		return err
	})
	return mine, err
}
