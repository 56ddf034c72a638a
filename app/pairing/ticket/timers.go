package ticket

import "time"

// timer is one armed deadline of a ticket; run is what it does when it is due.
// A timer lives in the state that it belongs to, so one that was read before
// the state moved on finds nothing to fire: CAS on the version does the rest.
type timer struct {
	at  Instant
	run func(*step)
}

// Tick fires what is due and takes over deliveries that others left (Y1). Where the
// people have to be looked at, it needs Sights of them: ErrNeedSights.
type Tick struct{ Sights []Sight }

func (e Tick) apply(s *step) error {
	seen := s.look(e.Sights)
	s.fire()
	s.resend()
	if !seen && s.t.State != Ended {
		return ErrNeedSights
	}
	return nil
}

// fire runs due timers, the earliest first, until none is due.
func (s *step) fire() {
	for {
		next, ok := s.t.nextTimer(s.cfg)
		if !ok || next.at > s.now {
			return
		}
		s.dirty = true
		s.measureSince("timers_late_seconds", next.at)
		next.run(s)
	}
}

// DueAt is when the ticket next wants a Tick; 0: never.
func (t *Ticket) DueAt(cfg *Config) Instant {
	due := Instant(0)
	if next, ok := t.nextTimer(cfg); ok {
		due = next.at
	}
	if t.LookAt != 0 && (due == 0 || t.LookAt < due) {
		due = t.LookAt
	}
	told := false
	for i := range t.Outbox {
		e := &t.Outbox[i]
		if e.Kind == ToBusiness && told {
			continue // it comes behind the first event
		}
		told = told || e.Kind == ToBusiness
		if e.After == 0 && (due == 0 || e.NotBefore < due) {
			due = e.NotBefore
		}
	}
	return due
}

func (t *Ticket) nextTimer(cfg *Config) (timer, bool) {
	var next timer
	arm := func(at Instant, run func(*step)) {
		if at != 0 && (next.run == nil || at < next.at) {
			next = timer{at, run}
		}
	}
	switch t.State {
	case Searching:
		arm(t.AskBy, func(s *step) { s.end(ReasonExpired) }) // M6
		arm(t.RoundBy, func(s *step) { s.nextRound(ReasonRoundTimeout, 0) })
		if cfg.NoCandidate == NoCandidateEnd { // M3
			arm(max(t.CreatedAt.Add(cfg.NoCandidateAfter), t.searchingSince().Add(matchGrace)), func(s *step) { s.end(ReasonNoCandidate) })
		}
	case Offered:
		t.offerTimers(cfg, arm)
	case Connecting:
		arm(t.ConnectBy, func(s *step) { s.nextRound(ReasonConnectTimeout, s.cfg.WrapUp) }) // C3
	case Preview:
		arm(t.ConfirmBy, confirmTimeout)
	case Liked:
		arm(t.CallBy, func(s *step) { s.hangUp(); s.settle(ReasonCallEnded, s.now) }) // C15
		arm(t.PaidBy, paidTimeOver)
		arm(t.CountBy, (*step).orderBalanceReading)
		arm(t.WatchBy, func(s *step) { s.hangUp(); s.settle(ReasonCallEnded, max(s.t.WatchSince, s.t.Round().LikedAt)) })
	}
	if t.State != Ended {
		arm(t.AskerGoneBy, askerGone)
	}
	if t.State.InCall() {
		arm(t.PeerGoneBy, peerGone)
	}
	return next, next.run != nil
}

// matchGrace is what the matcher has to find the next candidate before the ask
// ends for want of one (M3).
const matchGrace = time.Second

// searchingSince is when a searching ticket last had nothing open.
func (t *Ticket) searchingSince() Instant {
	since := t.Round().StartedAt
	if n := len(t.Offers); n > 0 {
		since = max(since, t.Offers[n-1].ClosedAt)
	}
	return since
}

// NoCandidateFound says that the matcher has looked, and found nobody to offer it to (M3).
type NoCandidateFound struct{}

func (NoCandidateFound) apply(s *step) error {
	if s.t.State == Searching && s.cfg.NoCandidate == NoCandidateEnd && s.now >= s.t.CreatedAt.Add(s.cfg.NoCandidateAfter) {
		s.end(ReasonNoCandidate)
	}
	return nil
}

// offerTimers: T_send, T_offer and T_gone of each open offer, and T_ask where
// an offer would end too long after it (docs/pairing.md#timers, M7). T_round never cuts an offer.
func (t *Ticket) offerTimers(cfg *Config, arm func(Instant, func(*step))) {
	for i := range t.Offers {
		o := &t.Offers[i]
		if o.State != OfferOpen {
			continue
		}
		end := o.Deadline.Add(cfg.AnswerGrace)
		if o.SentAt == 0 {
			end = o.SendBy
			arm(o.SendBy, func(s *step) { s.unsent(i) })
		} else {
			arm(end, func(s *step) { s.timeOut(&s.t.Offers[i]) })
		}
		arm(o.GoneBy, func(s *step) { s.candidateGone(i) })
		if cfg.OfferOverrun >= 0 && end > t.AskBy.Add(cfg.OfferOverrun) {
			arm(t.AskBy, func(s *step) { s.end(ReasonExpired) })
		}
	}
}

// unsent: T_send. A dispatch that may be on the wire counts as sent (M13), one
// that is not is given up (M10).
func (s *step) unsent(i int) {
	o := &s.t.Offers[i]
	j := s.entry(o.Entry)
	if j >= 0 && !s.t.Outbox[j].Waiting && s.t.Outbox[j].NotBefore > s.now {
		s.drop(j)
		o.SentAt, o.Deadline = s.now, s.now.Add(s.cfg.AnswerTimeout)
		return
	}
	if j >= 0 {
		s.drop(j)
	}
	s.fail(o)
}

func (s *step) candidateGone(i int) { // N16
	o := &s.t.Offers[i]
	s.rescindOffer(o, ReasonCandidateGone, ReasonCancelled)
	s.afterOffer()
}

func confirmTimeout(s *step) { // C13
	switch s.cfg.ConfirmAction {
	case ConfirmLike:
		s.like(Balance{}) // nobody waits for the balance: it is read next
	case ConfirmDislike:
		s.dislike(ReasonConfirmTimeout)
	default:
		s.hangUp()
		s.end(ReasonConfirmTimeout)
	}
}

func askerGone(s *step) { // D1, D2
	if s.t.State == Liked {
		s.talkerGone(s.t.AskerGoneBy)
		return
	}
	if s.t.State.InCall() {
		s.hangUp()
	}
	s.end(ReasonAskerGone)
}

func peerGone(s *step) { // D3
	if s.t.State == Liked {
		s.talkerGone(s.t.PeerGoneBy)
		return
	}
	s.hangUp()
	s.nextRound(ReasonPeerGone, 0)
}

// talkerGone ends a billed call, which is billed up to when the person was last shown (D4).
func (s *step) talkerGone(by Instant) {
	s.hangUp()
	s.settle(ReasonCallEnded, max(by.Add(-s.cfg.CallWatchdog), s.t.Round().LikedAt))
}
