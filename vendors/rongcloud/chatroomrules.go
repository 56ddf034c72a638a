package rongcloud

import (
	"context"
	"strconv"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// MuteInChatRoom mutes users for d, rounded up to minutes. A room that is not
// there is no error to the vendor.
func (a *adapter) MuteInChatRoom(ctx context.Context, room string, users []string, d time.Duration) ([]vendors.MemberResult, error) {
	return a.restrain(ctx, vendors.OpChatRoomMute, "/chatroom/user/gag/add.json", room, users, d)
}

// UnmuteInChatRoom lets users talk again.
func (a *adapter) UnmuteInChatRoom(ctx context.Context, room string, users []string) ([]vendors.MemberResult, error) {
	return a.release(ctx, vendors.OpChatRoomUnmute, "/chatroom/user/gag/rollback.json", room, users)
}

// BlockFromChatRoom puts users out and keeps them out for d, rounded up to
// minutes. A room that is not there is no error to the vendor.
func (a *adapter) BlockFromChatRoom(ctx context.Context, room string, users []string, d time.Duration) ([]vendors.MemberResult, error) {
	return a.restrain(ctx, vendors.OpChatRoomBlock, "/chatroom/user/block/add.json", room, users, d)
}

// UnblockFromChatRoom lets users in again.
func (a *adapter) UnblockFromChatRoom(ctx context.Context, room string, users []string) ([]vendors.MemberResult, error) {
	return a.release(ctx, vendors.OpChatRoomUnblock, "/chatroom/user/block/rollback.json", room, users)
}

func (a *adapter) restrain(ctx context.Context, op, path, room string, users []string, d time.Duration) ([]vendors.MemberResult, error) {
	if err := a.checkIDs(op, users, room); err != nil {
		return nil, err
	}
	n, err := a.minutes(op, forAWhile, d)
	if err != nil {
		return nil, err
	}
	form := upstream.Fields{{"chatroomId", room}, {"minute", strconv.Itoa(n)}}.With("userId", users...)
	return vendors.AllMembers(users, a.up.Do(ctx, a.form(ctx, op, upstream.Control, path, form), nil))
}

func (a *adapter) release(ctx context.Context, op, path, room string, users []string) ([]vendors.MemberResult, error) {
	if err := a.checkIDs(op, users, room); err != nil {
		return nil, err
	}
	form := upstream.Fields{{"chatroomId", room}}.With("userId", users...)
	return vendors.AllMembers(users, a.up.Do(ctx, a.form(ctx, op, upstream.Control, path, form), nil))
}
