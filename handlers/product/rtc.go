package product

import (
	"context"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/rooms"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// RTC gives clients join credentials for rooms.
type RTC struct {
	Door  *rooms.Door
	Pairs *pairing.Service
}

// Mount adds the routes; r is behind middleware.Client.
func (h RTC) Mount(r fiber.Router) { r.Post("/rtc/token", h.token) }

// joinCredential is a credential for one room. expires_at is in Unix seconds: it is good
// to connect until then.
type joinCredential struct {
	SDK       string `json:"sdk"`
	AppKey    string `json:"app_key"`
	URL       string `json:"url"`
	Room      string `json:"room"`
	Token     string `json:"token"`
	ExpiresAt int64  `json:"expires_at"`
}

// token is for the room of the caller's own pairing call, by ask_no, or for one that the
// back end let the caller into.
func (h RTC) token(c *fiber.Ctx) error {
	var in struct {
		AskNo string `json:"ask_no"`
		Room  string `json:"room"`
		Name  string `json:"name"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if (in.AskNo == "") == (in.Room == "") {
		return handlers.Invalid("one of ask_no and room is required")
	}
	by := middleware.CallerOf(c)
	g := vendors.JoinGrant{User: vendors.User{ID: by.User, Name: in.Name}, For: rooms.Life}
	var err error
	if in.AskNo != "" {
		err = h.ofCall(c, by.App, in.AskNo, &g)
	} else {
		err = h.ofGrant(c, by.App, in.Room, &g)
	}
	if err != nil {
		return err
	}
	got, err := h.Door.Issue(c.UserContext(), by.App, g)
	if err != nil {
		return err
	}
	return success(c, joinCredential{SDK: got.SDK, AppKey: got.AppKey, URL: got.URL, Room: got.Room, Token: got.Token, ExpiresAt: got.ExpiresAt.Unix()})
}

// ofCall allows all that a video call needs, in the room of the call's round.
func (h RTC) ofCall(c *fiber.Ctx, app, askNo string, g *vendors.JoinGrant) error {
	uid, err := ticket.ParseUID(g.User.ID)
	if err != nil {
		return rooms.ErrNotAllowed
	}
	if err := handlers.UserID(askNo).Check("ask_no"); err != nil {
		return err
	}
	room, inCall, err := h.Pairs.CallRoom(c.UserContext(), app, askNo, uid)
	switch {
	case err != nil:
		return err
	case !inCall:
		return rooms.ErrNotAllowed
	}
	g.Room = room
	g.Permission = vendors.Permission{Publish: []vendors.Media{vendors.Microphone, vendors.Camera}, Subscribe: true, Data: true}
	return nil
}

// ofGrant allows what the back end did, not longer than that.
func (h RTC) ofGrant(c *fiber.Ctx, app, room string, g *vendors.JoinGrant) error {
	if err := handlers.UserID(room).Check("room"); err != nil {
		return err
	}
	p, until, found, err := h.Door.Grants.Granted(c.UserContext(), app, room, g.User.ID)
	switch {
	case err != nil:
		return err
	case !found:
		return rooms.ErrNotAllowed
	}
	g.Room, g.Permission = room, p
	g.For = max(time.Second, min(g.For, time.Until(until)))
	return nil
}

// rights are a permission as bodies have it.
type rights struct {
	Publish   []vendors.Media   `json:"publish"`
	Subscribe handlers.FlexBool `json:"subscribe"`
	Data      handlers.FlexBool `json:"data"`
}

func (r rights) permission() (vendors.Permission, error) {
	for _, m := range r.Publish {
		if !slices.Contains(vendors.AllMedia(), m) {
			return vendors.Permission{}, handlers.Invalid("publish: a list of %v", vendors.AllMedia())
		}
	}
	return vendors.Permission{Publish: r.Publish, Subscribe: bool(r.Subscribe), Data: bool(r.Data)}, nil
}

// grant lets users into a room: they may ask for credentials until the time is over.
func (h Rooms) grant(c *fiber.Ctx) error {
	in := struct {
		Users   handlers.UserIDs `json:"users"`
		Seconds seconds          `json:"seconds"`
		rights
	}{rights: rights{Subscribe: true}}
	room, err := h.decodeIn(c, &in)
	if err != nil {
		return err
	}
	users, err := userIDs(in.Users)
	if err != nil {
		return err
	}
	until, err := in.Seconds.duration(1)
	if err != nil {
		return err
	}
	may, err := in.permission()
	if err != nil {
		return err
	}
	app := middleware.AppOf(c).ID
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: rooms.OpGrant, Payload: rooms.Change{Room: room, Users: users, Seconds: int64(in.Seconds), Permission: may}}
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		return nil, h.Door.Grants.Grant(ctx, app, room, users, may, until)
	})
}

// withdraw ends grants. Who is in the room stays there: put them out by kick.
func (h Rooms) withdraw(c *fiber.Ctx) error {
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
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: rooms.OpWithdraw, Payload: rooms.Change{Room: room, Users: users}}
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		return nil, h.Door.Grants.Withdraw(ctx, app, room, users)
	})
}
