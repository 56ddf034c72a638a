package upstream

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"switchboard/vendors"
)

// ops holds one entry for every operation that was ever called; their number is
// that of the vendors.Op constants, not of requests.
type ops struct {
	limits vendors.Limits
	byName sync.Map // string -> *op
}

func (o *ops) of(name string) *op {
	if v, ok := o.byName.Load(name); ok {
		return v.(*op)
	}
	v, _ := o.byName.LoadOrStore(name, &op{shaper: newShaper(o.limits[name])})
	return v.(*op)
}

// op is what is known of one operation of one account.
type op struct {
	shaper *shaper
	mean   atomic.Int64 // nanoseconds; 0: nothing ended well yet
	now    window
}

// learn moves the mean of attempts that ended well by an eighth. A lost update
// between two of them does not matter.
func (o *op) learn(took time.Duration) {
	old := o.mean.Load()
	if old == 0 {
		old = int64(took)
	}
	o.mean.Store(max(1, old+(int64(took)-old)/8))
}

func (o *op) usual() time.Duration { return time.Duration(o.mean.Load()) }

func (o *op) slow(floor, timeout time.Duration) time.Duration {
	return min(max(floor, 4*o.usual()), max(timeout/2, 1))
}

// record counts a call that ended at now.
func (o *op) record(fault *vendors.Error, took time.Duration, now time.Time) {
	failed := fault != nil && fault.Outcome != vendors.DefiniteNo && fault.Outcome != vendors.Cancelled
	o.now.add(took, failed, now)
}

const (
	windowSpan    = 30 * time.Second
	windowBuckets = 40 // powers of the square root of two above 32 microseconds: up to 30 s
	windowFloor   = 32 * time.Microsecond
)

// window counts calls by how long they took, over the current span and the one
// before it.
type window struct {
	mu        sync.Mutex // guards all below
	start     time.Time
	cur, prev counts
}

type counts struct {
	calls, failed uint64
	took          [windowBuckets]uint32
}

func (w *window) add(took time.Duration, failed bool, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.roll(now)
	w.cur.calls++
	if failed {
		w.cur.failed++
	}
	w.cur.took[bucketOf(took)]++
}

func (w *window) roll(now time.Time) {
	switch age := now.Sub(w.start); {
	case age < windowSpan:
	case age < 2*windowSpan:
		w.prev, w.cur, w.start = w.cur, counts{}, w.start.Add(windowSpan)
	default:
		w.prev, w.cur, w.start = counts{}, counts{}, now
	}
}

// sum returns the counts and the time that they span.
func (w *window) sum() (counts, time.Duration) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.roll(now)
	sum, span := w.cur, now.Sub(w.start)
	if w.prev.calls > 0 {
		span += windowSpan
	}
	sum.calls += w.prev.calls
	sum.failed += w.prev.failed
	for i, n := range w.prev.took {
		sum.took[i] += n
	}
	return sum, span
}

// quantile is the upper bound of the bucket that holds the q-th of the calls.
func (c *counts) quantile(q float64) time.Duration {
	if c.calls == 0 {
		return 0
	}
	rank := uint64(q * float64(c.calls))
	for i, n := range c.took {
		if uint64(n) > rank {
			return bucketTop(i)
		}
		rank -= uint64(n)
	}
	return bucketTop(windowBuckets - 1)
}

// bucketOf halves every power of two in two linear parts.
func bucketOf(d time.Duration) int {
	n := uint64(d / windowFloor)
	if n == 0 {
		return 0
	}
	top := bits.Len64(n) - 1
	half := 0
	if top > 0 {
		half = int(n>>(top-1)) & 1
	}
	return min(2*top+half+1, windowBuckets-1)
}

func bucketTop(i int) time.Duration {
	if i == 0 {
		return windowFloor
	}
	top, half := (i-1)/2, (i-1)%2
	base := windowFloor << top
	return base + base/2*time.Duration(half+1)
}
