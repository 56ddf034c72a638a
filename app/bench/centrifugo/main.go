// Command centrifugo does the same work on this program and on Centrifugo, in turn and
// with one client, and prints medians: see docs/performance.md#beside-centrifugo. It is a
// module of its own, so that the program does not depend on what only the measurement
// needs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const centrifugo = "github.com/centrifugal/centrifugo/v6@v6.9.1"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	rounds             int
	length             time.Duration
	only               string
	cache, root        string
	own, other, before string
	history            bool
}

func run(ctx context.Context) error {
	var o options
	cache, _ := os.UserCacheDir()
	flag.IntVar(&o.rounds, "rounds", 6, "rounds; in each both sides do every work once")
	flag.DurationVar(&o.length, "length", 3*time.Second, "how long each work is done")
	flag.StringVar(&o.only, "only", "", "the works, with commas between; empty: all")
	flag.StringVar(&o.cache, "cache", filepath.Join(cache, "switchboard-bench"), "folder for what is built")
	flag.StringVar(&o.root, "root", "../../..", "the repository")
	flag.StringVar(&o.own, "switchboard", "", "binary to measure; empty: what the repository builds")
	flag.StringVar(&o.other, "centrifugo", "", "binary to measure it against; empty: "+centrifugo)
	flag.StringVar(&o.before, "before", "", "another switchboard's binary, which takes Centrifugo's place")
	flag.BoolVar(&o.history, "history", true, "Centrifugo keeps a history of its channels, so that clients may resume there too")
	flag.Parse()
	sides, err := build(ctx, o)
	if err != nil {
		return err
	}
	var results results
	for round := range o.rounds {
		for i, w := range works {
			if o.only != "" && !slices.Contains(strings.Split(o.only, ","), w.name) {
				continue
			}
			for turn := range sides { // who begins alternates
				side := sides[(turn+i+round)%len(sides)]
				if err := once(ctx, side, w, o.length, results.of(side.name, w.name)); err != nil {
					return fmt.Errorf("%s: %s, round %d: %w", side.name, w.name, round+1, err)
				}
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d done\n", round+1, o.rounds)
	}
	results.print(os.Stdout, sides[0].name, sides[1].name)
	return nil
}

// settled is how long after its first answer a program has done what a start puts off.
const settled = 5 * time.Second

// lonePause is what passes between the syncs of a lone sender's messages.
const lonePause = 500 * time.Microsecond

// once does one work on a server of its own.
func once(ctx context.Context, s side, w work, length time.Duration, into *figures) (err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, err := start(ctx, s, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	for _, pause := range []time.Duration{0, lonePause} {
		sync, err := syncTime(dir, pause)
		if err != nil {
			return err
		}
		into.add(fmt.Sprintf("a sync of the disk after %s, ms", pause), sync)
	}
	into.add("start to the first answer, ms", milliseconds(p.started))
	time.Sleep(settled)
	into.add("resident when idle, MB", p.resident()/1e6)
	return w.do(ctx, p, length, into)
}

// build makes the two programs, or takes those that the flags name.
func build(ctx context.Context, o options) ([]side, error) {
	if err := os.MkdirAll(o.cache, 0o755); err != nil {
		return nil, err
	}
	if o.own == "" {
		o.own = filepath.Join(o.cache, "switchboard")
		if err := command(ctx, "go", "build", "-C", o.root, "-trimpath", "-o", o.own, "./app"); err != nil {
			return nil, err
		}
	}
	own := side{"switchboard", o.own, openSwitchboard}
	if o.before != "" {
		return []side{own, {"before", o.before, openSwitchboard}}, nil
	}
	if o.other == "" {
		o.other = filepath.Join(o.cache, "centrifugo")
		if _, err := os.Stat(o.other); err != nil {
			if err := command(ctx, "env", "GOBIN="+o.cache, "nice", "go", "install", "-trimpath", centrifugo); err != nil {
				return nil, err
			}
		}
	}
	return []side{own, {"centrifugo", o.other, openCentrifugo(o.history)}}, nil
}

func command(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}
