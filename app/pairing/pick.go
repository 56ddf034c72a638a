package pairing

import (
	"cmp"
	"slices"
	"time"

	"switchboard/app/pairing/ordered"
	"switchboard/app/pairing/ticket"
)

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

// choose picks among eligible candidates, which come in the strategy's order; where
// the vendor's budget runs short, who is likeliest to accept.
func (p *pool) choose(w *waiter, eligible []*Member) (m *Member) {
	switch {
	case len(eligible) == 0:
		return nil
	case p.budgetShort():
		m = slices.MaxFunc(eligible, func(a, b *Member) int { return cmp.Compare(expectedAcceptance(&a.Card), expectedAcceptance(&b.Card)) })
	default:
		m = p.strategy.Choose(w.t.Asker, eligible, p.rand)
	}
	p.passedOver = m == nil
	return m
}

// overdueAfter is how long an ask and somebody for it are at most both free while
// the matcher works (invariant 14).
const overdueAfter = 2 * safetyTickMS * time.Millisecond

// overdue reports whether w and m could have been brought together before: both
// were free, nothing held offers back, and the filters were as wide.
func (p *pool) overdue(w *waiter, m *Member) bool {
	both := max(w.since, m.since, p.blockedAt).Add(overdueAfter)
	if both >= p.now || p.cfg.Window > 0 {
		return false
	}
	now := p.now
	defer func() { p.now = now }()
	p.now = both
	return p.suits(w, m)
}
