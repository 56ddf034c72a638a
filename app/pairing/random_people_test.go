package pairing

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"pgregory.net/rapid"

	"switchboard/app/pairing/ticket"
)

// play runs one random history: people who ask, answer, call and leave at any
// time, deliveries that fail, crashes, and a clock that jumps.
func play(t *rapid.T, w *world) {
	ctx := context.Background()
	if rapid.Bool().Draw(t, "a business server") {
		w.profiles = map[ticket.UID]Profile{}
		w.restart()
	}
	users := []ticket.UID{1, 2, 3, 4, 5, 6}
	var asks []string
	user := func() ticket.UID { return rapid.SampledFrom(users).Draw(t, "user") }
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
		if code(err) == nil {
			must(t, err)
		}
	}
	// owes checks that "short" was said of somebody who has to pay (invariant 19).
	owes := func(err error, who ...ticket.UID) {
		if errors.Is(err, ticket.ErrBalance) && !slices.ContainsFunc(who, func(u ticket.UID) bool { return w.short[u] }) {
			t.Fatalf("invariant 19: short is said of %v, and the source never said so", who)
		}
	}
	// twice repeats a request: the second adds nothing and is told the same
	// unless time or somebody else moved the ask on (invariant 7).
	twice := func(no string, do func() error) {
		first := do()
		known(first)
		if errors.Is(first, ErrTooMany) || errors.Is(first, ticket.ErrUnavailable) {
			return
		}
		version, records := w.ticket(no).Version, len(w.store.byKey)
		second := do()
		if w.ticket(no).Version != version || len(w.store.byKey) != records {
			t.Fatalf("invariant 7: the repeat moved %s: first %v, then %v", no, first, second)
		}
		if code(first) != code(second) {
			t.Fatalf("invariant 7: first %v, then %v", first, second)
		}
	}
	answer := func(no string, uid ticket.UID, r int, pass bool) {
		twice(no, func() error {
			err := w.answer(no, uid, r, pass)
			owes(err, uid, w.ticket(no).Asker)
			return err
		})
	}
	call := func(no string, r int) string { return fmt.Sprintf("%s-%d", no, r) }
	acts := map[string]func(*rapid.T){
		"online":  func(*rapid.T) { w.online(user()) },
		"offline": func(*rapid.T) { w.offline(user()) },
		"logout":  func(*rapid.T) { known(w.leave(user())) },
		"avail": func(t *rapid.T) {
			_, err := w.svc.SetAvailability(ctx, app, user(), rapid.IntRange(0, 3).Draw(t, "off") > 0)
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
			uid := user()
			no, err := w.svc.Ask(ctx, app, 1, uid)
			known(err)
			owes(err, uid)
			if err == nil && (len(asks) == 0 || asks[len(asks)-1] != no) {
				asks = append(asks, no)
			}
		},
		"answer": func(t *rapid.T) {
			no := ask()
			uid, r, pass := user(), round(no), rapid.IntRange(0, 2).Draw(t, "pass") > 0
			w.svc.SweepOnce(ctx) // who is overdue gone ends before any request: not the answer's doing
			if before := w.ticket(no); r != before.RoundNo() && w.between == nil {
				known(w.answer(no, uid, r, pass))
				if after := w.ticket(no); after.Version != before.Version && !reflect.DeepEqual(after.Offers, before.Offers) {
					t.Fatalf("invariant 11: an answer of round %d changed round %d", r, before.RoundNo())
				}
			}
			answer(no, uid, r, pass)
		},
		"answer what is open": func(t *rapid.T) {
			for _, no := range asks {
				tk := w.ticket(no)
				for _, o := range tk.Offers {
					if o.State == ticket.OfferOpen {
						pass := rapid.IntRange(0, 2).Draw(t, "pass") > 0
						answer(no, o.UID, o.Round, pass)
						return
					}
				}
			}
		},
		"answer what is taken": func(t *rapid.T) {
			for _, no := range asks {
				for _, o := range w.ticket(no).Offers {
					if o.State == ticket.OfferRescinded && o.Reason == ticket.ReasonLost {
						answer(no, o.UID, o.Round, true)
						return
					}
				}
			}
		},
		"answer too late": func(t *rapid.T) {
			w.between = nil
			w.svc.SweepOnce(ctx)
			for _, no := range asks {
				for _, o := range w.ticket(no).Offers {
					if o.State != ticket.OfferTimedOut {
						continue
					}
					offers := w.ticket(no).Offers
					if err := w.answer(no, o.UID, o.Round, true); err == nil || !reflect.DeepEqual(offers, w.ticket(no).Offers) {
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
					if o.State == ticket.OfferOpen {
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
			twice(no, func() error {
				err := w.confirm(no, tk.Asker, r, peer, call(no, r), like)
				owes(err, tk.Asker, peer)
				return err
			})
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
			known(w.svc.CallOver(ctx, app, no, ticket.CallEnded{By: by, Round: r, CallID: call(no, r), Witness: ticket.FromClient}))
		},
		"info": func(*rapid.T) {
			no, uid := ask(), user()
			twice(no, func() error { // what it shows is checked with every commit (invariant 17)
				_, err := w.svc.Info(ctx, app, 1, no, uid)
				return err
			})
		},
		"forget a record": func(t *rapid.T) { w.forget(t, user()) },
		"block": func(t *rapid.T) { // for good: who is blocked no more is offered once the profile is read
			if a, b := user(), user(); a != b && w.profiles != nil && rapid.IntRange(0, 3).Draw(t, "rare") == 0 && !slices.Contains(w.profiles[a].Blocked, b) {
				p := w.profiles[a]
				p.Blocked = append(slices.Clone(p.Blocked), b)
				slices.Sort(p.Blocked)
				w.profiles[a] = p
			}
		},
		"a delivery is reported again": func(*rapid.T) {
			if len(w.pending) == 0 || w.pending[0].Expired(w.pending[0].by.now()) {
				return
			}
			j := w.pending[0]
			w.tell(0, ticket.Delivered)
			w.ackAll()
			version := w.ticket(j.Ticket.AskNo).Version
			j.by.Delivered(ctx, j.Outgoing, ticket.Delivered)
			if w.ackAll(); w.ticket(j.Ticket.AskNo).Version != version {
				t.Fatalf("invariant 7: %s was told twice and moved %s", j.Entry.Name, j.Ticket.AskNo)
			}
		},
		"deliver": func(t *rapid.T) {
			if len(w.pending) > 0 {
				w.tell(rapid.IntRange(0, len(w.pending)-1).Draw(t, "which"), rapid.SampledFrom([]ticket.DeliveryResult{ticket.Delivered, ticket.Delivered, ticket.Delivered, ticket.DeliveryUnknown, ticket.DeliveryRetry, ticket.DeliveryFailed}).Draw(t, "how"))
			}
		},
		"deliver all": func(*rapid.T) { w.tellAll() },
		"match":       func(*rapid.T) { w.svc.MatchOnce(ctx) },
		"match on":    func(*rapid.T) { w.fair() },
		"ack":         func(*rapid.T) { w.svc.AckOnce(ctx) },
		"replica":     func(*rapid.T) { w.nextReplica() },
		"race": func(t *rapid.T) { // the next write meets a rival who read the same
			rival := rapid.IntRange(0, 4).Draw(t, "rival")
			pass := rapid.Bool().Draw(t, "pass")
			w.between = func() { w.rival(asks, rival, pass) }
		},
		"sweep": func(*rapid.T) { w.svc.SweepOnce(ctx) },
		"wait a bit": func(t *rapid.T) {
			w.at += ticket.Instant(rapid.IntRange(1, 3000).Draw(t, "ms"))
			w.svc.SweepOnce(ctx)
		},
		"wait long": func(t *rapid.T) {
			w.at += ticket.Instant(rapid.IntRange(1, 40_000).Draw(t, "ms"))
			w.svc.SweepOnce(ctx)
		},
		"crash": func(t *rapid.T) {
			if rapid.IntRange(0, 4).Draw(t, "rare") == 0 {
				w.restart()
			}
		},
		"": func(*rapid.T) { w.audit.ordered() },
	}
	acts["remembered"] = func(t *rapid.T) {
		for i := range w.svc.live.parts {
			for no, cached := range w.svc.live.parts[i].tickets {
				if tk := w.ticket(no); tk.Version != cached.Version {
					t.Fatalf("%s is remembered at version %d and is at %d", no, cached.Version, tk.Version)
				}
			}
		}
	}
	if w.jumpy {
		acts["a clock jumps"] = func(t *rapid.T) {
			w.skews[rapid.IntRange(0, 1).Draw(t, "whose")] = time.Duration(rapid.IntRange(-3600, 3600).Draw(t, "skew")) * time.Second
		}
	}
	t.Repeat(acts)
	w.quiesce(rapid.Bool().Draw(t, "still matching"))
}

// code is the refusal that err stands for; nil: it is none.
func code(err error) error {
	for _, e := range []error{ticket.ErrBalance, ticket.ErrUnknownAsk, ticket.ErrEnded, ticket.ErrWrongRound, ticket.ErrNoOffer, ticket.ErrTooLate, ticket.ErrTaken, ticket.ErrBusy,
		ticket.ErrMismatch, ErrTooMany, ticket.ErrUnavailable, ErrClosed, ticket.ErrConfirmed, ErrRecordLive, ErrNoCandidate} {
		if errors.Is(err, e) {
			return e
		}
	}
	return nil
}

// forget hides one of uid's records and looks at what the other sees (18).
func (w *world) forget(t *rapid.T, uid ticket.UID) {
	ctx := context.Background()
	mine, err := w.svc.Records(ctx, app, uid, Cursor{}, maxRecords)
	must(t, err)
	if len(mine) == 0 {
		return
	}
	r := mine[rapid.IntRange(0, len(mine)-1).Draw(t, "record")]
	other := r.Asker + r.Peer - uid
	before, err := w.svc.Records(ctx, app, other, Cursor{}, maxRecords)
	must(t, err)
	err = w.svc.DeleteRecord(ctx, app, r.AskNo, r.StartAt, uid)
	if wantErr := r.EndAt == 0; wantErr != errors.Is(err, ErrRecordLive) || !wantErr && err != nil {
		t.Fatalf("invariant 18: deleting %+v: %v", r, err)
	}
	after, err := w.svc.Records(ctx, app, other, Cursor{}, maxRecords)
	must(t, err)
	if !reflect.DeepEqual(before, after) {
		t.Fatalf("invariant 18: %d deleted a record, %d sees %v instead of %v", uid, other, after, before)
	}
	mine, err = w.svc.Records(ctx, app, uid, Cursor{}, maxRecords)
	must(t, err)
	if err == nil && r.EndAt != 0 && slices.Contains(mine, r) {
		t.Fatalf("invariant 18: %+v is still there", r)
	}
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
			case o.State == ticket.OfferOpen && what == 2:
				_ = w.answer(no, o.UID, o.Round, pass) // what it is told is checked elsewhere
				return
			case o.State == ticket.OfferOpen && what == 3:
				_ = w.cancel(no, tk.Asker)
				return
			case o.State == ticket.OfferPassed && tk.State == ticket.Preview && what == 4:
				_ = w.confirm(no, tk.Asker, o.Round, o.UID, tk.Round().CallID, pass)
				return
			}
		}
	}
}

// quiesce lets everything come to its end with all clients silent: invariant 5,
// within its bound. still: matching goes on, so that nobody answers offers.
func (w *world) quiesce(still bool) {
	ctx := context.Background()
	if w.channel, w.balance = true, nil; !still {
		w.values["pair.enabled"] = "false" // Y4: nothing new
	}
	for _, s := range append([]*Service{w.svc}, w.others...) { // Run does it every ten seconds
		if !w.unmeasured {
			must(w.tb, s.measureClock(ctx))
		}
	}
	for bound := w.at.Add(w.longestSilence()); w.at < bound && !w.atRest(); w.at += 400 {
		w.svc.SweepOnce(ctx)
		if still {
			w.svc.MatchOnce(ctx)
		}
		w.tellAll()
		w.ackAll()
	}
	w.audit.quiet()
	w.audit.ordered()
}

// longestSilence is the bound of docs/pairing.md#invariants: T_ask, every round's offers and call, T_call_max,
// and for recovery a retry's longest wait. A held ask waits for the offer that
// holds it, at most once for each older ask.
func (w *world) longestSilence() time.Duration {
	cfg, err := ticket.ParseConfig(w.values)
	must(w.tb, err)
	offer := cfg.SendTimeout*time.Duration(1+cfg.SendRetries) + cfg.AnswerTimeout + cfg.AnswerGrace + time.Second // a delivery waits that long for its turn
	held := time.Duration(len(w.store.tickets)) * offer
	return cfg.AskTTL + held + time.Duration(cfg.MaxRounds)*(offer+cfg.ConnectTimeout+cfg.ConfirmTimeout) + cfg.CallMax + cfg.CallWatchdog + time.Minute // the longest wait between two tries of a delivery
}

// atRest also passes quickly over calls that go on and on.
func (w *world) atRest() bool {
	next, rest := ticket.Instant(0), len(w.pending) == 0
	for _, r := range w.store.tickets {
		if t := r.ticket; t.State != ticket.Ended || len(t.Outbox) > 0 {
			rest = false
			if t.State != ticket.Liked {
				return false
			}
			if next == 0 || r.due < next {
				next = r.due
			}
		}
	}
	if next > w.at {
		w.at = next
	}
	return rest
}
