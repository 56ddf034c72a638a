package youme

import (
	"context"
	"errors"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// listKept is how old a list of rooms may be: every client's lobby asks for the
// same one. While YouMe cannot be asked, the last one serves for a minute.
const listKept = time.Second

// ListRooms lists the channels of the app, all on one page.
func (a *adapter) ListRooms(ctx context.Context, cursor string) (vendors.RoomPage, error) {
	var out record
	var page vendors.RoomPage
	if cursor != "" {
		return page, vendors.Refuse(a.name, vendors.OpRoomList, vendors.ErrInvalid, "there is one page alone")
	}
	call := a.call(vendors.OpRoomList, upstream.Read, "get_talk_channel_list", map[string]any{"AppID": a.cfg.AppID}, "ChannelList")
	call.Keep, call.Stale, call.Asked = listKept, true, &page.AsOf
	if err := a.up.Do(ctx, call, &out); err != nil {
		return vendors.RoomPage{}, err
	}
	list, err := out.list("ChannelList")
	if err != nil {
		return vendors.RoomPage{}, a.unreadable(vendors.OpRoomList)
	}
	page.Rooms = make([]vendors.RoomCount, len(list))
	for i, r := range list {
		n, err := r.number("UserCount")
		id := string(r.text("ChannelID"))
		if err != nil || id == "" {
			return vendors.RoomPage{}, a.unreadable(vendors.OpRoomList)
		}
		page.Rooms[i] = vendors.RoomCount{ID: id, Users: int(n)}
	}
	return page, nil
}

// The states of a channel as YouMe numbers them (docs/vendors/youme.md#talk-commands).
const (
	channelAbsent  = 1
	channelIdle    = 2
	channelMeeting = 3
)

// RoomStatus asks for the state, and for the number of users of a room that
// has any.
func (a *adapter) RoomStatus(ctx context.Context, room string) (vendors.RoomStatus, error) {
	if err := limits.Check(a.name, vendors.OpRoomStatus, vendors.Size{IDs: []string{room}}); err != nil {
		return vendors.RoomStatus{}, err
	}
	status := vendors.RoomStatus{ID: room}
	state, err := a.channelState(ctx, vendors.OpRoomStatus, room)
	switch {
	case err != nil:
		return vendors.RoomStatus{}, err
	case state == channelAbsent:
		status.State = vendors.RoomAbsent
		return status, nil
	case state == channelIdle:
		status.State = vendors.RoomIdle
		return status, nil
	case state != channelMeeting:
		return vendors.RoomStatus{}, a.unreadable(vendors.OpRoomStatus)
	}
	var out record
	call := a.call(vendors.OpRoomStatus, upstream.Read, "query_talk_channel_user_count", map[string]any{"ChannelID": room}, "UserCount")
	if err := a.up.Do(ctx, call, &out); err != nil {
		return vendors.RoomStatus{}, err
	}
	n, err := out.number("UserCount")
	if err != nil {
		return vendors.RoomStatus{}, a.unreadable(vendors.OpRoomStatus)
	}
	status.State, status.Users = vendors.RoomActive, int(n)
	if n == 0 { // the last one left between the two calls
		status.State = vendors.RoomIdle
	}
	return status, nil
}

func (a *adapter) channelState(ctx context.Context, op, room string) (int64, error) {
	var out record
	body := map[string]any{"AppID": a.cfg.AppID, "ChannelID": room}
	if err := a.up.Do(ctx, a.call(op, upstream.Read, "query_talk_channel_status", body, "Status"), &out); err != nil {
		return 0, err
	}
	state, err := out.number("Status")
	if err != nil {
		return 0, a.unreadable(op)
	}
	return state, nil
}

// RoomUsers lists who is in the room.
func (a *adapter) RoomUsers(ctx context.Context, room string) ([]string, error) {
	return a.members(ctx, vendors.OpRoomUsers, "get_talk_user_list_on_a_channel", room)
}

// RoomSpeakers lists who holds a microphone.
func (a *adapter) RoomSpeakers(ctx context.Context, room string) ([]string, error) {
	return a.members(ctx, vendors.OpRoomSpeakers, "get_talk_speaker_list_on_a_channel", room)
}

// members reads a list of users. What YouMe answers for a room that is not
// there is not published: when nobody is listed, or it refuses with a code of
// its own, the room's state tells whether there is one.
func (a *adapter) members(ctx context.Context, op, command, room string) ([]string, error) {
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{room}}); err != nil {
		return nil, err
	}
	var out record
	body := map[string]any{"AppID": a.cfg.AppID, "ChannelID": room}
	err := a.up.Do(ctx, a.call(op, upstream.Read, command, body, "UserList"), &out)
	if err != nil && !errors.Is(err, vendors.ErrUnknownCode) {
		return nil, err
	}
	users, readable := userIDs(out)
	if err == nil && !readable {
		return nil, a.unreadable(op)
	}
	if len(users) > 0 {
		return users, nil
	}
	state, asked := a.channelState(ctx, op, room)
	if asked == nil && state == channelAbsent {
		return nil, a.notFound(op, err)
	}
	return nil, err
}

func userIDs(out record) (ids []string, readable bool) {
	list, err := out.list("UserList")
	for _, u := range list {
		id := string(u.text("UserID"))
		if id == "" {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, err == nil
}

// notFound says that there is no such room, with the vendor's code if it gave
// one.
func (a *adapter) notFound(op string, refusal error) error {
	e := &vendors.Error{Vendor: a.name, Op: op, Outcome: vendors.DefiniteNo, Err: vendors.ErrNotFound}
	var r *vendors.Error
	if errors.As(refusal, &r) {
		e.Status, e.Code, e.Text, e.Sent = r.Status, r.Code, r.Text, r.Sent
	}
	return e
}

// unreadable is the error of a success that lacks what it was asked for.
func (a *adapter) unreadable(op string) error {
	return &vendors.Error{Vendor: a.name, Op: op, Outcome: vendors.Ambiguous, Err: vendors.ErrUnreadable, Sent: true}
}

// KickUser puts a user out; YouMe counts in seconds, so For is rounded up.
func (a *adapter) KickUser(ctx context.Context, k vendors.Kick) error {
	if err := limits.Check(a.name, vendors.OpRoomKick, vendors.Size{IDs: []string{k.Room, k.User}}); err != nil {
		return err
	}
	if k.For < 0 {
		return vendors.Refuse(a.name, vendors.OpRoomKick, vendors.ErrInvalid, "a kick for less than no time")
	}
	body := map[string]any{
		"app_id": a.cfg.AppID, "channel_id": k.Room, "kick_user_id": k.User,
		"kick_time": int64((k.For + time.Second - 1) / time.Second), "op_user": k.By,
	}
	return a.up.Do(ctx, a.call(vendors.OpRoomKick, upstream.Control, "admin_kick_user", body, ""), nil)
}

// PushText sends a text to everybody in the room, or to one.
func (a *adapter) PushText(ctx context.Context, t vendors.RoomText) error {
	if err := limits.Check(a.name, vendors.OpRoomPush, vendors.Size{IDs: []string{t.Room}, Content: t.Text}); err != nil {
		return err
	}
	if t.Text == "" {
		return vendors.Refuse(a.name, vendors.OpRoomPush, vendors.ErrInvalid, "the text is empty")
	}
	body := map[string]any{"meeting_id": t.Room, "user_id": t.From, "receiver_id": t.To, "content": t.Text}
	return a.up.Do(ctx, a.call(vendors.OpRoomPush, upstream.Write, "push_mcu_msg", body, ""), nil)
}

// identityTypes are the identities as YouMe numbers them
// (docs/vendors/youme.md#talk-commands).
var identityTypes = map[vendors.Identity]int{
	vendors.IdentityFree: 1, vendors.IdentityOnRequest: 2, vendors.IdentityListener: 3,
	vendors.IdentityCommander: 4, vendors.IdentityHost: 5, vendors.IdentityGuest: 6,
}

// identityOf is the identity that has a permission of our words. YouMe carries voice
// alone, everybody hears, and nobody sends data.
func identityOf(p vendors.Permission) (vendors.Identity, bool) {
	switch {
	case p.Same(vendors.Permission{Publish: []vendors.Media{vendors.Microphone}, Subscribe: true}):
		return vendors.IdentityFree, true
	case p.Same(vendors.Permission{Subscribe: true}):
		return vendors.IdentityListener, true
	}
	return "", false
}

// SetPermission changes what a user may do, by an identity. Without a sequence of the
// caller's none is sent: YouMe refuses one that is lower than the last, and two of our
// processes could not agree on one.
func (a *adapter) SetPermission(ctx context.Context, c vendors.PermissionChange) error {
	op := vendors.OpRoomPermission
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{c.Room, c.User}}); err != nil {
		return err
	}
	if c.Identity == "" {
		var can bool
		if c.Identity, can = identityOf(c.Permission); !can {
			return vendors.Refuse(a.name, op, vendors.ErrUnsupported, "users hear, and speak or do not")
		}
	}
	kind, known := identityTypes[c.Identity]
	if !known {
		return vendors.Refuse(a.name, op, vendors.ErrInvalid, "no such identity")
	}
	body := map[string]any{"ChannelID": c.Room, "UserID": c.User, "IdentityType": kind}
	if c.Sequence != 0 {
		body["RequstId"] = c.Sequence // the vendor's spelling
	}
	call := a.call(op, upstream.Control, a.cfg.IdentityCommand, body, "Code")
	call.Check = func(ans upstream.Answer) error { return checkIdentity(ans, a.cfg.AuthCodes) }
	return a.up.Do(ctx, call, nil)
}
