package pairing

import (
	"context"
	"errors"
)

// read returns a ticket's newest state. Where no other replica writes, that is
// what this one committed last, and the store need not be asked. The answer to
// a request thus always comes from a state as new as the request.
func (s *Service) read(ctx context.Context, askNo string) (Ticket, error) {
	if !s.Shared {
		s.mu.RLock()
		t, ok := s.live[askNo]
		s.mu.RUnlock()
		if ok {
			return t, nil
		}
	}
	return s.Store.Load(ctx, askNo)
}

// expect remembers a new ask before its commit, when nobody knows its number.
func (s *Service) expect(t *Ticket) {
	if s.Shared {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[t.AskNo] = *t
}

// remember takes over a commit. Commits may report out of order: the higher
// version counts, and one that is not known any more has ended meanwhile.
func (s *Service) remember(t *Ticket) {
	if s.Shared {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.live[t.AskNo]
	switch {
	case !known, known && old.Version > t.Version:
	case t.State == Ended && len(t.Outbox) == 0:
		delete(s.live, t.AskNo)
	default:
		s.live[t.AskNo] = *t
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
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, askNo)
}
