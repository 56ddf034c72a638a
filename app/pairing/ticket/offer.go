package ticket

import "time"

// Pick is a candidate that the matcher chose, with the card and, when the candidate
// is an asker too, the own ask (M15).
type Pick struct {
	UID     UID
	Card    Card
	HeldAsk string
}

// Dispatch opens offers to the picked candidates (M1).
type Dispatch struct{ Picks []Pick }

func (e Dispatch) apply(s *step) error {
	if !s.t.TakesOffers(s.now) {
		return errNotEligible
	}
	opened := false
	for _, p := range e.Picks {
		if s.t.OpenSlots(s.cfg, s.now) <= 0 || s.t.Excludes(p.UID) {
			continue
		}
		s.openOffer(p)
		opened = true
	}
	if !opened {
		return errNotEligible
	}
	s.t.State = Offered
	return nil
}

// TakesOffers reports whether an offer may start at now: not once T_ask or, with
// nobody ringing, T_round has run out and is about to fire.
func (t *Ticket) TakesOffers(now Instant) bool {
	return t.AskBy > now && (t.State == Offered || t.State == Searching && t.RoundBy > now)
}

// OpenSlots is how many offers may be opened now: fan-out k at once, or one more
// every Progressive up to k (docs/pairing.md#strategies).
func (t *Ticket) OpenSlots(cfg *Config, now Instant) int {
	open := t.OpenOffers()
	if cfg.Progressive == 0 || open == 0 {
		if cfg.Progressive > 0 {
			return 1
		}
		return cfg.Fanout - open
	}
	last := t.Offers[len(t.Offers)-1].OfferedAt
	if open < cfg.Fanout && now.Sub(last) >= cfg.Progressive {
		return 1
	}
	return 0
}

func (s *step) openOffer(p Pick) {
	if len(s.t.Offers) == 0 {
		s.measureSince("time_to_first_offer_seconds", s.t.CreatedAt)
	}
	o := Offer{UID: p.UID, Round: s.t.RoundNo(), OfferedAt: s.now, Epoch: s.epoch(), HeldAsk: p.HeldAsk, Card: p.Card,
		SendBy: s.now.Add(s.cfg.SendTimeout * time.Duration(1+s.cfg.SendRetries))}
	s.fx.Take = append(s.fx.Take, s.claim(p.UID, RoleCandidate, o.Epoch))
	if p.HeldAsk != "" {
		s.fx.Links = append(s.fx.Links, Link{AskNo: p.HeldAsk, Event: Hold{By: s.t.AskNo}})
	}
	o.Entry = s.push(Entry{Kind: ToClient, Name: CommandDispatch, To: p.UID, Peer: s.t.Asker, Round: o.Round, TTL: s.cfg.AnswerTimeout})
	s.event(Entry{Name: EventOffered, To: p.UID, Round: o.Round})
	s.t.Offers = append(s.t.Offers, o)
	s.dirty = true
}

// dispatched notes what became of the dispatch at i (M8 to M11, M13). The
// offer's time runs from when it was delivered, however late that is written.
func (s *step) dispatched(i int, d Delivery) {
	e := &s.t.Outbox[i]
	o := s.t.Offer(e.To, e.Round)
	if d.Result == DeliveryRetry && o.State == OfferOpen && e.Attempts <= s.cfg.SendRetries && s.now < o.SendBy {
		e.Waiting, e.NotBefore = true, s.now // M9
		s.dirty = true
		return
	}
	delivered := d.Result == Delivered || d.Result == DeliveryUnknown
	if !delivered {
		s.dropRescind(d.ID)
		i = s.entry(d.ID)
	}
	s.drop(i)
	switch {
	case o.State != OfferOpen:
	case delivered:
		o.SentAt, o.Deadline = d.At, d.At.Add(s.cfg.AnswerTimeout)
	default:
		s.fail(o)
	}
}

// dropRescind drops the rescind of a dispatch that never reached anybody.
func (s *step) dropRescind(dispatch int64) {
	for i := range s.t.Outbox {
		if s.t.Outbox[i].After == dispatch {
			s.drop(i)
			return
		}
	}
}

// fail closes an offer that could not be sent (M10, M11): no cooldown, and the
// uid is skipped for the rest of the round.
func (s *step) fail(o *Offer) {
	s.closeOffer(o, OfferFailed, ReasonUnsent)
	s.dropCandidate(o, s.cfg.FailCooldown, nil)
	s.afterOffer()
}

func (s *step) closeOffer(o *Offer, to OfferState, why Reason) {
	o.State, o.Reason, o.ClosedAt, o.GoneBy = to, why, s.now, 0
	s.dirty = true
	s.count("offers", to.String())
	s.event(Entry{Name: EventOfferClosed, To: o.UID, Round: o.Round, Reason: why})
	switch {
	case o.HeldAsk == "":
	case to == OfferPassed:
		s.fx.Links = append(s.fx.Links, Link{AskNo: o.HeldAsk, Event: Merge{Into: s.t.AskNo}})
	default:
		s.fx.Links = append(s.fx.Links, Link{AskNo: o.HeldAsk, Event: Unhold{By: s.t.AskNo}})
	}
}

// afterOffer moves on once an offer closed without a pass.
func (s *step) afterOffer() {
	if s.t.State != Offered || s.t.OpenOffers() > 0 {
		return
	}
	if s.cfg.RoundMode == RoundDispatch {
		s.nextRound(ReasonNotTaken, 0)
		return
	}
	s.search()
}

// refuse closes an offer that its candidate does not want (N3, N4, A9).
func (s *step) refuse(o *Offer, why Reason, cool time.Duration) {
	s.closeOffer(o, OfferRefused, why)
	s.dropCandidate(o, cool, s.answered(o, false))
	s.afterOffer()
}

// rescindOffer takes an open offer back without fault of the candidate.
func (s *step) rescindOffer(o *Offer, why, told Reason) {
	s.closeOffer(o, OfferRescinded, why)
	s.dropCandidate(o, 0, nil)
	s.rescind(o, told)
}

// timeOut closes an offer that rang without answer (N14).
func (s *step) timeOut(o *Offer) {
	card := o.Card
	card.Offers++
	card.RNA++
	card.Accept = ewma(card.Accept, 0, card.Offers)
	s.closeOffer(o, OfferTimedOut, ReasonTimedOut)
	s.dropCandidate(o, s.cfg.RNACooldown, &card)
	s.afterOffer()
}

// answered is the candidate's card after an answer.
func (s *step) answered(o *Offer, pass bool) *Card {
	card := o.Card
	card.Offers++
	card.RNA = 0
	got := 0.0
	if pass {
		card.Passes++
		got = 1
	}
	card.Accept = ewma(card.Accept, got, card.Offers)
	since := o.SentAt
	if since == 0 {
		since = o.OfferedAt
	}
	s.measureSince("answer_latency_seconds", since)
	if card.AnswerMS == 0 {
		card.AnswerMS = float64(s.now - since)
	} else {
		card.AnswerMS += (float64(s.now-since) - card.AnswerMS) / 5
	}
	return &card
}

// ewma weighs the newest of n observations by 1/n at first and 1/8 later, from
// a prior of one half worth two observations.
func ewma(old, got float64, n int) float64 {
	if n == 1 {
		old = 0.5
	}
	return old + (got-old)/float64(min(n+2, 8))
}

// Hold parks a searching ticket while its asker holds an offer of another (M15).
type Hold struct{ By string }

func (e Hold) apply(s *step) error {
	if s.t.State != Searching || s.t.AskBy <= s.now {
		return errNotEligible
	}
	s.dropAsker(0)
	s.pause()
	s.t.State, s.t.HeldBy, s.dirty = Held, e.By, true
	return nil
}

// Unhold lets a held ticket search on (M16).
type Unhold struct{ By string }

func (e Unhold) apply(s *step) error {
	if s.t.State != Held || s.t.HeldBy != e.By {
		return nil
	}
	s.t.HeldBy = ""
	s.claimAsker()
	s.resume()
	s.search()
	return nil
}

// Merge ends a held ticket whose asker took the other's offer (M17).
type Merge struct{ Into string }

func (e Merge) apply(s *step) error {
	if s.t.State != Held || s.t.HeldBy != e.Into {
		return nil
	}
	s.t.MergedInto = e.Into
	s.end(ReasonMerged)
	return nil
}

// VendorDown says that no dispatch channel has worked since Since (M12).
type VendorDown struct{ Since Instant }

func (e VendorDown) apply(s *step) error {
	if s.t.State == Searching && s.now.Sub(max(e.Since, s.t.CreatedAt)) >= s.cfg.VendorWait {
		s.end(ReasonVendor)
	}
	return nil
}
