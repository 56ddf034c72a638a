package rooms

import (
	"context"
	"errors"
	"slices"

	"switchboard/vendors"
)

// maxLive bounds how many live rooms of an account are looked into for one user.
const maxLive = 200

// Left is what became of a user in the rooms of one account.
type Left struct {
	Account string
	Rooms   int   // out of which the user was put
	Err     error // the first failure
}

// PutOutOfAll puts the user out of the app's rooms at each account that can do it: those
// into which the user was let, whatever the route says now, and those that an account of
// the rooms route or of such a room lists as live with the user in them. An account with
// nothing to do is left out.
func (d *Door) PutOutOfAll(ctx context.Context, app, user string) (out []Left, err error) {
	let, err := d.Grants.Of(ctx, app, user)
	if err != nil {
		return nil, err
	}
	at, accounts := map[string][]string{}, []string{}
	for _, v := range d.Routes.RouteFor(app, vendors.CapRooms) {
		accounts = append(accounts, v.Name)
	}
	for _, g := range let {
		account, err := d.Account(ctx, app, g.Room)
		if err != nil {
			return nil, err
		}
		if at[account] = append(at[account], g.Room); !slices.Contains(accounts, account) {
			accounts = append(accounts, account)
		}
	}
	for _, account := range accounts {
		keys := d.Routes.Live(account) // none: the room is gone, or its account is
		if len(keys) == 0 || keys[0].Rooms.Kick == nil {
			continue
		}
		v := keys[0]
		left := Left{Account: v.Name}
		live, err := d.liveWith(ctx, app, v, user)
		left.Err = err
		for _, room := range live {
			if !slices.Contains(at[v.Name], room) {
				at[v.Name] = append(at[v.Name], room)
			}
		}
		for _, room := range at[v.Name] {
			switch err := d.kick(ctx, v.Name, room, user); {
			case err == nil:
				left.Rooms++
			case left.Err == nil && !errors.Is(err, vendors.ErrNotFound): // else gone already
				left.Err = err
			}
		}
		if left.Rooms > 0 || left.Err != nil {
			out = append(out, left)
		}
	}
	return out, nil
}

// liveWith are the app's live rooms at an account with the user in them, as far as it
// lists rooms.
func (d *Door) liveWith(ctx context.Context, app string, v *vendors.Vendor, user string) (with []string, err error) {
	if v.Rooms.List == nil || v.Rooms.Query == nil {
		return nil, nil
	}
	list, err := d.live(ctx, app, v.Name)
	if err != nil {
		return nil, err
	}
	for _, room := range list {
		users, err := atRooms(ctx, d, v.Name, vendors.Read, func(ctx context.Context, r vendors.Rooms) ([]string, error) {
			return r.Query.RoomUsers(ctx, room.ID)
		})
		switch {
		case errors.Is(err, vendors.ErrNotFound): // ended meanwhile
		case err != nil:
			return with, err
		case slices.Contains(users, user):
			with = append(with, room.ID)
		}
	}
	return with, nil
}

// live lists the app's rooms at an account: the first maxLive.
func (d *Door) live(ctx context.Context, app, account string) (own []vendors.RoomCount, err error) {
	for cursor := ""; ; {
		page, err := atRooms(ctx, d, account, vendors.Read, func(ctx context.Context, r vendors.Rooms) (vendors.RoomPage, error) {
			return r.List.ListRooms(ctx, cursor)
		})
		if err != nil {
			return nil, err
		}
		some, err := d.Own(ctx, app, account, page.Rooms)
		if err != nil {
			return nil, err
		}
		if own = append(own, some...); page.Next == "" || len(own) >= maxLive {
			return own[:min(len(own), maxLive)], nil
		}
		cursor = page.Next
	}
}

func (d *Door) kick(ctx context.Context, account, room, user string) error {
	_, err := atRooms(ctx, d, account, vendors.Write, func(ctx context.Context, r vendors.Rooms) (struct{}, error) {
		return struct{}{}, r.Kick.KickUser(ctx, vendors.Kick{Room: room, User: user})
	})
	return err
}

func atRooms[R any](ctx context.Context, d *Door, account string, effect vendors.Effect, call func(context.Context, vendors.Rooms) (R, error)) (R, error) {
	return vendors.ViaAccount(ctx, d.Routes, account, effect, func(ctx context.Context, v *vendors.Vendor) (R, error) { return call(ctx, v.Rooms) })
}
