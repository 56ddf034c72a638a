package linkv_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"switchboard/app/certify"
	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// right is the right vendor, with single methods overridden by what follows.
type right struct{ vendors.Vendor }

type (
	wrongName   struct{ right }
	wrongOwner  struct{ right }
	firstPage   struct{ right }
	nameless    struct{ right }
	wrongMutes  struct{ right }
	firstMute   struct{ right }
	forGood     struct{ right }
	stuckUnmute struct{ right }
	swappedGag  struct{ right }
	givesBack   struct{ right }
	backwards   struct{ right }
	folded      struct{ right }
)

// UnmuteMembers answers its rows in an order of its own.
func (b backwards) UnmuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	rows, err := b.Vendor.MemberMutes.UnmuteMembers(ctx, m)
	slices.Reverse(rows)
	return rows, err
}

func (b backwards) MuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	return b.Vendor.MemberMutes.MuteMembers(ctx, m)
}

// changes is the right vendor's groups with what its changes and creations answer spoiled.
type changes struct {
	right
	spoil func(add, remove []string, rows []vendors.MemberResult, err error) ([]vendors.MemberResult, error)
	made  func(vendors.GroupRef, error) (vendors.GroupRef, error)
}

func (c changes) CreateGroup(ctx context.Context, group vendors.Group) (vendors.GroupRef, error) {
	ref, err := c.Vendor.Groups.CreateGroup(ctx, group)
	if c.made == nil {
		return ref, err
	}
	return c.made(ref, err)
}

func (c changes) ChangeGroup(ctx context.Context, id string, add, remove []string) ([]vendors.MemberResult, error) {
	rows, err := c.Vendor.Groups.ChangeGroup(ctx, id, add, remove)
	if c.spoil == nil {
		return rows, err
	}
	return c.spoil(add, remove, rows, err)
}

func (c changes) DismissGroup(ctx context.Context, id, by string) error {
	return c.Vendor.Groups.DismissGroup(ctx, id, by)
}

// causeAlone tells of the call that failed as if it were the whole write.
func causeAlone(_, _ []string, rows []vendors.MemberResult, err error) ([]vendors.MemberResult, error) {
	if part, ok := vendors.PartialOf(err); ok {
		return nil, part.Cause
	}
	return rows, err
}

// allDone claims everybody.
func allDone(add, remove []string, _ []vendors.MemberResult, err error) ([]vendors.MemberResult, error) {
	if _, ok := vendors.PartialOf(err); ok {
		return vendors.AllMembers(slices.Concat(add, remove), nil)
	}
	return vendors.AllMembers(slices.Concat(add, remove), err)
}

// nobodyDone says of everybody that nothing was changed.
func nobodyDone(add, remove []string, rows []vendors.MemberResult, err error) ([]vendors.MemberResult, error) {
	part, ok := vendors.PartialOf(err)
	if !ok {
		return rows, err
	}
	none := vendors.MembersFailed(slices.Concat(add, remove), &vendors.Error{Outcome: vendors.NotSent})
	none[len(none)-1] = vendors.MemberResult{User: none[len(none)-1].User, State: vendors.MemberAccepted}
	return none, vendors.NewPartialError("linkv", vendors.OpGroup, none, part.Cause)
}

func (w wrongName) RenameGroup(ctx context.Context, id, name, by string) error {
	return w.Vendor.GroupNames.RenameGroup(ctx, id, name[:3], by)
}

func (w wrongOwner) TransferGroup(ctx context.Context, id, from, to string) error {
	return w.Vendor.GroupOwners.TransferGroup(ctx, id, from, from)
}

func (f firstPage) GroupMembers(ctx context.Context, id string) ([]string, error) {
	all, err := f.Vendor.GroupLists.GroupMembers(ctx, id)
	return all[:min(len(all), 100)], err
}

func (f firstPage) UserGroups(ctx context.Context, user string) ([]vendors.GroupName, error) {
	return f.Vendor.GroupLists.UserGroups(ctx, user)
}

func (f folded) GroupMembers(ctx context.Context, id string) ([]string, error) {
	all, err := f.Vendor.GroupLists.GroupMembers(ctx, id)
	for i := range all {
		all[i] = strings.ToLower(all[i])
	}
	return all, err
}

func (f folded) UserGroups(ctx context.Context, user string) ([]vendors.GroupName, error) {
	return f.Vendor.GroupLists.UserGroups(ctx, user)
}

func (n nameless) GroupMembers(ctx context.Context, id string) ([]string, error) {
	return n.Vendor.GroupLists.GroupMembers(ctx, id)
}

func (n nameless) UserGroups(ctx context.Context, user string) ([]vendors.GroupName, error) {
	all, err := n.Vendor.GroupLists.UserGroups(ctx, user)
	for i := range all {
		all[i].Name = ""
	}
	return all, err
}

// MuteMembers mutes who asks.
func (w wrongMutes) MuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	named := m.Users
	m.Users = []string{m.By}
	_, err := w.Vendor.MemberMutes.MuteMembers(ctx, m)
	return vendors.AllMembers(named, err)
}

func (w wrongMutes) UnmuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	return w.Vendor.MemberMutes.UnmuteMembers(ctx, m)
}

func (f firstMute) MuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	named := m.Users
	m.Users = m.Users[:min(len(m.Users), 1)]
	_, err := f.Vendor.MemberMutes.MuteMembers(ctx, m)
	return vendors.AllMembers(named, err)
}

func (f firstMute) UnmuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	return f.Vendor.MemberMutes.UnmuteMembers(ctx, m)
}

func (f forGood) MuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	m.For = 0
	return f.Vendor.MemberMutes.MuteMembers(ctx, m)
}

func (f forGood) UnmuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	return f.Vendor.MemberMutes.UnmuteMembers(ctx, m)
}

func (s stuckUnmute) MuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	return s.Vendor.MemberMutes.MuteMembers(ctx, m)
}

func (stuckUnmute) UnmuteMembers(_ context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	return vendors.AllMembers(m.Users, nil)
}

func (s swappedGag) MuteGroup(ctx context.Context, id, by string) error {
	return s.Vendor.GroupMutes.UnmuteGroup(ctx, id, by)
}

func (s swappedGag) UnmuteGroup(ctx context.Context, id, by string) error {
	return s.Vendor.GroupMutes.MuteGroup(ctx, id, by)
}

func (g givesBack) CreateGroup(ctx context.Context, group vendors.Group) (vendors.GroupRef, error) {
	return g.Vendor.Groups.CreateGroup(ctx, group)
}

func (g givesBack) ChangeGroup(ctx context.Context, id string, add, remove []string) ([]vendors.MemberResult, error) {
	return g.Vendor.Groups.ChangeGroup(ctx, id, add, remove)
}

// DismissGroup does what block 0 does to a group that is not blocked: nothing.
func (givesBack) DismissGroup(context.Context, string, string) error { return nil }

func TestEveryWrongGroupIsCaught(t *testing.T) {
	half, inPart := "GroupChangeThatEndsHalfDoneSaysWhatIsDoneAndWhatIsLeft", "GroupMadeWithoutAllItsMembersIsToldAsSuch"
	holds := "EveryHoldIsOfTheKindsDeclared"
	mutes := "MutedMemberIsMutedAloneUntilUnmuted"
	for _, m := range []struct {
		name, caught string
		wrong        func(*vendors.Vendor, right)
	}{
		{"cuts the new name", "RenamedGroupHasItsNewNameAndItsMembers", func(v *vendors.Vendor, r right) { v.GroupNames = wrongName{r} }},
		{"hands the group to its owner", "TransferredGroupHasItsNewOwnerAndItsMembers", func(v *vendors.Vendor, r right) { v.GroupOwners = wrongOwner{r} }},
		{"folds ids", "IdsThatDifferNameDifferentPeopleOrAreRefused", func(v *vendors.Vendor, r right) { v.GroupLists = folded{r} }},
		{"reads the first page alone", "GroupMembersAreTheFarEndsAllOfThem", func(v *vendors.Vendor, r right) { v.GroupLists = firstPage{r} }},
		{"loses the groups' names", "GroupsOfAUserAreListedWholeWithTheirNames", func(v *vendors.Vendor, r right) { v.GroupLists = nameless{r} }},
		{"mutes who asks", mutes, func(v *vendors.Vendor, r right) { v.MemberMutes = wrongMutes{r} }},
		{"mutes the first alone", mutes, func(v *vendors.Vendor, r right) { v.MemberMutes = firstMute{r} }},
		{"unmutes nobody", mutes, func(v *vendors.Vendor, r right) { v.MemberMutes = stuckUnmute{r} }},
		{"a while becomes for good", "MemberMutedForAWhileIsMutedSoLongOrItIsRefused", func(v *vendors.Vendor, r right) { v.MemberMutes = forGood{r} }},
		{"declares a while and mutes for good", holds, func(v *vendors.Vendor, r right) {
			v.MemberMutes, v.Traits.MemberMute = forGood{r}, v.Traits.MemberMute|vendors.HoldTimed
		}},
		{"declares a while and takes none", holds, func(v *vendors.Vendor, _ right) { v.Traits.MemberMute |= vendors.HoldTimed }},
		{"takes for good and does not declare it", holds, func(v *vendors.Vendor, _ right) { v.Traits.MemberMute = vendors.HoldLifted }},
		{"declares that a block is ended by a call", holds, func(v *vendors.Vendor, _ right) { v.Traits.Block |= vendors.HoldLifted }},
		{"declares another trait than is documented", "TraitsAreAsDocumented", func(v *vendors.Vendor, _ right) { v.Traits.Kick = vendors.HoldTimed }},
		{"mutes and unmutes are swapped", "MutedGroupIsMutedAloneUntilUnmuted", func(v *vendors.Vendor, r right) { v.GroupMutes = swappedGag{r} }},
		{"gives back what it was to dissolve", "DismissedGroupIsGone", func(v *vendors.Vendor, r right) { v.Groups = givesBack{r} }},
		{"rows in another order", "RowOfEveryUserSaysWhatBecameOfIt", func(v *vendors.Vendor, r right) { v.MemberMutes = backwards{r} }},
		{"a half done change is the failure of one call", half, func(v *vendors.Vendor, r right) { v.Groups = changes{right: r, spoil: causeAlone} }},
		{"a half done change is told as done", half, func(v *vendors.Vendor, r right) { v.Groups = changes{right: r, spoil: allDone} }},
		{"a half done change is told as not done", half, func(v *vendors.Vendor, r right) { v.Groups = changes{right: r, spoil: nobodyDone} }},
		{"a group without its members is told as whole", inPart, func(v *vendors.Vendor, r right) {
			v.Groups = changes{right: r, made: func(ref vendors.GroupRef, _ error) (vendors.GroupRef, error) { return ref, nil }}
		}},
		{"a group made in part has no reference", inPart, func(v *vendors.Vendor, r right) {
			v.Groups = changes{right: r, made: func(_ vendors.GroupRef, err error) (vendors.GroupRef, error) { return vendors.GroupRef{}, err }}
		}},
		{"the reference is of another group", "CreatedGroupHasItsCreatorAndMembers", func(v *vendors.Vendor, r right) {
			v.Groups = changes{right: r, made: func(ref vendors.GroupRef, err error) (vendors.GroupRef, error) {
				return vendors.GroupRef{ID: ref.ID + "x", Own: true}, err
			}}
		}},
		{"forgets a capability", "CapabilitiesAreAsDeclared", func(v *vendors.Vendor, _ right) { v.GroupOwners = nil }},
	} {
		t.Run(m.name, func(t *testing.T) {
			if r := certified(t, m.caught, func(*vendors.Vendor, right) {}); r.Count(vendortest.Passed) != 1 {
				t.Fatalf("the right adapter does not pass: %+v", r.Cases)
			}
			if r := certified(t, m.caught, m.wrong); r.Count(vendortest.Failed) != 1 {
				t.Errorf("survived %s", m.caught)
			}
		})
	}
}

// certified runs one check against the adapter made wrong.
func certified(t *testing.T, check string, wrong func(*vendors.Vendor, right)) vendortest.Report {
	only := func(name string) bool { return name == check }
	return vendortest.Certify(t.Context(), "linkv", "mock", only, func(t vendortest.T) vendortest.Fixture {
		f := certify.LinkVMock(t, false)
		open := f.Open
		f.Open = func(baseURL string) (*vendors.Vendor, error) {
			v, err := open(baseURL)
			if err == nil {
				wrong(v, right{*v})
			}
			return v, err
		}
		return f
	})
}
