package ejabberd

import (
	"context"
	"slices"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// chatRoomOptions make a room that lasts without anybody in it and that everybody may
// enter. Who is in it is seen by all, so that clients know whose words they read.
var chatRoomOptions = [][2]string{
	{"persistent", "true"}, {"members_only", "false"}, {"moderated", "true"}, {"members_by_default", "true"},
	{"anonymous", "false"}, {"allow_subscription", "false"}, {"allow_change_subj", "false"},
}

// CreateChatRoom takes one that is there for made.
func (a *adapter) CreateChatRoom(ctx context.Context, id, name string) (vendors.GroupRef, error) {
	op := vendors.OpChatRoom
	if err := a.checkIDs(op, []string{id}); err != nil {
		return vendors.GroupRef{}, err
	}
	if name == "" {
		name = id
	}
	if !isXML(name) {
		return vendors.GroupRef{}, a.refuse(op, vendors.ErrInvalid, "a character that XML does not have")
	}
	if err := a.createRoom(ctx, op, id, a.cfg.ChatRoomService, name, chatRoomOptions); err != nil && !isConflict(err) {
		return vendors.GroupRef{}, err
	}
	return vendors.GroupRef{ID: id, Own: true}, nil
}

// DestroyChatRoom puts everybody out and ends the room.
func (a *adapter) DestroyChatRoom(ctx context.Context, id string) error {
	op := vendors.OpChatRoom
	if err := a.checkIDs(op, []string{id}); err != nil {
		return err
	}
	return a.destroyRoom(ctx, op, id, a.cfg.ChatRoomService)
}

// occupant is who is present in a room, with one device.
type occupant struct {
	JID  string `json:"jid"` // with its resource
	Role string `json:"role"`
}

func (a *adapter) occupants(ctx context.Context, op, room string) ([]occupant, error) {
	var all []occupant
	call := a.call(op, upstream.Read, "get_room_occupants", args{"name": localpart(room), "service": a.cfg.ChatRoomService},
		into(&all, func(list []occupant) bool {
			return !slices.ContainsFunc(list, func(o occupant) bool { return o.JID == "" || o.Role == "" })
		}))
	err := a.up.Do(ctx, call, nil)
	return all, err
}

// ChatRoomUsers lists everybody once, with however many devices.
func (a *adapter) ChatRoomUsers(ctx context.Context, id string) ([]string, error) {
	op := vendors.OpChatRoomUsers
	if err := a.checkIDs(op, []string{id}); err != nil {
		return nil, err
	}
	all, err := a.occupants(ctx, op, id)
	if err != nil {
		return nil, err
	}
	users := make([]string, 0, len(all))
	for _, o := range all {
		if user, ours := a.userOf(o.JID); ours && !slices.Contains(users, user) {
			users = append(users, user)
		}
	}
	return users, nil
}

// lookChatRoom: a message from who is not in the room is taken and dropped, and so is
// one that does not come from the device that is.
func (a *adapter) lookChatRoom(ctx context.Context, op, from, target string) (sender, to string, err error) {
	all, err := a.occupants(ctx, op, target)
	if err != nil {
		return "", "", err
	}
	for _, o := range all {
		if user, ours := a.userOf(o.JID); ours && user == from && (o.Role == "participant" || o.Role == "moderator") {
			return o.JID, localpart(target) + "@" + a.cfg.ChatRoomService, nil
		}
	}
	return "", "", a.refuse(op, vendors.ErrBlocked, "the sender is not in the chat room, or may not talk there")
}

// BlockFromChatRoom puts users out, and keeps them out until they are let in again.
func (a *adapter) BlockFromChatRoom(ctx context.Context, room string, users []string, d time.Duration) ([]vendors.MemberResult, error) {
	if err := held.Refuse(a.name, vendors.OpChatRoomBlock, d); err != nil {
		return nil, err
	}
	return a.outcast(ctx, vendors.OpChatRoomBlock, room, users, "outcast")
}

// UnblockFromChatRoom lets users in again.
func (a *adapter) UnblockFromChatRoom(ctx context.Context, room string, users []string) ([]vendors.MemberResult, error) {
	return a.outcast(ctx, vendors.OpChatRoomUnblock, room, users, "none")
}

func (a *adapter) outcast(ctx context.Context, op, room string, users []string, affiliation string) ([]vendors.MemberResult, error) {
	if err := a.checkIDs(op, users, room); err != nil {
		return nil, err
	}
	all := vendors.Composite{Vendor: a.name, Op: op}
	all.Each(users, func(user string) error { return a.affiliate(ctx, op, room, a.cfg.ChatRoomService, user, affiliation) })
	return all.Rows()
}
