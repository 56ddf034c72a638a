package vendors

import "sync"

// maxSticky bounds how many conversations and calls are remembered. Forgetting
// one costs it a fresh choice, which for ordered and hashed routes is mostly the
// same one.
const maxSticky = 1 << 16

// sticky remembers which account served a conversation or call last. It lives
// in this process: replicas agree through the route's order, and differ only
// while a vendor is failing.
type sticky struct {
	mu         sync.Mutex // guards young and old
	young, old map[stickyKey]string
}

type stickyKey struct {
	capability Capability
	key        string
}

func (s *sticky) get(q Request) string {
	if q.Sticky == "" {
		return ""
	}
	key := stickyKey{q.Capability, q.Sticky}
	s.mu.Lock()
	defer s.mu.Unlock()
	if name, ok := s.young[key]; ok {
		return name
	}
	return s.old[key]
}

func (s *sticky) keep(q Request, account string) {
	if q.Sticky == "" {
		return
	}
	key := stickyKey{q.Capability, q.Sticky}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.young[key]; !known && len(s.young) >= maxSticky/2 {
		s.old, s.young = s.young, nil
	}
	if s.young == nil {
		s.young = map[stickyKey]string{}
	}
	s.young[key] = account
}
