package eventsql_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/app/events"
	"switchboard/app/events/eventsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

func TestOnlyOneReplicaPollsAtATime(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, claimed := eventsql.New(db), atomic.Int64{}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				_, mine, err := s.ClaimPoll(t.Context(), "acme", time.Hour)
				if err != nil {
					t.Error(err)
				}
				if mine {
					claimed.Add(1)
				}
			})
		}
		all.Wait()
		if claimed.Load() != 1 {
			t.Errorf("%d replicas poll", claimed.Load())
		}
		if _, mine, err := s.ClaimPoll(t.Context(), "other", time.Millisecond); err != nil || !mine {
			t.Errorf("another account: %t, %v", mine, err)
		}
		time.Sleep(20 * time.Millisecond) // of the store's clock
		if _, mine, err := s.ClaimPoll(t.Context(), "other", time.Millisecond); err != nil || !mine {
			t.Errorf("when it is due again: %t, %v", mine, err)
		}
	})
}

func TestWatchedUsersAreAskedInTurnAndForgotten(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, s := t.Context(), eventsql.New(db)
		watch := func(span time.Duration, most, want int, users ...string) {
			t.Helper()
			if refused, err := s.Watch(ctx, "acme", users, span, most); err != nil || refused != want {
				t.Fatalf("%d refused, %v; want %d", refused, err, want)
			}
		}
		next := func(limit int, want string) {
			t.Helper()
			got, err := s.NextWatched(ctx, "acme", limit)
			if err != nil || strings.Join(got, " ") != want {
				t.Fatalf("%v, %v; want %s", got, err, want)
			}
			time.Sleep(2 * time.Millisecond) // SQLite's clock has steps of 1 ms
		}
		watch(time.Hour, 3, 0, "ann", "bob")
		watch(time.Hour, 3, 1, "bob", "Bob", "eve") // as many as there is room for; who is watched stays so
		next(2, "Bob ann")
		next(2, "bob Bob")
		next(2, "ann Bob")
		if got, err := s.NextWatched(ctx, "other", 9); err != nil || len(got) != 0 {
			t.Errorf("at another account: %v, %v", got, err)
		}
		watch(time.Millisecond, 4, 0, "fay")
		time.Sleep(20 * time.Millisecond)
		next(9, "bob Bob ann")
	})
}

func TestOnlyChangesAreTold(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, s := t.Context(), eventsql.New(db)
		if _, err := s.Watch(ctx, "acme", []string{"ann", "bob"}, time.Hour, 9); err != nil {
			t.Fatal(err)
		}
		day := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		at := func(n int) time.Time { return day.Add(time.Duration(n) * time.Minute) }
		seen := func(asOf int, online bool, since int, want string) {
			t.Helper()
			made := map[string]string{}
			found := []events.Sighting{{User: "ann", Online: online, Since: at(since)}, {User: "bob"}, {User: "nobody", Online: true}}
			changed, err := s.Seen(ctx, "acme", at(asOf), found, func(one events.Sighting) (events.Record, error) {
				made[one.User] = fmt.Sprintf("%s %t %d", one.User, one.Online, one.Since.Sub(day)/time.Minute)
				return events.Record{ID: fmt.Sprint("polled-", one.User, asOf), Key: one.User, Payload: []byte("{}")}, nil
			}, true)
			var got []string
			for _, user := range changed {
				got = append(got, made[user])
			}
			if err != nil || strings.Join(got, ", ") != want {
				t.Errorf("as of %d: %v, %v; want %s", asOf, got, err, want)
			}
		}
		seen(10, false, 0, "") // found so first: nobody came or went
		seen(11, true, 5, "ann true 10")
		seen(12, true, 5, "")
		seen(13, false, 0, "ann false 13")
		seen(12, true, 5, "") // an answer that was overtaken
		seen(14, true, 99, "ann true 14")
		due, err := s.Claim(ctx, 10, time.Hour) // one at a time of one user
		if err != nil || len(due) != 1 || !slices.ContainsFunc(due, func(r events.Record) bool { return r.Key == "ann" }) {
			t.Errorf("due are %v, %v", due, err)
		}
	})
}
