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
	id := made(t, "made")(e.v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "made", Name: "Made & 礼物", Creator: e.Known, Members: []string{e.Peer}}))
	sameSet(t, "creator apart", e.Far.Members(id), e.Known, e.Peer)
	id = made(t, "made2")(e.v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "made2", Name: "Made", Creator: e.Known, Members: []string{e.Peer, e.Known}}))
	sameSet(t, "creator among the members", e.Far.Members(id), e.Known, e.Peer)
	e.mustNotCall(t, "no id", func(ctx ctx) error {
		return errOf(e.v.Groups.CreateGroup(ctx, vendors.Group{Name: "x", Creator: e.Known}))
	}, vendors.ErrInvalid)
}

func changeGroup(t T, e *env) {
	id := e.group(t, "made", e.Peer)
	done(t, "add", "third")(e.v.Groups.ChangeGroup(t.Context(), id, []string{"third"}, nil))
	sameSet(t, "added", e.Far.Members(id), e.Known, e.Peer, "third")
	done(t, "remove", e.Peer)(e.v.Groups.ChangeGroup(t.Context(), id, nil, []string{e.Peer}))
	sameSet(t, "removed", e.Far.Members(id), e.Known, "third")
	done(t, "both", "fourth", "third")(e.v.Groups.ChangeGroup(t.Context(), id, []string{"fourth"}, []string{"third"}))
	sameSet(t, "both", e.Far.Members(id), e.Known, "fourth")
	e.mustNotCall(t, "nobody", func(ctx ctx) error { return errOf(e.v.Groups.ChangeGroup(ctx, id, nil, nil)) }, vendors.ErrInvalid)
	e.mustNotCall(t, "an empty user behind a good one", func(ctx ctx) error {
		return errOf(e.v.Groups.ChangeGroup(ctx, id, []string{"fifth"}, []string{""}))
	}, vendors.ErrInvalid)
}

func dismissGroup(t T, e *env) {
	id := e.group(t, "made")
	must(t, "dismiss", e.v.Groups.DismissGroup(t.Context(), id, e.Known))
	if !e.settled(func() bool { return e.Far.Members(id) == nil }) {
		t.Errorf("the dismissed group has members %v", e.Far.Members(id))
	}
}
