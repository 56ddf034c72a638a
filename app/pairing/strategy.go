package pairing

import (
	"cmp"
	"slices"
	"switchboard/app/pairing/ticket"
)

// keys orders idle candidates by strategy, the first offered first (2.13). A
// key is set when the person becomes idle and holds until he is taken: score
// takes idle time as its start, which orders all alike as time goes by.
var keys = map[string]func(*pool, *member) int64{
	ticket.LongestIdle: func(_ *pool, m *member) int64 { return int64(m.c.IdleSince) },
	ticket.Random:      func(*pool, *member) int64 { return 0 },
	ticket.RoundRobin:  func(_ *pool, m *member) int64 { return m.turn },
	ticket.Fewest:      fewestKey,
	ticket.Score:       scoreKey,
}

// fewestKey is offers an online hour, in millionths; a newcomer is taken to
// have been online for an hour, so that his first offer does not count double.
func fewestKey(p *pool, m *member) int64 {
	hours := 1.0
	if m.c.OnlineAt != 0 {
		hours += p.now.Sub(m.c.OnlineAt).Hours()
	}
	return int64(float64(m.c.Card.Offers) / hours * 1e6)
}

const (
	weightAccept = 0.6
	weightSpeed  = 0.2
	weightIdle   = 0.2
	idleUnit     = 300e3 // ms of idling that are worth weightIdle
	slowAnswer   = 10e3  // ms; an answer as slow as that is worth nothing
	exploreShare = 0.05  // of picks, made among all that were scanned
)

// scoreKey ranks by acceptance, answer speed and idle time.
func scoreKey(_ *pool, m *member) int64 {
	return int64(-1e6*liking(&m.c.Card) + 1e6*weightIdle*float64(m.c.IdleSince)/idleUnit)
}

// liking is what a candidate's record promises, 0 to 0.8.
func liking(c *ticket.Card) float64 {
	accept, speed := 0.5, 0.5
	if c.Offers > 0 {
		accept = c.Accept
	}
	if c.AnswerMS > 0 {
		speed = max(0, 1-c.AnswerMS/slowAnswer)
	}
	return weightAccept*accept + weightSpeed*speed
}

// choose picks among eligible candidates, which come in the strategy's order:
// one of the first top_m, so that two replicas seldom fight for one head.
func (p *pool) choose(w *waiter, eligible []*member) *member {
	switch {
	case len(eligible) == 0:
		return nil
	case p.oracle != nil:
		return p.foreseen(w, eligible)
	case p.short():
		return slices.MaxFunc(eligible, func(a, b *member) int { return cmp.Compare(liking(&a.c.Card), liking(&b.c.Card)) })
	case p.cfg.Strategy == ticket.Score && p.rand.Float64() < exploreShare:
		return eligible[p.rand.IntN(len(eligible))]
	default:
		return eligible[p.rand.IntN(min(p.cfg.TopM, len(eligible)))]
	}
}

// foreseen is the eligible candidate who is known to answer first.
func (p *pool) foreseen(w *waiter, eligible []*member) (best *member) {
	least := int64(0)
	for _, m := range eligible {
		if rank, ok := p.oracle(w.t.Asker, m.c.UID); ok && (best == nil || rank < least) {
			best, least = m, rank
		}
	}
	return best
}

// assign returns, for each row, the column that it gets, or -1, at the lowest
// total cost (Kuhn and Munkres, by shortest augmenting paths). forbidden marks
// a pair that must not be. Rows may outnumber columns.
func assign(cost [][]float64) []int {
	n, m := len(cost), 0
	for _, row := range cost {
		m = max(m, len(row))
	}
	size := max(n, m)
	at := func(i, j int) float64 {
		if i < n && j < m {
			return min(cost[i][j], forbidden)
		}
		return forbidden
	}
	u, v := make([]float64, size+1), make([]float64, size+1)
	match, way := make([]int, size+1), make([]int, size+1)
	for i := 1; i <= n; i++ {
		augment(i, size, at, u, v, match, way)
	}
	out := make([]int, n)
	for i := range out {
		out[i] = -1
	}
	for j := 1; j <= m; j++ {
		if i := match[j]; i > 0 && cost[i-1][j-1] < forbidden {
			out[i-1] = j - 1
		}
	}
	return out
}

// forbidden outweighs any sum of real costs.
const forbidden = 1e9

func augment(i, size int, at func(i, j int) float64, u, v []float64, match, way []int) {
	least := make([]float64, size+1)
	used := make([]bool, size+1)
	for j := range least {
		least[j] = 1e18
	}
	match[0] = i
	j0 := 0
	for match[j0] != 0 {
		used[j0] = true
		i0, delta, j1 := match[j0], 1e18, 0
		for j := 1; j <= size; j++ {
			if used[j] {
				continue
			}
			if c := at(i0-1, j-1) - u[i0] - v[j]; c < least[j] {
				least[j], way[j] = c, j0
			}
			if least[j] < delta {
				delta, j1 = least[j], j
			}
		}
		for j := 0; j <= size; j++ {
			if used[j] {
				u[match[j]] += delta
				v[j] -= delta
			} else {
				least[j] -= delta
			}
		}
		j0 = j1
	}
	for j0 != 0 {
		match[j0] = match[way[j0]]
		j0 = way[j0]
	}
}
