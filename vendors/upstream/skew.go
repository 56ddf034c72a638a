package upstream

import (
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// A Date header counts whole seconds, and an answer takes its time: less
	// than this is no skew.
	skewNoise = 2 * time.Second
	// More than this is a broken header, not a clock.
	skewLimit = 24 * time.Hour
)

// skew is how far the vendor's clock is ahead of ours, in nanoseconds, as its
// last answer said.
type skew struct {
	ahead atomic.Int64
	last  atomic.Pointer[date]
}

// date is a Date header that was read: many answers carry the same.
type date struct {
	raw string
	at  time.Time
}

func (s *skew) date(raw string) (time.Time, error) {
	if d := s.last.Load(); d != nil && d.raw == raw {
		return d.at, nil
	}
	at, err := http.ParseTime(raw)
	if err == nil {
		s.last.Store(&date{raw, at})
	}
	return at, err
}

func (s *skew) get() time.Duration { return time.Duration(s.ahead.Load()) }

// learn reads the answer's Date, which was written somewhere between sent and
// now, and reports whether the correction moved.
func (s *skew) learn(h http.Header, sent, now time.Time) bool {
	raw := h.Get("Date")
	if raw == "" {
		return false
	}
	date, err := s.date(raw)
	if err != nil {
		return false
	}
	// Half a second, since Date is rounded down.
	ahead := date.Add(time.Second / 2).Sub(sent.Add(now.Sub(sent) / 2))
	switch {
	case ahead.Abs() > skewLimit:
		return false
	case ahead.Abs() < skewNoise+now.Sub(sent)/2:
		ahead = 0
	}
	old := time.Duration(s.ahead.Load())
	if (ahead - old).Abs() < skewNoise {
		return false
	}
	s.ahead.Store(int64(ahead))
	return true
}
