package pairing

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

// BenchmarkEngine is the state machine and the memory store alone, 16 workers:
// ask, dispatch, sent, answer, call, like, end and the note that all was told,
// every step a commit with claims, outbox and events.
func BenchmarkEngine(b *testing.B) {
	const workers = 16
	m := NewMemory(func() ticket.Instant { return ticket.At(time.Now()) })
	cfg := ticket.DefaultConfig()
	var group sync.WaitGroup
	b.ResetTimer()
	for w := range workers {
		group.Go(func() {
			for i := w; i < b.N; i += workers {
				if err := engineTicket(m, &cfg, ticket.UID(1+w), ticket.UID(100+w), strconv.Itoa(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tickets/s")
}

func engineTicket(m *Memory, cfg *ticket.Config, asker, peer ticket.UID, ask string) error {
	ctx, now := context.Background(), ticket.At(time.Now())
	t, fx := ticket.Open(cfg, now, ticket.Ask{AskNo: ask, App: app, Scene: 1, UID: asker})
	var told []ticket.Delivery
	var err error
	commit := func(prev int64) {
		if err == nil {
			err = m.Commit(ctx, Batch{Writes: []Write{{Ticket: t, Prev: prev, Due: t.DueAt(cfg)}}, Drop: fx.Drop, Take: fx.Take, Records: fx.Records})
		}
		for _, id := range fx.Send {
			told = append(told, ticket.Delivery{ID: id, At: now})
		}
	}
	commit(0)
	for _, ev := range []ticket.Event{
		ticket.Dispatch{Picks: []ticket.Pick{{UID: peer}}},
		ticket.Answer{UID: peer, Round: 1, Pass: true, Payer: ticket.FundsOK, Answerer: ticket.FundsOK}, ticket.CallSeen{Round: 1, CallID: "c"},
		ticket.Confirm{UID: asker, Round: 1, Peer: peer, CallID: "c", Like: true, Payer: ticket.FundsOK}, ticket.CallEnded{Round: 1, CallID: "c"}, ticket.Acked{},
	} {
		prev := t.Version
		var refused error
		acks := told
		told = nil
		if _, last := ev.(ticket.Acked); last {
			ev, acks = ticket.Acked{Deliveries: acks}, nil
		}
		t, fx, refused = ticket.Step(cfg, t, now, acks, ev)
		if refused != nil {
			return fmt.Errorf("%T: %w", ev, refused)
		}
		commit(prev)
	}
	if err == nil && (t.State != ticket.Ended || len(t.Outbox) != 0) {
		return fmt.Errorf("%v with %d to tell", t.State, len(t.Outbox))
	}
	return err
}
