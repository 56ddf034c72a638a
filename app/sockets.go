package main

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/realtime"
	"switchboard/vendors"
)

// sockets tells the app's back end and pair matching who holds a socket of this
// process.
type sockets struct {
	server *server

	mu   sync.Mutex // guards open
	open map[realtime.User]pairing.UID
}

const (
	socketNews  = 5 * time.Second  // for the store to take one change of presence
	socketRenew = 30 * time.Second // well inside pair.presence_ttl
)

// changed takes the hub's word.
func (s *sockets) changed(p realtime.Presence) {
	uid, err := pairing.ParseUID(p.User.ID)
	if err != nil {
		uid = 0 // only users whose id is a number are ever matched
	}
	s.mu.Lock()
	_, was := s.open[p.User]
	if p.Devices > 0 {
		s.open[p.User] = uid
	} else {
		delete(s.open, p.User)
	}
	s.mu.Unlock()
	if is := p.Devices > 0; is != was && s.server.cfg.Events.URL != "" {
		s.announce(p.User, is)
	}
	if uid != 0 {
		s.report(context.Background(), p.User, uid, p.Devices > 0)
	}
}

// announce makes an event of it: online with the first session here, offline
// with the last. Another process may hold more; Session tells them apart.
func (s *sockets) announce(u realtime.User, online bool) {
	ctx, cancel := context.WithTimeout(context.Background(), socketNews)
	defer cancel()
	e := vendors.Event{
		ID: "presence-" + rand.Text(), Vendor: vendors.Own, App: u.App, Kind: vendors.EventPresence, Action: "offline",
		At: time.Now(), From: u.ID, Session: s.server.node,
	}
	if online {
		e.Action = "online"
	}
	if err := s.server.events.Take(ctx, []vendors.Event{e}); err != nil {
		s.server.log.Warn("the app was not told of a user's coming or going", "user", u.ID, "event", e.Action, "error", err)
	}
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
				if ctx.Err() != nil || uid == 0 || !s.holds(u) {
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
