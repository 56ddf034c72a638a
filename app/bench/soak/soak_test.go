//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

var folder string // of the program, for all tests of this package

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "soak-app-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// built is the program, once for all tests.
var built = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "app")
	if out, err := exec.Command("go", "build", "-o", path, "switchboard/app").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// short is a run of some seconds, on the servers that this machine has.
func short(t *testing.T) config {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	cfg := config{
		length: 12 * time.Second, limit: 45 * time.Second, patience: 2 * time.Minute, idle: 100 * time.Second, store: "sqlite", bus: "none", replicas: 2, seed: 7,
		program: program,
	}
	if _, err := exec.LookPath("redis-server"); err == nil && postgresBin() != "" && os.Getuid() == 0 {
		cfg.store, cfg.bus = "postgres", "redis"
	}
	return cfg
}

func soaked(t *testing.T, cfg config) (*book, error) {
	t.Helper()
	if err := cfg.check(); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "soak-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	cfg.dir = dir // not one of t's, which other users do not get into
	var out bytes.Buffer
	b, err := run(t.Context(), cfg, &out)
	t.Log(out.String())
	if b == nil {
		t.Fatal(err)
	}
	return b, err
}

// With faults, and nothing broken on purpose, nothing is found.
func TestAShortSoakKeepsThePromises(t *testing.T) {
	b, err := soaked(t, short(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range works {
		if b.kinds[kind] == nil || b.kinds[kind].done == 0 {
			t.Errorf("nothing of %s was done", kind)
		}
	}
}

// A promise that is broken outside the product, once at each place, is counted there.
func TestASoakSeesWhatIsBrokenOnPurpose(t *testing.T) {
	cfg := short(t)
	cfg.length, cfg.limit, cfg.idle = 8*time.Second, 3*time.Second, 10*time.Second
	cfg.plant, cfg.without = "lost,doubled,late,leaked", "faults,pair,group,create,login"
	b, err := soaked(t, cfg)
	if !errors.Is(err, errFound) {
		t.Fatalf("%v", err)
	}
	for kind, want := range map[string]tally{
		"chat": {lost: 1, doubled: 1}, "tip": {lost: 1, doubled: 1}, "delivery": {lost: 1, doubled: 1, late: 1}, "wallet": {lost: 1, doubled: 1},
	} {
		if got := b.kinds[kind]; got == nil || got.lost < want.lost || got.doubled < want.doubled || got.late < want.late {
			t.Errorf("%s: %+v, want at least %+v", kind, got, want)
		}
	}
	if len(b.leaks) == 0 {
		t.Error("the leak was not seen")
	}
}
