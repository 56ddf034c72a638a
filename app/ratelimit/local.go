package ratelimit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// remembered is how many keys a generation of recent holds.
const remembered = 50_000

// recent remembers values by key, at most 2*remembered of them. Two generations
// spare a queue: what nobody asked for in two of them is forgotten.
type recent[V any] struct {
	mu          sync.Mutex // guards the rest
	now, before map[string]V
	began       time.Time
}

// get returns the value of key, and whether there is one.
func (r *recent[V]) get(key string, now time.Time) (v V, found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, found = r.now[key]; found {
		return v, true
	}
	if v, found = r.before[key]; found {
		r.set(key, v, now)
	}
	return v, found
}

func (r *recent[V]) put(key string, v V, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set(key, v, now)
}

// set begins a generation when the last one is full, or so old that a bucket unused
// for as long has filled up again. mu is held.
func (r *recent[V]) set(key string, v V, now time.Time) {
	if len(r.now) >= remembered || now.Sub(r.began) > maxPer {
		r.before, r.now, r.began = r.now, make(map[string]V), now
	}
	r.now[key] = v
}

// buckets count for this process alone.
type buckets struct {
	mu sync.Mutex // guards the limiters of one count against another
	by recent[*rate.Limiter]
}

func (b *buckets) count(now time.Time, uses []use) (use, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var taken []*rate.Reservation
	for _, u := range uses {
		bucket, found := b.by.get(u.name(), now)
		if !found {
			bucket = rate.NewLimiter(rate.Every(u.rate.interval()), u.rate.N)
			b.by.put(u.name(), bucket, now)
		}
		r := bucket.ReserveN(now, 1)
		taken = append(taken, r)
		if wait := r.DelayFrom(now); wait > 0 {
			for _, r := range taken {
				r.CancelAt(now)
			}
			return u, wait
		}
	}
	return use{}, 0
}
