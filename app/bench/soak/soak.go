//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// config is what the command line says.
type config struct {
	length, limit, patience, idle time.Duration
	store, bus                    string
	replicas                      int
	seed                          uint64
	only, without, plant          string
	program, dir                  string
}

func (c *config) check() error {
	if !slices.Contains([]string{"postgres", "mysql", "sqlite"}, c.store) {
		return fmt.Errorf("-store %q", c.store)
	}
	if !slices.Contains([]string{"redis", "nats", "none"}, c.bus) {
		return fmt.Errorf("-bus %q", c.bus)
	}
	if c.store == "sqlite" {
		c.replicas = 1
	}
	if c.replicas < 1 || c.length <= 0 || c.limit <= 0 || c.patience <= 0 || c.idle <= 0 {
		return errors.New("-replicas, -for, -late, -patience and -idle must be more than 0")
	}
	names := slices.Concat(works, disturbances, []string{"faults"})
	for _, name := range fields(c.only + "," + c.without) {
		if !slices.Contains(names, name) {
			return fmt.Errorf("%q is none of %s", name, strings.Join(names, ", "))
		}
	}
	for _, name := range fields(c.plant) {
		if !slices.Contains(plants, name) {
			return fmt.Errorf("-plant %q is none of %s", name, strings.Join(plants, ", "))
		}
	}
	return nil
}

func fields(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// has says whether a work or a fault is wanted.
func (c *config) has(name string) bool {
	without := fields(c.without)
	if slices.Contains(without, name) || slices.Contains(without, "faults") && slices.Contains(disturbances, name) {
		return false
	}
	return c.only == "" || slices.Contains(fields(c.only), name)
}

func (c *config) plants(name string) bool { return slices.Contains(fields(c.plant), name) }

// soak is one run.
type soak struct {
	config
	out  io.Writer
	keep bool // the folder, after the end
	book *book
	calm *calm

	store    *server // nil: SQLite
	bus      *server // nil: none
	vendors  *vendorSet
	replicas []*replica

	rooms  []*room
	people map[string]string // token by user
	ends   []func()          // what the end checks, in order
	leaky  []net.Conn        // sockets of the planted leak

	until  context.Context // no new work after its end
	finish context.Context // no repeat after its end
}

func open(ctx context.Context, cfg config, out io.Writer) (_ *soak, err error) {
	s := &soak{config: cfg, out: out, book: newBook(), calm: newCalm(), people: map[string]string{}}
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "soak-"); err != nil {
			return nil, err
		}
	} else {
		s.keep = true
	}
	defer func() {
		if err != nil {
			s.keep = true
			s.close()
		}
	}()
	if err = os.Chmod(s.dir, 0o755); err != nil { // servers with users of their own go through it
		return nil, err
	}
	if s.program == "" {
		s.program = filepath.Join(s.dir, "app")
		build := exec.CommandContext(ctx, "go", "build", "-o", s.program, "switchboard/app")
		build.Stderr = out
		if err = build.Run(); err != nil {
			return nil, fmt.Errorf("building the program: %w", err)
		}
	}
	if s.vendors, err = openVendors(s.book); err != nil {
		return nil, err
	}
	if s.store, err = openStore(cfg.store, s.dir); err != nil {
		return nil, err
	}
	if s.bus, err = openBus(cfg.bus, s.dir); err != nil {
		return nil, err
	}
	for i := range cfg.replicas {
		r, err := s.openReplica(i)
		if err != nil {
			return nil, err
		}
		s.replicas = append(s.replicas, r)
	}
	return s, nil
}

// close ends all that runs, whatever state it is in.
func (s *soak) close() {
	for _, conn := range s.leaky {
		_ = conn.Close()
	}
	for _, r := range s.replicas {
		r.kill()
	}
	s.bus.kill()
	s.store.kill()
	s.vendors.close()
	if !s.keep {
		_ = os.RemoveAll(s.dir)
	}
}

func (s *soak) say(format string, args ...any) {
	fmt.Fprintf(s.out, "%s "+format+"\n", append([]any{time.Now().Format("15:04:05")}, args...)...)
}

// work runs all work and all faults for the run's length, then waits until everything is
// well and what was begun has ended.
func (s *soak) work(ctx context.Context) {
	until, stop := context.WithTimeout(ctx, s.length)
	defer stop()
	finish, give := context.WithCancel(context.Background())
	defer give()
	s.until, s.finish = until, finish
	s.say("%s of work, seed %d, in %s", s.length, s.seed, s.dir)
	var writers, readers sync.WaitGroup
	done := make(chan struct{}) // closed when there is nothing more to read
	s.startReaders(&readers, done)
	s.startWork(&writers)
	if s.plants("leaked") {
		s.plantLeak()
	}
	s.disturb(until)
	<-until.Done()
	s.say("settling")
	over := time.AfterFunc(s.patience, give)
	defer over.Stop()
	s.vendors.well()
	writers.Wait()
	s.awaitReaders()
	close(done)
	readers.Wait()
	s.settleLedger()
}

// calm knows since when nothing is wrong.
type calm struct {
	mu    sync.Mutex
	wrong int       // faults under way; guarded by mu
	since time.Time // guarded by mu
}

func newCalm() *calm { return &calm{since: time.Now()} }

func (c *calm) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong++
}

func (c *calm) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong--
	c.since = time.Now()
}

// late is how much later than from something came that nothing was wrong with; 0 while
// something is.
func (c *calm) late(from time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wrong > 0 {
		return 0
	}
	if c.since.After(from) {
		from = c.since
	}
	return time.Since(from)
}

// random is the run's own source for one purpose.
func (s *soak) random(purpose string) *rand.Rand {
	var n uint64
	for _, b := range []byte(purpose) {
		n = n*131 + uint64(b)
	}
	return rand.New(rand.NewPCG(s.seed, n))
}

// pause waits for d, or until ctx ends: then it returns false.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// newHTTP is how one replica is called. Its connections do not outlive the run.
func newHTTP() *http.Client {
	return &http.Client{Timeout: 40 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
}
