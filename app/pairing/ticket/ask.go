package ticket

// Ask is what a new ticket starts from.
type Ask struct {
	AskNo    string
	App      string
	Scene    int
	UID      UID
	ConfigID string
}

// Open makes the ticket of a new ask (A10). The caller has checked A1 to A6; the
// claim in the effects decides between two asks at once (A12).
func Open(cfg *Config, now Instant, a Ask) (*Ticket, Effects) {
	s := step{cfg: cfg, now: now, t: &Ticket{
		AskNo: a.AskNo, App: a.App, Scene: a.Scene, Asker: a.UID, ConfigID: a.ConfigID,
		CreatedAt: now,
		AskBy:     now.Add(cfg.AskTTL),
		RoundBy:   now.Add(cfg.RoundTimeout),
		LookAt:    now.Add(min(cfg.ActivityTTL, cfg.AskerGoneGrace)),
		Rounds:    []Round{{No: 1, StartedAt: now}},
	}}
	s.claimAsker()
	s.event(Entry{Name: EventAsked, To: a.UID, Round: 1})
	s.t.Version, s.fx.Changed = 1, true
	return s.t, s.fx
}

// AskAgain is an ask by somebody who already takes part in this ticket (A7 to
// A9). ErrBusy refuses it; errStillWaiting answers it with this ticket; nil
// leaves the caller free to open another.
type AskAgain struct{ UID UID }

func (e AskAgain) apply(s *step) error {
	switch {
	case s.t.State == Ended:
		return nil
	case e.UID == s.t.Asker && !s.t.State.InCall():
		if s.cfg.DupAsk == DupReturn {
			s.count("deduped", "")
			return ErrStillWaiting
		}
		s.end(ReasonCancelled) // A7b
		return nil
	case e.UID == s.t.Asker:
		return &BusyError{AskNo: s.t.AskNo}
	}
	if o := s.t.OpenOffer(e.UID); o != nil {
		if s.cfg.AskWhileOffered == OfferedReject {
			return &BusyError{AskNo: s.t.AskNo}
		}
		s.refuse(o, ReasonAsk, 0)
		return nil
	}
	if s.t.State.InCall() && e.UID == s.t.Round().Peer {
		return &BusyError{AskNo: s.t.AskNo}
	}
	return nil
}
