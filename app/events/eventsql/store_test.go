package eventsql_test

import (
	"fmt"
	"slices"
	"sync"
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
		if _, err := s.Settle(t.Context(), first[0], 0); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Settle(t.Context(), first[1], time.Microsecond); err != nil {
			t.Fatal(err)
		}
		retry := claimUntil(t, s)
		if len(retry) != 1 || retry[0].ID != first[1].ID || retry[0].Attempts != 2 {
			t.Fatal(retry)
		}
		// The first claim's holder comes late: the claim is another's now.
		if _, err := s.Settle(t.Context(), first[1], time.Microsecond); err != nil {
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
		short, long := record(4), record(5)
		short.Keep, long.Keep = time.Microsecond, time.Hour // whatever holds for all others
		if _, err := s.Add(t.Context(), []events.Record{short, long, record(6)}, false); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Prune(t.Context(), -time.Minute, 1); err != nil || n != 1 {
			t.Fatal("one at a time: ", n, err)
		}
		n, err := s.Prune(t.Context(), -time.Minute, 10)
		if fresh, _ = s.Add(t.Context(), []events.Record{short, long, record(6)}, false); err != nil || n != 1 || !slices.Equal(fresh, []bool{true, false, true}) {
			t.Fatal("want all forgotten but the one that is kept for longer: ", n, fresh, err)
		}
	})
}

func claimUntil(t *testing.T, s *eventsql.Store) []events.Record {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(time.Millisecond) {
		due, err := s.Claim(t.Context(), 10, time.Hour)
		if err != nil || time.Now().After(deadline) {
			t.Fatal("nothing is due: ", err)
		}
		if len(due) > 0 {
			return due
		}
	}
}

// While an older event of its key is due, leased or waits for its next attempt, an event
// is not claimed; those of other keys and of none are.
func TestEventsOfOneKeyAreClaimedOneAfterTheOther(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := eventsql.New(db)
		var records []events.Record
		for i := range 9 {
			records = append(records, events.Record{ID: fmt.Sprintf("v/%c%d", 'z'-i, i), Key: []string{"a", "b", ""}[i%3], Payload: []byte("{}")})
		}
		if _, err := s.Add(t.Context(), records, true); err != nil {
			t.Fatal(err)
		}
		more := events.Record{ID: "v/0", Key: "a", Payload: []byte("{}")}
		if _, err := s.Add(t.Context(), []events.Record{more}, true); err != nil {
			t.Fatal(err)
		}
		claim := func(want ...string) (out []events.Record) {
			t.Helper()
			out, err := s.Claim(t.Context(), 100, time.Hour)
			var got []string
			for _, r := range out {
				got = append(got, r.ID)
			}
			slices.Sort(got)
			if slices.Sort(want); err != nil || !slices.Equal(got, want) {
				t.Fatalf("claimed %q, want %q, %v", got, want, err)
			}
			return out
		}
		settle := func(r events.Record, retry time.Duration, want bool) {
			t.Helper()
			if next, err := s.Settle(t.Context(), r, retry); err != nil || next != want {
				t.Fatalf("%s: next %v, %v", r.ID, next, err)
			}
		}
		of := func(claimed []events.Record, id string) events.Record {
			t.Helper()
			i := slices.IndexFunc(claimed, func(r events.Record) bool { return r.ID == id })
			if i < 0 {
				t.Fatalf("%s is not claimed", id)
			}
			return claimed[i]
		}
		first := claim("v/z0", "v/y1", "v/x2", "v/u5", "v/r8")
		claim() // leased
		settle(of(first, "v/x2"), 0, false)
		settle(of(first, "v/z0"), time.Hour, false) // refused: its key waits
		settle(of(first, "v/y1"), 0, true)          // taken, or given up: its key goes on
		second := claim("v/v4")
		settle(of(second, "v/v4"), time.Microsecond, false)
		third := claimUntil(t, s)
		if len(third) != 1 || third[0].ID != "v/v4" || third[0].Attempts != 2 {
			t.Fatalf("%+v", third)
		}
		settle(third[0], 0, true)
		last := claim("v/s7")
		settle(last[0], 0, false)
		claim()
	})
}

// The order is kept whoever claims, and however often an event comes back.
func TestOneKeyIsWorkedOffInOrderByManyReplicas(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		const keys, each = 4, 8
		s := eventsql.New(db)
		for n := range each {
			var records []events.Record
			for k := range keys {
				records = append(records, events.Record{ID: fmt.Sprintf("v/%d-%d", k, n), Key: fmt.Sprint(k), Payload: []byte("{}")})
			}
			if _, err := s.Add(t.Context(), records, true); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex
		done := map[string]int{}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
					claimed, err := s.Claim(t.Context(), 2, time.Hour)
					if err != nil {
						t.Error(err)
						return
					}
					for _, r := range claimed {
						mu.Lock()
						if r.ID != fmt.Sprintf("v/%s-%d", r.Key, done[r.Key]) {
							t.Errorf("%s is claimed after %d of its key", r.ID, done[r.Key])
						}
						retry := time.Microsecond
						if r.Attempts > 1 {
							retry = 0
							done[r.Key]++
						}
						mu.Unlock()
						if _, err := s.Settle(t.Context(), r, retry); err != nil {
							t.Error(err)
						}
					}
					mu.Lock()
					over := done["0"]+done["1"]+done["2"]+done["3"] == keys*each
					mu.Unlock()
					if over || t.Failed() {
						return
					}
				}
				t.Error("not all were claimed")
			})
		}
		wg.Wait()
	})
}
