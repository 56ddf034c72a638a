package outbox

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// queue is a store: entries are due in the order of their numbers.
type queue struct {
	mu   sync.Mutex // guards what follows
	due  []int
	fail error
}

func (q *queue) claim(_ context.Context, limit int) ([]int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(limit, len(q.due))
	claimed := q.due[:n]
	q.due = q.due[n:]
	return claimed, q.fail
}

func TestSlowEntryHoldsUpNobodyElses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{}
		for i := range 100 {
			q.due = append(q.due, i)
		}
		var mu sync.Mutex
		ended := map[int]time.Duration{}
		begin := time.Now()
		pool := Pool[int]{
			Workers: 4, Poll: time.Second, Claim: q.claim, Failed: func(err error) { t.Error(err) },
			Handle: func(_ context.Context, entry int) {
				if entry == 1 {
					time.Sleep(15 * time.Second) // a receiver that hangs
				} else {
					time.Sleep(10 * time.Millisecond)
				}
				mu.Lock()
				defer mu.Unlock()
				ended[entry] = time.Since(begin)
			},
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		pool.Run(ctx)
		if len(ended) != 100 {
			t.Errorf("%d ended", len(ended))
		}
		for entry, after := range ended {
			if entry != 1 && after > 400*time.Millisecond {
				t.Errorf("entry %d ended after %s", entry, after)
			}
		}
	})
}

func TestEmptyOutboxIsLookedAtWhenItIsWokenAndNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, wake := &queue{}, make(chan struct{}, 1)
		var at []time.Duration
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		pool := Pool[int]{
			Workers: 2, Poll: 10 * time.Second, Wake: wake, Failed: func(error) {},
			Claim: func(ctx context.Context, limit int) ([]int, error) {
				at = append(at, time.Since(begin))
				return q.claim(ctx, limit)
			},
			Handle: func(context.Context, int) {},
		}
		go func() {
			time.Sleep(3 * time.Second)
			wake <- struct{}{}
			time.Sleep(20 * time.Second)
			q.mu.Lock()
			q.fail = errors.New("the store is away") // is looked at again all the same
			q.mu.Unlock()
		}()
		pool.Run(ctx)
		want := []time.Duration{0, 3 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second, 40 * time.Second, 50 * time.Second}
		if len(at) < len(want) {
			t.Fatalf("looked at %s", at)
		}
		for i, d := range want {
			if at[i] != d {
				t.Errorf("look %d after %s, want %s", i, at[i], d)
			}
		}
	})
}

func TestStopWaitsForWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		ended := 0
		go func() { time.Sleep(time.Second); stop() }()
		Pool[int]{
			Workers: 1, Poll: time.Second, Claim: (&queue{due: []int{1, 2}}).claim, Failed: func(error) {},
			Handle: func(context.Context, int) { time.Sleep(5 * time.Second); ended++ },
		}.Run(ctx)
		if ended != 1 {
			t.Errorf("%d ended", ended)
		}
	})
}

func TestWaitsGrowUpToALimitAndDiffer(t *testing.T) {
	for attempts, full := range map[int]time.Duration{0: time.Second, 3: 8 * time.Second, 9: 5 * time.Minute, 1000: 5 * time.Minute} {
		for range 20 {
			if d := Backoff(attempts, time.Second, 5*time.Minute); d < full/2 || d > full {
				t.Errorf("%d attempts: %s, want about %s", attempts, d, full)
			}
		}
	}
}
