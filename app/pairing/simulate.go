package pairing

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// SimConfig is one comparison of strategies over the same world (3.6).
type SimConfig struct {
	Seed       uint64
	Candidates int           // people who may be offered
	AsksPerSec float64       // mean of a Poisson stream; 0: by scenario
	Horizon    time.Duration // virtual time with new asks
	Scenario   string        // slack, tight, overload or burst
	Chart      string        // path of an SVG file; empty: none
}

// SimDefault is a two-hour run with slack, of a few seconds' real time.
func SimDefault() SimConfig {
	return SimConfig{Seed: 1, Candidates: 200, Horizon: 2 * time.Hour, Scenario: "slack", Chart: "pairing.svg"}
}

// simRates are asks a second for each candidate known. A third of them is
// online at a time, and a connected round keeps one busy for about a minute.
var simRates = map[string]float64{"slack": 0.001, "tight": 0.0025, "overload": 0.008, "burst": 0.0015}

// contenders are the strategies that are compared; the oracle knows who will
// pass and asks the fastest of them.
var contenders = []struct {
	name   string
	values map[string]string
	oracle bool
}{
	{"longest_idle", nil, false},
	{"random", map[string]string{"pair.strategy": Random}, false},
	{"round_robin", map[string]string{"pair.strategy": RoundRobin}, false},
	{"fewest", map[string]string{"pair.strategy": Fewest}, false},
	{"score", map[string]string{"pair.strategy": Score}, false},
	{"batch 1s", map[string]string{"pair.window_ms": "1000"}, false},
	{"fan-out 3", map[string]string{"pair.fanout": "3"}, false},
	{"oracle", nil, true},
}

// SimResult is what one strategy made of the world.
type SimResult struct {
	Name       string
	Asks       int
	Connected  float64 // share of asks that reached a call
	Liked      float64
	P50, P99   time.Duration // from the ask to its first call
	Dispatches int
	PerCall    float64 // dispatches per call
	Waste      float64 // share of dispatches that did not lead to a winning pass
	Gini       float64 // of offers per online hour
	Rescinds   float64 // per call
}

// Simulate runs every strategy over the same world and writes a table, the
// bounds, and the chart that cfg names.
func Simulate(ctx context.Context, cfg SimConfig, out io.Writer) error {
	if cfg.AsksPerSec == 0 {
		rate, ok := simRates[cfg.Scenario]
		if !ok {
			return fmt.Errorf("scenario %q: one of %v", cfg.Scenario, slices.Sorted(maps.Keys(simRates)))
		}
		cfg.AsksPerSec = rate * float64(cfg.Candidates)
	}
	if cfg.Candidates < 1 || cfg.Horizon <= 0 {
		return errors.New("candidates and horizon must be above 0")
	}
	var results []SimResult
	for _, c := range contenders {
		r, err := simulateOne(ctx, cfg, c.name, c.values, c.oracle)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	floor := simFloor(cfg.Seed)
	if err := simTable(out, cfg, results, floor); err != nil {
		return err
	}
	if cfg.Chart == "" {
		return nil
	}
	if err := os.WriteFile(cfg.Chart, []byte(simChart(cfg, results, floor)), 0o644); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "chart: %s\n", cfg.Chart)
	return err
}

func simTable(out io.Writer, cfg SimConfig, results []SimResult, floor simBound) error {
	fmt.Fprintf(out, "%s: %d candidates, %.2f asks/s for %s, seed %d\n\n", cfg.Scenario, cfg.Candidates, cfg.AsksPerSec, cfg.Horizon, cfg.Seed)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "strategy\tasks\tconnected\tliked\tp50\tp99\tdispatches/call\twasted\trescinds/call\tGini\t")
	for _, r := range results {
		fmt.Fprintf(w, "%s\t%d\t%.1f%%\t%.1f%%\t%.1fs\t%.1fs\t%.2f\t%.1f%%\t%.2f\t%.3f\t\n", r.Name, r.Asks, 100*r.Connected, 100*r.Liked,
			r.P50.Seconds(), r.P99.Seconds(), r.PerCall, 100*r.Waste, r.Rescinds, r.Gini)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nstructural floor of one ask at a time with a free candidate always at hand: %.2f dispatches per pass, %.1f s to the pass on average\n",
		floor.dispatches, floor.wait.Seconds())
	return err
}

// sim is one run: the real service on the memory store under a virtual clock.
type sim struct {
	cfg    SimConfig
	world  simWorld
	svc    *Service
	store  *Memory
	at     Instant
	start  Instant
	queue  simQueue
	seq    int
	asked  map[int]Instant
	called map[int]Instant
	liked  int
	offers map[UID]int
	online map[UID]time.Duration
	since  map[UID]Instant

	dispatches, passes, calls, rescinds int
}

const simApp = "sim"

func simulateOne(ctx context.Context, cfg SimConfig, name string, values map[string]string, oracle bool) (SimResult, error) {
	s := &sim{cfg: cfg, world: simWorld{cfg.Seed}, start: 1_700_000_000_000, asked: map[int]Instant{},
		called: map[int]Instant{}, offers: map[UID]int{}, online: map[UID]time.Duration{}, since: map[UID]Instant{}}
	s.at = s.start
	s.store = NewMemory(func() Instant { return s.at })
	all := map[string]string{"pair.events": "false", "pair.ask_rate": "0", "pair.send_rate": "0", "pair.cross_ask": CrossOff, "pair.exclude_last": "0"}
	maps.Copy(all, values)
	now := func() time.Time { return s.at.Time() }
	s.svc = New(Options{Store: s.store, Now: now, Configs: &Configs{Source: Everywhere(all), Refresh: time.Hour, Now: now},
		Send: func(context.Context, Command) error { return nil }})
	s.svc.serial = true
	s.svc.deliver = s.deliver
	parsed, err := Parse(all)
	if err != nil {
		return SimResult{}, err
	}
	if oracle {
		s.svc.pool(simApp, DefaultScene, &parsed).oracle = s.foresee
	}
	s.seed()
	end := s.start.Add(cfg.Horizon + 10*time.Minute)
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

// seed schedules the asks, the sessions of every candidate and the engine's own beat.
func (s *sim) seed() {
	at := s.start
	for i := 0; ; i++ {
		gap := s.world.exp(1/s.cfg.AsksPerSec, "gap", i)
		if s.cfg.Scenario == "burst" && at.Sub(s.start)%(10*time.Minute) < 30*time.Second {
			gap /= 5
		}
		if at = at.Add(gap); at > s.start.Add(s.cfg.Horizon) {
			break
		}
		s.on(at, func() { s.ask(i) })
	}
	for uid := UID(1); uid <= UID(s.cfg.Candidates); uid++ {
		s.session(uid, 0, s.start)
		s.on(s.world.back(uid, s.start), func() { s.comeBack(uid) })
	}
	s.beat()
}

func (s *sim) on(at Instant, do func()) {
	s.seq++
	heap.Push(&s.queue, simEvent{at, s.seq, do})
}

func (s *sim) after(d time.Duration, do func()) { s.on(s.at.Add(d), do) }

// beat is the sweeper, the matcher's safety tick and the acknowledgements.
func (s *sim) beat() {
	ctx := context.Background()
	s.svc.SweepOnce(ctx)
	s.match()
	s.svc.AckOnce(ctx)
	s.after(100*time.Millisecond, s.beat)
}

func (s *sim) match() {
	if w := s.window(); w > 0 && s.at.Sub(s.start)%w != 0 {
		return
	}
	s.svc.MatchOnce(context.Background())
}

func (s *sim) window() time.Duration {
	if p := s.svc.allPools(); len(p) > 0 {
		return p[0].config().Window
	}
	return 0
}

// session alternates a candidate between online and offline.
func (s *sim) session(uid UID, n int, at Instant) {
	first := n == 0 && s.world.chance(2.0/3, "first", int(uid)) // a third begins online
	if n%2 == 1 || first {
		s.on(at.Add(s.world.exp(40*60, "off", int(uid), n)), func() { s.session(uid, n+2-n%2, s.at) })
		return
	}
	stay := s.world.exp(20*60, "on", int(uid), n)
	s.on(at, func() {
		s.since[uid] = s.at
		s.presence(uid, true, s.at.Add(stay))
		s.match()
	})
	s.on(at.Add(stay), func() {
		s.online[uid] += s.at.Sub(s.since[uid])
		s.presence(uid, false, s.at)
		s.session(uid, n+1, s.at)
	})
}

// comeBack: who was paused while away says that he is here again.
func (s *sim) comeBack(uid UID) {
	c, err := s.store.Candidate(context.Background(), simApp, uid)
	if err == nil && c.Paused {
		_, _ = s.svc.SetAvail(context.Background(), simApp, uid, true) // the memory store does not fail
		s.match()
	}
	s.on(s.world.back(uid, s.at+1), func() { s.comeBack(uid) })
}

func (s *sim) presence(uid UID, on bool, until Instant) {
	e := Evidence{Proof: ProofSocket, Online: on, At: s.at, Until: until}
	_ = s.svc.Seen(context.Background(), simApp, uid, "s", e) // the memory store does not fail
}

// asksAs is who makes the ask of index i.
func asksAs(i int) UID { return firstAsker + UID(i) }

const firstAsker UID = 1_000_000

// ask is one person's wish; he gives up after ask_ttl and some patience.
func (s *sim) ask(i int) {
	uid := asksAs(i)
	no, err := s.svc.Ask(context.Background(), simApp, DefaultScene, uid)
	s.asked[i] = s.at
	if err != nil {
		return // shed (A3): it counts as not connected
	}
	s.match()
	s.after(time.Minute+s.world.exp(45, "patience", i), func() {
		if t, err := s.store.Load(context.Background(), no); err == nil && !t.State.talking() {
			_ = s.svc.Cancel(context.Background(), simApp, no, uid) // ended meanwhile is fine
		}
	})
}
