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

// freePerson leaves what is null as it is.
const freePerson = "UPDATE pair_people SET ready_ms = ?, idle_ms = ?, changed_ms = ?, card = COALESCE(?, card), paused = CASE WHEN ? = 1 THEN 1 ELSE paused END" +
	" WHERE app = ? AND uid = ?"

// The statements of every commit, made once.
var (
	insertClaim = sqldb.PerDialect(func(d sqldb.Dialect) string {
		return d.InsertIgnore("pair_claims", 1, "app", "uid", "ask_no", "role", "round_no", "epoch", "lease_ms")
	})
	insertTicket = sqldb.PerDialect(func(d sqldb.Dialect) string {
		return d.Insert("pair_tickets", 1, "ask_no", "app", "state", "version", "due_ms", "changed_ms", "doc")
	})
)

// commit is one Batch inside a transaction. A refusal found before anything
// was written is an outcome, not an error: it undoes nothing of others.
type commit struct {
	tx      *sqldb.Tx
	b       pairing.Batch
	docs    []string // of Writes
	cards   [][]byte // of Drop; nil: unchanged
	now     int64
	freed   []int // of Drop: the claims that were still the ones meant
	wrote   bool
	refusal error
}

// Commit writes b at once.
func (s *Store) Commit(ctx context.Context, b pairing.Batch) error {
	docs, cards := make([]string, len(b.Writes)), make([][]byte, len(b.Drop))
	for i := range b.Writes {
		var err error
		if docs[i], err = encodeTicket(b.Writes[i].Ticket); err != nil {
			return err
		}
	}
	for i := range b.Drop {
		if card := b.Drop[i].Card; card != nil {
			var err error
			if cards[i], err = json.Marshal(card); err != nil {
				return fmt.Errorf("pairingsql: %w", err)
			}
		}
	}
	var refusal error
	err := s.db.WriteKeyed(ctx, b.Writes[0].Ticket.AskNo, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		c := commit{tx: tx, b: b, docs: docs, cards: cards, now: now.UnixMilli()}
		err = c.run()
		refusal = c.refusal
		return err
	})
	if errors.Is(err, sqldb.ErrDuplicate) {
		return pairing.ErrConflict // the ask's number is in use
	}
	return errors.Join(err, refusal)
}

func (c *commit) run() error {
	swap := func(d ticket.Release) bool { // a claim that changes its ask
		return slices.ContainsFunc(c.b.Take, func(t ticket.Claim) bool { return t.UID == d.Claim.UID })
	}
	if err := c.free(swap); err != nil {
		return err
	}
	if done, err := c.take(); done || err != nil {
		return err
	}
	for i := range c.b.Writes {
		if done, err := c.ticket(i); done || err != nil {
			return err
		}
	}
	if err := c.free(func(d ticket.Release) bool { return !swap(d) }); err != nil {
		return err
	}
	for _, r := range c.b.Records {
		if err := c.record(r); err != nil {
			return err
		}
	}
	return c.people()
}

// refuse stops the commit: as an error once something was written, so that it
// is undone.
func (c *commit) refuse(why error) (done bool, err error) {
	if c.wrote {
		return true, why
	}
	c.refusal = why
	return true, nil
}

// take claims everybody or nobody.
func (c *commit) take() (done bool, err error) {
	taken, err := c.taken()
	if len(taken) > 0 {
		return c.refuse(&pairing.ClaimedError{UIDs: taken})
	}
	return false, err
}

// taken claims everybody and lists those who were claimed already.
func (c *commit) taken() (taken []ticket.UID, err error) {
	for _, t := range c.b.Take {
		n, err := c.tx.Exec(insertClaim[c.tx.Dialect()], t.App, int64(t.UID), t.AskNo, int64(t.Role), int64(t.Round), t.Epoch, int64(t.LeaseUntil))
		if err != nil {
			return nil, err
		}
		if n == 0 {
			taken = append(taken, t.UID)
		}
		c.wrote = c.wrote || n > 0
	}
	return taken, nil
}

func (c *commit) ticket(i int) (done bool, err error) {
	w := &c.b.Writes[i]
	t := w.Ticket
	var due any // null: never
	if w.Due != 0 {
		due = int64(w.Due)
	}
	if w.Prev == 0 {
		_, err := c.tx.Exec(insertTicket[c.tx.Dialect()],
			t.AskNo, t.App, int64(t.State), t.Version, due, c.now, c.docs[i])
		c.wrote = true
		return false, err
	}
	n, err := c.tx.Exec("UPDATE pair_tickets SET state = ?, version = ?, due_ms = ?, changed_ms = ?, doc = ? WHERE ask_no = ? AND version = ?",
		int64(t.State), t.Version, due, c.now, c.docs[i], t.AskNo, w.Prev)
	if err != nil {
		return false, err
	}
	if n == 0 {
		return c.refuse(pairing.ErrConflict)
	}
	c.wrote = true
	return false, nil
}

// free drops the claims that are meant and still the ones that are held.
func (c *commit) free(meant func(ticket.Release) bool) error {
	for i, d := range c.b.Drop {
		if !meant(d) {
			continue
		}
		n, err := c.tx.Exec("DELETE FROM pair_claims WHERE app = ? AND uid = ? AND ask_no = ? AND epoch = ?", d.Claim.App, int64(d.Claim.UID), d.Claim.AskNo, d.Claim.Epoch)
		if err != nil {
			return err
		}
		if n > 0 {
			c.wrote = true
			c.freed = append(c.freed, i)
		}
	}
	return nil
}

// people stores of all who were freed when they may be offered something again.
func (c *commit) people() error {
	for _, i := range c.freed {
		if err := c.person(&c.b.Drop[i], c.cards[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *commit) person(d *ticket.Release, card []byte) error {
	app, uid, ready := d.Claim.App, int64(d.Claim.UID), int64(d.ReadyAt)
	var newCard any
	if card != nil {
		newCard = string(card)
	}
	n, err := c.tx.Exec(freePerson, ready, c.now, c.now, newCard, sqldb.Flag(card != nil && d.Paused), app, uid)
	if err != nil || n > 0 {
		return err
	}
	p := ticket.Candidate{App: app, UID: d.Claim.UID, ReadyAt: d.ReadyAt, IdleSince: ticket.Instant(c.now), Paused: d.Paused}
	if d.Card != nil {
		p.Card = *d.Card
	}
	return savePerson(c.tx, p, c.now)
}

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
