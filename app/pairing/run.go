package pairing

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"switchboard/app/pairing/ticket"
)

const (
	sweepEvery  = 50 * time.Millisecond
	sweepLimit  = 512             // tickets ticked in one sweep
	pollOverlap = 2 * time.Second // commits become visible out of order, so each poll looks back
	clockEvery  = 10 * time.Second
	reapEvery   = time.Minute
	configEvery = time.Second

	profileReaders = 8
)

// New makes a service; Run drives it.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{Options: o, profileQueue: make(chan person, maxProfileQueue), asking: make(chan struct{}, maxAsked),
		live:      liveTickets{off: o.Shared},
		pools:     pools{made: make(chan struct{}, 1), byKey: map[poolKey]*pool{}},
		snapshots: snapshots{store: o.Store, byID: map[string]*ticket.Config{}},
		rates:     askRates{byPerson: map[person]*askRate{}},
	}
	s.log = s.Log.With("component", "pairing")
	s.pools.options = &s.Options
	s.sender = newSender(s.deliver, s.putOff)
	if s.Transport == nil {
		s.Transport = s.sender
	}
	return s
}

// Open measures the store's clock and opens a pool for each of Options.Apps. Run
// begins with it.
func (s *Service) Open(ctx context.Context) error {
	if err := s.measureClock(ctx); err != nil {
		return err
	}
	for _, app := range s.Apps {
		s.pools.open(app, DefaultScene, s.presenceConfig(ctx, app))
	}
	return nil
}

// Run matches, fires deadlines and delivers until ctx ends, then finishes what
// is under way. What it does not finish, another replica finds in the store.
func (s *Service) Run(ctx context.Context) error {
	if err := s.Open(ctx); err != nil {
		return err
	}
	var wg sync.WaitGroup
	every := func(d time.Duration, do func(context.Context)) {
		wg.Go(func() { loop(ctx, d, do) })
	}
	every(sweepEvery, s.SweepOnce)
	every(ackInterval, s.AckOnce)
	every(clockEvery, func(ctx context.Context) {
		if err := s.measureClock(ctx); err != nil {
			s.log.WarnContext(ctx, "store clock not read", "error", err)
		}
	})
	every(configEvery, s.reconfigure)
	every(reapEvery, func(ctx context.Context) {
		switch n, err := s.Store.Reap(ctx, s.now()); {
		case err != nil:
			s.log.WarnContext(ctx, "lost claims not dropped", "error", err)
		case n > 0:
			s.log.InfoContext(ctx, "lost claims dropped", "claims", n)
		}
		s.syncEndedTickets(ctx)
	})
	wg.Go(func() { s.match(ctx) })
	for range profileReaders {
		wg.Go(func() { s.readProfiles(ctx) })
	}
	<-ctx.Done()
	s.Close()
	wg.Wait()
	s.asked.Wait()
	s.sender.drain()
	last, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	s.AckOnce(last)
	return nil
}

// Close refuses new asks from now on; all else goes on until Run ends (Y2).
func (s *Service) Close() { s.closing.Store(true) }

// loop calls do every d until ctx ends.
func loop(ctx context.Context, d time.Duration, do func(context.Context)) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do(ctx)
		}
	}
}

// match runs one matcher per pool, each woken by news or by the safety tick.
func (s *Service) match(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	started := map[*pool]bool{}
	for {
		for _, p := range s.pools.all() {
			if !started[p] {
				started[p] = true
				wg.Go(func() { s.matchPool(ctx, p) })
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-s.pools.made:
		}
	}
}

func (s *Service) matchPool(ctx context.Context, p *pool) {
	tick := time.NewTicker(safetyTickMS * time.Millisecond)
	defer tick.Stop()
	for {
		for ctx.Err() == nil && s.matchRound(ctx, p) > 0 {
		}
		if w := p.config().Window; w > 0 {
			pause(ctx, w)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-p.wake:
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// SweepOnce ticks the tickets whose deadline has come (docs/pairing.md#timers, Y1).
func (s *Service) SweepOnce(ctx context.Context) {
	if s.skewed() {
		return
	}
	asks, err := s.Store.Due(ctx, s.now(), sweepLimit)
	if err != nil {
		s.log.WarnContext(ctx, "due tickets not read", "error", err)
		return
	}
	s.each(len(asks), sweepers, func(i int) {
		if err := s.tick(ctx, asks[i]); err != nil {
			s.log.WarnContext(ctx, "deadline not fired", "ask_no", asks[i], "error", err)
		}
	})
}

// measureClock learns how far our clock is from the store's (Y6).
func (s *Service) measureClock(ctx context.Context) error {
	before := s.Now()
	at, err := s.Store.Clock(ctx)
	if err != nil {
		return err
	}
	half := s.Now().Sub(before) / 2
	s.offset.Store(int64(at - ticket.At(before.Add(half))))
	return nil
}

// skewed stops the timers of a replica whose clock runs off (Y6).
func (s *Service) skewed() bool {
	limit := s.SkewMax
	if limit == 0 {
		return false
	}
	off := time.Duration(s.offset.Load()) * time.Millisecond
	return off > limit || off < -limit
}

// syncPool reads what the pool does not know: everything at first, and what
// other replicas did where there are any.
func (s *Service) syncPool(ctx context.Context, p *pool) error {
	if err := s.syncHosts(ctx, p); err != nil {
		return err
	}
	p.mu.Lock()
	since := p.syncedAt
	p.mu.Unlock()
	now := s.now()
	if since != 0 && (!s.Shared || now.Sub(since) < pollEvery) {
		return nil
	}
	if since != 0 {
		since = since.Add(-pollOverlap)
	}
	ch, err := s.Store.Changes(ctx, p.app, since)
	if err != nil {
		return err
	}
	for _, c := range ch.Candidates {
		p.updateCandidate(c, now)
		p.applyClaims(c, now)
		if _, present := c.BestEvidence(now); present {
			s.prefetchProfile(p.app, c.UID)
		}
	}
	for _, t := range ch.Tickets {
		if err := s.syncTicket(ctx, p, t, now); err != nil {
			return err
		}
	}
	p.mu.Lock()
	p.syncedAt = now
	p.mu.Unlock()
	return nil
}

// syncEndedTickets reads the asks that others serve and whose state was not taken over for
// a while: Changes tells of those that want offers only, so their ends are found here.
func (s *Service) syncEndedTickets(ctx context.Context) {
	if !s.Shared {
		return
	}
	for _, p := range s.pools.all() {
		for _, ask := range p.notUpdatedSince(s.now().Add(-reapEvery)) {
			t, err := s.Store.Load(ctx, ask)
			if errors.Is(err, ticket.ErrUnknownAsk) {
				p.dropTicket(ask)
				continue
			}
			if err != nil {
				return // the next look makes up for it
			}
			if cfg, err := s.snapshots.get(ctx, t.ConfigID); err == nil {
				p.updateTicket(t, cfg, s.now())
			}
		}
	}
}

// reconfigure brings what the source says now to the pools, so that the kill
// switch stops offers although nobody asks (Y4).
func (s *Service) reconfigure(ctx context.Context) {
	for _, p := range s.pools.all() {
		cfg, err := s.Configs.Get(ctx, p.app, p.scene)
		if err == nil {
			p.configure(cfg)
		}
		switch failed := p.unconfigured.Swap(err != nil); {
		case err != nil && !failed:
			s.log.WarnContext(ctx, "configuration source failed", "app", p.app, "scene", p.scene, "error", err)
		case err == nil && failed:
			s.log.InfoContext(ctx, "configuration source recovered", "app", p.app, "scene", p.scene)
		}
	}
}
