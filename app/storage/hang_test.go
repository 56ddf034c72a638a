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

// hangable puts a cable in front of cfg's server, and limits that a busy machine keeps.
func hangable(t *testing.T, server string, cfg storage.Config) (storage.Config, *cabletest.Cable) {
	t.Helper()
	cfg, cable := behind(t, cfg)
	sign := "?"
	if strings.Contains(cfg.URL, "?") {
		sign = "&"
	}
	cfg.URL += sign + servers[server].connect
	cfg.Turn, cfg.Lanes = 2*time.Second, 1
	return cfg, cable
}

func open(t *testing.T, cfg storage.Config) *storage.DB {
	t.Helper()
	db := storagetest.Open(t, cfg)
	db.CommitWithin(time.Second)
	return db
}

// timed runs what a hang must not keep for long; if it does, the hang ends and the test fails.
func timed(t *testing.T, c *cabletest.Cable, run func()) {
	t.Helper()
	end := time.AfterFunc(tooLong, c.Flow)
	defer end.Stop()
	begin := time.Now()
	run()
	if took := time.Since(begin); took >= tooLong {
		t.Errorf("given up after %v", took)
	}
}

// A server that says nothing is given up in time wherever that happens. Only a
// commit that was sent leaves a doubt: all else is known not to be written.
func TestAServerThatHangsIsGivenUpAndTheAnswerIsHonest(t *testing.T) {
	for server := range servers {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			cfg := servers[server].config(t)
			past := storagetest.Open(t, cfg) // the cable
			table(t, past)
			var wg sync.WaitGroup
			for name, h := range hangs {
				wg.Go(func() { t.Run(name, func(t *testing.T) { h.try(t, server, cfg, past, name) }) })
			}
			wg.Wait()
		})
	}
}

var errRefused = errors.New("refused")

// hang is a write and the moment in it from which the server says nothing.
type hang struct {
	cold    bool // the lane has no connection yet
	idle    bool // before the write, else in it
	in      func(tx *storage.Tx, name string, run int, c *cabletest.Cable) error
	unknown bool
	written bool // for sure
}

// hangs by the statement that gets no answer.
var hangs = map[string]hang{
	"connect": {idle: true, cold: true},
	"begin":   {idle: true},
	"statement": {in: func(tx *storage.Tx, name string, _ int, c *cabletest.Cable) error {
		c.Hang()
		return add(name)(tx)
	}},
	"heard statement": {in: func(tx *storage.Tx, name string, _ int, c *cabletest.Cable) error {
		c.Mute()
		return add(name)(tx)
	}},
	"rollback": {in: func(tx *storage.Tx, name string, _ int, c *cabletest.Cable) error {
		defer c.Hang()
		return errors.Join(add(name)(tx), errRefused)
	}},
	// A write that was refused after it wrote runs again behind a savepoint.
	"release": {in: func(tx *storage.Tx, name string, run int, c *cabletest.Cable) error {
		if err := add(name)(tx); err != nil || run == 1 {
			return errors.Join(err, errRefused)
		}
		if run == 2 {
			c.Hang()
		}
		return nil
	}},
	"rollback to": {in: func(tx *storage.Tx, name string, run int, c *cabletest.Cable) error {
		if run == 2 {
			defer c.Hang()
		}
		return errors.Join(add(name)(tx), errRefused)
	}},
	"commit": {unknown: true, in: func(tx *storage.Tx, name string, _ int, c *cabletest.Cable) error {
		defer c.Hang()
		return add(name)(tx)
	}},
	"heard commit": {unknown: true, written: true, in: func(tx *storage.Tx, name string, _ int, c *cabletest.Cable) error {
		defer c.Mute()
		return add(name)(tx)
	}},
}

func (h hang) try(t *testing.T, server string, cfg storage.Config, past *storage.DB, name string) {
	cfg, cable := hangable(t, server, cfg)
	db := open(t, cfg)
	write, runs := add(name), 0
	if !h.cold {
		if err := db.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if h.idle {
		cable.Hang()
	} else {
		write = func(tx *storage.Tx) error { runs++; return h.in(tx, name, runs, cable) }
	}
	var err error
	timed(t, cable, func() { err = db.Write(context.Background(), write) })
	if !errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrSlow) || errors.Is(err, storage.ErrOutcomeUnknown) != h.unknown {
		t.Errorf("%v; unknown must be %v", err, h.unknown)
	}
	cable.Flow()
	for deadline := time.Now().Add(tooLong); db.Ready(context.Background()) != nil; {
		if time.Now().After(deadline) {
			t.Fatal("the store never came back")
		}
	}
	for deadline := time.Now().Add(tooLong); h.written && !has(t, past, name); {
		if time.Now().After(deadline) {
			t.Fatal("a commit that the server heard is lost")
		}
	}
	if !h.unknown && has(t, past, name) {
		t.Error("a write that failed for sure is there")
	}
}

// A start that meets a server which hangs fails, and says so.
func TestAServerThatHangsCannotBeOpened(t *testing.T) {
	for server := range servers {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			cfg, cable := hangable(t, server, servers[server].config(t))
			cable.Hang()
			timed(t, cable, func() {
				db, err := storage.Open(context.Background(), cfg)
				if err == nil {
					t.Error("opened", db.Close())
				}
			})
		})
	}
}

// Reads from a server that hangs end with their context, or after the store's own
// limit, also those that wait for a connection, and no later read gets what was
// meant for them.
func TestReadsFromAServerThatHangsEndWithTheirContext(t *testing.T) {
	const rows, size = 24, 64 << 10
	for server := range servers {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			cfg := servers[server].config(t)
			past := storagetest.Open(t, cfg) // the cable
			table(t, past)
			cfg, cable := hangable(t, server, cfg)
			db := open(t, cfg)
			db.ReadWithin(2 * time.Second)
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
			timed(t, cable, func() {
				got := 1
				for half.Next() {
					got++
				}
				if err := half.Err(); got == rows*rows*rows || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the rest of a read: %d rows, %v", got, err)
				}
				each(func(i int) {
					ctx := context.Background()
					if i%2 == 0 {
						ctx = within(t, 500*time.Millisecond)
					}
					if _, err := one(ctx, i); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("row %d of a server that hangs: %v", i, err)
					}
				})
			})
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
