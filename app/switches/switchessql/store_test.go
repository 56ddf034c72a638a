package switchessql_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/app/switches"
	"switchboard/app/switches/switchessql"
)

func TestSwitchesKeepEveryVersion(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := switchessql.New(db)
		if v, err := s.Version(t.Context()); v != 0 || err != nil {
			t.Fatal(v, err)
		}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for {
					v, err := s.Version(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					saved, err := s.Save(t.Context(), switches.Change{Version: v, Actor: fmt.Sprint("op", i), Reason: "drill", Body: []byte("{}")})
					if err != nil {
						t.Error(err)
					}
					if saved || err != nil {
						return
					}
				}
			})
		}
		wg.Wait()
		got, err := s.Load(t.Context(), 100)
		if err != nil || len(got) != 8 || got[0].Version != 8 || got[7].Version != 1 || got[0].Reason != "drill" || time.Since(got[0].At).Abs() > time.Minute {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}
