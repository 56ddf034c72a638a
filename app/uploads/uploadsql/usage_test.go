package uploadsql_test

import (
	"sync"
	"testing"

	"go.uber.org/goleak"

	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/app/uploads/uploadsql"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEachAppsBytesAreAddedUp(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		u := uploadsql.New(db)
		if n, err := u.Used(t.Context(), "a"); n != 0 || err != nil {
			t.Fatalf("at first: %d %v", n, err)
		}
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if err := u.Add(t.Context(), []string{"a", "b"}[i%2], int64(i)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for app, want := range map[string]int64{"a": 90, "b": 100, "c": 0} {
			if n, err := u.Used(t.Context(), app); n != want || err != nil {
				t.Errorf("%s: %d %v, want %d", app, n, err, want)
			}
		}
	})
}
