// Package roomsql keeps in SQL whom back ends let into rooms.
package roomsql

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"switchboard/app/rooms"
	"switchboard/app/sqldb"
	"switchboard/vendors"
)

// Store keeps grants.
type Store struct{ db *sqldb.DB }

var _ rooms.Grants = (*Store)(nil)

// New keeps them in db.
func New(db *sqldb.DB) *Store { return &Store{db} }

const byRoom = "app_id = ? AND room = ?"

// Words of a grant beside those of media.
const (
	subscribe = "subscribe"
	data      = "data"
)

func words(p vendors.Permission) string {
	var out []string
	for _, m := range p.Publish {
		out = append(out, string(m))
	}
	if p.Subscribe {
		out = append(out, subscribe)
	}
	if p.Data {
		out = append(out, data)
	}
	return strings.Join(out, ",")
}

func permission(text string) (p vendors.Permission) {
	for word := range strings.SplitSeq(text, ",") {
		switch word {
		case "":
		case subscribe:
			p.Subscribe = true
		case data:
			p.Data = true
		default:
			p.Publish = append(p.Publish, vendors.Media(word))
		}
	}
	return p
}

// Grant implements rooms.Grants. What is over in the room goes by the way.
func (s *Store) Grant(ctx context.Context, app, room string, users []string, p vendors.Permission, d time.Duration) error {
	return s.db.WriteKeyed(ctx, app, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM room_grants WHERE "+byRoom+" AND until_us <= ?", app, room, now.UnixMicro()); err != nil {
			return err
		}
		for _, user := range users {
			if _, err := tx.Exec(tx.Dialect().Upsert("room_grants", 1, "app_id, room, user_id", []string{"rights", "until_us"}, "app_id", "room", "user_id", "rights", "until_us"),
				app, room, user, words(p), now.Add(d).UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Withdraw implements rooms.Grants.
func (s *Store) Withdraw(ctx context.Context, app, room string, users []string) error {
	return s.db.WriteKeyed(ctx, app, func(tx *sqldb.Tx) error {
		for _, user := range users {
			if _, err := tx.Exec("DELETE FROM room_grants WHERE "+byRoom+" AND user_id = ?", app, room, user); err != nil {
				return err
			}
		}
		return nil
	})
}

// Granted implements rooms.Grants.
func (s *Store) Granted(ctx context.Context, app, room, user string) (p vendors.Permission, until time.Time, found bool, err error) {
	var text string
	var at int64
	err = s.db.QueryRow(ctx, "SELECT rights, until_us FROM room_grants WHERE "+byRoom+" AND user_id = ? AND until_us > "+s.db.Dialect().NowSQL(), app, room, user).Scan(&text, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return p, until, false, nil
	}
	return permission(text), sqldb.Time(at), err == nil, err
}
