package pairing

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

// script is one life of a few asks. Every part may be played again, as clients
// repeat what they got no answer to.
type script struct {
	values map[string]string
	parts  []func(w *world)
}

// scripts together cross every kind of boundary: dispatches, rescinds, matched,
// round and end commands, charges, hang-ups and events.
var scripts = map[string]script{
	"liked and billed": {nil, []func(*world){come(1, 2), asks(1), answers(2, true), calls, decides(true), hangsUp}},
	"refused, then taken": {map[string]string{"pair.cross_ask": "off"},
		[]func(*world){come(1, 2), asks(1), answers(2, false), come(3), answers(3, true), calls, decides(false), cancels(1)}},
	"nobody answers": {nil, []func(*world){come(1, 2), asks(1), passes(12 * time.Second), passes(60 * time.Second)}},
	"cancelled while it rings": {map[string]string{"pair.fanout": "2", "pair.cross_ask": "off"},
		[]func(*world){come(2, 3), asks(1), cancels(1)}},
	"a winner and losers": {map[string]string{"pair.fanout": "3", "pair.cross_ask": "off"},
		[]func(*world){come(2, 3, 4), asks(1), answers(3, true), calls, cancels(1)}},
	"two askers merge": {map[string]string{"pair.cross_ask": "first"},
		[]func(*world){come(1, 2), func(w *world) { asks(1)(w); asks(2)(w) }, answers(2, true), calls, decides(true), hangsUp}},
	"the payer runs short": {map[string]string{"pair.balance.min_ask": "1"},
		[]func(*world){pays(1, 5), come(2), asks(1), pays(1, 0), answers(2, true)}},
	"nobody calls, then the asker leaves": {nil, []func(*world){come(1, 2), asks(1), answers(2, true), come(3), passes(16 * time.Second), leaves(1)}},
}

func come(uids ...ticket.UID) func(*world) { return func(w *world) { w.online(uids...) } }
func leaves(uid ticket.UID) func(*world) {
	return func(w *world) { w.offline(uid); w.pass(11 * time.Second) }
}
func pays(uid ticket.UID, coins int64) func(*world) {
	return func(w *world) { w.coins[uid] = coins }
}
func passes(d time.Duration) func(*world) { return func(w *world) { w.pass(d) } }

func asks(uid ticket.UID) func(*world) {
	return func(w *world) {
		w.at += 10
		if _, err := w.svc.Ask(context.Background(), app, 1, uid); err != nil && code(err) == nil {
			must(w.tb, err)
		}
	}
}

// each plays do with every ask that has not ended.
func (w *world) each(do func(t *ticket.Ticket)) {
	for _, no := range slices.Sorted(maps.Keys(w.store.tickets)) {
		if t := w.ticket(no); t.State != ticket.Ended {
			do(t)
		}
	}
}

func answers(uid ticket.UID, pass bool) func(*world) {
	return func(w *world) {
		w.each(func(t *ticket.Ticket) { _ = w.answer(t.AskNo, uid, t.RoundNo(), pass) }) // who was not offered it is refused
	}
}

func calls(w *world) {
	w.each(func(t *ticket.Ticket) { _ = w.started(t.AskNo, t.RoundNo(), t.AskNo+"-call") }) // only who connects has one
}

func decides(like bool) func(*world) {
	return func(w *world) {
		w.each(func(t *ticket.Ticket) {
			_ = w.confirm(t.AskNo, t.Asker, t.RoundNo(), t.Round().Peer, t.AskNo+"-call", like) // only previews can be
		})
	}
}

func hangsUp(w *world) {
	w.each(func(t *ticket.Ticket) { _ = w.over(t.AskNo, t.RoundNo(), t.AskNo+"-call") }) // only calls can be
}

func cancels(uid ticket.UID) func(*world) {
	return func(w *world) {
		w.each(func(t *ticket.Ticket) { _ = w.cancel(t.AskNo, uid) }) // of others: refused
	}
}

var errCrash = errors.New("the replica has died")

// crash dies at the n-th crossing, before or after what it is around.
type crash struct {
	n      int
	before bool
	met    int // crossings so far
	kinds  map[string]int
}

func (c *crash) cross(kind string, do func()) {
	c.met++
	c.kinds[kind]++
	here := c.met == c.n
	if here && c.before {
		panic(errCrash)
	}
	do()
	if here && !c.before {
		panic(errCrash)
	}
}

// survives runs do and reports whether the replica lived through it.
func survives(do func()) (alive bool) {
	defer func() {
		if r := recover(); r != nil {
			if r != errCrash {
				panic(r)
			}
			alive = false
		}
	}()
	do()
	return true
}

// run plays a script with one crash. Afterwards the people either go on, and
// repeat what they got no answer to, or are silent.
func (s script) run(tb fataler, c *crash, silent, survivor bool, plant func(*world)) {
	values := map[string]string{"pair.top_m": "1"} // nothing is left to chance
	for k, v := range s.values {
		values[k] = v
	}
	w := newWorld(tb, unhindered(values))
	if plant != nil {
		plant(w)
		w.restart()
	}
	w.cross = c.cross
	died := false
	for _, part := range s.parts {
		play := func() { part(w); w.settle() }
		if survives(play) {
			continue
		}
		died = true
		w.die(survivor)
		if silent {
			break
		}
		play()
	}
	if c.n != 0 && !died {
		tb.Fatalf("invariant 12: crossing %d of the first run is not met in this one", c.n)
	}
	w.cross = func(_ string, do func()) { do() }
	w.quiesce(!silent)
	w.audit.toldAll()
}

// die ends the replica that serves: what it had in hand is gone, and the store
// is as its last commit left it. A survivor takes over, or a new one does.
func (w *world) die(survivor bool) {
	left := map[string]*ticket.Ticket{}
	for no := range w.store.tickets {
		left[no] = w.ticket(no).Clone()
	}
	heir := w.others[0]
	w.restart()
	if survivor {
		w.others[0] = heir
		w.nextReplica()
	}
	for no, t := range left {
		if got := w.ticket(no); !reflect.DeepEqual(got, t) || !w.audit.committed(got) {
			w.audit.fail(12, "after the crash %s is %+v, which no commit wrote", no, got)
		}
	}
}

// toldAll is invariant 12's other half: what a commit promised to tell has
// reached its far end, unless the specification takes it back: a dispatch whose
// offer is over, and the rescind of a dispatch that nobody got (M14, Y1).
func (a *audit) toldAll() {
	for k, e := range a.written {
		if e.Name != ticket.CommandDispatch && e.Name != ticket.CommandRescind && a.arrived[k] == 0 {
			a.fail(12, "%+v of %s was never told", e, k.ask)
		}
	}
}

// Every boundary between a commit or an effect and what follows it is crashed
// at, just before and just after, in every script.
func TestACrashAtAnyBoundaryLosesNothing(t *testing.T) {
	for name, s := range scripts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			swept, kinds := s.sweep(t, nil)
			t.Logf("%d boundaries, each crashed at before and after, 4 ways to go on: %v", swept, kinds)
		})
	}
}

// sweep plays the script once to count its boundaries, then crashes at each.
func (s script) sweep(tb fataler, plant func(*world)) (boundaries int, kinds map[string]int) {
	whole := &crash{kinds: map[string]int{}}
	s.run(tb, whole, false, false, plant)
	for n := 1; n <= whole.met; n++ {
		for _, before := range []bool{true, false} {
			for way := range 4 {
				s.run(tb, &crash{n: n, before: before, kinds: map[string]int{}}, way&1 != 0, way&2 != 0, plant)
			}
		}
	}
	return whole.met, whole.kinds
}

// A crash that tears a commit, or loses what it promised, is found.
func TestTheSweepFindsWhatACrashWouldLose(t *testing.T) {
	for name, plant := range map[string]func(*world){
		"a claim without its ticket": func(w *world) {
			w.wrap = func(s Store) Store { return tearingStore{s, w} }
		},
		"an outbox that is not committed": func(w *world) {
			w.wrap = func(s Store) Store {
				return changingStore{s, func(b *Batch) {
					for i := range b.Writes {
						stored := *b.Writes[i].Ticket // what is sent is the other one's
						stored.Outbox = nil
						b.Writes[i].Ticket = &stored
					}
				}}
			}
		},
		"a delivery that is noted before it is made": func(w *world) { w.hasty = true },
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{}
			done := make(chan struct{})
			go func() { // Fatalf of the recorder ends it
				defer close(done)
				scripts["liked and billed"].sweep(r, plant)
			}()
			<-done
			if !strings.Contains(r.first, "invariant ") {
				t.Fatalf("it survives: %q", r.first)
			}
			t.Log(r.first[:min(len(r.first), 120)])
		})
	}
}

// tearingStore writes claims in a commit of their own.
type tearingStore struct {
	Store
	w *world
}

// Commit implements Tickets.
func (s tearingStore) Commit(ctx context.Context, b Batch) error {
	if len(b.Take) > 0 && b.Writes[0].Prev == 0 {
		s.w.around("claim", func() {
			for _, c := range b.Take {
				s.w.store.claims[person{c.App, c.UID}] = c
			}
		})
		for _, c := range b.Take {
			delete(s.w.store.claims, person{c.App, c.UID})
		}
	}
	return s.Store.Commit(ctx, b)
}
