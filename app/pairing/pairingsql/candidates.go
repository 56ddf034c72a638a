package pairingsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/sqldb"
)

var candidateColumns = []string{"app", "uid", "ready_ms", "idle_ms", "paused", "card", "avail", "sessions", "online_ms", "changed_ms"}

const selectCandidate = "SELECT p.app, p.uid, p.ready_ms, p.idle_ms, p.paused, p.card, p.avail, p.sessions, p.online_ms, c.ask_no" +
	" FROM pair_people p LEFT JOIN pair_claims c ON c.app = p.app AND c.uid = p.uid"

func scanCandidate(row sqldb.Scanner) (c ticket.Candidate, err error) {
	var card, avail, sessions []byte
	var claim sql.NullString
	var paused int
	err = row.Scan(&c.App, &c.UID, &c.ReadyAt, &c.IdleSince, &paused, &card, &avail, &sessions, &c.OnlineAt, &claim)
	if err != nil {
		return c, err
	}
	c.Paused, c.Claimed = paused != 0, claim.Valid
	return c, errors.Join(decodeDoc(card, &c.Card), decodeDoc(avail, &c.Avail), decodeDoc(sessions, &c.Sessions))
}

func saveCandidate(tx *sqldb.Tx, c ticket.Candidate, now int64) error {
	card, err1 := json.Marshal(c.Card)
	avail, err2 := json.Marshal(c.Avail)
	sessions, err3 := json.Marshal(c.Sessions)
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("pairingsql: %w", err)
	}
	_, err := tx.Exec(tx.Dialect().Upsert("pair_people", 1, "app, uid", candidateColumns[2:], candidateColumns...),
		c.App, c.UID, c.ReadyAt, c.IdleSince, sqldb.Flag(c.Paused), string(card), string(avail), string(sessions), c.OnlineAt, now)
	return err
}

// addCandidate adds an empty row for a person who has none.
func addCandidate(tx *sqldb.Tx, app string, uid ticket.UID) error {
	_, err := tx.Exec(tx.Dialect().InsertIgnore("pair_people", 1, candidateColumns...), app, int64(uid), 0, 0, 0, "{}", "{}", "{}", 0, 0)
	return err
}

// change reads a person, changes and writes them. A person without a row is given
// one first, so that two replicas wait for one row.
func (s *Store) change(ctx context.Context, app string, uid ticket.UID, do func(*ticket.Candidate) bool) (c ticket.Candidate, err error) {
	err = s.db.WriteKeyed(ctx, fmt.Sprint(app, uid), func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		read := func() error {
			c, err = scanCandidate(tx.QueryRow(selectCandidate+" WHERE p.app = ? AND p.uid = ?", app, uid))
			return err
		}
		if tx.Dialect() != sqldb.SQLite {
			if err = addCandidate(tx, app, uid); err != nil {
				return err
			}
			var locked int64
			if err = tx.QueryRow("SELECT uid FROM pair_people WHERE app = ? AND uid = ?"+tx.Dialect().ForUpdate(), app, uid).Scan(&locked); err != nil {
				return err
			}
		}
		if err = read(); errors.Is(err, sql.ErrNoRows) {
			c = ticket.Candidate{App: app, UID: uid}
		} else if err != nil {
			return err
		}
		if !do(&c) {
			return nil
		}
		return saveCandidate(tx, c, now.UnixMilli())
	})
	return c, err
}

// SavePresence stores what a session showed.
func (s *Store) SavePresence(ctx context.Context, app string, uid ticket.UID, session string, e ticket.Evidence, lease ticket.Instant) (ticket.Candidate, error) {
	return s.change(ctx, app, uid, func(c *ticket.Candidate) bool { return c.MergeEvidence(session, e, lease) })
}

// SaveAvail stores a person's own word.
func (s *Store) SaveAvail(ctx context.Context, app string, uid ticket.UID, a ticket.Avail) (ticket.Candidate, error) {
	return s.change(ctx, app, uid, func(c *ticket.Candidate) bool { c.SetAvailability(a); return true })
}

// Candidate reads one person.
func (s *Store) Candidate(ctx context.Context, app string, uid ticket.UID) (ticket.Candidate, error) {
	c, err := scanCandidate(s.db.QueryRow(ctx, selectCandidate+" WHERE p.app = ? AND p.uid = ?", app, uid))
	if errors.Is(err, sql.ErrNoRows) {
		_, held, err := s.Holder(ctx, app, uid)
		return ticket.Candidate{App: app, UID: uid, Claimed: held}, err
	}
	return c, err
}

// Changes returns people and waiting tickets that changed since.
func (s *Store) Changes(ctx context.Context, app string, since ticket.Instant) (ch pairing.Changes, err error) {
	rows, err := s.db.Query(ctx, selectCandidate+" WHERE p.app = ? AND p.changed_ms >= ?", app, since)
	if err != nil {
		return ch, err
	}
	if ch.Candidates, err = sqldb.Collect(rows, scanCandidate); err != nil {
		return ch, err
	}
	ch.Tickets, err = s.waiting(ctx, app, since)
	return ch, err
}

func (s *Store) waiting(ctx context.Context, app string, since ticket.Instant) ([]*ticket.Ticket, error) {
	rows, err := s.db.Query(ctx, selectWaiting, app, since)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, scanTicket)
}
