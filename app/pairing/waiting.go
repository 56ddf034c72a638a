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

// updateTicket takes over a ticket's newest state; false: it wants offers, and nothing is
// known of its asker yet.
func (p *pool) updateTicket(t *ticket.Ticket, cfg *ticket.Config, now ticket.Instant) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
	return p.update(t, cfg)
}

func (p *pool) update(t *ticket.Ticket, cfg *ticket.Config) bool {
	w := p.waiters[t.AskNo]
	wants := wantsOffers(t, cfg)
	switch {
	case w == nil:
		return !wants
	case w.t.Version > t.Version:
		return true
	case w.t.Version == t.Version && w.listed: // it waits already
		w.updatedAt = p.now
		return true
	}
	p.recordFirstOffer(w, t)
	w.t, w.cfg, w.updatedAt = t, cfg, p.now
	p.unlistWaiter(w)
	if !wants {
		if t.State == ticket.Ended {
			delete(p.waiters, t.AskNo)
		}
		return true
	}
	if !w.busy {
		p.listWaiter(w)
		p.wakeMatcher()
	}
	return true
}

// version is the state of an ask that the pool knows, 0 for none.
func (p *pool) version(askNo string) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.waiters[askNo]; w != nil {
		return w.t.Version
	}
	return 0
}

// addWaiter adds what matching needs of an asker beside the ticket,
// which put lists.
func (p *pool) addWaiter(t *ticket.Ticket, cfg *ticket.Config, met []ticket.UID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.waiters[t.AskNo]
	if w == nil {
		w = &waiter{t: t, cfg: cfg}
		p.waiters[t.AskNo] = w
	}
	w.recentPeers = met
}

func wantsOffers(t *ticket.Ticket, cfg *ticket.Config) bool {
	return t.State == ticket.Searching || t.State == ticket.Offered && cfg.Fanout > 1
}

func (p *pool) listWaiter(w *waiter) {
	w.since = p.now
	p.beginWait(w)
	w.listed, w.at = true, ordered.Place{Key: int64(w.t.CreatedAt), Tie: askKey(w.t.AskNo)}
	p.waiting.Put(w.at, w)
}

func (p *pool) unlistWaiter(w *waiter) {
	if w.listed {
		p.waiting.Remove(w.at)
		w.listed = false
		p.endWait(w)
	}
}

// askKey orders tickets of the same millisecond the same way on every replica.
func askKey(askNo string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(askNo)) // never fails
	return h.Sum64()
}
