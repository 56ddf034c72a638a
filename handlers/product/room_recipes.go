package product

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"switchboard/app/ledger"
	"switchboard/vendors"
)

// roomDeed is what the ledger keeps of a write about a room: what a recipe needs,
// and enough to tell two apart. Of a text it keeps the digest.
type roomDeed struct {
	Vendor   string           `json:"vendor,omitempty"` // as the caller named it
	Room     string           `json:"room"`
	Users    []string         `json:"users,omitempty"`
	Seconds  int64            `json:"seconds,omitempty"`
	By       string           `json:"by,omitempty"`
	Identity vendors.Identity `json:"identity,omitempty"`
	Sequence int64            `json:"sequence,omitempty"`
	Digest   string           `json:"digest,omitempty"`
}

// SettleRooms are the recipes for writes about rooms. They read back and settle
// by what is seen alone: a room that is gone, a user who is not in it. What is not
// yet so may have been so and changed again, and stays in doubt. Nothing is
// repeated but what the vendor orders by the caller's sequence: a ban that is
// made once more could undo a later unban. Bans and texts cannot be read back.
func SettleRooms(routes *vendors.Router) map[string]ledger.Recipe {
	recipe := func(happened func(context.Context, vendors.Rooms, roomDeed) (bool, error)) ledger.Recipe {
		return func(ctx context.Context, e ledger.Entry) ledger.Answer {
			var d roomDeed
			if json.Unmarshal(e.Payload, &d) != nil {
				return ledger.Answer{Outcome: vendors.Ambiguous}
			}
			seen, err := vendors.Via(ctx, routes, vendors.Request{Capability: vendors.CapRooms, Account: e.Vendor}, func(ctx context.Context, v *vendors.Vendor) (bool, error) {
				return happened(ctx, v.Rooms, d)
			})
			if err != nil || !seen {
				return ledger.Answer{Outcome: vendors.Ambiguous}
			}
			return settled(nil, nil)
		}
	}
	return map[string]ledger.Recipe{
		vendors.OpRoomDissolve: recipe(roomGone),
		vendors.OpRoomKick:     recipe(userGone),
		vendors.OpRoomIdentity: recipe(identitySet),
	}
}

func roomGone(ctx context.Context, r vendors.Rooms, d roomDeed) (bool, error) {
	if r.Query == nil {
		return false, nil
	}
	s, err := r.Query.RoomStatus(ctx, d.Room)
	return s.State == vendors.RoomAbsent, err
}

// userGone says nothing of a kick that also keeps the user out for a while: that
// part cannot be read back.
func userGone(ctx context.Context, r vendors.Rooms, d roomDeed) (bool, error) {
	if r.Query == nil || d.Seconds != 0 || len(d.Users) != 1 {
		return false, nil
	}
	users, err := r.Query.RoomUsers(ctx, d.Room)
	if errors.Is(err, vendors.ErrNotFound) {
		return true, nil
	}
	return err == nil && !slices.Contains(users, d.Users[0]), err
}

// identitySet makes the change again where the caller gave it a sequence: the
// vendor refuses it once a higher one came (reference/youme.md 3), so it cannot
// undo a later change.
func identitySet(ctx context.Context, r vendors.Rooms, d roomDeed) (bool, error) {
	if r.Identity == nil || d.Sequence == 0 || len(d.Users) != 1 {
		return false, nil
	}
	err := r.Identity.SetIdentity(ctx, vendors.IdentityChange{Room: d.Room, User: d.Users[0], Identity: d.Identity, Sequence: d.Sequence})
	return err == nil, err
}
