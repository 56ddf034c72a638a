package ticket

import (
	"slices"
	"time"
)

// Cancel is the asker's wish to stop (X1 to X8). It succeeds in every state.
type Cancel struct{ UID UID }

func (e Cancel) apply(s *step) error {
	switch {
	case e.UID != s.t.Asker:
		return ErrUnknownAsk // X6
	case s.t.State == Ended: // X5
	case s.t.State == Liked: // X4
		s.hangUp()
		s.settle(ReasonCallEnded, s.now)
	default: // X1, X2, X3
		if s.t.State.InCall() {
			s.hangUp()
		}
		s.end(ReasonCancelled)
	}
	return nil
}

// Stop ends the ticket by the operator's or the moderator's order, whatever its
// state (D5 for the asker).
type Stop struct{ Why Reason }

func (e Stop) apply(s *step) error {
	switch {
	case s.t.State == Ended:
	case s.t.State == Liked:
		s.hangUp()
		s.settle(e.Why, s.now)
	default:
		if s.t.State.InCall() {
			s.hangUp()
		}
		s.end(e.Why)
	}
	return nil
}

// end is the one way into Ended: everything open is closed, everybody is freed.
func (s *step) end(why Reason) {
	for i := range s.t.Offers {
		if o := &s.t.Offers[i]; o.State == OfferOpen {
			s.rescindOffer(o, why, clientReason(why))
		}
	}
	r := s.t.Round()
	peer := UID(0)
	if s.t.State.InCall() {
		peer = r.Peer
		s.freeWinner(s.cfg.WrapUp)
		if r.StartAt != 0 && r.EndAt == 0 {
			s.record(s.now)
		}
	}
	if r.EndAt == 0 {
		r.EndAt, r.EndReason = s.now, why
		s.event(Entry{Name: EventRoundEnded, To: s.t.Asker, Peer: r.Peer, Round: r.No, Reason: why, CallID: r.CallID})
	}
	cool := s.cfg.WrapUp
	if peer == 0 {
		cool = 0
	}
	s.dropAsker(cool)
	s.t.State, s.t.EndReason, s.t.HeldBy, s.dirty = Ended, why, "", true
	s.stopTimers()
	s.announceEnd(why, peer)
}

func (s *step) stopTimers() {
	t := s.t
	t.AskBy, t.AskLeft, t.RoundBy, t.ConnectBy, t.ConfirmBy, t.CallBy = 0, 0, 0, 0, 0, 0
	t.AskerGoneBy, t.PeerGoneBy, t.WatchBy, t.PaidBy, t.CountBy, t.LookAt = 0, 0, 0, 0, 0, 0
}

// announceEnd tells both sides, save the one who ended it.
func (s *step) announceEnd(why Reason, peer UID) {
	r := s.t.Round()
	e := Entry{Name: CommandEnd, Round: r.No, Reason: why, StartAt: r.StartAt, CallID: r.CallID}
	if why != ReasonCancelled && why != ReasonAskerGone {
		e.To, e.Peer = s.t.Asker, peer
		s.command(e)
	}
	if peer != 0 {
		e.To, e.Peer = peer, s.t.Asker
		s.command(e)
	}
	s.count("ended", string(why))
	s.measure("rounds_per_ask", float64(s.t.RoundNo()))
	s.event(Entry{Name: EventEnded, To: s.t.Asker, Peer: peer, Round: r.No, Reason: why, StartAt: r.StartAt})
}

// clientReason is what a candidate hears when the ask ended for why (docs/pairing.md#commands).
func clientReason(why Reason) Reason {
	switch why {
	case ReasonCancelled, ReasonAskerGone, ReasonBalance, ReasonExpired:
		return why
	default:
		return ReasonCancelled
	}
}

// Gone says that a person cannot be reached, since At (0: now); Now: they logged out
// or set themselves unavailable, so there is no grace but the watchdog of a billed
// call (N16, D1 to D4).
type Gone struct {
	UID UID
	At  Instant
	Now bool
}

func (e Gone) apply(s *step) error {
	e.arm(s)
	s.fire()
	return nil
}

// arm arms the person's deadline, and fires none: somebody else's may come first.
func (e Gone) arm(s *step) {
	if s.t.State == Ended {
		return
	}
	at := s.now
	if e.At != 0 {
		at = min(e.At, s.now)
	}
	atOnce := e.Now && s.t.State != Liked
	switch {
	case e.UID == s.t.Asker:
		s.grace(&s.t.AskerGoneBy, atOnce, at.Add(s.askerGrace()))
	case s.t.State.InCall() && e.UID == s.t.Round().Peer:
		s.grace(&s.t.PeerGoneBy, atOnce, at.Add(s.peerGrace()))
	default:
		if o := s.t.OpenOffer(e.UID); o != nil {
			s.grace(&o.GoneBy, atOnce, at.Add(s.cfg.OfferGoneGrace))
		}
	}
}

// askerGrace is how long the asker may be away.
func (s *step) askerGrace() time.Duration {
	if s.t.State == Liked {
		return s.cfg.CallWatchdog // D4
	}
	return s.cfg.AskerGoneGrace
}

// peerGrace is how long the winner may be away.
func (s *step) peerGrace() time.Duration {
	if s.t.State == Liked {
		return s.cfg.CallWatchdog // D4
	}
	return s.cfg.PeerGoneGrace
}

func (s *step) grace(at *Instant, atOnce bool, by Instant) {
	if atOnce {
		by = s.now
	}
	if *at == 0 || by < *at {
		*at, s.dirty = by, true
	}
}

// Unavailable says that a person wants no offers any more; whoever passed or
// asked already stays (N16).
type Unavailable struct{ UID UID }

func (e Unavailable) apply(s *step) error {
	if o := s.t.OpenOffer(e.UID); o != nil {
		s.grace(&o.GoneBy, true, s.now)
		s.fire()
	}
	return nil
}

// Reachable says that all that was known at At (0: now) showed a person present, and
// until when (0: not known). Who went after that stays gone.
type Reachable struct {
	UID       UID
	At, Until Instant
}

func (e Reachable) apply(s *step) error {
	if e.UID == s.t.Asker {
		e.back(s, &s.t.AskerGoneBy, s.askerGrace())
	}
	if s.t.State.InCall() && e.UID == s.t.Round().Peer {
		e.back(s, &s.t.PeerGoneBy, s.peerGrace())
	}
	if o := s.t.OpenOffer(e.UID); o != nil {
		e.back(s, &o.GoneBy, s.cfg.OfferGoneGrace)
	}
	if e.Until != 0 && slices.Contains(s.t.Watched(), e.UID) {
		s.lookBy(e.Until) // one of two sockets closed: they are shown for a shorter time
	}
	return nil
}

// back stops a deadline that was armed when the person went, a grace before it.
func (e Reachable) back(s *step, by *Instant, grace time.Duration) {
	if *by == 0 || e.At != 0 && e.At < by.Add(-grace) {
		return
	}
	*by, s.dirty = 0, true
	s.lookBy(s.now.Add(lookAgain)) // their going may be told by another replica just now
}

// Banned takes a person out for moderation (D5).
type Banned struct{ UID UID }

func (e Banned) apply(s *step) error {
	switch {
	case s.t.State == Ended:
	case e.UID == s.t.Asker:
		return Stop{Why: ReasonModeration}.apply(s)
	case s.t.State == Liked && e.UID == s.t.Round().Peer:
		return Stop{Why: ReasonModeration}.apply(s)
	case s.t.State.InCall() && e.UID == s.t.Round().Peer:
		s.hangUp()
		s.nextRound(ReasonModeration, 0)
	default:
		if o := s.t.OpenOffer(e.UID); o != nil {
			s.rescindOffer(o, ReasonModeration, ReasonCancelled)
			s.afterOffer()
		}
	}
	return nil
}
