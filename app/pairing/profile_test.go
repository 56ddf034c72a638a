package pairing

import (
	"context"
	"errors"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

// acquainted is a world whose business server knows of people.
func acquainted(t *testing.T, profiles map[ticket.UID]Profile, values map[string]string) *world {
	t.Helper()
	w := newWorld(t, values)
	w.profiles = profiles
	w.restart()
	return w
}

// offeredTo is who has an open offer of ask.
func (w *world) offeredTo(ask string) ticket.UID {
	w.tb.Helper()
	tk := w.ticket(ask)
	for _, o := range tk.Offers {
		if o.State == ticket.OfferOpen {
			return o.UID
		}
	}
	return 0
}

func TestProfilesDecideWhoMeets(t *testing.T) {
	rows(t, map[string]func(t *testing.T){
		"language first, and any after the first step": func(t *testing.T) {
			w := acquainted(t, map[ticket.UID]Profile{1: {Language: "en"}, 2: {Language: "fr"}}, nil)
			w.online(1, 2)
			ask := w.ask(1)
			w.pass(9 * time.Second)
			w.wantState(ask, ticket.Searching)
			w.pass(time.Second)
			w.wantState(ask, ticket.Offered)
		},
		"region until the second step": func(t *testing.T) {
			w := acquainted(t, map[ticket.UID]Profile{1: {Region: "eu"}, 2: {Region: "us"}, 3: {Region: "eu"}}, with("widen", "5s;10s"))
			w.online(1, 2)
			ask := w.ask(1)
			w.pass(9 * time.Second)
			w.wantState(ask, ticket.Searching)
			w.online(3)
			w.settle()
			if got := w.offeredTo(ask); got != 3 {
				t.Fatalf("offered to %d", got)
			}
		},
		"roles on either side": func(t *testing.T) {
			w := acquainted(t, map[ticket.UID]Profile{1: {Role: "guest"}, 2: {Role: "guest"}, 3: {Role: "host"}},
				map[string]string{"pair.pool.ask_role": "guest", "pair.pool.answer_role": "host"})
			w.online(1, 2, 3)
			ask := w.ask(1)
			w.settle()
			if got := w.offeredTo(ask); got != 3 {
				t.Fatalf("offered to %d", got)
			}
			must(t, w.answer(ask, 3, 1, false))
			w.at++
			other := w.ask(2) // an asker is no host: nobody offers them the other's ask either
			w.settle()
			w.wantState(ask, ticket.Searching)
			w.wantState(other, ticket.Searching)
			_, err := w.svc.Ask(context.Background(), app, 1, 3)
			wantErr(t, err, ErrNoConfig)
		},
		"invariant 9: who is blocked on either side is never offered": func(t *testing.T) {
			w := acquainted(t, map[ticket.UID]Profile{1: {Blocked: []ticket.UID{2}}, 3: {Blocked: []ticket.UID{1, 2}}}, with("round_timeout", "55s"))
			w.online(1, 2, 3)
			ask := w.ask(1)
			w.pass(50 * time.Second) // past all widening
			w.wantState(ask, ticket.Searching)
			if tk := w.ticket(ask); len(tk.Offers) != 0 {
				t.Fatalf("%+v", tk.Offers)
			}
		},
		"a block that came while the asker waited counts, until it is lifted": func(t *testing.T) {
			w := acquainted(t, map[ticket.UID]Profile{}, nil)
			must(t, w.cancel(w.ask(1), 1)) // the pool is there
			w.online(2)
			w.profiles[2] = Profile{Blocked: []ticket.UID{1}}
			ask := w.ask(1)
			w.pass(2 * time.Second)
			w.wantState(ask, ticket.Searching)
			delete(w.profiles, 2)
			w.online(2) // comes again, and is read anew
			w.readProfiles()
			w.settle()
			w.wantState(ask, ticket.Offered)
		},
		"an asker of whom nothing can be known": func(t *testing.T) {
			w := acquainted(t, map[ticket.UID]Profile{}, nil)
			ask := w.ask(1)
			w.strangers = map[ticket.UID]error{1: errors.New("down")}
			w.online(2)
			w.pass(3 * time.Second)
			w.wantState(ask, ticket.Searching)
			_, err := w.svc.Ask(context.Background(), app, 1, 3)
			must(t, err)
			w.strangers = map[ticket.UID]error{4: errors.New("down")}
			_, err = w.svc.Ask(context.Background(), app, 1, 4)
			wantErr(t, err, ticket.ErrUnavailable)
			w.pass(2 * time.Second)
			w.wantState(ask, ticket.Offered)
		},
		"a candidate of whom nothing can be known": func(t *testing.T) {
			w := acquainted(t, map[ticket.UID]Profile{}, nil)
			w.strangers = map[ticket.UID]error{2: errors.New("down")}
			w.online(2)
			ask := w.ask(1)
			w.pass(3 * time.Second)
			w.wantState(ask, ticket.Searching)
			w.strangers = nil
			w.pass(2 * time.Second)
			w.wantState(ask, ticket.Offered)
		},
		"or as if nothing were known, where that is wanted": func(t *testing.T) {
			w := acquainted(t, map[ticket.UID]Profile{}, with("profile.on_error", "allow"))
			w.strangers = map[ticket.UID]error{1: errors.New("down"), 2: errors.New("down")}
			w.online(1, 2)
			ask := w.ask(1)
			w.settle()
			w.wantState(ask, ticket.Offered)
		},
		"in batches too": func(t *testing.T) {
			w := acquainted(t, map[ticket.UID]Profile{1: {Blocked: []ticket.UID{2}}}, with("window_ms", "100"))
			w.online(1, 2)
			ask := w.ask(1)
			w.pass(25 * time.Second)
			w.wantState(ask, ticket.Searching)
			w.online(3)
			w.settle()
			if got := w.offeredTo(ask); got != 3 {
				t.Fatalf("offered to %d", got)
			}
		},
	})
}

// readProfiles runs a reader until nobody is left to be read.
func (w *world) readProfiles() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { w.svc.readProfiles(ctx); close(done) }()
	for len(w.svc.profileQueue) > 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
}
