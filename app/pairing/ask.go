package pairing

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"switchboard/app/pairing/ticket"
)

// Ask starts a search for uid and returns its number; asked again it returns
// the number of the search under way (docs/pairing.md#asks).
func (s *Service) Ask(ctx context.Context, app string, scene int, uid ticket.UID) (string, error) {
	for try := range tries {
		if try > 0 || !s.free(app, scene, uid) {
			held, askNo, err := s.takesPart(ctx, app, uid)
			switch {
			case err != nil:
				return "", err
			case askNo != "":
				return askNo, nil // A7
			case held:
				continue // the person was freed, or has moved on: from the top (A11)
			}
		}
		askNo, err := s.open(ctx, app, scene, uid)
		var claimed *ClaimedError
		if errors.As(err, &claimed) || errors.Is(err, ErrConflict) {
			s.count("claim_conflicts", "")
			continue // A11, A12
		}
		return askNo, err
	}
	return "", ticket.ErrUnavailable
}

// free reports that this replica, which alone writes claims, dropped uid's last
// one: then the store is not asked, and the claim of the ask decides (A10 to A12).
func (s *Service) free(app string, scene int, uid ticket.UID) bool {
	if s.Shared {
		return false
	}
	s.mu.RLock()
	p := s.pools[poolKey{app, scene}]
	s.mu.RUnlock()
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.members[uid]
	return m != nil && m.dropped.AskNo != "" && m.taken.AskNo == "" && !m.planned
}

// takesPart runs A7 to A9. askNo is the caller's own search; held says that a
// claim was found and dealt with.
func (s *Service) takesPart(ctx context.Context, app string, uid ticket.UID) (held bool, askNo string, err error) {
	c, held, err := s.Store.Holder(ctx, app, uid)
	if err != nil || !held {
		return held, "", err
	}
	if c.Role == ticket.RoleCandidate {
		if own, err := s.heldTicket(ctx, c.AskNo, uid); err != nil || own != "" {
			return true, own, err
		}
	}
	_, err = s.apply(ctx, c.AskNo, ticket.AskAgain{UID: uid})
	if errors.Is(err, ticket.ErrStillWaiting) {
		return true, c.AskNo, nil
	}
	return true, "", err
}

// heldTicket is the caller's own ask where the caller holds an offer while it waits (A7 in H).
func (s *Service) heldTicket(ctx context.Context, askNo string, uid ticket.UID) (string, error) {
	t, err := s.read(ctx, askNo)
	if err != nil {
		return "", err
	}
	o := t.OpenOffer(uid)
	if o == nil || o.HeldAsk == "" {
		return "", nil
	}
	if _, err = s.apply(ctx, o.HeldAsk, ticket.AskAgain{UID: uid}); errors.Is(err, ticket.ErrStillWaiting) {
		return o.HeldAsk, nil
	}
	return "", err
}

// open runs A1 to A6 and A10.
func (s *Service) open(ctx context.Context, app string, scene int, uid ticket.UID) (string, error) {
	cfg, err := s.Configs.Get(ctx, app, scene)
	if err != nil {
		s.count("asks", askRefused(err))
		return "", err // A1, A2
	}
	p := s.pool(app, scene, cfg)
	p.configure(cfg)
	if err := s.admit(ctx, p, cfg, uid); err != nil {
		return "", err
	}
	id, err := s.snapshot(ctx, cfg)
	if err != nil {
		return "", err
	}
	if err := s.admits(ctx, p, cfg, uid); err != nil {
		return "", err
	}
	met, err := s.met(ctx, cfg, app, uid)
	if err != nil {
		return "", err
	}
	now := s.now()
	t, fx := ticket.Open(cfg, now, ticket.Ask{AskNo: s.newAskNo(), App: app, Scene: scene, UID: uid, ConfigID: id})
	pl, picked := p.first(&waiter{t: t, cfg: cfg, met: met}, now)
	d := stepped{t, cfg, fx}
	if picked {
		d = s.offered(d, pl, now)
	}
	err = s.create(ctx, &d)
	var claimed *ClaimedError
	if picked && errors.As(err, &claimed) && !slices.Contains(claimed.UIDs, uid) {
		s.count("claim_conflicts", "")
		d = stepped{t, cfg, fx} // without an offer; the matcher finds another
		err = s.create(ctx, &d)
	}
	if err != nil {
		p.recall(pl)
		return "", err
	}
	s.count("asks", "accepted")
	s.committed(ctx, &d, now)
	p.settled(pl, claimed.people(), now)
	if d.t.State == ticket.Searching && cfg.NoCandidate == ticket.NoCandidateEnd && cfg.NoCandidateAfter == 0 {
		return s.orNobody(ctx, t)
	}
	return t.AskNo, nil
}

// askRefused labels A1 and A2.
func askRefused(err error) string {
	if errors.Is(err, ErrNoConfig) {
		return "no_config"
	}
	return "config_error"
}

// offered is a new ask with its first offers, to be written in one commit (A10, M1).
func (s *Service) offered(d stepped, pl plan, now ticket.Instant) stepped {
	t, fx, err := ticket.Step(d.cfg, d.t, now, nil, ticket.Dispatch{Picks: pl.picks})
	if err != nil || !fx.Changed {
		return d
	}
	fx.Take = append(slices.Clone(d.fx.Take), fx.Take...)
	fx.Send = append(slices.Clone(d.fx.Send), fx.Send...)
	fx.Marks = append(slices.Clone(d.fx.Marks), fx.Marks...)
	return stepped{t, d.cfg, fx}
}

// create writes a ticket that nobody knows yet.
func (s *Service) create(ctx context.Context, d *stepped) error {
	s.expect(d.t)
	err := s.Store.Commit(ctx, Batch{Writes: []Write{{Ticket: d.t, Due: d.t.DueAt(d.cfg)}}, Take: d.fx.Take})
	if err != nil {
		s.forget(d.t.AskNo)
	}
	return err
}

// orNobody matches at once and ends the ask when there is nobody (M3).
func (s *Service) orNobody(ctx context.Context, t *ticket.Ticket) (string, error) {
	s.MatchOnce(ctx)
	if after, err := s.apply(ctx, t.AskNo, ticket.NoCandidateFound{}); err == nil && after.EndReason == ticket.ReasonNoCandidate {
		s.count("asks", "no_candidate")
		return "", ErrNoCandidate
	}
	return t.AskNo, nil
}

// admit runs A3 to A6.
func (s *Service) admit(ctx context.Context, p *pool, cfg *ticket.Config, uid ticket.UID) error {
	if after, full := s.full(p, cfg); full {
		s.count("asks", "closed")
		return &RetryError{Err: ErrClosed, After: after} // A3, Y2
	}
	if after := s.tooFast(p.app, uid, cfg); after > 0 {
		s.count("asks", "too_many")
		return &RetryError{Err: ErrTooMany, After: after} // A4
	}
	if s.ChannelUp != nil && !s.ChannelUp() {
		s.count("asks", "channel")
		return &RetryError{Err: ticket.ErrUnavailable, After: cfg.VendorWait} // A5
	}
	switch s.funds(ctx, p.app, uid, cfg.MinAsk) { // A6
	case ticket.FundsShort:
		s.count("asks", "balance")
		return ticket.ErrBalance
	case ticket.FundsUnknown:
		if cfg.BalanceOnError == ticket.OnErrorDeny {
			s.count("asks", "balance_unknown")
			return ticket.ErrUnavailable
		}
	}
	return nil
}

// unread is what is known before the balance source was asked: zero is not
// worth asking for.
func (s *Service) unread(need int64) ticket.Funds {
	if need <= 0 || s.Balance == nil {
		return ticket.FundsOK
	}
	return ticket.FundsUnread
}

// funds compares a balance with what is needed.
func (s *Service) funds(ctx context.Context, app string, uid ticket.UID, need int64) ticket.Funds {
	if f := s.unread(need); f != ticket.FundsUnread {
		return f
	}
	return s.purse(ctx, app, uid).Covers(need)
}

// purse reads a balance; one that cannot be read is not known.
func (s *Service) purse(ctx context.Context, app string, uid ticket.UID) ticket.Balance {
	coins, err := s.Balance(ctx, app, uid)
	if err != nil {
		s.count("unknown", "balance")
		s.Log.WarnContext(ctx, "pairing: balance not read", "uid", uid, "error", err)
		return ticket.Balance{}
	}
	return ticket.Balance{Coins: coins, Known: true}
}

// admits runs pool.ask_role and keeps the asker's profile for the matcher.
func (s *Service) admits(ctx context.Context, p *pool, cfg *ticket.Config, uid ticket.UID) error {
	profile, known := s.profile(ctx, cfg, p.app, uid)
	switch {
	case !known:
		s.count("asks", "profile")
		return ticket.ErrUnavailable
	case cfg.PoolAskRole != "" && profile.Role != cfg.PoolAskRole:
		s.count("asks", "role")
		return ErrNoConfig // this scene is not for this role
	}
	p.profiled(uid, profile)
	return nil
}

// met lists whom an asker is not to meet again so soon (sticky exclusion, docs/pairing.md#candidates).
func (s *Service) met(ctx context.Context, cfg *ticket.Config, app string, uid ticket.UID) ([]ticket.UID, error) {
	if cfg.ExcludeLast == 0 {
		return nil, nil
	}
	return s.Store.Met(ctx, app, uid, s.now().Add(-cfg.ExcludeTTL), cfg.ExcludeLast)
}

// askRate is one person's allowance of new asks.
type askRate struct {
	limiter *rate.Limiter
	used    time.Time
}

// ratesMax bounds the allowances that are kept; the idle ones go first.
const ratesMax = 100_000

// tooFast takes one ask from uid's allowance, or says when there will be one (A4).
func (s *Service) tooFast(app string, uid ticket.UID, cfg *ticket.Config) time.Duration {
	if cfg.AskRate <= 0 {
		return 0
	}
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rates[person{app, uid}]
	if r == nil {
		s.forgetRates(now, time.Duration(float64(cfg.AskBurst)/cfg.AskRate*float64(time.Second)))
		r = &askRate{limiter: rate.NewLimiter(rate.Limit(cfg.AskRate), cfg.AskBurst)}
		s.rates[person{app, uid}] = r
	}
	r.used = now
	if r.limiter.AllowN(now, 1) {
		return 0
	}
	return time.Duration(float64(time.Second) / cfg.AskRate)
}

// forgetRates drops allowances that are full again.
func (s *Service) forgetRates(now time.Time, full time.Duration) {
	if len(s.rates) < ratesMax {
		return
	}
	for k, r := range s.rates {
		if now.Sub(r.used) >= full {
			delete(s.rates, k)
		}
	}
}
