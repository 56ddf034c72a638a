package handlers

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/rooms"
	"switchboard/vendors"
)

// Rooms serves RTC rooms under /api/server. Every path takes ?vendor=: which of
// the rooms route's vendors is meant, the first when left out.
type Rooms struct {
	Rooms  *rooms.Service
	Ledger *ledger.Ledger
}

// Mount adds the routes; r is behind middleware.Server.
func (h Rooms) Mount(r fiber.Router) {
	r.Get("/rooms", h.list)
	r.Get("/rooms/:room", h.status)
	r.Get("/rooms/:room/users", h.users)
	r.Get("/rooms/:room/speakers", h.speakers)
	r.Post("/rooms/:room/kick", h.kick)
	r.Post("/rooms/:room/message", h.message)
	r.Post("/rooms/:room/identity", h.identity)
	r.Post("/rooms/:room/ban", h.ban)
	r.Post("/rooms/:room/unban", h.unban)
	r.Post("/rooms/:room/dissolve", h.dissolve)
	r.Get("/users/:user/rooms", h.userRooms)
	r.Get("/users/:user/calls", h.userCalls)
}

// read asks the vendor that the request means.
func read[A comparable, R any](h Rooms, c *fiber.Ctx, what string, pick func(vendors.Rooms) A, ask func(context.Context, A) (R, error)) (R, error) {
	out, err := rooms.Read(c.UserContext(), h.Rooms, c.Query("vendor"), what, pick, ask)
	return out, withAble(err)
}

// write has the vendor that the request means do something, through the ledger,
// and answers.
func write[A comparable](h Rooms, c *fiber.Ctx, op string, deed roomDeed, what string, pick func(vendors.Rooms) A, do func(context.Context, A) error) error {
	deed.Vendor = c.Query("vendor")
	w := ledger.Write{Key: c.Get(idempotencyKey), Op: op, Vendor: h.Rooms.Keeper(deed.Vendor), Payload: deed}
	return once(c, h.Ledger, w, func(ctx context.Context) error {
		if err := rooms.Write(ctx, h.Rooms, deed.Vendor, what, pick, do); err != nil {
			return withAble(err)
		}
		return productSuccess(c, nil)
	})
}

// withAble adds data.able, the vendors that can, to a refusal.
func withAble(err error) error {
	var unable *rooms.UnableError
	if errors.As(err, &unable) {
		return &detailedError{err: err, data: fiber.Map{"able": orEmpty(unable.Able)}}
	}
	return err
}

// pathID is a room's or a user's id as it stands, escaped, in the path.
func pathID(c *fiber.Ctx, name string) (string, error) {
	id, err := url.PathUnescape(c.Params(name))
	if err != nil {
		return "", invalid("%s: bad escaping in the path", name)
	}
	return id, userID(id).check(name)
}

type roomCount struct {
	Room  string `json:"room"`
	Users int    `json:"users"`
}

func (h Rooms) list(c *fiber.Ctx) error {
	found, err := read(h, c, "list rooms", func(r vendors.Rooms) vendors.RoomList { return r.List },
		func(ctx context.Context, v vendors.RoomList) ([]vendors.RoomCount, error) { return v.ListRooms(ctx) })
	if err != nil {
		return err
	}
	out := make([]roomCount, len(found))
	for i, r := range found {
		out[i] = roomCount{Room: r.ID, Users: r.Users}
	}
	return productSuccess(c, fiber.Map{"rooms": out})
}

func query(r vendors.Rooms) vendors.RoomQuery { return r.Query }

// status answers state absent, not an error, for a room that is not there.
func (h Rooms) status(c *fiber.Ctx) error {
	room, err := pathID(c, "room")
	if err != nil {
		return err
	}
	s, err := read(h, c, "query a room", query,
		func(ctx context.Context, v vendors.RoomQuery) (vendors.RoomStatus, error) {
			return v.RoomStatus(ctx, room)
		})
	if err != nil {
		return err
	}
	return productSuccess(c, fiber.Map{"room": room, "state": s.State, "users": s.Users})
}

func (h Rooms) users(c *fiber.Ctx) error {
	room, err := pathID(c, "room")
	if err != nil {
		return err
	}
	users, err := read(h, c, "list the users of a room", query,
		func(ctx context.Context, v vendors.RoomQuery) ([]string, error) { return v.RoomUsers(ctx, room) })
	if err != nil {
		return err
	}
	return productSuccess(c, fiber.Map{"users": orEmpty(users)})
}

func (h Rooms) speakers(c *fiber.Ctx) error {
	room, err := pathID(c, "room")
	if err != nil {
		return err
	}
	users, err := read(h, c, "list who speaks in a room", func(r vendors.Rooms) vendors.RoomSpeakers { return r.Speakers },
		func(ctx context.Context, v vendors.RoomSpeakers) ([]string, error) { return v.RoomSpeakers(ctx, room) })
	if err != nil {
		return err
	}
	return productSuccess(c, fiber.Map{"users": orEmpty(users)})
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// seconds is a duration in whole seconds; at most a year, which no vendor passes.
type seconds int64

const maxSeconds = 366 * 24 * 60 * 60

func (s seconds) duration(least seconds) (time.Duration, error) {
	if s < least || s > maxSeconds {
		return 0, invalid("seconds: a number from %d to %d is required", least, maxSeconds)
	}
	return time.Duration(s) * time.Second, nil
}

func (h Rooms) kick(c *fiber.Ctx) error {
	var in struct {
		User    userID  `json:"user"`
		Seconds seconds `json:"seconds"`
		By      string  `json:"by"`
	}
	room, err := h.decodeIn(c, &in)
	if err != nil {
		return err
	}
	if err := in.User.check("user"); err != nil {
		return err
	}
	away, err := in.Seconds.duration(0)
	if err != nil {
		return err
	}
	k := vendors.Kick{Room: room, User: string(in.User), For: away, By: in.By}
	deed := roomDeed{Room: room, Users: []string{k.User}, Seconds: int64(in.Seconds), By: in.By}
	return write(h, c, vendors.OpRoomKick, deed, "put a user out of a room", func(r vendors.Rooms) vendors.RoomKick { return r.Kick },
		func(ctx context.Context, v vendors.RoomKick) error { return v.KickUser(ctx, k) })
}

// decodeIn reads the room from the path and the parameters into v.
func (h Rooms) decodeIn(c *fiber.Ctx, v any) (string, error) {
	room, err := pathID(c, "room")
	if err != nil {
		return "", err
	}
	return room, decode(c, v)
}

func (h Rooms) message(c *fiber.Ctx) error {
	var in struct {
		From userID `json:"from"`
		To   userID `json:"to"`
		Text string `json:"text"`
	}
	room, err := h.decodeIn(c, &in)
	if err != nil {
		return err
	}
	if err := in.From.check("from"); err != nil {
		return err
	}
	if in.To != "" {
		if err := in.To.check("to"); err != nil {
			return err
		}
	}
	if in.Text == "" {
		return invalid("text is required")
	}
	text := vendors.RoomText{Room: room, From: string(in.From), To: string(in.To), Text: in.Text}
	deed := roomDeed{Room: room, Users: []string{text.To}, By: text.From, Digest: digestOf(text)}
	return write(h, c, vendors.OpRoomPush, deed, "send text into a room", func(r vendors.Rooms) vendors.RoomPush { return r.Push },
		func(ctx context.Context, v vendors.RoomPush) error { return v.PushText(ctx, text) })
}

func (h Rooms) identity(c *fiber.Ctx) error {
	var in struct {
		User     userID           `json:"user"`
		Identity vendors.Identity `json:"identity"`
		Sequence int64            `json:"sequence"`
	}
	room, err := h.decodeIn(c, &in)
	if err != nil {
		return err
	}
	if err := in.User.check("user"); err != nil {
		return err
	}
	if in.Identity == "" || in.Sequence < 0 {
		return invalid("identity is required, and sequence must not be negative")
	}
	change := vendors.IdentityChange{Room: room, User: string(in.User), Identity: in.Identity, Sequence: in.Sequence}
	deed := roomDeed{Room: room, Users: []string{change.User}, Identity: change.Identity, Sequence: change.Sequence}
	return write(h, c, vendors.OpRoomIdentity, deed, "change identities in a room", func(r vendors.Rooms) vendors.RoomIdentity { return r.Identity },
		func(ctx context.Context, v vendors.RoomIdentity) error { return v.SetIdentity(ctx, change) })
}
