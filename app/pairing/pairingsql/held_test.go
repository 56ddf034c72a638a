package pairingsql_test

import (
	"slices"
	"testing"

	"switchboard/app/pairing/pairingsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

func TestThoseInAnAskAreNamed(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := pairingsql.New(db)
		if err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			for app, uids := range map[string][]int{"a": {9, 10, 3}, "b": {3}, "c": {77}} {
				for _, uid := range uids {
					insert := tx.Dialect().Insert("pair_claims", 1, "app", "uid", "ask_no", "role", "round_no", "epoch", "lease_ms")
					if _, err := tx.Exec(insert, app, uid, "ask", 1, 0, 1, 0); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			apps  []string
			limit int
			want  []string
		}{{[]string{"a", "b"}, 9, []string{"3", "9", "10"}}, {[]string{"a", "b"}, 2, []string{"3", "9"}}, {nil, 9, nil}, {[]string{"d"}, 9, nil}} {
			if got, err := s.Held(t.Context(), c.apps, c.limit); err != nil || !slices.Equal(got, c.want) && len(got)+len(c.want) > 0 {
				t.Errorf("%v: %v, %v; want %v", c.apps, got, err, c.want)
			}
		}
	})
}
