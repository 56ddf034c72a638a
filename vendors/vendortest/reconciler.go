package vendortest

import (
	"slices"

	"switchboard/vendors"
)

func reconcilerChecks() []check {
	return []check{{"SnapshotHasTheRoomsThatThereAreWithTheirUsers", []string{"Reconciler"},
		func(f Fixture) bool { return f.Far.RoomUsers != nil && f.Room != "" }, snapshot}}
}

func snapshot(t T, e *env) {
	rooms, err := e.v.Reconciler.Snapshot(t.Context())
	must(t, "snapshot", err)
	i := slices.IndexFunc(rooms, func(r vendors.RoomSnapshot) bool { return r.ID == e.Room })
	if i < 0 {
		t.Fatalf("the snapshot %+v is without %s", rooms, e.Room)
	}
	sameSet(t, "users", rooms[i].Users, e.Far.RoomUsers(e.Room)...)
	if e.has["Rooms.Query"] {
		status, err := e.v.Rooms.Query.RoomStatus(t.Context(), e.Room)
		must(t, "status", err)
		if status.Session != rooms[i].Session {
			t.Errorf("the room's session is %q in the snapshot and %q in its status", rooms[i].Session, status.Session)
		}
	}
	if slices.ContainsFunc(rooms, func(r vendors.RoomSnapshot) bool { return r.ID == "" || r.ID == "nosuchroom" }) {
		t.Errorf("the snapshot has a room that is not there: %+v", rooms)
	}
}

func (e *env) reconcilerOps() []op {
	return []op{{vendors.OpReconcile, "Reconciler", reads, func(c ctx, v *vendors.Vendor) error {
		return errOf(v.Reconciler.Snapshot(c))
	}}}
}
