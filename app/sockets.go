package main

import (
	"context"
	"crypto/rand"
	"maps"
	"sync"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/realtime"
	"switchboard/app/realtime/realtimesql"
	"switchboard/vendors"
)

// sockets tells the app's back end and pair matching who holds a socket of this
// process.
type sockets struct {
	server *server

	mu   sync.Mutex // guards what follows
	open map[realtime.User]pairing.UID
	owed map[realtime.User]bool // whose coming or going the store has yet to take
}

const (
	socketNews  = 5 * time.Second  // for the store to take one change of presence
	socketRenew = 30 * time.Second // well inside pair.presence_ttl

	presenceLease = 3 * socketRenew // after which a process that says nothing is taken for dead
	presenceSweep = 10_000          // users of dead processes told of at once
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
	if is := p.Devices > 0; is != was {
		s.note(context.Background(), p.User)
	}
	if uid != 0 {
		s.report(context.Background(), p.User, uid, p.Devices > 0)
	}
}

// note keeps for all processes whether the user has a session here, and tells the
// app when he came online or went offline by it. What fails is made up for by renew.
func (s *sockets) note(ctx context.Context, u realtime.User) {
	if s.server.cfg.Events.URL == "" {
		return // nobody is told
	}
	for here := s.holds(u); ; {
		limited, cancel := context.WithTimeout(ctx, socketNews)
		change, err := s.presence().Set(limited, u, s.server.node, here)
		cancel()
		s.mu.Lock()
		if delete(s.owed, u); err != nil {
			s.owed[u] = true
		}
		_, now := s.open[u]
		s.mu.Unlock()
		if err != nil {
			s.server.log.Warn("a user's coming or going is not noted yet", "user", u.ID, "error", err)
			return
		}
		if change != nil {
			s.announce(ctx, *change)
		}
		if now == here {
			return
		}
		here = now // it changed meanwhile, and that may have been noted first
	}
}

func (s *sockets) presence() *realtimesql.Presence { return realtimesql.NewPresence(s.server.db) }

// announce makes an event of it. Session names the process that saw it.
func (s *sockets) announce(ctx context.Context, c realtimesql.Change) {
	ctx, cancel := context.WithTimeout(ctx, socketNews)
	defer cancel()
	e := vendors.Event{
		ID: "presence-" + rand.Text(), Vendor: vendors.Own, App: c.User.App, Kind: vendors.EventPresence, Action: "offline",
		At: c.At, From: c.User.ID, Session: s.server.node,
	}
	if c.Online {
		e.Action = "online"
	}
	if err := s.server.events.Take(ctx, []vendors.Event{e}); err != nil {
		s.server.log.Warn("the app was not told of a user's coming or going", "user", c.User.ID, "event", e.Action, "error", err)
	}
}

// live says that this process lives, makes up for what was not noted, and tells of
// the users of processes that died.
func (s *sockets) live(ctx context.Context) {
	if s.server.cfg.Events.URL == "" {
		return
	}
	isNew, err := s.presence().Renew(ctx, s.server.node, presenceLease)
	s.mu.Lock()
	due := maps.Clone(s.owed)
	for u := range s.open {
		if isNew {
			due[u] = true
		}
	}
	s.mu.Unlock()
	for u := range due {
		s.note(ctx, u)
	}
	var gone []realtimesql.Change
	if err == nil {
		gone, err = s.presence().Sweep(ctx, presenceSweep)
	}
	for _, c := range gone {
		s.announce(ctx, c)
	}
	if err != nil && ctx.Err() == nil {
		s.server.log.Warn("presence is not kept for now", "error", err)
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
	for s.live(ctx); ; s.live(ctx) {
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
