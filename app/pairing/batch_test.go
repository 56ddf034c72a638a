package pairing

import (
	"context"
	"testing"
	"time"
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
			w.wantState(older, Offered)
			w.wantState(younger, Held)
			must(t, w.answer(older, 2, 1, true))
			w.wantEnd(younger, ReasonMerged)
		},
		"presence that is old is verified": func(t *testing.T) {
			w := newWorld(t, batch)
			asked := 0
			w.svc.Online = func(context.Context, string, UID) (bool, error) { asked++; return false, nil }
			ask := w.ask(1)
			must(t, w.svc.VendorPresence(context.Background(), app, 2, "phone", true, w.at.Add(-30*time.Second)))
			w.settle()
			w.wantState(ask, Searching)
			if asked != 1 {
				t.Fatalf("asked %d times", asked)
			}
		},
		"who is not listed is left out": func(t *testing.T) {
			w := newWorld(t, map[string]string{"pair.window_ms": "1000", "pair.pool.mode": "list"})
			w.online(2)
			ask := w.ask(1)
			w.settle()
			w.wantState(ask, Searching)
		},
	})
}

// A crowd too large for the exact assignment is paired all the same.
func TestALargeCrowdIsPairedGreedily(t *testing.T) {
	cfg := Default()
	cfg.Window, cfg.CrossAsk, cfg.SendRate = time.Second, CrossOff, 0
	p := newPool(app, 1, &cfg, false)
	now := Instant(1_700_000_000_000)
	const n = assignMax + 100
	for i := range UID(n) {
		p.know(Candidate{App: app, UID: 1 + i, Sessions: map[string]Evidence{"s": {Online: true, At: now, Until: now.Add(time.Hour)}}}, now)
		tk, _ := Open(&cfg, now+Instant(i), Ask{AskNo: string(rune(0x4e00 + i)), App: app, Scene: 1, UID: 10_000 + i})
		p.introduce(&tk, &cfg, nil)
		p.put(&tk, &cfg, now+Instant(i))
	}
	picked := map[UID]bool{}
	for _, pl := range p.plans(now.Add(2*time.Second), plansPerRound) {
		for _, pick := range pl.picks {
			if picked[pick.UID] {
				t.Fatalf("%d is picked twice", pick.UID)
			}
			picked[pick.UID] = true
		}
	}
	if len(picked) != n {
		t.Fatalf("%d of %d are paired", len(picked), n)
	}
}

// 3.7: an asker whom only the vendor reaches costs a message too.
func TestTheSendBudgetHoldsForAskersToo(t *testing.T) {
	w := newWorld(t, map[string]string{"pair.send_rate": "0.001", "pair.send_burst": "1"})
	first := w.ask(1)
	for uid := UID(2); uid <= 4; uid++ {
		w.at++
		w.ask(uid)
	}
	w.settle()
	w.wantState(first, Offered)
	if open := len(w.wire); open != 1 {
		t.Fatalf("%d dispatches with a budget of one", open)
	}
}
