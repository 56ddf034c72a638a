package upstream

import (
	"sync"
	"time"

	"github.com/patrickmn/go-cache"
)

// Bounded holds at most a number of values by key. It is safe for concurrent use.
//
// Its bound costs no scan: values live in a young and an old half. When the
// young half is full it becomes the old one, and what was old and not asked for
// since is dropped.
type Bounded[V any] struct {
	half int

	mu         sync.Mutex // guards young and old
	young, old *cache.Cache
}

// NewBounded holds at most size values.
func NewBounded[V any](size int) *Bounded[V] {
	return &Bounded[V]{half: max(size/2, 1), young: newHalf(), old: newHalf()}
}

// newHalf has no clean-up goroutine: the halves age as a whole.
func newHalf() *cache.Cache { return cache.New(cache.NoExpiration, 0) }

// Get returns the value of key, when there is one and its life is not over.
func (b *Bounded[V]) Get(key string) (V, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if v, ok := b.young.Get(key); ok {
		return v.(V), true
	}
	v, until, ok := b.old.GetWithExpiration(key)
	if !ok {
		var none V
		return none, false
	}
	life := time.Duration(cache.NoExpiration)
	if !until.IsZero() {
		life = max(time.Until(until), 1)
	}
	b.set(key, v, life)
	return v.(V), true
}

// Set holds v until there are too many.
func (b *Bounded[V]) Set(key string, v V) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.set(key, v, cache.NoExpiration)
}

// SetFor is Set with an end to v's life.
func (b *Bounded[V]) SetFor(key string, v V, life time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.set(key, v, max(life, 1))
}

// Delete drops key.
func (b *Bounded[V]) Delete(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.young.Delete(key)
	b.old.Delete(key)
}

// set needs mu held.
func (b *Bounded[V]) set(key string, v any, life time.Duration) {
	if _, there := b.young.Get(key); !there && b.young.ItemCount() >= b.half {
		b.old, b.young = b.young, newHalf()
	}
	b.young.Set(key, v, life)
}

func (b *Bounded[V]) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.young.ItemCount() + b.old.ItemCount()
}
