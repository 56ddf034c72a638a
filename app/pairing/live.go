package pairing

import "context"

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

// remember takes over a commit whose predecessor was prev. Commits may report
// out of order: only an unbroken chain is kept, anything else is left to the
// store from then on.
func (s *Service) remember(t *Ticket, prev int64) {
	if s.Shared {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.live[t.AskNo]
	switch {
	case t.State == Ended && len(t.Outbox) == 0, prev != 0 && (!known || old.Version != prev):
		delete(s.live, t.AskNo)
	default:
		s.live[t.AskNo] = *t
	}
}

// forget leaves a ticket to the store: a write met another one, or nobody knows
// whether it happened.
func (s *Service) forget(askNo string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, askNo)
}
