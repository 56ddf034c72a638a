package main

import (
	"context"
	"sync"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/realtime"
)

// sockets tells pair matching who holds a socket of this process.
type sockets struct {
	server *server

	mu   sync.Mutex // guards open
	open map[realtime.User]pairing.UID
}

const (
	socketNews  = 5 * time.Second  // for the store to take one change of presence
	socketRenew = 30 * time.Second // well inside pair.presence_ttl
)

// changed takes the hub's word. Only users whose id is a number are ever matched.
func (s *sockets) changed(p realtime.Presence) {
	uid, err := pairing.ParseUID(p.User.ID)
	if err != nil {
		return
	}
	s.mu.Lock()
	if p.Devices > 0 {
		s.open[p.User] = uid
	} else {
		delete(s.open, p.User)
	}
	s.mu.Unlock()
	s.report(context.Background(), p.User, uid, p.Devices > 0)
}

// report names this process as the session: another one may hold a socket of
// the same user.
func (s *sockets) report(ctx context.Context, u realtime.User, uid pairing.UID, open bool) {
	ctx, cancel := context.WithTimeout(ctx, socketNews)
	defer cancel()
	if err := s.server.pairs.Socket(ctx, u.App, uid, s.server.node, open); err != nil {
		s.server.log.Warn("pair matching was not told of a socket", "user", u.ID, "open", open, "error", err)
	}
}

// renew repeats, until ctx ends, that sockets are open, so that the word of a
// process that died runs out.
func (s *sockets) renew(ctx context.Context) {
	tick := time.NewTicker(socketRenew)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.mu.Lock()
			open := make(map[realtime.User]pairing.UID, len(s.open))
			for u, uid := range s.open {
				open[u] = uid
			}
			s.mu.Unlock()
			for u, uid := range open {
				if ctx.Err() != nil || !s.holds(u) {
					continue
				}
				s.report(ctx, u, uid, true)
				if !s.holds(u) {
					s.report(ctx, u, uid, false) // it closed meanwhile, and that was heard first
				}
			}
		}
	}
}

func (s *sockets) holds(u realtime.User) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.open[u]
	return ok
}
