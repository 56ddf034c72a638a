package rooms

import (
	"context"
	"errors"
	"slices"
	"testing"

	"switchboard/vendors"
)

// desk can list and kick.
type desk struct{}

func (desk) ListRooms(context.Context) ([]vendors.RoomCount, error) { return nil, nil }
func (desk) KickUser(context.Context, vendors.Kick) error           { return nil }

func list(r vendors.Rooms) vendors.RoomList { return r.List }
func ban(r vendors.Rooms) vendors.RoomBan   { return r.Ban }

func TestAnAbilityIsThatOfTheRoomsVendorAlone(t *testing.T) {
	lister := &vendors.Vendor{Name: "lister", Rooms: vendors.Rooms{List: desk{}, Kick: desk{}}}
	kicker := &vendors.Vendor{Name: "kicker", Rooms: vendors.Rooms{Kick: desk{}}}
	apart := &vendors.Vendor{Name: "apart", Rooms: vendors.Rooms{List: desk{}}}
	router, err := vendors.NewRouter([]*vendors.Vendor{lister, kicker, apart}, map[vendors.Capability][]string{
		vendors.CapRooms: {"kicker", "lister"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &Service{Routes: router}
	for _, tc := range []struct {
		name, vendor string
		is           error
		able         []string
	}{
		{"the first on the route lacks it", "", ErrUnable, []string{"lister", "apart"}},
		{"named, and has it", "lister", nil, nil},
		{"named, and lacks it", "kicker", ErrUnable, []string{"lister", "apart"}},
		{"not on the route", "apart", ErrNotRouted, nil},
		{"unknown", "nobody", ErrNotRouted, nil},
	} {
		got, err := Find(s, tc.vendor, "list rooms", list)
		var unable *UnableError
		if !errors.Is(err, tc.is) || (got != nil) != (tc.is == nil) {
			t.Errorf("%s: %v, %v", tc.name, got, err)
		}
		if errors.As(err, &unable) && (!slices.Equal(unable.Able, tc.able) || !errors.Is(err, vendors.ErrUnsupported)) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if _, err := Find(s, "", "ban users", ban); err == nil || err.Error() != "kicker cannot ban users; no configured vendor can" {
		t.Errorf("nobody can: %v", err)
	}
	if _, err := Find(s, "", "list rooms", list); err == nil || err.Error() != "kicker cannot list rooms; lister, apart can" {
		t.Errorf("others can: %v", err)
	}
}

func TestWithoutARouteThereIsNoVendor(t *testing.T) {
	router, err := vendors.NewRouter(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Find(&Service{Routes: router}, "", "list rooms", list); !errors.Is(err, vendors.ErrNoVendor) {
		t.Errorf("%v", err)
	}
}
