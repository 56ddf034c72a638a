package upstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/vendors"
)

// inLoops makes calls one after the other until ctx ends, in so many loops, and waits
// outside for as long as it is told.
func inLoops(ctx context.Context, all *sync.WaitGroup, c *Client, loops int) {
	for range loops {
		all.Go(func() {
			for ctx.Err() == nil {
				var e *vendors.Error
				if err := c.Do(ctx, get(class), nil); errors.As(err, &e) {
					sleep(ctx, max(e.RetryAfter, time.Millisecond))
				}
			}
		})
	}
}

// However many calls one caller makes, another one is served at once.
func TestOneCallerInALoopLeavesOthersTheirTurns(t *testing.T) {
	for _, loops := range []int{1, 4, 40, 400} {
		synctest.Test(t, func(t *testing.T) {
			c := open(t, Config{Limits: vendors.Limits{vendors.OpBalance: {Calls: 100, Per: 10 * time.Second}}}, ends(vendors.OK))
			ctx, stop := context.WithCancel(t.Context())
			var all sync.WaitGroup
			inLoops(vendors.WithCaller(ctx, "a/greedy"), &all, c, loops)
			time.Sleep(20 * time.Second) // what was saved up is used up
			for i := range 10 {
				began := time.Now()
				if err := c.Do(vendors.WithCaller(ctx, "b/calm"), get(class), nil); err != nil || time.Since(began) > shapeWait/2 {
					t.Errorf("%d loops: call %d: %v after %v", loops, i, err, time.Since(began))
				}
				time.Sleep(700 * time.Millisecond)
			}
			stop()
			all.Wait()
		})
	}
}

// Callers who all want more than there is get the same, whatever number of calls each
// of them makes at once and however large they are; what one leaves goes to the others.
func TestCallersShareTheRateFairly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		got := map[string]int{}
		s := newShaper(vendors.Limit{Calls: 600, Per: time.Minute})
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
		defer stop()
		var all sync.WaitGroup
		for name, c := range map[string]struct{ loops, units int }{"many": {30, 1}, "few": {3, 1}, "large": {3, 2}} {
			ctx := vendors.WithCaller(ctx, name)
			for range c.loops {
				all.Go(func() {
					for ctx.Err() == nil {
						if e := s.take(ctx, c.units, 0); e == nil {
							mu.Lock()
							got[name] += c.units
							mu.Unlock()
						} else {
							sleep(ctx, min(e.RetryAfter, 50*time.Millisecond))
						}
					}
				})
			}
		}
		all.Wait()
		sum := 0
		for _, n := range got {
			sum += n
		}
		for name, n := range got {
			if n < sum/4 || n > sum/2 {
				t.Errorf("%s got %d of %d", name, n, sum)
			}
		}
		if sum < 2000 {
			t.Errorf("only %d units went out", sum)
		}
	})
}

// Who leaves while waiting costs nobody a turn, and an idle line remembers nobody.
func TestWhoLeavesTheLineCostsNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShaper(vendors.Limit{Calls: 20, Per: 2 * time.Second})
		for s.take(t.Context(), 1, 0) == nil && s.line.units.Tokens() >= 1 {
		}
		var all sync.WaitGroup
		for i := range 5 {
			ctx, cancel := context.WithTimeout(vendors.WithCaller(t.Context(), fmt.Sprint(i)), time.Duration(i+1)*60*time.Millisecond)
			defer cancel()
			all.Go(func() { _ = s.take(ctx, 1, 0) })
		}
		began := time.Now()
		if e := s.take(vendors.WithCaller(t.Context(), "patient"), 1, 0); e != nil || time.Since(began) > shapeWait {
			t.Errorf("%v after %v", e, time.Since(began))
		}
		all.Wait()
		s.line.mu.Lock()
		defer s.line.mu.Unlock()
		if s.line.busy || len(s.line.waiting) > 0 || len(s.line.had) > 0 {
			t.Errorf("left behind: %+v", s.line)
		}
	})
}

// A vendor that hangs holds the calls of one caller and leaves places for others.
func TestOneCallerCannotTakeAllPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, n := counted(stall)
		c := open(t, Config{Calls: 8, Timeout: time.Minute}, f)
		_ = c.SetBreaker("", vendors.BreakerClosed)
		var all sync.WaitGroup
		call := func(caller string) {
			all.Go(func() { _ = c.Do(vendors.WithCaller(t.Context(), caller), post(class), nil) })
		}
		for range 20 {
			call("greedy")
		}
		synctest.Wait()
		if n.Load() != 6 {
			t.Fatalf("%d calls of one caller under way, want 6 of 8", n.Load())
		}
		call("calm")
		call("calm")
		synctest.Wait()
		if n.Load() != 8 {
			t.Fatalf("%d calls under way, want 8", n.Load())
		}
		all.Wait()
		if len(c.bulkhead.callers) != 0 || c.Health().InFlight != 0 {
			t.Fatalf("places are not given back: %v", c.bulkhead.callers)
		}
	})
}
