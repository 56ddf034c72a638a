package ticket

// Funds is what the balance source said.
type Funds uint8

// The answers of a balance source; FundsUnread: it was not asked yet.
const (
	FundsUnread Funds = iota
	FundsOK
	FundsShort
	FundsUnknown
)

// Answer is a candidate's yes or no (N1 to N13).
type Answer struct {
	UID      UID
	Round    int
	Pass     bool
	Payer    Funds
	Answerer Funds
}

func (e Answer) apply(s *step) error {
	o := s.t.Offer(e.UID, e.Round)
	if o != nil && e.repeated(o) {
		return nil // N5
	}
	if o != nil && o.Short && e.Pass {
		return ErrBalance // N5 of N2
	}
	if s.t.State == Ended {
		return ErrEnded // N9
	}
	if o == nil {
		if e.Round != s.t.RoundNo() {
			return ErrWrongRound // N10
		}
		s.count("ignored", "answer_never_offered")
		return ErrNoOffer // N11
	}
	if o.State != OfferOpen || e.Round != s.t.RoundNo() {
		return e.closed(s, o)
	}
	if o.SentAt != 0 && s.now > o.Deadline.Add(s.cfg.AnswerGrace) {
		s.measureSince("answer_late_seconds", o.Deadline)
		return ErrTooLate // the timer is about to say so
	}
	if !e.Pass {
		s.refuse(o, ReasonRefused, s.cfg.RefuseCooldown) // N4
		return nil
	}
	return e.pass(s, o)
}

// repeated: the same answer again has the code of the first time.
func (e Answer) repeated(o *Offer) bool {
	switch o.State {
	case OfferPassed:
		return e.Pass || o.Withdrawn
	case OfferRefused:
		return !e.Pass && o.Reason == ReasonRefused
	default:
		return false
	}
}

// closed answers somebody whose offer is over.
func (e Answer) closed(s *step, o *Offer) error {
	switch o.State {
	case OfferPassed: // the winner's no
		if s.t.State != Connecting || e.Round != s.t.RoundNo() {
			return ErrNoOffer
		}
		o.Withdrawn = true // N6
		s.nextRound(ReasonPeerWithdrew, s.cfg.RefuseCooldown)
		return nil
	case OfferTimedOut, OfferFailed:
		s.measureSince("answer_late_seconds", o.ClosedAt)
		return ErrTooLate // N7
	case OfferRescinded:
		if o.Reason == ReasonLost {
			return ErrTaken // N8
		}
	case OfferRefused:
		if o.Reason == ReasonBalance {
			return ErrBalance // N3 again
		}
	}
	return ErrNoOffer
}

func (e Answer) pass(s *step, o *Offer) error {
	if e.Payer == FundsUnread || e.Answerer == FundsUnread && s.cfg.AnswererMin > 0 {
		return ErrNeedFunds
	}
	if e.Payer == FundsShort {
		o.Short = true
		s.end(ReasonBalance) // N2
		return ErrBalance
	}
	if e.Answerer == FundsShort && s.cfg.AnswererMin > 0 {
		s.refuse(o, ReasonBalance, s.cfg.RefuseCooldown) // N3
		return ErrBalance
	}
	s.win(o)
	return nil
}

// win binds the winner and turns the others away (N1).
func (s *step) win(o *Offer) {
	uid, goneBy := o.UID, o.GoneBy
	s.closeOffer(o, OfferPassed, ReasonPassed)
	card := s.answered(o, true)
	o.Card = *card
	for i := range s.t.Offers {
		if other := &s.t.Offers[i]; other.State == OfferOpen {
			s.rescindOffer(other, ReasonLost, ReasonTaken)
		}
	}
	s.pause()
	s.t.State = Connecting
	s.t.Round().Peer = uid
	s.t.PeerGoneBy = goneBy
	moveDeadline(&s.t.PeerGoneBy, s.cfg.PeerGoneGrace-s.cfg.OfferGoneGrace)
	s.lookBy(s.now.Add(min(s.cfg.ActivityTTL, s.cfg.PeerGoneGrace)))
	s.t.ConnectBy = s.now.Add(s.cfg.ConnectTimeout)
	no := s.t.RoundNo()
	s.command(Entry{Name: CommandMatched, To: s.t.Asker, Peer: uid, Round: no, TTL: s.cfg.ConnectTimeout})
	s.command(Entry{Name: CommandMatched, To: uid, Peer: s.t.Asker, Round: no, TTL: s.cfg.ConnectTimeout})
	s.event(Entry{Name: EventMatched, To: s.t.Asker, Peer: uid, Round: no})
}
