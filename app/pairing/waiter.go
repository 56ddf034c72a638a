package pairing

import (
	"hash/fnv"

	"switchboard/app/pairing/ordered"
	"switchboard/app/pairing/ticket"
)

// waiter is a ticket that wants offers.
type waiter struct {
	t           *ticket.Ticket
	cfg         *ticket.Config
	recentPeers []ticket.UID   // recent peers
	after       ticket.Instant // not before; 0: any time
	busy        bool           // planned, not yet committed
	since       ticket.Instant // waiting from
	updatedAt   ticket.Instant // when t was last taken over
	listed      bool           // among those who wait, at
	at          ordered.Place

	counted bool // counted among those who wait for their first offer
}

// filters says which filters hold at w's age: each step of widen gives up one,
// the last step all that are left, recent peers among them (M2).
func (w *waiter) filters(now ticket.Instant) (language, region, recent bool) {
	age, step := now.Sub(max(w.t.CreatedAt, w.t.Round().StartedAt)), 0
	for _, at := range w.cfg.Widen {
		if age >= at {
			step++
		}
	}
	if step > 0 && step == len(w.cfg.Widen) {
		return false, false, false
	}
	return step < 1, step < 2, true
}

func wantsOffers(t *ticket.Ticket, cfg *ticket.Config) bool {
	return t.State == ticket.Searching || t.State == ticket.Offered && cfg.Fanout > 1
}

// awaitsFirstOffer: nobody was offered the ask yet, nor did its asker take another one.
func awaitsFirstOffer(t *ticket.Ticket) bool {
	return len(t.Offers) == 0 && t.EndReason != ticket.ReasonMerged
}

// askKey orders tickets of the same millisecond the same way on every replica.
func askKey(askNo string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(askNo)) // never fails
	return h.Sum64()
}
