package simulator

import (
	"math"
	"slices"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

const worldDraws = 20000

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within {
		t.Errorf("%s is %.4f, want %.4f within %.4f", what, got, want, within)
	}
}

func mean(n int, draw func(i int) float64) (sum float64) {
	for i := range n {
		sum += draw(i)
	}
	return sum / float64(n)
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// The numbers of docs/pairing.md#simulator, each within four or so standard errors.
func TestTheWorldHasTheDistributionsItClaims(t *testing.T) {
	w := newWorld(Config{Seed: 3, Scenario: "slack"})
	near(t, "an exponential's mean", mean(worldDraws, func(i int) float64 { return w.exp(20, "x", i).Seconds() }), 20, 0.6)
	accept := func(i int) float64 { return w.accept(ticket.UID(i)) }
	near(t, "the mean of Beta(3, 2)", mean(worldDraws, accept), 0.6, 0.006)
	near(t, "its variance", mean(worldDraws, func(i int) float64 { return math.Pow(accept(i)-0.6, 2) }), 0.04, 0.002)

	var afters []float64
	answer := func(i int) (time.Duration, bool) {
		after, pass, _ := w.answer(firstAsker+ticket.UID(i), i, ticket.UID(i%997), w.start)
		return after, pass
	}
	for i := range worldDraws {
		after, _ := answer(i)
		afters = append(afters, math.Log(after.Seconds()))
	}
	slices.Sort(afters)
	near(t, "the log of the median answer", afters[worldDraws/2], math.Log(3), 0.03)
	near(t, "its sigma", (afters[worldDraws*84/100]-afters[worldDraws*16/100])/2, 0.6, 0.02)
	near(t, "who passes", mean(worldDraws, func(i int) float64 { _, pass := answer(i); return yes(pass) }), 0.6, 0.02)

	call := func(i int) call { return w.call(firstAsker+ticket.UID(i), i, ticket.UID(i%997)) }
	near(t, "who connects", mean(worldDraws, func(i int) float64 { return yes(call(i).connects) }), 0.95, 0.008)
	near(t, "who likes", mean(worldDraws, func(i int) float64 { return yes(call(i).likes) }), 0.3, 0.015)
	near(t, "a preview", mean(worldDraws, func(i int) float64 { return call(i).preview.Seconds() }), 20, 0.5)
	near(t, "a liked call", mean(worldDraws, func(i int) float64 { return call(i).talk.Seconds() }), 240, 6)
	near(t, "the setup", mean(worldDraws, func(i int) float64 { return call(i).setup.Seconds() }), 2, 0.02)
	near(t, "late callbacks", mean(worldDraws, func(i int) float64 { return yes(call(i).told > call(i).setup) }), 0.01, 0.003)
	for i := range worldDraws {
		if c := call(i); c.setup < time.Second || c.setup > 3*time.Second || c.told > c.setup+5*time.Minute || c.preview < 5*time.Second || c.talk < time.Minute || w.credit(i) < 1 {
			t.Fatalf("out of bounds: %+v, credit %d", c, w.credit(i))
		}
	}
	// Of a Pareto of 1.2 above a minute, 2^-1.2 is above two and 10^-1.2 above ten.
	near(t, "who can pay two minutes", mean(worldDraws, func(i int) float64 { return yes(w.credit(i) >= 2) }), 0.435, 0.015)
	near(t, "who can pay ten", mean(worldDraws, func(i int) float64 { return yes(w.credit(i) >= 10) }), 0.063, 0.008)
}

// A pair's affinity moves what both make of each other, the same way at every
// meeting; what a candidate makes of all is the same.
func TestAffinityMovesPairsAndKeepsTheMean(t *testing.T) {
	none, some := newWorld(Config{Seed: 3}), newWorld(Config{Seed: 3, Affinity: 1.5})
	for _, p := range []float64{0.1, 0.3, 0.6, 0.9} {
		var all []float64
		for i := range ticket.UID(worldDraws) {
			all = append(all, some.between(p, i, 7))
			if none.between(p, i, 7) != p {
				t.Fatal("without affinity every pair is alike")
			}
		}
		near(t, "the mean over pairs", mean(len(all), func(i int) float64 { return all[i] }), p, 0.015)
		slices.Sort(all)
		if low, high := all[len(all)/10], all[len(all)*9/10]; high-low < 2*p*(1-p) {
			t.Errorf("at %.1f nine tenths of pairs are between %.2f and %.2f", p, low, high)
		}
	}
	if some.between(0.3, 5, 7) != some.between(0.3, 5, 7) || some.between(0.3, 5, 7) == some.between(0.3, 7, 5) {
		t.Error("affinity is not the pair's own")
	}
	shared := 0.0
	for i := range ticket.UID(worldDraws) {
		shared += (some.between(0.6, i, 7) - 0.6) * (some.between(0.3, i, 7) - 0.3)
	}
	if shared <= 0 {
		t.Error("who takes the call does not like better")
	}
	if r := simulated(t, Config{Seed: 2, Candidates: 60, Horizon: 30 * time.Minute, Scenario: "slack", AsksPerSec: 0.03, Affinity: 2}); r.Unsound != 0 || r.Connected < 0.8 {
		t.Errorf("%+v", r)
	}
}

func arrivals(t *testing.T, w world, cfg Config, burst bool) []ticket.Instant {
	t.Helper()
	list, err := w.arrivals(t.Context(), cfg, burst)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func simulated(t *testing.T, cfg Config) Result {
	t.Helper()
	r, err := simulate(t.Context(), cfg, cfg.Scenario, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAttentionAlternates(t *testing.T) {
	for scenario, gone := range map[string]float64{"slack": 0.3, "away": 0.6} {
		w := newWorld(Config{Seed: 3, Scenario: scenario})
		away, spells, changes := 0, 0, 0
		for uid := range ticket.UID(300) {
			was := false
			for m := range 240 {
				at := w.start.Add(time.Duration(m) * time.Minute)
				sp := w.spell(uid, at)
				if at < sp.from || at >= sp.until {
					t.Fatalf("at %d in %+v", at, sp)
				}
				away += int(yes(sp.away))
				changes += int(yes(m > 0 && sp.away != was))
				was = sp.away
			}
			spells += w.spell(uid, w.start.Add(4*time.Hour)).n
			if back := w.back(uid, w.start); w.spell(uid, back-1).away == w.spell(uid, back).away || w.spell(uid, back).away {
				t.Fatalf("%d is not back at %d", uid, back)
			}
		}
		near(t, scenario+": the time away", float64(away)/300/240, gone, 0.02)
		near(t, scenario+": spells in four hours", float64(spells)/300, 48, 3)
	}
	// Another order of questions gets the same answers.
	w, v := newWorld(Config{Seed: 3}), newWorld(Config{Seed: 3})
	late := w.start.Add(time.Hour)
	first := w.spell(9, late)
	if v.spell(9, v.start); v.spell(9, late) != first || w.spell(9, w.start) != newWorld(Config{Seed: 3}).spell(9, w.start) {
		t.Error("attention depends on who asked when")
	}
}

func TestArrivalsFollowTheDayAndTheBursts(t *testing.T) {
	const day = 24 * time.Hour
	cfg := Config{Seed: 3, AsksPerSec: 0.5, Horizon: day}
	w := newWorld(cfg)
	plain := arrivals(t, w, cfg, false)
	near(t, "asks a day", float64(len(plain)), 43200, 900)
	gaps := mean(len(plain)-1, func(i int) float64 { g := plain[i+1].Sub(plain[i]).Seconds(); return g * g })
	near(t, "the gaps' second moment", gaps, 8, 0.4) // twice the squared mean: Poisson

	end := w.start.Add(day)
	var bursting time.Duration
	bursts, in := w.bursts(end), 0
	for _, b := range bursts {
		bursting += min(b.to, end).Sub(min(b.from, end))
	}
	near(t, "the share of bursts", bursting.Seconds()/day.Seconds(), 0.05, 0.015)
	near(t, "a burst", bursting.Seconds()/float64(len(bursts)), 30, 8)
	all := arrivals(t, w, cfg, true)
	for _, at := range all {
		in += int(yes(slices.ContainsFunc(bursts, func(b interval) bool { return b.from <= at && at < b.to })))
	}
	near(t, "asks a second in bursts", float64(in)/bursting.Seconds(), 2.5, 0.15)
	near(t, "and between them", float64(len(all)-in)/(day-bursting).Seconds(), 0.5, 0.02)

	cfg.Day = 0.8
	curve, night := arrivals(t, w, cfg, false), 0
	for _, at := range curve {
		since := at.Sub(w.start)
		night += int(yes(since < 6*time.Hour || since >= 18*time.Hour))
	}
	near(t, "asks a day with a curve", float64(len(curve)), 43200, 900)
	near(t, "of these by night", float64(night)/float64(len(curve)), 0.5-0.8/math.Pi, 0.01)
}

// Common random numbers: what somebody would do does not depend on who else asked
// before, on the strategy, or on how often somebody is asked about it.
func TestTheSameSeedIsTheSameWorld(t *testing.T) {
	cfg := Config{Seed: 3, Scenario: "away", Affinity: 1, Day: 0.5, AsksPerSec: 0.2, Horizon: time.Hour}
	w, v := newWorld(cfg), newWorld(cfg)
	arrivals(t, w, cfg, true)
	for i := 50; i > 0; i-- {
		at := w.start.Add(time.Duration(i) * time.Minute)
		w.answer(1, i, 2, at)
		if a, b := w.call(firstAsker, i, 2), v.call(firstAsker, i, 2); a != b {
			t.Fatalf("%+v and %+v", a, b)
		}
		a1, a2, a3 := w.answer(firstAsker, 1, 2, at)
		b1, b2, b3 := v.answer(firstAsker, 1, 2, at)
		if a1 != b1 || a2 != b2 || a3 != b3 {
			t.Fatal("another answer")
		}
	}
	if !slices.Equal(arrivals(t, w, cfg, true), arrivals(t, v, cfg, true)) {
		t.Error("other arrivals")
	}
	other := newWorld(Config{Seed: 4})
	if other.accept(1) == w.accept(1) {
		t.Error("another seed is another world")
	}
}
