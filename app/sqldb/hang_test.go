package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/app/sqldb"
	"switchboard/app/sqldb/netproxy"
	"switchboard/app/sqldb/sqldbtest"
)

// tooLong is far more than any limit in these tests, and less than a driver's own.
const tooLong = 20 * time.Second

// servers are the stores that can hang.
var servers = map[string]struct {
	config  func(testing.TB) sqldb.Config
	connect string // the URL's option for 2 s to connect in
}{
	"postgres": {sqldbtest.Postgres, "connect_timeout=2"},
	"mysql":    {sqldbtest.MySQL, "timeout=2s"},
}

// hangable puts a proxy in front of cfg's server, and limits that a busy machine keeps.
func hangable(t *testing.T, server string, cfg sqldb.Config) (sqldb.Config, *netproxy.Proxy) {
	t.Helper()
	cfg, proxy := behind(t, cfg)
	sign := "?"
	if strings.Contains(cfg.URL, "?") {
		sign = "&"
	}
	cfg.URL += sign + servers[server].connect
	cfg.WriteLimit, cfg.Writers = 2*time.Second, 1
	return cfg, proxy
}

func open(t *testing.T, cfg sqldb.Config) *sqldb.DB {
	t.Helper()
	db := sqldbtest.Open(t, cfg)
	db.CommitWithin(time.Second)
	return db
}

// timed runs what a hang must not keep for long; if it does, the hang ends and the test fails.
func timed(t *testing.T, p *netproxy.Proxy, run func()) {
	t.Helper()
	end := time.AfterFunc(tooLong, p.Resume)
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
			past := sqldbtest.Open(t, cfg) // the proxy
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
	cold    bool // the writer has no connection yet
	idle    bool // before the write, else in it
	in      func(tx *sqldb.Tx, name string, run int, p *netproxy.Proxy) error
	unknown bool
	written bool // for sure
}

// hangs by the statement that gets no answer.
var hangs = map[string]hang{
	"connect": {idle: true, cold: true},
	"begin":   {idle: true},
	"statement": {in: func(tx *sqldb.Tx, name string, _ int, p *netproxy.Proxy) error {
		p.Pause()
		return add(name)(tx)
	}},
	"statement whose answer is lost": {in: func(tx *sqldb.Tx, name string, _ int, p *netproxy.Proxy) error {
		p.DropReplies()
		return add(name)(tx)
	}},
	"rollback": {in: func(tx *sqldb.Tx, name string, _ int, p *netproxy.Proxy) error {
		defer p.Pause()
		return errors.Join(add(name)(tx), errRefused)
	}},
	// A write that was refused after it wrote runs again behind a savepoint.
	"release": {in: func(tx *sqldb.Tx, name string, run int, p *netproxy.Proxy) error {
		if err := add(name)(tx); err != nil || run == 1 {
			return errors.Join(err, errRefused)
		}
		if run == 2 {
			p.Pause()
		}
		return nil
	}},
	"rollback to": {in: func(tx *sqldb.Tx, name string, run int, p *netproxy.Proxy) error {
		if run == 2 {
			defer p.Pause()
		}
		return errors.Join(add(name)(tx), errRefused)
	}},
	"commit": {unknown: true, in: func(tx *sqldb.Tx, name string, _ int, p *netproxy.Proxy) error {
		defer p.Pause()
		return add(name)(tx)
	}},
	"commit whose answer is lost": {unknown: true, written: true, in: func(tx *sqldb.Tx, name string, _ int, p *netproxy.Proxy) error {
		defer p.DropReplies()
		return add(name)(tx)
	}},
}

func (h hang) try(t *testing.T, server string, cfg sqldb.Config, past *sqldb.DB, name string) {
	cfg, proxy := hangable(t, server, cfg)
	db := open(t, cfg)
	write, runs := add(name), 0
	if !h.cold {
		if err := db.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if h.idle {
		proxy.Pause()
	} else {
		write = func(tx *sqldb.Tx) error { runs++; return h.in(tx, name, runs, proxy) }
	}
	var err error
	timed(t, proxy, func() { err = db.Write(context.Background(), write) })
	if !errors.Is(err, sqldb.ErrUnavailable) || errors.Is(err, sqldb.ErrSlow) || errors.Is(err, sqldb.ErrOutcomeUnknown) != h.unknown {
		t.Errorf("%v; unknown must be %v", err, h.unknown)
	}
	proxy.Resume()
	for deadline := time.Now().Add(tooLong); db.Ready(context.Background()) != nil; {
		if time.Now().After(deadline) {
			t.Fatal("the store never came back")
		}
	}
	for deadline := time.Now().Add(tooLong); h.written && !has(t, past, name); {
		if time.Now().After(deadline) {
			t.Fatal("a commit that reached the server is lost")
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
			cfg, proxy := hangable(t, server, servers[server].config(t))
			proxy.Pause()
			timed(t, proxy, func() {
				db, err := sqldb.Open(context.Background(), cfg)
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
			past := sqldbtest.Open(t, cfg) // the proxy
			table(t, past)
			cfg, proxy := hangable(t, server, cfg)
			db := open(t, cfg)
			db.ReadWithin(2 * time.Second)
			for i := range rows {
				err := past.Write(t.Context(), func(tx *sqldb.Tx) error {
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
			proxy.Pause()
			timed(t, proxy, func() {
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
			proxy.Resume()
			each(right)
		})
	}
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
