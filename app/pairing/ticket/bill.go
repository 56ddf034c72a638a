package ticket

import "time"

// Balance is what somebody's balance was read to be; zero: it was not read.
type Balance struct {
	Coins int64
	Known bool
}

// Covers compares a balance with what is needed; nothing is always there.
func (p Balance) Covers(need int64) Funds {
	switch {
	case need <= 0:
		return FundsOK
	case !p.Known:
		return FundsUnknown
	case p.Coins < need:
		return FundsShort
	default:
		return FundsOK
	}
}

// like starts the billing (C6).
func (s *step) like(p Balance) {
	r := s.t.Round()
	s.t.State, s.dirty = Liked, true
	r.Decision, r.LikedAt = Like, s.now
	s.t.ConfirmBy, s.t.CallBy = 0, s.now.Add(s.cfg.CallMax)
	moveDeadline(&s.t.AskerGoneBy, s.cfg.CallWatchdog-s.cfg.AskerGoneGrace) // who went, went before the like
	moveDeadline(&s.t.PeerGoneBy, s.cfg.CallWatchdog-s.cfg.PeerGoneGrace)
	s.lookBy(s.now.Add(min(s.cfg.ActivityTTL, s.cfg.CallWatchdog)))
	s.push(Entry{Kind: ToWallet, Name: ChargeStart, To: s.payer(r.Peer), Peer: s.payee(r.Peer), Round: r.No, CallID: r.CallID})
	s.event(Entry{Name: EventLiked, To: s.t.Asker, Peer: r.Peer, Round: r.No, CallID: r.CallID})
	s.measureSince("time_to_like_seconds", s.t.CreatedAt)
	s.armPaidTime(p)
}

// moveDeadline gives one that is armed another grace.
func moveDeadline(by *Instant, d time.Duration) {
	if *by != 0 {
		*by = by.Add(d)
	}
}

func (s *step) payer(peer UID) UID {
	if s.cfg.Payer == PayerPeer {
		return peer
	}
	return s.t.Asker
}

func (s *step) payee(peer UID) UID {
	if s.cfg.Payer == PayerPeer {
		return s.t.Asker
	}
	return peer
}

// topUp is how long before the paid time ends the balance is read once more.
const topUp = 10 * time.Second

// armPaidTime arms the end of the paid time (C15) and the next reading of the
// balance: the payer may top up, or spend it elsewhere. A balance that is not
// known yet is read at once and ends nothing.
func (s *step) armPaidTime(p Balance) {
	t := s.t
	t.CountBy, s.dirty = 0, true
	switch {
	case s.cfg.Price <= 0:
	case !p.Known:
		t.CountBy = s.now
	default:
		t.PaidBy = t.Round().LikedAt.Add(s.cfg.PaidTime(p.Coins))
		s.armBalanceReading(t.PaidBy.Add(-topUp))
	}
}

// armBalanceReading arms the next reading of the balance: by latest, or sooner where it is
// read at intervals.
func (s *step) armBalanceReading(latest Instant) {
	if s.cfg.BalanceWatch > 0 {
		latest = min(latest, s.now.Add(s.cfg.BalanceWatch))
	}
	s.t.CountBy = 0
	if latest > s.now {
		s.t.CountBy = latest
	}
}

// orderBalanceReading orders a reading of the payer's balance. One that fails is made up for
// by the next.
func (s *step) orderBalanceReading() {
	r := s.t.Round()
	s.push(Entry{Kind: FromWallet, Name: ReadBalance, To: s.payer(r.Peer), Round: r.No})
	s.armBalanceReading(s.now.Add(time.Minute))
}

// BalanceRead says what the payer of a liked round has.
type BalanceRead struct {
	Round   int
	Balance Balance
}

func (e BalanceRead) apply(s *step) error {
	if s.t.State == Liked && e.Round == s.t.RoundNo() {
		s.armPaidTime(e.Balance)
		s.fire()
	}
	return nil
}

func paidTimeOver(s *step) { // C15
	s.hangUp()
	s.settle(ReasonBalance, s.now)
}

// settle ends a liked call: billed once, up to at, and for no more time than the
// payer was known to have coins for. The like may be of a replica whose clock is ahead
// of the one that saw the end; a call does not end before its like all the same.
func (s *step) settle(why Reason, at Instant) {
	r := s.t.Round()
	at = max(at, r.LikedAt)
	billed := at
	if s.t.PaidBy != 0 {
		billed = min(at, s.t.PaidBy)
	}
	seconds := int64((billed.Sub(r.LikedAt).Milliseconds() + 999) / 1000)
	s.push(Entry{Kind: ToWallet, Name: ChargeSettle, To: s.payer(r.Peer), Peer: s.payee(r.Peer), Round: r.No, CallID: r.CallID,
		Seconds: max(0, seconds), Reason: why})
	r.EndAt, r.EndReason = at, why
	s.record(at)
	s.event(Entry{Name: EventRoundEnded, To: s.t.Asker, Peer: r.Peer, Round: r.No, Reason: why, CallID: r.CallID})
	s.end(why)
}

// Coins is the price of a liked call: every started minute after the free time.
func (c *Config) Coins(seconds int64) int64 {
	return (max(0, seconds-int64(c.Free/time.Second)) + 59) / 60 * c.Price
}

// PaidTime is the longest call that costs no more than coins.
func (c *Config) PaidTime(coins int64) time.Duration {
	longest := int64(c.CallMax/time.Minute) + 1
	return c.Free.Truncate(time.Second) + time.Duration(min(coins/c.Price, longest))*time.Minute
}
