package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/app/sqldb"
	"switchboard/app/sqldb/netproxy"
	"switchboard/app/sqldb/sqldbtest"
)

// behind puts a proxy in front of cfg's server.
func behind(t *testing.T, cfg sqldb.Config) (sqldb.Config, *netproxy.Proxy) {
	t.Helper()
	if scheme, dsn, _ := strings.Cut(cfg.URL, "://"); scheme == "mysql" {
		head, rest, _ := strings.Cut(dsn, "@tcp(")
		target, tail, _ := strings.Cut(rest, ")")
		p := netproxy.New(t, target)
		cfg.URL = "mysql://" + head + "@tcp(" + p.Addr + ")" + tail
		return cfg, p
	}
	u, err := url.Parse(cfg.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := netproxy.New(t, u.Host)
	u.Host = p.Addr
	cfg.URL = u.String()
	return cfg, p
}

// While the database is gone writes fail soon and by name, and leave nothing
// half done; when it is back the same store goes on.
func TestADatabaseThatGoesAndComesBack(t *testing.T) {
	for name, config := range map[string]func(testing.TB) sqldb.Config{"postgres": sqldbtest.Postgres, "mysql": sqldbtest.MySQL} {
		t.Run(name, func(t *testing.T) {
			cfg, p := behind(t, config(t))
			db := sqldbtest.Open(t, cfg)
			table(t, db)
			pairOf := func(n int) func(*sqldb.Tx) error { // both rows or none
				return func(tx *sqldb.Tx) error {
					if err := add(fmt.Sprintf("a%d", n))(tx); err != nil {
						return err
					}
					return add(fmt.Sprintf("b%d", n))(tx)
				}
			}
			const writers = 8
			var (
				wg      sync.WaitGroup
				mu      sync.Mutex
				outcome = make(map[int]error)
				stop    = make(chan struct{})
			)
			for w := range writers {
				wg.Go(func() {
					for n := w; ; n += writers {
						select {
						case <-stop:
							return
						default:
						}
						begin := time.Now()
						err := db.WriteKeyed(context.Background(), fmt.Sprint(w), pairOf(n))
						if d := time.Since(begin); d > 20*time.Second {
							t.Errorf("a write took %v", d)
						}
						mu.Lock()
						outcome[n] = err
						mu.Unlock()
						if err != nil {
							time.Sleep(10 * time.Millisecond)
						}
					}
				})
			}
			for range 3 {
				time.Sleep(100 * time.Millisecond)
				p.Cut()
				time.Sleep(100 * time.Millisecond)
				if err := db.Ready(context.Background()); !errors.Is(err, sqldb.ErrUnavailable) {
					t.Errorf("Ready without a server: %v", err)
				}
				p.Restore()
			}
			for deadline := time.Now().Add(60 * time.Second); db.Ready(context.Background()) != nil; {
				if time.Now().After(deadline) {
					t.Fatal("the store never came back")
				}
			}
			close(stop)
			wg.Wait()
			failed, unsure := 0, 0
			for n, err := range outcome {
				a, b := has(t, db, fmt.Sprintf("a%d", n)), has(t, db, fmt.Sprintf("b%d", n))
				switch {
				case a != b:
					t.Errorf("write %d is there by half", n)
				case err == nil && !a:
					t.Errorf("write %d was acknowledged and is lost", n)
				case errors.Is(err, sqldb.ErrOutcomeUnknown):
					unsure++
				case err != nil && !errors.Is(err, sqldb.ErrUnavailable):
					t.Errorf("write %d: %v", n, err)
				case err != nil && a:
					t.Errorf("write %d failed for sure and is there: %v", n, err)
				case err != nil:
					failed++
				}
			}
			if failed == 0 {
				t.Error("the outage was not noticed")
			}
			t.Logf("%d writes, %d refused, %d in doubt", len(outcome), failed, unsure)
		})
	}
}

// Writes that lock the same rows in opposite orders, on two replicas, are run
// again by the store until each has passed, however often they meet: each holds
// its first lock for a while, so that without an end to it all tries would be used up.
func TestConflictsBetweenReplicasAreRunAgain(t *testing.T) {
	for name, c := range map[string]struct {
		config func(testing.TB) sqldb.Config
		pause  string // a statement that takes a while
	}{
		"sqlite":   {sqldbtest.SQLite, "SELECT 1"},
		"postgres": {sqldbtest.Postgres, "SELECT pg_sleep(0.02)"},
		"mysql":    {sqldbtest.MySQL, "SELECT SLEEP(0.02)"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := c.config(t)
			replicas := []*sqldb.DB{sqldbtest.Open(t, cfg), sqldbtest.Open(t, cfg)}
			table(t, replicas[0])
			for _, row := range []string{"x", "y"} {
				if err := insert(replicas[0], row); err != nil {
					t.Fatal(err)
				}
			}
			const writers, each = 8, 4
			count := "UPDATE counters SET n = n + 1 WHERE name = ?"
			var wg sync.WaitGroup
			for i := range writers {
				wg.Go(func() {
					rows := [][]string{{"x", "y"}, {"y", "x"}}[i%2]
					for range each {
						err := replicas[i%2].WriteKeyed(context.Background(), fmt.Sprint(i), func(tx *sqldb.Tx) error {
							if _, err := tx.Exec(count, rows[0]); err != nil {
								return err
							}
							if err := tx.QueryRow(c.pause).Scan(new(any)); err != nil {
								return err
							}
							_, err := tx.Exec(count, rows[1])
							return err
						})
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			for _, row := range []string{"x", "y"} {
				var n int
				if err := replicas[1].QueryRow(context.Background(), "SELECT n FROM counters WHERE name = ?", row).Scan(&n); err != nil || n != writers*each {
					t.Errorf("%s = %d, %v; want %d", row, n, err, writers*each)
				}
			}
		})
	}
}
