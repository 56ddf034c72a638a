package pairing

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"switchboard/app/pairing/ticket"
)

// An event that was committed before the refusal of an earlier one was known is queued
// after it: it is kept back all the same, and both go out when they come again.
func TestAnEventThatComesAfterARefusalStaysBehindIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made, kept []int64
		refuse := true
		d := newSender(func(_, _ context.Context, j Outgoing) ticket.DeliveryResult {
			made = append(made, j.Entry.ID)
			if refuse {
				return ticket.DeliveryRetry
			}
			return ticket.Delivered
		}, func(_ context.Context, j Outgoing) { kept = append(kept, j.Entry.ID) })
		event := func(id int64) Outgoing {
			return Outgoing{&ticket.Ticket{AskNo: "ask"}, &ticket.Entry{ID: id, Kind: ticket.ToBusiness}, &ticket.Config{}}
		}
		d.Take([]Outgoing{event(1)})
		synctest.Wait()
		refuse = false
		d.Take([]Outgoing{event(2)})
		d.wg.Wait()
		if !slices.Equal(made, []int64{1}) || !slices.Equal(kept, []int64{2}) {
			t.Errorf("made %v, kept back %v", made, kept)
		}
		d.Take([]Outgoing{event(1), event(2)})
		d.wg.Wait()
		if !slices.Equal(made, []int64{1, 1, 2}) {
			t.Errorf("made %v", made)
		}
	})
}
