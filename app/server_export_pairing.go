package main

import (
	"context"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/pairingsql"
	"switchboard/app/pairing/ticket"
)

func (s *server) exportPairing(ctx context.Context, app, user string, emit func(any) error) error {
	uid, err := ticket.ParseUID(user)
	if err != nil {
		return nil
	}
	for before := (pairing.Cursor{}); ; {
		page, err := s.pairing.Store.Records(ctx, app, uid, before, exportPage)
		if err != nil {
			return err
		}
		for _, r := range page {
			if err := emit(map[string]any{"ask_no": r.AskNo, "start": time.Unix(r.StartAt, 0).UTC(), "end": time.Unix(r.EndAt, 0).UTC(), "asked": r.Asker == uid, "liked": r.Liked, "call_id": r.CallID}); err != nil {
				return err
			}
			before = pairing.Cursor{StartAt: r.StartAt, AskNo: r.AskNo}
		}
		if len(page) < exportPage {
			return nil
		}
	}
}

// exportAsks tells what the user searched for, running or ended: who was offered is others'
// data.
func (s *server) exportAsks(ctx context.Context, app, user string, emit func(any) error) error {
	uid, err := ticket.ParseUID(user)
	if err != nil {
		return nil // only numbers are ever matched
	}
	return pairingsql.New(s.db).AskedBy(ctx, app, uid, func(t *ticket.Ticket) error {
		return emit(map[string]any{"ask_no": t.AskNo, "scene": t.Scene, "state": t.State.String(), "at": t.CreatedAt.Time().UTC(), "rounds": len(t.Rounds)})
	})
}

func (s *server) exportPerson(ctx context.Context, app, user string, emit func(any) error) error {
	uid, err := ticket.ParseUID(user)
	if err != nil {
		return nil
	}
	c, scenes, err := pairingsql.New(s.db).Person(ctx, app, uid)
	if err != nil {
		return err
	}
	if c != nil {
		seen := map[string]any{"available": c.Avail.On, "paused": c.Paused, "claimed": c.Claimed, "answers": c.Card, "sessions": len(c.Sessions), "online": c.OnlineAt.Time().UTC()}
		if err := emit(seen); err != nil {
			return err
		}
	}
	for _, scene := range scenes {
		if err := emit(map[string]any{"host_in_scene": scene}); err != nil {
			return err
		}
	}
	return nil
}
