package usersql_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/app/users/usersql"
	"switchboard/vendors"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAProfileIsOfOneAppUserAndAccountAndKeepsWhatIsNotGiven(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, ctx := usersql.New(db), t.Context()
		show := func(app, account string, list ...vendors.User) {
			t.Helper()
			time.Sleep(2 * time.Millisecond) // SQLite's clock goes in steps of 1 ms
			if err := s.Show(ctx, app, account, list); err != nil {
				t.Fatal(err)
			}
		}
		shows := func(app, user string, want ...string) {
			t.Helper()
			got, err := s.Shown(ctx, app, user)
			if err != nil || len(got) != len(want) {
				t.Fatalf("%s %s: %+v, %v", app, user, got, err)
			}
			for i, p := range got {
				if text := p.Account + " " + p.Name + " " + p.Portrait; text != want[i] || time.Since(p.At).Abs() > time.Minute {
					t.Errorf("%s %s: %q at %s, want %q", app, user, text, p.At, want[i])
				}
			}
		}
		show("a", "acme", vendors.User{ID: "ann", Name: "Ann 安"}, vendors.User{ID: "Ann", Portrait: "p"})
		show("a", "bell", vendors.User{ID: "ann", Name: "Anna", Portrait: "p1"})
		shows("a", "ann", "bell Anna p1", "acme Ann 安 ")
		shows("a", "Ann", "acme  p")
		shows("b", "ann")
		show("a", "acme", vendors.User{ID: "ann", Portrait: "p2"})
		shows("a", "ann", "acme Ann 安 p2", "bell Anna p1")
		show("a", "acme", vendors.User{ID: "ann", Name: "A"}, vendors.User{ID: "ann", Name: "B"})
		shows("a", "ann", "acme B p2", "bell Anna p1")
	})
}
