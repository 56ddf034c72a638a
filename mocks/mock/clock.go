package mock

import (
	"sync"
	"time"
)

// Clock is the vendor's clock: real time plus an offset that tests and the
// admin API move. The zero value is real time.
type Clock struct {
	mu     sync.Mutex // guards offset
	offset time.Duration
}

// Now is the vendor's time.
func (c *Clock) Now() time.Time {
	return time.Now().Add(c.Offset())
}

// Offset is how far the vendor's clock is ahead of this machine's.
func (c *Clock) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// Set makes it t now; the clock runs on from there.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = time.Until(t)
}

// Advance moves the clock by d, backwards when d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}
