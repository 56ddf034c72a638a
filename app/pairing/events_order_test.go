package pairing

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

// The business server refuses some events a few times: those of one ask come in the
// order of their versions all the same.
func TestEventsOfOneAskComeInOrder(t *testing.T) {
	var mu sync.Mutex // guards what follows
	taken, refused := map[string][]int64{}, map[string]int{}
	told, refusals := make(chan struct{}, 100), make(chan struct{}, 100)
	svc := New(Options{
		Store: NewMemory(func() ticket.Instant { return ticket.At(time.Now()) }), Apps: []string{app},
		Configs: &Configs{Source: Everywhere(map[string]string{"pair.ask_rate": "0"}), Refresh: time.Hour},
		Send:    func(context.Context, Command) error { return nil },
		Notify: func(_ context.Context, n Notice) error {
			mu.Lock()
			defer mu.Unlock()
			id := n.AskNo + n.Name
			if refused[id] < 1 && (n.Name == ticket.EventAsked || n.Name == ticket.EventOffered) {
				refused[id]++
				refusals <- struct{}{}
				return errors.New("503")
			}
			if taken[n.AskNo] = append(taken[n.AskNo], n.Version); n.Name == ticket.EventEnded || refused[id] > 0 {
				told <- struct{}{}
			}
			return nil
		},
	})
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() { defer close(ran); _ = svc.Run(ctx) }()
	defer func() { stop(); <-ran }()
	must(t, svc.RecordSocket(ctx, app, 100, "s", true))
	for uid := range ticket.UID(5) {
		ask, err := svc.Ask(ctx, app, 1, uid+1)
		must(t, err)
		<-refusals // what comes now is behind a refused event
		must(t, svc.Cancel(ctx, app, ask, uid+1))
	}
	mu.Lock()
	wait := 5 + len(refused) // the ends, and what was refused
	mu.Unlock()
	for range wait {
		select {
		case <-told:
		case <-time.After(30 * time.Second):
			t.Fatal("not all was told")
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for ask, versions := range taken {
		if !slices.IsSorted(versions) {
			t.Errorf("the events of %s came as %v", ask, versions)
		}
	}
}
