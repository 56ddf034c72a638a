package linkv

import (
	"context"
	"slices"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// CreateGroup creates g with its creator and then lets the members join one by
// one, as LinkV has no call for many. When one cannot join, the group stays
// with those who did: ChangeGroup carries on.
func (a *adapter) CreateGroup(ctx context.Context, g vendors.Group) (vendors.GroupRef, error) {
	op := vendors.OpGroup
	ids := append([]string{g.ID, g.Creator}, g.Members...)
	if err := limits.Check(a.name, op, vendors.Size{IDs: ids}); err != nil {
		return vendors.GroupRef{}, err
	}
	form := upstream.Fields{
		{"appId", a.cfg.AppID},
		{"userId", g.Creator},
		{"groupId", g.ID},
		{"groupName", g.Name},
		{"nickName", g.Creator},
	}
	if err := a.im.Do(ctx, a.control(op, g.Creator, "/api/rest/group/create", form), nil); err != nil {
		return vendors.GroupRef{}, err
	}
	joins := vendors.Composite{Vendor: a.name, Op: op, Begun: true}
	others := slices.DeleteFunc(slices.Clone(g.Members), func(m string) bool { return m == g.Creator })
	joins.Each(others, func(member string) error { return a.join(ctx, g.ID, member) })
	return vendors.GroupRef{ID: g.ID, Own: true}, joins.Whole()
}

// ChangeGroup adds, then removes, one call each. Members leave themselves, since
// LinkV's kick wants an operator.
func (a *adapter) ChangeGroup(ctx context.Context, id string, add, remove []string) ([]vendors.MemberResult, error) {
	op := vendors.OpGroup
	if len(add)+len(remove) == 0 {
		return nil, vendors.Refuse(a.name, op, vendors.ErrInvalid, "nobody is named")
	}
	ids := append(append([]string{id}, add...), remove...)
	if err := limits.Check(a.name, op, vendors.Size{IDs: ids}); err != nil {
		return nil, err
	}
	calls := vendors.Composite{Vendor: a.name, Op: op}
	calls.Each(add, func(user string) error { return a.join(ctx, id, user) })
	calls.Each(remove, func(user string) error {
		form := upstream.Fields{{"appId", a.cfg.AppID}, {"userId", user}, {"groupId", id}}
		return a.im.Do(ctx, a.control(op, user, "/api/rest/group/exit", form), nil)
	})
	return calls.Rows()
}

func (a *adapter) join(ctx context.Context, group, user string) error {
	form := upstream.Fields{{"appId", a.cfg.AppID}, {"userId", user}, {"groupId", group}, {"nickName", user}}
	return a.im.Do(ctx, a.control(vendors.OpGroup, user, "/api/rest/group/join", form), nil)
}

// DismissGroup dissolves the group, which LinkV calls to block it: its id stays
// taken (docs/vendors/linkv.md#groups).
func (a *adapter) DismissGroup(ctx context.Context, id, by string) error {
	if err := limits.Check(a.name, vendors.OpGroup, vendors.Size{IDs: []string{id, by}}); err != nil {
		return err
	}
	form := upstream.Fields{{"appId", a.cfg.AppID}, {"userId", by}, {"groupId", id}, {"block", "1"}}
	return a.im.Do(ctx, a.control(vendors.OpGroup, by, "/api/rest/group/dissolve", form), nil)
}
