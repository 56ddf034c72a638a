package pairing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"switchboard/app/pairing/ticket"
	"text/tabwriter"
	"time"
)

// SimConfig is one comparison of strategies over the same world (3.6).
type SimConfig struct {
	Seed       uint64
	Candidates int           // people who may be offered
	AsksPerSec float64       // mean of a Poisson stream of people; 0: by scenario
	Day        float64       // how far it falls at night and rises by day, 0 to 1 of the mean; the start is in the middle of the night
	Affinity   float64       // spread of what pairs make of each other, in logits; 0: none
	Horizon    time.Duration // virtual time with new asks
	Scenario   string        // one of simScenarios
	Chart      string        // path of an SVG file; empty: none
}

// SimDefault is an hour with slack, of a few seconds' real time.
func SimDefault() SimConfig {
	return SimConfig{Seed: 1, Candidates: 200, Horizon: time.Hour, Scenario: "slack", Chart: "pairing.svg"}
}

// life is the horizon and what was added to the scenario.
func (cfg SimConfig) life() string {
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

// Simulate runs every strategy over the same world and writes a table, the
// bounds, and the chart that cfg names.
func Simulate(ctx context.Context, cfg SimConfig, out io.Writer) error {
	scenario, ok := simScenarios[cfg.Scenario]
	if !ok {
		return fmt.Errorf("scenario %q: one of %v", cfg.Scenario, slices.Sorted(maps.Keys(simScenarios)))
	}
	if cfg.AsksPerSec == 0 {
		cfg.AsksPerSec = scenario.load * simCapacity * float64(cfg.Candidates)
	}
	if cfg.Candidates < 1 || cfg.Horizon <= 0 {
		return errors.New("candidates and horizon must be above 0")
	}
	if !(cfg.Day >= 0 && cfg.Day <= 1) || !(cfg.Affinity >= 0 && cfg.Affinity <= 10) {
		return errors.New("day must be from 0 to 1 and affinity from 0 to 10")
	}
	var results []SimResult
	for _, c := range contenders {
		r, err := simulateOne(ctx, cfg, c.name, c.values, c.oracle)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	world := newSimWorld(cfg)
	floor := world.floor()
	if err := simTable(out, cfg, results); err != nil {
		return err
	}
	if err := simBounds(out, cfg, world, floor, results[0]); err != nil {
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

// simColumns are the measures of the table (3.6).
var simColumns = []struct {
	title string
	cell  func(SimResult) string
}{
	{"strategy", func(r SimResult) string { return r.Name }},
	{"connected", func(r SimResult) string { return percent(r.Connected) }},
	{"liked", func(r SimResult) string { return percent(r.Liked) }},
	{"gave up", func(r SimResult) string { return percent(r.GaveUp) }},
	{"shed", func(r SimResult) string { return percent(r.Shed) }},
	{"turned away", func(r SimResult) string { return percent(r.TurnedAway) }},
	{"1st offer", func(r SimResult) string { return seconds(r.FirstOffer) }},
	{"call p50", func(r SimResult) string { return seconds(r.P50) }},
	{"p99", func(r SimResult) string { return seconds(r.P99) }},
	{"like p50", func(r SimResult) string { return seconds(r.ToLike) }},
	{"calls/min", func(r SimResult) string { return fmt.Sprintf("%.1f", r.Throughput) }},
	{"disp/call", func(r SimResult) string { return fmt.Sprintf("%.2f", r.PerCall) }},
	{"waste", func(r SimResult) string { return percent(r.Waste) }},
	{"refused", func(r SimResult) string { return percent(r.Lost[ticket.OfferRefused]) }},
	{"silent", func(r SimResult) string { return percent(r.Lost[ticket.OfferTimedOut]) }},
	{"rescinded", func(r SimResult) string { return percent(r.Lost[ticket.OfferRescinded]) }},
	{"failed", func(r SimResult) string { return percent(r.Lost[ticket.OfferFailed]) }},
	{"resc/call", func(r SimResult) string { return fmt.Sprintf("%.2f", r.Rescinds) }},
	{"msgs/call", func(r SimResult) string { return fmt.Sprintf("%.1f", r.Messages) }},
	{"rounds/like", func(r SimResult) string { return fmt.Sprintf("%.2f", r.PerLike) }},
	{"Gini", func(r SimResult) string { return fmt.Sprintf("%.3f", r.Gini) }},
	{"Jain", func(r SimResult) string { return fmt.Sprintf("%.3f", r.Jain) }},
	{"Gini won", func(r SimResult) string { return fmt.Sprintf("%.3f", r.WonGini) }},
	{"Jain won", func(r SimResult) string { return fmt.Sprintf("%.3f", r.WonJain) }},
	{"gap", func(r SimResult) string { return fmt.Sprintf("%.0fm", r.Gap.Minutes()) }},
	{"busy", func(r SimResult) string { return percent(r.Busy) }},
	{"missed", func(r SimResult) string { return fmt.Sprint(r.Missed) }},
	{"conflicts", func(r SimResult) string { return fmt.Sprint(r.Conflicts) }},
	{"unsound", func(r SimResult) string { return fmt.Sprint(r.Unsound) }},
}

func percent(x float64) string       { return fmt.Sprintf("%.1f%%", 100*x) }
func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }

func simTable(out io.Writer, cfg SimConfig, results []SimResult) error {
	fmt.Fprintf(out, "%s: %d candidates, %.2f asks/s for %s, seed %d: %d asks with those repeated\n\n", cfg.Scenario, cfg.Candidates, cfg.AsksPerSec, cfg.life(), cfg.Seed, results[0].Asks)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', tabwriter.AlignRight)
	for _, c := range simColumns {
		fmt.Fprint(w, c.title, "\t")
	}
	for _, r := range results {
		fmt.Fprintln(w)
		for _, c := range simColumns {
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

// simBounds writes what no strategy can beat.
func simBounds(out io.Writer, cfg SimConfig, world simWorld, floor simBound, r SimResult) error {
	parsed, err := ticket.ParseConfig(simValues(cfg, nil))
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
