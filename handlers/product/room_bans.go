package product

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/rooms"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// maxBanned is how many users one request may name.
const maxBanned = 100

func (h Rooms) ban(c *fiber.Ctx) error {
	var in struct {
		Users   handlers.UserIDs `json:"users"`
		Seconds seconds          `json:"seconds"`
	}
	room, err := h.decodeIn(c, &in)
	if err != nil {
		return err
	}
	users, err := userIDs(in.Users)
	if err != nil {
		return err
	}
	if _, err := in.Seconds.duration(1); err != nil {
		return err
	}
	app := middleware.AppOf(c).ID
	change := rooms.Change{Room: room, Users: users, Seconds: int64(in.Seconds)}
	return h.through(c, vendors.OpRoomBan, &change, func(ctx context.Context, where rooms.At) error {
		return h.Rooms.Ban(ctx, app, vendors.OpRoomBan, where, change)
	})
}

func (h Rooms) unban(c *fiber.Ctx) error {
	var in struct {
		Users handlers.UserIDs `json:"users"`
	}
	room, err := h.decodeIn(c, &in)
	if err != nil {
		return err
	}
	users, err := userIDs(in.Users)
	if err != nil {
		return err
	}
	app := middleware.AppOf(c).ID
	change := rooms.Change{Room: room, Users: users}
	return h.through(c, vendors.OpRoomUnban, &change, func(ctx context.Context, where rooms.At) error {
		if admitted, err := h.Door.AdmitAll(ctx, app, room, users); err != nil || admitted {
			return err
		}
		return h.Rooms.Ban(ctx, app, vendors.OpRoomUnban, where, change)
	})
}

func userIDs(in []handlers.UserID) ([]string, error) {
	if len(in) == 0 || len(in) > maxBanned {
		return nil, handlers.Invalid("users: 1 to %d are required", maxBanned)
	}
	out := make([]string, len(in))
	for i, u := range in {
		if err := u.Check("users"); err != nil {
			return nil, err
		}
		out[i] = string(u)
	}
	return out, nil
}

func (h Rooms) dissolve(c *fiber.Ctx) error {
	room, err := h.decodeIn(c, &struct{}{})
	if err != nil {
		return err
	}
	return write(h, c, vendors.OpRoomDissolve, rooms.Change{Room: room}, "dissolve a room", dissolving,
		func(ctx context.Context, v vendors.RoomDissolve) error { return v.DissolveRoom(ctx, room) })
}

func dissolving(r vendors.Rooms) vendors.RoomDissolve { return r.Dissolve }
