package pairingsql

import (
	"context"
	"testing"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

func TestRecordsGoByTheirAge(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, s := context.Background(), New(db)
		add := func(app string, start int64) {
			t.Helper()
			err := db.Write(ctx, func(tx *sqldb.Tx) error {
				c := commit{tx: tx}
				return c.addRecord(ticket.Record{App: app, Asker: 1, Peer: 2, AskNo: time.Unix(start, 0).UTC().Format("150405"), StartAt: start, EndAt: start + 5})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for i := range int64(10) {
			add("a", 1000+i)
			add("b", 1000+i)
		}
		total := 0
		for {
			n, err := s.Sweep(ctx, "a", time.Unix(1006, 0), 3)
			if err != nil || n > 4 { // the two rows of a second stay together
				t.Fatal(n, err)
			}
			if total += n; n < 3 {
				break
			}
		}
		if total != 12 {
			t.Errorf("swept %d rows, want 12", total)
		}
		for app, want := range map[string]int{"a": 4, "b": 10} {
			for _, uid := range []ticket.UID{1, 2} {
				list, err := s.Records(ctx, app, uid, pairing.Cursor{}, 100)
				if err != nil || len(list) != want {
					t.Errorf("%d of %s has %d records, %v; want %d", uid, app, len(list), err, want)
				}
			}
		}
		if oldest, err := s.Oldest(ctx, "a"); err != nil || oldest.Unix() != 1006 {
			t.Errorf("oldest %v, %v", oldest, err)
		}
		if n, err := s.Sweep(ctx, "nobody", time.Unix(1<<40, 0), 3); n != 0 || err != nil {
			t.Error(n, err)
		}
	})
}
