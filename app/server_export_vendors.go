package main

import (
	"context"
	"encoding/json"
	"time"

	"switchboard/app/erasure"
	"switchboard/app/erasure/erasuresql"
	"switchboard/app/events/eventsql"
	"switchboard/app/owners"
	"switchboard/app/owners/ownersql"
	"switchboard/app/rooms"
	"switchboard/app/rooms/roomsql"
	"switchboard/app/users"
	"switchboard/vendors"
)

// emitAll gives emit what view makes of every entry of a list, unless reading it failed.
func emitAll[T any](list []T, err error, emit func(any) error, view func(T) any) error {
	if err != nil {
		return err
	}
	for _, one := range list {
		if err := emit(view(one)); err != nil {
			return err
		}
	}
	return nil
}

// endOf is when something ends; nil: when somebody ends it.
func endOf(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func (s *server) exportHolds(ctx context.Context, app, user string, emit func(any) error) error {
	list, err := ownersql.New(s.db).HoldsOn(ctx, app, user)
	return emitAll(list, err, emit, func(h ownersql.Hold) any {
		return map[string]any{"in": h.Of.Kind, "id": h.Of.ID, "what": h.What, "until": endOf(h.Until)}
	})
}

func (s *server) exportOwned(ctx context.Context, app, user string, emit func(any) error) error {
	list, err := ownersql.New(s.db).OwnedBy(ctx, app, user)
	return emitAll(list, err, emit, func(r owners.Record) any {
		return map[string]any{"kind": r.Kind, "id": r.ID, "name": r.Name, "vendor": r.Account, "state": r.State, "made": r.Made}
	})
}

func (s *server) exportRooms(ctx context.Context, app, user string, emit func(any) error) error {
	list, err := roomsql.New(s.db).Of(ctx, app, user)
	return emitAll(list, err, emit, func(g rooms.Grant) any {
		return map[string]any{"room": g.Room, "publish": g.May.Publish, "subscribe": g.May.Subscribe, "data": g.May.Data, "until": g.Until}
	})
}

// exportShown tells how vendors were told to show the user.
func (s *server) exportShown(ctx context.Context, app, user string, emit func(any) error) error {
	list, err := s.people.Shown(ctx, app, user)
	return emitAll(list, err, emit, func(p users.Shown) any {
		return map[string]any{"vendor": p.Account, "name": p.Name, "portrait": p.Portrait, "at": p.At}
	})
}

// exportWishes tells what vendors were asked for, where it is not known what became of it.
func (s *server) exportWishes(ctx context.Context, app, user string, emit func(any) error) error {
	list, err := ownersql.New(s.db).WishesOf(ctx, app, user)
	return emitAll(list, err, emit, func(w owners.Wish) any {
		return map[string]any{"thing": w.Thing, "vendor": w.Account, "want": w.Want}
	})
}

// exportWatched tells where the user's presence is asked for, at accounts of the app alone.
func (s *server) exportWatched(ctx context.Context, app, user string, emit func(any) error) error {
	list, err := eventsql.New(s.db).WatchedAt(ctx, s.ownAccounts(app), user)
	return emitAll(list, err, emit, func(w eventsql.Watched) any {
		return map[string]any{"vendor": w.Account, "until": w.Until, "online": w.Online, "as_of": endOf(w.Seen)}
	})
}

// exportEvents tells what vendors reported of the user, at accounts of the app alone.
func (s *server) exportEvents(ctx context.Context, app, user string, emit func(any) error) error {
	return eventsql.New(s.db).AboutUser(ctx, app, vendors.VendorSelf, s.ownAccounts(app), user, func(id string, payload []byte) error {
		if !json.Valid(payload) {
			payload = nil
		}
		return emit(map[string]any{"id": id, "event": json.RawMessage(payload)})
	})
}

// exportAudit tells who moved, erased or copied what is the user's, this copy among them.
func (s *server) exportAudit(ctx context.Context, app, user string, emit func(any) error) error {
	moves, err := ownersql.New(s.db).MovesOf(ctx, app, user)
	if err := emitAll(moves, err, emit, func(m owners.Move) any {
		return map[string]any{"did": "moved", "what": m.Kind, "at": m.At, "by": m.Actor, "reason": m.Reason, "from": m.From, "to": m.To}
	}); err != nil {
		return err
	}
	jobs, err := erasuresql.New(s.db).About(ctx, app, user)
	return emitAll(jobs, err, emit, func(j erasure.Job) any {
		return map[string]any{"did": j.State, "id": j.ID, "at": j.Began, "by": j.By, "reason": j.Reason, "request": j.Request}
	})
}
