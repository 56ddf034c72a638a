package rongcloud

import (
	"context"
	"slices"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// CreateGroup creates g with its creator as the first member.
func (a *adapter) CreateGroup(ctx context.Context, g vendors.Group) (vendors.GroupRef, error) {
	op := vendors.OpGroup
	members := append([]string{g.Creator}, slices.DeleteFunc(slices.Clone(g.Members), func(m string) bool { return m == g.Creator })...)
	if err := a.checkIDs(op, members, g.ID); err != nil {
		return vendors.GroupRef{}, err
	}
	form := upstream.Fields{{"groupId", g.ID}, {"groupName", g.Name}}.With("userId", members...)
	return kept(g.ID, a.up.Do(ctx, a.form(ctx, op, upstream.Control, "/group/create.json", form), nil))
}

// kept refers to what was made: RongCloud takes our ids.
func kept(id string, err error) (vendors.GroupRef, error) {
	if err != nil {
		return vendors.GroupRef{}, err
	}
	return vendors.GroupRef{ID: id, Own: true}, nil
}

// ChangeGroup makes one call for those who join and one for those who leave.
func (a *adapter) ChangeGroup(ctx context.Context, id string, add, remove []string) ([]vendors.MemberResult, error) {
	op := vendors.OpGroup
	calls := vendors.Composite{Vendor: a.name, Op: op}
	for _, users := range [][]string{add, remove} { // before any call is made
		if len(users) > 0 || len(add)+len(remove) == 0 {
			if err := a.checkIDs(op, users, id); err != nil {
				return nil, err
			}
		}
	}
	change := func(path string, users []string) {
		calls.Call(users, func() error {
			form := upstream.Fields{{"groupId", id}}.With("userId", users...)
			return a.up.Do(ctx, a.form(ctx, op, upstream.Control, path, form), nil)
		})
	}
	change("/group/join.json", add)
	change("/group/quit.json", remove)
	return calls.Rows()
}

// DismissGroup ends a group. RongCloud does not check who by is
// (docs/vendors/rongcloud.md#groups).
func (a *adapter) DismissGroup(ctx context.Context, id, by string) error {
	op := vendors.OpGroup
	if err := a.checkIDs(op, []string{by}, id); err != nil {
		return err
	}
	form := upstream.Fields{{"userId", by}, {"groupId", id}}
	return a.up.Do(ctx, a.form(ctx, op, upstream.Control, "/group/dismiss.json", form), nil)
}
