package eventsql

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"switchboard/app/sqldb"
)

const eraseRows = 200 // looked at by one step

// EraseUser takes a step through the events of the app's own accounts, and those of our
// own sessions, whose account is self: those that tell of user keep their id, by which a
// vendor's repetition is known, and nothing else; they are not sent on any more. Cursor is
// empty at first, next at the end.
func (s *Store) EraseUser(ctx context.Context, app, self string, accounts []string, user, cursor string) (next string, n int, err error) {
	word := regexp.MustCompile(`(^|[^0-9A-Za-z_.-])` + regexp.QuoteMeta(user) + `($|[^0-9A-Za-z_.-])`)
	rows, err := s.db.Query(ctx, "SELECT id, payload FROM events WHERE id > ? ORDER BY id LIMIT ?", cursor, eraseRows)
	if err != nil {
		return "", 0, err
	}
	type event struct {
		id      string
		payload []byte
	}
	found, err := sqldb.Collect(rows, func(row sqldb.Scanner) (e event, err error) { return e, row.Scan(&e.id, &e.payload) })
	if err != nil {
		return "", 0, err
	}
	var about []string
	for _, e := range found {
		account, _, _ := strings.Cut(e.id, "/")
		ours := slices.Contains(accounts, account) || account == self && appOf(e.payload) == app
		if ours && (word.Match(e.payload) || word.MatchString(e.id)) {
			about = append(about, e.id)
		}
	}
	if n = len(about); n > 0 || cursor == "" {
		err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
			for _, account := range accounts { // where the user is watched
				if _, err := tx.Exec("DELETE FROM watched_users WHERE account = ? AND user_id = ?", account, user); err != nil {
					return err
				}
			}
			for _, id := range about {
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
	if len(found) == eraseRows {
		next = found[eraseRows-1].id
	}
	return next, n, err
}

// appOf is the app that an event names.
func appOf(payload []byte) string {
	var p struct{ Data struct{ App string } }
	_ = json.Unmarshal(payload, &p) // what is not readable names none
	return p.Data.App
}
