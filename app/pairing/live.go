package pairing

import (
	"context"
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

// livePart is a share of the tickets that this replica alone writes.
type livePart struct {
	mu      sync.RWMutex // guards tickets
	tickets map[string]*ticket.Ticket
}

// read returns a ticket's newest state. Where no other replica writes, that is
// what this one committed last, and the store need not be asked. The answer to
// a request thus always comes from a state as new as the request.
func (s *Service) read(ctx context.Context, askNo string) (*ticket.Ticket, error) {
	if !s.Shared {
		p := &s.live[partOf(askNo)]
		p.mu.RLock()
		t := p.tickets[askNo]
		p.mu.RUnlock()
		if t != nil {
			return t, nil // Step never changes a ticket in place
		}
	}
	return s.stored(ctx, askNo)
}

func (s *Service) stored(ctx context.Context, askNo string) (*ticket.Ticket, error) {
	return s.Store.Load(ctx, askNo)
}

// expect remembers a new ask before its commit, when nobody knows its number.
func (s *Service) expect(t *ticket.Ticket) {
	if s.Shared {
		return
	}
	p := &s.live[partOf(t.AskNo)]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tickets[t.AskNo] = t
}

// remember takes over a commit. Commits may report out of order: the higher
// version counts, and one that is not known any more has ended meanwhile.
func (s *Service) remember(t *ticket.Ticket) {
	if s.Shared {
		return
	}
	p := &s.live[partOf(t.AskNo)]
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

// doubt forgets a ticket whose write may or may not have happened. A write that
// lost to another one did not, and that one is or will be remembered.
func (s *Service) doubt(askNo string, err error) {
	var claimed *ClaimedError
	if !errors.Is(err, ErrConflict) && !errors.As(err, &claimed) {
		s.forget(askNo)
	}
}

// forget leaves a ticket to the store: nobody knows whether a write happened.
func (s *Service) forget(askNo string) {
	p := &s.live[partOf(askNo)]
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.tickets, askNo)
}
