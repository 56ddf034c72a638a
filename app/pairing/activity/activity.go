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
	mark func(ctx context.Context, app string, uid ticket.UID) error
	log  *slog.Logger

	mu      sync.Mutex // guards callers
	callers map[caller]struct{}
}

type caller struct {
	app string
	uid ticket.UID
}

// New reports to mark; its owner calls Run.
func New(mark func(ctx context.Context, app string, uid ticket.UID) error, log *slog.Logger) *Recorder {
	return &Recorder{mark: mark, log: log.With("component", "pairing"), callers: map[caller]struct{}{}}
}

// Record takes a caller. Only users whose id is a number are ever matched.
func (r *Recorder) Record(app, user string) {
	uid, err := ticket.ParseUID(user)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.callers) < maxCallers {
		r.callers[caller{app, uid}] = struct{}{}
	}
}

// Run reports until ctx ends.
func (r *Recorder) Run(ctx context.Context) error {
	periodic.Run(ctx, flushEvery, r.flush)
	return nil
}

func (r *Recorder) flush(ctx context.Context) {
	for c := range r.take() {
		if err := r.mark(ctx, c.app, c.uid); err != nil && ctx.Err() == nil {
			r.log.Warn("activity not recorded", "user", c.uid, "error", err)
		}
	}
}

// take returns the callers and forgets them.
func (r *Recorder) take() map[caller]struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.callers) == 0 {
		return nil
	}
	taken := r.callers
	r.callers = make(map[caller]struct{}, len(taken))
	return taken
}
