// Package periodic repeats work that is due at intervals.
package periodic

import (
	"context"
	"time"
)

// Run calls do every interval until ctx ends, the first time after one interval.
// A call that takes longer than the interval delays the next one; none is made up
// for.
func Run(ctx context.Context, interval time.Duration, do func(context.Context)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do(ctx)
		}
	}
}

// RunNow calls do at once and then as Run does.
func RunNow(ctx context.Context, interval time.Duration, do func(context.Context)) {
	do(ctx)
	Run(ctx, interval, do)
}
