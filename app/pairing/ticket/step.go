package ticket

import (
	"slices"
	"sync"
	"time"
)

// Event is one thing that happens to a ticket. Each kind knows its rows.
type Event interface {
	apply(*step) error
}

// Step is the state machine: what ev makes of t at now, what has to be written
// and sent with it, and what the caller is told. It changes nothing itself. An
// error may come with a change (N2: the ask ends and the answer is ErrBalance).
// acks, the ends of deliveries, are written along where the event itself changes
// something: alone they wait for AckOnce.
func Step(cfg *Config, t *Ticket, now Instant, acks []Delivery, ev Event) (*Ticket, Effects, error) {
	room := outboxes.Get().(*[]Entry)
	s := step{cfg: cfg, now: now, t: t.clone(*room)}
	_ = Acked{Deliveries: acks}.apply(&s) // never fails
	s.dirty = false
	s.overdue(ev)
	err := ev.apply(&s)
	if s.dirty {
		s.t.Version++
		s.fx.Changed = true
	}
	*room = s.t.Outbox
	s.t.Outbox = append([]Entry(nil), s.t.Outbox...)
	outboxes.Put(room)
	return s.t, s.fx, err
}

// outboxes are rooms to work in: a step drops entries and pushes others, and what it
// leaves is mostly less than it found.
var outboxes = sync.Pool{New: func() any { return new([]Entry) }}

// step is one application of an event; t is its own copy.
type step struct {
	cfg   *Config
	now   Instant
	t     *Ticket
	fx    Effects
	dirty bool
}

// epoch is the version that this step will commit: no two claims share it.
func (s *step) epoch() int64 { return s.t.Version + 1 }

func (s *step) claimAsker() {
	s.t.AskerEpoch = s.epoch()
	s.fx.Take = append(s.fx.Take, s.claim(s.t.Asker, RoleAsker, s.t.AskerEpoch))
}

func (s *step) claim(uid UID, role Role, epoch int64) Claim {
	return Claim{App: s.t.App, UID: uid, AskNo: s.t.AskNo, Role: role, Round: s.t.RoundNo(), Epoch: epoch,
		LeaseUntil: s.now.Add(s.cfg.longestLife())}
}

// dropAsker gives the asker back; in Held that claim belongs to the other ask.
func (s *step) dropAsker(cool time.Duration) {
	if s.t.AskerEpoch == 0 {
		return
	}
	c := s.claim(s.t.Asker, RoleAsker, s.t.AskerEpoch)
	s.t.AskerEpoch = 0
	s.drops(Release{Claim: c, ReadyAt: s.now.Add(cool)})
}

// drops gives a claim back; one that this very step took is simply not taken,
// since a batch drops before it takes.
func (s *step) drops(r Release) {
	taken := slices.IndexFunc(s.fx.Take, func(c Claim) bool { return c.UID == r.Claim.UID && c.Same(r.Claim) })
	if taken >= 0 {
		s.fx.Take = slices.Delete(s.fx.Take, taken, taken+1)
		return
	}
	s.fx.Drop = append(s.fx.Drop, r)
}

// dropCandidate gives o's person back after cool.
func (s *step) dropCandidate(o *Offer, cool time.Duration, card *Card) {
	r := Release{Claim: s.claim(o.UID, RoleCandidate, o.Epoch), ReadyAt: s.now.Add(cool), Card: card}
	if card != nil && card.RNA >= s.cfg.MaxRNA {
		r.Paused = true
		card.RNA = 0
		s.event(Entry{Name: EventCandidatePaused, To: o.UID, Round: o.Round})
	}
	s.drops(r)
}

// search puts the ticket back to Searching and runs what fell due meanwhile.
func (s *step) search() {
	s.t.State = Searching
	s.dirty = true
	s.fire()
}

// pause stops T_ask; resume lets it run on (docs/pairing.md#timers).
func (s *step) pause() { s.t.AskLeft, s.t.AskBy = max(0, s.t.AskBy.Sub(s.now)), 0 }

func (s *step) resume() { s.t.AskBy, s.t.AskLeft = s.now.Add(s.t.AskLeft), 0 }

// nextRound closes the round without a like: another one, or the end (M4, M5, C4, C5).
func (s *step) nextRound(why Reason, cool time.Duration) {
	if s.t.RoundNo() >= s.cfg.MaxRounds {
		s.closeRound(why, cool)
		s.end(ReasonMaxRounds)
		return
	}
	talked := s.t.State.InCall()
	s.closeRound(why, cool)
	if talked {
		s.resume()
	}
	s.t.Rounds = append(s.t.Rounds, Round{No: s.t.RoundNo() + 1, StartedAt: s.now})
	s.t.RoundBy = s.now.Add(s.cfg.RoundTimeout)
	s.command(Entry{Name: CommandRound, To: s.t.Asker, Round: s.t.RoundNo(), Reason: why})
	s.search()
}

// closeRound writes the round's end, ends its record and frees its winner.
func (s *step) closeRound(why Reason, cool time.Duration) {
	r := s.t.Round()
	s.dirty = true
	r.EndAt, r.EndReason = s.now, why
	s.t.ConnectBy, s.t.ConfirmBy, s.t.CallBy, s.t.PeerGoneBy, s.t.WatchBy = 0, 0, 0, 0, 0
	if s.t.State.InCall() {
		s.freeWinner(cool)
		if r.StartAt != 0 {
			s.record(s.now)
		}
		s.command(Entry{Name: CommandRoundEnd, To: r.Peer, Peer: s.t.Asker, Round: r.No, Reason: why})
	}
	s.event(Entry{Name: EventRoundEnded, To: s.t.Asker, Peer: r.Peer, Round: r.No, Reason: why, CallID: r.CallID})
}

func (s *step) freeWinner(cool time.Duration) {
	if o := s.t.Offer(s.t.Round().Peer, s.t.RoundNo()); o != nil && o.Epoch != 0 {
		card := o.Card
		s.dropCandidate(o, cool, &card)
		o.Epoch = 0
	}
}

// record writes the current round's record, once: while its call runs the ticket
// tells all of it.
func (s *step) record(end Instant) {
	rec := s.t.Record()
	rec.EndAt = max(int64(end)/1000, rec.StartAt)
	s.fx.Records = append(s.fx.Records, rec)
}

func (s *step) hangUp() {
	if r := s.t.Round(); r.CallID != "" {
		s.push(Entry{Kind: ToVendor, Name: OrderHangUp, To: s.t.Asker, Peer: r.Peer, Round: r.No, CallID: r.CallID})
	}
}
