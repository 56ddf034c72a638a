package pairing

import (
	"context"
	"errors"
	"slices"
	"time"

	"switchboard/app/pairing/ordered"
	"switchboard/app/pairing/ticket"
)

const (
	plansPerRound = 64 // dispatches committed together
	verifyTimeout = 2 * time.Second
)

// MatchOnce matches in every pool until nobody else can be offered.
func (s *Service) MatchOnce(ctx context.Context) {
	for _, p := range s.pools.all() {
		for s.matchRound(ctx, p) > 0 {
		}
	}
}

// matchRound plans and commits one round of dispatches; it returns how many
// plans opened an offer or taught the pool something, so that another round may
// do more. Claims decide, so a plan that lost a race is simply void.
func (s *Service) matchRound(ctx context.Context, p *pool) int {
	if !s.dispatchPossible(ctx, p) || s.closing.Load() {
		return 0
	}
	if err := s.syncPool(ctx, p); err != nil {
		s.log.WarnContext(ctx, "store not read", "app", p.app, "error", err)
		return 0
	}
	plans := p.plans(s.now(), plansPerRound)
	moved := make([]int, len(plans))
	s.each(len(plans), plansPerRound, func(i int) { moved[i] = s.offer(ctx, p, plans[i]) })
	n := 0
	for _, m := range moved {
		n += m
	}
	return n
}

// offer commits one plan. Lost claims are dropped from it one by one.
func (s *Service) offer(ctx context.Context, p *pool, pl plan) int {
	away := s.rejected(ctx, p, &pl)
	pl.stale = slices.DeleteFunc(pl.stale, func(uid ticket.UID) bool { return slices.Contains(away, uid) })
	away = append(away, s.verifyPresence(ctx, p, &pl)...)
	picks := slices.DeleteFunc(slices.Clone(pl.picks), func(pick ticket.Pick) bool { return slices.Contains(away, pick.UID) })
	var taken []ticket.UID
	moved := len(away)
	for range tries + len(pl.picks) {
		if len(picks) == 0 {
			break
		}
		err := s.dispatch(ctx, pl.askNo, picks)
		var claimed *ClaimedError
		if errors.As(err, &claimed) {
			s.count("claim_conflicts", "")
			taken = append(taken, claimed.UIDs...)
			moved++
			picks = slices.DeleteFunc(picks, func(pick ticket.Pick) bool { return slices.Contains(claimed.UIDs, pick.UID) })
			continue
		}
		if err == nil {
			moved++
			if pl.overdue {
				s.count("missed_opportunity", "")
			}
		} else {
			s.log.DebugContext(ctx, "offer lost", "asks", pl.asks(), "error", err)
			moved += s.refresh(ctx, p, pl)
		}
		break
	}
	p.planDone(pl, taken, s.now())
	return moved
}

// dispatch commits offers of an ask.
func (s *Service) dispatch(ctx context.Context, askNo string, picks []ticket.Pick) error {
	ctx, end := s.Spans.Begin(ctx, "pairing.offer")
	t, err := s.apply(ctx, askNo, ticket.Dispatch{Picks: picks})
	end(traceOf(t), err)
	return err
}

// refresh reads tickets that were not what the pool took them for, and counts
// those that have changed since the plan was made.
func (s *Service) refresh(ctx context.Context, p *pool, pl plan) (changed int) {
	for i, ask := range pl.asks() {
		t, err := s.Store.Load(ctx, ask)
		if err != nil {
			continue // the next look at the store finds it
		}
		if cfg, err := s.snapshots.get(ctx, t.ConfigID); err == nil {
			p.updateTicket(t, cfg, s.now())
		}
		if p.version(ask) != pl.versions[i] {
			changed++
		}
	}
	return changed
}

// verifyPresence asks the vendor about candidates whose presence was proven too long
// ago (docs/pairing.md#candidates). Those who cannot ring are returned, and known to be away.
func (s *Service) verifyPresence(ctx context.Context, p *pool, pl *plan) (away []ticket.UID) {
	if s.Online == nil {
		return nil
	}
	for _, uid := range pl.stale {
		ask, cancel := context.WithTimeout(ctx, verifyTimeout)
		online, err := s.Online(ask, p.app, uid)
		cancel()
		if err != nil {
			s.count("unknown", "presence")
			continue // old evidence is better than none; T_offer bounds the loss
		}
		cfg := p.config()
		now := s.now()
		e := ticket.Evidence{Proof: ticket.ProofVendor, Online: online, At: now, Until: now.Add(cfg.PresenceTTL)}
		err = s.RecordPresence(ctx, p.app, uid, "vendor", e)
		if !online {
			// Whatever made us think so: until they show up again, they are away.
			e.Until = now
			err = errors.Join(err, s.endEvidence(ctx, p, uid, e))
			away = append(away, uid)
		}
		if err != nil {
			s.log.WarnContext(ctx, "presence not stored", "user", uid, "error", err)
		}
	}
	return away
}

// endEvidence ends the evidence that the vendor has just contradicted.
func (s *Service) endEvidence(ctx context.Context, p *pool, uid ticket.UID, e ticket.Evidence) error {
	c, err := s.Store.Candidate(ctx, p.app, uid)
	if err != nil {
		return err
	}
	for session, old := range c.Sessions {
		if old.Online && old.Proof != ticket.ProofSocket && old.At <= e.At {
			e.Proof = old.Proof
			if err := s.RecordPresence(ctx, p.app, uid, session, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// dispatchPossible reports whether a dispatch can leave; while none can, tickets that
// have waited too long for one end (M12).
func (s *Service) dispatchPossible(ctx context.Context, p *pool) bool {
	if s.ChannelUp == nil || s.ChannelUp() {
		s.channelDownAt.Store(0)
		return true
	}
	now := s.now()
	p.blockOffers(now)
	s.channelDownAt.CompareAndSwap(0, int64(now))
	since := ticket.Instant(s.channelDownAt.Load())
	if now.Sub(since) < p.config().VendorWait {
		return false
	}
	for _, ask := range p.oldest(triesPerRound) {
		_, _ = s.apply(ctx, ask, ticket.VendorDown{Since: since}) // found again by the next tick
	}
	return false
}

// oldest lists the longest waiting tickets.
func (p *pool) oldest(limit int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var asks []string
	p.waiting.From(ordered.First, func(w *waiter) bool {
		asks = append(asks, w.t.AskNo)
		return len(asks) < limit
	})
	return asks
}

// blockOffers notes that nothing could be offered at now.
func (p *pool) blockOffers(now ticket.Instant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.blockedAt = now
}
