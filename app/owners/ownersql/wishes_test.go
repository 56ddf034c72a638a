package ownersql_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"switchboard/app/owners"
	"switchboard/app/owners/ownersql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

func wish(write, want string) owners.Wish {
	return owners.Wish{Key: owners.Key{App: "a", Kind: owners.Block, ID: "ann"}, Thing: "remark/bob", Account: "acme", Write: write, Want: []byte(want)}
}

func TestTheLatestWishStands(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, ctx := ownersql.New(db), t.Context()
		begin := func(list ...owners.Wish) []owners.Wish {
			t.Helper()
			begun, err := s.Begin(ctx, list)
			if err != nil || len(begun) != len(list) {
				t.Fatal(begun, err)
			}
			return begun
		}
		stands := func(what, write, want string) {
			t.Helper()
			w, err := s.Claim(ctx, wish(write, ""), time.Minute)
			if err != nil || string(w.Want) != want {
				t.Errorf("%s: %s, %v", what, w.Want, err)
				return
			}
			if err := s.Release(ctx, w); err != nil {
				t.Error(err)
			}
		}
		gone := func(what, write string) {
			t.Helper()
			if w, err := s.Claim(ctx, wish(write, ""), time.Minute); !errors.Is(err, owners.ErrNoWish) {
				t.Errorf("%s: %+v, %v", what, w, err)
			}
		}
		end := func(done, undone []owners.Wish) {
			t.Helper()
			if err := s.End(ctx, done, undone); err != nil {
				t.Fatal(err)
			}
		}
		gone("none", "w1")
		first := begin(wish("w1", `{"n":"鮑勃"}`))
		if first[0].Before != nil || first[0].Token == "" {
			t.Errorf("%+v", first[0])
		}
		stands("begun", "w1", `{"n":"鮑勃"}`)
		other := wish("w1", "{}")
		other.Account = "bell"
		begin(other)
		second := begin(wish("w2", "2"))
		gone("its place is taken", "w1")
		end(first, nil) // late news of the first: the second stands
		stands("the latest", "w2", "2")
		third := begin(wish("w3", "3"))
		end(nil, third)
		stands("back in its place", "w2", "2")
		third = begin(wish("w3", "3"))
		end(nil, second)
		stands("the latest, with the one before in vain", "w3", "3")
		end(third, nil)
		gone("done", "w3")
		twice := begin(wish("w4", "4"), wish("w4", "5"))
		stands("of two in one write the latter", "w4", "5")
		end(twice, nil)
		gone("both are done", "w4")
		begin(wish("w5", "5"))
		if err := s.PruneWishes(ctx, time.Hour); err != nil {
			t.Fatal(err)
		}
		stands("not old", "w5", "5")
		if err := s.PruneWishes(ctx, -time.Minute); err != nil {
			t.Fatal(err)
		}
		gone("old", "w5")
	})
}

func TestAClaimedWishKeepsItsPlaceForTheLease(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, ctx := ownersql.New(db), t.Context()
		if _, err := s.Begin(ctx, []owners.Wish{wish("w1", "1")}); err != nil {
			t.Fatal(err)
		}
		claimed, err := s.Claim(ctx, wish("w1", ""), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		other := wish("w2", "2")
		other.Thing = "remark/cat"
		if _, err := s.Begin(ctx, []owners.Wish{other, wish("w2", "2")}); !errors.Is(err, owners.ErrSettling) {
			t.Errorf("begun while it is claimed: %v", err)
		}
		if _, err := s.Claim(ctx, other, time.Minute); !errors.Is(err, owners.ErrNoWish) {
			t.Errorf("half of a refused write is noted: %v", err)
		}
		if _, err := s.Claim(ctx, wish("w1", ""), time.Minute); !errors.Is(err, owners.ErrSettling) {
			t.Errorf("claimed twice: %v", err)
		}
		if err := s.Release(ctx, claimed); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Claim(ctx, wish("w1", ""), time.Millisecond); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond) // who claimed it is dead
		if _, err := s.Begin(ctx, []owners.Wish{wish("w2", "2")}); err != nil {
			t.Errorf("behind the lease: %v", err)
		}
	})
}

// Of wishes about the same that begin at once one stands, and each knows whose place it
// took, so that none is in no list.
func TestOfWishesAtOnceOneStands(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, ctx := ownersql.New(db), t.Context()
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				begun, err := s.Begin(ctx, []owners.Wish{wish(fmt.Sprint("w", i), "1")})
				if err == nil && i%2 == 0 {
					err = s.End(ctx, begun, nil)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		standing := 0
		for i := range 20 {
			if _, err := s.Claim(ctx, wish(fmt.Sprint("w", i), ""), time.Minute); err == nil {
				standing++
			}
		}
		if standing > 1 {
			t.Errorf("%d stand", standing)
		}
	})
}
