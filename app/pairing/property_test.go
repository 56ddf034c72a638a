package pairing

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// play runs one random history: people who ask, answer, call and leave at any
// time, deliveries that fail, crashes, and a clock that jumps.
func play(t *rapid.T, w *world) {
	ctx := context.Background()
	users := []UID{1, 2, 3, 4, 5, 6}
	var asks []string
	user := func() UID { return rapid.SampledFrom(users).Draw(t, "user") }
	ask := func() string {
		if len(asks) == 0 {
			t.Skip("no ask yet")
		}
		return asks[len(asks)-1-rapid.IntRange(0, min(3, len(asks)-1)).Draw(t, "back")]
	}
	// round is mostly the current one.
	round := func(no string) int {
		tk := w.ticket(no)
		return max(1, tk.RoundNo()-rapid.SampledFrom([]int{0, 0, 0, 0, 1, -1}).Draw(t, "old"))
	}
	known := func(err error) {
		for _, e := range []error{ErrBalance, ErrUnknownAsk, ErrEnded, ErrWrongRound, ErrNoOffer, ErrTooLate, ErrTaken, ErrBusy,
			ErrMismatch, ErrTooMany, ErrUnavailable, ErrClosed, ErrConfirmed, ErrRecordLive, ErrNoCandidate} {
			if errors.Is(err, e) {
				return
			}
		}
		must(t, err)
	}
	// twice repeats a request: the second adds nothing and is told the same
	// unless time or somebody else moved the ask on (invariant 7).
	twice := func(no string, do func() error) {
		first := do()
		known(first)
		if errors.Is(first, ErrTooMany) || errors.Is(first, ErrUnavailable) {
			return
		}
		version := w.ticket(no).Version
		second := do()
		if w.ticket(no).Version != version {
			t.Fatalf("invariant 7: the repeat moved %s", no)
		}
		if first == nil && second != nil {
			t.Fatalf("invariant 7: first %v, then %v", first, second)
		}
	}
	call := func(no string, r int) string { return fmt.Sprintf("%s-%d", no, r) }
	acts := map[string]func(*rapid.T){
		"online":  func(*rapid.T) { w.online(user()) },
		"offline": func(*rapid.T) { w.offline(user()) },
		"logout":  func(*rapid.T) { known(w.svc.LoggedOut(ctx, app, user())) },
		"avail": func(t *rapid.T) {
			_, err := w.svc.SetAvail(ctx, app, user(), rapid.IntRange(0, 3).Draw(t, "off") > 0)
			known(err)
		},
		"ban": func(t *rapid.T) {
			if rapid.IntRange(0, 9).Draw(t, "rare") == 0 {
				known(w.svc.Ban(ctx, app, user()))
			}
		},
		"coins": func(t *rapid.T) { w.coins[user()] = rapid.Int64Range(0, 3).Draw(t, "coins") },
		"balance source": func(t *rapid.T) {
			w.balance = rapid.SampledFrom([]error{nil, nil, errors.New("down")}).Draw(t, "balance")
		},
		"channel": func(t *rapid.T) { w.channel = rapid.IntRange(0, 4).Draw(t, "up") > 0 },
		"ask": func(*rapid.T) {
			no, err := w.svc.Ask(ctx, app, 1, user())
			known(err)
			if errors.Is(err, ErrBalance) && w.balance != nil {
				t.Fatalf("invariant 19: short was said without the source")
			}
			if err == nil && (len(asks) == 0 || asks[len(asks)-1] != no) {
				asks = append(asks, no)
			}
		},
		"answer": func(t *rapid.T) {
			no := ask()
			uid, r, pass := user(), round(no), rapid.IntRange(0, 2).Draw(t, "pass") > 0
			if before := w.ticket(no); r != before.RoundNo() && w.between == nil {
				known(w.answer(no, uid, r, pass))
				if after := w.ticket(no); after.Version != before.Version && !reflect.DeepEqual(after.Offers, before.Offers) {
					t.Fatalf("invariant 11: an answer of round %d changed round %d", r, before.RoundNo())
				}
			}
			twice(no, func() error { return w.answer(no, uid, r, pass) })
		},
		"answer what is open": func(t *rapid.T) {
			for _, no := range asks {
				tk := w.ticket(no)
				for _, o := range tk.Offers {
					if o.State == OfferOpen {
						pass := rapid.IntRange(0, 2).Draw(t, "pass") > 0
						known(w.answer(no, o.UID, o.Round, pass))
						return
					}
				}
			}
		},
		"answer too late": func(t *rapid.T) {
			for _, no := range asks {
				for _, o := range w.ticket(no).Offers {
					if o.State != OfferTimedOut {
						continue
					}
					offers := w.ticket(no).Offers
					if err := w.answer(no, o.UID, o.Round, true); err == nil || !reflect.DeepEqual(offers, w.ticket(no).Offers) && w.between == nil {
						t.Fatalf("invariant 11: a late answer was told %v and changed %s", err, no)
					}
					return
				}
			}
		},
		"quick rounds": func(t *rapid.T) { // two rounds within the same second
			no := ask()
			for range 2 {
				w.settle()
				tk := w.ticket(no)
				for _, o := range tk.Offers {
					if o.State == OfferOpen {
						known(w.answer(no, o.UID, o.Round, true))
						known(w.started(no, o.Round, call(no, o.Round), tk.Asker, o.UID))
						known(w.confirm(no, tk.Asker, o.Round, o.UID, call(no, o.Round), false))
						break
					}
				}
			}
		},
		"confirm": func(t *rapid.T) {
			no := ask()
			tk := w.ticket(no)
			r := round(no)
			peer := tk.Rounds[min(r, len(tk.Rounds))-1].Peer
			like := rapid.Bool().Draw(t, "like")
			twice(no, func() error { return w.confirm(no, tk.Asker, r, peer, call(no, r), like) })
		},
		"cancel": func(t *rapid.T) {
			no := ask()
			tk := w.ticket(no)
			if rapid.IntRange(0, 2).Draw(t, "rare") == 0 {
				twice(no, func() error { return w.cancel(no, tk.Asker) })
			}
		},
		"call started": func(*rapid.T) {
			no := ask()
			r := round(no)
			tk := w.ticket(no)
			twice(no, func() error { return w.started(no, r, call(no, r), tk.Asker, tk.Round().Peer) })
		},
		"call ended": func(*rapid.T) {
			no := ask()
			r := round(no)
			twice(no, func() error { return w.over(no, r, call(no, r)) })
		},
		"client says ended": func(*rapid.T) {
			no := ask()
			r, by := round(no), user()
			known(w.svc.CallOver(ctx, app, no, CallEnded{By: by, Round: r, CallID: call(no, r), Witness: FromClient}))
		},
		"info": func(*rapid.T) {
			no, uid := ask(), user()
			v, err := w.svc.Info(ctx, app, 1, no, uid)
			known(err)
			tk := w.ticket(no)
			if v.Peer != 0 && uid != tk.Asker && uid != tk.Round().Peer {
				t.Fatalf("invariant 17: %d was shown the peer of %s", uid, no)
			}
		},
		"deliver": func(t *rapid.T) {
			if len(w.pending) > 0 {
				w.tell(rapid.IntRange(0, len(w.pending)-1).Draw(t, "which"), rapid.SampledFrom([]Tell{TellDone, TellDone, TellDone, TellUnknown, TellRetry, TellNever}).Draw(t, "how"))
			}
		},
		"deliver all": func(*rapid.T) { w.tellAll() },
		"match":       func(*rapid.T) { w.svc.MatchOnce(ctx); w.fair(t) },
		"ack":         func(*rapid.T) { w.svc.AckOnce(ctx) },
		"replica":     func(*rapid.T) { w.nextReplica() },
		"race": func(t *rapid.T) { // the next write meets a rival who read the same
			rival := rapid.IntRange(0, 4).Draw(t, "rival")
			pass := rapid.Bool().Draw(t, "pass")
			w.between = func() { w.rival(asks, rival, pass) }
		},
		"sweep": func(*rapid.T) { w.svc.SweepOnce(ctx) },
		"wait a bit": func(t *rapid.T) {
			w.at += Instant(rapid.IntRange(1, 3000).Draw(t, "ms"))
			w.svc.SweepOnce(ctx)
		},
		"wait long": func(t *rapid.T) {
			w.at += Instant(rapid.IntRange(1, 40_000).Draw(t, "ms"))
			w.svc.SweepOnce(ctx)
		},
		"crash": func(t *rapid.T) {
			if rapid.IntRange(0, 4).Draw(t, "rare") == 0 {
				w.restart()
			}
		},
		"": func(*rapid.T) { w.audit.told() },
	}
	acts["remembered"] = func(t *rapid.T) {
		for no, cached := range w.svc.live {
			if tk := w.ticket(no); tk.Version != cached.Version {
				t.Fatalf("%s is remembered at version %d and is at %d", no, cached.Version, tk.Version)
			}
		}
	}
	t.Repeat(acts)
	w.quiesce()
}

// rival is what another replica does to the same asks meanwhile.
func (w *world) rival(asks []string, what int, pass bool) {
	ctx := context.Background()
	w.nextReplica()
	defer w.nextReplica()
	if what == 0 {
		w.svc.SweepOnce(ctx)
		return
	}
	if what == 1 {
		w.svc.MatchOnce(ctx)
		return
	}
	for _, no := range asks {
		tk := w.ticket(no)
		for _, o := range tk.Offers {
			switch {
			case o.State == OfferOpen && what == 2:
				_ = w.answer(no, o.UID, o.Round, pass) // what it is told is checked elsewhere
				return
			case o.State == OfferOpen && what == 3:
				_ = w.cancel(no, tk.Asker)
				return
			case o.State == OfferPassed && tk.State == Preview && what == 4:
				_ = w.confirm(no, tk.Asker, o.Round, o.UID, tk.Round().CallID, pass)
				return
			}
		}
	}
}

// fair is invariant 14 right after a matching round, as far as this replica has
// heard of what the other one did: it polls twice a second.
func (w *world) fair(t *rapid.T) {
	if !w.channel {
		return
	}
	for _, p := range w.svc.allPools() {
		for _, wt := range p.waiters {
			if now := w.ticket(wt.t.AskNo); now.State != Searching || !now.open(w.at) || now.Version != wt.t.Version {
				continue
			}
			for _, m := range p.members {
				if _, taken := w.store.claims[person{app, m.c.UID}]; !taken && m.node != nil && p.suits(wt, m) {
					if _, present := m.c.proof(w.at); present {
						t.Fatalf("invariant 14: %s waits beside idle %d", wt.t.AskNo, m.c.UID)
					}
				}
			}
		}
	}
}

// quiesce lets everything come to its end with all clients silent.
func (w *world) quiesce() {
	ctx := context.Background()
	w.values["pair.enabled"] = "false" // Y4: nothing new
	w.channel, w.balance = true, nil
	cfg := Default()
	bound := w.at.Add(2 * cfg.longest())
	for w.at < bound && !w.atRest() {
		w.svc.SweepOnce(ctx)
		w.tellAll()
		w.ackAll()
		w.at += 400
	}
	w.audit.quiet()
	w.audit.told()
}

func (w *world) atRest() bool {
	for _, r := range w.store.tickets {
		if r.ticket.State == Liked {
			w.at = max(w.at, min(r.ticket.CallBy, w.at.Add(10*time.Minute)))
			return false
		}
		if r.ticket.State != Ended || len(r.ticket.Outbox) > 0 {
			return false
		}
	}
	return len(w.pending) == 0
}

// settings are the worlds that every history is played in.
var settings = map[string]map[string]string{
	"seed defaults":   {},
	"fan-out":         {"pair.fanout": "3", "pair.cross_ask": "off", "pair.ask_while_offered": "reject"},
	"progressive":     {"pair.fanout": "2", "pair.progressive": "2s", "pair.dup_ask": "replace", "pair.cross_ask": "first"},
	"rounds by offer": {"pair.round_mode": "dispatch", "pair.max_rounds": "3", "pair.confirm_action": "dislike"},
	"billing":         {"pair.balance.min_ask": "1", "pair.balance.min_like": "2", "pair.balance.answerer_min": "1", "pair.price": "2"},
	"short offers":    {"pair.offer_overrun": "0s", "pair.no_candidate": "end", "pair.confirm_action": "like", "pair.max_rna": "1"},
	"strict seed":     {"pair.push.extra": "false", "pair.events": "false", "pair.payer": "peer"},
	"batch":           {"pair.window": "1s", "pair.strategy": "score"},
}

func TestInvariantsHoldInEveryHistory(t *testing.T) {
	for name, values := range settings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				v := map[string]string{"pair.ask_rate": "0", "pair.admission": "false"}
				for k, val := range values {
					v[k] = val
				}
				play(rt, newWorld(rt, v))
			})
		})
	}
}

func TestInvariantsHoldForOneReplicaThatDoesNotAskTheStore(t *testing.T) {
	for name, values := range settings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				v := map[string]string{"pair.ask_rate": "0", "pair.admission": "false"}
				for k, val := range values {
					v[k] = val
				}
				w := newWorld(rt, v)
				w.alone = true
				w.restart()
				play(rt, w)
			})
		})
	}
}

func TestInvariantsHoldWithClocksAnHourApart(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, map[string]string{"pair.fanout": "2", "pair.ask_rate": "0"})
		w.skew = time.Duration(rapid.IntRange(-3600, 3600).Draw(rt, "skew")) * time.Second
		w.restart()
		play(rt, w)
	})
}
