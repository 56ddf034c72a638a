package product

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
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
	change := rooms.Change{Room: room, Users: users, Seconds: int64(in.Seconds)}
	return h.banned(c, vendors.OpRoomBan, change)
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
	if admitted, err := h.Door.AdmitAll(c.UserContext(), middleware.AppOf(c).ID, room, users); err != nil || admitted {
		if err != nil {
			return err
		}
		return success(c, nil)
	}
	return h.banned(c, vendors.OpRoomUnban, rooms.Change{Room: room, Users: users})
}

// banned is write for a ban or its end.
func (h Rooms) banned(c *fiber.Ctx, op string, change rooms.Change) error {
	where, err := h.at(c)
	if err != nil {
		return err
	}
	change.Vendor = where.Vendor
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: op, Vendor: h.Rooms.Keeper(c.UserContext(), where), Payload: change}
	app := middleware.AppOf(c).ID
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		return nil, h.Rooms.Ban(ctx, app, op, where, change)
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
