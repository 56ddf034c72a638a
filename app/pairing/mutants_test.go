package pairing

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// mutants are faults planted into the store or the machine. The histories have
// to find every one of them (2.11).
var mutants = map[string]func(w *world){
	"claim without uniqueness": func(w *world) {
		w.wrap = func(s Store) Store { return stealingStore{s, w.store} }
	},
	"timer without version": func(w *world) {
		w.wrap = func(s Store) Store {
			return blindStore{s, w.store, func(b Batch) bool { return len(b.Drop) > 0 || len(b.Take) == 0 }}
		}
	},
	"winner check by read-then-write": func(w *world) {
		w.wrap = func(s Store) Store {
			return blindStore{s, w.store, func(b Batch) bool { return b.Writes[0].Ticket.State == Connecting }}
		}
	},
	"comparing only the ask, not the round": stepping(func(t *Ticket, ev Event) (Event, func(*Ticket, *Effects)) {
		if a, ok := ev.(Answer); ok {
			a.Round = t.RoundNo()
			return a, nil
		}
		return ev, nil
	}),
	"rescind not sent for a dispatch that is not known to be sent": stepping(func(_ *Ticket, ev Event) (Event, func(*Ticket, *Effects)) {
		return ev, func(t *Ticket, _ *Effects) {
			t.Outbox = slices.DeleteFunc(t.Outbox, func(e Entry) bool { return e.Name == CommandRescind && e.After != 0 })
		}
	}),
	"billing without key": func(w *world) { w.keyless = true },
	"cooldown given to losers": stepping(func(_ *Ticket, ev Event) (Event, func(*Ticket, *Effects)) {
		return ev, func(t *Ticket, fx *Effects) {
			for i := range fx.Drop {
				if o := t.offer(fx.Drop[i].Claim.UID, t.RoundNo()); o != nil && o.State == OfferRescinded {
					fx.Drop[i].ReadyAt = fx.Drop[i].ReadyAt.Add(5 * time.Second)
				}
			}
		}
	}),
	"the round's end cuts open offers": func(w *world) {
		w.stepFn = func(cfg *Config, t *Ticket, now Instant, acks []Delivery, ev Event) (Ticket, Effects, error) {
			if _, tick := ev.(Tick); tick && t.State == Offered && t.RoundBy <= now {
				return Step(cfg, t, now, cutting{})
			}
			return stepAcked(cfg, t, now, acks, ev)
		}
	},
	"reuse of start_at": stepping(func(t *Ticket, ev Event) (Event, func(*Ticket, *Effects)) {
		return ev, func(t *Ticket, fx *Effects) {
			if r := t.Round(); t.State == Preview && r.ConnectedAt != 0 {
				r.StartAt = int64(r.ConnectedAt) / 1000
				for i := range fx.Records {
					fx.Records[i].StartAt = r.StartAt
				}
			}
		}
	}),
	"a crash between the claim and the ticket of an ask": func(w *world) {
		w.wrap = func(s Store) Store { return &tornStore{Store: s} }
	},
	"work left beside an idle candidate": stepping(func(_ *Ticket, ev Event) (Event, func(*Ticket, *Effects)) {
		if d, ok := ev.(Dispatch); ok && len(d.Picks) > 0 && d.Picks[0].UID%2 == 0 {
			return Dispatch{}, nil
		}
		return ev, nil
	}),
	"a late answer that counts": stepping(func(t *Ticket, ev Event) (Event, func(*Ticket, *Effects)) {
		if a, ok := ev.(Answer); ok && a.Pass {
			if o := t.offer(a.UID, a.Round); o != nil && o.State == OfferTimedOut {
				o.State, o.Deadline = OfferOpen, o.Deadline.Add(time.Hour)
				t.State = Offered
			}
		}
		return ev, nil
	}),
	"an end that can be left": stepping(func(t *Ticket, ev Event) (Event, func(*Ticket, *Effects)) {
		if _, seen := ev.(CallSeen); seen && t.State == Ended && t.Round().Peer != 0 {
			t.State = Connecting
		}
		return ev, nil
	}),
}

// stepping plants a fault around the machine: before may change the ticket as
// read and the event, and returns what to change of the result.
func stepping(before func(*Ticket, Event) (Event, func(*Ticket, *Effects))) func(w *world) {
	return func(w *world) {
		w.stepFn = func(cfg *Config, t *Ticket, now Instant, acks []Delivery, ev Event) (Ticket, Effects, error) {
			own := t.clone()
			ev, after := before(&own, ev)
			next, fx, err := stepAcked(cfg, &own, now, acks, ev)
			if after != nil {
				after(&next, &fx)
			}
			return next, fx, err
		}
	}
}

// cutting ends the round although somebody is ringing.
type cutting struct{}

func (cutting) apply(s *step) error {
	for i := range s.t.Offers {
		if o := &s.t.Offers[i]; o.State == OfferOpen {
			s.rescindOffer(o, ReasonRoundTimeout, ReasonExpired)
		}
	}
	s.nextRound(ReasonRoundTimeout, 0)
	return nil
}

// stealingStore has no unique key on people.
type stealingStore struct {
	Store
	m *Memory
}

func (s stealingStore) Commit(ctx context.Context, b Batch) error {
	for _, c := range b.Take {
		delete(s.m.claims, person{c.App, c.UID})
	}
	return s.Store.Commit(ctx, b)
}

// blindStore writes some batches whatever version they were read from.
type blindStore struct {
	Store
	m     *Memory
	which func(Batch) bool
}

func (s blindStore) Commit(ctx context.Context, b Batch) error {
	if b.Writes[0].Prev != 0 && s.which(b) {
		b.Writes = slices.Clone(b.Writes)
		b.Writes[0].Prev = s.m.tickets[b.Writes[0].Ticket.AskNo].ticket.Version
	}
	return s.Store.Commit(ctx, b)
}

// tornStore dies after the claim of every third ask, before its ticket.
type tornStore struct {
	Store
	asks int
}

func (s *tornStore) Commit(ctx context.Context, b Batch) error {
	if b.Writes[0].Prev == 0 {
		if s.asks++; s.asks%3 == 0 {
			return s.Store.Commit(ctx, Batch{Take: b.Take})
		}
	}
	return s.Store.Commit(ctx, b)
}

func TestEveryMutantIsFound(t *testing.T) {
	for name, plant := range mutants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, setting := range []string{"seed defaults", "fan-out", "billing", "progressive"} {
				if found := found(func(rt *rapid.T) {
					v := map[string]string{"pair.ask_rate": "0", "pair.admission": "false"}
					for k, val := range settings[setting] {
						v[k] = val
					}
					w := newWorld(rt, v)
					plant(w)
					w.restart()
					play(rt, w)
				}); found != "" {
					line, _, _ := strings.Cut(found[max(0, strings.Index(found, "invariant")):], "\n")
					t.Log(line)
					return
				}
			}
			t.Fatal("it survives")
		})
	}
}

// found runs a property that should fail and returns how it did.
func found(property func(*rapid.T)) string {
	for range 12 {
		r := &recorder{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			rapid.Check(r, property)
		}()
		<-done
		if r.Failed() {
			return r.first
		}
	}
	return ""
}

// recorder is a test that may fail without failing the one that runs it.
type recorder struct {
	rapid.TB
	mu     sync.Mutex // guards what follows
	failed bool
	first  string
}

func (r *recorder) note(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
	if r.first == "" {
		r.first = s
	}
}

func (r *recorder) Helper()                   {}
func (r *recorder) Name() string              { return "mutant" }
func (r *recorder) Context() context.Context  { return context.Background() }
func (r *recorder) Cleanup(func())            {}
func (r *recorder) Output() io.Writer         { return io.Discard }
func (r *recorder) Logf(string, ...any)       {}
func (r *recorder) Log(...any)                {}
func (r *recorder) Skipf(string, ...any)      { runtime.Goexit() }
func (r *recorder) Skip(...any)               { runtime.Goexit() }
func (r *recorder) SkipNow()                  { runtime.Goexit() }
func (r *recorder) Errorf(f string, a ...any) { r.note(fmt.Sprintf(f, a...)) }
func (r *recorder) Error(a ...any)            { r.note(fmt.Sprint(a...)) }
func (r *recorder) Fatalf(f string, a ...any) { r.note(fmt.Sprintf(f, a...)); runtime.Goexit() }
func (r *recorder) Fatal(a ...any)            { r.note(fmt.Sprint(a...)); runtime.Goexit() }
func (r *recorder) FailNow()                  { r.note("failed"); runtime.Goexit() }
func (r *recorder) Fail()                     { r.note("failed") }

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}
