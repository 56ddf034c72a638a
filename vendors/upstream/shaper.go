package upstream

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"switchboard/vendors"
)

// shapeWait is how long a call waits at most for its turn, since it holds a place
// that others want. Longer, and it is refused and told when its turn would be: who
// has the time waits outside.
const shapeWait = time.Second

// shortestPause is how long a vendor's refusal for speed counts that does not say so.
const shortestPause = time.Second

// quietCap bounds what one Retry-After can do.
const quietCap = 5 * time.Minute

// shaper keeps one operation inside the vendor's limit table. Over any window of
// Limit.Per no more than Limit.Calls units go out, as long as one call takes at
// most half of them. Callers share it fairly. A nil line means no limit known.
type shaper struct {
	line  *line
	until atomic.Int64  // unix nanoseconds: the vendor asked us to be quiet until then
	pause time.Duration // after a refusal for speed that does not say how long
}

func newShaper(l vendors.Limit) *shaper {
	s := &shaper{pause: max(shortestPause, l.Per/10)}
	if burst, perSecond := l.Pace(); burst > 0 {
		s.line = &line{units: rate.NewLimiter(rate.Limit(perSecond), burst)}
	}
	return s
}

// take waits for n units. More than the bucket holds counts as a full bucket.
func (s *shaper) take(ctx context.Context, n int, usual time.Duration) *vendors.Error {
	until := s.until.Load()
	if until == 0 && s.line == nil {
		return nil
	}
	now := time.Now()
	if quiet := time.Duration(until - now.UnixNano()); quiet > 0 {
		return &vendors.Error{Outcome: vendors.Throttled, RetryAfter: quiet, Err: vendors.ErrQuiet}
	}
	if s.line == nil {
		return nil
	}
	tooLong := func(wait time.Duration) bool { return wait > shapeWait || !fits(ctx, wait+usual, shapeWait+usual+1) }
	w, wait := s.line.join(now, vendors.CallerOf(ctx), min(max(n, 1), s.line.units.Burst()), tooLong)
	switch {
	case w != nil:
		return s.wait(ctx, w, now)
	case wait > 0:
		return throttled(wait)
	}
	return nil
}

// wait is until it is w's turn and its units are there. Callers with a smaller share
// may have come meanwhile, and shapeWait be over.
func (s *shaper) wait(ctx context.Context, w *waiter, began time.Time) *vendors.Error {
	patience := time.NewTimer(shapeWait)
	defer patience.Stop()
	select {
	case <-w.turn:
	case <-patience.C:
		return throttled(s.line.leave(w))
	case <-ctx.Done():
		s.line.leave(w)
		return unsent(ctx)
	}
	defer s.line.done()
	now := time.Now()
	turn := s.line.units.ReserveN(now, w.units)
	delay := turn.DelayFrom(now)
	if now.Add(delay).Sub(began) > shapeWait+shapeWait/100 { // a hundredth for what the limiter rounds
		turn.CancelAt(now)
		return throttled(delay)
	}
	if !sleep(ctx, delay) {
		turn.Cancel()
		return unsent(ctx)
	}
	return nil
}

func throttled(wait time.Duration) *vendors.Error {
	return &vendors.Error{Outcome: vendors.Throttled, RetryAfter: max(wait, time.Millisecond), Err: vendors.ErrThrottled}
}

// coolDown keeps the operation quiet for as long as the vendor asked, at most
// quietCap.
func (s *shaper) coolDown(d time.Duration) {
	if d <= 0 {
		return
	}
	until := time.Now().Add(min(d, quietCap)).UnixNano()
	for {
		old := s.until.Load()
		if until <= old || s.until.CompareAndSwap(old, until) {
			return
		}
	}
}

// headRoom is how many units may go out now, negative when no limit is known.
func (s *shaper) headRoom() float64 {
	switch {
	case s.until.Load() > time.Now().UnixNano():
		return 0
	case s.line == nil:
		return -1
	}
	return max(0, s.line.units.Tokens())
}
