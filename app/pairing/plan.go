package pairing

import (
	"switchboard/app/pairing/ordered"
	"switchboard/app/pairing/ticket"
)

// plan is a ticket and whom to offer it to.
type plan struct {
	askNo        string
	asker        ticket.UID
	picks        []ticket.Pick
	overdue      bool         // it could have been made before
	versions     []int64      // versions of asks() when the plan was made
	verifiedOnly bool         // nobody who has to be verified is picked
	stale        []ticket.UID // picks whose presence has to be verified first
}

// asks lists every ticket that the plan keeps busy.
func (pl plan) asks() []string {
	asks := []string{pl.askNo}
	for _, p := range pl.picks {
		if p.HeldAsk != "" {
			asks = append(asks, p.HeldAsk)
		}
	}
	return asks
}

// triesPerRound bounds the tickets looked at in one round in which nobody
// suits; the next round goes on where it stopped.
const triesPerRound = 256

// plans pairs waiting tickets, the oldest first (invariant 15), with idle
// candidates, and keeps both busy until planDone. It returns at most limit.
func (p *pool) plans(now ticket.Instant, limit int) []plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
	p.releaseCooled()
	if !p.cfg.Enabled { // Y4
		p.blockedAt = now
		return nil
	}
	if p.cfg.Window > 0 {
		return p.batch()
	}
	var out []plan
	fruitless := 0
	var chosen []*waiter
	try := func(w *waiter) bool {
		if p.idle.Len() == 0 && (p.cfg.CrossAsk == ticket.CrossOff || p.waiting.Len() < 2) || len(out) >= limit || fruitless >= triesPerRound {
			return false
		}
		if pl, ok := p.pair(w); ok {
			out = append(out, pl)
			chosen = append(chosen, w)
			return true
		}
		fruitless++
		p.resumeAfter = w
		return true
	}
	from := p.resumeAfter
	p.resumeAfter = nil
	if from != nil && from.listed {
		p.waiting.From(from.at.Next(), try)
	}
	if fruitless < triesPerRound && len(out) < limit {
		p.waiting.From(ordered.First, try)
	}
	if fruitless < triesPerRound {
		p.resumeAfter = nil
	}
	for _, w := range chosen {
		p.unlistWaiter(w)
	}
	return out
}

// admit makes a new ask known, and pairs it at once where the store was read and
// nobody waits before it. It and whoever was picked are busy until planDone.
func (p *pool) admit(w *waiter, now ticket.Instant) plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
	p.releaseCooled()
	p.waiters[w.t.AskNo] = w
	w.busy = true // until planDone lists it
	pl := plan{askNo: w.t.AskNo, asker: w.t.Asker, versions: []int64{0}, verifiedOnly: true}
	if p.syncedAt != 0 && p.cfg.Enabled && !p.profiled && p.cfg.Window == 0 && p.cfg.CrossAsk != ticket.CrossFirst && p.waiting.Len() == 0 {
		p.pickIdles(w, &pl)
	}
	return pl
}

// undoPlan takes back an ask that was not written.
func (p *pool) undoPlan(pl plan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiters, pl.askNo)
	p.putBack(pl, nil)
}

// pair finds candidates for one ticket and marks all as busy.
func (p *pool) pair(w *waiter) (plan, bool) {
	if w.busy || w.after > p.now || !w.t.TakesOffers(p.now) {
		return plan{}, false
	}
	room := w.t.OpenSlots(w.cfg, p.now)
	pl := plan{askNo: w.t.AskNo, asker: w.t.Asker, versions: []int64{w.t.Version}}
	if w.cfg.CrossAsk == ticket.CrossFirst && room > 0 {
		p.pickAsker(w, &pl)
	}
	p.pickIdles(w, &pl)
	if w.cfg.CrossAsk == ticket.CrossFallback && len(pl.picks) == 0 && room > 0 {
		p.pickAsker(w, &pl)
	}
	w.busy = len(pl.picks) > 0
	return pl, w.busy
}

// pickIdles fills the room of w's round; where the vendor's budget runs short
// there is one offer at a time (docs/pairing.md#vendor-budget).
func (p *pool) pickIdles(w *waiter, pl *plan) {
	room := w.t.OpenSlots(w.cfg, p.now)
	if p.budgetShort() {
		room = min(room, 1-w.t.OpenOffers())
	}
	for len(pl.picks) < room && p.pickIdle(w, pl) {
		if p.budgetShort() {
			return
		}
	}
}

// pickIdle takes the next idle candidate who suits w.
func (p *pool) pickIdle(w *waiter, pl *plan) bool {
	eligible := make([]*Member, 0, 4)
	scanned := 0
	var away []*Member
	want := p.strategy.Sample()
	spent := p.budgetSpent()
	p.idle.From(ordered.First, func(m *Member) bool {
		evidence, present := m.BestEvidence(p.now)
		switch {
		case !present || !p.takesOffers(m):
			away = append(away, m)
			return len(away) < p.cfg.ScanLimit
		case spent && evidence.Proof != ticket.ProofSocket:
			p.blockedAt = p.now
			scanned++
		case p.suits(w, m):
			eligible = append(eligible, m)
		default:
			scanned++
		}
		return len(eligible) < want && scanned < p.cfg.ScanLimit
	})
	for _, m := range away {
		p.unlist(m) // presence decays lazily (docs/pairing.md#candidates)
	}
	m := p.choose(w, eligible)
	if m == nil {
		return false
	}
	return p.pick(w, m, pl)
}

// pick chooses m for w, if the budget has a message for them.
func (p *pool) pick(w *waiter, m *Member, pl *plan) bool {
	evidence, _ := m.BestEvidence(p.now)
	if pl.verifiedOnly && p.needsVerification(m, evidence) {
		return false
	}
	if evidence.Proof != ticket.ProofSocket && !p.takeMessage() {
		return false
	}
	pl.overdue = pl.overdue || p.overdue(w, m)
	if p.needsVerification(m, evidence) {
		pl.stale = append(pl.stale, m.UID)
	}
	p.unlist(m)
	m.planned = true
	p.offersMade++
	m.Turn = p.offersMade
	pl.picks = append(pl.picks, ticket.Pick{UID: m.UID, Card: m.Card})
	return true
}

// needsVerification: the vendor is asked before this person is offered anything. A call
// to our API alone does not show that somebody can ring, unless they said so.
func (p *pool) needsVerification(m *Member, e ticket.Evidence) bool {
	switch e.Proof {
	case ticket.ProofSocket:
		return false
	case ticket.ProofActivity:
		return !m.Avail.On || m.Avail.Until <= p.now
	default:
		return p.now.Sub(e.At) > p.cfg.PresenceFresh
	}
}

// pickAsker offers w to somebody who is searching too and asked later (M15).
func (p *pool) pickAsker(w *waiter, pl *plan) {
	if !w.listed {
		return
	}
	scanned := 0
	p.waiting.From(w.at.Next(), func(other *waiter) bool {
		scanned++
		m := p.members[other.t.Asker]
		if other.busy || other.t.State != ticket.Searching || !other.t.TakesOffers(p.now) || m == nil || m.planned || !p.suits(w, m) || !p.takesOffers(m) || m.ReadyAt > p.now {
			return scanned < p.cfg.ScanLimit
		}
		if evidence, present := m.BestEvidence(p.now); (!present || evidence.Proof != ticket.ProofSocket) && !p.takeMessage() {
			return false
		}
		p.unlist(m) // their own ask may have ended unheard
		other.busy, m.planned = true, true
		pl.picks = append(pl.picks, ticket.Pick{UID: m.UID, Card: m.Card, HeldAsk: other.t.AskNo})
		pl.versions = append(pl.versions, other.t.Version)
		return false
	})
}

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
