//go:build linux

// Command soak runs replicas of Switchboard on this machine for a given time, while
// vendors hang, refuse, drop answers and go away, replicas are killed, and the store and
// the bus are stopped and started under them. It counts what was lost, doubled, late or
// leaked, and fails when there was any. docs/reliability.md says what is promised.
//
// It is no command of the product, which would gain database servers to start, mocks to
// judge by and clients of every kind by it; and it is in the product's module, so that its
// short run is a test of the gate.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second one ends the program at once, and its children with it
	err := command(ctx, os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

var (
	errUsage = errors.New("usage")
	errFound = errors.New("promises were broken, see above")
)

func command(ctx context.Context, args []string, out io.Writer) error {
	var cfg config
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.DurationVar(&cfg.length, "for", 10*time.Minute, "how long there is work; settling and judging come after")
	flags.StringVar(&cfg.store, "store", "postgres", "postgres, mysql, or sqlite (then there is one replica)")
	flags.StringVar(&cfg.bus, "bus", "redis", "redis, nats or none")
	flags.IntVar(&cfg.replicas, "replicas", 2, "how many replicas")
	flags.Uint64Var(&cfg.seed, "seed", uint64(time.Now().UnixNano()), "of what happens when; the same one repeats the order, not the moments")
	flags.StringVar(&cfg.only, "only", "", "work and faults to have, comma separated; empty: all. Names: see the tables")
	flags.StringVar(&cfg.without, "without", "", "work and faults to leave out; faults leaves out all faults")
	flags.StringVar(&cfg.plant, "plant", "", "lost, doubled, late, leaked: break the promise on purpose, outside the product, to see that it is counted")
	flags.DurationVar(&cfg.limit, "late", 10*time.Second, "how long after its commit a message may come while nothing is wrong")
	flags.DurationVar(&cfg.patience, "patience", 3*time.Minute, "how long one write is repeated, and how long settling may take")
	flags.DurationVar(&cfg.idle, "idle", 100*time.Second, "how long replicas may take in the end to let go of what is idle")
	flags.StringVar(&cfg.program, "app", "", "the program; empty: it is built")
	flags.StringVar(&cfg.dir, "dir", "", "folder for stores and logs, kept; empty: a new one, removed when all was well")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if err := cfg.check(); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	_, err := run(ctx, cfg, out)
	return err
}

// run runs one soak to its table; an end of ctx makes the work shorter.
func run(ctx context.Context, cfg config, out io.Writer) (*book, error) {
	s, err := open(ctx, cfg, out)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	before, err := s.levels(nil)
	if err != nil {
		return nil, err
	}
	s.work(ctx)
	s.judge()
	s.leaks(before)
	s.book.print(out, s)
	if !s.book.clean() {
		s.keep = true
		fmt.Fprintln(out, "stores and logs are kept in", s.dir)
		return s.book, errFound
	}
	return s.book, nil
}
