package eventsql_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"switchboard/app/events"
	"switchboard/app/events/eventsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

func TestEventsAreKeptOnceClaimedOnceAndForgottenLate(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := eventsql.New(db)
		record := func(i int) events.Record {
			return events.Record{ID: fmt.Sprintf("rongcloud/e%d", i), Payload: []byte(fmt.Sprintf(`{"n":%d}`, i))}
		}
		fresh, err := s.Add(t.Context(), []events.Record{record(1), record(2), record(1)}, true)
		if err != nil || !slices.Equal(fresh, []bool{true, true, false}) {
			t.Fatal(fresh, err)
		}
		if fresh, err = s.Add(t.Context(), []events.Record{record(2), record(3)}, false); err != nil || !slices.Equal(fresh, []bool{false, true}) {
			t.Fatal(fresh, err)
		}
		first, err := s.Claim(t.Context(), 10, time.Hour)
		if err != nil || len(first) != 2 || first[0].Attempts != 1 || string(first[0].Payload) == "" {
			t.Fatal(first, err) // the third is not to be sent
		}
		if again, err := s.Claim(t.Context(), 10, time.Hour); err != nil || len(again) != 0 {
			t.Fatal("claimed twice: ", again, err)
		}
		if err := s.Settle(t.Context(), first[0], 0); err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(t.Context(), first[1], time.Microsecond); err != nil {
			t.Fatal(err)
		}
		retry := claimUntil(t, s)
		if len(retry) != 1 || retry[0].ID != first[1].ID || retry[0].Attempts != 2 {
			t.Fatal(retry)
		}
		// The first claim's holder comes late: the claim is another's now.
		if err := s.Settle(t.Context(), first[1], time.Microsecond); err != nil {
			t.Fatal(err)
		}
		if late, err := s.Claim(t.Context(), 10, time.Hour); err != nil || len(late) != 0 {
			t.Fatal("a stale holder ended another's claim: ", late, err)
		}
		if n, err := s.Prune(t.Context(), time.Hour, 10); err != nil || n != 0 {
			t.Fatal(n, err)
		}
		if n, err := s.Prune(t.Context(), -time.Minute, 10); err != nil || n != 2 {
			t.Fatal("want all but the claimed one forgotten: ", n, err)
		}
	})
}

func claimUntil(t *testing.T, s *eventsql.Store) []events.Record {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		due, err := s.Claim(t.Context(), 10, time.Hour)
		if err != nil || time.Now().After(deadline) {
			t.Fatal("nothing is due: ", err)
		}
		if len(due) > 0 {
			return due
		}
	}
}
