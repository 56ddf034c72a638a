package pairing

import (
	"slices"
	"time"
)

// simBound is what no sequential strategy without foresight can beat on average
// when it picks at random.
type simBound struct {
	dispatches float64
	wait       time.Duration
}

// simFloor is the structural floor of 3.6 from the world's own draws: one over
// the chance of a pass in time, and the time that the failures before it take.
func simFloor(seed uint64) simBound {
	w, const10 := simWorld{seed: seed}, 10*time.Second
	var accepted, refused, silent int
	var acceptTime, refuseTime time.Duration
	const draws = 20000
	for i := range draws {
		after, pass, away := w.answer(i, UID(1+i%997), Instant(i*7919))
		switch {
		case away || after >= const10:
			silent++
		case pass:
			accepted++
			acceptTime += after
		default:
			refused++
			refuseTime += after
		}
	}
	waste := refuseTime + time.Duration(silent)*const10
	return simBound{
		dispatches: float64(draws) / float64(accepted),
		wait:       waste/time.Duration(accepted) + acceptTime/time.Duration(accepted),
	}
}

// simInstance is a small world that is known beforehand: time is in slots, an ask
// is served by one candidate in one slot, and each candidate serves one at a time.
type simInstance struct {
	asks       []simWish
	candidates int
	slots      int
	passes     func(ask, candidate int) bool
}

// simWish is an ask's first and last slot.
type simWish struct{ from, until int }

// simOutcome is how many asks were served, and how many slots they waited in all.
type simOutcome struct{ served, wait int }

// simSample takes an instance off the world's draws.
func simSample(seed uint64) simInstance {
	w := simWorld{seed: seed}
	in := simInstance{candidates: 3, slots: 10, passes: func(ask, c int) bool { return w.chance(w.accept(UID(c)), "pass", ask, c) }}
	for i := range 36 {
		from := int(w.unit("slot", i) * float64(in.slots))
		in.asks = append(in.asks, simWish{from, min(in.slots-1, from+2)})
	}
	return in
}

// optimum serves as many as can be, and of these with the least waiting: the
// cheapest assignment of asks to pairs of candidate and slot.
func (in simInstance) optimum() (best simOutcome) {
	cost := make([][]float64, len(in.asks))
	for i, a := range in.asks {
		cost[i] = slices.Repeat([]float64{forbidden}, in.candidates*in.slots)
		for c := range in.candidates {
			for t := a.from; t <= a.until; t++ {
				if in.passes(i, c) {
					cost[i][c*in.slots+t] = float64(t-a.from) - unserved
				}
			}
		}
	}
	for i, col := range assign(cost) {
		if col >= 0 {
			best.served++
			best.wait += col%in.slots - in.asks[i].from
		}
	}
	return best
}

// unserved outweighs any waiting.
const unserved = 1e5

// greedy serves slot by slot the oldest ask that somebody free would take.
func (in simInstance) greedy() (out simOutcome) {
	done := make([]bool, len(in.asks))
	for t := range in.slots {
		free := slices.Repeat([]bool{true}, in.candidates)
		for {
			next, by := -1, -1
			for i, a := range in.asks {
				if done[i] || a.from > t || a.until < t || next >= 0 && in.asks[next].from <= a.from {
					continue
				}
				for c := range in.candidates {
					if free[c] && in.passes(i, c) {
						next, by = i, c
						break
					}
				}
			}
			if next < 0 {
				break
			}
			done[next], free[by] = true, false
			out.served++
			out.wait += t - in.asks[next].from
		}
	}
	return out
}
