package pairingsql

import (
	"context"
	"slices"
	"strings"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/sqldb"
)

const eraseRows = 100 // looked at by one step

// EraseTickets takes a step through the app's tickets: those that ended and that uid took
// part in are forgotten before their day is over. Waits says that one still runs. Cursor
// is empty at first, next at the end.
func (s *Store) EraseTickets(ctx context.Context, app string, uid ticket.UID, cursor string) (next string, n int, waits bool, err error) {
	rows, err := s.db.Query(ctx, "SELECT ask_no, doc FROM pair_tickets WHERE ask_no > ? ORDER BY ask_no LIMIT ?", cursor, eraseRows)
	if err != nil {
		return "", 0, false, err
	}
	type kept struct {
		ask string
		doc []byte
	}
	found, err := sqldb.Collect(rows, func(row sqldb.Scanner) (k kept, err error) { return k, row.Scan(&k.ask, &k.doc) })
	if err != nil {
		return "", 0, false, err
	}
	var gone []string
	for _, k := range found {
		t, err := decodeTicket(k.doc)
		if err != nil {
			return "", 0, false, err
		}
		if t.App == app && takesPart(t, uid) {
			gone = append(gone, k.ask)
		}
	}
	if len(gone) > 0 {
		err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
			n = 0
			for _, ask := range gone {
				dropped, err := tx.Exec("DELETE FROM pair_tickets WHERE ask_no = ? AND state = ? AND due_ms IS NULL", ask, ticket.Ended)
				if err != nil {
					return err
				}
				n += int(dropped)
			}
			return nil
		})
		waits = n < len(gone)
	}
	if len(found) == eraseRows {
		next = found[eraseRows-1].ask
	}
	return next, n, waits, err
}

func takesPart(t *ticket.Ticket, uid ticket.UID) bool {
	return t.Asker == uid || t.EndReportedBy == uid ||
		slices.ContainsFunc(t.Rounds, func(r ticket.Round) bool { return r.Peer == uid }) ||
		slices.ContainsFunc(t.Offers, func(o ticket.Offer) bool { return o.UID == uid }) ||
		slices.ContainsFunc(t.Outbox, func(e ticket.Entry) bool { return e.To == uid || e.Peer == uid })
}

// EraseRecords takes a step through uid's records: their own go, and the partner's keep
// their time with nobody as the partner. It is 0 at the end.
func (s *Store) EraseRecords(ctx context.Context, app string, uid ticket.UID) (n int, err error) {
	err = s.db.WriteKeyed(ctx, app, func(tx *sqldb.Tx) error {
		rows, err := tx.Query("SELECT peer, start_at, ask_no FROM pair_records WHERE app = ? AND uid = ? LIMIT ?", app, uid, eraseRows)
		if err != nil {
			return err
		}
		type record struct {
			peer  ticket.UID
			start int64
			ask   string
		}
		found, err := sqldb.Collect(rows, func(row sqldb.Scanner) (r record, err error) { return r, row.Scan(&r.peer, &r.start, &r.ask) })
		if n = len(found); err != nil {
			return err
		}
		for _, r := range found {
			if _, err := tx.Exec("UPDATE pair_records SET peer = 0 WHERE app = ? AND uid = ? AND start_at = ? AND ask_no = ? AND peer = ?", app, r.peer, r.start, r.ask, uid); err != nil {
				return err
			}
			if _, err := tx.Exec("DELETE FROM pair_records WHERE app = ? AND uid = ? AND start_at = ? AND ask_no = ?", app, uid, r.start, r.ask); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// ErasePerson forgets what is known of uid as somebody who may be offered asks, and takes
// them out of the app's lists of hosts.
func (s *Store) ErasePerson(ctx context.Context, app string, uid ticket.UID) (n int, err error) {
	scenes, err := s.hostScenes(ctx, app, uid)
	if err != nil {
		return 0, err
	}
	for _, scene := range scenes {
		if err := s.ChangeHosts(ctx, app, scene, pairing.HostChange{Remove: []ticket.UID{uid}}); err != nil {
			return 0, err
		}
	}
	err = s.db.WriteKeyed(ctx, app, func(tx *sqldb.Tx) error {
		n = len(scenes)
		for _, table := range strings.Fields("pair_people pair_claims") {
			gone, err := tx.Exec("DELETE FROM "+table+" WHERE app = ? AND uid = ?", app, uid)
			if n += int(gone); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
