package upstream

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"switchboard/vendors"
)

const (
	maxAttempts = 3
	backoffBase = 50 * time.Millisecond
	backoffCap  = time.Second
	pauseCap    = 2 * time.Second // a call that would wait longer gives its place to others

	// The budget: one retry for every five calls, saved up to budgetCap, and a
	// floor so that a quiet vendor is retried at all.
	budgetShare = 5
	budgetCap   = 20
	floorPerSec = 1
	floorBurst  = 3
)

// budget bounds retries to a fifth of the calls plus the floor, so that retries
// cannot turn a vendor's bad minute into an outage.
type budget struct {
	saved atomic.Int64 // in shares: a retry costs budgetShare
	floor *rate.Limiter
}

func newBudget() *budget { return &budget{floor: rate.NewLimiter(floorPerSec, floorBurst)} }

func (b *budget) deposit() {
	for {
		n := b.saved.Load()
		if n >= budgetCap*budgetShare || b.saved.CompareAndSwap(n, n+1) {
			return
		}
	}
}

func (b *budget) withdraw() bool {
	for {
		n := b.saved.Load()
		if n < budgetShare {
			return b.floor.Allow()
		}
		if b.saved.CompareAndSwap(n, n-budgetShare) {
			return true
		}
	}
}

// backoff is full jitter over an exponentially growing span. n counts attempts
// made, from 1.
func backoff(n int) time.Duration {
	span := min(backoffBase<<(n-1), backoffCap)
	return rand.N(span)
}

// mayRepeat reports whether the same call may go to the same vendor again
// (docs/operations.md#outcomes, column "tried again"). What was refused on this
// side would only be refused again.
func mayRepeat(call Call, e *vendors.Error) bool {
	switch e.Outcome {
	case vendors.NotSent:
		return !errors.Is(e, vendors.ErrBreakerOpen)
	case vendors.Throttled:
		return !errors.Is(e, vendors.ErrThrottled) && !errors.Is(e, vendors.ErrQuiet)
	case vendors.DefiniteFail:
		return true
	case vendors.Ambiguous:
		return call.Class == Read || call.Idempotent
	default:
		return false
	}
}

// fits reports whether d passes before the context's deadline; a context
// without one is given def.
func fits(ctx context.Context, d, def time.Duration) bool {
	if end, ok := ctx.Deadline(); ok {
		def = time.Until(end)
	}
	return d < def
}

// sleep waits for d and reports whether the context outlived it.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
