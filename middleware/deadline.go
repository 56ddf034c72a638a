package middleware

import (
	"context"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Deadline bounds the request from its beginning: fiber's own context has no end.
func Deadline(d time.Duration) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx := &bounded{Context: c.UserContext(), end: stateOf(c).began.Add(d)}
		defer ctx.finish()
		c.SetUserContext(ctx)
		return c.Next()
	}
}

// bounded is what context.WithDeadline makes, with its timer started when somebody
// waits for the end: most requests only ask whether it has come.
type bounded struct {
	context.Context
	end time.Time

	mu     sync.Mutex      // guards the rest
	timed  context.Context // nil until somebody waits; it knows all from then on
	cancel context.CancelFunc
	ended  error
}

func (b *bounded) Deadline() (time.Time, bool) {
	if end, ok := b.Context.Deadline(); ok && end.Before(b.end) {
		return end, true
	}
	return b.end, true
}

func (b *bounded) Done() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timed == nil {
		b.timed, b.cancel = context.WithDeadline(b.Context, b.end)
		if b.ended != nil {
			b.cancel()
		}
	}
	return b.timed.Done()
}

func (b *bounded) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timed != nil {
		return b.timed.Err()
	}
	if b.ended == nil {
		b.ended = b.Context.Err()
	}
	if b.ended == nil && !time.Now().Before(b.end) {
		b.ended = context.DeadlineExceeded
	}
	return b.ended
}

// Value lets package context find the context that has the timer.
func (b *bounded) Value(key any) any {
	b.mu.Lock()
	ctx := b.Context
	if b.timed != nil {
		ctx = b.timed
	}
	b.mu.Unlock()
	return ctx.Value(key)
}

// finish cancels what goes on after the request.
func (b *bounded) finish() {
	b.mu.Lock()
	if b.ended == nil {
		b.ended = context.Canceled
	}
	cancel := b.cancel
	b.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}
