package storage

import (
	"context"
	"strings"
	"testing"
)

// Tickets that ended stay for a day, so no query may read all of them.
func TestSQLiteFindsTicketsAndPeopleByAnIndex(t *testing.T) {
	db, err := Open(context.Background(), Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for query, args := range map[string][]any{
		selectDue:     {1, 10},
		selectWaiting: {"app", 0},
		selectOld:     {"7", 1, 5, 10},
		selectPerson + " WHERE p.app = ? AND p.changed_ms >= ?": {"app", 0},
		selectPerson + " WHERE p.app = ? AND p.uid = ?":         {"app", 7},
	} {
		rows, err := db.Query(context.Background(), "EXPLAIN QUERY PLAN "+query, args...)
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
			if !strings.Contains(step, "USING") || strings.Contains(step, "B-TREE") {
				t.Errorf("%s: %s", query, step)
			}
		}
	}
}
