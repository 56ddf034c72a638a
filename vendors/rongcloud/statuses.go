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
	User     text   `json:"userid"`
	Session  text   `json:"sessionId"`
	ChatRoom text   `json:"chatRoomId"`
	Users    []text `json:"userIds"`
	Status   text   `json:"status"`
	Type     text   `json:"type"`
	Time     text   `json:"time"`
	OS       extra  `json:"os"`
	ClientIP extra  `json:"clientIp"`
}

// text is a JSON text or number.
type text string

// UnmarshalJSON takes either, and null for none.
func (t *text) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(t))
	}
	var n json.Number
	err := json.Unmarshal(raw, &n)
	*t = text(n)
	return err
}

// extra is a text of which nothing depends: what it cannot be read from is none.
type extra text

// UnmarshalJSON never fails.
func (e *extra) UnmarshalJSON(raw []byte) error {
	if (*text)(e).UnmarshalJSON(raw) != nil {
		*e = ""
	}
	return nil
}

// online are the actions of the online callback, where 0 is online; checkOnline
// says 1 (docs/vendors/rongcloud.md#online-status).
var online = map[text]string{"0": "online", "1": "offline", "2": "logout"}

// chatRoomActions are the types of the chat room callback.
var chatRoomActions = map[text]string{"0": "created", "1": "joined", "2": "left", "3": "destroyed"}

// statusEvents passes over elements that cannot be read: the vendor sends a list that
// is refused again as it was, and then drops all of it. A list of nothing else is none.
func statusEvents(body []byte) ([]vendors.Event, bool) {
	var elements []json.RawMessage
	if json.Unmarshal(body, &elements) != nil {
		return nil, false
	}
	events := make([]vendors.Event, 0, len(elements))
	for _, element := range elements {
		var s status
		if json.Unmarshal(element, &s) != nil {
			continue
		}
		if e, ok := s.event(); ok {
			events = append(events, e)
		}
	}
	return events, len(events) > 0 || len(elements) == 0
}

// event keeps an action that is not known as its number.
func (s status) event() (vendors.Event, bool) {
	users := make([]string, len(s.Users))
	for i, u := range s.Users {
		users[i] = string(u)
	}
	switch {
	case s.ChatRoom != "" && s.Type != "":
		return vendors.Event{
			ID:   eventID(vendors.EventChatRoom, string(s.ChatRoom), string(s.Type), string(s.Time), strings.Join(users, "\x00")),
			Kind: vendors.EventChatRoom, Action: known(chatRoomActions, s.Type), At: millis(string(s.Time)),
			Target: string(s.ChatRoom), TargetKind: vendors.ToChatRooms, Users: users, Reason: reason(chatRoomReasons, "status", s.Status),
		}, true
	case s.User != "" && s.Status != "":
		return vendors.Event{
			ID:   eventID(vendors.EventPresence, string(s.User), string(s.Session), string(s.Status), string(s.Time)),
			Kind: vendors.EventPresence, Action: known(online, s.Status), At: millis(string(s.Time)),
			From: string(s.User), Session: string(s.Session), Client: string(s.OS), Address: string(s.ClientIP),
		}, true
	}
	return vendors.Event{}, false
}

// chatRoomReasons are why something happened to a chat room. An empty room ends by
// itself, which no operator did.
var chatRoomReasons = map[text]string{"0": "api", "1": "ejected", "2": "banned", "3": "empty"}

// exitReasons are why somebody left an RTC room; the vendor publishes no others
// (docs/vendors/rongcloud.md#rtc-room-status).
var exitReasons = map[text]string{"3": "abnormal"}

// reason keeps a number that is not known behind the field's name.
func reason(reasons map[text]string, field string, number text) string {
	if why := reasons[number]; why != "" || number == "" {
		return why
	}
	return field + " " + string(number)
}

func known(actions map[text]string, number text) string {
	if action := actions[number]; action != "" {
		return action
	}
	return "event " + string(number)
}

// roomStatus is the RTC room callback (docs/vendors/rongcloud.md#rtc-room-status);
// version 1.0 names the room channelId.
type roomStatus struct {
	Room    text  `json:"roomId"`
	Channel text  `json:"channelId"`
	Session text  `json:"sessionId"`
	Event   text  `json:"event"`
	User    text  `json:"userId"`
	Time    text  `json:"timestamp"`
	Exit    extra `json:"exitType"`
	Members []struct {
		User text `json:"userId"`
	} `json:"members"`
}

// roomActions are the events of an RTC room. One that is not here is kept as its
// number.
var roomActions = map[text]string{
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
		ID:   eventID(vendors.EventRoom, string(r.Room), string(r.Session), string(r.Event), string(r.User), string(r.Time)),
		Kind: vendors.EventRoom, Action: known(roomActions, r.Event), At: millis(string(r.Time)),
		From: string(r.User), Target: string(r.Room), Type: string(r.Event), Session: string(r.Session), Reason: reason(exitReasons, "exit", text(r.Exit)),
	}
	for _, m := range r.Members {
		e.Users = append(e.Users, string(m.User))
	}
	return []vendors.Event{e}, true
}
