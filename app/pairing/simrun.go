package pairing

import (
	"container/heap"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"switchboard/app/pairing/ticket"
	"time"
)

// sim is one run: the real service on the memory store under a virtual clock.
type sim struct {
	cfg      SimConfig
	ctx      context.Context
	scenario simScenario
	world    simWorld
	values   map[string]string
	oracle   bool
	svcs     []*Service // the replicas alive
	turns    int
	store    *Memory
	at       ticket.Instant
	start    ticket.Instant
	queue    simQueue
	seq      int
	index    map[ticket.UID]int // an asker's ask under way
	online   map[ticket.UID][]interval
	counts   map[string]int
	wallet   simWallet
	rand     *rand.Rand             // the engine's own chance
	winners  map[winning]ticket.UID // who was told that he won

	asks, shed, turnedAway, messages, rescinds int

	wrongs int // what must not happen (2.11)
}

const simApp = "sim"

func simulateOne(ctx context.Context, cfg SimConfig, name string, values map[string]string, oracle bool) (SimResult, error) {
	s := &sim{cfg: cfg, ctx: ctx, scenario: simScenarios[cfg.Scenario], oracle: oracle, start: simStart, world: newSimWorld(cfg),
		index: map[ticket.UID]int{}, online: map[ticket.UID][]interval{}, counts: map[string]int{}, winners: map[winning]ticket.UID{}, wallet: newSimWallet(),
		rand: rand.New(rand.NewPCG(cfg.Seed, 1))}
	s.at = s.start
	s.store = NewMemory(func() ticket.Instant { return s.at })
	s.values = simValues(cfg, values)
	if err := s.replicas(); err != nil {
		return SimResult{}, err
	}
	s.seed()
	end := s.start.Add(cfg.Horizon + 30*time.Minute)
	for len(s.queue) > 0 && s.queue[0].at <= end {
		if err := ctx.Err(); err != nil {
			return SimResult{}, err
		}
		e := heap.Pop(&s.queue).(simEvent)
		s.at = e.at
		e.do()
	}
	return s.result(name), nil
}

// simValues is the configuration of a run: cfg's scenario's, and the strategy's on top.
func simValues(cfg SimConfig, strategy map[string]string) map[string]string {
	values := map[string]string{"pair.events": "false", "pair.ask_rate": "0", "pair.send_rate": "0", "pair.cross_ask": ticket.CrossOff, "pair.exclude_last": "0",
		"pair.price": "1", "pair.balance.min_ask": "1", "pair.balance.min_like": "1"}
	maps.Copy(values, simScenarios[cfg.Scenario].values)
	maps.Copy(values, strategy)
	return values
}

// replicas starts the service anew: what the last one had in hand is gone.
func (s *sim) replicas() error {
	skews := []time.Duration{0}
	if d := s.scenario.skew; d != 0 {
		skews = []time.Duration{d, -d}
	}
	parsed, err := ticket.ParseConfig(s.values)
	if err != nil {
		return err
	}
	s.svcs = nil
	for _, skew := range skews {
		now := func() time.Time { return s.at.Time().Add(skew) }
		svc := New(Options{Store: s.store, Now: now, Shared: len(skews) > 1, Configs: &Configs{Source: Everywhere(s.values), Refresh: time.Hour, Now: now},
			Send:      func(context.Context, Command) error { return nil },
			ChannelUp: func() bool { return !s.vendorDown(s.at) },
			Balance:   s.wallet.balance, Charge: s.wallet.charge,
			Count: func(name, _ string) { s.counts[name]++ }})
		svc.serial = true
		svc.deliver = func(t *ticket.Ticket, entries []int64) { s.deliver(svc, t, entries) }
		if err := svc.measureClock(s.ctx); err != nil {
			return err
		}
		p := svc.pool(simApp, DefaultScene, &parsed)
		if p.rand = s.rand; s.oracle {
			p.oracle = s.foresee
		}
		s.svcs = append(s.svcs, svc)
	}
	return nil
}

// serving is the replica that the next request reaches.
func (s *sim) serving() *Service {
	s.turns++
	return s.svcs[s.turns%len(s.svcs)]
}

// seed schedules the asks, the sessions of every candidate and the engine's own beat.
func (s *sim) seed() {
	for i, at := range s.world.arrivals(s.cfg, s.scenario.burst) {
		s.on(at, func() { s.ask(i) })
	}
	if s.scenario.alone {
		s.on(s.start.Add(simEvery), func() { s.arrive(1, s.start.Add(s.cfg.Horizon+time.Hour)) })
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
}

func (s *sim) kill() {
	_ = s.replicas() // it parsed before
	s.after(s.scenario.kill, s.kill)
}

func (s *sim) on(at ticket.Instant, do func()) {
	s.seq++
	heap.Push(&s.queue, simEvent{at, s.seq, do})
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
		s.queue = nil
		return
	}
	s.after(safetyTickMS*time.Millisecond, s.beat)
}

// over: every ask has ended.
func (s *sim) over() bool {
	for _, r := range s.store.tickets {
		if r.ticket.State != ticket.Ended {
			return false
		}
	}
	return true
}

func (s *sim) match() { s.matchBy(s.serving()) }

func (s *sim) matchBy(svc *Service) {
	if w := svc.allPools()[0].config().Window; w > 0 && s.at.Sub(s.start)%w != 0 {
		return
	}
	svc.MatchOnce(s.ctx)
}

// deliver plays the vendor's wire and what people do once they hear.
func (s *sim) deliver(svc *Service, t *ticket.Ticket, entries []int64) {
	cfg, err := svc.config(s.ctx, t.ConfigID)
	if err != nil {
		return
	}
	for _, id := range entries {
		e := t.Entry(id)
		if e == nil {
			continue
		}
		j, i := job{t, e, cfg}, s.index[t.Asker]
		finish := func(how ticket.DeliveryResult) {
			if slices.Contains(s.svcs, svc) { // a dead replica notes nothing
				svc.finish(s.ctx, j, how)
			}
		}
		if e.Kind != ticket.ToClient {
			s.after(0, func() {
				if slices.Contains(s.svcs, svc) {
					finish(svc.tell(s.ctx, j))
				}
			})
			continue
		}
		ids := []int{i, int(e.To), e.Round, e.Attempts}
		how, lost := ticket.Delivered, s.world.chance(0.002+s.scenario.loss, "lost "+e.Name, ids...)
		if s.vendorDown(s.at) || s.world.chance(0.005+s.scenario.failures, "fails "+e.Name, ids...) {
			how = ticket.DeliveryRetry
		}
		s.messages++
		if e.Name == ticket.CommandRescind {
			s.rescinds++
		}
		s.after(s.world.lognormal(120*time.Millisecond, 0.5, "wire "+e.Name, ids...), func() {
			finish(how)
			switch {
			case how != ticket.Delivered:
			case e.Name == ticket.CommandDispatch && !lost:
				s.ring(t.AskNo, i, e.To, e.Round)
				if s.world.chance(0.001, "twice", ids...) {
					s.ring(t.AskNo, i, e.To, e.Round)
				}
			case e.Name == ticket.CommandEnd && e.To == t.Asker:
				s.again(i)
			}
		})
	}
}

// simEvent is something that happens at a time; seq keeps the order of equals.
type simEvent struct {
	at  ticket.Instant
	seq int
	do  func()
}

type simQueue []simEvent

func (q simQueue) Len() int      { return len(q) }
func (q simQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q simQueue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}

// Push implements heap.Interface.
func (q *simQueue) Push(x any) { *q = append(*q, x.(simEvent)) }

// Pop implements heap.Interface.
func (q *simQueue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}
