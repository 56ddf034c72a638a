package ownersql

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	"switchboard/app/owners"
	"switchboard/app/sqldb"
)

var _ owners.WishStore = (*Store)(nil)

const thisWish = byKey + " AND thing = ? AND account = ?"

func wishArgs(w owners.Wish) []any { return []any{w.App, string(w.Kind), w.ID, w.Thing, w.Account} }

// standing is the wish about w's thing, and until when it is claimed.
func standing(tx *sqldb.Tx, w owners.Wish) (there *owners.Wish, claimed int64, err error) {
	found := owners.Wish{Key: w.Key, Thing: w.Thing, Account: w.Account}
	var want string
	err = tx.QueryRow("SELECT write_id, want, token, claimed_us FROM wishes WHERE "+thisWish+tx.Dialect().ForUpdate(), wishArgs(w)...).
		Scan(&found.Write, &want, &found.Token, &claimed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil
	}
	found.Want = []byte(want)
	return &found, claimed, err
}

// Begin implements owners.WishStore.
func (s *Store) Begin(ctx context.Context, wishes []owners.Wish) (begun []owners.Wish, err error) {
	if len(wishes) == 0 {
		return nil, nil
	}
	err = s.db.WriteKeyed(ctx, wishes[0].App, func(tx *sqldb.Tx) error {
		begun = make([]owners.Wish, len(wishes))
		now, err := tx.Now()
		if err != nil {
			return err
		}
		upsert := tx.Dialect().Upsert("wishes", 1, "app_id, kind, id, thing, account", []string{"write_id", "want", "token", "claimed_us", "at_us"},
			"app_id", "kind", "id", "thing", "account", "write_id", "want", "token", "claimed_us", "at_us")
		for i, w := range wishes {
			there, claimed, err := standing(tx, w)
			switch {
			case err != nil:
				return err
			case claimed > now.UnixMicro():
				return owners.ErrSettling
			}
			w.Token, w.Before = rand.Text(), there
			if _, err := tx.Exec(upsert, append(wishArgs(w), w.Write, string(w.Want), w.Token, 0, now.UnixMicro())...); err != nil {
				return err
			}
			begun[i] = w
		}
		return nil
	})
	return begun, err
}

// End implements owners.WishStore.
func (s *Store) End(ctx context.Context, done, undone []owners.Wish) error {
	all := append(append([]owners.Wish{}, done...), undone...)
	return s.db.WriteKeyed(ctx, all[0].App, func(tx *sqldb.Tx) error {
		for i, w := range all {
			var err error
			if w.Before == nil || i < len(done) {
				_, err = tx.Exec("DELETE FROM wishes WHERE "+thisWish+" AND token = ?", append(wishArgs(w), w.Token)...)
			} else {
				args := append([]any{w.Before.Write, string(w.Before.Want), w.Before.Token}, wishArgs(w)...)
				_, err = tx.Exec("UPDATE wishes SET write_id = ?, want = ?, token = ? WHERE "+thisWish+" AND token = ?", append(args, w.Token)...)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Claim implements owners.WishStore.
func (s *Store) Claim(ctx context.Context, of owners.Wish, lease time.Duration) (w owners.Wish, err error) {
	err = s.db.WriteKeyed(ctx, of.App, func(tx *sqldb.Tx) error {
		there, claimed, err := standing(tx, of)
		if err == nil && (there == nil || there.Write != of.Write) {
			err = owners.ErrNoWish
		}
		if err != nil {
			return err
		}
		now, err := tx.Now()
		if err == nil && claimed > now.UnixMicro() {
			err = owners.ErrSettling
		}
		if err != nil {
			return err
		}
		w = *there
		_, err = tx.Exec("UPDATE wishes SET claimed_us = ? WHERE "+thisWish, append([]any{now.Add(lease).UnixMicro()}, wishArgs(w)...)...)
		return err
	})
	return w, err
}

// Release implements owners.WishStore.
func (s *Store) Release(ctx context.Context, w owners.Wish) error {
	return s.db.WriteKeyed(ctx, w.App, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("UPDATE wishes SET claimed_us = 0 WHERE "+thisWish+" AND token = ?", append(wishArgs(w), w.Token)...)
		return err
	})
}

// PruneWishes implements owners.WishStore.
func (s *Store) PruneWishes(ctx context.Context, old time.Duration) error {
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err == nil {
			_, err = tx.Exec("DELETE FROM wishes WHERE at_us < ?", now.Add(-old).UnixMicro())
		}
		return err
	})
}
