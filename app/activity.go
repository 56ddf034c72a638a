package main

import (
	"context"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/pairing"
	"switchboard/middleware"
)

// activity tells pair matching who called the product API, which is a weak sign
// of presence. No request waits for it: callers are put down and told a little
// later, each once. What comes too fast is dropped.
type activity struct {
	server *server

	mu      sync.Mutex // guards callers
	callers map[activeUser]struct{}
}

type activeUser struct {
	app string
	uid pairing.UID
}

const (
	activityQueue = 1024 // callers put down
	activityEvery = 100 * time.Millisecond
)

func newActivity(s *server) *activity {
	a := &activity{server: s, callers: map[activeUser]struct{}{}}
	s.run(a.note)
	return a
}

// heed is a handler behind middleware.Client.
func (a *activity) heed(c *fiber.Ctx) error {
	by := middleware.CallerOf(c)
	if uid, err := pairing.ParseUID(by.User); err == nil { // only numbers are ever matched
		a.put(activeUser{by.App, uid})
	}
	return c.Next()
}

func (a *activity) put(u activeUser) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.callers) < activityQueue {
		a.callers[u] = struct{}{}
	}
}

// take returns who was put down, and forgets them.
func (a *activity) take() map[activeUser]struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.callers) == 0 {
		return nil
	}
	taken := a.callers
	a.callers = make(map[activeUser]struct{}, len(taken))
	return taken
}

// note works until ctx ends.
func (a *activity) note(ctx context.Context) {
	tick := time.NewTicker(activityEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for u := range a.take() {
			if err := a.server.pairs.Active(ctx, u.app, u.uid); err != nil && ctx.Err() == nil {
				a.server.log.Warn("pair matching was not told of a call", "error", err)
			}
		}
	}
}
