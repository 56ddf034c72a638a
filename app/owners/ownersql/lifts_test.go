package ownersql_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"switchboard/app/owners"
	"switchboard/app/owners/ownersql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/vendors"
)

// jail blocks until it is told otherwise.
type jail struct {
	mu     sync.Mutex // guards what follows
	inside map[string]bool
	err    error // of every call; nil: they are done
	meant  func()
}

func (j *jail) set(users []string, d time.Duration, in bool) ([]vendors.MemberResult, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if d != 0 {
		return nil, vendors.Refuse("jail", vendors.OpUserBlock, vendors.ErrUnsupported, "no time")
	}
	if j.err != nil {
		return nil, j.err
	}
	for _, u := range users {
		j.inside[u] = in
	}
	if !in && j.meant != nil {
		j.meant()
	}
	return vendors.AllMembers(users, nil)
}

func (j *jail) Block(_ context.Context, users []string, d time.Duration) ([]vendors.MemberResult, error) {
	return j.set(users, d, true)
}

func (j *jail) Unblock(_ context.Context, users []string) ([]vendors.MemberResult, error) {
	return j.set(users, 0, false)
}

func (j *jail) fails(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.err = err
}

func TestAHoldForATimeIsEndedAtAVendorThatKnowsNone(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, store := t.Context(), ownersql.New(db)
		j := &jail{inside: map[string]bool{}}
		v := &vendors.Vendor{Name: "jail", Users: j, Traits: vendors.Traits{Block: vendors.HoldOpen | vendors.HoldLifted}}
		routes, err := vendors.NewRouter([]*vendors.Vendor{v}, nil)
		if err != nil {
			t.Fatal(err)
		}
		timer := owners.NewTimer(store, routes, slog.New(slog.DiscardHandler))
		of := func(user string) owners.Lift {
			return owners.Lift{Key: owners.Key{App: "a", Kind: owners.Block, ID: user}, What: owners.Bar, Account: "jail"}
		}
		hold := func(user string, d time.Duration) error {
			_, err := timer.Hold(ctx, v, of(user), []string{user}, d, func(d time.Duration) ([]vendors.MemberResult, error) { return j.Block(ctx, []string{user}, d) })
			return err
		}
		// A timer of another process, after this one died, ends what is due.
		sweep := func() { owners.NewTimer(store, routes, slog.New(slog.DiscardHandler)).Sweep(ctx) }
		until := func(what, user string, want bool) {
			t.Helper()
			for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
				sweep()
				j.mu.Lock()
				in := j.inside[user]
				j.mu.Unlock()
				if in == want {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("%s: %s is held: %t, want %t", what, user, in, want)
				}
			}
		}
		stays := func(what, user string) {
			t.Helper()
			sweep()
			if !j.inside[user] {
				t.Errorf("%s: %s was let go", what, user)
			}
		}
		for user, d := range map[string]time.Duration{"short": time.Millisecond, "long": time.Hour, "open": 0, "twice": time.Millisecond} {
			if err := hold(user, d); err != nil {
				t.Fatal(err)
			}
		}
		if err := hold("twice", time.Hour); err != nil { // a later one replaces the earlier one
			t.Fatal(err)
		}
		until("its time is over", "short", false)
		for _, user := range []string{"long", "open", "twice"} {
			stays("its time is not over", user)
		}
		if err := hold("long", 0); err != nil { // from now on without an end
			t.Fatal(err)
		}
		if due, err := store.ClaimLifts(ctx, 10, time.Minute); err != nil || len(due) != 0 {
			t.Errorf("due: %+v, %v", due, err)
		}

		j.fails(&vendors.Error{Outcome: vendors.DefiniteNo, Err: vendors.ErrNotFound, Sent: true})
		if err := hold("refused", time.Millisecond); !errors.Is(err, vendors.ErrNotFound) {
			t.Errorf("refused: %v", err)
		}
		j.fails(&vendors.Error{Outcome: vendors.Ambiguous, Sent: true})
		if err := hold("doubt", time.Millisecond); vendors.OutcomeOf(err) != vendors.Ambiguous {
			t.Errorf("in doubt: %v", err)
		}
		j.fails(nil)
		j.inside["refused"], j.inside["doubt"] = true, true // as somebody else may have it
		until("it may have been made", "doubt", false)
		stays("it was never made", "refused")

		if err := hold("away", time.Millisecond); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond)
		j.fails(&vendors.Error{Outcome: vendors.NotSent})
		stays("the vendor is away", "away")
		j.fails(nil)
		until("the vendor is back", "away", false)

		if err := hold("again", time.Millisecond); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond)
		j.meant = func() { // while it is being ended somebody holds the user anew
			j.meant = nil
			if err := store.Arrange(ctx, []owners.Lift{func() owners.Lift { l := of("again"); l.User = "again"; return l }()}, time.Hour); err != nil {
				t.Error(err)
			}
		}
		sweep()
		stays("held anew while it was ended", "again")
		if _, err := timer.Hold(ctx, v, of("x"), []string{"x"}, -time.Second, func(d time.Duration) ([]vendors.MemberResult, error) {
			return j.Block(ctx, []string{"x"}, d)
		}); err == nil {
			t.Error("a hold for less than no time was made")
		}
	})
}
