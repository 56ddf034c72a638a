package upstream

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"switchboard/vendors"
)

// Cache keeps what one operation of one account answered, by key, and asks once
// however many want a missing key at the same time. A value that is used in the
// last part of its life is asked for again meanwhile, at a time of its own, so
// that neither callers nor keys expire together. It is safe for concurrent use.
type Cache[V any] struct {
	// Life is how long one value is good, zero or less: not kept. Nil: the
	// cache's own time for all. Set it before the first Get.
	Life func(V) time.Duration
	// Stale is how long after its life a value still answers when asking fails
	// for any reason but a DefiniteNo; zero: never. Set it before the first Get.
	Stale time.Duration

	vendor, op string
	ttl        time.Duration
	flight     singleflight.Group
	values     *Bounded[cached[V]]

	mu     sync.Mutex       // guards asking, and keeping against forgetting
	asking map[string]*bool // whether what is being asked for now is void, by key
}

// cached is a value with the end of its life, and when to ask again before that.
type cached[V any] struct {
	value      V
	early, end time.Time
}

// NewCache keeps at most size values for ttl each. vendor and op stand in the
// error of a caller who left while waiting.
func NewCache[V any](vendor, op string, ttl time.Duration, size int) *Cache[V] {
	return &Cache[V]{vendor: vendor, op: op, ttl: ttl, values: NewBounded[cached[V]](size), asking: map[string]*bool{}}
}

// Get returns the value of key, from ask when there is none. An error is
// answered to all who wait and is not kept. A caller who leaves does not take
// the call of the others along, and one who has left starts none.
func (c *Cache[V]) Get(ctx context.Context, key string, ask func(context.Context) (V, error)) (V, error) {
	k, found := c.values.Get(key)
	now := time.Now()
	if found && now.Before(k.early) {
		return k.value, nil
	}
	if !found && ctx.Err() != nil {
		e := unsent(ctx)
		e.Vendor, e.Op = c.vendor, c.op
		return k.value, e
	}
	done := c.flight.DoChan(key, func() (any, error) { return c.ask(context.WithoutCancel(ctx), key, ask) })
	if found && now.Before(k.end) {
		return k.value, nil
	}
	select {
	case r := <-done:
		if r.Err == nil {
			return r.Val.(V), nil
		}
		if found && vendors.OutcomeOf(r.Err) != vendors.DefiniteNo {
			return k.value, nil
		}
		return k.value, r.Err
	case <-ctx.Done():
		return k.value, c.left(ctx)
	}
}

// Forget drops key, for a caller who knows that its value is void. What is being asked
// for it now is not kept, and nobody who comes later is answered by it.
func (c *Cache[V]) Forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if void := c.asking[key]; void != nil {
		*void = true
	}
	c.flight.Forget(key)
	c.values.Delete(key)
}

// ask asks, unless a flight that landed since the caller looked brought a value.
func (c *Cache[V]) ask(ctx context.Context, key string, ask func(context.Context) (V, error)) (V, error) {
	void := new(bool)
	c.mu.Lock()
	k, found := c.values.Get(key)
	now := time.Now()
	if found && now.Before(k.early) {
		c.mu.Unlock()
		return k.value, nil
	}
	c.asking[key] = void
	c.mu.Unlock()
	v, err := ask(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asking[key] == void {
		delete(c.asking, key)
	}
	switch left := k.end.Sub(now); {
	case *void:
	case err == nil:
		c.keep(key, v)
	case found && left > 0:
		k.early = now.Add(left / 2) // not with every call while the vendor is down
		c.values.SetFor(key, k, time.Until(k.end)+c.Stale)
	}
	return v, err
}

func (c *Cache[V]) left(ctx context.Context) error {
	e := &vendors.Error{Vendor: c.vendor, Op: c.op, Outcome: vendors.Ambiguous, Err: ctx.Err()}
	if errors.Is(ctx.Err(), context.Canceled) {
		e.Outcome = vendors.Cancelled
	}
	return e
}

func (c *Cache[V]) keep(key string, v V) {
	life := c.ttl
	if c.Life != nil {
		life = c.Life(v)
	}
	if life <= 0 {
		return
	}
	now := time.Now()
	tail := life / 5
	c.values.SetFor(key, cached[V]{v, now.Add(life - tail/2 - rand.N(tail/2+1)), now.Add(life)}, life+c.Stale)
}
