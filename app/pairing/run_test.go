package pairing

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/app/pairing/ticket"
)

// The first ask of a scene makes its pool, which reads the store and matches
// without waiting for any tick.
func TestANewPoolIsMatchedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := make(chan Command, 1)
		s := New(Options{
			Store:   NewMemory(func() ticket.Instant { return ticket.At(time.Now()) }),
			Configs: &Configs{Source: Everywhere(nil), Refresh: time.Hour},
			Send: func(_ context.Context, c Command) error {
				if c.Name == ticket.CommandDispatch {
					sent <- c
				}
				return nil
			},
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		must(t, s.RecordSocket(ctx, app, 2, "s", true))
		began := time.Now()
		if _, err := s.Ask(ctx, app, 7, 1); err != nil {
			t.Fatal(err)
		}
		<-sent
		if d := time.Since(began); d > 0 {
			t.Errorf("dispatched after %s", d)
		}
		stop()
		must(t, <-done)
	})
}
