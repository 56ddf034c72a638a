package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/patrickmn/go-cache"
	"golang.org/x/sync/singleflight"

	"switchboard/vendors"
)

// Cache keeps what one operation answered, by key, and asks once however many
// want a missing key at the same time. It is safe for concurrent use.
//
// Its bound costs no scan: values live in a young and an old half. When the
// young half is full it becomes the old one, and what was old and not asked for
// since is dropped.
type Cache[V any] struct {
	vendor, op string
	ttl        time.Duration
	half       int
	flight     singleflight.Group

	mu         sync.Mutex // guards young and old, never held while asking
	young, old *cache.Cache
}

// NewCache keeps at most size values for ttl each. vendor and op stand in the
// error of a caller who left while he waited.
func NewCache[V any](vendor, op string, ttl time.Duration, size int) *Cache[V] {
	c := &Cache[V]{vendor: vendor, op: op, ttl: ttl, half: max(size/2, 1)}
	c.young, c.old = c.fresh(), c.fresh()
	return c
}

// fresh has no clean-up goroutine: the halves age as a whole.
func (c *Cache[V]) fresh() *cache.Cache { return cache.New(c.ttl, 0) }

// Get returns the value of key, from ask when there is none. An error is
// answered to all who wait and is not kept. A caller who leaves does not take
// the flight of the others with him.
func (c *Cache[V]) Get(ctx context.Context, key string, ask func(context.Context) (V, error)) (V, error) {
	if v, ok := c.lookup(key); ok {
		return v, nil
	}
	done := c.flight.DoChan(key, func() (any, error) {
		v, err := ask(context.WithoutCancel(ctx))
		if err == nil {
			c.keep(key, v)
		}
		return v, err
	})
	var none V
	select {
	case r := <-done:
		if r.Err != nil {
			return none, r.Err
		}
		return r.Val.(V), nil
	case <-ctx.Done():
		e := &vendors.Error{Vendor: c.vendor, Op: c.op, Outcome: vendors.Ambiguous, Err: ctx.Err()}
		if errors.Is(ctx.Err(), context.Canceled) {
			e.Outcome = vendors.Cancelled
		}
		return none, e
	}
}

func (c *Cache[V]) lookup(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.young.Get(key); ok {
		return v.(V), true
	}
	v, until, ok := c.old.GetWithExpiration(key)
	if !ok {
		var none V
		return none, false
	}
	c.put(key, v, max(time.Until(until), 1)) // zero and less would mean for ever
	return v.(V), true
}

func (c *Cache[V]) keep(key string, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(key, v, c.ttl)
}

// put needs mu held.
func (c *Cache[V]) put(key string, v any, d time.Duration) {
	if c.young.ItemCount() >= c.half {
		c.old, c.young = c.young, c.fresh()
	}
	c.young.Set(key, v, d)
}
