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

func banning(r vendors.Rooms) vendors.RoomBan { return r.Ban }

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
	away, err := in.Seconds.duration(1)
	if err != nil {
		return err
	}
	change := rooms.Change{Room: room, Users: users, Seconds: int64(in.Seconds)}
	return write(h, c, vendors.OpRoomBan, change, "ban users from a room", banning,
		func(ctx context.Context, v vendors.RoomBan) error { return v.BanUsers(ctx, room, users, away) })
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
	return write(h, c, vendors.OpRoomUnban, rooms.Change{Room: room, Users: users}, "ban users from a room", banning,
		func(ctx context.Context, v vendors.RoomBan) error { return v.UnbanUsers(ctx, room, users) })
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
