// Package rooms finds who answers for RTC rooms. A room lives at one vendor, so
// a call goes to that one alone: what another vendor says of a room of the same
// name would be wrong rather than late.
package rooms

import (
	"errors"
	"fmt"
	"strings"

	"switchboard/vendors"
)

// What a request can be refused for before any vendor is called.
var (
	ErrNotRouted = errors.New("that vendor is not on the rooms route")
	ErrUnable    = errors.New("the vendor cannot do this about rooms")
)

// UnableError is an ErrUnable, and a vendors.ErrUnsupported, that names who can.
type UnableError struct {
	Vendor string
	What   string
	Able   []string // configured vendors that can, in configured order
}

// Error is for the caller: it names vendors and nothing of theirs.
func (e *UnableError) Error() string {
	who := "no configured vendor can"
	if len(e.Able) > 0 {
		who = strings.Join(e.Able, ", ") + " can"
	}
	return fmt.Sprintf("%s cannot %s; %s", e.Vendor, e.What, who)
}

// Unwrap returns both sentinels.
func (e *UnableError) Unwrap() []error { return []error{ErrUnable, vendors.ErrUnsupported} }

// Service answers for rooms.
type Service struct {
	Routes *vendors.Router
}

// Find returns an ability of the vendor named, or of the first on the route for
// "". pick takes it from a vendor's rooms and what names it in the error:
// "list rooms".
func Find[A comparable](s *Service, vendor, what string, pick func(vendors.Rooms) A) (A, error) {
	var none A
	v, err := s.keeper(vendor)
	if err != nil {
		return none, err
	}
	if able := pick(v.Rooms); able != none {
		return able, nil
	}
	refusal := &UnableError{Vendor: v.Name, What: what}
	for _, other := range s.Routes.All() {
		if pick(other.Rooms) != none {
			refusal.Able = append(refusal.Able, other.Name)
		}
	}
	return none, refusal
}

func (s *Service) keeper(name string) (*vendors.Vendor, error) {
	route := s.Routes.Route(vendors.CapRooms)
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
