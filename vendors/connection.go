package vendors

import (
	"fmt"
	"time"
)

// Connection leads to one vendor account, as operators see it.
type Connection interface {
	// Health is a snapshot; reading it changes nothing.
	Health() Health
	// SetBreaker sets the mode of the class's breaker, or of all for "".
	SetBreaker(class string, m BreakerMode) error
	// Healthy reports whether calls of the class would be let through now.
	Healthy(class string) bool
}

// BreakerMode says who decides whether a breaker lets calls through.
type BreakerMode uint8

// The modes of a breaker.
const (
	BreakerAuto    BreakerMode = iota // it decides by what it counts
	BreakerOpen                       // forced: no call passes
	BreakerClosed                     // forced: every call passes, nothing is counted
	BreakerObserve                    // it counts and changes state, and every call passes
)

var breakerModes = [...]string{"auto", "open", "closed", "observe"}

// String is the mode as the admin API names it.
func (m BreakerMode) String() string { return breakerModes[m] }

// ParseBreakerMode reads what String writes.
func ParseBreakerMode(s string) (BreakerMode, error) {
	for i, name := range breakerModes {
		if name == s {
			return BreakerMode(i), nil
		}
	}
	return 0, fmt.Errorf("no breaker mode %q: one of %v", s, breakerModes)
}

// Health is one vendor account now.
type Health struct {
	InFlight  int           // calls under way
	Cap       int           // calls under way at most
	Skew      time.Duration // how far the vendor's clock is ahead of ours
	Retries   uint64        // attempts beyond the first, since the start
	Breakers  []BreakerHealth
	Ops       []OpHealth
	Unknown   []UnknownCode // the vendor's codes that no table lists
	LastAuth  time.Time     // when credentials were last refused; zero: never
	LastFault string        // the last failure that counted, redacted; empty: none yet
}

// BreakerHealth is one breaker.
type BreakerHealth struct {
	Class  string // "read", "write", "token", "control"
	State  string // "closed", "half-open", "open"
	Mode   BreakerMode
	Reason string    // what opened it last
	Since  time.Time // of the state
	Until  time.Time // when an open one lets a probe pass; zero unless open
}

// OpHealth is one operation over the last minute or so.
type OpHealth struct {
	Op       string
	Calls    uint64
	Failed   uint64        // ended as anything but ok and definite_no
	Span     time.Duration // over which these were counted
	P50      time.Duration // upper bound of the bucket that holds it
	P99      time.Duration
	Usual    time.Duration // moving mean of calls that ended well
	HeadRoom float64       // units that may go out at once; negative when no limit is known
}

// UnknownCode is a vendor's code that no table lists.
type UnknownCode struct {
	Op     string
	Code   string
	Count  uint64
	Sample string // the vendor's words, redacted
	Last   time.Time
}
