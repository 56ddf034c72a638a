package rooms

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"switchboard/app/owners"
	"switchboard/app/problem"
	"switchboard/vendors"
)

// What keeps somebody out of a room.
var (
	ErrNotAllowed = problem.New(problem.Forbidden, "nobody let this user into the room")
	ErrBarred     = problem.New(problem.Forbidden, "the user was put out of the room, and may not come back yet")
)

// Writes that no vendor makes, as the ledger and explain name them.
const (
	OpGrant    = "room.grant"
	OpWithdraw = "room.grant.withdraw"
)

// Grants keeps whom back ends let into rooms. Spans count from the store's own clock.
type Grants interface {
	// Grant lets the users in for d; a later one replaces an earlier one.
	Grant(ctx context.Context, app, room string, users []string, p vendors.Permission, d time.Duration) error
	Withdraw(ctx context.Context, app, room string, users []string) error
	Granted(ctx context.Context, app, room, user string) (p vendors.Permission, until time.Time, found bool, err error)
	// Of lists into what the user was ever let, as far as it is remembered.
	Of(ctx context.Context, app, user string) ([]Grant, error)
}

// Grant is that a user was let into a room.
type Grant struct {
	Room  string
	May   vendors.Permission
	Until time.Time
}

// Door says who comes into rooms of a vendor whose credentials are for one room, and
// remembers which account has the room. It is safe for concurrent use.
type Door struct {
	Routes *vendors.Router
	Owners *owners.Service
	Bars   owners.Restraints // who may not come back, at vendors that keep nobody out
	Grants Grants
	Log    *slog.Logger
}

// Life is how long a join credential is good. It is only used to connect: whoever is in
// the room stays in it.
const Life = 2 * time.Minute

func key(app, room string) owners.Key { return owners.Key{App: app, Kind: owners.Room, ID: room} }

// Account is the one that has the room; "" when none is known to. A nil Door knows none.
func (d *Door) Account(ctx context.Context, app, room string) (string, error) {
	if d == nil {
		return "", nil
	}
	r, found, err := d.Owners.Find(ctx, key(app, room))
	if err != nil || !found || r.State == owners.Gone {
		return "", err
	}
	return r.Account, nil
}

// Own leaves of an account's rooms those that are the app's: all of them where no other
// app has the account, else those that are known to be.
func (d *Door) Own(ctx context.Context, app, account string, list []vendors.RoomCount) ([]vendors.RoomCount, error) {
	if d == nil || d.Routes.Alone(app, account) {
		return list, nil
	}
	var own []vendors.RoomCount
	for _, r := range list {
		has, err := d.Account(ctx, app, r.ID)
		if err != nil {
			return nil, err
		}
		if has == account {
			own = append(own, r)
		}
	}
	return own, nil
}

// Issue returns a credential with the rights of g. The room belongs from then on to the
// account that issued it, whatever the route says later.
func (d *Door) Issue(ctx context.Context, app string, g vendors.JoinGrant) (vendors.Credential, error) {
	var none vendors.Credential
	if barred, err := d.barred(ctx, app, g.Room, g.User.ID); err != nil || barred {
		return none, errors.Join(err, when(barred, ErrBarred))
	}
	account, err := d.keeper(ctx, app, g.Room)
	if err != nil {
		return none, err
	}
	return vendors.Via(ctx, d.Routes, vendors.Request{Capability: vendors.CapRooms, Account: account},
		func(ctx context.Context, v *vendors.Vendor) (vendors.Credential, error) {
			if v.Rooms.Tokens == nil {
				return none, vendors.Refuse(v.Name, vendors.OpRoomToken, vendors.ErrUnsupported, "no join credentials")
			}
			return v.Rooms.Tokens.IssueJoin(ctx, g)
		})
}

func when(is bool, err error) error {
	if is {
		return err
	}
	return nil
}

// keeper is the account that has the room, or that is to have it: the first of the
// route that issues join credentials.
func (d *Door) keeper(ctx context.Context, app, room string) (string, error) {
	if account, err := d.Account(ctx, app, room); err != nil || account != "" {
		return account, err
	}
	route := d.Routes.RouteFor(app, vendors.CapRooms)
	i := slices.IndexFunc(route, func(v *vendors.Vendor) bool { return v.Rooms.Tokens != nil })
	if i < 0 {
		can := able(d.Routes, app, func(r vendors.Rooms) bool { return r.Tokens != nil })
		return "", &UnableError{What: "issue join credentials", Vendor: "the rooms route", Able: can}
	}
	return d.claim(ctx, app, room, route[i].Name)
}

// claim writes down that the account has the room. Whoever was first is right.
func (d *Door) claim(ctx context.Context, app, room, account string) (string, error) {
	r, err := d.Owners.Begin(ctx, key(app, room))
	if err == nil {
		r.Account, r.VendorID, r.Name = account, room, room
		if r, err = d.Owners.Reserve(ctx, r); err == nil {
			r.State = owners.Made
			_, err = d.Owners.Set(ctx, r)
		}
	}
	if err == nil {
		return account, nil
	}
	if first, asked := d.Account(ctx, app, room); asked == nil && first != "" {
		return first, nil
	}
	return "", err
}

// Bar keeps the user out of the room for a while: no credentials, and out again if they
// come in with one that they have.
func (d *Door) Bar(ctx context.Context, app, room, user string, away time.Duration) error {
	return d.Bars.Restrain(ctx, key(app, room), owners.Bar, []string{user}, away)
}

// AdmitAll ends Bars, and reports whether one of the users had any: those of other users
// are the vendor's.
func (d *Door) AdmitAll(ctx context.Context, app, room string, users []string) (bool, error) {
	if d == nil {
		return false, nil
	}
	for _, user := range users {
		barred, err := d.barred(ctx, app, room, user)
		if err != nil {
			return false, err
		}
		if barred {
			return true, d.Bars.Free(ctx, key(app, room), owners.Bar, users)
		}
	}
	return false, nil
}

func (d *Door) barred(ctx context.Context, app, room, user string) (bool, error) {
	const page = 200
	for behind := ""; ; {
		list, err := d.Bars.Restrained(ctx, key(app, room), owners.Bar, behind, page)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(list, func(r owners.Restraint) bool { return r.User == user || r.User == "" }) {
			return true, nil
		}
		if len(list) < page {
			return false, nil
		}
		behind = list[len(list)-1].User
	}
}

// HandleVendorEvent puts out who came back too early, and notes the end of a room.
func (d *Door) HandleVendorEvent(ctx context.Context, app string, e vendors.Event) {
	if e.Kind != vendors.EventRoom || e.Target == "" {
		return
	}
	r, found, err := d.Owners.Find(ctx, key(app, e.Target))
	if err != nil || !found || r.Account != e.Vendor {
		return
	}
	switch e.Action {
	case "destroyed":
		err = d.Owners.Ended(ctx, r)
	case "joined":
		var barred bool
		if barred, err = d.barred(ctx, app, e.Target, e.From); err == nil && barred {
			err = d.putOut(ctx, e)
		}
	}
	if err != nil && ctx.Err() == nil {
		d.Log.Warn("room event not handled", "component", "rooms", "vendor", e.Vendor, "room", e.Target, "action", e.Action, "error", err)
	}
}

func (d *Door) putOut(ctx context.Context, e vendors.Event) error {
	_, err := vendors.Via(ctx, d.Routes, vendors.Request{Capability: vendors.CapRooms, Effect: vendors.Write, Account: e.Vendor},
		func(ctx context.Context, v *vendors.Vendor) (struct{}, error) {
			if v.Rooms.Kick == nil {
				return struct{}{}, nil
			}
			return struct{}{}, v.Rooms.Kick.KickUser(ctx, vendors.Kick{Room: e.Target, User: e.From})
		})
	if errors.Is(err, vendors.ErrNotFound) {
		return nil // gone already
	}
	return err
}
