// Package outbox works off what waits in a store to be delivered: a fixed number
// of workers claims entries whenever one of them is free, so that an entry whose
// receiver is slow holds up nobody else's.
//
// The store leases what is claimed. Who dies with a lease has lost nothing: the
// entry is due again when the lease is over, at this replica or at another.
package outbox

import (
	"context"
	"math/rand/v2"
	"time"
)

// Pool is one outbox's workers. An entry T is what has to be done in one order by
// one worker: a single event, or the messages of one conversation.
type Pool[T any] struct {
	Workers int           // entries under way at once
	Poll    time.Duration // how often an outbox with nothing due is looked at
	// Claim leases at most limit entries that are due.
	Claim func(ctx context.Context, limit int) ([]T, error)
	// Handle delivers the entry and settles it in the store: done, or due again.
	Handle func(ctx context.Context, entry T)
	// Failed is told of errors of Claim while ctx lives.
	Failed func(err error)
	// Wake, unless nil, says that something may be due before the next look.
	Wake <-chan struct{}
}

// Run works until ctx ends, and returns when what was under way is over. Every
// replica may run one.
func (p Pool[T]) Run(ctx context.Context) {
	look := time.NewTicker(p.Poll)
	defer look.Stop()
	done := make(chan struct{}, p.Workers)
	free, due := p.Workers, true // due: entries may wait that nobody has claimed
	for ctx.Err() == nil {
		if due && free > 0 {
			limit := free
			for _, entry := range p.claim(ctx, limit) {
				free--
				go func() {
					defer func() { done <- struct{}{} }()
					p.Handle(ctx, entry)
				}()
			}
			due = free == 0 // as many were due as there were free workers
		}
		select {
		case <-ctx.Done():
		case <-look.C:
			due = true
		case <-p.Wake:
			due = true
		case <-done:
			for free++; len(done) > 0; free++ {
				<-done
			}
		}
	}
	for ; free < p.Workers; free++ {
		<-done
	}
}

// claim returns what was claimed before an error, too: it is leased. The next look
// tries again.
func (p Pool[T]) claim(ctx context.Context, limit int) []T {
	claimed, err := p.Claim(ctx, limit)
	if err != nil && ctx.Err() == nil {
		p.Failed(err)
	}
	return claimed
}

// Backoff is first doubled with each attempt that was made before, at most limit,
// and from half to all of that, so that entries do not all come back at once.
func Backoff(attempts int, first, limit time.Duration) time.Duration {
	d := min(first<<min(attempts, 20), limit)
	return d/2 + rand.N(d/2+1)
}
