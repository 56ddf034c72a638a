package pairing

import (
	"context"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

func TestBatches(t *testing.T) {
	batch := with("window_ms", "1000")
	rows(t, map[string]func(t *testing.T){
		"who asked is offered to another asker where nobody else is left": func(t *testing.T) {
			w := newWorld(t, batch)
			older := w.ask(1)
			w.at++
			younger := w.ask(2)
			w.settle()
			w.wantState(older, ticket.Offered)
			w.wantState(younger, ticket.Held)
			must(t, w.answer(older, 2, 1, true))
			w.wantEnd(younger, ticket.ReasonMerged)
		},
		"presence that is old is verified": func(t *testing.T) {
			w := newWorld(t, batch)
			asked := 0
			w.svc.Online = func(context.Context, string, ticket.UID) (bool, error) { asked++; return false, nil }
			ask := w.ask(1)
			must(t, w.svc.RecordVendorPresence(context.Background(), app, 2, "phone", true, w.at.Add(-30*time.Second)))
			w.settle()
			w.wantState(ask, ticket.Searching)
			if asked != 1 {
				t.Fatalf("asked %d times", asked)
			}
		},
		"who is not listed is left out": func(t *testing.T) {
			w := newWorld(t, map[string]string{"pair.window_ms": "1000", "pair.pool.mode": "list"})
			w.online(2)
			ask := w.ask(1)
			w.settle()
			w.wantState(ask, ticket.Searching)
		},
	})
}

// crowd is a pool of n askers, one each millisecond, and n candidates. The
// candidates' first half has been idle for longer, which makes it the cheaper for
// all; the askers' second half has met the other one, so that nobody else is
// left for it.
func crowd(n int, now ticket.Instant) *pool {
	cfg := ticket.DefaultConfig()
	cfg.Window, cfg.CrossAsk, cfg.SendRate = time.Second, ticket.CrossOff, 0
	p := newPool(app, 1, &cfg, Options{})
	var met []ticket.UID
	for i := range n {
		c := ticket.Candidate{App: app, UID: ticket.UID(1 + i), IdleSince: now.Add(-2 * time.Minute),
			Sessions: map[string]ticket.Evidence{"s": {Online: true, At: now, Until: now.Add(time.Hour)}}}
		if i >= n/2 {
			c.IdleSince = now
			met = append(met, c.UID)
		}
		p.updateCandidate(c, now)
	}
	for i := range n {
		asked := now + ticket.Instant(i)
		tk, _ := ticket.Open(&cfg, asked, ticket.Ask{AskNo: string(rune(0x4e00 + i)), App: app, Scene: 1, UID: ticket.UID(10_000 + i)})
		if i < n/2 {
			p.addWaiter(tk, &cfg, nil)
		} else {
			p.addWaiter(tk, &cfg, met)
		}
		p.updateTicket(tk, &cfg, asked)
	}
	return p
}

// Up to its limit the assignment is exact and finds somebody for each asker.
// Beyond it the oldest take the cheapest, and half of the askers are left over.
func TestACrowdIsAssignedExactlyUpToItsLimit(t *testing.T) {
	now := ticket.Instant(1_700_000_000_000)
	for n, want := range map[int]int{2: 2, maxAssignment: maxAssignment, maxAssignment + 100: maxAssignment/2 + 50} {
		picked := map[ticket.UID]bool{}
		for _, pl := range crowd(n, now).plans(now.Add(2*time.Second), plansPerRound) {
			for _, pick := range pl.picks {
				if picked[pick.UID] {
					t.Fatalf("of %d, %d is picked twice", n, pick.UID)
				}
				picked[pick.UID] = true
			}
		}
		if len(picked) != want {
			t.Errorf("of %d, %d are paired, want %d", n, len(picked), want)
		}
	}
}

// docs/pairing.md#vendor-budget: an asker whom only the vendor reaches costs a message too.
func TestTheSendBudgetHoldsForAskersToo(t *testing.T) {
	w := newWorld(t, map[string]string{"pair.send_rate": "0.001", "pair.send_burst": "1"})
	first := w.ask(1)
	for uid := ticket.UID(2); uid <= 4; uid++ {
		w.at++
		w.ask(uid)
	}
	w.settle()
	w.wantState(first, ticket.Offered)
	if open := len(w.wire); open != 1 {
		t.Fatalf("%d dispatches with a budget of one", open)
	}
}
