package conversation

import (
	"context"
	"errors"
	"sync"
)

// remembered is how many users admitted holds; then it begins anew.
const remembered = 50_000

// admitted remembers who was found not to be banned, until there is news of a ban.
type admitted struct {
	mu    sync.RWMutex // guards the rest
	since int          // how often all were forgotten
	users map[userKey]struct{}
}

type userKey struct{ app, id string }

// has says whether u is remembered, and since which forgetting an answer that is
// read from now on counts.
func (a *admitted) has(u userKey) (since int, found bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	_, found = a.users[u]
	return a.since, found
}

// add remembers u, unless all were forgotten while the store was read.
func (a *admitted) add(u userKey, since int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.since != since {
		return
	}
	if a.users == nil || len(a.users) >= remembered {
		a.users = make(map[userKey]struct{})
	}
	a.users[u] = struct{}{}
}

func (a *admitted) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.since++
	a.users = nil
}

// Admit is nil for a user who may take part: ErrBanned. One who is not known
// yet is no trouble. The store is asked again after ForgetAdmitted.
func (s *Service) Admit(ctx context.Context, app, id string) error {
	who := userKey{app, id}
	since, found := s.admitted.has(who)
	if found {
		return nil
	}
	u, err := s.store.UserByID(ctx, app, id)
	switch {
	case err == nil && u.Banned:
		return ErrBanned
	case err != nil && !errors.Is(err, ErrUnknownUser):
		return err
	}
	s.admitted.add(who, since)
	return nil
}

// ForgetAdmitted makes Admit ask the store about everybody again. Who hears of a ban
// at another replica, or cannot tell whether there was one, calls it.
func (s *Service) ForgetAdmitted() { s.admitted.forget() }
