package pairingsql

import (
	"context"

	"switchboard/app/pairing/ticket"
	"switchboard/app/sqldb"
)

// AskedBy gives emit the tickets of what uid asked for.
func (s *Store) AskedBy(ctx context.Context, app string, uid ticket.UID, emit func(*ticket.Ticket) error) error {
	for cursor := ""; ; {
		rows, err := s.db.Query(ctx, "SELECT ask_no, doc FROM pair_tickets WHERE ask_no > ? ORDER BY ask_no LIMIT ?", cursor, eraseRows)
		if err != nil {
			return err
		}
		n := 0
		found, err := sqldb.Collect(rows, func(row sqldb.Scanner) (*ticket.Ticket, error) {
			var doc []byte
			if err := row.Scan(&cursor, &doc); err != nil {
				return nil, err
			}
			n++
			return decodeTicket(doc)
		})
		if err != nil {
			return err
		}
		for _, t := range found {
			if t.App != app || t.Asker != uid {
				continue
			}
			if err := emit(t); err != nil {
				return err
			}
		}
		if n < eraseRows {
			return nil
		}
	}
}

// Person is what is known of uid as somebody who may be offered asks, and the scenes in
// whose lists of hosts they are. Nil: nothing is.
func (s *Store) Person(ctx context.Context, app string, uid ticket.UID) (c *ticket.Candidate, scenes []int, err error) {
	rows, err := s.db.Query(ctx, selectCandidate+" WHERE p.app = ? AND p.uid = ?", app, uid)
	if err != nil {
		return nil, nil, err
	}
	found, err := sqldb.Collect(rows, scanCandidate)
	if err != nil {
		return nil, nil, err
	}
	if len(found) > 0 {
		c = &found[0]
	}
	scenes, err = s.hostScenes(ctx, app, uid)
	return c, scenes, err
}

func (s *Store) hostScenes(ctx context.Context, app string, uid ticket.UID) ([]int, error) {
	rows, err := s.db.Query(ctx, "SELECT scene FROM pair_hosts WHERE app = ? AND uid = ?", app, uid)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, sqldb.ScanOne[int])
}
