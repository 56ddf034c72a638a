package main

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/pairing"
	"switchboard/middleware"
)

// activity tells pair matching who called the product API, which is a weak sign
// of presence. No request waits for it, and what comes too fast is dropped.
type activity struct {
	server *server
	calls  chan activeUser
}

type activeUser struct {
	app string
	uid pairing.UID
}

const activityQueue = 1024

func newActivity(s *server) *activity {
	a := &activity{server: s, calls: make(chan activeUser, activityQueue)}
	s.run(a.note)
	return a
}

// heed is a handler behind middleware.Client.
func (a *activity) heed(c *fiber.Ctx) error {
	by := middleware.CallerOf(c)
	if uid, err := pairing.ParseUID(by.User); err == nil { // only numbers are ever matched
		select {
		case a.calls <- activeUser{by.App, uid}:
		default:
		}
	}
	return c.Next()
}

// note works until ctx ends.
func (a *activity) note(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case u := <-a.calls:
			if err := a.server.pairs.Active(ctx, u.app, u.uid); err != nil && ctx.Err() == nil {
				a.server.log.Warn("pair matching was not told of a call", "error", err)
			}
		}
	}
}
