package pairing

import (
	"strings"

	"switchboard/app/pairing/ticket"
)

// exclusive is invariant 1: claims and reasons for them are the same set.
func (a *audit) exclusive() {
	a.mu.Lock()
	defer a.mu.Unlock()
	want := map[ticket.UID]ticket.Claim{}
	need := func(uid ticket.UID, askNo string, role ticket.Role, epoch int64) {
		if have, ok := want[uid]; ok {
			a.fail(1, "%d is needed by %s and %s", uid, have.AskNo, askNo)
		}
		want[uid] = ticket.Claim{UID: uid, AskNo: askNo, Role: role, Epoch: epoch}
	}
	for _, r := range a.tickets {
		t := r.ticket
		if t.State == ticket.Ended {
			continue
		}
		if t.State != ticket.Held {
			need(t.Asker, t.AskNo, ticket.RoleAsker, t.AskerEpoch)
		}
		for _, o := range t.Offers {
			if o.State == ticket.OfferOpen || o.State == ticket.OfferPassed && t.State.InCall() && o.Round == t.RoundNo() {
				need(o.UID, t.AskNo, ticket.RoleCandidate, o.Epoch)
			}
		}
	}
	for uid, c := range want {
		have, ok := a.claims[person{app, uid}]
		if !ok || !c.Same(have) || c.Role != have.Role {
			a.fail(1, "%d has claim %+v, needs %+v", uid, have, c)
		}
	}
	if len(want) != len(a.claims) {
		a.fail(1, "%d claims for %d reasons", len(a.claims), len(want))
	}
}

// quiet checks what has to hold once everything has come to its end.
func (a *audit) quiet() {
	open, total := 0, 0
	for _, r := range a.tickets {
		if r.ticket.State != ticket.Ended {
			a.fail(5, "%s is still %v", r.ticket.AskNo, r.ticket.State)
		}
	}
	if len(a.claims) != 0 {
		a.fail(1, "claims leaked: %v", a.claims)
	}
	for _, r := range a.tickets {
		open += r.ticket.OpenOffers()
		if len(r.ticket.Outbox) != 0 {
			a.fail(12, "%s still has to tell %+v", r.ticket.AskNo, r.ticket.Outbox)
		}
		a.recorded(r.ticket)
	}
	for _, n := range a.closed {
		total += n
	}
	if open != 0 || total != a.opened {
		a.fail(4, "%d offers opened, %d closed %v, %d open", a.opened, total, a.closed, open)
	}
	ended := 0
	for _, n := range a.reasons {
		ended += n
	}
	if ended != len(a.tickets) {
		a.fail(20, "%d tickets, %d reasons %v", len(a.tickets), ended, a.reasons)
	}
	for k := range a.w.bills {
		if a.charges[strings.Replace(k, ":s", "s", 1)] == 0 {
			a.fail(8, "%s reached the wallet under no key of its charge", k)
		}
	}
	for k, n := range a.charges {
		if n != 1 {
			a.fail(8, "%s was charged %d times", k, n)
		}
	}
	a.counted()
}

// counted is invariant 20's other half: the counters are what happened.
func (a *audit) counted() {
	if a.w.cross != nil {
		return // a replica's counters die with it
	}
	for state, n := range a.closed {
		if got := a.w.counts["offers "+state.String()]; got != n {
			a.fail(20, "%d offers ended %v, %d were counted", n, state, got)
		}
	}
	for why, n := range a.reasons {
		if got := a.w.counts["ended "+why]; got != n {
			a.fail(20, "%d asks ended by %s, %d were counted", n, why, got)
		}
	}
	if got := a.w.counts["asks accepted"]; got != len(a.tickets) {
		a.fail(20, "%d asks, %d were counted", len(a.tickets), got)
	}
}

// recorded is invariant 18: one record per round that was connected.
func (a *audit) recorded(t *ticket.Ticket) {
	for _, r := range t.Rounds {
		rec, ok := a.byKey[recordKey{t.AskNo, r.StartAt}]
		if (r.ConnectedAt != 0) != ok {
			a.fail(18, "round %d connected %v, recorded %v", r.No, r.ConnectedAt != 0, ok)
		}
		if ok && (rec.EndAt == 0 || rec.Peer != r.Peer || rec.Liked != (r.LikedAt != 0)) {
			a.fail(18, "record %+v of round %+v", rec.Record, r)
		}
	}
}

// attempt notes a dispatch that is handed to the wire; an ended ask has none.
func (a *audit) attempt(k dispatchKey) {
	a.attempted[k] = true
	if a.w.state(k.ask) == ticket.Ended {
		a.fail(6, "%d was dispatched after the end of %s", k.uid, k.ask)
	}
}

// ordered is invariant 10 over what reached the devices.
func (a *audit) ordered() {
	if a.w.jumpy { // a lease keeps the order, and a clock that jumps breaks a lease
		return
	}
	rescinded := map[dispatchKey]bool{}
	for _, c := range a.w.wire {
		k := dispatchKey{c.To, c.AskNo, c.Round}
		switch c.Name {
		case ticket.CommandDispatch:
			if rescinded[k] {
				a.fail(10, "%+v was dispatched after its rescind", k)
			}
		case ticket.CommandRescind:
			if !a.attempted[k] {
				a.fail(10, "%+v was rescinded before its dispatch", k)
			}
			rescinded[k] = true
		}
	}
}
