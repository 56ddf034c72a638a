package ledgersql_test

import (
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"switchboard/app/ledger"
	"switchboard/app/ledger/ledgersql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/vendors"
)

func entry(key string) ledger.Entry {
	return ledger.Entry{
		ID: "id-" + key, App: "app", Key: key, RequestID: "req", Op: vendors.OpAdjust, Vendor: "acme", State: ledger.Open,
		Payload: []byte(`{"n":1}`), Digest: []byte{0, 255},
	}
}

func TestLedgerKeepsWhatItWasGiven(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := ledgersql.New(db)
		e := entry("k")
		if _, taken, err := s.Insert(t.Context(), e, time.Hour); taken || err != nil {
			t.Fatal(taken, err)
		}
		e.State, e.Checks, e.Vendor = ledger.Doubt, 3, "other"
		e.Result = ledger.Result{Outcome: vendors.Ambiguous, Code: 100109, Text: "nobody knows", Data: []byte("{\"码\":1}"), At: time.Unix(1_700_000_000, 0).UTC()}
		e.Steps = []vendors.Step{{
			At: time.UnixMicro(1_700_000_000_000_001).UTC(), Vendor: "acme", Op: e.Op, Took: 5 * time.Millisecond,
			Outcome: vendors.Ambiguous, Code: "1000", Note: "status 502", Skipped: true,
		}}
		if saved, err := s.Save(t.Context(), e, time.Hour); !saved || err != nil {
			t.Fatal(saved, err)
		}
		if saved, err := s.Save(t.Context(), e, time.Hour); saved || err != nil {
			t.Fatalf("an old version was written: %v, %v", saved, err)
		}
		got, err := s.ByRequest(t.Context(), "req")
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		if time.Since(got[0].Created).Abs() > time.Minute || got[0].Updated.Before(got[0].Created) {
			t.Errorf("created %v, updated %v", got[0].Created, got[0].Updated)
		}
		e.Version, e.Created, e.Updated = 1, got[0].Created, got[0].Updated
		if !reflect.DeepEqual(got[0], e) {
			t.Errorf("got  %+v\nwant %+v", got[0], e)
		}
	})
}

func TestLedgerAddsWhatEnded(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := ledgersql.New(db)
		many := make([]ledger.Entry, 300)
		for i := range many {
			id := fmt.Sprint("k", i)
			many[i] = ledger.Entry{
				ID: id, App: "app", Key: id, RequestID: fmt.Sprint("req", i/2), Op: vendors.OpAdjust, Vendor: "acme", State: ledger.Done,
				Created: time.UnixMicro(1_700_000_000_000_000 + int64(i)).UTC(), Result: ledger.Result{Outcome: vendors.OK, At: time.Unix(1_700_000_000, 0).UTC()},
			}
		}
		for range 2 { // a batch whose answer was lost is added again
			if err := s.Add(t.Context(), many, time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.ByRequest(t.Context(), "req7")
		if err != nil || len(got) != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		for i, e := range got {
			want := many[14+i]
			if want.Updated = e.Updated; time.Since(e.Updated).Abs() > time.Minute || !reflect.DeepEqual(e, want) {
				t.Errorf("got  %+v\nwant %+v", e, want)
			}
		}
		if due, err := s.Due(t.Context(), 10); err != nil || len(due) != 0 {
			t.Fatalf("%+v, %v", due, err)
		}
		if err := s.Add(t.Context(), []ledger.Entry{{ID: "old", RequestID: "req7", State: ledger.Done}}, -time.Hour); err != nil {
			t.Fatal(err)
		}
		// A portion that was full says that there may be more; the next one finds none.
		if _, err := s.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if more, err := s.Prune(t.Context()); more || err != nil {
			t.Fatal(more, err)
		}
		if got, err := s.ByRequest(t.Context(), "req7"); len(got) != 2 || err != nil {
			t.Fatalf("only what is old may be forgotten: %+v, %v", got, err)
		}
	})
}

func TestLedgerTakesAKeyOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := ledgersql.New(db)
		var wg sync.WaitGroup
		var mu sync.Mutex
		first := map[string]int{}
		for i := range 40 {
			wg.Go(func() {
				e := entry(fmt.Sprint("k", i%4))
				e.ID = fmt.Sprint("id", i)
				there, taken, err := s.Insert(t.Context(), e, 0)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					t.Error(err)
				case !taken:
					first[e.Key]++
				case there.Key != e.Key || there.ID == e.ID:
					t.Errorf("told of %+v", there)
				}
			})
		}
		wg.Wait()
		for _, n := range first {
			if n != 1 || len(first) != 4 {
				t.Fatalf("first: %v", first)
			}
		}
		other := entry("k0")
		other.ID, other.App = "x", "app2"
		if _, taken, err := s.Insert(t.Context(), other, 0); taken || err != nil {
			t.Fatal("the key of another app is taken", err)
		}
	})
}

func TestLedgerTellsWhatIsDueAndForgetsWhatEndedLongAgo(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := ledgersql.New(db)
		for key, in := range map[string]time.Duration{"now": -time.Second, "later": time.Hour, "ended": -time.Second, "remembered": time.Hour} {
			e := entry(key)
			if key == "ended" || key == "remembered" {
				e.State = ledger.Done
			}
			if _, _, err := s.Insert(t.Context(), e, in); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // forgetting leaves what has not ended
			got, err := s.Due(t.Context(), 10)
			if err != nil || len(got) != 1 || got[0].Key != "now" {
				t.Fatalf("%+v, %v", got, err)
			}
			if more, err := s.Prune(t.Context()); more || err != nil {
				t.Fatal(more, err)
			}
		}
		left, _ := s.ByRequest(t.Context(), "req")
		if len(left) != 3 {
			t.Fatalf("%d left: only what ended long ago may be forgotten", len(left))
		}
		if _, taken, err := s.Insert(t.Context(), entry("ended"), time.Hour); taken || err != nil {
			t.Fatal("a forgotten key is free again", taken, err)
		}
	})
}

func TestKeysThatDifferByCaseAreTwo(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := ledgersql.New(db)
		for _, key := range []string{"order-a", "order-A", "order-a "} {
			e := ledger.Entry{ID: "id-" + key, App: "app", Op: "op", Key: key, State: ledger.Open, Payload: []byte("{}"), Digest: []byte{1}}
			if _, taken, err := s.Insert(t.Context(), e, time.Minute); err != nil || taken {
				t.Errorf("%q: taken %t, %v", key, taken, err)
			}
		}
	})
}
