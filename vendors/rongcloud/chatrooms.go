package rongcloud

import (
	"context"
	"strconv"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// CreateChatRoom uses the older call, since create_new has no place for a name
// (docs/vendors/rongcloud.md#chat-rooms). An idle room dies after an hour.
func (a *adapter) CreateChatRoom(ctx context.Context, id, name string) (vendors.GroupRef, error) {
	op := vendors.OpChatRoom
	if err := a.checkIDs(op, []string{id}); err != nil {
		return vendors.GroupRef{}, err
	}
	if name == "" {
		name = id
	}
	form := upstream.Fields{{"chatroom[" + id + "]", name}}
	return kept(id, a.up.Do(ctx, a.form(ctx, op, upstream.Control, "/chatroom/create.json", form), nil))
}

// DestroyChatRoom puts everybody out and ends the room.
func (a *adapter) DestroyChatRoom(ctx context.Context, id string) error {
	op := vendors.OpChatRoom
	if err := a.checkIDs(op, []string{id}); err != nil {
		return err
	}
	form := upstream.Fields{{"chatroomId", id}}
	return a.up.Do(ctx, a.form(ctx, op, upstream.Control, "/chatroom/destroy.json", form), nil)
}

// ChatRoomUsers returns the 500 who have been there longest: the vendor lists no
// more. A room that is not there lists nobody either; only chatroom/get has a
// code for that (docs/vendors/rongcloud.md#chat-rooms).
func (a *adapter) ChatRoomUsers(ctx context.Context, id string) ([]string, error) {
	op := vendors.OpChatRoomUsers
	if err := a.checkIDs(op, []string{id}); err != nil {
		return nil, err
	}
	form := upstream.Fields{{"chatroomId", id}, {"count", strconv.Itoa(maxListed)}, {"order", "1"}}
	var out struct {
		Users []struct {
			ID upstream.Text `json:"id"`
		} `json:"users"`
	}
	if err := a.up.Do(ctx, a.form(ctx, op, upstream.Read, "/chatroom/user/query.json", form), &out); err != nil {
		return nil, err
	}
	if len(out.Users) == 0 {
		return nil, a.up.Do(ctx, a.form(ctx, op, upstream.Read, "/chatroom/get.json", upstream.Fields{{"chatroomId", id}}), nil)
	}
	users := make([]string, len(out.Users))
	for i, u := range out.Users {
		users[i] = string(u.ID)
	}
	return users, nil
}
