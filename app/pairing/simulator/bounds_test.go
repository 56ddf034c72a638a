package simulator

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// bruteForce tries every way to serve the asks from the i-th on.
func (in instance) bruteForce(i int, taken map[[2]int]bool) (best outcome) {
	if i == len(in.asks) {
		return best
	}
	best = in.bruteForce(i+1, taken)
	for c := range in.candidates {
		for t := in.asks[i].from; t <= in.asks[i].until; t++ {
			k := [2]int{c, t}
			if taken[k] || !in.passes(i, c) {
				continue
			}
			taken[k] = true
			rest := in.bruteForce(i+1, taken)
			delete(taken, k)
			if rest.served++; rest.served > best.served || rest.served == best.served && rest.wait+t-in.asks[i].from < best.wait {
				best = outcome{rest.served, rest.wait + t - in.asks[i].from}
			}
		}
	}
	return best
}

func TestTheOptimumIsWhatBruteForceFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := instance{candidates: rapid.IntRange(1, 3).Draw(t, "candidates"), slots: rapid.IntRange(1, 4).Draw(t, "slots")}
		for range rapid.IntRange(1, 5).Draw(t, "asks") {
			from := rapid.IntRange(0, in.slots-1).Draw(t, "from")
			in.asks = append(in.asks, wish{from, rapid.IntRange(from, in.slots-1).Draw(t, "until")})
		}
		would := rapid.SliceOfN(rapid.Bool(), len(in.asks)*in.candidates, -1).Draw(t, "passes")
		in.passes = func(ask, c int) bool { return would[ask*in.candidates+c] }
		want, got, greedy := in.bruteForce(0, map[[2]int]bool{}), in.optimum(), in.greedy()
		if got != want {
			t.Fatalf("%+v is not the best, %+v is", got, want)
		}
		if greedy.served > want.served || greedy.served == want.served && greedy.wait < want.wait {
			t.Fatalf("greedy %+v is better than the optimum %+v", greedy, want)
		}
	})
}

// firstPass is the expected time to the first pass where candidates are asked one
// after the other: each takes t and passes with p. Ascending t/p is the best order.
func firstPass(t, p []float64) float64 {
	total, reached := 0.0, 1.0
	for i := range t {
		total += reached * t[i]
		reached *= 1 - p[i]
	}
	return total
}

// byRatio orders candidates by t/p.
func byRatio(t, p []float64) {
	order := make([]int, len(t))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(math.Copysign(1, t[a]/p[a]-t[b]/p[b])) })
	ts, ps := slices.Clone(t), slices.Clone(p)
	for i, o := range order {
		t[i], p[i] = ts[o], ps[o]
	}
}

// The exchange argument of docs/pairing.md#simulator against every order of up to six candidates.
func TestAskingByTimeOverChanceIsTheFastestOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(rt, "n")
		times := rapid.SliceOfN(rapid.Float64Range(0.1, 20), n, n).Draw(rt, "t")
		chances := rapid.SliceOfN(rapid.Float64Range(0.05, 1), n, n).Draw(rt, "p")
		best := math.Inf(1)
		permute(n, func(order []int) {
			var ts, ps []float64
			for _, o := range order {
				ts, ps = append(ts, times[o]), append(ps, chances[o])
			}
			best = min(best, firstPass(ts, ps))
		})
		byRatio(times, chances)
		if got := firstPass(times, chances); got > best*(1+1e-9) {
			rt.Fatalf("%v by t/p, %v is possible", got, best)
		}
	})
}

// permute calls visit with every order of 0 to n-1.
func permute(n int, visit func([]int)) {
	var rec func(order, rest []int)
	rec = func(order, rest []int) {
		if len(rest) == 0 {
			visit(order)
		}
		for i := range rest {
			left := append(slices.Clone(rest[:i]), rest[i+1:]...)
			rec(append(slices.Clone(order), rest[i]), left)
		}
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	rec(nil, all)
}
