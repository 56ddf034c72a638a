package pairing

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"
)

// BenchmarkEngine is the state machine and the memory store alone, 16 workers:
// ask, dispatch, sent, answer, call, like, end and the note that all was told,
// every step a commit with claims, outbox and events.
func BenchmarkEngine(b *testing.B) {
	const workers = 16
	m := NewMemory(func() Instant { return At(time.Now()) })
	cfg := Default()
	var group sync.WaitGroup
	b.ResetTimer()
	for w := range workers {
		group.Go(func() {
			for i := w; i < b.N; i += workers {
				if err := engineTicket(m, &cfg, UID(1+w), UID(100+w), strconv.Itoa(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tickets/s")
}

func engineTicket(m *Memory, cfg *Config, asker, peer UID, ask string) error {
	ctx, now := context.Background(), At(time.Now())
	t, fx := Open(cfg, now, Ask{AskNo: ask, App: app, Scene: 1, UID: asker})
	var told []Delivery
	var err error
	commit := func(prev int64) {
		if err == nil {
			err = m.Commit(ctx, Batch{Writes: []Write{{Ticket: t, Prev: prev, Due: t.DueAt(cfg)}}, Drop: fx.Drop, Take: fx.Take, Records: fx.Records})
		}
		for _, id := range fx.Send {
			told = append(told, Delivery{ID: id, At: now})
		}
	}
	commit(0)
	for _, ev := range []Event{
		Dispatch{Picks: []Pick{{UID: peer}}},
		Answer{UID: peer, Round: 1, Pass: true, Payer: FundsOK, Answerer: FundsOK}, CallSeen{Round: 1, CallID: "c"},
		Confirm{UID: asker, Round: 1, Peer: peer, CallID: "c", Like: true, Payer: FundsOK}, CallEnded{Round: 1, CallID: "c"}, Told{},
	} {
		prev := t.Version
		var refused error
		acks := told
		told = nil
		if _, last := ev.(Told); last {
			ev, acks = Told{Ends: acks}, nil
		}
		t, fx, refused = Step(cfg, t, now, acks, ev)
		if refused != nil {
			return fmt.Errorf("%T: %w", ev, refused)
		}
		commit(prev)
	}
	if err == nil && (t.State != Ended || len(t.Outbox) != 0) {
		return fmt.Errorf("%v with %d to tell", t.State, len(t.Outbox))
	}
	return err
}
