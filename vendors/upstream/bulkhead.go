package upstream

import (
	"context"
	"sync"
	"time"

	"switchboard/vendors"
)

// admitWait is how long a call waits for a place when all are taken: a burst
// passes, and a vendor that hangs does not gather callers for longer than its breaker
// needs to open.
const admitWait = time.Second

// bulkhead caps the calls under way to one vendor account, so that one that
// hangs cannot hold every goroutine and connection of the process. One caller has at
// most three quarters of the places; this process itself, which is no caller, all.
type bulkhead struct {
	places chan struct{}
	each   int // places for one caller

	mu      sync.Mutex         // guards callers
	callers map[string]*places // of those who have a place or wait for one
}

// places are those of one caller.
type places struct {
	taken chan struct{}
	users int // calls that have a place or wait for one; guarded by bulkhead.mu
}

func newBulkhead(n int) *bulkhead {
	return &bulkhead{places: make(chan struct{}, n), each: max(1, n-n/4), callers: map[string]*places{}}
}

// acquire waits for a place of the caller's and then for one of all. The place is
// given back with release.
func (b *bulkhead) acquire(ctx context.Context) (release func(), refused *vendors.Error) {
	if ctx.Err() != nil {
		return nil, unsent(ctx)
	}
	wait := time.NewTimer(admitWait)
	defer wait.Stop()
	leave := func() {}
	if caller := vendors.CallerOf(ctx); caller != "" {
		own := b.enter(caller)
		if refused := place(ctx, own.taken, wait.C); refused != nil {
			b.leave(caller)
			return nil, refused
		}
		leave = func() { <-own.taken; b.leave(caller) }
	}
	if refused := place(ctx, b.places, wait.C); refused != nil {
		leave()
		return nil, refused
	}
	return func() { <-b.places; leave() }, nil
}

// place takes one of places when one is free before over.
func place(ctx context.Context, places chan struct{}, over <-chan time.Time) *vendors.Error {
	select {
	case places <- struct{}{}:
		return nil
	default:
	}
	select {
	case places <- struct{}{}:
		return nil
	case <-over:
		return &vendors.Error{Outcome: vendors.Throttled, RetryAfter: shortestPause, Err: vendors.ErrBulkhead}
	case <-ctx.Done():
		return unsent(ctx)
	}
}

func (b *bulkhead) enter(caller string) *places {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.callers[caller]
	if own == nil {
		own = &places{taken: make(chan struct{}, b.each)}
		b.callers[caller] = own
	}
	own.users++
	return own
}

func (b *bulkhead) leave(caller string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.callers[caller]
	if own.users--; own.users == 0 {
		delete(b.callers, caller)
	}
}
