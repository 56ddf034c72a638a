// Package activity tells pair matching who called the product API, which is a
// weak sign of presence. No request waits for it.
package activity

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"switchboard/app/pairing/ticket"
	"switchboard/app/periodic"
)

const (
	maxCallers = 1024 // callers that wait to be reported; more are dropped
	flushEvery = 100 * time.Millisecond
)

// Recorder collects callers and reports each once in a while. It is safe for
// concurrent use.
type Recorder struct {
	mark func(ctx context.Context, app string, uid ticket.UID, at time.Time) error
	log  *slog.Logger

	mu      sync.Mutex           // guards callers
	callers map[caller]time.Time // when each called last
}

type caller struct {
	app string
	uid ticket.UID
}

// New reports to mark; its owner calls Run.
func New(mark func(ctx context.Context, app string, uid ticket.UID, at time.Time) error, log *slog.Logger) *Recorder {
	return &Recorder{mark: mark, log: log.With("component", "pairing"), callers: map[caller]time.Time{}}
}

// Record takes a caller. Only users whose id is a number are ever matched.
func (r *Recorder) Record(app, user string) {
	uid, err := ticket.ParseUID(user)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	who := caller{app, uid}
	if _, waits := r.callers[who]; waits || len(r.callers) < maxCallers {
		r.callers[who] = time.Now()
	}
}

// Run reports until ctx ends.
func (r *Recorder) Run(ctx context.Context) error {
	periodic.Run(ctx, flushEvery, r.flush)
	return nil
}

func (r *Recorder) flush(ctx context.Context) {
	for c, at := range r.take() {
		if err := r.mark(ctx, c.app, c.uid, at); err != nil && ctx.Err() == nil {
			r.log.Warn("activity not recorded", "user", c.uid, "error", err)
		}
	}
}

// take returns the callers and forgets them.
func (r *Recorder) take() map[caller]time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.callers) == 0 {
		return nil
	}
	taken := r.callers
	r.callers = make(map[caller]time.Time, len(taken))
	return taken
}
