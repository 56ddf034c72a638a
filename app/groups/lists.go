package groups

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"switchboard/app/owners"
	"switchboard/vendors"
)

// Page is one part of a list, in the order of ids.
type Page[T any] struct {
	Items []T
	More  bool      // there are others behind the last one
	AsOf  time.Time // when the list was read at the vendor, or last changed in our record
}

// cut sorts a list and takes what is behind an id.
func cut[T any](all []T, id func(T) string, behind string, limit int) Page[T] {
	slices.SortFunc(all, func(a, b T) int { return strings.Compare(id(a), id(b)) })
	all = slices.CompactFunc(all, func(a, b T) bool { return id(a) == id(b) })
	from := 0
	if behind != "" {
		from, _ = slices.BinarySearchFunc(all, behind, func(item T, behind string) int {
			if id(item) <= behind {
				return -1
			}
			return 1
		})
	}
	all = all[from:]
	return Page[T]{Items: all[:min(limit, len(all))], More: len(all) > limit, AsOf: time.Now()}
}

// Members lists who is in a group; owners.ErrUnknown where the vendor lists nobody and
// it was not made here. The vendor's whole list is read for each page.
func (s *Service) Members(ctx context.Context, app, group, behind string, limit int) (owners.Record, Page[string], error) {
	r, err := s.Place(ctx, owners.Key{App: app, Kind: owners.Group, ID: group})
	if err != nil {
		return r, Page[string]{}, err
	}
	members, err := s.members(ctx, r)
	if err == nil && len(members) == 0 && r.Version == 0 {
		err = owners.ErrUnknown
	}
	return r, cut(members, func(user string) string { return user }, behind, limit), err
}

func (s *Service) members(ctx context.Context, r owners.Record) ([]string, error) {
	return ask(ctx, s, r, "groups.list", vendors.Read, func(v *vendors.Vendor) vendors.GroupLists { return v.GroupLists },
		func(ctx context.Context, v vendors.GroupLists) ([]string, error) {
			return v.GroupMembers(ctx, r.VendorID)
		})
}

// RoomUsers lists who is in a chat room now, of whom its vendor may list only so many.
// A room that its vendor has ended by itself is noted as gone.
func (s *Service) RoomUsers(ctx context.Context, app, room, behind string, limit int) (owners.Record, Page[string], error) {
	r, err := s.Place(ctx, owners.Key{App: app, Kind: owners.ChatRoom, ID: room})
	if err != nil {
		return r, Page[string]{}, err
	}
	users, err := s.roomUsers(ctx, r)
	if notThere(err) && r.State == owners.Made {
		if failed := s.noteGone(ctx, r); failed != nil {
			s.log.Warn("end of a chat room not recorded", "key", r.Key.String(), "error", failed)
		}
	}
	return r, cut(users, func(user string) string { return user }, behind, limit), err
}

func (s *Service) roomUsers(ctx context.Context, r owners.Record) ([]string, error) {
	return ask(ctx, s, r, "chatrooms", vendors.Read, func(v *vendors.Vendor) vendors.ChatRooms { return v.ChatRooms },
		func(ctx context.Context, v vendors.ChatRooms) ([]string, error) {
			return v.ChatRoomUsers(ctx, r.VendorID)
		})
}

// look reports whether the vendor has r: somebody is in the group, or the chat room is
// there.
func (s *Service) look(ctx context.Context, r owners.Record) (bool, error) {
	if r.Kind == owners.ChatRoom {
		_, err := s.roomUsers(ctx, r)
		if notThere(err) {
			return false, nil
		}
		return err == nil, err
	}
	members, err := s.members(ctx, r)
	if notThere(err) {
		return false, nil
	}
	return len(members) > 0, err
}

// Find returns the record of a group or chat room. What was not made here is there when
// its vendor shows somebody in it.
func (s *Service) Find(ctx context.Context, k owners.Key) (owners.Record, error) {
	r, err := s.Place(ctx, k)
	if errors.Is(err, ErrAccountGone) || errors.Is(err, owners.ErrBusy) {
		return r, nil // the record can still be told
	}
	if err != nil || r.Version > 0 {
		return r, err
	}
	there, err := s.look(ctx, r)
	if err == nil && !there {
		err = owners.ErrUnknown
	}
	r.State = owners.Made
	return r, err
}

// List returns the app's groups or chat rooms that are not gone, as they are recorded.
func (s *Service) List(ctx context.Context, app string, kind owners.Kind, behind string, limit int) (Page[owners.Record], error) {
	out := Page[owners.Record]{AsOf: time.Now()}
	from := owners.Key{}
	if behind != "" {
		from = owners.Key{App: app, Kind: kind, ID: behind}
	}
	found, err := s.owners.List(ctx, owners.Filter{App: app, Kind: kind, There: true}, from, limit+1)
	out.More = len(found) > limit
	out.Items = found[:min(limit, len(found))]
	return out, err
}

// UserGroup is a group that a user is in.
type UserGroup struct {
	ID, Name, Account, VendorID string
}

// UserGroups lists the app's groups that a user is in: at every account that has groups
// of the app, and at the first of the route for those made elsewhere. An account that
// cannot be asked fails the list, since it would not be whole.
func (s *Service) UserGroups(ctx context.Context, app, user, behind string, limit int) (Page[UserGroup], error) {
	accounts, err := s.owners.Accounts(ctx, app, owners.Group)
	if err != nil {
		return Page[UserGroup]{}, err
	}
	if route := s.routes.RouteFor(app, vendors.CapGroups); len(route) > 0 && !slices.Contains(accounts, route[0].Name) && s.routes.Alone(app, route[0].Name) {
		accounts = append(accounts, route[0].Name)
	}
	if len(accounts) == 0 {
		return Page[UserGroup]{AsOf: time.Now()}, s.routes.CheckAble(ctx, vendors.Request{Capability: vendors.CapGroups}, "groups.list")
	}
	var all []UserGroup
	for _, account := range accounts {
		some, err := s.userGroupsAt(ctx, app, account, user)
		if err != nil {
			return Page[UserGroup]{}, err
		}
		all = append(all, some...)
	}
	return cut(all, func(g UserGroup) string { return g.ID }, behind, limit), nil
}

func (s *Service) userGroupsAt(ctx context.Context, app, account, user string) (out []UserGroup, err error) {
	r := owners.Record{Key: owners.Key{App: app, Kind: owners.Group}, Account: account}
	if s.routes.Live(account) == nil {
		return nil, ErrAccountGone
	}
	if !s.limit(account, vendors.OpUserGroups).TakesID(user) {
		return nil, nil // it cannot be in one there
	}
	found, err := ask(ctx, s, r, "groups.list", vendors.Read, func(v *vendors.Vendor) vendors.GroupLists { return v.GroupLists },
		func(ctx context.Context, v vendors.GroupLists) ([]vendors.GroupName, error) {
			return v.UserGroups(ctx, user)
		})
	if err != nil && !notThere(err) {
		return nil, err
	}
	alone := s.routes.Alone(app, account)
	for _, g := range found {
		have, known, err := s.owners.ByVendor(ctx, account, owners.Group, g.ID)
		switch {
		case err != nil:
			return nil, err
		case known && have.App == app && have.State != owners.Gone:
			out = append(out, UserGroup{have.ID, g.Name, account, g.ID})
		case !known && alone:
			out = append(out, UserGroup{g.ID, g.Name, account, g.ID})
		}
	}
	return out, nil
}

// Restrained lists who is kept from talking in k, or from coming in, as far as it was
// asked for here, and whether everybody is.
func (s *Service) Restrained(ctx context.Context, k owners.Key, what owners.What, behind string, limit int) (everybody bool, p Page[owners.Restraint], err error) {
	r, err := s.Place(ctx, k)
	if err != nil && !errors.Is(err, ErrAccountGone) {
		return false, p, err
	}
	if everybody, err = s.bars.Everybody(ctx, k, what); err != nil {
		return false, p, err
	}
	found, err := s.bars.Restrained(ctx, k, what, behind, limit+1)
	p = Page[owners.Restraint]{Items: found[:min(limit, len(found))], More: len(found) > limit, AsOf: r.Changed}
	return everybody, p, err
}
