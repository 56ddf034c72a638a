package pairingsql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/sqldb"
)

// releaseCandidate leaves columns whose argument is null as they are.
const releaseCandidate = "UPDATE pair_people SET ready_ms = ?, idle_ms = ?, changed_ms = ?, card = COALESCE(?, card), paused = CASE WHEN ? = 1 THEN 1 ELSE paused END" +
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
	dropped []int // of Drop: the claims that were still the ones meant
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
	if err := c.dropClaims(swap); err != nil {
		return err
	}
	if done, err := c.take(); done || err != nil {
		return err
	}
	for i := range c.b.Writes {
		if done, err := c.writeTicket(i); done || err != nil {
			return err
		}
	}
	if err := c.dropClaims(func(d ticket.Release) bool { return !swap(d) }); err != nil {
		return err
	}
	for _, r := range c.b.Records {
		if err := c.addRecord(r); err != nil {
			return err
		}
	}
	return c.updateReleased()
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

func (c *commit) writeTicket(i int) (done bool, err error) {
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

// dropClaims drops the claims that are meant and still the ones that are held.
func (c *commit) dropClaims(meant func(ticket.Release) bool) error {
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
			c.dropped = append(c.dropped, i)
		}
	}
	return nil
}

// updateReleased stores, for everybody whose claim was dropped, when the next offer may come.
func (c *commit) updateReleased() error {
	for _, i := range c.dropped {
		if err := c.updateCandidate(&c.b.Drop[i], c.cards[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *commit) updateCandidate(d *ticket.Release, card []byte) error {
	app, uid, ready := d.Claim.App, int64(d.Claim.UID), int64(d.ReadyAt)
	var newCard any
	if card != nil {
		newCard = string(card)
	}
	n, err := c.tx.Exec(releaseCandidate, ready, c.now, c.now, newCard, sqldb.Flag(card != nil && d.Paused), app, uid)
	if err != nil || n > 0 {
		return err
	}
	p := ticket.Candidate{App: app, UID: d.Claim.UID, ReadyAt: d.ReadyAt, IdleSince: ticket.Instant(c.now), Paused: d.Paused}
	if d.Card != nil {
		p.Card = *d.Card
	}
	return saveCandidate(c.tx, p, c.now)
}

// addRecord adds the rows of r.
func (c *commit) addRecord(r ticket.Record) error {
	row := func(uid, peer ticket.UID, asked int) []any {
		return []any{r.App, int64(uid), r.StartAt, r.AskNo, int64(peer), asked, int64(r.Round), r.CallID, r.EndAt, sqldb.Flag(r.Liked), 0}
	}
	rows, n := row(r.Asker, r.Peer, 1), 1
	if r.Peer != r.Asker {
		rows, n = append(rows, row(r.Peer, r.Asker, 0)...), 2
	}
	_, err := c.tx.Exec(insertRecords[n][c.tx.Dialect()], rows...)
	return err
}
