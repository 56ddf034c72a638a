// Package pairingsql keeps pair matching in SQL: tickets with their claims, candidates,
// records, lists of hosts, settings and configurations.
package pairingsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/sqldb"
)

// Store keeps tickets, claims, people, records and configurations.
type Store struct{ db *sqldb.DB }

// New keeps pair matching in db.
func New(db *sqldb.DB) *Store { return &Store{db} }

var _ pairing.Store = (*Store)(nil)

const (
	dueLease   = time.Second    // a replica's time to tick what Due gave it
	keepEnded  = 24 * time.Hour // an ended ticket still answers repeats so long
	reapTicket = 1000           // ended tickets forgotten at a time
)

// Clock is the database's time.
func (s *Store) Clock(ctx context.Context) (ticket.Instant, error) {
	now, err := s.db.Now(ctx)
	return ticket.At(now), err
}

// Load reads one ticket.
func (s *Store) Load(ctx context.Context, askNo string) (*ticket.Ticket, error) {
	t, err := scanTicket(s.db.QueryRow(ctx, "SELECT doc FROM pair_tickets WHERE ask_no = ?", askNo))
	if errors.Is(err, sql.ErrNoRows) {
		err = ticket.ErrUnknownAsk
	}
	return t, err
}

func scanTicket(row sqldb.Scanner) (*ticket.Ticket, error) {
	var doc []byte
	if err := row.Scan(&doc); err != nil {
		return nil, err
	}
	return decodeTicket(doc)
}

func decodeDoc(doc []byte, v any) error {
	if err := json.Unmarshal(doc, v); err != nil {
		return fmt.Errorf("pairingsql: %w", err)
	}
	return nil
}

// Holder returns the claim on a person.
func (s *Store) Holder(ctx context.Context, app string, uid ticket.UID) (ticket.Claim, bool, error) {
	c := ticket.Claim{App: app, UID: uid}
	err := s.db.QueryRow(ctx, "SELECT ask_no, role, round_no, epoch, lease_ms FROM pair_claims WHERE app = ? AND uid = ?", app, uid).
		Scan(&c.AskNo, &c.Role, &c.Round, &c.Epoch, &c.LeaseUntil)
	if errors.Is(err, sql.ErrNoRows) {
		return ticket.Claim{}, false, nil
	}
	return c, err == nil, err
}

// What is read by more than a key.
const (
	selectDue = "SELECT ask_no FROM pair_tickets WHERE due_ms <= ? ORDER BY due_ms LIMIT ?"
	// The literal 2 lets PostgreSQL use its partial index, and the due time, which
	// every ticket has that waits, sqldb.SQLite its own.
	selectWaiting = "SELECT doc FROM pair_tickets WHERE app = ? AND state < 2 AND due_ms > 0 AND changed_ms >= ?"
	// Ask numbers rise with time, so the oldest come first and need no index of their own.
	selectOld  = "SELECT ask_no FROM pair_tickets WHERE ask_no < ? AND due_ms IS NULL AND changed_ms < ? AND state = ? ORDER BY ask_no LIMIT ?"
	reapClaims = "DELETE FROM pair_claims WHERE lease_ms < ? AND NOT EXISTS (SELECT 1 FROM pair_tickets t WHERE t.ask_no = pair_claims.ask_no AND t.state <> ?)"
)

// Due returns tickets whose time has come. Where replicas share the database
// the rows are put off, so that the others pass over them.
func (s *Store) Due(ctx context.Context, now ticket.Instant, limit int) (asks []string, err error) {
	if s.db.Dialect() == sqldb.SQLite {
		rows, err := s.db.Query(ctx, selectDue, now, limit)
		if err != nil {
			return nil, err
		}
		return sqldb.Collect(rows, sqldb.ScanOne[string])
	}
	// Looked at without a lock first: mostly nothing is due.
	var one string
	err = s.db.QueryRow(ctx, selectDue, now, 1).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) || err != nil {
		return nil, sqldb.IgnoreNoRows(err)
	}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		rows, err := tx.Query(selectDue+tx.Dialect().SkipLocked(), now, limit)
		if err != nil {
			return err
		}
		if asks, err = sqldb.Collect(rows, sqldb.ScanOne[string]); err != nil || len(asks) == 0 {
			return err
		}
		list, ids := sqldb.InList(asks)
		_, err = tx.Exec("UPDATE pair_tickets SET due_ms = ? WHERE ask_no IN "+list, append([]any{now.Add(dueLease)}, ids...)...)
		return err
	})
	return asks, err
}

// Reap drops claims that nobody will drop, and forgets tickets that ended long ago.
func (s *Store) Reap(ctx context.Context, now ticket.Instant) (n int, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		gone, err := tx.Exec(reapClaims, now, ticket.Ended)
		n = int(gone)
		return err
	})
	if err != nil {
		return 0, err
	}
	last := now.Add(-keepEnded)
	rows, err := s.db.Query(ctx, selectOld,
		pairing.FirstAskNo(last), last, ticket.Ended, reapTicket)
	if err != nil {
		return n, err
	}
	old, err := sqldb.Collect(rows, sqldb.ScanOne[string])
	for chunk := range slices.Chunk(old, sqldb.MaxList) {
		if err == nil {
			err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
				list, ids := sqldb.InList(chunk)
				_, err := tx.Exec("DELETE FROM pair_tickets WHERE state = ? AND ask_no IN "+list, append([]any{ticket.Ended}, ids...)...)
				return err
			})
		}
	}
	return n, err
}

// SaveConfig keeps a configuration by its id.
func (s *Store) SaveConfig(ctx context.Context, id string, cfg ticket.Config) error {
	doc, err := json.Marshal(cfg)
	if err != nil {
		return fmt.Errorf("pairingsql: %w", err)
	}
	return s.db.WriteKeyed(ctx, id, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(tx.Dialect().InsertIgnore("pair_configs", 1, "id", "doc"), id, string(doc))
		return err
	})
}

// LoadConfig reads a configuration.
func (s *Store) LoadConfig(ctx context.Context, id string) (cfg ticket.Config, err error) {
	var doc []byte
	err = s.db.QueryRow(ctx, "SELECT doc FROM pair_configs WHERE id = ?", id).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return cfg, pairing.ErrNoConfig
	}
	if err != nil {
		return cfg, err
	}
	return cfg, decodeDoc(doc, &cfg)
}
