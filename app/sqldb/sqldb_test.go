package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// table makes a table of counters for one test.
func table(t testing.TB, db *sqldb.DB) {
	t.Helper()
	err := db.Write(context.Background(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec("CREATE TABLE counters (name VARCHAR(64) NOT NULL PRIMARY KEY, n BIGINT NOT NULL)")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func insert(db *sqldb.DB, name string) error {
	return db.Write(context.Background(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO counters (name, n) VALUES (?, 0)", name)
		return err
	})
}

func has(t testing.TB, db *sqldb.DB, name string) bool {
	t.Helper()
	var n int
	err := db.QueryRow(context.Background(), "SELECT n FROM counters WHERE name = ?", name).Scan(&n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
	return err == nil
}

// together hands all writes over while the writer is held, so that they share a group.
func together(t testing.TB, db *sqldb.DB, writes ...func(*sqldb.Tx) error) []error {
	t.Helper()
	var wg sync.WaitGroup
	hold, held := make(chan struct{}), make(chan struct{})
	wg.Go(func() {
		first := true
		_ = db.Write(context.Background(), func(*sqldb.Tx) error {
			if first {
				first = false
				close(held)
				<-hold
			}
			return nil
		})
	})
	<-held
	errs := make([]error, len(writes))
	for i, w := range writes {
		wg.Go(func() { errs[i] = db.Write(context.Background(), w) })
	}
	time.Sleep(50 * time.Millisecond)
	close(hold)
	wg.Wait()
	return errs
}

func add(name string) func(*sqldb.Tx) error {
	return func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO counters (name, n) VALUES (?, 0)", name)
		return err
	}
}

func TestOneWritesFailureNeverSpoilsAnothers(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		table(t, db)
		refusal := errors.New("refused")
		errs := together(t, db,
			add("before"),
			func(tx *sqldb.Tx) error { return refusal },
			func(tx *sqldb.Tx) error { _ = add("undone")(tx); return refusal },
			func(tx *sqldb.Tx) error { _ = add("panicked")(tx); panic("no") },
			add("before"),
			func(tx *sqldb.Tx) error { _, _ = tx.Exec("SELECT FROM WHERE"); return nil },
			add("after"),
		)
		duplicates := 0
		for _, i := range []int{0, 4} {
			if errors.Is(errs[i], sqldb.ErrDuplicate) {
				duplicates++
			} else if errs[i] != nil {
				t.Errorf("write %d: %v", i, errs[i])
			}
		}
		if duplicates != 1 || errs[6] != nil {
			t.Errorf("one of the equal rows should be refused as a duplicate, and the last written: %v", errs)
		}
		if !errors.Is(errs[1], refusal) || !errors.Is(errs[2], refusal) {
			t.Errorf("refusals: %v, %v", errs[1], errs[2])
		}
		if errs[3] == nil || !strings.Contains(errs[3].Error(), "panicked: no") {
			t.Errorf("panic: %v", errs[3])
		}
		if errs[5] == nil {
			t.Error("a bad statement was passed over in silence")
		}
		for name, want := range map[string]bool{"before": true, "after": true, "undone": false, "panicked": false} {
			if has(t, db, name) != want {
				t.Errorf("row %s: want %t", name, want)
			}
		}
	})
}

func TestARefusalIsAnsweredOnlyFromWhatIsCommitted(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		table(t, db)
		taken := errors.New("taken")
		claim := func(fail error) func(*sqldb.Tx) error {
			return func(tx *sqldb.Tx) error {
				n, err := tx.Exec(tx.Dialect().InsertIgnore("counters", 1, "name", "n"), "seat", 1)
				if err != nil {
					return err
				}
				if n == 0 {
					return taken
				}
				return fail
			}
		}
		// Whoever comes first, the seat goes to the one claim that does not fail.
		errs := together(t, db, claim(errors.New("changed my mind")), claim(nil))
		if errs[1] != nil || !has(t, db, "seat") {
			t.Errorf("the good claim lost to an undone one: %v", errs)
		}
	})
}

func TestManyWritesShareACommitAndAllAreKept(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		table(t, db)
		if err := insert(db, "hot"); err != nil {
			t.Fatal(err)
		}
		const writers, each = 32, 20
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range each {
					err := db.WriteKeyed(context.Background(), "hot", func(tx *sqldb.Tx) error {
						n, err := tx.Exec("UPDATE counters SET n = n + 1 WHERE name = ?", "hot")
						if err == nil && n != 1 {
							err = fmt.Errorf("%d rows", n)
						}
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int
		if err := db.QueryRow(context.Background(), "SELECT n FROM counters WHERE name = ?", "hot").Scan(&n); err != nil || n != writers*each {
			t.Fatalf("n = %d, %v; want %d", n, err, writers*each)
		}
		if s := db.Stats(); s.Commits >= s.Writes {
			t.Errorf("no commit was shared: %+v", s)
		}
	})
}

func TestAWriteThatWaitsCanBeWithdrawnAndOneBegunIsFinished(t *testing.T) {
	db := sqldbtest.Open(t, sqldbtest.SQLite(t))
	table(t, db)
	hold, held := make(chan struct{}), make(chan struct{})
	begun, leave := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		err := db.Write(begun, func(tx *sqldb.Tx) error {
			close(held)
			<-hold
			return add("begun")(tx)
		})
		if err != nil {
			t.Errorf("a write that was begun: %v", err)
		}
	})
	<-held
	leave()
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := db.Write(gone, add("waiting")); !errors.Is(err, context.Canceled) {
		t.Errorf("a write that waited: %v", err)
	}
	close(hold)
	wg.Wait()
	if !has(t, db, "begun") || has(t, db, "waiting") {
		t.Error("begun must be written, waiting must not")
	}
}

// endless runs until it is stopped: one statement that does, or on SQLite, which
// finishes each, one after the other.
func endless(tx *sqldb.Tx) (err error) {
	statement := "UPDATE counters SET n = n + 1 WHERE name = 'slow'"
	switch tx.Dialect() {
	case sqldb.Postgres:
		statement = "SELECT pg_sleep(30)"
	case sqldb.MySQL:
		statement = "DO SLEEP(30)"
	}
	for err == nil {
		_, err = tx.Exec(statement)
	}
	return err
}

func TestASlowStatementIsStoppedAloneAndTheOthersAreWritten(t *testing.T) {
	for name, config := range map[string]func(testing.TB) sqldb.Config{
		"sqlite": sqldbtest.SQLite, "postgres": sqldbtest.Postgres, "mysql": sqldbtest.MySQL,
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t)
			cfg.WriteLimit = 2 * time.Second // far longer than a statement takes on a busy machine
			db := sqldbtest.Open(t, cfg)
			table(t, db)
			slow := func(tx *sqldb.Tx) error {
				if err := add("slow")(tx); err != nil {
					return err
				}
				return endless(tx)
			}
			errs := together(t, db, add("a"), slow, add("b"))
			if errs[0] != nil || errs[2] != nil || !errors.Is(errs[1], sqldb.ErrSlow) {
				t.Fatalf("%v", errs)
			}
			if !has(t, db, "a") || !has(t, db, "b") || has(t, db, "slow") {
				t.Error("a and b must be there, slow must not")
			}
		})
	}
}

func TestATransactionThatSQLiteEndsByItselfLeavesTheStoreUsable(t *testing.T) {
	db := sqldbtest.Open(t, sqldbtest.SQLite(t))
	table(t, db)
	if err := insert(db, "there"); err != nil {
		t.Fatal(err)
	}
	err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT OR ROLLBACK INTO counters (name, n) VALUES ('there', 0)")
		return err
	})
	if err == nil {
		t.Error("a duplicate was written")
	}
	if err := insert(db, "after"); err != nil || !has(t, db, "after") {
		t.Errorf("the next write: %v", err)
	}
}

func TestABatchIsRunAsOneAndEachItemKeepsItsAnswer(t *testing.T) {
	for name, write := range map[string]func(tx *sqldb.Tx, query string, args ...any) error{
		"at once": func(tx *sqldb.Tx, query string, args ...any) error { _, err := tx.Exec(query, args...); return err },
		"with the commit": func(tx *sqldb.Tx, query string, args ...any) error {
			return tx.Last(sqldb.Stmt{Query: query, Args: args})
		},
	} {
		t.Run(name, func(t *testing.T) { testBatch(t, write) })
	}
}

func testBatch(t *testing.T, write func(tx *sqldb.Tx, query string, args ...any) error) {
	type item struct {
		name    string
		refused bool
		with    int
	}
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		table(t, db)
		var told sync.Map // names of items, whether they were refused
		b := sqldb.NewBatch(db, func(tx *sqldb.Tx, items []*item) error {
			var args []any
			for _, it := range items {
				it.with = len(items)
				if it.refused = strings.HasPrefix(it.name, "no"); !it.refused {
					args = append(args, it.name, 1)
				}
			}
			if len(args) == 0 {
				return nil
			}
			return write(tx, tx.Dialect().Insert("counters", len(args)/2, "name", "n"), args...)
		}, func(items []*item) {
			for _, it := range items {
				if _, twice := told.Swap(it.name, it.refused); twice {
					t.Errorf("told twice of %s", it.name)
				}
			}
		})
		if err := insert(db, "taken"); err != nil {
			t.Fatal(err)
		}
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			most int
		)
		for i := range 200 {
			wg.Go(func() {
				it := &item{name: fmt.Sprintf("item-%d", i)}
				switch i {
				case 50:
					it.name = "no thanks"
				case 100:
					it.name = "taken"
				}
				err := b.Write(context.Background(), it)
				if (i == 100) != errors.Is(err, sqldb.ErrDuplicate) || (err != nil && i != 100) || it.refused != (i == 50) {
					t.Errorf("item %s: %v, refused %t", it.name, err, it.refused)
				}
				if refused, before := told.Load(it.name); before != (err == nil) || before && refused != it.refused {
					t.Errorf("told of item %s before its answer: %t, refused %v", it.name, before, refused)
				}
				mu.Lock()
				most = max(most, it.with)
				mu.Unlock()
			})
		}
		wg.Wait()
		for i := range 200 {
			if name := fmt.Sprintf("item-%d", i); has(t, db, name) != (i != 50 && i != 100) {
				t.Errorf("row %s", name)
			}
		}
	})
}

func TestCloseFinishesWhatWasAcceptedAndRefusesTheRest(t *testing.T) {
	cfg := sqldbtest.SQLite(t)
	db := sqldbtest.Open(t, cfg)
	table(t, db)
	const n = 100
	var wg sync.WaitGroup
	acked := make([]bool, n)
	for i := range n {
		wg.Go(func() {
			err := insert(db, fmt.Sprint(i))
			if acked[i] = err == nil; err != nil && !errors.Is(err, sqldb.ErrClosed) {
				t.Error(err)
			}
		})
	}
	begun, finished := make(chan struct{}), make(chan struct{})
	wg.Go(func() {
		err := db.Write(context.Background(), func(*sqldb.Tx) error {
			close(begun)
			time.Sleep(50 * time.Millisecond)
			close(finished)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-begun
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-finished:
	default:
		t.Error("Close left a write behind")
	}
	wg.Wait()
	if err := db.Ready(context.Background()); !errors.Is(err, sqldb.ErrClosed) {
		t.Errorf("Ready after Close: %v", err)
	}
	again := sqldbtest.Open(t, cfg)
	for i := range n {
		if has(t, again, fmt.Sprint(i)) != acked[i] {
			t.Errorf("write %d: acknowledged %t and kept otherwise", i, acked[i])
		}
	}
}

func TestSeveralReplicasMayStartAtOnce(t *testing.T) {
	for name, config := range map[string]func(testing.TB) sqldb.Config{
		"sqlite": sqldbtest.SQLite, "postgres": sqldbtest.Postgres, "mysql": sqldbtest.MySQL,
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					db, err := sqldb.Open(context.Background(), cfg)
					if err != nil {
						t.Error(err)
						return
					}
					for range 20 {
						if err := db.Ready(context.Background()); err != nil {
							t.Error(err)
						}
					}
					if err := db.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestTheStoresClockIsNow(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var expr int64
		err := db.Write(context.Background(), func(tx *sqldb.Tx) error {
			a, err := tx.Now()
			if err != nil {
				return err
			}
			if b, _ := tx.Now(); b != a {
				t.Error("the clock moved inside a transaction")
			}
			return tx.QueryRow("SELECT " + tx.Dialect().NowSQL()).Scan(&expr)
		})
		now, err2 := db.Now(context.Background())
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if d := time.Since(now); d.Abs() > time.Minute || now.Sub(time.UnixMicro(expr)).Abs() > time.Minute {
			t.Errorf("off by %v", d)
		}
	})
}

func TestAServerThatIsNotThereIsUnavailableAndKeepsItsSecret(t *testing.T) {
	for _, url := range []string{"postgres://u:hunter2@127.0.0.1:1/x", "mysql://u:hunter2@127.0.0.1:1/x", "postgres://u:hunter2@[bad", "mysql://u:hunter2@[bad", "oracle://u:hunter2@h/x"} {
		_, err := sqldb.Open(context.Background(), sqldb.Config{URL: url})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
		if strings.Contains(url, ":1/") && !errors.Is(err, sqldb.ErrUnavailable) {
			t.Errorf("%s: want ErrUnavailable, got %v", url, err)
		}
	}
}

func TestUpsertOverwritesAndInsertIgnoreDoesNot(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		table(t, db)
		err := db.Write(context.Background(), func(tx *sqldb.Tx) error {
			d := tx.Dialect()
			for i, q := range []string{
				d.Upsert("counters", 1, "name", []string{"n"}, "name", "n"),
				d.Upsert("counters", 1, "name", []string{"n"}, "name", "n"),
				d.InsertIgnore("counters", 1, "name", "n"),
			} {
				if _, err := tx.Exec(q, "row", i); err != nil {
					return err
				}
			}
			return nil
		})
		var n int
		if err2 := db.QueryRow(context.Background(), "SELECT n FROM counters WHERE name = ?", "row").Scan(&n); err != nil || err2 != nil || n != 1 {
			t.Errorf("n = %d, %v, %v; want 1", n, err, err2)
		}
	})
}

func TestUpdateEachGivesEveryRowItsOwnValues(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		table(t, db)
		const rows = 150 // more than one statement takes
		var changed [][]any
		for i := range rows {
			name := fmt.Sprint("row-", i)
			if err := insert(db, name); err != nil {
				t.Fatal(err)
			}
			if i != 7 {
				changed = append(changed, []any{name, int64(i * i)})
			}
		}
		err := db.Write(context.Background(), func(tx *sqldb.Tx) error {
			return tx.Pipeline(slices.Concat(tx.Dialect().UpdateEach("counters", []string{"name", "n"}, changed),
				tx.Dialect().UpdateEach("counters", []string{"name", "n"}, nil))...)
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			want := int64(i * i)
			if i == 7 {
				want = 0
			}
			n, err := sqldb.ScanOne[int64](db.QueryRow(context.Background(), "SELECT n FROM counters WHERE name = ?", fmt.Sprint("row-", i)))
			if err != nil || n != want {
				t.Errorf("row %d: %d, want %d, %v", i, n, want, err)
			}
		}
	})
}
