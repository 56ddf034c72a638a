package ejabberd

import (
	"context"
	"slices"
	"strings"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// events is what a member of a group is sent (MucSub).
const events = "urn:xmpp:mucsub:nodes:messages"

// groupOptions make a room that lasts, that nobody enters who is no member, and in
// which a muted member hears and does not talk (docs/vendors/ejabberd.md#groups).
var groupOptions = [][2]string{
	{"persistent", "true"}, {"members_only", "true"}, {"moderated", "true"}, {"allow_subscription", "true"},
	{"public", "false"}, {"allow_user_invites", "false"}, {"allow_change_subj", "false"},
}

// options are a room's as the command takes them: texts all.
func options(title string, set [][2]string) []map[string]string {
	out := []map[string]string{{"name": "title", "value": title}}
	for _, o := range set {
		out = append(out, map[string]string{"name": o[0], "value": o[1]})
	}
	return out
}

func (a *adapter) createRoom(ctx context.Context, op, room, service, title string, set [][2]string) error {
	return a.up.Do(ctx, a.call(op, upstream.Control, "create_room_with_opts", args{
		"name": localpart(room), "service": service, "host": a.cfg.Host, "options": options(title, set),
	}, done), nil)
}

func (a *adapter) destroyRoom(ctx context.Context, op, room, service string) error {
	return a.up.Do(ctx, a.call(op, upstream.Control, "destroy_room", args{"name": localpart(room), "service": service}, done), nil)
}

// CreateGroup makes a room and then each member, two calls for each. A group that is
// there already goes on where it was left when nobody is in it or its creator is;
// any other is an ErrConflict.
func (a *adapter) CreateGroup(ctx context.Context, g vendors.Group) (vendors.GroupRef, error) {
	op := vendors.OpGroup
	members := append([]string{g.Creator}, slices.DeleteFunc(slices.Clone(g.Members), func(m string) bool { return m == g.Creator })...)
	if err := a.checkIDs(op, members, g.ID); err != nil {
		return vendors.GroupRef{}, err
	}
	if !isXML(g.Name) {
		return vendors.GroupRef{}, a.refuse(op, vendors.ErrInvalid, "a character that XML does not have")
	}
	err := a.createRoom(ctx, op, g.ID, a.cfg.MUCService, g.Name, groupOptions)
	if isConflict(err) {
		err = a.goOn(ctx, op, g, err)
	}
	if err != nil {
		return vendors.GroupRef{}, err
	}
	all := vendors.Composite{Vendor: a.name, Op: op, Begun: true}
	all.Each(members, func(user string) error { return a.join(ctx, op, g.ID, user) })
	return vendors.GroupRef{ID: g.ID, Own: true}, all.Whole()
}

// goOn reports whether a group that exists is one that g's creator began.
func (a *adapter) goOn(ctx context.Context, op string, g vendors.Group, exists error) error {
	there, err := a.subscribers(ctx, op, g.ID)
	if err == nil && len(there) > 0 && !slices.Contains(there, g.Creator) {
		return exists
	}
	return vendors.BeforeWrite(err)
}

// join makes a user hear the group and then talk in it. Both calls may be repeated.
func (a *adapter) join(ctx context.Context, op, group, user string) error {
	var nodes []string
	call := a.call(op, upstream.Control, "subscribe_room", args{
		"user": a.user(user) + "/switchboard", "nick": localpart(user), "room": localpart(group) + "@" + a.cfg.MUCService, "nodes": events,
	}, into(&nodes, func(n []string) bool { return slices.Contains(n, events) }))
	if err := a.up.Do(ctx, call, nil); err != nil {
		return err
	}
	return a.doubtful(op, a.affiliate(ctx, op, group, a.cfg.MUCService, user, "member"))
}

// leave takes both back.
func (a *adapter) leave(ctx context.Context, op, group, user string) error {
	if err := a.affiliate(ctx, op, group, a.cfg.MUCService, user, "none"); err != nil {
		return err
	}
	call := a.call(op, upstream.Control, "unsubscribe_room", args{"user": a.user(user), "room": localpart(group) + "@" + a.cfg.MUCService}, done)
	return a.doubtful(op, a.up.Do(ctx, call, nil))
}

func (a *adapter) affiliate(ctx context.Context, op, room, service, user, affiliation string) error {
	return a.up.Do(ctx, a.call(op, upstream.Control, "set_room_affiliation", args{
		"name": localpart(room), "service": service, "jid": a.user(user), "affiliation": affiliation,
	}, done), nil)
}

// ChangeGroup makes two calls for each user.
func (a *adapter) ChangeGroup(ctx context.Context, id string, add, remove []string) ([]vendors.MemberResult, error) {
	op := vendors.OpGroup
	if err := a.checkIDs(op, slices.Concat(add, remove), id); err != nil {
		return nil, err
	}
	all := vendors.Composite{Vendor: a.name, Op: op}
	all.Each(add, func(user string) error { return a.join(ctx, op, id, user) })
	all.Each(remove, func(user string) error { return a.leave(ctx, op, id, user) })
	return all.Rows()
}

// DismissGroup ends the room, whoever by is: nobody owns it.
func (a *adapter) DismissGroup(ctx context.Context, id, by string) error {
	op := vendors.OpGroup
	if err := a.checkIDs(op, []string{by}, id); err != nil {
		return err
	}
	return a.destroyRoom(ctx, op, id, a.cfg.MUCService)
}

// RenameGroup sets the room's title, whoever asks.
func (a *adapter) RenameGroup(ctx context.Context, id, name, _ string) error {
	op := vendors.OpGroupRename
	if err := a.checkIDs(op, []string{id}); err != nil {
		return err
	}
	if name == "" || !isXML(name) {
		return a.refuse(op, vendors.ErrInvalid, "a group needs a name that XML can hold")
	}
	return a.up.Do(ctx, a.call(op, upstream.Control, "change_room_option", args{
		"name": localpart(id), "service": a.cfg.MUCService, "option": "title", "value": name,
	}, done), nil)
}

// GroupMembers are the subscribers: who may talk is another matter.
func (a *adapter) GroupMembers(ctx context.Context, id string) ([]string, error) {
	op := vendors.OpGroupMembers
	if err := a.checkIDs(op, []string{id}); err != nil {
		return nil, err
	}
	return a.subscribers(ctx, op, id)
}

func (a *adapter) subscribers(ctx context.Context, op, group string) ([]string, error) {
	var jids []string
	call := a.call(op, upstream.Read, "get_subscribers", args{"name": localpart(group), "service": a.cfg.MUCService},
		into(&jids, func(all []string) bool {
			return !slices.ContainsFunc(all, func(j string) bool { return !strings.Contains(j, "@") })
		}))
	if err := a.up.Do(ctx, call, nil); err != nil {
		return nil, err
	}
	users := make([]string, 0, len(jids))
	for _, jid := range jids {
		if user, ours := a.userOf(jid); ours {
			users = append(users, user)
		}
	}
	return users, nil
}

// UserGroups asks for the name of each group by a call of its own.
func (a *adapter) UserGroups(ctx context.Context, user string) ([]vendors.GroupName, error) {
	op := vendors.OpUserGroups
	if err := a.checkIDs(op, []string{user}); err != nil {
		return nil, err
	}
	type room struct {
		JID string `json:"roomjid"`
	}
	var rooms []room
	call := a.call(op, upstream.Read, "get_user_subscriptions", args{"user": localpart(user), "host": a.cfg.Host},
		into(&rooms, func(all []room) bool {
			return !slices.ContainsFunc(all, func(r room) bool { return !strings.Contains(r.JID, "@") })
		}))
	if err := a.up.Do(ctx, call, nil); err != nil {
		return nil, err
	}
	groups := make([]vendors.GroupName, 0, len(rooms))
	for _, r := range rooms {
		id, ours := roomOf(r.JID, a.cfg.MUCService)
		if !ours {
			continue
		}
		title, there, err := a.title(ctx, op, id)
		if err != nil {
			return nil, err
		}
		if there {
			groups = append(groups, vendors.GroupName{ID: id, Name: title})
		}
	}
	return groups, nil
}

// title is a group's name. A room that is gone meanwhile has no options at all.
func (a *adapter) title(ctx context.Context, op, group string) (title string, there bool, err error) {
	var set map[string]any
	call := a.call(op, upstream.Read, "get_room_options", args{"name": localpart(group), "service": a.cfg.MUCService},
		into(&set, func(map[string]any) bool { return true }))
	err = a.up.Do(ctx, call, nil)
	title, _ = set["title"].(string)
	return title, len(set) > 0, err
}

// lookGroup: a message from who is no subscriber, or who may not talk, is taken and
// dropped (docs/vendors/ejabberd.md#silence).
func (a *adapter) lookGroup(ctx context.Context, op, from, target string) (sender, to string, err error) {
	var its struct {
		Affiliation string `json:"affiliation"`
	}
	call := a.call(op, upstream.Read, "get_room_affiliation", args{"name": localpart(target), "service": a.cfg.MUCService, "jid": a.user(from)},
		into(&its, func(i struct {
			Affiliation string `json:"affiliation"`
		}) bool {
			return i.Affiliation != ""
		}))
	if err = a.up.Do(ctx, call, nil); err != nil {
		return "", "", err
	}
	if its.Affiliation == "none" || its.Affiliation == "outcast" {
		return "", "", a.refuse(op, vendors.ErrBlocked, "the sender is no member of the group, or is muted there")
	}
	hear, err := a.subscribers(ctx, op, target)
	if err == nil && !slices.Contains(hear, from) {
		err = a.refuse(op, vendors.ErrBlocked, "the sender has left the group")
	}
	return a.user(from), localpart(target) + "@" + a.cfg.MUCService, err
}

// MuteMembers takes the right to talk from members, who go on hearing.
func (a *adapter) MuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	if err := held.Refuse(a.name, vendors.OpMemberMute, m.For); err != nil {
		return nil, err
	}
	return a.voice(ctx, vendors.OpMemberMute, m, "none")
}

// UnmuteMembers gives it back.
func (a *adapter) UnmuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	return a.voice(ctx, vendors.OpMemberUnmute, m, "member")
}

// voice changes who may talk among those who are in the group: the affiliation alone
// would let others in.
func (a *adapter) voice(ctx context.Context, op string, m vendors.MemberMute, affiliation string) ([]vendors.MemberResult, error) {
	if err := a.checkIDs(op, m.Users, m.Group); err != nil {
		return nil, err
	}
	there, err := a.subscribers(ctx, op, m.Group)
	if err != nil {
		return nil, vendors.BeforeWrite(err)
	}
	all := vendors.Composite{Vendor: a.name, Op: op}
	all.Each(m.Users, func(user string) error {
		if !slices.Contains(there, user) {
			return a.refuse(op, vendors.ErrNotFound, "not in the group")
		}
		return a.affiliate(ctx, op, m.Group, a.cfg.MUCService, user, affiliation)
	})
	return all.Rows()
}
