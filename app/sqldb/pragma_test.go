package sqldb

import "testing"

// Migrations do without a sync for each commit; whoever writes afterwards must not.
func TestCommitsAreSyncedAfterTheMigrations(t *testing.T) {
	dir := t.TempDir()
	for _, store := range []string{"new", "there already"} {
		db, err := Open(t.Context(), Config{DataDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		for pragma, want := range map[string]int{"synchronous": 2, "temp_store": 2, "cache_size": -8000} { // FULL, MEMORY, KB
			var got int
			if err := db.writePool.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
				t.Errorf("a store that is %s: %s is %d, want %d %v", store, pragma, got, want, err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
