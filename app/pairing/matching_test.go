package pairing

import (
	"context"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

// rows runs each row of a table in a world of its own.
func rows(t *testing.T, table map[string]func(t *testing.T)) {
	for name, row := range table {
		t.Run(name, row)
	}
}

var off = map[string]string{"pair.cross_ask": "off"}

func with(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m["pair."+pairs[i]] = pairs[i+1]
	}
	return m
}

func TestMatching(t *testing.T) {
	rows(t, map[string]func(t *testing.T){
		"M1 an idle candidate is offered and told": func(t *testing.T) {
			w, _ := offered(t, nil)
			w.wantHeard(2, "dispatch")
			if c := w.wire[0]; c.Asker != 1 || c.Round != 1 || c.TTL != 10*time.Second {
				t.Fatalf("%+v", c)
			}
		},
		"A10 M1 an ask and its first offer are one commit with a candidate at hand": func(t *testing.T) {
			w := newWorld(t, nil)
			w.svc.pools.open(app, DefaultScene, w.svc.presenceConfig(context.Background(), app))
			w.settle() // the store is read
			w.online(2)
			ask := w.ask(1)
			w.wantState(ask, ticket.Offered)
			if c := w.claims(); c[1].AskNo != ask || c[2].AskNo != ask {
				t.Fatalf("claims %+v", c)
			}
			w.tellAll()
			w.wantHeard(2, "dispatch")
		},
		"A10 M1 nobody is offered before those who waited": func(t *testing.T) {
			w := newWorld(t, map[string]string{"pair.cross_ask": "off"})
			first := w.ask(1)
			w.online(2)
			w.at += 10
			second := w.ask(3)
			w.wantState(second, ticket.Searching)
			w.settle()
			w.wantState(first, ticket.Offered)
			w.wantState(second, ticket.Searching)
		},
		"A10 M1 a candidate lost to a rival costs the offer, not the ask": func(t *testing.T) {
			w := newWorld(t, nil)
			w.svc.pools.open(app, DefaultScene, w.svc.presenceConfig(context.Background(), app))
			w.online(2)
			w.between = func() {
				w.nextReplica()
				w.ask(3)
				w.svc.MatchOnce(context.Background())
				w.nextReplica()
			}
			ask := w.ask(1)
			w.wantState(ask, ticket.Searching)
			if c := w.claims(); c[2].AskNo == ask || c[2].AskNo == "" {
				t.Fatalf("claims %+v", c)
			}
			w.online(4)
			w.settle()
			w.wantState(ask, ticket.Offered)
		},
		"M1 a candidate who comes later is offered the waiting ask": func(t *testing.T) {
			w := newWorld(t, nil)
			ask := w.ask(1)
			w.settle()
			w.wantState(ask, ticket.Searching)
			w.online(2)
			w.settle()
			w.wantState(ask, ticket.Offered)
		},
		"M1 fan-out opens as many offers at once as configured": func(t *testing.T) {
			w := newWorld(t, with("fanout", "3"))
			w.online(1, 2, 3, 4, 5)
			tk := w.ticket(w.ask(1))
			w.settle()
			tk = w.ticket(tk.AskNo)
			if tk.OpenOffers() != 3 {
				t.Fatalf("%d offers", tk.OpenOffers())
			}
		},
		"M1 progressive fan-out opens one more offer by and by": func(t *testing.T) {
			w := newWorld(t, with("fanout", "2", "progressive_ms", "2000"))
			w.online(2, 3, 4)
			ask := w.ask(1)
			for _, want := range []int{1, 2, 2} {
				w.settle()
				tk := w.ticket(ask)
				if tk.OpenOffers() != want {
					t.Fatalf("%d offers, want %d", tk.OpenOffers(), want)
				}
				w.pass(2 * time.Second)
			}
		},
		"M2 a recent peer is met again only when all is given up": func(t *testing.T) {
			w, ask := talking(t, with("wrap_up", "0s"))
			must(t, w.over(ask, 1, "c"))
			must(t, w.cancel(ask, 1))
			w.settle()
			again := w.ask(1)
			w.pass(19 * time.Second)
			w.wantState(again, ticket.Searching)
			w.online(2)
			w.pass(2 * time.Second)
			w.wantState(again, ticket.Offered)
		},
		"M3 an ask without anybody ends when so configured": func(t *testing.T) {
			w := newWorld(t, with("no_candidate", "end", "no_candidate_after", "5s"))
			ask := w.ask(1)
			w.pass(6 * time.Second)
			w.wantEnd(ask, ticket.ReasonNoCandidate)
			w2 := newWorld(t, with("no_candidate", "end", "no_candidate_after", "0s"))
			wantErr(t, w2.tryAsk(1), ErrNoCandidate)
		},
		"M3 a refusal does not end an ask while there is another candidate": func(t *testing.T) {
			w := newWorld(t, with("no_candidate", "end", "no_candidate_after", "5s"))
			ask := w.ask(1)
			w.pass(4 * time.Second)
			w.online(2)
			w.pass(4 * time.Second)
			w.online(3)
			must(t, w.answer(ask, 2, 1, false))
			w.svc.SweepOnce(t.Context()) // before the matcher
			w.settle()
			w.wantState(ask, ticket.Offered)
			must(t, w.answer(ask, 3, 1, false))
			w.pass(2 * time.Second)
			w.wantEnd(ask, ticket.ReasonNoCandidate)
		},
		"M4 M5 rounds without anybody follow each other, and the last ends the ask": func(t *testing.T) {
			w := newWorld(t, with("round_timeout", "5s", "max_rounds", "2"))
			ask := w.ask(1)
			w.pass(6 * time.Second)
			if tk := w.ticket(ask); tk.State != ticket.Searching || tk.RoundNo() != 2 {
				t.Fatalf("%v round %d", tk.State, tk.RoundNo())
			}
			w.pass(5 * time.Second)
			w.wantEnd(ask, ticket.ReasonMaxRounds)
			w.wantHeard(1, "round:round_timeout", "end:max_rounds")
		},
		"M6 an ask whose time is over expires": func(t *testing.T) {
			w := newWorld(t, nil)
			ask := w.ask(1)
			w.pass(61 * time.Second)
			w.wantEnd(ask, ticket.ReasonExpired)
		},
		"M7 an open offer outlasts the ask": func(t *testing.T) {
			w := newWorld(t, off)
			ask := w.ask(1)
			w.pass(55 * time.Second)
			w.online(2)
			w.pass(8 * time.Second)
			w.wantState(ask, ticket.Offered)
			w.pass(4 * time.Second)
			w.wantEnd(ask, ticket.ReasonExpired)
			w.wantHeard(2, "dispatch")
		},
		"M7 an open offer is cut with the ask where so configured": func(t *testing.T) {
			w := newWorld(t, with("offer_overrun", "0s"))
			ask := w.ask(1)
			w.pass(55 * time.Second)
			w.online(2)
			w.pass(6 * time.Second)
			w.wantEnd(ask, ticket.ReasonExpired)
			w.wantHeard(2, "dispatch", "rescind:expired")
		},
		"M8 the offer's time runs from the sending": func(t *testing.T) {
			w := newWorld(t, nil)
			w.online(2)
			ask := w.ask(1)
			w.svc.MatchOnce(context.Background())
			w.at += 700
			w.tellAll()
			sent := w.at
			w.at += 80 // the note of it may be written later
			w.ackAll()
			if o := w.ticket(ask).Offers[0]; o.SentAt != sent || o.Deadline != sent.Add(10*time.Second) {
				t.Fatalf("%+v", o)
			}
		},
		"M9 M11 a failing send is tried again, then given up": func(t *testing.T) {
			w := newWorld(t, off)
			w.online(2)
			ask := w.ask(1)
			ctx := context.Background()
			w.svc.MatchOnce(ctx)
			w.tellDispatch(ticket.DeliveryRetry)
			w.wantState(ask, ticket.Offered)
			w.svc.SweepOnce(ctx)
			w.tellDispatch(ticket.DeliveryRetry)
			w.wantState(ask, ticket.Searching)
			if c, held := w.claims()[2]; held {
				t.Fatalf("%+v is kept", c)
			}
			w.settle()
			w.wantState(ask, ticket.Searching) // skipped for the round
		},
		"M10 a dispatch that fails leaves the other offers open": func(t *testing.T) {
			w := newWorld(t, with("fanout", "2"))
			w.online(2, 3)
			ask := w.ask(1)
			w.svc.MatchOnce(context.Background())
			w.tellDispatch(ticket.DeliveryFailed)
			w.wantState(ask, ticket.Offered)
		},
		"M12 without a vendor for too long a search ends": func(t *testing.T) {
			w := newWorld(t, nil)
			ask := w.ask(1)
			w.channel = false
			w.online(2)
			w.pass(4 * time.Second)
			w.wantState(ask, ticket.Searching)
			w.pass(2 * time.Second)
			w.wantEnd(ask, ticket.ReasonVendor)
		},
		"M12 an offer that was delivered stays": func(t *testing.T) {
			w, ask := offered(t, nil)
			w.channel = false
			w.pass(7 * time.Second)
			w.wantState(ask, ticket.Offered)
			must(t, w.answer(ask, 2, 1, true))
		},
		"M13 an unknown outcome counts as sent": func(t *testing.T) {
			w := newWorld(t, nil)
			w.online(2)
			ask := w.ask(1)
			w.svc.MatchOnce(context.Background())
			w.tellDispatch(ticket.DeliveryUnknown)
			w.ackAll()
			if o := w.ticket(ask).Offers[0]; o.SentAt != w.at {
				t.Fatalf("%+v", o)
			}
		},
		"M14 a dispatch that is not on the wire is taken back": func(t *testing.T) {
			w := newWorld(t, nil)
			w.online(2)
			ask := w.ask(1)
			w.svc.MatchOnce(context.Background())
			w.tellDispatch(ticket.DeliveryRetry)
			must(t, w.cancel(ask, 1))
			w.pass(10 * time.Second)
			w.wantHeard(2)
		},
		"M14 one on the wire is followed by its rescind": func(t *testing.T) {
			w := newWorld(t, nil)
			w.online(2)
			ask := w.ask(1)
			w.svc.MatchOnce(context.Background())
			must(t, w.cancel(ask, 1))
			w.tellAll()
			w.ackAll()
			w.tellAll()
			w.wantHeard(2, "dispatch", "rescind:cancelled")
		},
		"M15 M16 an asker is asked, and searches on": func(t *testing.T) {
			w := newWorld(t, nil)
			w.online(1, 2)
			first := w.ask(1)
			w.at += 1000
			second := w.ask(2)
			w.settle()
			w.wantState(first, ticket.Offered)
			w.wantState(second, ticket.Held)
			if again := w.ask(2); again != second {
				t.Fatalf("A7 in H: %s", again)
			}
			left := w.ticket(second).AskLeft
			w.pass(3 * time.Second)
			must(t, w.answer(first, 2, 1, false))
			tk := w.ticket(second)
			if tk.State != ticket.Searching || tk.AskBy != w.at.Add(left) || w.claims()[2].AskNo != second {
				t.Fatalf("%+v", tk)
			}
		},
		"M17 an asker who takes the offer is done": func(t *testing.T) {
			w := newWorld(t, nil)
			w.online(1, 2)
			first := w.ask(1)
			w.at += 1000
			second := w.ask(2)
			w.settle()
			must(t, w.answer(first, 2, 1, true))
			w.wantEnd(second, ticket.ReasonMerged)
			w.wantState(first, ticket.Connecting)
			if tk := w.ticket(second); tk.MergedInto != first {
				t.Fatalf("%+v", tk)
			}
		},
	})
}

// A candidate whose evidence is old or weak is asked for at the vendor first.
func TestPresenceIsVerifiedBeforeAnOffer(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, off)
	asked := map[ticket.UID]int{}
	w.svc.Online = func(_ context.Context, _ string, uid ticket.UID) (bool, error) {
		asked[uid]++
		return uid == 3, nil
	}
	ask := w.ask(1)
	must(t, w.svc.RecordActivity(ctx, app, 2, w.at.Time()))
	w.settle()
	w.wantState(ask, ticket.Searching)
	must(t, w.svc.RecordVendorPresence(ctx, app, 3, "phone", true, w.at.Add(-30*time.Second)))
	w.settle()
	w.wantState(ask, ticket.Offered)
	w.wantHeard(3, "dispatch")
	if asked[2] != 1 || asked[3] != 1 {
		t.Fatalf("asked %v", asked)
	}
	must(t, w.answer(ask, 3, 1, false))
	_, err := w.svc.SetAvailability(ctx, app, 2, true)
	must(t, err)
	w.at += 1
	must(t, w.svc.RecordActivity(ctx, app, 2, w.at.Time()))
	w.settle()
	w.wantHeard(2, "dispatch") // the person's own word asks for offers
	if asked[2] != 1 {
		t.Fatalf("asked %v", asked)
	}
}
