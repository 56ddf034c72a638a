package periodic

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestWorkIsRepeatedUntilTheContextEnds(t *testing.T) {
	for name, c := range map[string]struct {
		run  func(context.Context, time.Duration, func(context.Context))
		want int
	}{"after the interval": {Run, 3}, "at once": {RunNow, 4}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 35*time.Second)
			defer cancel()
			calls := 0
			c.run(ctx, 10*time.Second, func(context.Context) { calls++ })
			if calls != c.want {
				t.Errorf("%s: %d calls, want %d", name, calls, c.want)
			}
		})
	}
}
