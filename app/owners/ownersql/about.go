package ownersql

import (
	"context"
	"time"

	"switchboard/app/owners"
	"switchboard/app/sqldb"
)

// Hold is what a user is kept from.
type Hold struct {
	Of    owners.Key
	What  owners.What
	Until time.Time // zero: until it is ended
}

// HoldsOn lists what keeps user from something, less blocks and what others hold against
// them.
func (s *Store) HoldsOn(ctx context.Context, app, user string) ([]Hold, error) {
	rows, err := s.db.Query(ctx, "SELECT kind, id, what, until_us FROM restraints WHERE app_id = ? AND user_id = ? AND kind <> ? ORDER BY kind, id, what", app, user, string(owners.Block))
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (h Hold, err error) {
		var until int64
		h.Of.App = app
		err = row.Scan(&h.Of.Kind, &h.Of.ID, &h.What, &until)
		h.Until = sqldb.Time(until)
		return h, err
	})
}

// OwnedBy lists what is user's.
func (s *Store) OwnedBy(ctx context.Context, app, user string) ([]owners.Record, error) {
	rows, err := s.db.Query(ctx, "SELECT "+columns+" FROM owners WHERE app_id = ? AND person = ? ORDER BY kind, id", app, user)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, scan)
}

// WishesOf lists what vendors were asked for about user and have not answered.
func (s *Store) WishesOf(ctx context.Context, app, user string) ([]owners.Wish, error) {
	rows, err := s.db.Query(ctx, "SELECT kind, thing, account, want FROM wishes WHERE app_id = ? AND kind IN (?, ?) AND id = ? ORDER BY kind, thing, account", app, string(owners.Block), string(owners.Message), user)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(row sqldb.Scanner) (w owners.Wish, err error) {
		var want string
		w.App, w.ID = app, user
		err = row.Scan(&w.Kind, &w.Thing, &w.Account, &want)
		w.Want = []byte(want)
		return w, err
	})
}

// MovesOf lists what operators moved that is about user.
func (s *Store) MovesOf(ctx context.Context, app, user string) ([]owners.Move, error) {
	rows, err := s.db.Query(ctx, selectMove+"WHERE app_id = ? AND kind = ? AND id = ? ORDER BY version", app, string(owners.Block), user)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, scanMove)
}
