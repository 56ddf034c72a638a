package pairingsql

import (
	"context"
	"strings"
	"testing"

	"switchboard/app/sqldb/sqldbtest"
)

// Tickets that ended stay for a day, and records for good, so no query may read
// all of them; of a person's records a page reads as many as it lists.
func TestSQLiteFindsWhatPairingKeepsByAnIndex(t *testing.T) {
	db := sqldbtest.Open(t, sqldbtest.SQLite(t))
	for query, want := range map[string]struct {
		args []any
		by   string // how much of the key; empty: any
	}{
		selectDue:     {args: []any{1, 10}},
		selectWaiting: {args: []any{"app", 0}},
		selectOld:     {args: []any{"7", 1, 5, 10}},
		selectCandidate + " WHERE p.app = ? AND p.changed_ms >= ?": {args: []any{"app", 0}},
		selectCandidate + " WHERE p.app = ? AND p.uid = ?":         {args: []any{"app", 7}},
		selectRecords + newestRecords:                              {[]any{"app", 7, 10}, "(app=? AND uid=?)"},
		selectRecords + beforeCursor + newestRecords:               {[]any{"app", 7, 100, "ask", 10}, "(app=? AND uid=? AND (start_at,ask_no)<(?,?))"},
		selectPeers:  {[]any{"app", 7, 0, 10}, "(app=? AND uid=? AND start_at>?)"},
		oldestRecord: {args: []any{"app"}},
		recordStep:   {args: []any{"app", 100, 10}},
		dropRecords:  {[]any{"app", 100}, "(app=? AND start_at<?)"},
		hideRecord:   {[]any{"app", 7, 100, "ask"}, "(app=? AND uid=? AND start_at=? AND ask_no=?)"},
	} {
		rows, err := db.Query(context.Background(), "EXPLAIN QUERY PLAN "+query, want.args...)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s\n%s", query, strings.Join(plan, "\n"))
		for _, step := range plan {
			if !strings.Contains(step, "USING") || !strings.Contains(step, want.by) || strings.Contains(step, "B-TREE") {
				t.Errorf("%s: %s", query, step)
			}
		}
	}
}
