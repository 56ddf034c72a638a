package presence

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// leases is a store in memory.
type leases struct {
	mu    sync.Mutex // guards what follows
	until map[string]time.Time
	fail  error
}

func (l *leases) Renew(_ context.Context, node string, lease time.Duration) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until[node] = time.Now().Add(lease)
	return false, l.fail
}

func (l *leases) Leases(context.Context, string) (map[string]time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	live := maps.Clone(l.until)
	maps.DeleteFunc(live, func(_ string, until time.Time) bool { return until.Before(time.Now()) })
	return live, l.fail
}

func TestAProcessWithoutABusFindsOutThatItIsNotAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &leases{until: map[string]time.Time{"alone-dead": time.Now().Add(time.Minute)}}
		var log bytes.Buffer
		first := &Neighbours{Store: store, Node: "a", Log: slog.New(slog.NewTextHandler(&log, nil))}
		other := &Neighbours{Store: store, Node: "b", Log: slog.New(slog.DiscardHandler)}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = first.Run(ctx) }()
		wait := func(d time.Duration, want int64, warned int) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if got := first.Count(); got != want || strings.Count(log.String(), "there is no bus") != warned {
				t.Errorf("%d others, log %s", got, log.String())
			}
		}
		wait(time.Minute, 0, 0) // one that died is no neighbour
		life, die := context.WithCancel(ctx)
		go func() { _ = other.Run(life) }()
		wait(3*neighbourEvery, 1, 1)
		wait(time.Minute, 1, 1) // it is told once
		die()
		wait(neighbourLease+2*neighbourEvery, 0, 1)
		store.mu.Lock()
		store.fail = errors.New("away")
		store.mu.Unlock()
		wait(neighbourEvery, 0, 1)
		if !strings.Contains(log.String(), "not looked for") {
			t.Error("an error is not logged")
		}
	})
}
