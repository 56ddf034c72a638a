package upstream

import (
	"cmp"
	"fmt"
	"slices"

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
