package storage_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/app/storage"
	"switchboard/app/storage/storagetest"
)

// proxy stands in front of a database server and can be cut.
type proxy struct {
	t      *testing.T
	target string
	addr   string

	mu    sync.Mutex // guards conns
	conns []net.Conn
	ln    net.Listener
	wg    sync.WaitGroup
}

func newProxy(t *testing.T, target string) *proxy {
	p := &proxy{t: t, target: target, addr: "127.0.0.1:0"}
	p.start()
	t.Cleanup(p.cut)
	return p
}

func (p *proxy) start() {
	p.t.Helper()
	ln, err := net.Listen("tcp", p.addr)
	if err != nil {
		p.t.Fatal(err)
	}
	p.addr, p.ln = ln.Addr().String(), ln
	p.wg.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", p.target)
			if err != nil {
				_ = in.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				p.wg.Go(func() {
					_, _ = io.Copy(pair[0], pair[1])
					_ = in.Close()
					_ = out.Close()
				})
			}
		}
	})
}

// cut closes everything; nobody can connect until start.
func (p *proxy) cut() {
	_ = p.ln.Close()
	p.mu.Lock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
	p.mu.Unlock()
	p.wg.Wait()
}

// behind puts a proxy in front of cfg's server.
func behind(t *testing.T, cfg storage.Config) (storage.Config, *proxy) {
	t.Helper()
	if scheme, dsn, _ := strings.Cut(cfg.URL, "://"); scheme == "mysql" {
		head, rest, _ := strings.Cut(dsn, "@tcp(")
		target, tail, _ := strings.Cut(rest, ")")
		p := newProxy(t, target)
		cfg.URL = "mysql://" + head + "@tcp(" + p.addr + ")" + tail
		return cfg, p
	}
	u, err := url.Parse(cfg.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, u.Host)
	u.Host = p.addr
	cfg.URL = u.String()
	return cfg, p
}

// While the database is gone writes fail soon and by name, and leave nothing
// half done; when it is back the same store goes on.
func TestADatabaseThatGoesAndComesBack(t *testing.T) {
	for name, config := range map[string]func(testing.TB) storage.Config{"postgres": storagetest.Postgres, "mysql": storagetest.MySQL} {
		t.Run(name, func(t *testing.T) {
			cfg, p := behind(t, config(t))
			db := storagetest.Open(t, cfg)
			table(t, db)
			pairOf := func(n int) func(*storage.Tx) error { // both rows or none
				return func(tx *storage.Tx) error {
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
				p.cut()
				time.Sleep(100 * time.Millisecond)
				if err := db.Ready(context.Background()); !errors.Is(err, storage.ErrUnavailable) {
					t.Errorf("Ready without a server: %v", err)
				}
				p.start()
			}
			for deadline := time.Now().Add(20 * time.Second); db.Ready(context.Background()) != nil; {
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
				case errors.Is(err, storage.ErrOutcomeUnknown):
					unsure++
				case err != nil && !errors.Is(err, storage.ErrUnavailable):
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
		config func(testing.TB) storage.Config
		pause  string // a statement that takes a while
	}{
		"sqlite":   {storagetest.SQLite, "SELECT 1"},
		"postgres": {storagetest.Postgres, "SELECT pg_sleep(0.02)"},
		"mysql":    {storagetest.MySQL, "SELECT SLEEP(0.02)"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := c.config(t)
			replicas := []*storage.DB{storagetest.Open(t, cfg), storagetest.Open(t, cfg)}
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
						err := replicas[i%2].WriteKeyed(context.Background(), fmt.Sprint(i), func(tx *storage.Tx) error {
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
