package pairing

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"switchboard/app/pairing/ticket"
)

// audit is a store that checks every commit against the invariants of docs/pairing.md#invariants and
// remembers what the end has to reconcile.
type audit struct {
	*Memory
	w       *world
	opened  int // offers
	closed  map[ticket.OfferState]int
	charges map[string]int
	reasons map[string]int

	attempted map[dispatchKey]bool  // dispatches that were handed to the wire
	written   map[told]ticket.Entry // every entry that was ever committed
	arrived   map[told]int          // of those, how often each reached its far end

	last map[string]*ticket.Ticket // each ask as its last commit wrote it

	info func(*ticket.Ticket, ticket.UID) (ticket.View, error) // what a viewer is shown
}

type dispatchKey struct {
	uid   ticket.UID
	ask   string
	round int
}

type told struct {
	ask   string
	entry int64
}

func newAudit(w *world) *audit {
	return &audit{Memory: w.store, w: w, closed: map[ticket.OfferState]int{}, charges: map[string]int{}, reasons: map[string]int{},
		attempted: map[dispatchKey]bool{}, written: map[told]ticket.Entry{}, arrived: map[told]int{}, last: map[string]*ticket.Ticket{}, info: (*ticket.Ticket).Info}
}

// now is the time as the replica that commits sees it.
func (a *audit) now() ticket.Instant {
	if a.w.acting == nil {
		return a.w.at
	}
	return a.w.acting.now()
}

// Commit implements Tickets.
func (a *audit) Commit(ctx context.Context, b Batch) error {
	before := make([]*ticket.Ticket, len(b.Writes))
	for i, w := range b.Writes {
		before[i] = new(ticket.Ticket)
		if w.Prev != 0 {
			before[i], _ = a.Memory.Load(ctx, w.Ticket.AskNo)
			before[i] = before[i].Clone()
		}
	}
	a.leased(b.Drop)
	if err := a.Memory.Commit(ctx, b); err != nil {
		return err
	}
	for i, w := range b.Writes {
		a.last[w.Ticket.AskNo] = w.Ticket.Clone()
		a.write(before[i], w.Ticket)
		a.cooldowns(before[i], w.Ticket, b.Drop)
	}
	a.exclusive()
	return nil
}

// committed: t is what the last commit wrote, and claims are too (invariant 12).
func (a *audit) committed(t *ticket.Ticket) bool {
	a.exclusive()
	last := a.last[t.AskNo]
	return t.Version == last.Version && reflect.DeepEqual(t.Offers, last.Offers) && reflect.DeepEqual(t.Rounds, last.Rounds)
}

func (a *audit) fail(invariant int, format string, args ...any) {
	a.w.tb.Helper()
	a.w.tb.Fatalf("invariant %d: %s", invariant, fmt.Sprintf(format, args...))
}

func (a *audit) write(old, t *ticket.Ticket) {
	a.rounds(old, t)
	a.offers(old, t)
	a.rescinds(old, t)
	a.outbox(old, t)
	a.views(t)
	if old.State == ticket.Ended && old.Version != 0 && t.State != ticket.Ended {
		a.fail(6, "%s left its end for %v", t.AskNo, t.State)
	}
	if t.State == ticket.Ended && old.State != ticket.Ended {
		if t.EndReason == "" {
			a.fail(20, "%s ended without a reason", t.AskNo)
		}
		a.reasons[string(t.EndReason)]++
	}
}

func (a *audit) rounds(old, t *ticket.Ticket) {
	if n := len(t.Rounds) - len(old.Rounds); n < 0 || old.Version == 0 && n != 1 {
		a.fail(3, "rounds went from %d to %d", len(old.Rounds), len(t.Rounds))
	}
	if cfg, err := a.Memory.LoadConfig(context.Background(), t.ConfigID); err == nil && len(t.Rounds) > cfg.MaxRounds {
		a.fail(3, "round %d of %d", len(t.Rounds), cfg.MaxRounds)
	}
	starts := map[int64]bool{}
	for i, r := range t.Rounds {
		if r.No != i+1 {
			a.fail(3, "round %d is numbered %d", i+1, r.No)
		}
		if r.Peer != 0 {
			if o := t.Offer(r.Peer, r.No); o == nil || o.State != ticket.OfferPassed {
				a.fail(3, "the peer %d of round %d has no passed offer", r.Peer, r.No)
			}
		}
		if r.StartAt != 0 {
			if starts[r.StartAt] {
				a.fail(18, "start_at %d is used twice", r.StartAt)
			}
			starts[r.StartAt] = true
		}
		if i < len(t.Rounds)-1 && (r.EndAt == 0 || r.EndReason == "") {
			a.fail(20, "round %d is over without a reason", r.No)
		}
	}
}

func (a *audit) offers(old, t *ticket.Ticket) {
	passed := map[int]int{}
	seen := map[[2]int64]bool{}
	for i, o := range t.Offers {
		if i >= len(old.Offers) {
			a.opened++
			if o.State != ticket.OfferOpen {
				a.fail(4, "an offer was born %v", o.State)
			}
			if o.UID == t.Asker {
				a.fail(9, "the asker was offered their own ask")
			}
			if t.State == ticket.Ended {
				a.fail(6, "an offer was opened after the end")
			}
			a.allowed(t, &o)
		} else if was := old.Offers[i]; was.State != ticket.OfferOpen && was.State != o.State {
			a.fail(4, "an offer went from %v to %v", was.State, o.State)
		} else if was.State == ticket.OfferOpen && o.State != ticket.OfferOpen {
			a.closed[o.State]++
			if o.Reason == "" {
				a.fail(20, "an offer closed without a reason")
			}
			if t.State == ticket.Searching && o.Reason == ticket.ReasonRoundTimeout {
				a.fail(20, "an open offer was cut by the round's end")
			}
		}
		if o.State == ticket.OfferPassed {
			passed[o.Round]++
		}
		k := [2]int64{int64(o.UID), int64(o.Round)}
		if seen[k] {
			a.fail(9, "%d was offered round %d twice", o.UID, o.Round)
		}
		seen[k] = true
	}
	for r, n := range passed {
		if n > 1 {
			a.fail(2, "round %d has %d winners", r, n)
		}
	}
	if t.State == ticket.Ended && t.OpenOffers() > 0 {
		a.fail(6, "offers are open after the end")
	}
	if (t.State == ticket.Offered) != (t.OpenOffers() > 0) {
		a.fail(4, "%d open offers in state %v", t.OpenOffers(), t.State)
	}
	if len(t.Rounds) > 1 && len(old.Rounds) < len(t.Rounds) && old.OpenOffers() > 0 && old.RoundBy != 0 && a.now() >= old.RoundBy && !a.answered(old, t) {
		a.fail(4, "the round's end cut an open offer")
	}
}

// answered: some offer of old was closed by more than the clock.
func (a *audit) answered(old, t *ticket.Ticket) bool {
	return slices.ContainsFunc(t.Offers[:len(old.Offers)], func(o ticket.Offer) bool {
		return o.ClosedAt == a.now() && o.Reason != ticket.ReasonRoundTimeout
	})
}

// rescinds: who may have heard a dispatch hears that it is over (invariant 10).
func (a *audit) rescinds(old, t *ticket.Ticket) {
	cfg, err := a.Memory.LoadConfig(context.Background(), t.ConfigID)
	if err != nil || !cfg.PushExtra {
		return
	}
	for i := range old.Offers {
		o := t.Offers[i]
		if old.Offers[i].State != ticket.OfferOpen || o.State != ticket.OfferRescinded {
			continue
		}
		waiting := slices.ContainsFunc(old.Outbox, func(e ticket.Entry) bool { return e.ID == o.Entry && e.Waiting })
		told := slices.ContainsFunc(t.Outbox, func(e ticket.Entry) bool {
			return e.Name == ticket.CommandRescind && e.To == o.UID && e.Round == o.Round
		})
		if told == waiting {
			a.fail(10, "offer %+v: its dispatch waits %v, its rescind is written %v", o, waiting, told)
		}
	}
}

// cooldowns: who lost without fault is free at once.
func (a *audit) cooldowns(old, t *ticket.Ticket, drops []ticket.Release) {
	for i := range old.Offers {
		o := t.Offers[i]
		for _, d := range drops {
			if old.Offers[i].State == ticket.OfferOpen && o.State == ticket.OfferRescinded && d.Claim.UID == o.UID && d.Claim.Epoch == o.Epoch && d.ReadyAt > a.now() {
				a.fail(9, "%d lost and has a cooldown", o.UID)
			}
		}
	}
}

func (a *audit) outbox(old, t *ticket.Ticket) {
	for _, e := range t.Outbox {
		if e.ID <= old.Seq {
			continue
		}
		a.written[told{t.AskNo, e.ID}] = e
		switch e.Kind {
		case ticket.ToClient:
			if t.State == ticket.Ended && e.Name == ticket.CommandDispatch {
				a.fail(6, "a dispatch was written after the end")
			}
			if e.Name == ticket.CommandDispatch && a.w.cross != nil { // after a crash nobody knows whether it left
				a.attempted[dispatchKey{e.To, t.AskNo, e.Round}] = true
			}
		case ticket.ToWallet:
			k := e.Key(t.AskNo) + e.Name
			if a.charges[k]++; a.charges[k] > 1 {
				a.fail(8, "%s was charged twice", k)
			}
			r := t.Rounds[e.Round-1]
			if r.LikedAt == 0 || r.Decision != ticket.Like {
				a.fail(8, "%s was charged without a like", k)
			}
			if e.Name == ticket.ChargeSettle && a.charges[e.Key(t.AskNo)+ticket.ChargeStart] != 1 {
				a.fail(8, "%s was settled before it started", k)
			}
		}
	}
}

// allowed is invariant 9 for an offer that has just been opened, and 15.
func (a *audit) allowed(t *ticket.Ticket, o *ticket.Offer) {
	if a.blocked(t.Asker, o.UID) {
		a.fail(9, "%d and %d are blocked", t.Asker, o.UID)
	}
	if a.met(t, o.UID) {
		a.fail(9, "%d and %d have just met", t.Asker, o.UID)
	}
	a.oldest(t, o)
}

func (a *audit) blocked(x, y ticket.UID) bool {
	return slices.Contains(a.w.profiles[x].Blocked, y) || slices.Contains(a.w.profiles[y].Blocked, x)
}

// met: the pair is inside exclude_ttl and the ask not old enough to widen.
func (a *audit) met(t *ticket.Ticket, uid ticket.UID) bool {
	cfg, err := a.Memory.LoadConfig(context.Background(), t.ConfigID)
	if err != nil || a.w.jumpy || len(cfg.Widen) > 0 && a.now().Sub(max(t.CreatedAt, t.Round().StartedAt)) >= slices.Max(cfg.Widen) {
		return false
	}
	met, _ := a.Memory.RecentPeers(context.Background(), app, t.Asker, a.now().Add(-cfg.ExcludeTTL), cfg.ExcludeLast) // never fails
	return slices.Contains(met, uid)
}

// leased is invariant 12's bound: nobody is held beyond the lease.
func (a *audit) leased(drops []ticket.Release) {
	for _, d := range drops {
		if c, held := a.claims[person{app, d.Claim.UID}]; held && d.Claim.Same(c) && a.now() > c.LeaseUntil && !a.w.jumpy {
			a.fail(12, "%d was held %s beyond the lease", c.UID, a.now().Sub(c.LeaseUntil))
		}
	}
}

// views is invariant 17: docs/pairing.md#states written a second time, for everybody.
func (a *audit) views(t *ticket.Ticket) {
	status := map[ticket.State]int{ticket.Connecting: 2, ticket.Preview: 2, ticket.Liked: 2, ticket.Ended: 1}[t.State]
	r, late := t.Rounds[len(t.Rounds)-1], status != 0
	for uid := ticket.UID(1); uid <= 9; uid++ {
		want, known := ticket.View{AskNo: t.AskNo, Asker: t.Asker, Status: status}, uid == t.Asker
		if late && (known || uid == r.Peer) {
			known, want.Peer, want.CallID = true, r.Peer, r.CallID
		}
		for i := 0; i < len(t.Offers) && !known; i++ {
			known = t.Offers[i].UID == uid
		}
		if want.Peer == 0 && uid != t.Asker {
			want.Status = 1
			if o := t.OpenOffer(uid); o != nil {
				want.Status = 0
			}
		}
		got, err := a.info(t, uid)
		if (err == nil) != known || known && got != want {
			a.fail(17, "%d sees %+v (%v) of %s, not %+v", uid, got, err, t.AskNo, want)
		}
	}
}
