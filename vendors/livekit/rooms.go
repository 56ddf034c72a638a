package livekit

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// listKept is how old a list of rooms may be: every client's lobby asks for the
// same one. While the server cannot be asked, the last one serves for a minute.
const listKept = time.Second

// room is a room as the server answers it.
type room struct {
	SID   string `json:"sid"`
	Name  string `json:"name"`
	Users int    `json:"num_participants"`
}

type roomList struct {
	Rooms []room `json:"rooms"`
}

// ListRooms lists the deployment's rooms, all on one page: the server has no pages.
func (a *adapter) ListRooms(ctx context.Context, cursor string) (vendors.RoomPage, error) {
	var page vendors.RoomPage
	if cursor != "" {
		return page, a.refuse(vendors.OpRoomList, vendors.ErrInvalid, "there is one page alone")
	}
	var out roomList
	call := a.call(vendors.OpRoomList, upstream.Read, listRooms, "", struct{}{}, "rooms")
	call.Keep, call.Stale, call.Asked = listKept, true, &page.AsOf
	if err := a.up.Do(ctx, call, &out); err != nil {
		return vendors.RoomPage{}, err
	}
	page.Rooms = make([]vendors.RoomCount, len(out.Rooms))
	for i, r := range out.Rooms {
		if r.Name == "" || r.SID == "" {
			return vendors.RoomPage{}, a.unreadable(vendors.OpRoomList)
		}
		page.Rooms[i] = vendors.RoomCount{ID: r.Name, Session: r.SID, Users: r.Users}
	}
	return page, nil
}

// RoomStatus asks for the room, which stays for a while after the last user left, and
// counts the people in it: the server's own count is up to five seconds old
// (docs/vendors/livekit.md#presence-in-a-room).
func (a *adapter) RoomStatus(ctx context.Context, name string) (vendors.RoomStatus, error) {
	op := vendors.OpRoomStatus
	s, err := a.status(ctx, op, name)
	if err != nil || s.State == vendors.RoomAbsent {
		return s, err
	}
	people, err := a.listed(ctx, op, name)
	if err != nil {
		return vendors.RoomStatus{}, err
	}
	s.State, s.Users = vendors.RoomIdle, len(people)
	if len(people) > 0 {
		s.State = vendors.RoomActive
	}
	return s, nil
}

func (a *adapter) status(ctx context.Context, op, name string) (vendors.RoomStatus, error) {
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{name}}); err != nil {
		return vendors.RoomStatus{}, err
	}
	var out roomList
	if err := a.up.Do(ctx, a.call(op, upstream.Read, listRooms, "", map[string]any{"names": []string{name}}, "rooms"), &out); err != nil {
		return vendors.RoomStatus{}, err
	}
	status := vendors.RoomStatus{ID: name, State: vendors.RoomAbsent}
	for _, r := range out.Rooms {
		if r.Name != name {
			return vendors.RoomStatus{}, a.unreadable(op)
		}
		status.State, status.Session, status.Users = vendors.RoomIdle, r.SID, r.Users
		if r.Users > 0 {
			status.State = vendors.RoomActive
		}
	}
	return status, nil
}

// participant is somebody in a room, as the server answers and reports them.
type participant struct {
	Identity   string         `json:"identity"`
	State      string         `json:"state"`
	Kind       string         `json:"kind"`
	Tracks     []track        `json:"tracks"`
	Permission map[string]any `json:"permission"`
}

// person is false for what the server itself puts into rooms: recorders, bridges,
// agents.
func (p participant) person() bool { return p.Kind == "" || p.Kind == "STANDARD" }

// track is a stream that somebody sends.
type track struct {
	SID    string `json:"sid"`
	Source string `json:"source"` // "MICROPHONE"
	Muted  bool   `json:"muted"`
}

// of reports whether t is of medium m.
func (t track) of(m vendors.Media) bool {
	return slices.Contains(mediaSources[m], strings.ToLower(t.Source))
}

// people lists those in a room. The server lists nobody for a room that is not there,
// so the room itself is asked for then.
func (a *adapter) people(ctx context.Context, op, name string) ([]participant, error) {
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{name}}); err != nil {
		return nil, err
	}
	people, err := a.listed(ctx, op, name)
	if err != nil || len(people) > 0 {
		return people, err
	}
	switch s, err := a.status(ctx, op, name); {
	case err != nil:
		return nil, err
	case s.State == vendors.RoomAbsent:
		return nil, a.refuse(op, vendors.ErrNotFound, "no such room")
	}
	return nil, nil
}

// listed are the people whom the server lists in a room.
func (a *adapter) listed(ctx context.Context, op, name string) ([]participant, error) {
	var out struct {
		Participants []participant `json:"participants"`
	}
	if err := a.up.Do(ctx, a.call(op, upstream.Read, listParticipants, name, map[string]any{"room": name}, "participants"), &out); err != nil {
		return nil, err
	}
	for _, p := range out.Participants {
		if p.Identity == "" {
			return nil, a.unreadable(op)
		}
	}
	return slices.DeleteFunc(out.Participants, func(p participant) bool { return !p.person() || p.State == "DISCONNECTED" }), nil
}

// RoomUsers lists who is in the room. Somebody whose app was ended stays in it for
// some 20 seconds (docs/vendors/livekit.md#presence-in-a-room).
func (a *adapter) RoomUsers(ctx context.Context, name string) ([]string, error) {
	people, err := a.people(ctx, vendors.OpRoomUsers, name)
	return identities(people, func(participant) bool { return true }), err
}

// RoomSpeakers lists who sends an unmuted microphone.
func (a *adapter) RoomSpeakers(ctx context.Context, name string) ([]string, error) {
	people, err := a.people(ctx, vendors.OpRoomSpeakers, name)
	return identities(people, func(p participant) bool {
		return slices.ContainsFunc(p.Tracks, func(t track) bool { return t.of(vendors.Microphone) && !t.Muted })
	}), err
}

func identities(people []participant, want func(participant) bool) (out []string) {
	for _, p := range people {
		if want(p) {
			out = append(out, p.Identity)
		}
	}
	return out
}

// KickUser puts a user out. It is no ban: whoever has a token that is still good may
// come back with it (docs/vendors/livekit.md#removing-is-no-ban).
func (a *adapter) KickUser(ctx context.Context, k vendors.Kick) error {
	op := vendors.OpRoomKick
	switch {
	case k.For < 0:
		return a.refuse(op, vendors.ErrInvalid, "a kick for less than no time")
	case k.For > 0:
		return a.refuse(op, vendors.ErrUnsupported, "whoever is put out may come back")
	}
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{k.Room, k.User}}); err != nil {
		return err
	}
	body := map[string]any{"room": k.Room, "identity": k.User}
	return a.up.Do(ctx, a.call(op, upstream.Control, removeParticipant, k.Room, body, ""), nil)
}

// DissolveRoom puts everybody out and ends the room. A token that is still good opens a
// new one of that name where the server makes rooms by itself.
func (a *adapter) DissolveRoom(ctx context.Context, name string) error {
	op := vendors.OpRoomDissolve
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{name}}); err != nil {
		return err
	}
	return a.up.Do(ctx, a.call(op, upstream.Control, deleteRoom, name, map[string]any{"room": name}, ""), nil)
}

// answerTime is how long the server itself waits before it says that nobody took a
// request, and a second more (docs/vendors/livekit.md#absent-rooms).
const answerTime = 4 * time.Second

// doToRoom makes a call that the server answers for an absent room, after three
// seconds, as if it were away itself: the room is asked for then, and only if it is
// there does the failure count against the server.
func (a *adapter) doToRoom(ctx context.Context, call upstream.Call, name string) error {
	call.Slow = answerTime
	call.Object = func(e *vendors.Error) bool { return e.Code == noAnswer }
	err := a.up.Do(ctx, call, nil)
	var fault *vendors.Error
	if !errors.As(err, &fault) || fault.Code != noAnswer {
		return err
	}
	switch s, asked := a.status(ctx, call.Op, name); {
	case asked != nil: // the read counts for itself
		return err
	case s.State == vendors.RoomAbsent:
		a.up.Absolve(call.Class)
		return &vendors.Error{
			Vendor: a.name, Op: call.Op, Outcome: vendors.DefiniteNo, Status: fault.Status, Code: fault.Code,
			Text: fault.Text, Effect: fault.Effect, Sent: true, Err: vendors.ErrNotFound,
		}
	}
	a.up.Blame(call.Class, fault)
	return err
}

// Snapshot lists the rooms with the people in them, who are asked for room by room: the
// list's own counts are old.
func (a *adapter) Snapshot(ctx context.Context) ([]vendors.RoomSnapshot, error) {
	op := vendors.OpReconcile
	var out roomList
	if err := a.up.Do(ctx, a.call(op, upstream.Read, listRooms, "", struct{}{}, "rooms"), &out); err != nil {
		return nil, err
	}
	rooms := make([]vendors.RoomSnapshot, 0, len(out.Rooms))
	for _, r := range out.Rooms {
		if r.Name == "" || r.SID == "" {
			return nil, a.unreadable(op)
		}
		people, err := a.listed(ctx, op, r.Name)
		if err != nil {
			return nil, err
		}
		rooms = append(rooms, vendors.RoomSnapshot{ID: r.Name, Session: r.SID, Users: identities(people, func(participant) bool { return true })})
	}
	return rooms, nil
}
