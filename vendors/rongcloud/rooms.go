package rongcloud

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// checkRoom refuses ids that a path or a header cannot carry as they are.
func (a *adapter) checkRoom(op, room string, users ...string) error {
	if room == "." || room == ".." {
		return a.refuse(op, vendors.ErrInvalid, "no room can be named so")
	}
	return limits.Check(a.name, op, vendors.Size{IDs: append([]string{room}, users...), Targets: len(users)})
}

// roomAnswer is an RTC room. A room exists while somebody is in it, and then
// has a session (docs/vendors/rongcloud.md#rtc).
type roomAnswer struct {
	Session string `json:"sessionId"`
	Members []struct {
		User upstream.Text `json:"userId"`
	} `json:"members"`
}

func (a *adapter) room(ctx context.Context, op, room string) (roomAnswer, error) {
	var out roomAnswer
	if err := a.checkRoom(op, room); err != nil {
		return out, err
	}
	call := a.json(ctx, op, upstream.Read, http.MethodPost, "/rtc/room/query.json", map[string]string{"roomId": room})
	call.Header.Set("Room-Id", room)
	return out, a.up.Do(ctx, call, &out)
}

// RoomStatus answers from the room's members: RongCloud keeps no room without any.
func (a *adapter) RoomStatus(ctx context.Context, room string) (vendors.RoomStatus, error) {
	r, err := a.room(ctx, vendors.OpRoomStatus, room)
	s := vendors.RoomStatus{ID: room, Session: r.Session, State: vendors.RoomAbsent, Users: len(r.Members)}
	switch {
	case errors.Is(err, vendors.ErrNotFound):
		return s, nil
	case err != nil:
		return vendors.RoomStatus{}, err
	case len(r.Members) > 0:
		s.State = vendors.RoomActive
	case r.Session != "":
		s.State = vendors.RoomIdle
	}
	return s, nil
}

// RoomUsers lists who is in the room.
func (a *adapter) RoomUsers(ctx context.Context, room string) ([]string, error) {
	op := vendors.OpRoomUsers
	r, err := a.room(ctx, op, room)
	if err != nil {
		return nil, err
	}
	if len(r.Members) == 0 && r.Session == "" {
		return nil, a.refuse(op, vendors.ErrNotFound, "no such room")
	}
	users := make([]string, len(r.Members))
	for i, m := range r.Members {
		users[i] = string(m.User)
	}
	return users, nil
}

// KickUser puts a user out. With For it is a block from this room, rounded up to
// minutes, which also puts the user out. The vendor keeps no record of By.
func (a *adapter) KickUser(ctx context.Context, k vendors.Kick) error {
	op := vendors.OpRoomKick
	if k.For != 0 {
		return a.block(ctx, op, k.Room, []string{k.User}, k.For)
	}
	if err := a.checkRoom(op, k.Room, k.User); err != nil {
		return err
	}
	body := map[string]string{"userId": k.User, "roomId": k.Room}
	return a.up.Do(ctx, a.json(ctx, op, upstream.Control, http.MethodPost, "/rtc/user/kick.json", body), nil)
}

// BanUsers keeps users out of room for d, rounded up to minutes.
func (a *adapter) BanUsers(ctx context.Context, room string, users []string, d time.Duration) error {
	return a.block(ctx, vendors.OpRoomBan, room, users, d)
}

func roomPath(room string) string { return "/v2/rtc/rooms/" + url.PathEscape(room) }

func (a *adapter) block(ctx context.Context, op, room string, users []string, d time.Duration) error {
	if len(users) == 0 {
		return a.refuse(op, vendors.ErrInvalid, "nobody is named")
	}
	if err := a.checkRoom(op, room, users...); err != nil {
		return err
	}
	n, err := a.minutes(op, forAWhile, d)
	if err != nil {
		return err
	}
	body := map[string]any{"user_ids": users, "minute": n}
	return a.up.Do(ctx, a.json(ctx, op, upstream.Control, http.MethodPost, roomPath(room)+"/block-users", body), nil)
}

// UnbanUsers lets users into room again.
func (a *adapter) UnbanUsers(ctx context.Context, room string, users []string) error {
	op := vendors.OpRoomUnban
	if len(users) == 0 {
		return a.refuse(op, vendors.ErrInvalid, "nobody is named")
	}
	if err := a.checkRoom(op, room, users...); err != nil {
		return err
	}
	body := map[string]any{"user_ids": users}
	return a.up.Do(ctx, a.json(ctx, op, upstream.Control, http.MethodDelete, roomPath(room)+"/block-users", body), nil)
}

// DissolveRoom puts everybody out.
func (a *adapter) DissolveRoom(ctx context.Context, room string) error {
	op := vendors.OpRoomDissolve
	if err := a.checkRoom(op, room); err != nil {
		return err
	}
	return a.up.Do(ctx, a.json(ctx, op, upstream.Control, http.MethodDelete, roomPath(room), nil), nil)
}
