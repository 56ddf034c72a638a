package roomsql_test

import (
	"testing"
	"time"

	"switchboard/app/rooms/roomsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/vendors"
)

func TestAGrantIsOfOneAppRoomAndUserAndEnds(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, ctx := roomsql.New(db), t.Context()
		speak := vendors.Permission{Publish: []vendors.Media{vendors.Microphone, vendors.Screen}, Subscribe: true}
		grant := func(app, room string, users []string, p vendors.Permission, d time.Duration) {
			t.Helper()
			if err := s.Grant(ctx, app, room, users, p, d); err != nil {
				t.Fatal(err)
			}
		}
		holds := func(app, room, user string, want vendors.Permission, is bool) {
			t.Helper()
			p, until, found, err := s.Granted(ctx, app, room, user)
			if err != nil || found != is || !p.Same(want) || is && (time.Until(until) < 50*time.Minute || time.Until(until) > 70*time.Minute) {
				t.Errorf("%s %s %s: %+v until %s, found %t, %v", app, room, user, p, until, found, err)
			}
		}
		grant("a", "stage", []string{"ann", "bob"}, speak, time.Hour)
		grant("a", "stage", []string{"eve"}, vendors.Permission{Data: true}, time.Microsecond)
		holds("a", "stage", "ann", speak, true)
		holds("b", "stage", "ann", vendors.Permission{}, false)
		holds("a", "other", "ann", vendors.Permission{}, false)
		time.Sleep(5 * time.Millisecond)
		holds("a", "stage", "eve", vendors.Permission{}, false)
		grant("a", "stage", []string{"ann"}, vendors.Permission{}, time.Hour) // the later one counts
		holds("a", "stage", "ann", vendors.Permission{}, true)
		if err := s.Withdraw(ctx, "a", "stage", []string{"bob", "nobody"}); err != nil {
			t.Fatal(err)
		}
		holds("a", "stage", "bob", vendors.Permission{}, false)
		holds("a", "stage", "ann", vendors.Permission{}, true)
	})
}
