package pairing

import (
	"errors"
	"hash/maphash"
	"sync"

	"switchboard/app/pairing/ticket"
)

// askParts is over how many locks the asks are spread, so that one does not wait
// for another.
const askParts = 64

var askSeed = maphash.MakeSeed()

func partOf(askNo string) int { return int(maphash.String(askSeed, askNo) % askParts) }

// liveTickets are the newest states of the tickets that this replica alone writes;
// where others write too, it holds none.
type liveTickets struct {
	off   bool
	parts [askParts]livePart
}

type livePart struct {
	mu      sync.RWMutex // guards tickets
	tickets map[string]*ticket.Ticket
}

// get returns a ticket's newest state, which nobody changes; nil: it is not known.
func (l *liveTickets) get(askNo string) *ticket.Ticket {
	if l.off {
		return nil
	}
	p := &l.parts[partOf(askNo)]
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.tickets[askNo]
}

// add takes a new ask before its commit, when nobody knows its number.
func (l *liveTickets) add(t *ticket.Ticket) {
	if l.off {
		return
	}
	p := &l.parts[partOf(t.AskNo)]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tickets == nil {
		p.tickets = map[string]*ticket.Ticket{}
	}
	p.tickets[t.AskNo] = t
}

// put takes over a commit. Commits may report out of order: the higher version
// counts, and a ticket that is not known any more has ended meanwhile.
func (l *liveTickets) put(t *ticket.Ticket) {
	if l.off {
		return
	}
	p := &l.parts[partOf(t.AskNo)]
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.tickets[t.AskNo]
	switch {
	case old == nil || old.Version > t.Version:
	case t.State == ticket.Ended && len(t.Outbox) == 0:
		delete(p.tickets, t.AskNo)
	default:
		p.tickets[t.AskNo] = t
	}
}

// invalidate drops a ticket whose write failed with err and may have happened all
// the same. A write that lost to another one did not, and that one is or will be put.
func (l *liveTickets) invalidate(askNo string, err error) {
	var claimed *ClaimedError
	if !errors.Is(err, ErrConflict) && !errors.As(err, &claimed) {
		l.drop(askNo)
	}
}

// drop leaves a ticket to the store.
func (l *liveTickets) drop(askNo string) {
	p := &l.parts[partOf(askNo)]
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.tickets, askNo)
}
