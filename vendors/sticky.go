package vendors

import (
	"context"
	"sync"
)

// maxSticky bounds how many conversations and calls are remembered. Forgetting
// one costs it a fresh choice, which for ordered and hashed routes is mostly the
// same one.
const maxSticky = 1 << 16

// sticky remembers which account served a conversation or call last. It lives
// in this process: replicas agree through the route's order, and differ only
// while a vendor is failing.
type sticky struct {
	mu         sync.Mutex // guards young and old
	young, old map[string]string
}

func stickyOf(ctx context.Context, c Capability) string {
	key, _ := ctx.Value(stickyKey{}).(string)
	if key == "" {
		return ""
	}
	return string(c) + "\x00" + key
}

func (s *sticky) get(key string) string {
	if key == "" {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if name, ok := s.young[key]; ok {
		return name
	}
	return s.old[key]
}

func (s *sticky) keep(key, account string) {
	if key == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.young[key]; !known && len(s.young) >= maxSticky/2 {
		s.old, s.young = s.young, nil
	}
	if s.young == nil {
		s.young = map[string]string{}
	}
	s.young[key] = account
}
