package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"switchboard/app/owners"
	"switchboard/vendors"
)

func permitting(r vendors.Rooms) vendors.RoomPermission { return r.Permission }

// Permit changes what the user of c may do in its room, at the account that at means. It
// notes that it was asked for, so that an older one in doubt is not made again.
func (s *Service) Permit(ctx context.Context, app string, at At, c Change) error {
	wish := c.wish(app, vendors.OpRoomPermission, s.Keeper(ctx, at), thingPermission, 0)
	return s.wishes.MakeOne(ctx, wish, func() error { return s.permit(ctx, at, c) })
}

func (s *Service) permit(ctx context.Context, at At, c Change) error {
	to := vendors.PermissionChange{Room: c.Room, User: c.Users[0], Identity: c.Identity, Permission: c.Permission, Sequence: c.Sequence}
	return Write(ctx, s, at, "change what users may do in a room", permitting,
		func(ctx context.Context, v vendors.RoomPermission) error { return v.SetPermission(ctx, to) })
}

// permittedAgain is the recipe that makes a change again where its caller gave it a
// sequence and the vendor orders by it: it is refused there once a higher one came
// (docs/vendors/youme.md#codes), from whomever. Elsewhere the user may have come in anew
// since, with other rights.
func (s *Service) permittedAgain(ctx context.Context, app, account string, _ time.Time, payload, _ []byte) (any, error) {
	var c Change
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, fmt.Errorf("rooms: a change in the ledger is not readable: %w", err)
	}
	live := s.routes.Live(account)
	if len(live) == 0 || !live[0].Traits.Sequenced || c.Sequence == 0 || len(c.Users) != 1 {
		return nil, errUnsettled
	}
	claimed, err := s.wishes.Again(ctx, c.wish(app, vendors.OpRoomPermission, account, thingPermission, 0), func(json.RawMessage) error {
		return s.permit(ctx, At{Vendor: account, Owner: true}, c)
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errUnsettled, err) // a refusal says nothing of the first try
	}
	s.wishes.End(ctx, []owners.Wish{claimed}, nil)
	return nil, nil
}
