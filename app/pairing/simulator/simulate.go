// Package simulator plays the strategies of pair matching against each other: the
// real service on the memory store under a virtual clock, and people whose hidden
// facts are a function of the seed (docs/pairing.md#simulator).
package simulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"switchboard/app/pairing/ticket"
)

// Config is one comparison of strategies over the same world (docs/pairing.md#simulator).
type Config struct {
	Seed       uint64
	Candidates int           // people who may be offered
	AsksPerSec float64       // mean of a Poisson stream of people; 0: by scenario
	Day        float64       // how far it falls at night and rises by day, 0 to 1 of the mean; the start is in the middle of the night
	Affinity   float64       // spread of what pairs make of each other, in logits; 0: none
	Horizon    time.Duration // virtual time with new asks
	Scenario   string        // one of scenarios
}

// DefaultConfig is an hour with slack, of a few seconds' real time.
func DefaultConfig() Config {
	return Config{Seed: 1, Candidates: 200, Horizon: time.Hour, Scenario: "slack"}
}

// life is the horizon and what was added to the scenario.
func (cfg Config) life() string {
	out := cfg.Horizon.String()
	if cfg.Day > 0 {
		out += fmt.Sprintf(" with a day curve of %g", cfg.Day)
	}
	if cfg.Affinity > 0 {
		out += fmt.Sprintf(" with an affinity of %g", cfg.Affinity)
	}
	return out
}

// contenders are the strategies that are compared; the oracle knows who will
// pass and asks the fastest of them.
var contenders = []struct {
	name   string
	values map[string]string
	oracle bool
}{
	{"longest_idle", nil, false},
	{"random", map[string]string{"pair.strategy": ticket.Random}, false},
	{"round_robin", map[string]string{"pair.strategy": ticket.RoundRobin}, false},
	{"fewest", map[string]string{"pair.strategy": ticket.Fewest}, false},
	{"score", map[string]string{"pair.strategy": ticket.Score}, false},
	{"batch 1s", map[string]string{"pair.window_ms": "1000"}, false},
	{"fan-out 3", map[string]string{"pair.fanout": "3"}, false},
	{"oracle", nil, true},
}

// The most that one run may hold: it keeps every ask and person in memory.
const (
	maxCandidates = 100_000
	maxAsks       = 2_000_000
	maxHorizon    = 31 * 24 * time.Hour
)

// Validate refuses a configuration that cannot be played, or not in the memory of
// one machine.
func (cfg Config) Validate() error {
	if _, ok := scenarios[cfg.Scenario]; !ok {
		return fmt.Errorf("scenario %q: one of %v", cfg.Scenario, slices.Sorted(maps.Keys(scenarios)))
	}
	switch asks := cfg.rate() * cfg.Horizon.Seconds(); {
	case cfg.Candidates < 1 || cfg.Candidates > maxCandidates:
		return fmt.Errorf("candidates must be from 1 to %d", maxCandidates)
	case cfg.Horizon <= 0 || cfg.Horizon > maxHorizon:
		return fmt.Errorf("horizon must be above 0 and at most %s", maxHorizon)
	case !(cfg.AsksPerSec >= 0):
		return errors.New("asks must be above 0, or 0 for the scenario's own")
	case asks > maxAsks:
		return fmt.Errorf("%.0f asks are more than the %d that one run keeps: fewer asks a second, or a shorter horizon", asks, maxAsks)
	case !(cfg.Day >= 0 && cfg.Day <= 1) || !(cfg.Affinity >= 0 && cfg.Affinity <= 10):
		return errors.New("day must be from 0 to 1 and affinity from 0 to 10")
	}
	return nil
}

// rate is the mean of new asks a second.
func (cfg Config) rate() float64 {
	if cfg.AsksPerSec == 0 {
		return scenarios[cfg.Scenario].load * capacityEach * float64(cfg.Candidates)
	}
	return cfg.AsksPerSec
}

// Run plays every strategy over the same world and writes a table and the bounds.
func Run(ctx context.Context, cfg Config, out io.Writer) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	cfg.AsksPerSec = cfg.rate()
	var results []Result
	for _, c := range contenders {
		r, err := simulate(ctx, cfg, c.name, c.values, c.oracle)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	world := newWorld(cfg)
	floor := world.floor()
	if err := writeTable(out, cfg, results); err != nil {
		return err
	}
	return writeBounds(out, cfg, world, floor, results[0])
}

// columns are the measures of the table (docs/pairing.md#simulator).
var columns = []struct {
	title string
	cell  func(Result) string
}{
	{"strategy", func(r Result) string { return r.Name }},
	{"connected", func(r Result) string { return percent(r.Connected) }},
	{"liked", func(r Result) string { return percent(r.Liked) }},
	{"gave up", func(r Result) string { return percent(r.GaveUp) }},
	{"shed", func(r Result) string { return percent(r.Shed) }},
	{"turned away", func(r Result) string { return percent(r.TurnedAway) }},
	{"1st offer", func(r Result) string { return seconds(r.FirstOffer) }},
	{"call p50", func(r Result) string { return seconds(r.P50) }},
	{"p99", func(r Result) string { return seconds(r.P99) }},
	{"like p50", func(r Result) string { return seconds(r.ToLike) }},
	{"calls/min", func(r Result) string { return fmt.Sprintf("%.1f", r.Throughput) }},
	{"disp/call", func(r Result) string { return fmt.Sprintf("%.2f", r.PerCall) }},
	{"waste", func(r Result) string { return percent(r.Waste) }},
	{"refused", func(r Result) string { return percent(r.Lost[ticket.OfferRefused]) }},
	{"silent", func(r Result) string { return percent(r.Lost[ticket.OfferTimedOut]) }},
	{"rescinded", func(r Result) string { return percent(r.Lost[ticket.OfferRescinded]) }},
	{"failed", func(r Result) string { return percent(r.Lost[ticket.OfferFailed]) }},
	{"resc/call", func(r Result) string { return fmt.Sprintf("%.2f", r.Rescinds) }},
	{"msgs/call", func(r Result) string { return fmt.Sprintf("%.1f", r.Messages) }},
	{"rounds/like", func(r Result) string { return fmt.Sprintf("%.2f", r.PerLike) }},
	{"Gini", func(r Result) string { return fmt.Sprintf("%.3f", r.Gini) }},
	{"Jain", func(r Result) string { return fmt.Sprintf("%.3f", r.Jain) }},
	{"Gini won", func(r Result) string { return fmt.Sprintf("%.3f", r.WonGini) }},
	{"Jain won", func(r Result) string { return fmt.Sprintf("%.3f", r.WonJain) }},
	{"gap", func(r Result) string { return fmt.Sprintf("%.0fm", r.Gap.Minutes()) }},
	{"busy", func(r Result) string { return percent(r.Busy) }},
	{"missed", func(r Result) string { return fmt.Sprint(r.Missed) }},
	{"conflicts", func(r Result) string { return fmt.Sprint(r.Conflicts) }},
	{"unsound", func(r Result) string { return fmt.Sprint(r.Unsound) }},
}

func percent(x float64) string       { return fmt.Sprintf("%.1f%%", 100*x) }
func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }

func writeTable(out io.Writer, cfg Config, results []Result) error {
	fmt.Fprintf(out, "%s: %d candidates, %.2f asks/s for %s, seed %d: %d asks with those repeated\n\n", cfg.Scenario, cfg.Candidates, cfg.AsksPerSec, cfg.life(), cfg.Seed, results[0].Asks)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', tabwriter.AlignRight)
	for _, c := range columns {
		fmt.Fprint(w, c.title, "\t")
	}
	for _, r := range results {
		fmt.Fprintln(w)
		for _, c := range columns {
			fmt.Fprint(w, c.cell(r), "\t")
		}
	}
	fmt.Fprintln(w)
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for _, r := range results {
		fmt.Fprintf(out, "%s ended by", r.Name)
		for _, why := range slices.Sorted(maps.Keys(r.Ends)) {
			fmt.Fprintf(out, " %s %d", why, r.Ends[why])
		}
		fmt.Fprintln(out)
	}
	return nil
}

// writeBounds writes what no strategy can beat.
func writeBounds(out io.Writer, cfg Config, world world, floor bound, r Result) error {
	parsed, err := ticket.ParseConfig(configValues(cfg, nil))
	if err != nil {
		return err
	}
	looking, busy, calls := world.capacity(cfg, &parsed, r.Online)
	fmt.Fprintf(out, "\nstructural floor of one ask at a time with a free candidate always at hand: %.2f dispatches per pass, %.1f s to the pass on average\n",
		floor.dispatches, floor.wait.Seconds())
	fmt.Fprintf(out, "capacity of %.1f candidates who look, each %.1f s busy for a call with what is refused before it: %.1f calls a minute\n",
		looking, busy.Seconds(), calls)
	small := world.sample()
	best, served := small.optimum(), small.greedy()
	_, err = fmt.Fprintf(out, "a small instance known beforehand, %d asks and %d candidates: at best %d served waiting %d slots; clairvoyant and greedy %d waiting %d\n",
		len(small.asks), small.candidates, best.served, best.wait, served.served, served.wait)
	return err
}
