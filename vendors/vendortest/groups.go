package vendortest

import (
	"slices"

	"switchboard/vendors"
)

func groupChecks() []check {
	members := func(f Fixture) bool { return f.Far.Members != nil }
	return []check{
		{"CreatedGroupHasItsCreatorAndMembers", []string{"Groups"}, members, createGroup},
		{"GroupChangeAddsAndRemovesOnlyThoseNamed", []string{"Groups"}, members, changeGroup},
		{"DismissedGroupIsGone", []string{"Groups"}, members, dismissGroup},
	}
}

// sameSet fails unless got holds exactly want, in any order.
func sameSet(t T, what string, got []string, want ...string) {
	t.Helper()
	got = slices.Clone(got)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func createGroup(t T, e *env) {
	must(t, "create", e.v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "made", Name: "Made & 礼物", Creator: e.Known, Members: []string{e.Peer}}))
	sameSet(t, "creator apart", e.Far.Members("made"), e.Known, e.Peer)
	must(t, "create", e.v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "made2", Name: "Made", Creator: e.Known, Members: []string{e.Peer, e.Known}}))
	sameSet(t, "creator among the members", e.Far.Members("made2"), e.Known, e.Peer)
	e.mustNotCall(t, "no id", func(ctx ctx) error { return e.v.Groups.CreateGroup(ctx, vendors.Group{Name: "x", Creator: e.Known}) }, vendors.ErrInvalid)
}

func changeGroup(t T, e *env) {
	must(t, "create", e.v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "made", Name: "Made", Creator: e.Known, Members: []string{e.Peer}}))
	must(t, "add", e.v.Groups.ChangeGroup(t.Context(), "made", []string{"third"}, nil))
	sameSet(t, "added", e.Far.Members("made"), e.Known, e.Peer, "third")
	must(t, "remove", e.v.Groups.ChangeGroup(t.Context(), "made", nil, []string{e.Peer}))
	sameSet(t, "removed", e.Far.Members("made"), e.Known, "third")
	must(t, "both", e.v.Groups.ChangeGroup(t.Context(), "made", []string{"fourth"}, []string{"third"}))
	sameSet(t, "both", e.Far.Members("made"), e.Known, "fourth")
}

func dismissGroup(t T, e *env) {
	must(t, "create", e.v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "made", Name: "Made", Creator: e.Known}))
	must(t, "dismiss", e.v.Groups.DismissGroup(t.Context(), "made", e.Known))
	if got := e.Far.Members("made"); got != nil {
		t.Errorf("the dismissed group has members %v", got)
	}
}
