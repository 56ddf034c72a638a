package vendortest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"switchboard/vendors"
)

func groupAdminChecks() []check {
	return []check{
		{"RenamedGroupHasItsNewNameAndItsMembers", []string{"Groups", "GroupNames"},
			func(f Fixture) bool { return f.Far.GroupName != nil && f.Far.Members != nil }, renameGroup},
		{"TransferredGroupHasItsNewOwnerAndItsMembers", []string{"Groups", "GroupOwners"},
			func(f Fixture) bool { return f.Far.GroupOwner != nil && f.Far.Members != nil }, transferGroup},
		{"GroupMembersAreTheFarEndsAllOfThem", []string{"Groups", "GroupLists"}, func(f Fixture) bool { return f.Far.Members != nil }, listMembers},
		{"IdsThatDifferNameDifferentPeopleOrAreRefused", []string{"Groups", "GroupLists"}, nil, oddIDs},
		{"GroupsOfAUserAreListedWholeWithTheirNames", []string{"Groups", "GroupLists"}, func(f Fixture) bool { return f.Far.Members != nil }, listGroups},
		{"MutedMemberIsMutedAloneUntilUnmuted", []string{"MemberMutes"}, func(f Fixture) bool { return f.Far.MemberMute != nil }, muteMember},
		{"MemberMutedForAWhileIsMutedSoLongOrItIsRefused", []string{"MemberMutes"}, func(f Fixture) bool { return f.Far.MemberMute != nil }, muteForAWhile},
		{"MutedGroupIsMutedAloneUntilUnmuted", []string{"Groups", "GroupMutes"}, func(f Fixture) bool { return f.Far.GroupMuted != nil }, muteGroup},
	}
}

// group makes a group of Known's with more members, and returns its id at the vendor.
func (e *env) group(t T, id string, members ...string) string {
	t.Helper()
	return made(t, id)(e.v.Groups.CreateGroup(t.Context(), vendors.Group{ID: id, Name: "of " + id, Creator: e.Known, Members: members}))
}

func renameGroup(t T, e *env) {
	id := e.group(t, "made", e.Peer)
	other := e.group(t, "other")
	const name = `New & <礼物> + 100%`
	must(t, "rename", e.v.GroupNames.RenameGroup(t.Context(), id, name, e.Known))
	if got := e.Far.GroupName(id); got != name {
		t.Errorf("the group is named %q at the far end, want %q", got, name)
	}
	if got := e.Far.GroupName(other); got != "of other" {
		t.Errorf("another group is named %q now", got)
	}
	sameSet(t, "members", e.Far.Members(id), e.Known, e.Peer)
	e.mustNotCall(t, "no name", func(c ctx) error { return e.v.GroupNames.RenameGroup(c, id, "", e.Known) }, vendors.ErrInvalid)
	e.mustNotCall(t, "no group", func(c ctx) error { return e.v.GroupNames.RenameGroup(c, "", name, e.Known) }, vendors.ErrInvalid)
}

func transferGroup(t T, e *env) {
	group := e.group(t, "made", e.Peer, "third")
	must(t, "transfer", e.v.GroupOwners.TransferGroup(t.Context(), group, e.Known, "third"))
	if got := e.Far.GroupOwner(group); got != "third" {
		t.Errorf("the group is %q's, want it third's", got)
	}
	sameSet(t, "members", e.Far.Members(group), e.Known, e.Peer, "third")
	for what, id := range map[string][3]string{"no group": {"", e.Known, e.Peer}, "no owner": {group, "", e.Peer}, "no heir": {group, e.Known, ""}} {
		e.mustNotCall(t, what, func(c ctx) error { return e.v.GroupOwners.TransferGroup(c, id[0], id[1], id[2]) }, vendors.ErrInvalid)
	}
}

// listMembers has more members than one page of most vendors holds.
func listMembers(t T, e *env) {
	many := ids(130, 0)
	id := e.group(t, "made", many[:65]...)
	done(t, "add", many[65:]...)(e.v.Groups.ChangeGroup(t.Context(), id, many[65:], nil))
	got, err := e.v.GroupLists.GroupMembers(t.Context(), id)
	must(t, "members", err)
	sameSet(t, "members", got, append(many, e.Known)...)
	sameSet(t, "at the far end", e.Far.Members(id), got...)
	e.mustNotCall(t, "no group", func(c ctx) error { _, err := e.v.GroupLists.GroupMembers(c, ""); return err }, vendors.ErrInvalid)
}

// oddIDs are ids of ours that vendors fold, normalise, escape or use as marks of their
// own. Each comes back as itself, or is refused before the call.
func oddIDs(t T, e *env) {
	odd := []string{"Case", "case", "CASE", "a:b", "x.y@z/r", "ü", "u\u0308", "50%25", `a\3ab`, "a,b", "-", "0", "a b", "日本", strings.Repeat("n", 64)}
	var taken []string
	for _, id := range odd {
		if e.v.Limits[vendors.OpGroup].TakesID(id) {
			taken = append(taken, id)
			continue
		}
		err := errOf(e.v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "odd1", Name: "Odd", Creator: id}))
		if !errors.Is(err, vendors.ErrInvalid) && !errors.Is(err, vendors.ErrTooLarge) {
			t.Errorf("the id %q is over the limit that is declared: %v", id, err)
		}
	}
	if e.has["UserImport"] {
		users := make([]vendors.User, len(taken))
		for i, id := range taken {
			users[i].ID = id
		}
		done(t, "import", taken...)(e.v.UserImport.ImportUsers(t.Context(), users))
	}
	id := e.group(t, "odd2", taken...)
	got, err := e.v.GroupLists.GroupMembers(t.Context(), id)
	must(t, "members", err)
	sameSet(t, "members with odd ids", got, append(slices.Clone(taken), e.Known)...)
	groups, err := e.v.GroupLists.UserGroups(t.Context(), taken[0])
	if must(t, "groups", err); len(groups) != 1 || groups[0].ID != id {
		t.Errorf("the groups of %q: %v", taken[0], groups)
	}
	if slices.Contains(taken, "case") && slices.Contains(taken, "Case") {
		done(t, "remove one", "Case")(e.v.Groups.ChangeGroup(t.Context(), id, nil, []string{"Case"}))
		got, err = e.v.GroupLists.GroupMembers(t.Context(), id)
		must(t, "members", err)
		sameSet(t, "without Case", got, append(slices.DeleteFunc(slices.Clone(taken), func(u string) bool { return u == "Case" }), e.Known)...)
	}
}

func listGroups(t T, e *env) {
	first := e.group(t, "theirs", "loner")
	second := e.group(t, "theirs2", "loner", e.Peer)
	e.group(t, "notTheirs", e.Peer)
	got, err := e.v.GroupLists.UserGroups(t.Context(), "loner")
	must(t, "groups", err)
	slices.SortFunc(got, func(a, b vendors.GroupName) int { return len(a.Name) - len(b.Name) })
	if want := []vendors.GroupName{{ID: first, Name: "of theirs"}, {ID: second, Name: "of theirs2"}}; !slices.Equal(got, want) {
		t.Errorf("groups %v, want %v", got, want)
	}
	got, err = e.v.GroupLists.UserGroups(t.Context(), "nobodyKnows")
	if err != nil || len(got) != 0 {
		t.Errorf("a user without groups: %v, %v", got, err)
	}
	e.mustNotCall(t, "no user", func(c ctx) error { _, err := e.v.GroupLists.UserGroups(c, ""); return err }, vendors.ErrInvalid)
}

// mute is Known's muting of users in the fixture's group.
func (e *env) mute(d time.Duration, users ...string) vendors.MemberMute {
	return vendors.MemberMute{Group: e.Group, By: e.Known, Users: users, For: d}
}

func (e *env) memberMuted(t T, what, user string, want bool) {
	t.Helper()
	if _, muted := e.Far.MemberMute(e.Group, user); muted != want {
		t.Errorf("%s: %s is muted: %t, want %t", what, user, muted, want)
	}
}

func muteMember(t T, e *env) {
	done(t, "mute", e.Peer)(e.v.MemberMutes.MuteMembers(t.Context(), e.mute(0, e.Peer)))
	e.memberMuted(t, "muted", e.Peer, true)
	e.memberMuted(t, "not named", e.Known, false)
	if until, _ := e.Far.MemberMute(e.Group, e.Peer); !until.IsZero() {
		t.Errorf("muted for good, and it ends at %s", until)
	}
	done(t, "unmute", e.Peer)(e.v.MemberMutes.UnmuteMembers(t.Context(), e.mute(0, e.Peer)))
	e.memberMuted(t, "unmuted", e.Peer, false)
	done(t, "mute two", e.Peer, e.Known)(e.v.MemberMutes.MuteMembers(t.Context(), e.mute(0, e.Peer, e.Known)))
	e.memberMuted(t, "first of two", e.Peer, true)
	e.memberMuted(t, "second of two", e.Known, true)
	done(t, "unmute one", e.Known)(e.v.MemberMutes.UnmuteMembers(t.Context(), e.mute(0, e.Known)))
	e.memberMuted(t, "still muted", e.Peer, true)
	e.memberMuted(t, "unmuted", e.Known, false)
	e.mustNotCall(t, "nobody", func(c ctx) error { return errOf(e.v.MemberMutes.MuteMembers(c, e.mute(0))) }, vendors.ErrInvalid)
	e.mustNotCall(t, "unmute nobody", func(c ctx) error { return errOf(e.v.MemberMutes.UnmuteMembers(c, e.mute(0))) }, vendors.ErrInvalid)
	e.mustNotCall(t, "no group", func(c ctx) error {
		return errOf(e.v.MemberMutes.MuteMembers(c, vendors.MemberMute{By: e.Known, Users: []string{e.Peer}}))
	}, vendors.ErrInvalid)
}

func muteForAWhile(t T, e *env) {
	const d = 90 * time.Minute
	calls := len(e.w.requests())
	if err := errOf(e.v.MemberMutes.MuteMembers(t.Context(), e.mute(d, e.Peer))); err != nil {
		mustBe(t, "a while", err, vendors.DefiniteNo, vendors.ErrUnsupported)
		if n := len(e.w.requests()) - calls; n != 0 {
			t.Errorf("unsupported, yet the far end saw %d requests", n)
		}
		e.memberMuted(t, "refused", e.Peer, false)
		return
	}
	until, muted := e.Far.MemberMute(e.Group, e.Peer)
	if left := time.Until(until); !muted || left < d-2*time.Minute || left > d+2*time.Minute {
		t.Errorf("muted %t until %s, want it for %s", muted, until, d)
	}
	e.mustNotCall(t, "less than no time", func(c ctx) error { return errOf(e.v.MemberMutes.MuteMembers(c, e.mute(-time.Minute, e.Peer))) }, vendors.ErrInvalid)
}

func muteGroup(t T, e *env) {
	other := e.group(t, "other", e.Peer)
	must(t, "mute", e.v.GroupMutes.MuteGroup(t.Context(), e.Group, e.Known))
	if !e.Far.GroupMuted(e.Group) || e.Far.GroupMuted(other) {
		t.Errorf("muted: %t, another group: %t", e.Far.GroupMuted(e.Group), e.Far.GroupMuted(other))
	}
	must(t, "unmute", e.v.GroupMutes.UnmuteGroup(t.Context(), e.Group, e.Known))
	if e.Far.GroupMuted(e.Group) {
		t.Errorf("the unmuted group is still muted")
	}
	e.mustNotCall(t, "no group", func(c ctx) error { return e.v.GroupMutes.MuteGroup(c, "", e.Known) }, vendors.ErrInvalid)
}

// groupOps are what Known, the owner, does with the group; the last hands it over.
func (e *env) groupOps() []op {
	return []op{
		{vendors.OpGroupMembers, "GroupLists", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.GroupLists.GroupMembers(ctx, e.Group)
			return err
		}},
		{vendors.OpUserGroups, "GroupLists", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.GroupLists.UserGroups(ctx, e.Known)
			return err
		}},
		{vendors.OpGroupRename, "GroupNames", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.GroupNames.RenameGroup(ctx, e.Group, "Renamed", e.Known)
		}},
		{vendors.OpMemberMute, "MemberMutes", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return errOf(v.MemberMutes.MuteMembers(ctx, e.mute(0, e.aside())))
		}},
		{vendors.OpMemberUnmute, "MemberMutes", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return errOf(v.MemberMutes.UnmuteMembers(ctx, e.mute(0, e.aside())))
		}},
		{vendors.OpGroupMute, "GroupMutes", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.GroupMutes.MuteGroup(ctx, e.Group, e.Known)
		}},
		{vendors.OpGroupUnmute, "GroupMutes", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.GroupMutes.UnmuteGroup(ctx, e.Group, e.Known)
		}},
		{vendors.OpGroupTransfer, "GroupOwners", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.GroupOwners.TransferGroup(ctx, e.Group, e.Known, e.Peer)
		}},
	}
}

func sizedGroups() []sized {
	return []sized{
		{vendors.OpGroupMembers, "GroupLists", func(c ctx, e *env, s size) error {
			_, err := e.v.GroupLists.GroupMembers(c, ids(1, s.id)[0])
			return err
		}},
		{vendors.OpUserGroups, "GroupLists", func(c ctx, e *env, s size) error {
			_, err := e.v.GroupLists.UserGroups(c, ids(1, s.id)[0])
			return err
		}},
		{vendors.OpGroupRename, "GroupNames", func(c ctx, e *env, s size) error {
			return e.v.GroupNames.RenameGroup(c, ids(1, s.id)[0], "New", e.Known)
		}},
		{vendors.OpGroupTransfer, "GroupOwners", func(c ctx, e *env, s size) error {
			return e.v.GroupOwners.TransferGroup(c, "group", e.Known, ids(1, s.id)[0])
		}},
		{vendors.OpMemberMute, "MemberMutes", func(c ctx, e *env, s size) error {
			return errOf(e.v.MemberMutes.MuteMembers(c, e.mute(0, ids(s.targets, s.id)...)))
		}},
		{vendors.OpMemberUnmute, "MemberMutes", func(c ctx, e *env, s size) error {
			return errOf(e.v.MemberMutes.UnmuteMembers(c, e.mute(0, ids(s.targets, s.id)...)))
		}},
		{vendors.OpGroupMute, "GroupMutes", func(c ctx, e *env, s size) error {
			return e.v.GroupMutes.MuteGroup(c, ids(1, s.id)[0], e.Known)
		}},
		{vendors.OpGroupUnmute, "GroupMutes", func(c ctx, e *env, s size) error {
			return e.v.GroupMutes.UnmuteGroup(c, ids(1, s.id)[0], e.Known)
		}},
	}
}
