package rongcloud

import (
	"encoding/json"
	"strings"

	"switchboard/vendors"
)

// status is one element of the online and chat room callbacks
// (docs/vendors/rongcloud.md#online-status, docs/vendors/rongcloud.md#chat-room-status).
// The numbers come as numbers or as texts.
type status struct {
	User     string      `json:"userid"`
	Session  string      `json:"sessionId"`
	ChatRoom string      `json:"chatRoomId"`
	Users    []string    `json:"userIds"`
	Status   json.Number `json:"status"`
	Type     json.Number `json:"type"`
	Time     json.Number `json:"time"`
}

// online are the actions of the online callback, where 0 is online; checkOnline
// says 1 (docs/vendors/rongcloud.md#online-status).
var online = map[json.Number]string{"0": "online", "1": "offline", "2": "logout"}

// chatRoomActions are the types of the chat room callback.
var chatRoomActions = map[json.Number]string{"0": "created", "1": "joined", "2": "left", "3": "destroyed"}

func statusEvents(body []byte) ([]vendors.Event, bool) {
	var statuses []status
	if json.Unmarshal(body, &statuses) != nil {
		return nil, false
	}
	events := make([]vendors.Event, 0, len(statuses))
	for _, s := range statuses {
		e, ok := s.event()
		if !ok {
			return nil, false
		}
		events = append(events, e)
	}
	return events, true
}

func (s status) event() (vendors.Event, bool) {
	at := millis(s.Time.String())
	switch {
	case s.ChatRoom != "" && chatRoomActions[s.Type] != "":
		return vendors.Event{
			ID:   eventID(vendors.EventChatRoom, s.ChatRoom, s.Type.String(), s.Time.String(), strings.Join(s.Users, "\x00")),
			Kind: vendors.EventChatRoom, Action: chatRoomActions[s.Type], At: at,
			Target: s.ChatRoom, TargetKind: vendors.ToChatRooms, Users: s.Users,
		}, true
	case s.User != "" && online[s.Status] != "":
		return vendors.Event{
			ID:   eventID(vendors.EventPresence, s.User, s.Session, s.Status.String(), s.Time.String()),
			Kind: vendors.EventPresence, Action: online[s.Status], At: at,
			From: s.User, Session: s.Session,
		}, true
	}
	return vendors.Event{}, false
}

// roomStatus is the RTC room callback (docs/vendors/rongcloud.md#rtc-room-status);
// version 1.0 names the room channelId.
type roomStatus struct {
	Room    string      `json:"roomId"`
	Channel string      `json:"channelId"`
	Session string      `json:"sessionId"`
	Event   json.Number `json:"event"`
	User    string      `json:"userId"`
	Time    json.Number `json:"timestamp"`
	Members []struct {
		User string `json:"userId"`
	} `json:"members"`
}

// roomActions are the events of an RTC room. One that is not here is kept as its
// number.
var roomActions = map[json.Number]string{
	"1": "synced", "2": "created", "3": "destroyed", "11": "joined", "12": "left", "20": "changed",
}

// objectEvents reads an RTC room's status, or a single status that is no list.
func objectEvents(body []byte) ([]vendors.Event, bool) {
	var r roomStatus
	if json.Unmarshal(body, &r) != nil {
		return nil, false
	}
	if r.Room == "" {
		r.Room = r.Channel
	}
	if r.Room == "" || r.Event == "" {
		return statusEvents([]byte("[" + string(body) + "]"))
	}
	e := vendors.Event{
		ID:   eventID(vendors.EventRoom, r.Room, r.Session, r.Event.String(), r.User, r.Time.String()),
		Kind: vendors.EventRoom, Action: roomActions[r.Event], At: millis(r.Time.String()),
		From: r.User, Target: r.Room, Type: r.Event.String(), Session: r.Session,
	}
	if e.Action == "" {
		e.Action = "event " + e.Type
	}
	for _, m := range r.Members {
		e.Users = append(e.Users, m.User)
	}
	return []vendors.Event{e}, true
}
