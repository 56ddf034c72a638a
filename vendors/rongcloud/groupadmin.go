package rongcloud

import (
	"context"
	"strconv"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// RenameGroup lets anybody rename: RongCloud knows no owner (docs/vendors/rongcloud.md#groups).
func (a *adapter) RenameGroup(ctx context.Context, id, name, _ string) error {
	op := vendors.OpGroupRename
	if err := a.checkIDs(op, []string{id}); err != nil {
		return err
	}
	if name == "" {
		return a.refuse(op, vendors.ErrInvalid, "a group needs a name")
	}
	form := upstream.Fields{{"groupId", id}, {"groupName", name}}
	return a.up.Do(ctx, a.form(ctx, op, upstream.Control, "/group/refresh.json", form), nil)
}

// GroupMembers lists nobody for a group that is not there: the vendor has no
// code for that (docs/vendors/rongcloud.md#groups).
func (a *adapter) GroupMembers(ctx context.Context, id string) ([]string, error) {
	op := vendors.OpGroupMembers
	if err := a.checkIDs(op, []string{id}); err != nil {
		return nil, err
	}
	var out struct {
		Users []struct {
			ID upstream.Text `json:"id"`
		} `json:"users"`
	}
	call := a.form(ctx, op, upstream.Read, "/group/user/query.json", upstream.Fields{{"groupId", id}})
	if err := a.up.Do(ctx, call, &out); err != nil {
		return nil, err
	}
	users := make([]string, len(out.Users))
	for i, u := range out.Users {
		users[i] = string(u.ID)
	}
	return users, nil
}

// UserGroups lists the user's groups with their names.
func (a *adapter) UserGroups(ctx context.Context, user string) ([]vendors.GroupName, error) {
	op := vendors.OpUserGroups
	if err := a.checkIDs(op, []string{user}); err != nil {
		return nil, err
	}
	var out struct {
		Groups []struct {
			ID   upstream.Text `json:"id"`
			Name upstream.Text `json:"name"`
		} `json:"groups"`
	}
	call := a.form(ctx, op, upstream.Read, "/user/group/query.json", upstream.Fields{{"userId", user}})
	if err := a.up.Do(ctx, call, &out); err != nil {
		return nil, err
	}
	groups := make([]vendors.GroupName, len(out.Groups))
	for i, g := range out.Groups {
		groups[i] = vendors.GroupName{ID: string(g.ID), Name: string(g.Name)}
	}
	return groups, nil
}

// MuteMembers mutes for m.For, rounded up to minutes. Zero mutes for good, as
// the vendor's 0 does (docs/vendors/rongcloud.md#groups).
func (a *adapter) MuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	op := vendors.OpMemberMute
	if err := a.checkIDs(op, m.Users, m.Group); err != nil {
		return nil, err
	}
	n, err := a.minutes(op, traits.MemberMute, m.For)
	if err != nil {
		return nil, err
	}
	form := upstream.Fields{{"groupId", m.Group}, {"minute", strconv.Itoa(n)}}.With("userId", m.Users...)
	return vendors.AllMembers(m.Users, a.up.Do(ctx, a.form(ctx, op, upstream.Control, "/group/user/gag/add.json", form), nil))
}

// UnmuteMembers lets the members talk again. To unmute somebody who is not muted
// is no error.
func (a *adapter) UnmuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	op := vendors.OpMemberUnmute
	if err := a.checkIDs(op, m.Users, m.Group); err != nil {
		return nil, err
	}
	form := upstream.Fields{{"groupId", m.Group}}.With("userId", m.Users...)
	return vendors.AllMembers(m.Users, a.up.Do(ctx, a.form(ctx, op, upstream.Control, "/group/user/gag/rollback.json", form), nil))
}

// MuteGroup leaves those on the group's white list alone to talk.
func (a *adapter) MuteGroup(ctx context.Context, id, _ string) error {
	return a.groupBan(ctx, vendors.OpGroupMute, "/group/ban/add.json", id)
}

// UnmuteGroup lets those talk again who are not muted themselves.
func (a *adapter) UnmuteGroup(ctx context.Context, id, _ string) error {
	return a.groupBan(ctx, vendors.OpGroupUnmute, "/group/ban/rollback.json", id)
}

func (a *adapter) groupBan(ctx context.Context, op, path, id string) error {
	if err := a.checkIDs(op, []string{id}); err != nil {
		return err
	}
	return a.up.Do(ctx, a.form(ctx, op, upstream.Control, path, upstream.Fields{{"groupId", id}}), nil)
}
