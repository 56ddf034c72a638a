package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"switchboard/vendors"
)

// Change is what the ledger keeps of a write about a room: what a recipe needs,
// and enough to tell two apart. Of a text it keeps the digest.
type Change struct {
	Vendor     string             `json:"vendor,omitempty"` // as the caller named it
	Room       string             `json:"room"`
	Users      []string           `json:"users,omitempty"`
	Seconds    int64              `json:"seconds,omitempty"`
	By         string             `json:"by,omitempty"`
	Session    string             `json:"session,omitempty"` // of the room before the write; empty: not known
	Identity   vendors.Identity   `json:"identity,omitempty"`
	Permission vendors.Permission `json:"permission,omitzero"`
	Media      vendors.Media      `json:"media,omitempty"`
	Sequence   int64              `json:"sequence,omitempty"`
	Digest     string             `json:"digest,omitempty"`
}

// Recipe tells the ledger what became of a write that may have been executed at
// account. An error means that this is still not known.
type Recipe = func(ctx context.Context, app, account string, since time.Time, payload, told []byte) (any, error)

// errUnsettled says that what is seen at the vendor does not tell whether the
// write was executed.
var errUnsettled = errors.New("rooms: what the vendor shows does not settle the write")

// Recipes are those for writes about rooms, by operation. They read back and settle
// by what is seen alone: a room that is gone, a user who is not in it. A change that
// is not seen may have been made and undone again, and stays in doubt. Two sorts of
// writes are made again, unless a later one about the same user began: an identity with a
// sequence where the vendor orders those, and a ban or its end. Texts cannot be read back.
func (s *Service) Recipes() map[string]Recipe {
	return map[string]Recipe{
		vendors.OpRoomDissolve:   s.recipe(roomGone),
		vendors.OpRoomKick:       s.recipe(userGone),
		vendors.OpRoomPermission: s.permittedAgain,
		vendors.OpRoomBan:        s.bannedAgain(vendors.OpRoomBan),
		vendors.OpRoomUnban:      s.bannedAgain(vendors.OpRoomUnban),
	}
}

func (s *Service) recipe(happened func(context.Context, vendors.Rooms, Change) (bool, error)) Recipe {
	return func(ctx context.Context, _, account string, _ time.Time, payload, _ []byte) (any, error) {
		var c Change
		if err := json.Unmarshal(payload, &c); err != nil {
			return nil, fmt.Errorf("rooms: a change in the ledger is not readable: %w", err)
		}
		seen, err := vendors.Via(ctx, s.routes, vendors.Request{Capability: vendors.CapRooms, Account: account},
			func(ctx context.Context, v *vendors.Vendor) (bool, error) { return happened(ctx, v.Rooms, c) })
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: %v", errUnsettled, err) // a refusal to be asked says nothing of the write
		case !seen:
			return nil, errUnsettled
		}
		return nil, nil
	}
}

func roomGone(ctx context.Context, r vendors.Rooms, c Change) (bool, error) {
	if r.Query == nil {
		return false, nil
	}
	s, err := r.Query.RoomStatus(ctx, c.Room)
	return s.State == vendors.RoomAbsent, err
}

// userGone says nothing of a kick that also keeps the user out for a while: that
// part cannot be read back.
func userGone(ctx context.Context, r vendors.Rooms, c Change) (bool, error) {
	if r.Query == nil || c.Seconds != 0 || len(c.Users) != 1 {
		return false, nil
	}
	users, err := r.Query.RoomUsers(ctx, c.Room)
	if errors.Is(err, vendors.ErrNotFound) {
		return true, nil
	}
	return err == nil && !slices.Contains(users, c.Users[0]), err
}
