package linkv

import (
	"context"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// CreateGroup creates g with its creator and then lets the members join one by
// one, as LinkV has no call for many. When one cannot join, the group stays
// with those who did: ChangeGroup carries on.
func (a *adapter) CreateGroup(ctx context.Context, g vendors.Group) error {
	ids := append([]string{g.ID, g.Creator}, g.Members...)
	if err := limits.Check(a.name, vendors.OpGroup, vendors.Size{IDs: ids}); err != nil {
		return err
	}
	form := upstream.Fields{
		{"appId", a.cfg.AppID},
		{"userId", g.Creator},
		{"groupId", g.ID},
		{"groupName", g.Name},
		{"nickName", g.Creator},
	}
	if err := a.im.Do(ctx, a.control(vendors.OpGroup, g.Creator, "/api/rest/group/create", form), nil); err != nil {
		return err
	}
	for _, member := range g.Members {
		if member == g.Creator {
			continue
		}
		if err := a.join(ctx, g.ID, member); err != nil {
			return err
		}
	}
	return nil
}

// ChangeGroup adds, then removes, one call each, and stops at the first that
// fails. Members leave themselves, since LinkV's kick wants an operator.
func (a *adapter) ChangeGroup(ctx context.Context, id string, add, remove []string) error {
	ids := append(append([]string{id}, add...), remove...)
	if err := limits.Check(a.name, vendors.OpGroup, vendors.Size{IDs: ids}); err != nil {
		return err
	}
	for _, user := range add {
		if err := a.join(ctx, id, user); err != nil {
			return err
		}
	}
	for _, user := range remove {
		form := upstream.Fields{{"appId", a.cfg.AppID}, {"userId", user}, {"groupId", id}}
		if err := a.im.Do(ctx, a.control(vendors.OpGroup, user, "/api/rest/group/exit", form), nil); err != nil {
			return err
		}
	}
	return nil
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
