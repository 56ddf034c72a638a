package storage_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/app/cabletest"
	"switchboard/app/storage"
	"switchboard/app/storage/storagetest"
)

// tooLong is far more than any limit in these tests, and less than a driver's own.
const tooLong = 20 * time.Second

// servers are the stores that can hang.
var servers = map[string]struct {
	config  func(testing.TB) storage.Config
	connect string // the URL's option for 2 s to connect in
}{
	"postgres": {storagetest.Postgres, "connect_timeout=2"},
	"mysql":    {storagetest.MySQL, "timeout=2s"},
}

// hangable is a store whose server can be made to hang, with limits that a busy
// machine keeps, and the same store past the cable, with the table of counters.
func hangable(t *testing.T, server string) (db, past *storage.DB, cable *cabletest.Cable) {
	t.Helper()
	straight := servers[server].config(t)
	past = storagetest.Open(t, straight)
	table(t, past)
	cfg, cable := behind(t, straight)
	if strings.Contains(cfg.URL, "?") {
		cfg.URL += "&" + servers[server].connect
	} else {
		cfg.URL += "?" + servers[server].connect
	}
	cfg.Turn, cfg.Lanes = 2*time.Second, 1
	db = storagetest.Open(t, cfg)
	db.CommitWithin(time.Second)
	return db, past, cable
}

// A server that says nothing is given up in time wherever that happens. Only a
// commit that was sent leaves a doubt: all else is known not to be written.
func TestAServerThatHangsIsGivenUpAndTheAnswerIsHonest(t *testing.T) {
	refused := errors.New("refused")
	// later runs the write a second time, behind a savepoint, and hangs at its end.
	later := func(c *cabletest.Cable, end error) func(*storage.Tx) error {
		runs := 0
		return func(tx *storage.Tx) error {
			if err := add("row")(tx); err != nil {
				return err
			}
			if runs++; runs == 1 {
				return refused
			}
			c.Hang()
			return end
		}
	}
	for name, hang := range map[string]struct {
		cold    bool // the lane has no connection yet
		before  func(*cabletest.Cable)
		write   func(*cabletest.Cable) func(*storage.Tx) error
		unknown bool
		written bool // for sure
	}{
		"connect": {cold: true, before: (*cabletest.Cable).Hang},
		"begin":   {before: (*cabletest.Cable).Hang},
		"statement": {write: func(c *cabletest.Cable) func(*storage.Tx) error {
			return func(tx *storage.Tx) error { c.Hang(); return add("row")(tx) }
		}},
		"statement answer": {write: func(c *cabletest.Cable) func(*storage.Tx) error {
			return func(tx *storage.Tx) error { c.Mute(); return add("row")(tx) }
		}},
		"rollback": {write: func(c *cabletest.Cable) func(*storage.Tx) error {
			return func(tx *storage.Tx) error { return errors.Join(add("row")(tx), refused, hangNow(c)) }
		}},
		"release":     {write: func(c *cabletest.Cable) func(*storage.Tx) error { return later(c, nil) }},
		"rollback to": {write: func(c *cabletest.Cable) func(*storage.Tx) error { return later(c, refused) }},
		"commit": {unknown: true, write: func(c *cabletest.Cable) func(*storage.Tx) error {
			return func(tx *storage.Tx) error { return errors.Join(add("row")(tx), hangNow(c)) }
		}},
		"commit answer": {unknown: true, written: true, write: func(c *cabletest.Cable) func(*storage.Tx) error {
			return func(tx *storage.Tx) error { err := add("row")(tx); c.Mute(); return err }
		}},
	} {
		for server := range servers {
			t.Run(server+"/"+name, func(t *testing.T) {
				t.Parallel()
				db, past, cable := hangable(t, server)
				if !hang.cold {
					if err := db.Ready(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				write := add("row")
				if hang.write != nil {
					write = hang.write(cable)
				}
				if hang.before != nil {
					hang.before(cable)
				}
				begin := time.Now()
				err := db.Write(context.Background(), write)
				took := time.Since(begin)
				if took > tooLong {
					t.Errorf("given up after %v", took)
				}
				t.Logf("%v: %v", took.Round(time.Millisecond), err)
				if !errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrSlow) || errors.Is(err, storage.ErrOutcomeUnknown) != hang.unknown {
					t.Errorf("%v; unknown must be %v", err, hang.unknown)
				}
				cable.Flow()
				for deadline := time.Now().Add(tooLong); db.Ready(context.Background()) != nil; {
					if time.Now().After(deadline) {
						t.Fatal("the store never came back")
					}
				}
				for deadline := time.Now().Add(tooLong); hang.written && !has(t, past, "row"); {
					if time.Now().After(deadline) {
						t.Fatal("a commit that the server heard is lost")
					}
				}
				if !hang.unknown && has(t, past, "row") {
					t.Error("a write that failed for sure is there")
				}
			})
		}
	}
}

func hangNow(c *cabletest.Cable) error { c.Hang(); return nil }

// Reads from a server that hangs end with their context, also those that wait for
// a connection, and no later read gets what was meant for them.
func TestReadsFromAServerThatHangsEndWithTheirContext(t *testing.T) {
	const rows, size = 24, 64 << 10
	for server := range servers {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			db, past, cable := hangable(t, server)
			for i := range rows {
				err := past.Write(t.Context(), func(tx *storage.Tx) error {
					_, err := tx.Exec("INSERT INTO counters (name, n) VALUES (?, ?)", fmt.Sprint("r", i), i)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			one := func(ctx context.Context, i int) (n int, err error) {
				err = db.QueryRow(ctx, "SELECT n FROM counters WHERE name = ?", fmt.Sprint("r", i)).Scan(&n)
				return n, err
			}
			each := func(read func(i int)) {
				var wg sync.WaitGroup
				for i := range rows {
					wg.Go(func() { read(i) })
				}
				wg.Wait()
			}
			right := func(i int) {
				if n, err := one(context.Background(), i); n != i || err != nil {
					t.Errorf("row %d: %d, %v", i, n, err)
				}
			}
			each(right)

			half, err := db.Query(within(t, 2*time.Second), "SELECT repeat('x', ?) FROM counters a, counters b, counters c", size)
			if err != nil {
				t.Fatal(err)
			}
			defer half.Close()
			if !half.Next() {
				t.Fatal(half.Err())
			}
			cable.Hang()
			begin := time.Now()
			got := 1
			for half.Next() {
				got++
			}
			if err := half.Err(); got == rows*rows*rows || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the rest of a read: %d rows, %v", got, err)
			}
			each(func(i int) {
				if _, err := one(within(t, 500*time.Millisecond), i); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("row %d of a server that hangs: %v", i, err)
				}
			})
			if took := time.Since(begin); took > tooLong {
				t.Errorf("the reads ended after %v", took)
			}
			cable.Flow()
			each(right)
		})
	}
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
