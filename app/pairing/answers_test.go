package pairing

import (
	"context"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

func TestAnswers(t *testing.T) {
	two := with("fanout", "2", "cross_ask", "off")
	both := func(t *testing.T) (*world, string) {
		w := newWorld(t, two)
		w.online(2, 3)
		ask := w.ask(1)
		w.settle()
		return w, ask
	}
	rows(t, map[string]func(t *testing.T){
		"N1 the first pass wins": func(t *testing.T) {
			w, ask := both(t)
			must(t, w.answer(ask, 2, 1, true))
			w.settle()
			w.wantState(ask, ticket.Connecting)
			w.wantHeard(3, "dispatch", "rescind:taken")
			w.wantHeard(1, "matched")
			w.wantHeard(2, "dispatch", "matched")
			if c, _ := w.store.Candidate(context.Background(), app, 3); c.ReadyAt > w.at || c.Claimed {
				t.Fatalf("the loser has a cooldown: %+v", c)
			}
		},
		"N1 a pass within the grace still wins": func(t *testing.T) {
			w, ask := offered(t, nil)
			w.at = w.ticket(ask).Offers[0].Deadline + 500
			must(t, w.answer(ask, 2, 1, true))
		},
		"N1 a pass before the delivery is known still wins": func(t *testing.T) {
			w := newWorld(t, nil)
			w.online(2)
			ask := w.ask(1)
			w.svc.MatchOnce(context.Background())
			must(t, w.answer(ask, 2, 1, true))
		},
		"N2 a pass ends the ask when the payer cannot pay any more": func(t *testing.T) {
			w := newWorld(t, with("balance.min_ask", "5"))
			w.coins[1] = 5
			w.online(2)
			ask := w.ask(1)
			w.settle()
			w.coins[1] = 4
			wantErr(t, w.answer(ask, 2, 1, true), ticket.ErrBalance)
			w.wantEnd(ask, ticket.ReasonBalance)
			w.settle()
			w.wantHeard(1, "end:balance")
			w.wantHeard(2, "dispatch", "rescind:balance")
		},
		"N3 a candidate who has too few coins cannot pass": func(t *testing.T) {
			w, ask := offered(t, with("balance.answerer_min", "5"))
			wantErr(t, w.answer(ask, 2, 1, true), ticket.ErrBalance)
			w.wantState(ask, ticket.Searching)
			wantErr(t, w.answer(ask, 2, 1, true), ticket.ErrBalance)
		},
		"N4 a refusal frees the candidate after the cooldown and the search goes on": func(t *testing.T) {
			w, ask := offered(t, nil)
			must(t, w.answer(ask, 2, 1, false))
			w.wantState(ask, ticket.Searching)
			if c, _ := w.store.Candidate(context.Background(), app, 2); c.ReadyAt != w.at.Add(5*time.Second) || c.Card.Offers != 1 {
				t.Fatalf("%+v", c)
			}
			w.pass(20 * time.Second)
			w.wantState(ask, ticket.Searching) // the candidate refused this ask for good
		},
		"N5 the same answer again has the same code and changes nothing": func(t *testing.T) {
			w, ask := offered(t, nil)
			must(t, w.answer(ask, 2, 1, true))
			must(t, w.answer(ask, 2, 1, true))
			must(t, w.cancel(ask, 1))
			must(t, w.answer(ask, 2, 1, true))
		},
		"N6 a winner who refuses before the call opens the next round": func(t *testing.T) {
			w, ask := offered(t, nil)
			must(t, w.answer(ask, 2, 1, true))
			must(t, w.answer(ask, 2, 1, false))
			must(t, w.answer(ask, 2, 1, false))
			if tk := w.ticket(ask); tk.State != ticket.Searching || tk.RoundNo() != 2 || tk.Rounds[0].EndReason != ticket.ReasonPeerWithdrew {
				t.Fatalf("%+v", tk)
			}
		},
		"N6 a winner cannot refuse once the call is seen": func(t *testing.T) {
			w, ask := talking(t, nil)
			wantErr(t, w.answer(ask, 2, 1, false), ticket.ErrNoOffer)
			w.wantState(ask, ticket.Preview)
		},
		"N7 N14 an answer after the time-out is too late": func(t *testing.T) {
			w, ask := offered(t, nil)
			w.pass(11 * time.Second)
			w.wantState(ask, ticket.Searching)
			wantErr(t, w.answer(ask, 2, 1, true), ticket.ErrTooLate)
			if c, _ := w.store.Candidate(context.Background(), app, 2); c.Card.RNA != 1 || c.ReadyAt <= w.at {
				t.Fatalf("%+v", c)
			}
		},
		"N7 a pass after the deadline is too late, also before the timer fires": func(t *testing.T) {
			w, ask := offered(t, nil)
			w.at = w.ticket(ask).Offers[0].Deadline + 501
			wantErr(t, w.answer(ask, 2, 1, true), ticket.ErrTooLate)
		},
		"N8 N13 of two passes the second is told that somebody else was faster": func(t *testing.T) {
			w, ask := both(t)
			must(t, w.answer(ask, 3, 1, true))
			wantErr(t, w.answer(ask, 2, 1, true), ticket.ErrTaken)
		},
		"N9 an answer to an ask that is over is told so": func(t *testing.T) {
			w, ask := offered(t, nil)
			must(t, w.cancel(ask, 1))
			wantErr(t, w.answer(ask, 2, 1, true), ticket.ErrEnded)
		},
		"N10 an answer to another round has the code of that round's offer": func(t *testing.T) {
			w, ask := offered(t, nil)
			wantErr(t, w.answer(ask, 2, 2, true), ticket.ErrWrongRound)
			w.pass(11 * time.Second)
			w.pass(30 * time.Second)
			if tk := w.ticket(ask); tk.RoundNo() < 2 {
				t.Fatal("still in round 1")
			}
			wantErr(t, w.answer(ask, 2, 1, true), ticket.ErrTooLate)
			wantErr(t, w.answer(ask, 9, 1, true), ticket.ErrWrongRound)
		},
		"N11 N12 who was never offered, or names no ask, is told so": func(t *testing.T) {
			w, ask := offered(t, nil)
			wantErr(t, w.answer(ask, 9, 1, true), ticket.ErrNoOffer)
			wantErr(t, w.answer("1", 2, 1, true), ticket.ErrUnknownAsk)
			wantErr(t, w.svc.Answer(context.Background(), "other", ask, 2, 1, true), ticket.ErrUnknownAsk)
		},
		"N14 a candidate who never answers is paused": func(t *testing.T) {
			w := newWorld(t, with("max_rna", "2", "rna_cooldown", "0s", "ask_ttl", "5m", "max_rounds", "9", "round_timeout", "12s"))
			w.online(2)
			ask := w.ask(1)
			w.pass(40 * time.Second)
			if c, _ := w.store.Candidate(context.Background(), app, 2); !c.Paused {
				t.Fatalf("%+v", c)
			}
			n := len(w.ticket(ask).Offers)
			w.pass(20 * time.Second)
			if len(w.ticket(ask).Offers) != n || n != 2 {
				t.Fatalf("%d offers", len(w.ticket(ask).Offers))
			}
			_, err := w.svc.SetAvailability(context.Background(), app, 2, true)
			must(t, err)
			w.pass(13 * time.Second)
			if len(w.ticket(ask).Offers) <= n {
				t.Fatalf("the candidate is back and was not asked: %+v", w.ticket(ask))
			}
		},
		"N16 a candidate who leaves loses the offer without a silence counted": func(t *testing.T) {
			for name, leave := range map[string]func(w *world){
				"logout":      func(w *world) { must(t, w.leave(2)) },
				"unavailable": func(w *world) { _, err := w.svc.SetAvailability(context.Background(), app, 2, false); must(t, err) },
				"offline":     func(w *world) { w.offline(2); w.pass(2100 * time.Millisecond) },
			} {
				w, ask := offered(t, nil)
				leave(w)
				w.wantState(ask, ticket.Searching)
				if o := w.ticket(ask).Offers[0]; o.State != ticket.OfferRescinded || o.Reason != ticket.ReasonCandidateGone {
					t.Fatalf("%s: %+v", name, o)
				}
			}
			w, ask := offered(t, nil)
			w.offline(2)
			w.pass(time.Second)
			w.online(2)
			w.pass(3 * time.Second)
			w.wantState(ask, ticket.Offered)
		},
	})
}
