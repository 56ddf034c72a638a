package bus

import (
	"context"
	"time"
)

const retryWatch = 500 * time.Millisecond

// reconcile keeps the remote subscriptions equal to the topics that have
// subscribers here. What fails is tried again.
func (b *Bus) reconcile(ctx context.Context) {
	retry := time.NewTimer(0)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
		case <-retry.C:
		}
		done := true
		begin, end := b.differences()
		for _, topic := range begin {
			if err := b.link.watch(ctx, topic); err != nil {
				b.mu.Lock()
				delete(b.live, topic)
				b.mu.Unlock()
				done = false
			}
		}
		for _, topic := range end {
			// One that stays watched for nothing costs traffic only.
			_ = b.link.unwatch(ctx, topic)
		}
		if !done {
			retry.Reset(retryWatch)
		}
	}
}

// differences says what to watch from now on and what no longer, and notes both.
func (b *Bus) differences() (begin, end []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for t := range b.topics {
		if _, watched := b.live[t]; !watched {
			begin = append(begin, t)
			b.live[t] = false
		}
	}
	for t := range b.live {
		if len(b.topics[t]) == 0 {
			end = append(end, t)
			delete(b.live, t)
		}
	}
	return begin, end
}
