package product

import (
	"context"
	"errors"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/rooms"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// Rooms serves RTC rooms under /api/server. Every path takes ?vendor=: which of
// the rooms route's vendors is meant; when left out, the account that has the room, and
// the first of the route for a room that none is known to have.
type Rooms struct {
	Rooms  *rooms.Service
	Door   *rooms.Door
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
	r.Post("/rooms/:room/permission", h.permission)
	r.Post("/rooms/:room/mute", h.mute)
	r.Post("/rooms/:room/data", h.data)
	r.Get("/rooms/:room/recordings", h.recordings)
	r.Post("/rooms/:room/recordings", h.record)
	r.Post("/rooms/:room/recordings/:recording/stop", h.stopRecording)
	r.Post("/rooms/:room/grants", h.grant)
	r.Delete("/rooms/:room/grants", h.withdraw)
	r.Get("/users/:user/rooms", h.userRooms)
	r.Get("/users/:user/calls", h.userCalls)
}

// read asks the vendor that the request means.
func read[A comparable, R any](h Rooms, c *fiber.Ctx, what string, pick func(vendors.Rooms) A, ask func(context.Context, A) (R, error)) (R, error) {
	where, err := h.at(c)
	if err != nil {
		var none R
		return none, err
	}
	return rooms.Read(c.UserContext(), h.Rooms, where, what, pick, ask)
}

// at is the account that the request means.
func (h Rooms) at(c *fiber.Ctx) (rooms.At, error) {
	name := c.Query("vendor")
	if c.Params("room") == "" {
		return rooms.At{Vendor: name}, nil
	}
	room, err := handlers.PathID(c, "room")
	if err != nil {
		return rooms.At{}, err
	}
	account, err := h.Door.Account(c.UserContext(), middleware.AppOf(c).ID, room)
	if account != "" && (name == "" || name == account) {
		return rooms.At{Vendor: account, Owner: true}, err
	}
	return rooms.At{Vendor: name}, err
}

// write has the vendor that the request means do something, through the ledger,
// and answers.
func write[A comparable](h Rooms, c *fiber.Ctx, op string, change rooms.Change, what string, pick func(vendors.Rooms) A, do func(context.Context, A) error) error {
	return h.through(c, op, &change, func(ctx context.Context, where rooms.At) error {
		return rooms.Write(ctx, h.Rooms, where, what, pick, do)
	})
}

// through makes a change through the ledger, and answers. It notes in change which vendor
// the caller named.
func (h Rooms) through(c *fiber.Ctx, op string, change *rooms.Change, do func(context.Context, rooms.At) error) error {
	where, err := h.at(c)
	if err != nil {
		return err
	}
	change.Vendor = where.Vendor
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: op, Vendor: h.Rooms.Keeper(c.UserContext(), where), Payload: *change}
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		return nil, do(ctx, where)
	})
}

// roomCount is one room; session is null at a vendor that names none.
type roomCount struct {
	Room    string  `json:"room"`
	Session *string `json:"session"`
	Users   int     `json:"users"`
}

// list answers a page and the cursor of the next one, null after the last.
func (h Rooms) list(c *fiber.Ctx) error {
	cursor, at := c.Query("cursor"), rooms.At{Vendor: c.Query("vendor"), Many: true}
	found, err := rooms.Read(c.UserContext(), h.Rooms, at, "list rooms", func(r vendors.Rooms) vendors.RoomList { return r.List },
		func(ctx context.Context, v vendors.RoomList) (vendors.RoomPage, error) {
			return v.ListRooms(ctx, cursor)
		})
	if err != nil {
		return err
	}
	own, err := h.Door.Own(c.UserContext(), middleware.AppOf(c).ID, h.Rooms.Keeper(c.UserContext(), at), found.Rooms)
	if err != nil {
		return err
	}
	out := make([]roomCount, len(own))
	for i, r := range own {
		out[i] = roomCount{Room: r.ID, Session: orNull(r.Session), Users: r.Users}
	}
	return success(c, fiber.Map{"rooms": out, "next": orNull(found.Next), "as_of": asOf(found.AsOf)})
}

// asOf is when an answer was true, in Unix seconds.
func asOf(t time.Time) int64 {
	if t.IsZero() {
		t = time.Now()
	}
	return t.Unix()
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func query(r vendors.Rooms) vendors.RoomQuery { return r.Query }

// status answers state absent, not an error, for a room that is not there.
func (h Rooms) status(c *fiber.Ctx) error {
	room, err := handlers.PathID(c, "room")
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
	return success(c, fiber.Map{"room": room, "session": orNull(s.Session), "state": s.State, "users": s.Users, "as_of": asOf(s.AsOf)})
}

func (h Rooms) users(c *fiber.Ctx) error {
	room, err := handlers.PathID(c, "room")
	if err != nil {
		return err
	}
	users, err := read(h, c, "list the users of a room", query,
		func(ctx context.Context, v vendors.RoomQuery) ([]string, error) { return v.RoomUsers(ctx, room) })
	if err != nil {
		return err
	}
	return success(c, fiber.Map{"users": orEmpty(users)})
}

func (h Rooms) speakers(c *fiber.Ctx) error {
	room, err := handlers.PathID(c, "room")
	if err != nil {
		return err
	}
	users, err := read(h, c, "list who speaks in a room", func(r vendors.Rooms) vendors.RoomSpeakers { return r.Speakers },
		func(ctx context.Context, v vendors.RoomSpeakers) ([]string, error) { return v.RoomSpeakers(ctx, room) })
	if err != nil {
		return err
	}
	return success(c, fiber.Map{"users": orEmpty(users)})
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// seconds is a duration in whole seconds; at most a year, which no vendor passes.
type seconds int64

// UnmarshalJSON takes what handlers.Int does.
func (s *seconds) UnmarshalJSON(raw []byte) error { return (*handlers.Int)(s).UnmarshalJSON(raw) }

const maxSeconds = 366 * 24 * 60 * 60

func (s seconds) duration(least seconds) (time.Duration, error) {
	if s < least || s > maxSeconds {
		return 0, handlers.Invalid("seconds: a number from %d to %d is required", least, maxSeconds)
	}
	return time.Duration(s) * time.Second, nil
}

func (h Rooms) kick(c *fiber.Ctx) error {
	var in struct {
		User    handlers.UserID `json:"user"`
		Seconds seconds         `json:"seconds"`
		By      string          `json:"by"`
	}
	room, err := h.decodeIn(c, &in)
	if err != nil {
		return err
	}
	if err := in.User.Check("user"); err != nil {
		return err
	}
	away, err := in.Seconds.duration(0)
	if err != nil {
		return err
	}
	k := vendors.Kick{Room: room, User: string(in.User), For: away, By: in.By}
	change := rooms.Change{Room: room, Users: []string{k.User}, Seconds: int64(in.Seconds), By: in.By}
	app := middleware.AppOf(c).ID
	return write(h, c, vendors.OpRoomKick, change, "put a user out of a room", func(r vendors.Rooms) vendors.RoomKick { return r.Kick },
		func(ctx context.Context, v vendors.RoomKick) error { return h.putOut(ctx, app, v, k) })
}

// putOut has the vendor keep the user out for the time, or, where it keeps nobody out,
// this product: that is written down first, so that no credential is given meanwhile.
func (h Rooms) putOut(ctx context.Context, app string, v vendors.RoomKick, k vendors.Kick) error {
	err := v.KickUser(ctx, k)
	if k.For == 0 || !errors.Is(err, vendors.ErrUnsupported) {
		return err
	}
	if err := h.Door.Bar(ctx, app, k.Room, k.User, k.For); err != nil {
		return err
	}
	k.For = 0
	if err = v.KickUser(ctx, k); errors.Is(err, vendors.ErrNotFound) {
		return nil // not there, and not let in
	}
	return err
}

// decodeIn reads the room from the path and the parameters into v.
func (h Rooms) decodeIn(c *fiber.Ctx, v any) (string, error) {
	room, err := handlers.PathID(c, "room")
	if err != nil {
		return "", err
	}
	return room, handlers.DecodeParams(c, v)
}

func (h Rooms) message(c *fiber.Ctx) error {
	var in struct {
		From handlers.UserID `json:"from"`
		To   handlers.UserID `json:"to"`
		Text string          `json:"text"`
	}
	room, err := h.decodeIn(c, &in)
	if err != nil {
		return err
	}
	if err := in.From.Check("from"); err != nil {
		return err
	}
	if in.To != "" {
		if err := in.To.Check("to"); err != nil {
			return err
		}
	}
	if in.Text == "" {
		return handlers.Invalid("text is required")
	}
	text := vendors.RoomText{Room: room, From: string(in.From), To: string(in.To), Text: in.Text}
	change := rooms.Change{Room: room, Users: []string{text.To}, By: text.From, Digest: digestOf(text)}
	return write(h, c, vendors.OpRoomPush, change, "send text into a room", func(r vendors.Rooms) vendors.RoomPush { return r.Push },
		func(ctx context.Context, v vendors.RoomPush) error { return v.PushText(ctx, text) })
}

func (h Rooms) identity(c *fiber.Ctx) error {
	var in struct {
		User     handlers.UserID  `json:"user"`
		Identity vendors.Identity `json:"identity"`
		Sequence int64            `json:"sequence"`
	}
	room, err := h.decodeIn(c, &in)
	if err != nil {
		return err
	}
	if err := in.User.Check("user"); err != nil {
		return err
	}
	if in.Identity == "" || in.Sequence < 0 {
		return handlers.Invalid("identity is required, and sequence must not be negative")
	}
	return h.permit(c, rooms.Change{Room: room, Users: []string{string(in.User)}, Identity: in.Identity, Sequence: in.Sequence})
}
