package simulator

import (
	"context"
	"maps"
	"math/rand/v2"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ordered"
	"switchboard/app/pairing/ticket"
)

// sim is one run: the real service on the memory store under a virtual clock.
type sim struct {
	cfg       Config
	ctx       context.Context
	scenario  scenario
	world     world
	values    map[string]string
	rules     ticket.Config      // values, parsed
	foresight bool               // the strategy is the oracle
	svcs      []*pairing.Service // the replicas alive
	turns     int
	store     *pairing.Memory
	at        ticket.Instant
	start     ticket.Instant
	queue     ordered.Set[func()] // what happens, by its time and in the order of planning
	seq       uint64
	index     map[ticket.UID]int // an asker's ask under way
	online    map[ticket.UID][]interval
	counts    map[string]int
	wallet    wallet
	rand      *rand.Rand             // the engine's own chance
	winners   map[winning]ticket.UID // who was told to have won

	asks, shed, turnedAway, messages, rescinds int

	done   bool // every ask has ended after the horizon
	wrongs int  // what must not happen (docs/pairing.md#invariants)
}

const (
	app  = "sim"
	tick = 100 * time.Millisecond // between two looks of the engine
)

func simulate(ctx context.Context, cfg Config, name string, values map[string]string, foresight bool) (Result, error) {
	s := &sim{cfg: cfg, ctx: ctx, scenario: scenarios[cfg.Scenario], foresight: foresight, start: startAt, world: newWorld(cfg),
		index: map[ticket.UID]int{}, online: map[ticket.UID][]interval{}, counts: map[string]int{}, winners: map[winning]ticket.UID{}, wallet: newWallet(),
		rand: rand.New(rand.NewPCG(cfg.Seed, 1))}
	s.at = s.start
	s.queue = ordered.NewSet[func()]()
	s.store = pairing.NewMemory(func() ticket.Instant { return s.at })
	s.values = configValues(cfg, values)
	rules, err := ticket.ParseConfig(s.values)
	if err != nil {
		return Result{}, err
	}
	s.rules = rules
	if err := s.replicas(); err != nil {
		return Result{}, err
	}
	if err := s.seed(); err != nil {
		return Result{}, err
	}
	for end := s.start.Add(cfg.Horizon + 30*time.Minute); !s.done; {
		at, do, some := s.queue.Min()
		if !some || at.Key > int64(end) {
			break
		}
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		s.queue.Remove(at)
		s.at = ticket.Instant(at.Key)
		do()
	}
	return s.result(name), nil
}

// configValues is the configuration of a run: cfg's scenario's, and the strategy's on top.
func configValues(cfg Config, strategy map[string]string) map[string]string {
	values := map[string]string{"pair.events": "false", "pair.ask_rate": "0", "pair.send_rate": "0", "pair.cross_ask": ticket.CrossOff, "pair.exclude_last": "0",
		"pair.activity_ttl": "24h", // askers have no device here that shows them: they stay until they give up
		"pair.price":        "1", "pair.balance.min_ask": "1", "pair.balance.min_like": "1"}
	maps.Copy(values, scenarios[cfg.Scenario].values)
	maps.Copy(values, strategy)
	return values
}

// replicas starts the service anew: what the last one had in hand is gone.
func (s *sim) replicas() error {
	skews := []time.Duration{0}
	if d := s.scenario.skew; d != 0 {
		skews = []time.Duration{d, -d}
	}
	s.svcs = nil
	for _, skew := range skews {
		now := func() time.Time { return s.at.Time().Add(skew) }
		w := &wire{sim: s}
		o := pairing.Options{Store: s.store, Now: now, Apps: []string{app}, Shared: len(skews) > 1, Workers: 1, Transport: w,
			Configs:   &pairing.Configs{Source: pairing.Everywhere(s.values), Refresh: time.Hour, Now: now},
			Rand:      func() *rand.Rand { return s.rand },
			ChannelUp: func() bool { return !s.vendorDown(s.at) },
			Send:      func(context.Context, pairing.Command) error { return nil },
			Balance:   s.wallet.balance, Charge: s.wallet.charge,
			Count: func(name, _ string) { s.counts[name]++ }}
		if s.foresight {
			o.Strategy = func(cfg *ticket.Config) pairing.Strategy { return oracle{s, cfg} }
		}
		w.svc = pairing.New(o)
		if err := w.svc.Open(s.ctx); err != nil {
			return err
		}
		s.svcs = append(s.svcs, w.svc)
	}
	return nil
}

// serving is the replica that the next request reaches.
func (s *sim) serving() *pairing.Service {
	s.turns++
	return s.svcs[s.turns%len(s.svcs)]
}

// seed schedules the asks, the sessions of every candidate and the engine's own beat.
func (s *sim) seed() error {
	arrivals, err := s.world.arrivals(s.ctx, s.cfg, s.scenario.burst)
	if err != nil {
		return err
	}
	for i, at := range arrivals {
		s.on(at, func() { s.ask(i) })
	}
	if s.scenario.alone {
		s.on(s.start.Add(outageEvery), func() { s.arrive(1, s.start.Add(s.cfg.Horizon+time.Hour)) })
	}
	for uid := ticket.UID(1); uid <= ticket.UID(s.cfg.Candidates); uid++ {
		if !s.scenario.alone {
			s.session(uid, 0, s.start)
		}
		s.on(s.world.back(uid, s.start), func() { s.comeBack(uid) })
	}
	if s.scenario.kill > 0 {
		s.after(s.scenario.kill, s.kill)
	}
	s.beat()
	return nil
}

func (s *sim) kill() {
	_ = s.replicas() // it parsed before
	s.after(s.scenario.kill, s.kill)
}

func (s *sim) on(at ticket.Instant, do func()) {
	s.seq++
	s.queue.Put(ordered.Place{Key: int64(at), Tie: s.seq}, do)
}

func (s *sim) after(d time.Duration, do func()) { s.on(s.at.Add(d), do) }

// beat is the sweeper, the matcher's safety tick and the acknowledgements.
func (s *sim) beat() {
	for _, svc := range s.svcs {
		svc.SweepOnce(s.ctx)
		s.matchBy(svc)
		svc.AckOnce(s.ctx)
	}
	if (s.at.Sub(s.start)-s.cfg.Horizon)%(10*time.Second) == 0 && s.at > s.start.Add(s.cfg.Horizon) && s.over() {
		s.done = true
		return
	}
	s.after(tick, s.beat)
}

// over: every ask has ended.
func (s *sim) over() bool {
	for t := range s.store.All() {
		if t.State != ticket.Ended {
			return false
		}
	}
	return true
}

func (s *sim) match() { s.matchBy(s.serving()) }

func (s *sim) matchBy(svc *pairing.Service) {
	if w := s.rules.Window; w > 0 && s.at.Sub(s.start)%w != 0 {
		return
	}
	svc.MatchOnce(s.ctx)
}
