package pairing

import (
	"context"
	"slices"

	"switchboard/app/pairing/ticket"
)

// oldest is invariant 15 for an offer that has just been opened: no older ask
// that could have had this candidate waits beside it. What the other replica
// wrote since this one last looked at the store cannot be known to it, and an
// ask whose own dispatch has just lost a race, or proved unfit by what the
// business server says now, is next.
func (a *audit) oldest(t *ticket.Ticket, o *ticket.Offer) {
	if a.w.jumpy || o.HeldAsk != "" {
		return
	}
	heardOf := a.w.at
	if !a.w.alone {
		heardOf = a.w.acting.pools.open(app, t.Scene, nil).syncedAt
	}
	for _, r := range a.tickets {
		older := r.ticket
		if older.State == ticket.Searching && older.CreatedAt < t.CreatedAt && older.TakesOffers(a.now()) && r.changed < heardOf && a.w.lost[older.AskNo] != a.w.at && a.w.turn[older.Asker] != a.w.at && a.suits(older, o.UID) {
			a.fail(15, "%s was offered %d before %s, which is %s older", t.AskNo, o.UID, older.AskNo, t.CreatedAt.Sub(older.CreatedAt))
		}
	}
}

// suits is the exclusions of docs/pairing.md#candidates, written a second time.
func (a *audit) suits(t *ticket.Ticket, uid ticket.UID) bool {
	return uid != t.Asker && !a.blocked(t.Asker, uid) && !a.met(t, uid) &&
		!slices.ContainsFunc(t.Offers, func(o ticket.Offer) bool {
			return o.UID == uid && (o.Round == t.RoundNo() || o.State == ticket.OfferRefused || o.State == ticket.OfferPassed)
		})
}

// fair lets the replica hear of everything, then holds it to invariants 14 and 16.
func (w *world) fair() {
	w.between = nil
	for range 6 { // a claim of ours outweighs the store for a second, and changes are read for two
		w.at = w.at.Add(pollEvery)
		w.svc.MatchOnce(context.Background())
	}
	if !w.channel || w.jumpy || len(w.svc.pools.all()) == 0 {
		return
	}
	w.conserved()
	if missed := w.missed(); missed != 0 {
		w.audit.fail(14, "%d asks wait beside an idle candidate", missed)
	}
}

// missed counts the opportunities that matching left, by the store alone.
func (w *world) missed() (n int) {
	cfg, err := w.svc.Configs.Get(context.Background(), app, 1)
	if err != nil || !cfg.Enabled {
		return 0
	}
	for _, r := range w.store.tickets {
		if t := r.ticket; t.State != ticket.Searching || !t.TakesOffers(w.at) {
			continue
		}
		for p := range w.store.candidates {
			if w.class(cfg, p) == candidateIdle && w.audit.suits(r.ticket, p.uid) {
				n++
				break
			}
		}
	}
	return n
}

// class is where a known person is, by the store alone (invariant 16).
func (w *world) class(cfg *ticket.Config, p person) string {
	c := w.store.read(p)
	claim, taken := w.store.claims[p]
	_, present := c.BestEvidence(w.at)
	switch {
	case taken && w.store.tickets[claim.AskNo].ticket.State.InCall():
		return candidateInCall
	case taken && claim.Role == ticket.RoleAsker:
		return candidateAsking
	case taken:
		return candidateOffered
	case !present:
		return candidateOffline
	case !c.TakesOffers(cfg.PoolMode, w.at):
		return candidateAway
	case c.ReadyAt > w.at:
		return candidateCooling
	default:
		return candidateIdle
	}
}

// conserved is invariant 16: a pool has each known person in exactly one place,
// and it is the one that the store has.
func (w *world) conserved() {
	for _, p := range w.svc.pools.all() {
		idle, cooling := 0, 0
		for uid, m := range p.members {
			at, has := w.class(p.cfg, person{app, uid}), p.stateOf(m, w.at)
			listed := (m.list == &p.idle) == (at == candidateIdle) && (m.list == &p.cooling) == (at == candidateCooling) ||
				at == candidateOffline // noticed when looked at: docs/pairing.md#candidates
			if _, taken := w.store.claims[person{app, uid}]; taken && m.taken.AskNo != "" {
				has = at // what somebody does in an ask that others serve is not followed
			}
			if m.planned || at != has || !listed {
				w.audit.fail(16, "%d is %s and the pool has %s: idle %v, cooling %v, planned %v, taken %+v", uid, at, has, m.list == &p.idle, m.list == &p.cooling, m.planned, m.taken)
			}
			if m.list == &p.idle {
				idle++
			}
			if m.list == &p.cooling {
				cooling++
			}
		}
		sum := 0
		for _, n := range p.stats(w.at).Candidates {
			sum += n
		}
		if sum != len(p.members) {
			w.audit.fail(16, "%d of %d people counted", sum, len(p.members))
		}
		for known := range w.store.candidates {
			if p.members[known.uid] == nil {
				w.audit.fail(16, "%d is known and in no pool", known.uid)
			}
		}
		if idle != p.idle.Len() || cooling != p.cooling.Len() {
			w.audit.fail(16, "%d idle in a list of %d, %d cooling in a list of %d", idle, p.idle.Len(), cooling, p.cooling.Len())
		}
	}
}
