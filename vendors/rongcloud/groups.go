package rongcloud

import (
	"context"
	"slices"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// CreateGroup creates g with its creator as the first member.
func (a *adapter) CreateGroup(ctx context.Context, g vendors.Group) error {
	op := vendors.OpGroup
	members := append([]string{g.Creator}, slices.DeleteFunc(slices.Clone(g.Members), func(m string) bool { return m == g.Creator })...)
	if err := a.checkIDs(op, members, g.ID); err != nil {
		return err
	}
	form := upstream.Fields{{"groupId", g.ID}, {"groupName", g.Name}}.With("userId", members...)
	return a.up.Do(ctx, a.form(ctx, op, upstream.Control, "/group/create.json", form), nil)
}

// ChangeGroup makes one call for those who join and one for those who leave. An
// error of the second leaves the first done.
func (a *adapter) ChangeGroup(ctx context.Context, id string, add, remove []string) error {
	op := vendors.OpGroup
	for _, step := range []struct {
		path  string
		users []string
	}{{"/group/join.json", add}, {"/group/quit.json", remove}} {
		if len(step.users) == 0 {
			continue
		}
		if err := a.checkIDs(op, step.users, id); err != nil {
			return err
		}
		form := upstream.Fields{{"groupId", id}}.With("userId", step.users...)
		if err := a.up.Do(ctx, a.form(ctx, op, upstream.Control, step.path, form), nil); err != nil {
			return err
		}
	}
	return nil
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
