package pairing

import (
	"context"
	"maps"
	"math"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

// counted makes the world's replica count.
func (w *world) counted() map[string]int {
	counts := map[string]int{}
	w.svc.Count = func(name, label string) { counts[name+" "+label]++ }
	return counts
}

func (w *world) wantStats(tickets, candidates map[string]int) Stats {
	w.tb.Helper()
	got := w.svc.Stats()
	for _, s := range got {
		for _, counts := range []map[string]int{s.Tickets, s.Candidates} {
			maps.DeleteFunc(counts, func(_ string, n int) bool { return n == 0 })
		}
	}
	if len(got) != 1 || !maps.Equal(got[0].Tickets, tickets) || !maps.Equal(got[0].Candidates, candidates) {
		w.tb.Fatalf("stats %+v, want %v and %v", got, tickets, candidates)
	}
	return got[0]
}

// Invariant 16: everybody who is known is in one state.
func TestStatsShowEverybodyOnce(t *testing.T) {
	w := newWorld(t, with("cross_ask", "off", "round_timeout", "50s"))
	ask := w.ask(1)
	w.settle()
	w.wantStats(map[string]int{"searching": 1}, map[string]int{"asking": 1})
	w.online(2)
	w.settle()
	w.wantStats(map[string]int{"offered": 1}, map[string]int{"asking": 1, "offered": 1})
	must(t, w.answer(ask, 2, 1, false))
	w.online(3, 4)
	_, err := w.svc.SetAvailability(context.Background(), app, 4, false)
	must(t, err)
	w.settle()
	w.wantStats(map[string]int{"offered": 1}, map[string]int{"asking": 1, "offered": 1, "cooling": 1, "away": 1})
	must(t, w.answer(ask, 3, 1, true))
	w.offline(4)
	w.pass(6 * time.Second)
	got := w.wantStats(map[string]int{"connecting": 1}, map[string]int{"in_call": 2, "idle": 1, "offline": 1})
	if math.Abs(got.Gini-1.0/3) > 1e-9 { // two of three present had one offer each
		t.Fatalf("gini %v", got.Gini)
	}
	must(t, w.cancel(ask, 1))
	w.at = w.at.Add(5 * time.Minute)
	if got := w.svc.Stats()[0]; got.Gini != 0 || len(got.Tickets) != len(ticket.LiveStates) || got.Tickets["connecting"] != 0 {
		t.Fatalf("five minutes later: %+v", got)
	}
}

func TestTallyForgetsMinuteByMinute(t *testing.T) {
	var c tally
	at := ticket.Instant(1_700_000_040_000)
	for i := range 10 {
		c.add(1, at.Add(time.Duration(i)*time.Minute))
	}
	for since, want := range map[time.Duration]int{9: 5, 10: 4, 12: 2, 14: 0, 1000: 0} {
		c := c // each looks from the tenth minute
		if got := c.since(at.Add(since * time.Minute))[1]; got != want {
			t.Errorf("in minute %d: %d offers, want %d", since, got, want)
		}
	}
}

// Invariant 14 as operators see it: no offer comes later than the matcher could
// have made it, and one that does is counted.
func TestAMissedOpportunityIsCounted(t *testing.T) {
	rows(t, map[string]func(t *testing.T){
		"the matcher stood still": func(t *testing.T) {
			w := newWorld(t, nil)
			w.ask(1)
			w.settle()
			counts := w.counted()
			w.online(2)
			w.at = w.at.Add(time.Second)
			w.settle()
			if counts["missed_opportunity "] != 1 {
				t.Fatalf("%v", counts)
			}
		},
		"it waited for what it had to": func(t *testing.T) {
			w := newWorld(t, nil)
			w.profiles = map[ticket.UID]Profile{1: {Language: "en"}, 2: {Language: "fr"}}
			w.restart()
			ask := w.ask(1)
			counts := w.counted()
			w.online(2)
			w.pass(11 * time.Second) // until the filter is given up
			w.wantState(ask, ticket.Offered)
			must(t, w.answer(ask, 2, 1, false))
			w.channel = false
			w.online(3)
			w.pass(3 * time.Second)
			w.channel = true
			w.settle()
			tk := w.ticket(ask)
			if n := tk.OpenOffers(); n != 1 || counts["missed_opportunity "] != 0 {
				t.Fatalf("%d offers, %v", n, counts)
			}
		},
	})
}

// An ask that another replica ends is not kept for ever: max_live counts it.
func TestEndsElsewhereAreFound(t *testing.T) {
	w := newWorld(t, nil)
	ask := w.ask(1)
	w.nextReplica()
	w.ask(2)
	w.settle() // both replicas know both asks
	w.nextReplica()
	must(t, w.cancel(ask, 1))
	w.nextReplica()
	w.at = w.at.Add(reapEvery + time.Second)
	w.svc.syncEndedTickets(t.Context())
	for _, p := range w.svc.pools.all() {
		if p.waiters[ask] != nil {
			t.Fatal("the ended ask is still known")
		}
	}
}
