package rooms

import (
	"context"
	"errors"
	"slices"
	"testing"

	"switchboard/vendors"
)

// desk can list one room of its own name, and kick unless it is broken.
type desk struct{ name string }

func (d desk) ListRooms(context.Context, string) (vendors.RoomPage, error) {
	return vendors.RoomPage{Rooms: []vendors.RoomCount{{ID: d.name}}}, nil
}

func (d desk) KickUser(context.Context, vendors.Kick) error {
	return &vendors.Error{Vendor: d.name, Op: vendors.OpRoomKick, Outcome: vendors.NotSent}
}

func list(s *Service, vendor string) (string, error) {
	found, err := Read(context.Background(), s, At{Vendor: vendor}, "list rooms",
		func(r vendors.Rooms) vendors.RoomList { return r.List },
		func(ctx context.Context, v vendors.RoomList) (vendors.RoomPage, error) { return v.ListRooms(ctx, "") })
	if len(found.Rooms) == 0 {
		return "", err
	}
	return found.Rooms[0].ID, err
}

func TestAnAbilityIsThatOfTheRoomsVendorAlone(t *testing.T) {
	lister := &vendors.Vendor{Name: "lister", Rooms: vendors.Rooms{List: desk{"lister"}, Kick: desk{"lister"}}}
	kicker := &vendors.Vendor{Name: "kicker", Rooms: vendors.Rooms{Kick: desk{"kicker"}}}
	apart := &vendors.Vendor{Name: "apart", Rooms: vendors.Rooms{List: desk{"apart"}}}
	router, err := vendors.NewRouter([]*vendors.Vendor{lister, kicker, apart}, map[vendors.Capability][]string{
		vendors.CapRooms: {"kicker", "lister"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := New(router, nil)
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
		got, err := list(s, tc.vendor)
		var unable *UnableError
		if !errors.Is(err, tc.is) || (tc.is == nil && got != tc.vendor) {
			t.Errorf("%s: %q, %v", tc.name, got, err)
		}
		if errors.As(err, &unable) && (!slices.Equal(unable.Able, tc.able) || !errors.Is(err, vendors.ErrUnsupported)) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if _, err := list(s, ""); err == nil || err.Error() != "kicker cannot list rooms; lister, apart can" {
		t.Errorf("others can: %v", err)
	}
	err = Write(t.Context(), s, At{}, "dissolve rooms", func(r vendors.Rooms) vendors.RoomDissolve { return r.Dissolve },
		func(ctx context.Context, v vendors.RoomDissolve) error { return v.DissolveRoom(ctx, "r") })
	if err == nil || err.Error() != "kicker cannot dissolve rooms; no configured vendor can" {
		t.Errorf("nobody can: %v", err)
	}
	err = Write(t.Context(), s, At{}, "kick", func(r vendors.Rooms) vendors.RoomKick { return r.Kick },
		func(ctx context.Context, v vendors.RoomKick) error { return v.KickUser(ctx, vendors.Kick{}) })
	var failed *vendors.Error
	if !errors.As(err, &failed) || failed.Vendor != "kicker" {
		t.Errorf("a room's vendor that fails must not be replaced by another: %v", err)
	}
}

func TestWithoutARouteThereIsNoVendor(t *testing.T) {
	router, err := vendors.NewRouter(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := list(New(router, nil), ""); !errors.Is(err, vendors.ErrNoVendor) {
		t.Errorf("%v", err)
	}
}

func TestAtASharedAccountOnlyTheAppsOwnRoomsAreReached(t *testing.T) {
	lister := &vendors.Vendor{Name: "lister", Rooms: vendors.Rooms{List: desk{"lister"}}}
	router, err := vendors.NewRouter([]*vendors.Vendor{lister}, nil)
	if err != nil {
		t.Fatal(err)
	}
	both := map[string]vendors.Tenant{"a": {Accounts: []string{"lister"}}, "b": {Accounts: []string{"lister"}}}
	if err := router.ApplyPlan(vendors.Plan{Tenants: both}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		at   At
		want error
	}{
		{"nobody knows whose it is", At{}, ErrShared}, {"nor by the account's name", At{Vendor: "lister"}, ErrShared},
		{"the app's own", At{Vendor: "lister", Owner: true}, nil}, {"a list", At{Many: true}, nil},
	} {
		_, err := Read(vendors.WithApp(t.Context(), "a"), New(router, nil), c.at, "list rooms",
			func(r vendors.Rooms) vendors.RoomList { return r.List },
			func(ctx context.Context, v vendors.RoomList) (vendors.RoomPage, error) { return v.ListRooms(ctx, "") })
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}
