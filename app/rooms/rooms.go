// Package rooms finds who answers for RTC rooms. A room lives at one vendor, so
// a call goes to that one alone: what another vendor says of a room of the same
// name would be wrong rather than late.
package rooms

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"switchboard/app/owners"
	"switchboard/app/problem"
	"switchboard/vendors"
)

// What a request can be refused for before any vendor is called.
var (
	ErrNotRouted = problem.New(problem.Invalid, "vendor: not on the rooms route")
	ErrUnable    = problem.New(problem.Unsupported, "the vendor cannot do this about rooms")
	// ErrShared: another app has the account too, and nothing says that the room is this
	// one's.
	ErrShared = problem.New(problem.Forbidden, "the vendor's account is shared with other apps, and the room is not known to be this app's")
)

// UnableError is an ErrUnable, and a vendors.ErrUnsupported, that names who can.
type UnableError struct {
	Vendor string
	What   string
	Able   []string // the app's accounts that can, in configured order
}

// Error is for the caller: it names vendors and repeats none of their words.
func (e *UnableError) Error() string {
	who := "no configured vendor can"
	if len(e.Able) > 0 {
		who = strings.Join(e.Able, ", ") + " can"
	}
	return fmt.Sprintf("%s cannot %s; %s", e.Vendor, e.What, who)
}

// Unwrap returns both sentinels.
func (e *UnableError) Unwrap() []error { return []error{ErrUnable, vendors.ErrUnsupported} }

// Service calls the vendors that keep rooms.
type Service struct {
	routes *vendors.Router
	wishes *owners.Wishes
}

// New makes the service over the routes, and what knows which bans may be made again.
func New(routes *vendors.Router, wishes *owners.Wishes) *Service { return &Service{routes, wishes} }

// At says which account is meant.
type At struct {
	Vendor string // of the rooms route; empty: the first on it
	Owner  bool   // Vendor has the room, whether it is still on the route or not
	Many   bool   // the call is about no room, and who asks leaves out those of other apps
}

// Read asks an ability of the vendor that at means. pick takes it from a vendor's rooms, and what names it in a refusal:
// "list rooms".
func Read[A comparable, R any](ctx context.Context, s *Service, where At, what string,
	pick func(vendors.Rooms) A, ask func(context.Context, A) (R, error),
) (R, error) {
	return at(ctx, s, where, what, vendors.Read, pick, ask)
}

// Write is Read for what changes something and answers nothing.
func Write[A comparable](ctx context.Context, s *Service, where At, what string,
	pick func(vendors.Rooms) A, do func(context.Context, A) error,
) error {
	_, err := at(ctx, s, where, what, vendors.Write, pick, func(ctx context.Context, able A) (struct{}, error) {
		return struct{}{}, do(ctx, able)
	})
	return err
}

func at[A comparable, R any](ctx context.Context, s *Service, where At, what string, effect vendors.Effect,
	pick func(vendors.Rooms) A, call func(context.Context, A) (R, error),
) (R, error) {
	var none R
	v, err := s.keeper(ctx, where)
	if err != nil {
		return none, err
	}
	if err := s.able(ctx, v, what, func(r vendors.Rooms) bool { var lacks A; return pick(r) != lacks }); err != nil {
		return none, err
	}
	if !where.Owner && !where.Many && !s.routes.Alone(vendors.AppOf(ctx), v.Name) {
		return none, ErrShared
	}
	return vendors.Via(ctx, s.routes, vendors.Request{Capability: vendors.CapRooms, Effect: effect, Account: v.Name}, func(ctx context.Context, v *vendors.Vendor) (R, error) {
		return call(ctx, pick(v.Rooms))
	})
}

// able refuses what v cannot do, naming the app's accounts that can.
func (s *Service) able(ctx context.Context, v *vendors.Vendor, what string, has func(vendors.Rooms) bool) error {
	if has(v.Rooms) {
		return nil
	}
	return &UnableError{Vendor: v.Name, What: what, Able: able(s.routes, vendors.AppOf(ctx), has)}
}

// able names the accounts of the app that can.
func able(routes *vendors.Router, app string, has func(vendors.Rooms) bool) (names []string) {
	mine := routes.AccountsFor(app)
	for _, v := range routes.All() {
		if slices.Contains(mine, v.Name) && has(v.Rooms) {
			names = append(names, v.Name)
		}
	}
	return names
}

// Keeper is the account that a call goes to; "" when it is refused.
func (s *Service) Keeper(ctx context.Context, where At) string {
	v, err := s.keeper(ctx, where)
	if err != nil {
		return ""
	}
	return v.Name
}

func (s *Service) keeper(ctx context.Context, where At) (*vendors.Vendor, error) {
	name := where.Vendor
	if live := s.routes.Live(name); where.Owner && len(live) > 0 {
		return live[0], nil
	}
	route := s.routes.RouteFor(vendors.AppOf(ctx), vendors.CapRooms)
	if len(route) == 0 {
		return nil, &vendors.Error{Op: string(vendors.CapRooms), Outcome: vendors.NotSent, Err: vendors.ErrNoVendor}
	}
	if name == "" {
		return route[0], nil
	}
	for _, v := range route {
		if v.Name == name {
			return v, nil
		}
	}
	return nil, ErrNotRouted
}
