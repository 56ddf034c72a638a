package linkv

import (
	"context"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// The types of gagUser and gagAllUser. What they switch is taken to be the
// permission to talk (docs/vendors/linkv.md#groups).
const (
	mayNotTalk = "0"
	mayTalk    = "1"
)

// RenameGroup acts as by, who should be the group's admin.
func (a *adapter) RenameGroup(ctx context.Context, id, name, by string) error {
	op := vendors.OpGroupRename
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{id, by}}); err != nil {
		return err
	}
	if name == "" {
		return vendors.Refuse(a.name, op, vendors.ErrInvalid, "a group needs a name")
	}
	form := upstream.Fields{{"appId", a.cfg.AppID}, {"userId", by}, {"groupId", id}, {"groupName", name}}
	return a.im.Do(ctx, a.control(op, by, "/api/rest/group/modifyName", form), nil)
}

// TransferGroup acts as from, the admin so far.
func (a *adapter) TransferGroup(ctx context.Context, id, from, to string) error {
	op := vendors.OpGroupTransfer
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{id, from, to}}); err != nil {
		return err
	}
	form := upstream.Fields{{"appId", a.cfg.AppID}, {"adminUserId", from}, {"toUserId", to}, {"groupId", id}}
	return a.im.Do(ctx, a.control(op, from, "/api/rest/group/transfer", form), nil)
}

// MuteMembers makes one call for each member.
func (a *adapter) MuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	op := vendors.OpMemberMute
	if err := traits.MemberMute.Refuse(a.name, op, m.For); err != nil {
		return nil, err
	}
	return a.gag(ctx, op, m, mayNotTalk)
}

// UnmuteMembers makes one call for each member.
func (a *adapter) UnmuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	return a.gag(ctx, vendors.OpMemberUnmute, m, mayTalk)
}

func (a *adapter) gag(ctx context.Context, op string, m vendors.MemberMute, typ string) ([]vendors.MemberResult, error) {
	if len(m.Users) == 0 {
		return nil, vendors.Refuse(a.name, op, vendors.ErrInvalid, "nobody is named")
	}
	ids := append([]string{m.Group, m.By}, m.Users...)
	if err := limits.Check(a.name, op, vendors.Size{IDs: ids, Targets: len(m.Users)}); err != nil {
		return nil, err
	}
	calls := vendors.Composite{Vendor: a.name, Op: op}
	calls.Each(m.Users, func(user string) error {
		form := upstream.Fields{{"appId", a.cfg.AppID}, {"fromUserId", m.By}, {"toUserId", user}, {"groupId", m.Group}, {"type", typ}}
		return a.im.Do(ctx, a.control(op, m.By, "/api/rest/group/gagUser", form), nil)
	})
	return calls.Rows()
}

// MuteGroup leaves the admin alone to talk.
func (a *adapter) MuteGroup(ctx context.Context, id, by string) error {
	return a.gagAll(ctx, vendors.OpGroupMute, id, by, mayNotTalk)
}

// UnmuteGroup lets those talk again who are not muted themselves.
func (a *adapter) UnmuteGroup(ctx context.Context, id, by string) error {
	return a.gagAll(ctx, vendors.OpGroupUnmute, id, by, mayTalk)
}

func (a *adapter) gagAll(ctx context.Context, op, id, by, typ string) error {
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{id, by}}); err != nil {
		return err
	}
	form := upstream.Fields{{"appId", a.cfg.AppID}, {"fromUserId", by}, {"groupId", id}, {"type", typ}}
	return a.im.Do(ctx, a.control(op, by, "/api/rest/group/gagAllUser", form), nil)
}
