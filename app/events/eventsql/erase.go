package eventsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"switchboard/app/sqldb"
)

const eraseRows = 200 // looked at by one step

// EraseUser takes a step through the events of the app's own accounts, and those of our
// own sessions, whose account is self: those that tell of user keep their id, by which a
// vendor's repetition is known, and nothing else; they are not sent on any more. Cursor is
// empty at first, next at the end.
func (s *Store) EraseUser(ctx context.Context, app, self string, accounts []string, user, cursor string) (next string, n int, err error) {
	word := wordOf(user)
	about, next, err := s.about(ctx, app, self, accounts, word, cursor)
	if err != nil {
		return "", 0, err
	}
	if n = len(about); n > 0 || cursor == "" {
		err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
			for _, account := range accounts { // where the user is watched
				if _, err := tx.Exec("DELETE FROM watched_users WHERE account = ? AND user_id = ?", account, user); err != nil {
					return err
				}
			}
			for _, e := range about {
				id := e.id
				query := "UPDATE events SET payload = ?, due_us = NULL, order_key = '' WHERE id = ?"
				args := []any{[]byte("{}"), id}
				if word.MatchString(id) {
					query, args = "DELETE FROM events WHERE id = ?", []any{id}
				}
				if _, err := tx.Exec(query, args...); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return next, n, err
}

// kept is an event as it stands.
type kept struct {
	id      string
	payload []byte
}

func wordOf(user string) *regexp.Regexp {
	return regexp.MustCompile(`(^|[^0-9A-Za-z_.-])` + regexp.QuoteMeta(user) + `($|[^0-9A-Za-z_.-])`)
}

// about are those of the events behind cursor that EraseUser means.
func (s *Store) about(ctx context.Context, app, self string, accounts []string, word *regexp.Regexp, cursor string) (about []kept, next string, err error) {
	rows, err := s.db.Query(ctx, "SELECT id, payload FROM events WHERE id > ? ORDER BY id LIMIT ?", cursor, eraseRows)
	if err != nil {
		return nil, "", err
	}
	found, err := sqldb.Collect(rows, func(row sqldb.Scanner) (e kept, err error) { return e, row.Scan(&e.id, &e.payload) })
	if err != nil {
		return nil, "", err
	}
	for _, e := range found {
		account, _, _ := strings.Cut(e.id, "/")
		ours := slices.Contains(accounts, account) || account == self && appOf(e.payload) == app
		if ours && (word.Match(e.payload) || word.MatchString(e.id)) {
			about = append(about, e)
		}
	}
	if len(found) == eraseRows {
		next = found[eraseRows-1].id
	}
	return about, next, nil
}

// AboutUser gives emit the events that EraseUser would take: their ids and what they say.
func (s *Store) AboutUser(ctx context.Context, app, self string, accounts []string, user string, emit func(id string, payload []byte) error) error {
	word := wordOf(user)
	for cursor := ""; ; {
		about, next, err := s.about(ctx, app, self, accounts, word, cursor)
		if err != nil {
			return err
		}
		for _, e := range about {
			if err := emit(e.id, e.payload); err != nil {
				return err
			}
		}
		if cursor = next; cursor == "" {
			return nil
		}
	}
}

// Watched is that an account which reports no presence is asked about a user.
type Watched struct {
	Account string
	Until   time.Time
	Seen    time.Time // as of when Online is; zero: not yet
	Online  bool
}

// WatchedAt lists at which of the accounts user is watched.
func (s *Store) WatchedAt(ctx context.Context, accounts []string, user string) (out []Watched, err error) {
	for _, account := range accounts {
		w := Watched{Account: account}
		var until, seen int64
		err := s.db.QueryRow(ctx, "SELECT until_us, seen_us, online FROM watched_users"+thisUser, account, user).Scan(&until, &seen, &w.Online)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, err
		}
		w.Until, w.Seen = sqldb.Time(until), sqldb.Time(seen)
		out = append(out, w)
	}
	return out, nil
}

// appOf is the app that an event names.
func appOf(payload []byte) string {
	var p struct{ Data struct{ App string } }
	_ = json.Unmarshal(payload, &p) // what is not readable names none
	return p.Data.App
}
