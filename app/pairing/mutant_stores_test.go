package pairing

import (
	"context"
	"slices"
	"time"

	"switchboard/app/pairing/ticket"
)

// stealingStore has no unique key on people.
type stealingStore struct {
	Store
	m *Memory
}

func (s stealingStore) Commit(ctx context.Context, b Batch) error {
	for _, c := range b.Take {
		delete(s.m.claims, person{c.App, c.UID})
	}
	return s.Store.Commit(ctx, b)
}

// blindStore writes some batches whatever version they were read from.
type blindStore struct {
	Store
	m     *Memory
	which func(Batch) bool
}

func (s blindStore) Commit(ctx context.Context, b Batch) error {
	if b.Writes[0].Prev != 0 && s.which(b) {
		b.Writes = slices.Clone(b.Writes)
		b.Writes[0].Prev = s.m.tickets[b.Writes[0].Ticket.AskNo].ticket.Version
	}
	return s.Store.Commit(ctx, b)
}

// tornStore dies after the claim of every third ask, before its ticket.
type tornStore struct {
	Store
	asks int
}

func (s *tornStore) Commit(ctx context.Context, b Batch) error {
	if b.Writes[0].Prev == 0 {
		if s.asks++; s.asks%3 == 0 {
			return s.Store.Commit(ctx, Batch{Take: b.Take})
		}
	}
	return s.Store.Commit(ctx, b)
}

// changingStore writes something else than it was told to.
type changingStore struct {
	Store
	change func(*Batch)
}

// Commit implements Tickets.
func (s changingStore) Commit(ctx context.Context, b Batch) error {
	s.change(&b)
	return s.Store.Commit(ctx, b)
}

// forgetDue leaves previews without their deadline.
func forgetDue(writes []Write) {
	for i := range writes {
		if writes[i].Ticket.State == ticket.Preview {
			writes[i].Due = 0
		}
	}
}

// cuttingStore ends rounds by T_round although somebody rings.
type cuttingStore struct {
	Store
	m *Memory
}

// Due implements Tickets.
func (s cuttingStore) Due(ctx context.Context, now ticket.Instant, limit int) ([]string, error) {
	for _, r := range s.m.tickets {
		if t := r.ticket; t.State == ticket.Offered && t.RoundBy <= now {
			if err := s.Store.Commit(ctx, cutRound(t.Clone(), now)); err != nil {
				return nil, err
			}
		}
	}
	return s.Store.Due(ctx, now, limit)
}

// cutRound closes every open offer and begins the next round.
func cutRound(t *ticket.Ticket, now ticket.Instant) (b Batch) {
	b.Writes = []Write{{Ticket: t, Prev: t.Version, Due: now}}
	for i := range t.Offers {
		if o := &t.Offers[i]; o.State == ticket.OfferOpen {
			o.State, o.Reason, o.ClosedAt = ticket.OfferRescinded, ticket.ReasonRoundTimeout, now
			b.Drop = append(b.Drop, ticket.Release{Claim: ticket.Claim{App: t.App, UID: o.UID, AskNo: t.AskNo, Epoch: o.Epoch}, ReadyAt: now})
			if dispatch := t.Entry(o.Entry); dispatch == nil || !dispatch.Waiting {
				t.Seq++
				t.Outbox = append(t.Outbox, ticket.Entry{ID: t.Seq, Kind: ticket.ToClient, Name: ticket.CommandRescind, To: o.UID, Round: o.Round, After: o.Entry})
			}
		}
	}
	r := t.Round()
	r.EndAt, r.EndReason = now, ticket.ReasonRoundTimeout
	t.Rounds = append(t.Rounds, ticket.Round{No: r.No + 1, StartedAt: now})
	if t.State, t.RoundBy = ticket.Searching, now.Add(time.Hour); t.AskBy <= now {
		t.State, t.EndReason = ticket.Ended, ticket.ReasonExpired
		b.Drop = append(b.Drop, ticket.Release{Claim: ticket.Claim{App: t.App, UID: t.Asker, AskNo: t.AskNo, Epoch: t.AskerEpoch}, ReadyAt: now})
	}
	t.Version++
	return b
}

// forgetfulStore does not know who met, deletes records for both sides and
// leaves out some of the changes.
type forgetfulStore struct {
	Store
	change func(*Changes)
}

// DeleteRecord implements Records.
func (s forgetfulStore) DeleteRecord(ctx context.Context, app, askNo string, startAt int64, uid ticket.UID) error {
	err := s.Store.DeleteRecord(ctx, app, askNo, startAt, uid)
	for other := ticket.UID(1); err == nil && other <= 6; other++ {
		_ = s.Store.DeleteRecord(ctx, app, askNo, startAt, other) // most had no part in it
	}
	return err
}

// Changes implements Candidates.
func (s forgetfulStore) Changes(ctx context.Context, app string, since ticket.Instant) (Changes, error) {
	ch, err := s.Store.Changes(ctx, app, since)
	if s.change != nil {
		s.change(&ch)
	}
	return ch, err
}

// generousStore keeps one round less than the configuration gives.
type generousStore struct{ Store }

// SaveConfig implements Snapshots.
func (s generousStore) SaveConfig(ctx context.Context, id string, cfg ticket.Config) error {
	cfg.MaxRounds--
	return s.Store.SaveConfig(ctx, id, cfg)
}

// LoadConfig implements Snapshots.
func (s generousStore) LoadConfig(ctx context.Context, id string) (ticket.Config, error) {
	cfg, err := s.Store.LoadConfig(ctx, id)
	cfg.MaxRounds++
	return cfg, err
}

// revivingStore shows tickets otherwise than they were written.
type revivingStore struct {
	Store
	change func(*ticket.Ticket)
}

// Load implements Tickets.
func (s revivingStore) Load(ctx context.Context, askNo string) (*ticket.Ticket, error) {
	t, err := s.Store.Load(ctx, askNo)
	if err == nil {
		t = t.Clone()
		s.change(t)
	}
	return t, err
}

// partialStore never lets people of even numbers be offered anything.
type partialStore struct{ Store }

// Commit implements Tickets.
func (s partialStore) Commit(ctx context.Context, b Batch) error {
	if slices.ContainsFunc(b.Take, func(c ticket.Claim) bool { return c.Role == ticket.RoleCandidate && c.UID%2 == 0 }) {
		return ErrConflict
	}
	return s.Store.Commit(ctx, b)
}
