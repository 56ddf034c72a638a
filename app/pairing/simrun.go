package pairing

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	at       Instant
	start    Instant
	queue    simQueue
	seq      int
	index    map[UID]int // an asker's ask under way
	online   map[UID][]interval
	counts   map[string]int

	asks, shed, turnedAway, messages, rescinds int
}

const simApp = "sim"

func simulateOne(ctx context.Context, cfg SimConfig, name string, values map[string]string, oracle bool) (SimResult, error) {
	s := &sim{cfg: cfg, ctx: ctx, scenario: simScenarios[cfg.Scenario], oracle: oracle, start: 1_700_000_000_000,
		index: map[UID]int{}, online: map[UID][]interval{}, counts: map[string]int{}}
	s.world = simWorld{cfg.Seed, s.scenario.away}
	s.at = s.start
	s.store = NewMemory(func() Instant { return s.at })
	s.values = map[string]string{"pair.events": "false", "pair.ask_rate": "0", "pair.send_rate": "0", "pair.cross_ask": CrossOff, "pair.exclude_last": "0"}
	maps.Copy(s.values, s.scenario.values)
	maps.Copy(s.values, values)
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

// replicas starts the service anew: what the last one had in hand is gone.
func (s *sim) replicas() error {
	skews := []time.Duration{0}
	if d := s.scenario.skew; d != 0 {
		skews = []time.Duration{d, -d}
	}
	parsed, err := Parse(s.values)
	if err != nil {
		return err
	}
	s.svcs = nil
	for _, skew := range skews {
		now := func() time.Time { return s.at.Time().Add(skew) }
		svc := New(Options{Store: s.store, Now: now, Shared: len(skews) > 1, Configs: &Configs{Source: Everywhere(s.values), Refresh: time.Hour, Now: now},
			Send:      func(context.Context, Command) error { return nil },
			ChannelUp: func() bool { return !s.vendorDown(s.at) },
			Count:     func(name, _ string) { s.counts[name]++ }})
		svc.serial = true
		svc.deliver = func(t *Ticket, entries []int64) { s.deliver(svc, t, entries) }
		if err := svc.measureClock(s.ctx); err != nil {
			return err
		}
		if p := svc.pool(simApp, DefaultScene, &parsed); s.oracle {
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
	at := s.start
	for i := 0; ; i++ {
		gap := s.world.exp(1/s.cfg.AsksPerSec, "gap", i)
		if s.bursting(at) {
			gap /= 5
		}
		if at = at.Add(gap); at > s.start.Add(s.cfg.Horizon) {
			break
		}
		s.on(at, func() { s.ask(i) })
	}
	if s.scenario.alone {
		s.on(s.start.Add(simEvery), func() { s.arrive(1, s.start.Add(s.cfg.Horizon+time.Hour)) })
	}
	for uid := UID(1); uid <= UID(s.cfg.Candidates); uid++ {
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

func (s *sim) on(at Instant, do func()) {
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
		if r.ticket.State != Ended {
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

// session alternates a candidate between online and offline; a third begins online.
func (s *sim) session(uid UID, n int, at Instant) {
	first := n == 0 && s.world.chance(2.0/3, "first", int(uid))
	if n%2 == 1 || first {
		s.on(at.Add(s.world.exp(40*60, "off", int(uid), n)), func() { s.session(uid, n+2-n%2, s.at) })
		return
	}
	until := at.Add(s.world.exp(20*60, "on", int(uid), n))
	s.on(at, func() { s.arrive(uid, until) })
	s.on(until, func() {
		s.presence(uid, false, s.at)
		s.session(uid, n+1, s.at)
	})
}

func (s *sim) arrive(uid UID, until Instant) {
	s.online[uid] = append(s.online[uid], interval{s.at, min(until, max(s.at, s.start.Add(s.cfg.Horizon)))})
	s.presence(uid, true, until)
	s.match()
}

// comeBack: who was paused while away says that he is here again.
func (s *sim) comeBack(uid UID) {
	c, err := s.store.Candidate(s.ctx, simApp, uid)
	if err == nil && c.Paused {
		_, _ = s.serving().SetAvail(s.ctx, simApp, uid, true) // the memory store does not fail
		s.match()
	}
	s.on(s.world.back(uid, s.at+1), func() { s.comeBack(uid) })
}

func (s *sim) presence(uid UID, on bool, until Instant) {
	e := Evidence{Proof: ProofSocket, Online: on, At: s.at, Until: until}
	_ = s.serving().Seen(s.ctx, simApp, uid, "s", e) // the memory store does not fail
}

// Asks repeated by the same person have the first one's index and a multiple of
// this; so that every ask has draws of its own.
const simRepeat = 1 << 20

// asker is who makes the ask of index i: somebody who only asks, or one of the
// candidates where all do both.
func (s *sim) asker(i int) UID {
	if s.scenario.cross {
		return UID(1 + int(s.world.unit("asker", i%simRepeat)*float64(s.cfg.Candidates)))
	}
	return firstAsker + UID(i%simRepeat)
}

const firstAsker UID = 1_000_000

// ask is one person's wish; he gives up after ask_ttl and some patience.
func (s *sim) ask(i int) {
	uid, svc := s.asker(i), s.serving()
	if _, taken, _ := s.store.Holder(s.ctx, simApp, uid); taken {
		return // he is busy already
	}
	s.asks++
	s.index[uid] = i
	no, err := svc.Ask(s.ctx, simApp, DefaultScene, uid)
	if err != nil {
		if errors.Is(err, ErrClosed) {
			s.shed++
		} else {
			s.turnedAway++ // A5
		}
		s.again(i)
		return
	}
	s.match()
	s.after(time.Minute+s.world.exp(45, "patience", i), func() {
		t, err := s.store.Load(s.ctx, no)
		if err == nil && t.State != Ended && !t.State.talking() && s.serving().Cancel(s.ctx, simApp, no, uid) == nil {
			s.again(i)
		}
	})
}

// again: six in ten who had no luck, or enough, ask once more.
func (s *sim) again(i int) {
	if s.world.chance(0.6, "again", i) && s.at < s.start.Add(s.cfg.Horizon) {
		s.after(s.world.exp(20, "pause", i), func() { s.ask(i + simRepeat) })
	}
}

// deliver plays the vendor's wire and what people do once they hear.
func (s *sim) deliver(svc *Service, t *Ticket, entries []int64) {
	cfg, err := svc.config(s.ctx, t.ConfigID)
	if err != nil {
		return
	}
	for _, id := range entries {
		e := t.entry(id)
		if e == nil {
			continue
		}
		j, i := job{t, e, cfg}, s.index[t.Asker]
		finish := func(how Tell) {
			if slices.Contains(s.svcs, svc) { // a dead replica notes nothing
				svc.finish(s.ctx, j, how)
			}
		}
		if e.Kind != ToClient {
			s.after(0, func() { finish(TellDone) })
			continue
		}
		ids := []int{i, int(e.To), int(e.ID), e.Attempts}
		how, lost := TellDone, s.world.chance(0.002+s.scenario.loss, "lost", ids...)
		if s.vendorDown(s.at) || s.world.chance(0.005+s.scenario.failures, "fails", ids...) {
			how = TellRetry
		}
		s.messages++
		if e.Name == CommandRescind {
			s.rescinds++
		}
		s.after(s.world.lognormal(120*time.Millisecond, 0.5, "wire", ids...), func() {
			finish(how)
			switch {
			case how != TellDone:
			case e.Name == CommandDispatch && !lost:
				s.ring(t.AskNo, i, e.To, e.Round)
				if s.world.chance(0.001, "twice", ids...) || s.scenario.rude && s.world.chance(0.02, "devices", ids...) {
					s.ring(t.AskNo, i, e.To, e.Round)
				}
			case e.Name == CommandEnd && e.To == t.Asker:
				s.again(i)
			}
		})
	}
}

// ring is the offer at the candidate's device.
func (s *sim) ring(no string, i int, uid UID, round int) {
	after, pass, silent := s.world.answer(i, uid, s.at)
	if silent {
		return
	}
	s.after(after, func() {
		err := s.serving().Answer(s.ctx, simApp, no, uid, round, pass)
		switch {
		case err == nil && pass:
			s.call(no, i, uid, round)
		case err != nil && s.scenario.rude && errors.Is(err, ErrTaken):
			_ = s.serving().Answer(s.ctx, simApp, no, uid, round, pass) // insists after the rescind
		}
		s.match()
	})
}

// call is what follows a winning pass.
func (s *sim) call(no string, i int, peer UID, round int) {
	id := fmt.Sprint(no, "-", round)
	if s.scenario.rude {
		s.misbehave(no, i, peer, round, id)
	}
	if !s.world.chance(0.95, "connects", i, round) {
		return // T_connect finds it
	}
	setup := time.Second + s.world.exp(1, "setup", i, round)
	told := setup
	if s.world.chance(0.01, "slow webhook", i, round) {
		told += min(5*time.Minute, s.world.exp(60, "webhook", i, round))
	}
	s.after(told, func() {
		_ = s.serving().CallStarted(s.ctx, simApp, no, CallSeen{Round: round, CallID: id, Users: []UID{peer}}) // too late is no news
	})
	s.after(setup+5*time.Second+s.world.exp(15, "preview", i, round), func() {
		like := s.world.chance(0.3, "likes", i, round)
		err := s.serving().Decide(s.ctx, simApp, no, Confirm{UID: s.asker(i), Round: round, Peer: peer, CallID: id, Like: like})
		if err == nil && like {
			s.after(min(time.Minute+s.world.exp(180, "talk", i, round), s.world.credit(i)), func() {
				_ = s.serving().CallOver(s.ctx, simApp, no, CallEnded{Round: round, CallID: id}) // over already is fine
			})
		}
		s.match()
	})
}

// foresee is the oracle's eye: who would pass in time, and how fast.
func (s *sim) foresee(asker, uid UID) (rank int64, ok bool) {
	after, pass, silent := s.world.answer(s.index[asker], uid, s.at)
	return int64(after), pass && !silent && after < 10*time.Second
}

// simEvent is something that happens at a time; seq keeps the order of equals.
type simEvent struct {
	at  Instant
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
