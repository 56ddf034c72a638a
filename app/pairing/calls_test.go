package pairing

import (
	"context"
	"errors"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

// entries lists what is written for somebody of kind, still to be told or told.
func (w *world) orders() []string {
	var out []string
	for _, j := range w.pending {
		if j.Entry.Kind == ticket.ToVendor {
			out = append(out, j.Entry.CallID)
		}
	}
	return out
}

func (w *world) billed(key string) (n int, seconds int64) {
	for _, c := range w.bills[key] {
		n++
		seconds = c.Seconds
	}
	return n, seconds
}

func TestCalls(t *testing.T) {
	rows(t, map[string]func(t *testing.T){
		"C1 a call that is seen begins the preview and names the record": func(t *testing.T) {
			w, ask := talking(t, nil)
			tk := w.ticket(ask)
			if r := tk.Round(); r.CallID != "c" || r.StartAt != int64(w.at)/1000 || tk.ConfirmBy == 0 {
				t.Fatalf("%+v", tk)
			}
			must(t, w.started(ask, 1, "c", 1, 2))
		},
		"C2 a call of other people or another round is ignored": func(t *testing.T) {
			w, ask := offered(t, nil)
			must(t, w.answer(ask, 2, 1, true))
			wantErr(t, w.started(ask, 1, "c", 1, 9), ticket.ErrMismatch)
			wantErr(t, w.started(ask, 2, "c", 1, 2), ticket.ErrMismatch)
			w.wantState(ask, ticket.Connecting)
		},
		"C3 a round in which nobody calls is closed": func(t *testing.T) {
			w, ask := offered(t, nil)
			must(t, w.answer(ask, 2, 1, true))
			w.pass(16 * time.Second)
			tk := w.ticket(ask)
			if tk.State != ticket.Searching || tk.RoundNo() != 2 || !tk.Excludes(2) {
				t.Fatalf("%+v", tk)
			}
			w.wantHeard(1, "matched", "round:connect_timeout")
		},
		"C4 a call that ends before a like opens the next round": func(t *testing.T) {
			w, ask := talking(t, nil)
			must(t, w.over(ask, 1, "c"))
			w.settle()
			if tk := w.ticket(ask); tk.State != ticket.Searching || tk.RoundNo() != 2 {
				t.Fatalf("%+v", tk)
			}
			w.wantHeard(2, "dispatch", "matched", "round_end:call_failed")
		},
		"C5 a call that ends before a like in the last round ends the ask": func(t *testing.T) {
			w, ask := talking(t, with("max_rounds", "1"))
			must(t, w.over(ask, 1, "c"))
			w.wantEnd(ask, ticket.ReasonMaxRounds)
		},
		"C6 a like starts the billing": func(t *testing.T) {
			w, ask := likedCall(t, nil)
			if n, _ := w.billed(ask + ":1:start"); n != 1 || w.ticket(ask).CallBy == 0 {
				t.Fatalf("%d starts", n)
			}
		},
		"C6 a like that overtakes the news of the call names the call": func(t *testing.T) {
			w, ask := offered(t, nil)
			must(t, w.answer(ask, 2, 1, true))
			must(t, w.confirm(ask, 1, 1, 2, "c", true))
			w.wantState(ask, ticket.Liked)
			w.audit.recordedLive(ask)
		},
		"C7 who is short may top up and like again": func(t *testing.T) {
			w, ask := talking(t, with("balance.min_like", "5"))
			wantErr(t, w.confirm(ask, 1, 1, 2, "c", true), ticket.ErrBalance)
			w.wantState(ask, ticket.Preview)
			w.balance = errors.New("down")
			wantErr(t, w.confirm(ask, 1, 1, 2, "c", true), ticket.ErrUnavailable)
			w.balance, w.coins[1] = nil, 5
			must(t, w.confirm(ask, 1, 1, 2, "c", true))
		},
		"C8 a dislike hangs up and opens the next round": func(t *testing.T) {
			w, ask := talking(t, nil)
			must(t, w.confirm(ask, 1, 1, 2, "c", false))
			if o := w.orders(); len(o) != 1 || o[0] != "c" {
				t.Fatalf("hung up %v", o)
			}
			w.settle()
			if tk := w.ticket(ask); tk.State != ticket.Searching || tk.Rounds[0].EndReason != ticket.ReasonDislike || len(w.bills) != 0 {
				t.Fatalf("%+v", tk)
			}
			met, err := w.store.RecentPeers(context.Background(), app, 2, 0, 9)
			must(t, err)
			if len(met) != 1 || met[0] != 1 {
				t.Fatalf("met %v", met)
			}
		},
		"C9 C10 a like again changes nothing, a dislike after it is refused": func(t *testing.T) {
			w, ask := likedCall(t, nil)
			v := w.ticket(ask).Version
			must(t, w.confirm(ask, 1, 1, 2, "c", true))
			wantErr(t, w.confirm(ask, 1, 1, 2, "c", false), ticket.ErrConfirmed)
			if w.ticket(ask).Version != v {
				t.Fatal("something changed")
			}
		},
		"C11 a confirm of another round, person or call is refused": func(t *testing.T) {
			w, ask := talking(t, nil)
			wantErr(t, w.confirm(ask, 1, 2, 2, "c", true), ticket.ErrWrongRound)
			wantErr(t, w.confirm(ask, 1, 1, 9, "c", true), ticket.ErrMismatch)
			wantErr(t, w.confirm(ask, 1, 1, 2, "d", true), ticket.ErrMismatch)
			wantErr(t, w.confirm(ask, 2, 1, 2, "c", true), ticket.ErrUnknownAsk)
		},
		"C12 a repeated confirm has its first code after the round moved on": func(t *testing.T) {
			w, ask := talking(t, nil)
			must(t, w.confirm(ask, 1, 1, 2, "c", false))
			must(t, w.confirm(ask, 1, 1, 2, "c", false))
			wantErr(t, w.confirm(ask, 1, 1, 2, "c", true), ticket.ErrWrongRound)
			must(t, w.cancel(ask, 1))
			must(t, w.confirm(ask, 1, 1, 2, "c", false))
			wantErr(t, w.confirm(ask, 1, 1, 2, "c", true), ticket.ErrEnded)
		},
		"C13 without a confirm the configured action is taken": func(t *testing.T) {
			for action, check := range map[string]func(w *world, ask string){
				"end":     func(w *world, ask string) { w.wantEnd(ask, ticket.ReasonConfirmTimeout) },
				"dislike": func(w *world, ask string) { w.wantState(ask, ticket.Searching) },
				"like":    func(w *world, ask string) { w.wantState(ask, ticket.Liked) },
			} {
				w, ask := talking(t, with("confirm_action", action))
				w.pass(31 * time.Second)
				check(w, ask)
			}
		},
		"C14 the vendor says that the liked call ended": func(t *testing.T) {
			w, ask := likedCall(t, nil)
			w.pass(61 * time.Second)
			must(t, w.over(ask, 1, "c"))
			must(t, w.over(ask, 1, "c"))
			w.settle()
			w.wantEnd(ask, ticket.ReasonCallEnded)
			if n, s := w.billed(ask + ":1:settle"); n != 1 || s != 61 {
				t.Fatalf("%d bills of %d s", n, s)
			}
		},
		"C14 one client alone does not end it, two do": func(t *testing.T) {
			w, ask := likedCall(t, nil)
			say := func(uid ticket.UID) {
				must(t, w.svc.CallOver(context.Background(), app, ask, ticket.CallEnded{By: uid, Round: 1, CallID: "c", Witness: ticket.FromClient}))
			}
			say(2)
			say(2)
			w.pass(10 * time.Second)
			w.wantState(ask, ticket.Liked)
			say(1)
			w.wantEnd(ask, ticket.ReasonCallEnded)
			w.settle()
			if _, s := w.billed(ask + ":1:settle"); s != 0 {
				t.Fatalf("billed %d s after the first word", s)
			}
		},
		"C14 a call does not end before its like, whatever the clock of the replica that hears so": func(t *testing.T) {
			w, ask := likedCall(t, nil)
			liked := w.ticket(ask).Round().LikedAt
			w.at = w.at.Add(-300 * time.Millisecond)
			for _, uid := range []ticket.UID{2, 1} {
				must(t, w.svc.CallOver(context.Background(), app, ask, ticket.CallEnded{By: uid, Round: 1, CallID: "c", Witness: ticket.FromClient}))
			}
			w.wantEnd(ask, ticket.ReasonCallEnded)
			w.settle()
			if n, s := w.billed(ask + ":1:settle"); n != 1 || s != 0 || w.ticket(ask).Round().EndAt != liked {
				t.Fatalf("%d bills of %d s, liked at %d, ended at %d", n, s, liked, w.ticket(ask).Round().EndAt)
			}
		},
		"D4 the watchdog ends a liked call that one side left": func(t *testing.T) {
			w, ask := likedCall(t, nil)
			w.offline(1)
			w.pass(20 * time.Second)
			w.online(1)
			w.pass(20 * time.Second)
			w.wantState(ask, ticket.Liked)
			w.offline(2)
			w.pass(31 * time.Second)
			w.wantEnd(ask, ticket.ReasonCallEnded)
			if _, s := w.billed(ask + ":1:settle"); s != 40 {
				t.Fatalf("billed %d s, the last one left after 40", s)
			}
		},
		"C15 a liked call that is too long is ended and settled": func(t *testing.T) {
			w, ask := likedCall(t, with("call_max", "1m"))
			w.pass(61 * time.Second)
			w.wantEnd(ask, ticket.ReasonCallEnded)
		},
		"C16 the end of some other call changes nothing": func(t *testing.T) {
			w, ask := talking(t, nil)
			must(t, w.over(ask, 1, "other"))
			must(t, w.over(ask, 0, ""))
			w.wantState(ask, ticket.Preview)
		},
		"C17 a call that crossed the cancel is hung up without record or bill": func(t *testing.T) {
			w, ask := offered(t, nil)
			must(t, w.answer(ask, 2, 1, true))
			must(t, w.cancel(ask, 1))
			w.settle()
			wantErr(t, w.started(ask, 1, "late", 1, 2), ticket.ErrEnded)
			wantErr(t, w.started(ask, 1, "late", 1, 2), ticket.ErrEnded)
			if o := w.orders(); len(o) != 1 || o[0] != "late" {
				t.Fatalf("hung up %v", o)
			}
		},
	})
}

func TestCancelsAndLeaving(t *testing.T) {
	rows(t, map[string]func(t *testing.T){
		"X1 X5 a cancel while searching ends the ask, a second one changes nothing": func(t *testing.T) {
			w := newWorld(t, nil)
			ask := w.ask(1)
			must(t, w.cancel(ask, 1))
			must(t, w.cancel(ask, 1))
			w.wantEnd(ask, ticket.ReasonCancelled)
		},
		"X1 a cancel of a held ask leaves the asker's open offer": func(t *testing.T) {
			w := newWorld(t, nil)
			w.online(1, 2)
			first := w.ask(1)
			w.at += 1000
			second := w.ask(2)
			w.settle()
			must(t, w.cancel(second, 2))
			w.wantEnd(second, ticket.ReasonCancelled)
			w.wantState(first, ticket.Offered)
			must(t, w.answer(first, 2, 1, false))
			if c, held := w.claims()[2]; held {
				t.Fatalf("%+v", c)
			}
		},
		"X2 a cancel while offered takes the offers back": func(t *testing.T) {
			w, ask := offered(t, nil)
			must(t, w.cancel(ask, 1))
			w.settle()
			w.wantHeard(2, "dispatch", "rescind:cancelled")
			if c, _ := w.store.Candidate(context.Background(), app, 2); c.ReadyAt > w.at {
				t.Fatalf("%+v", c)
			}
		},
		"X3 a cancel before or in the preview hangs up and tells the peer": func(t *testing.T) {
			w, ask := talking(t, nil)
			must(t, w.cancel(ask, 1))
			if len(w.orders()) != 1 {
				t.Fatal("not hung up")
			}
			w.settle()
			w.wantEnd(ask, ticket.ReasonCancelled)
			w.wantHeard(2, "dispatch", "matched", "end:cancelled")
		},
		"X4 a cancel in the liked call settles it": func(t *testing.T) {
			w, ask := likedCall(t, nil)
			must(t, w.cancel(ask, 1))
			w.settle()
			w.wantEnd(ask, ticket.ReasonCallEnded)
			if n, _ := w.billed(ask + ":1:settle"); n != 1 {
				t.Fatalf("%d settles", n)
			}
		},
		"X6 nobody cancels somebody else's ask": func(t *testing.T) {
			w, ask := talking(t, nil)
			wantErr(t, w.cancel(ask, 2), ticket.ErrUnknownAsk)
			wantErr(t, w.cancel("1", 1), ticket.ErrUnknownAsk)
		},
		"X7 of a pass and a cancel at once the first one counts": func(t *testing.T) {
			w, ask := offered(t, nil)
			must(t, w.answer(ask, 2, 1, true))
			must(t, w.cancel(ask, 1))
			w.wantEnd(ask, ticket.ReasonCancelled)
			w, ask = offered(t, nil)
			must(t, w.cancel(ask, 1))
			wantErr(t, w.answer(ask, 2, 1, true), ticket.ErrEnded)
		},
		"X8 a short balance keeps nobody from leaving": func(t *testing.T) {
			w := newWorld(t, with("balance.min_ask", "5"))
			w.coins[1] = 5
			ask := w.ask(1)
			w.coins[1] = 0
			must(t, w.cancel(ask, 1))
		},
		"D1 an asker who is gone longer than the grace ends the ask": func(t *testing.T) {
			w, ask := offered(t, nil)
			w.offline(1)
			w.pass(9 * time.Second)
			w.wantState(ask, ticket.Offered)
			w.pass(2 * time.Second)
			w.wantEnd(ask, ticket.ReasonAskerGone)
			w, ask = offered(t, nil)
			must(t, w.leave(1))
			w.wantEnd(ask, ticket.ReasonAskerGone)
		},
		"D1 an asker who leaves a held ask ends it and the offer": func(t *testing.T) {
			w := newWorld(t, nil)
			w.online(1, 2)
			first := w.ask(1)
			w.at += 1000
			second := w.ask(2)
			w.settle()
			must(t, w.leave(2))
			w.wantEnd(second, ticket.ReasonAskerGone)
			w.wantState(first, ticket.Searching)
		},
		"D2 D3 who leaves the preview ends the ask as its asker, the round as its peer": func(t *testing.T) {
			w, ask := talking(t, nil)
			w.offline(1)
			w.pass(11 * time.Second)
			w.wantEnd(ask, ticket.ReasonAskerGone)
			w, ask = talking(t, nil)
			w.offline(2)
			w.pass(6 * time.Second)
			if tk := w.ticket(ask); tk.State != ticket.Searching || tk.Rounds[0].EndReason != ticket.ReasonPeerGone {
				t.Fatalf("%+v", tk)
			}
		},
		"D5 a ban takes asker, candidate and peer out": func(t *testing.T) {
			ctx := context.Background()
			w, ask := offered(t, nil)
			must(t, w.svc.Ban(ctx, app, 2))
			w.wantState(ask, ticket.Searching)
			must(t, w.svc.Ban(ctx, app, 1))
			w.wantEnd(ask, ticket.ReasonModeration)
			w, ask = talking(t, nil)
			must(t, w.svc.Ban(ctx, app, 2))
			if tk := w.ticket(ask); tk.RoundNo() != 2 {
				t.Fatalf("%+v", tk)
			}
			w, ask = likedCall(t, nil)
			must(t, w.svc.Ban(ctx, app, 2))
			w.wantEnd(ask, ticket.ReasonModeration)
		},
		"Y1 a dead replica's dispatch is sent by another": func(t *testing.T) {
			w := newWorld(t, nil)
			w.online(2)
			ask := w.ask(1)
			w.svc.MatchOnce(context.Background())
			w.restart() // before anything was sent
			w.pass(3500 * time.Millisecond)
			w.wantState(ask, ticket.Offered)
			w.wantHeard(2, "dispatch")
		},
		"Y2 a closing replica takes no new asks and serves the others": func(t *testing.T) {
			w, ask := offered(t, nil)
			w.svc.Close()
			wantErr(t, w.tryAsk(3), ErrClosed)
			must(t, w.answer(ask, 2, 1, true))
		},
		"Y4 a live ticket keeps its configuration": func(t *testing.T) {
			w, ask := offered(t, nil)
			w.values["pair.answer_timeout"], w.values["pair.enabled"] = "1m", "false"
			w.pass(11 * time.Second)
			if o := w.ticket(ask).Offers[0]; o.State != ticket.OfferTimedOut {
				t.Fatalf("%+v", o)
			}
			wantErr(t, w.tryAsk(3), ErrClosed)
		},
		"Y6 a replica whose clock runs off fires nothing": func(t *testing.T) {
			w := newWorld(t, nil)
			ask := w.ask(1)
			w.skews[0] = time.Second
			w.restart()
			w.svc.SkewMax = 250 * time.Millisecond
			w.pass(70 * time.Second)
			w.wantState(ask, ticket.Searching)
		},
	})
}

// recordedLive: a running call has its record, which nobody can delete (R3).
func (a *audit) recordedLive(ask string) {
	t, ctx := a.w.ticket(ask), context.Background()
	for _, uid := range []ticket.UID{t.Asker, t.Round().Peer} {
		list, err := a.w.svc.Records(ctx, app, uid, Cursor{}, 1)
		if err != nil || len(list) != 1 || list[0].AskNo != ask || list[0].EndAt != 0 || !list[0].Liked {
			a.fail(18, "records %+v %v", list, err)
		}
		if err := a.w.svc.DeleteRecord(ctx, app, ask, t.Round().StartAt, uid); !errors.Is(err, ErrRecordLive) {
			a.fail(18, "deleted while the call runs: %v", err)
		}
	}
}

func TestInfoShowsEachWhatIsTheirs(t *testing.T) {
	w, ask := talking(t, nil)
	ctx := context.Background()
	full := ticket.View{Status: 2, AskNo: ask, Asker: 1, CallID: "c", Peer: 2}
	for uid, want := range map[ticket.UID]ticket.View{1: full, 2: full} {
		if got, err := w.svc.Info(ctx, app, 1, ask, uid); err != nil || got != want {
			t.Errorf("%d: %+v %v", uid, got, err)
		}
	}
	_, err := w.svc.Info(ctx, app, 1, ask, 9)
	wantErr(t, err, ticket.ErrUnknownAsk)
	w, ask = offered(t, nil)
	if got, err := w.svc.Info(ctx, app, 1, ask, 2); err != nil || got != (ticket.View{AskNo: ask, Asker: 1}) {
		t.Errorf("offered: %+v %v", got, err)
	}
	must(t, w.answer(ask, 2, 1, false))
	if got, err := w.svc.Info(ctx, app, 1, ask, 2); err != nil || got != (ticket.View{Status: 1, AskNo: ask, Asker: 1}) {
		t.Errorf("refused: %+v %v", got, err)
	}
	w.svc.Configs = &Configs{Source: func(context.Context, string, int) (map[string]string, error) { return nil, ErrNoConfig }}
	_, err = w.svc.Info(ctx, app, 1, "1", 1)
	wantErr(t, err, ErrNoConfig)
}
