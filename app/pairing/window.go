package pairing

import (
	"switchboard/app/pairing/ordered"
	"switchboard/app/pairing/ticket"
)

const (
	maxAssignment = 500  // the side of the largest assignment that is solved exactly
	maxBatch      = 2000 // tickets and candidates of one window; more wait for the next
)

// batch assigns the oldest tickets and the idle candidates together at the
// lowest total cost: acceptance and idle time against waiting time. Who is left
// over may be offered to an asker, or be offered the ask of another (M15).
func (p *pool) batch() []plan {
	rows, cols := p.windowCandidates()
	match := p.greedy
	if len(rows) <= maxAssignment && len(cols) <= maxAssignment {
		match = p.cheapest
	}
	var out []plan
	for i, j := range match(rows, cols) {
		w := rows[i]
		if w.busy {
			continue // the asker holds an offer by now
		}
		pl := plan{askNo: w.t.AskNo, asker: w.t.Asker, versions: []int64{w.t.Version}}
		if j >= 0 {
			p.pick(w, cols[j], &pl)
		}
		if len(pl.picks) == 0 && w.cfg.CrossAsk != ticket.CrossOff {
			p.pickAsker(w, &pl)
		}
		if len(pl.picks) > 0 {
			w.busy = true
			p.unlistWaiter(w)
			out = append(out, pl)
		}
	}
	return out
}

// windowCandidates is who waits and who is idle in this window.
func (p *pool) windowCandidates() (rows []*waiter, cols []*Member) {
	p.waiting.From(ordered.First, func(w *waiter) bool {
		if !w.busy && w.after <= p.now && w.t.TakesOffers(p.now) && w.t.OpenSlots(w.cfg, p.now) > 0 {
			rows = append(rows, w)
		}
		return len(rows) < maxBatch
	})
	p.idle.From(ordered.First, func(m *Member) bool {
		if _, present := m.BestEvidence(p.now); present && p.takesOffers(m) {
			cols = append(cols, m)
		}
		return len(cols) < maxBatch
	})
	return rows, cols
}

// cheapest returns the column for each row at the lowest total cost, -1 for none.
func (p *pool) cheapest(rows []*waiter, cols []*Member) []int {
	cost := make([][]float64, len(rows))
	for i, w := range rows {
		cost[i] = make([]float64, len(cols))
		for j, m := range cols {
			cost[i][j] = p.pairCost(w, m)
		}
	}
	return Assign(cost)
}

// greedy gives each row, the oldest first, its cheapest column that is left.
func (p *pool) greedy(rows []*waiter, cols []*Member) []int {
	out := make([]int, len(rows))
	taken := make([]bool, len(cols))
	for i, w := range rows {
		out[i] = -1
		least := float64(Forbidden)
		for j, m := range cols {
			if !taken[j] {
				if e := p.pairCost(w, m); e < least {
					out[i], least = j, e
				}
			}
		}
		if out[i] >= 0 {
			taken[out[i]] = true
		}
	}
	return out
}

// pairCost is the cost of offering w to m, below zero: better than nothing.
func (p *pool) pairCost(w *waiter, m *Member) float64 {
	if !p.suits(w, m) {
		return Forbidden
	}
	waited := p.now.Sub(w.t.CreatedAt).Seconds()
	idle := p.now.Sub(m.IdleSince).Seconds()
	return -(1+expectedAcceptance(&m.Card))*(1+min(waited, 60)/60) - weightIdle*min(idle, 300)/300
}
