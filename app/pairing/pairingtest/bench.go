package pairingtest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

// quick is a configuration in which nothing waits for time.
func quick() map[string]string {
	return map[string]string{
		"pair.ask_ttl": "1h", "pair.round_timeout": "1h", "pair.wrap_up": "0s", "pair.exclude_last": "0", "pair.ask_rate": "0", "pair.send_rate": "0", "pair.cross_ask": "off",
		"pair.max_live": "100000000", "pair.admission": "false", "pair.price": "1",
	}
}

// line is a service whose commands reach people without a network.
type line struct {
	svc  *pairing.Service
	call map[ticket.UID]chan pairing.Command // never changed once the service runs
}

// connect makes people who may be rung.
func connect(b *testing.B, store pairing.Store, askers, candidates int) *line {
	b.Helper()
	l := &line{call: map[ticket.UID]chan pairing.Command{}}
	for i := range askers {
		l.call[asker(i)] = make(chan pairing.Command, 1)
	}
	l.svc = pairing.New(pairing.Options{
		Store: store, Apps: []string{app},
		Configs: &pairing.Configs{Source: pairing.Everywhere(quick()), Refresh: time.Hour},
		Send: func(_ context.Context, c pairing.Command) error {
			if c.Name == ticket.CommandDispatch {
				l.call[c.Asker] <- c // the asker's worker answers for the candidate
			}
			return nil
		},
		Notify: func(context.Context, pairing.Notice) error { return nil },
	})
	var group sync.WaitGroup
	for w := range 64 {
		group.Go(func() {
			for i := w; i < candidates; i += 64 {
				if err := l.svc.RecordSocket(context.Background(), app, candidate(i), "s", true); err != nil {
					b.Error(err)
				}
			}
		})
	}
	group.Wait()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.svc.Run(ctx) }()
	b.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	return l
}

func asker(i int) ticket.UID     { return ticket.UID(1_000_000_000 + i) }
func candidate(i int) ticket.UID { return ticket.UID(1 + i) }

// full plays one ticket from ask to settled end and returns the time from the
// ask to the dispatch.
func (l *line) full(uid ticket.UID) (time.Duration, error) {
	ctx := context.Background()
	began := time.Now()
	ask, err := l.svc.Ask(ctx, app, 1, uid)
	if err != nil {
		return 0, fmt.Errorf("ask: %w", err)
	}
	c := <-l.call[uid]
	matched := time.Since(began)
	if err := l.svc.Answer(ctx, app, ask, c.To, c.Round, true); err != nil {
		return 0, fmt.Errorf("answer: %w", err)
	}
	if err := l.svc.CallStarted(ctx, app, ask, ticket.CallSeen{Round: 1, CallID: ask}); err != nil {
		return 0, fmt.Errorf("call: %w", err)
	}
	if err := l.svc.Decide(ctx, app, ask, ticket.Confirm{UID: uid, Round: 1, Peer: c.To, CallID: ask, Like: true}); err != nil {
		return 0, fmt.Errorf("like: %w", err)
	}
	if err := l.svc.CallOver(ctx, app, ask, ticket.CallEnded{Round: 1, CallID: ask}); err != nil {
		return 0, fmt.Errorf("end: %w", err)
	}
	return matched, nil
}

// programHeap is what the program has live when it has started. A benchmark with
// less would have the collector run several times as often as the program does.
const programHeap = 18 << 20

// Throughput plays b.N full tickets by workers side by side, every step
// committed with its outbox and events.
func Throughput(b *testing.B, store pairing.Store, workers int) {
	heap := make([]byte, programHeap)
	defer runtime.KeepAlive(heap)
	l := connect(b, store, workers, 4*workers)
	var next atomic.Int64
	var mu sync.Mutex
	var times []time.Duration
	b.ResetTimer()
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for next.Add(1) <= int64(b.N) {
				d, err := l.full(asker(w))
				if err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				times = append(times, d)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tickets/s")
	report(b, times)
}

func report(b *testing.B, times []time.Duration) {
	if len(times) == 0 {
		return
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
}

// Latency asks b.N times at the given rate and reports the time from an ask to
// its dispatch, which has no floor here: the network is left out.
func Latency(b *testing.B, store pairing.Store, perSecond int) {
	const lines = 512
	l := connect(b, store, lines, 4*lines)
	free := make(chan ticket.UID, lines)
	for i := range lines {
		free <- asker(i)
	}
	var mu sync.Mutex
	var times []time.Duration
	var group sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	b.ResetTimer()
	for range b.N {
		<-tick.C
		uid := <-free
		group.Go(func() {
			d, err := l.full(uid)
			if err != nil {
				b.Error(err)
			}
			mu.Lock()
			times = append(times, d)
			mu.Unlock()
			free <- uid
		})
	}
	group.Wait()
	b.StopTimer()
	report(b, times)
}

// Crowd measures one ask and its cancel beside crowd people who wait for the
// same offers that nobody makes.
func Crowd(b *testing.B, store pairing.Store, crowd int) {
	l := connect(b, store, 0, 0)
	ctx := context.Background()
	var group sync.WaitGroup
	for w := range 64 {
		group.Go(func() {
			for i := w; i < crowd; i += 64 {
				if _, err := l.svc.Ask(ctx, app, 1, asker(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.ResetTimer()
	for range b.N {
		ask, err := l.svc.Ask(ctx, app, 1, 1)
		if err != nil {
			b.Fatal(err)
		}
		if err := l.svc.Cancel(ctx, app, ask, 1); err != nil {
			b.Fatal(err)
		}
	}
}
