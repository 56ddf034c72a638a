package rooms

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"switchboard/app/owners"
	"switchboard/vendors"
)

func banning(r vendors.Rooms) vendors.RoomBan { return r.Ban }

// Ban keeps the users of c out of its room for its seconds, at the account that at means,
// or with the operation OpRoomUnban lets them in again. It notes that it was asked for, so
// that one in doubt is made again, and an older one is not any more.
func (s *Service) Ban(ctx context.Context, app, op string, at At, c Change) error {
	wishes := make([]owners.Wish, len(c.Users))
	account := s.Keeper(ctx, at)
	for i := range c.Users {
		wishes[i] = c.wish(app, op, account, thingBan, i)
	}
	var made error
	err := s.wishes.Make(ctx, wishes, func() []error {
		made = Write(ctx, s, at, "ban users from a room", banning, func(ctx context.Context, v vendors.RoomBan) error {
			return c.ban(ctx, op, v, time.Duration(c.Seconds)*time.Second)
		})
		errs := make([]error, len(wishes))
		for i := range errs {
			errs[i] = made
		}
		return errs
	})
	if err != nil {
		return err
	}
	return made
}

func (c Change) ban(ctx context.Context, op string, v vendors.RoomBan, d time.Duration) error {
	if op == vendors.OpRoomUnban {
		return v.UnbanUsers(ctx, c.Room, c.Users)
	}
	return v.BanUsers(ctx, c.Room, c.Users, d)
}

// Things of users in a room that an account is asked to have so.
const (
	thingBan        = "ban/"
	thingPermission = "permission/"
)

// wish is that of the change about the thing of its ith user. What it takes to make it
// again stands in the ledger.
func (c Change) wish(app, op, account, thing string, i int) owners.Wish {
	raw, _ := json.Marshal(c) // of texts and numbers
	sum := sha256.Sum256(append([]byte(op+"\n"), raw...))
	return owners.Wish{
		Key: owners.Key{App: app, Kind: owners.Room, ID: c.Room}, Thing: thing + c.Users[i], Account: account,
		Write: hex.EncodeToString(sum[:]), Want: []byte("{}"),
	}
}

// bannedAgain is the recipe that makes a ban again for the time that is left, or its end.
// Of several users each is asked for by itself, and all of them have to be settled.
func (s *Service) bannedAgain(op string) Recipe {
	return func(ctx context.Context, app, account string, since time.Time, payload, _ []byte) (any, error) {
		var c Change
		if err := json.Unmarshal(payload, &c); err != nil {
			return nil, fmt.Errorf("rooms: a change in the ledger is not readable: %w", err)
		}
		left := time.Until(since.Add(time.Duration(c.Seconds) * time.Second))
		if op == vendors.OpRoomBan && left <= 0 {
			return nil, errUnsettled // it would be over by now
		}
		claimed := make([]owners.Wish, len(c.Users))
		for i, user := range c.Users {
			var err error
			claimed[i], err = s.wishes.Again(ctx, c.wish(app, op, account, thingBan, i), func(json.RawMessage) error {
				one := c
				one.Users = []string{user}
				return Write(ctx, s, At{Vendor: account, Owner: true}, "ban users from a room", banning, func(ctx context.Context, v vendors.RoomBan) error {
					return one.ban(ctx, op, v, left)
				})
			})
			if err != nil {
				return nil, fmt.Errorf("%w: %v", errUnsettled, err) // a refusal says nothing of the first try
			}
		}
		s.wishes.End(ctx, claimed, nil)
		return nil, nil
	}
}
