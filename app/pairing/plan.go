package pairing

import (
	"slices"

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

// planDone takes a planned ticket back after its dispatch was committed or not;
// those in taken turned out to be somebody else's.
func (p *pool) planDone(pl plan, taken []ticket.UID, now ticket.Instant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
	p.putBack(pl, taken)
	for _, ask := range pl.asks() {
		if w := p.waiters[ask]; w != nil {
			w.busy = false
			p.unlistWaiter(w)
			if wantsOffers(w.t, w.cfg) {
				p.listWaiter(w)
			}
		}
	}
	p.wakeMatcher()
}

// putBack lists the picks that were not taken after all.
func (p *pool) putBack(pl plan, taken []ticket.UID) {
	for _, pick := range pl.picks {
		m := p.members[pick.UID]
		if m == nil || !m.planned {
			continue
		}
		m.planned = false
		if slices.Contains(taken, pick.UID) {
			m.taken, m.takenAt = ticket.Claim{AskNo: elsewhere, UID: pick.UID}, p.now // until the store says otherwise
			continue
		}
		p.list(m)
	}
}
