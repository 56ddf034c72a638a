package ticket

import "time"

// Instant is a time in the store's clock, in unix milliseconds. Zero: never.
type Instant int64

// At converts a wall-clock time.
func At(t time.Time) Instant { return Instant(t.UnixMilli()) }

// Add returns the instant d later.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d.Milliseconds()) }

// Sub returns the time from j to i.
func (i Instant) Sub(j Instant) time.Duration { return time.Duration(i-j) * time.Millisecond }

// Time converts to a wall-clock time.
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)) }
