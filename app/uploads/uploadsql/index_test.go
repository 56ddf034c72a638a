package uploadsql_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/app/uploads"
	"switchboard/app/uploads/uploadsql"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEachAppsBytesAreAddedUp(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		x := uploadsql.New(db)
		if n, err := x.Used(t.Context(), "a"); n != 0 || err != nil {
			t.Fatalf("at first: %d %v", n, err)
		}
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				f := uploads.File{Name: fmt.Sprint("file-", i), App: []string{"a", "b"}[i%2], User: "ann", Bytes: int64(i)}
				if err := x.Begin(t.Context(), f); err != nil {
					t.Error(err)
				}
				if there, err := x.Add(t.Context(), f); err != nil || !there {
					t.Error(there, err)
				}
			})
		}
		all.Wait()
		used := func(want map[string]int64) {
			t.Helper()
			for app, want := range want {
				if n, err := x.Used(t.Context(), app); n != want || err != nil {
					t.Errorf("%s: %d %v, want %d", app, n, err, want)
				}
			}
		}
		used(map[string]int64{"a": 90, "b": 100, "c": 0})
		for range 2 { // the second time it is gone already
			if err := x.Drop(t.Context(), uploads.File{Name: "file-18", App: "a"}); err != nil {
				t.Error(err)
			}
		}
		used(map[string]int64{"a": 72, "b": 100})
		if there, err := x.Add(t.Context(), uploads.File{Name: "file-18", App: "a", Bytes: 18}); there || err != nil {
			t.Errorf("a file that was dropped is there: %t, %v", there, err)
		}
	})
}

// A file that a user's erasure or the sweep takes away is gone from the folder and from
// the count; the others stay.
func TestFilesGoByTheirAge(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, x, dir := t.Context(), uploadsql.New(db), t.TempDir()
		store, err := uploads.Open(uploads.Config{MaxBytes: 1000, Types: []string{"txt"}, Parallel: 1}, dir)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		save := func(app, user, text string) string {
			t.Helper()
			name, err := store.SaveFor(ctx, x, app, user, "holiday.txt", strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			return name
		}
		old := []string{save("a", "ann", "one"), save("a", "bob", "two"), save("a", "ann", "three")}
		other := save("b", "ann", "four")
		time.Sleep(5 * time.Millisecond)
		now, err := db.Now(ctx)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
		fresh := save("a", "ann", "five")
		if files, err := x.Of(ctx, "a", "ann", "", 10); err != nil || len(files) != 3 {
			t.Fatalf("ann has %v, %v", files, err)
		}
		for _, want := range []int{2, 1, 0} {
			if n, err := store.Sweep(ctx, x, "a", now, 2); err != nil || n != want {
				t.Fatalf("swept %d, %v; want %d", n, err, want)
			}
		}
		for _, name := range old {
			if _, err := store.Stat(ctx, name); !errors.Is(err, uploads.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, name := range []string{other, fresh} {
			if _, err := store.Stat(ctx, name); err != nil {
				t.Error(err)
			}
		}
		if n, err := x.Used(ctx, "a"); n != 4 || err != nil {
			t.Errorf("%d bytes are left, %v", n, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 4 { // with a name beside each
			t.Errorf("left in the folder: %v, %v", left, err)
		}
		if oldest, err := x.Oldest(ctx, "a"); err != nil || oldest.Before(now) {
			t.Errorf("oldest: %v, %v", oldest, err)
		}
		// What is refused leaves no row.
		if _, err := store.SaveFor(ctx, x, "a", "ann", "", strings.NewReader(strings.Repeat("x", 2000))); !errors.Is(err, uploads.ErrTooLarge) {
			t.Fatal(err)
		}
		if files, err := x.Of(ctx, "a", "ann", "", 10); err != nil || len(files) != 1 {
			t.Errorf("ann has %v, %v", files, err)
		}
	})
}
