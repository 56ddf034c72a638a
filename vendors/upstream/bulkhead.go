package upstream

import (
	"context"
	"time"

	"switchboard/vendors"
)

// admitWait is how long a call waits for a place when all are taken: a burst
// passes, and a vendor that hangs does not gather callers for longer than its breaker
// needs to open.
const admitWait = time.Second

// bulkhead caps the calls under way to one vendor account, so that one that
// hangs cannot hold every goroutine and connection of the process.
type bulkhead struct{ places chan struct{} }

func newBulkhead(n int) *bulkhead { return &bulkhead{places: make(chan struct{}, n)} }

func (b *bulkhead) acquire(ctx context.Context) *vendors.Error {
	if ctx.Err() != nil {
		return unsent(ctx)
	}
	select {
	case b.places <- struct{}{}:
		return nil
	default:
	}
	wait := time.NewTimer(admitWait)
	defer wait.Stop()
	select {
	case b.places <- struct{}{}:
		return nil
	case <-wait.C:
		return &vendors.Error{Outcome: vendors.Throttled, RetryAfter: shortestPause, Err: vendors.ErrBulkhead}
	case <-ctx.Done():
		return unsent(ctx)
	}
}

func (b *bulkhead) release() { <-b.places }
