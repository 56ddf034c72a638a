package ownersql_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchboard/app/owners"
	"switchboard/app/owners/ownersql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func key(app, id string) owners.Key { return owners.Key{App: app, Kind: owners.Group, ID: id} }

func reserve(t *testing.T, s *owners.Service, k owners.Key, account, vendorID string) owners.Record {
	t.Helper()
	r, err := s.Begin(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	r.Account, r.VendorID, r.Name, r.Person = account, vendorID, "Füße 足", "ann"
	if r, err = s.Reserve(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOwnersAreKept(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, store := t.Context(), ownersql.New(db)
		s := owners.New(store, slog.New(slog.DiscardHandler))
		r := reserve(t, s, key("a", "g"), "acme", "v1")
		if _, err := s.Begin(ctx, r.Key); !errors.Is(err, owners.ErrBusy) {
			t.Errorf("being made: %v", err)
		}
		r.State = owners.Made
		r, err := s.Set(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Begin(ctx, r.Key); !errors.Is(err, owners.ErrExists) {
			t.Errorf("made: %v", err)
		}
		got, found, err := s.Known(ctx, r.Key)
		if err != nil || !found || got.Account != "acme" || got.VendorID != "v1" || got.Name != "Füße 足" || got.Person != "ann" || time.Since(got.Made).Abs() > time.Minute {
			t.Errorf("%+v %v %v", got, found, err)
		}
		if back, found, err := s.ByVendor(ctx, "acme", owners.Group, "v1"); err != nil || !found || back.Key != r.Key {
			t.Errorf("%+v %v %v", back, found, err)
		}
		other := owners.Record{Key: key("b", "g"), Account: "acme", VendorID: "v1"}
		if _, err := s.Reserve(ctx, other); !errors.Is(err, owners.ErrTaken) {
			t.Errorf("another app's: %v", err)
		}
		if err := s.Update(ctx, r.Key, func(r *owners.Record) { r.State = owners.Gone }); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Known(ctx, r.Key); !errors.Is(err, owners.ErrUnknown) {
			t.Errorf("gone: %v", err)
		}
		if again, err := s.Begin(ctx, r.Key); err != nil || again.Uses != 1 || again.Account != "" {
			t.Errorf("once more: %+v %v", again, err)
		}
		if _, err := s.Set(ctx, r); !errors.Is(err, owners.ErrChanged) {
			t.Errorf("an old version: %v", err)
		}
		lost := reserve(t, s, key("a", "lost"), "acme", "v2")
		if err := s.Release(ctx, lost); err != nil {
			t.Fatal(err)
		}
		if _, found, err := s.Find(ctx, lost.Key); found || err != nil {
			t.Errorf("released: %v %v", found, err)
		}
	})
}

func TestOwnersAreListedAndMoved(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		s := owners.New(ownersql.New(db), slog.New(slog.DiscardHandler))
		for i := range 5 {
			reserve(t, s, key("a", fmt.Sprint("g", i)), []string{"acme", "bell"}[i%2], fmt.Sprint("v", i))
		}
		reserve(t, s, key("b", "g0"), "acme", "other")
		var seen []string
		behind := owners.Key{}
		for {
			page, err := s.List(ctx, owners.Filter{App: "a"}, behind, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				seen = append(seen, r.ID)
			}
			behind = page[len(page)-1].Key
		}
		if !slices.Equal(seen, []string{"g0", "g1", "g2", "g3", "g4"}) {
			t.Errorf("%v", seen)
		}
		if page, err := s.List(ctx, owners.Filter{Account: "bell", State: owners.Reserved, Kind: owners.Group}, owners.Key{}, 9); err != nil || len(page) != 2 {
			t.Errorf("%+v %v", page, err)
		}
		if got, err := s.Accounts(ctx, "a", owners.Group); err != nil || !slices.Equal(got, []string{"acme", "bell"}) {
			t.Errorf("%v %v", got, err)
		}
		gone := reserve(t, s, key("a", "old"), "dove", "v9")
		gone.State = owners.Gone
		if _, err := s.Set(ctx, gone); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Accounts(ctx, "a", owners.Group); err != nil || !slices.Equal(got, []string{"acme", "bell"}) {
			t.Errorf("with one that has nothing any more: %v %v", got, err)
		}
		if got, err := s.Accounts(ctx, "a", owners.ChatRoom); err != nil || len(got) != 0 {
			t.Errorf("of another kind: %v %v", got, err)
		}
		moved, err := s.Move(ctx, key("a", "g0"), owners.Place{Account: "bell", State: owners.Made}, "ann", "acme is sold")
		if err != nil || moved.Account != "bell" || moved.VendorID != "v0" || moved.State != owners.Made {
			t.Fatalf("%+v %v", moved, err)
		}
		if _, err := s.Move(ctx, key("a", "g0"), owners.Place{Account: "acme", VendorID: "other"}, "ann", ""); !errors.Is(err, owners.ErrTaken) {
			t.Errorf("onto another's: %v", err)
		}
		if _, err := s.Move(ctx, key("a", "none"), owners.Place{Account: "acme"}, "ann", ""); !errors.Is(err, owners.ErrUnknown) {
			t.Errorf("of nothing: %v", err)
		}
		moves, err := s.Moves(ctx, 10)
		if err != nil || len(moves) != 1 || moves[0].Actor != "ann" || moves[0].From.Account != "acme" || moves[0].To.Account != "bell" || moves[0].ID != "g0" {
			t.Errorf("%+v %v", moves, err)
		}
	})
}

func TestOfReservationsAtOnceOneIsMade(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := owners.New(ownersql.New(db), slog.New(slog.DiscardHandler))
		var mu sync.Mutex
		made, taken := 0, 0
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				// Half of them are other apps' that come to the same id at the vendor.
				_, err := s.Reserve(t.Context(), owners.Record{Key: key([]string{"a", "b"}[i%2], "g"), Account: "acme", VendorID: "v"})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					made++
				case errors.Is(err, owners.ErrBusy), errors.Is(err, owners.ErrTaken):
					taken++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if made != 1 || taken != 11 {
			t.Errorf("%d made, %d told that it is taken", made, taken)
		}
	})
}

func TestRestraintsEndInTime(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, s, k := t.Context(), ownersql.New(db), key("a", "g")
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		list := func() (out []string) {
			rows, err := s.Restrained(ctx, k, owners.Mute, "", 10)
			must(err)
			for _, r := range rows {
				out = append(out, r.User)
			}
			return out
		}
		must(s.Restrain(ctx, k, owners.Mute, []string{"ann", "bob", "cat"}, 0))
		must(s.Restrain(ctx, k, owners.Mute, []string{"bob", "dan"}, time.Microsecond))
		must(s.Restrain(ctx, key("b", "g"), owners.Mute, []string{"eve"}, 0))
		must(s.Restrain(ctx, k, owners.Bar, []string{"eve"}, time.Hour))
		for deadline := time.Now().Add(20 * time.Second); len(list()) != 2 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		}
		if got := list(); !slices.Equal(got, []string{"ann", "cat"}) {
			t.Errorf("%v", got)
		}
		if barred, err := s.Restrained(ctx, k, owners.Bar, "", 10); err != nil || len(barred) != 1 || time.Until(barred[0].Until).Round(time.Hour) != time.Hour {
			t.Errorf("%+v %v", barred, err)
		}
		must(s.Restrain(ctx, k, owners.Mute, []string{""}, 0))
		if all, err := s.Everybody(ctx, k, owners.Mute); err != nil || !all {
			t.Errorf("%v %v", all, err)
		}
		must(s.Free(ctx, k, owners.Mute, []string{"cat", "", "nobody"}))
		if got := list(); !slices.Equal(got, []string{"ann"}) {
			t.Errorf("%v", got)
		}
		must(s.FreeAll(ctx, k))
		if got := list(); len(got) != 0 {
			t.Errorf("%v", got)
		}
	})
}
