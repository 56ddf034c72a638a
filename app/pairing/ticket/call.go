package ticket

import "slices"

// Witness is who reported something about a call. A vendor's word counts more
// than a client's.
type Witness uint8

// The witnesses.
const (
	FromVendor Witness = iota
	FromClient
)

// CallSeen reports that a call of this round exists (C1, C2, C17). Users are
// the people named by the report; By is the client who sent it, if one did.
type CallSeen struct {
	Users   []UID
	Round   int
	CallID  string
	Witness Witness
}

func (e CallSeen) apply(s *step) error {
	r := s.t.Round()
	switch {
	case e.Witness == FromClient && !e.among(s.t.Asker, r.Peer):
		return ErrUnknownAsk
	case s.t.State == Ended: // C17
		if e.CallID != "" && r.CallID == "" && r.Peer != 0 && e.Round == r.No && e.among(s.t.Asker, r.Peer) {
			r.CallID = e.CallID // so that the next report of it is a repeat
			s.hangUp()
		}
		return ErrEnded
	case !s.t.State.InCall() || e.Round != r.No || !e.among(s.t.Asker, r.Peer):
		s.count("ignored", "call_seen") // C2
		return ErrMismatch
	case s.t.State == Connecting && e.CallID != "":
		s.connect(e.CallID)
		return nil
	case r.CallID == e.CallID:
		return nil
	default:
		s.count("ignored", "call_seen")
		return ErrMismatch
	}
}

func (e CallSeen) among(asker, peer UID) bool {
	return !slices.ContainsFunc(e.Users, func(u UID) bool { return u != asker && u != peer })
}

// connect enters the preview and names the round's record (C1).
func (s *step) connect(callID string) {
	r := s.t.Round()
	s.t.State, s.dirty = Preview, true
	r.CallID, r.ConnectedAt = callID, s.now
	r.StartAt = max(int64(s.now)/1000, s.t.LastStart+1)
	s.t.LastStart = r.StartAt
	s.t.ConnectBy, s.t.ConfirmBy = 0, s.now.Add(s.cfg.ConfirmTimeout)
	s.measureSince("time_to_call_seconds", s.t.CreatedAt)
	s.event(Entry{Name: EventConnected, To: s.t.Asker, Peer: r.Peer, Round: r.No, CallID: callID})
}

// Confirm is the asker's like or dislike (C6 to C12).
type Confirm struct {
	UID     UID
	Round   int
	Peer    UID
	CallID  string
	Like    bool
	Payer   Funds
	Balance Balance // the payer's
}

func (e Confirm) apply(s *step) error {
	if e.UID != s.t.Asker {
		return ErrUnknownAsk
	}
	if e.Round >= 1 && e.Round <= s.t.RoundNo() && e.repeated(&s.t.Rounds[e.Round-1]) {
		return nil // C9, C12
	}
	r := s.t.Round()
	switch {
	case s.t.State == Ended:
		return ErrEnded
	case !s.t.State.InCall() || e.Round != r.No:
		return ErrWrongRound
	case e.Peer != r.Peer || r.CallID != "" && e.CallID != r.CallID:
		return ErrMismatch // C11
	case s.t.State == Liked:
		return ErrConfirmed // C10
	case e.Like && e.CallID == "":
		return ErrMismatch // a like pays for a call, so it has to name one
	case e.Like && e.Payer == FundsUnread:
		return ErrNeedFunds
	case e.Like && e.Payer == FundsShort:
		return ErrBalance // C7
	case e.Like && e.Payer == FundsUnknown && s.cfg.BalanceOnError == OnErrorDeny:
		return ErrUnavailable
	}
	if s.t.State == Connecting && e.CallID != "" {
		s.connect(e.CallID) // the confirm overtook the news of the call
	}
	if e.Like {
		s.like(e.Balance)
	} else {
		s.dislike(ReasonDislike)
	}
	return nil
}

// repeated: the decision stored for that round, asked for again.
func (e Confirm) repeated(r *Round) bool {
	want := Dislike
	if e.Like {
		want = Like
	}
	return r.Decision == want && r.Peer == e.Peer && r.CallID == e.CallID
}

// dislike ends the round by the asker's will (C8, C13).
func (s *step) dislike(why Reason) {
	s.t.Round().Decision = Dislike
	s.hangUp()
	s.nextRound(why, s.cfg.WrapUp)
}

// CallEnded reports that a call is over (C4, C5, C14, C16).
type CallEnded struct {
	By      UID // the client who says so; 0: the vendor
	Round   int // 0: unknown, the call id decides
	CallID  string
	Witness Witness
}

func (e CallEnded) apply(s *step) error {
	r := s.t.Round()
	if e.Witness == FromClient && e.By != s.t.Asker && (e.By == 0 || e.By != r.Peer) {
		return ErrUnknownAsk
	}
	mine := s.t.State.InCall() && (e.Round == 0 || e.Round == r.No)
	if !mine || e.CallID != r.CallID && (r.CallID != "" || e.Round == 0) {
		s.count("ignored", "call_end") // C16
		return nil
	}
	if s.t.State != Liked {
		s.nextRound(ReasonCallFailed, s.cfg.WrapUp) // C4, C5
		return nil
	}
	return e.liked(s)
}

// liked ends a billed call. A client's word alone only starts the watchdog: the
// vendor, the other client or the watchdog has to agree (docs/pairing.md#commands).
func (e CallEnded) liked(s *step) error {
	switch {
	case e.Witness == FromVendor, s.t.EndReportedBy != 0 && s.t.EndReportedBy != e.By:
		s.settle(ReasonCallEnded, s.endOr(s.now)) // C14
	case s.t.EndReportedBy == 0:
		s.t.EndReportedBy, s.dirty = e.By, true
		s.watch()
	}
	return nil
}

// endOr is when the call was first said to be over, or now.
func (s *step) endOr(now Instant) Instant {
	if s.t.EndReportedBy != 0 && s.t.WatchSince != 0 {
		return s.t.WatchSince
	}
	return now
}

func (s *step) watch() {
	if s.t.WatchBy == 0 || s.t.WatchSince == 0 {
		s.t.WatchSince, s.t.WatchBy, s.dirty = s.now, s.now.Add(s.cfg.CallWatchdog), true
	}
}
