package pairing

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"time"

	"switchboard/app/pairing/ticket"
	"switchboard/vendors"
)

// Ask starts a search for uid and returns its number; asked again it returns the
// number of the search under way (docs/pairing.md#asks).
func (s *Service) Ask(ctx context.Context, app string, scene int, uid ticket.UID) (string, error) {
	for try := range tries {
		if try > 0 || !s.seenFree(app, scene, uid) {
			held, askNo, err := s.askAgain(ctx, app, uid)
			switch {
			case err != nil:
				return "", err
			case askNo != "":
				return askNo, nil // A7
			case held:
				continue // freed or moved on meanwhile: from the top (A11)
			}
		}
		askNo, err := s.ask(ctx, app, scene, uid)
		var claimed *ClaimedError
		if errors.As(err, &claimed) || errors.Is(err, ErrConflict) {
			s.count("claim_conflicts", "")
			continue // A11, A12
		}
		return askNo, err
	}
	return "", ticket.ErrUnavailable
}

// newAsk is an ask on its way from the request to the commit.
type newAsk struct {
	app   string
	scene int
	uid   ticket.UID
	cfg   *ticket.Config
	pool  *pool

	at    ticket.Instant
	first stepped // the ticket as it is born, without an offer
	best  stepped // with its first offers, where somebody was idle for it
	plan  plan    // of those offers; it keeps the ask and its picks busy until planDone
	taken []ticket.UID
}

// ask makes a new ask, in five steps.
func (s *Service) ask(ctx context.Context, app string, scene int, uid ticket.UID) (string, error) {
	a := &newAsk{app: app, scene: scene, uid: uid}
	if err := s.checkAdmission(ctx, a); err != nil {
		return "", err
	}
	if err := s.newTicket(ctx, a); err != nil {
		return "", err
	}
	s.tryFirstOffer(a)
	if err := s.commitAsk(ctx, a); err != nil {
		return "", err
	}
	return s.publishAsk(ctx, a)
}

// checkAdmission runs A1 to A6 and pool.ask_role.
func (s *Service) checkAdmission(ctx context.Context, a *newAsk) (err error) {
	if a.cfg, err = s.Configs.Get(ctx, a.app, a.scene); err != nil { // A1, A2
		if errors.Is(err, ErrNoConfig) {
			return s.refuseAsk("no_config", err)
		}
		return s.refuseAsk("config_error", err)
	}
	a.pool = s.pools.open(a.app, a.scene, a.cfg)
	a.pool.configure(a.cfg)
	if after, full := s.full(a.pool, a.cfg); full { // A3, Y2
		return s.refuseAsk("closed", &RetryError{Err: ErrClosed, After: after})
	}
	if after := s.rates.take(person{a.app, a.uid}, a.cfg, s.Now()); after > 0 { // A4
		return s.refuseAsk("too_many", &RetryError{Err: ErrTooMany, After: after})
	}
	if s.ChannelUp != nil && !s.ChannelUp() { // A5
		return s.refuseAsk("channel", &RetryError{Err: ticket.ErrUnavailable, After: a.cfg.VendorWait})
	}
	switch s.checkFunds(ctx, a.app, a.uid, a.cfg.MinAsk) { // A6
	case ticket.FundsShort:
		return s.refuseAsk("balance", ticket.ErrBalance)
	case ticket.FundsUnknown:
		if a.cfg.BalanceOnError == ticket.OnErrorDeny {
			return s.refuseAsk("balance_unknown", ticket.ErrUnavailable)
		}
	}
	profile, known := s.profile(ctx, a.cfg, a.app, a.uid)
	if !known {
		return s.refuseAsk("profile", ticket.ErrUnavailable)
	}
	if role := a.cfg.PoolAskRole; role != "" && profile.Role != role {
		return s.refuseAsk("role", ErrNoConfig) // this scene is not for this user
	}
	a.pool.setProfile(a.uid, profile)
	return nil
}

// refuseAsk counts a refusal.
func (s *Service) refuseAsk(label string, err error) error {
	s.count("asks", label)
	return err
}

// newTicket makes the ticket (A10) and what matching has to know of its asker.
func (s *Service) newTicket(ctx context.Context, a *newAsk) error {
	id, err := s.snapshots.save(ctx, a.cfg)
	if err != nil {
		return err
	}
	peers, err := s.recentPeers(ctx, a.cfg, a.app, a.uid)
	if err != nil {
		return err
	}
	a.at = s.now()
	t, fx := ticket.Open(a.cfg, a.at, ticket.Ask{AskNo: s.newAskNo(), App: a.app, Scene: a.scene, UID: a.uid, ConfigID: id})
	t.Trace = vendors.TraceOf(ctx).Parent
	a.first = stepped{t, a.cfg, fx}
	a.plan = a.pool.admit(&waiter{t: t, cfg: a.cfg, recentPeers: peers}, a.at)
	return nil
}

// tryFirstOffer lets the ask be born with its first offers, so that both are one
// commit (M1).
func (s *Service) tryFirstOffer(a *newAsk) {
	a.best = a.first
	if len(a.plan.picks) == 0 {
		return
	}
	t, fx, err := ticket.Step(a.cfg, a.first.t, a.at, nil, ticket.Dispatch{Picks: a.plan.picks})
	if err != nil || !fx.Changed {
		return
	}
	fx.Take = append(slices.Clone(a.first.fx.Take), fx.Take...)
	fx.Send = append(slices.Clone(a.first.fx.Send), fx.Send...)
	fx.Marks = append(slices.Clone(a.first.fx.Marks), fx.Marks...)
	a.best = stepped{t, a.cfg, fx}
}

// commitAsk writes the ask; where only its candidates turn out to be taken, without
// an offer: the matcher finds somebody else.
func (s *Service) commitAsk(ctx context.Context, a *newAsk) error {
	err := s.create(ctx, &a.best)
	var claimed *ClaimedError
	if len(a.plan.picks) > 0 && errors.As(err, &claimed) && !slices.Contains(claimed.UIDs, a.uid) {
		s.count("claim_conflicts", "")
		a.taken, a.best = claimed.UIDs, a.first
		err = s.create(ctx, &a.best)
	}
	if err != nil {
		a.pool.undoPlan(a.plan)
	}
	return err
}

// create writes a ticket that nobody knows yet.
func (s *Service) create(ctx context.Context, d *stepped) error {
	s.live.add(d.t)
	err := s.Store.Commit(ctx, Batch{Writes: []Write{{Ticket: d.t, Due: d.t.DueAt(d.cfg)}}, Take: d.fx.Take})
	if err != nil {
		s.live.drop(d.t.AskNo)
	}
	return err
}

// publishAsk spreads the news of the commit. Where an ask is to end for want of a
// candidate at once, it is matched first, and ended if that found nobody (M3).
func (s *Service) publishAsk(ctx context.Context, a *newAsk) (string, error) {
	s.count("asks", "accepted")
	s.committed(ctx, &a.best, a.at)
	a.pool.planDone(a.plan, a.taken, a.at)
	t := a.best.t
	if t.State != ticket.Searching || a.cfg.NoCandidate != ticket.NoCandidateEnd || a.cfg.NoCandidateAfter != 0 {
		return t.AskNo, nil
	}
	s.MatchOnce(ctx)
	if after, err := s.apply(ctx, t.AskNo, ticket.NoCandidateFound{}); err == nil && after.EndReason == ticket.ReasonNoCandidate {
		s.count("asks", "no_candidate")
		return "", ErrNoCandidate
	}
	return t.AskNo, nil
}

// seenFree reports that this replica, which alone writes claims, dropped uid's last
// one: then the store is not asked, and the claim of the new ask decides (A10 to A12).
func (s *Service) seenFree(app string, scene int, uid ticket.UID) bool {
	if s.Shared {
		return false
	}
	p := s.pools.get(app, scene)
	return p != nil && p.free(uid)
}

// askAgain is an ask by somebody who may take part in one already (A7 to A9). askNo
// is the caller's own search; held says that a claim was found and dealt with.
func (s *Service) askAgain(ctx context.Context, app string, uid ticket.UID) (held bool, askNo string, err error) {
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

// heldTicket is the caller's own ask where it waits while the caller holds an offer (A7 in H).
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

// full reports whether p takes no ask now (A3, Y2), and when to try again.
func (s *Service) full(p *pool, cfg *ticket.Config) (after time.Duration, full bool) {
	live, waiting, wait := p.load(s.now())
	late := wait - cfg.LongestWait()
	if s.closing.Load() || !cfg.Enabled || live >= cfg.MaxLive || cfg.Admission && waiting >= minWaiting && late > 0 {
		return max(time.Second, min(late, time.Minute)), true
	}
	return 0, false
}

// newAskNo is a decimal number that rises with time: 41 bits of milliseconds
// and 22 of chance. Two of a kind meet in the store, and one asks again.
func (s *Service) newAskNo() string {
	var b [4]byte
	_, _ = crand.Read(b[:]) // never fails
	low := uint64(binary.BigEndian.Uint32(b[:]) >> 10)
	return strconv.FormatUint(uint64(s.now())<<askChance|low, 10)
}

const askChance = 22 // bits of an ask number that are not time

// FirstAskNo is not above any number of an ask made at or after now; as texts
// they compare alike, since they all have 19 digits until 2045.
func FirstAskNo(now ticket.Instant) string {
	return strconv.FormatUint(uint64(max(now, 0))<<askChance, 10)
}
