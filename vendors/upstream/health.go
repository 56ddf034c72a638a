package upstream

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"switchboard/vendors"
)

// Health is a snapshot for operators; reading it changes nothing.
func (c *Client) Health() vendors.Health {
	h := vendors.Health{
		InFlight: len(c.bulkhead.places), Cap: cap(c.bulkhead.places),
		Skew: c.skew.get(), Retries: c.faults.retries.Load(),
	}
	for class, b := range c.breakers {
		h.Breakers = append(h.Breakers, b.health(Class(class)))
	}
	c.ops.byName.Range(func(name, v any) bool {
		o := v.(*op)
		sum, span := o.now.sum()
		h.Ops = append(h.Ops, vendors.OpHealth{
			Op: name.(string), Calls: sum.calls, Failed: sum.failed, Span: span,
			P50: sum.quantile(0.5), P99: sum.quantile(0.99),
			Usual: o.usual(), HeadRoom: o.shaper.headRoom(),
		})
		return true
	})
	slices.SortFunc(h.Ops, func(a, b vendors.OpHealth) int { return cmp.Compare(a.Op, b.Op) })
	c.faults.fill(&h)
	return h
}

// SetBreaker sets the mode of the class's breaker, or of all four for "".
func (c *Client) SetBreaker(class string, m vendors.BreakerMode) error {
	if class == "" {
		for _, b := range c.breakers {
			b.mode.Store(uint32(m))
		}
		return nil
	}
	b, err := c.breakerOf(class)
	if err == nil {
		b.mode.Store(uint32(m))
	}
	return err
}

// Healthy reports whether a call of the class would be let through now; an
// unknown class never is.
func (c *Client) Healthy(class string) bool {
	b, err := c.breakerOf(class)
	return err == nil && b.healthy(false)
}

func (c *Client) breakerOf(class string) (*breaker, error) {
	i := slices.Index(classNames[:], class)
	if i < 0 {
		return nil, fmt.Errorf("no breaker class %q: one of %v", class, classNames)
	}
	return c.breakers[i], nil
}

const maxUnknown = 64 // unknown codes kept; a vendor that invents more is one line already

// faults is what went wrong lately at one account.
type faults struct {
	retries  atomic.Uint64
	lastAuth atomic.Int64 // unix nanoseconds
	last     atomic.Pointer[vendors.Error]

	mu      sync.Mutex // guards unknown
	unknown map[[2]string]*vendors.UnknownCode
}

func (f *faults) record(e *vendors.Error, verdict error) {
	if verdict == errFailed {
		f.last.Store(e)
	}
	if e.Outcome == vendors.AuthFault {
		f.lastAuth.Store(time.Now().UnixNano())
	}
	if e.Err != vendors.ErrUnknownCode {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.unknown == nil {
		f.unknown = map[[2]string]*vendors.UnknownCode{}
	}
	key := [2]string{e.Op, e.Code}
	u := f.unknown[key]
	if u == nil {
		if len(f.unknown) == maxUnknown {
			return
		}
		u = &vendors.UnknownCode{Op: e.Op, Code: e.Code, Sample: e.Text}
		f.unknown[key] = u
	}
	u.Count++
	u.Last = time.Now()
}

func (f *faults) fill(h *vendors.Health) {
	if at := f.lastAuth.Load(); at != 0 {
		h.LastAuth = time.Unix(0, at)
	}
	if e := f.last.Load(); e != nil {
		h.LastFault = e.Error()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, u := range f.unknown {
		h.Unknown = append(h.Unknown, *u)
	}
	slices.SortFunc(h.Unknown, func(a, b vendors.UnknownCode) int { return cmp.Compare(b.Count, a.Count) })
}
