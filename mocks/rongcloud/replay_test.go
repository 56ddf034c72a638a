package rongcloud_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchboard/mocks/rongcloud"
)

// told is what a customer knows who believes every callback.
type told struct {
	chatRooms map[string][]string // a room that is there -> its members
	rtc       map[string][]string // an RTC room that is there -> its members
	online    map[string]bool
}

func (w *told) chatRoom(t *rapid.T, body string) {
	var events []struct {
		ChatRoomID string
		UserIDs    []string
		Type       int
	}
	if err := json.Unmarshal([]byte(body), &events); err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if _, there := w.chatRooms[e.ChatRoomID]; there != (e.Type != 0) {
			t.Fatalf("room %s is there: %v, and then %+v", e.ChatRoomID, there, e)
		}
		switch e.Type {
		case 0:
			w.chatRooms[e.ChatRoomID] = []string{}
		case 1:
			w.chatRooms[e.ChatRoomID] = append(w.chatRooms[e.ChatRoomID], e.UserIDs...)
		case 2:
			w.chatRooms[e.ChatRoomID] = slices.DeleteFunc(w.chatRooms[e.ChatRoomID], func(u string) bool { return slices.Contains(e.UserIDs, u) })
		case 3:
			delete(w.chatRooms, e.ChatRoomID)
		}
	}
}

func (w *told) room(t *rapid.T, body string) {
	var e struct {
		RoomID, UserID string
		Event          int
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(err)
	}
	if _, there := w.rtc[e.RoomID]; there != (e.Event != 2) {
		t.Fatalf("RTC room %s is there: %v, and then %+v", e.RoomID, there, e)
	}
	switch e.Event {
	case 2:
		w.rtc[e.RoomID] = []string{}
	case 3:
		delete(w.rtc, e.RoomID)
	case 11:
		w.rtc[e.RoomID] = append(w.rtc[e.RoomID], e.UserID)
	case 12:
		w.rtc[e.RoomID] = slices.DeleteFunc(w.rtc[e.RoomID], func(u string) bool { return u == e.UserID })
	}
}

func (w *told) presence(t *rapid.T, body string) {
	var events []struct{ UserID, Status string }
	if err := json.Unmarshal([]byte(body), &events); err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		w.online[e.UserID] = e.Status == "0"
	}
}

// Whatever happens, who replays the callbacks has the vendor's state: nothing
// is left out, told twice or told in the wrong order.
func TestTheCallbacksTellTheWholeState(t *testing.T) {
	s, c := withCustomer(t, rongcloud.Config{NoRateLimits: true})
	users, rooms := []string{"a", "b", "c"}, []string{"r", "q"}
	rapid.Check(t, func(rt *rapid.T) {
		s.Do(s.Reset)
		w := &told{chatRooms: map[string][]string{}, rtc: map[string][]string{}, online: map[string]bool{}}
		some := func(of []string) string { return rapid.SampledFrom(of).Draw(rt, "one") }
		call := func(path string, pairs ...string) { form(t, s, path, pairs...) }
		rt.Repeat(map[string]func(*rapid.T){
			"join":    func(*rapid.T) { _ = s.JoinChatRoom(some(rooms), some(users)) }, // who is kept out stays out
			"leave":   func(*rapid.T) { s.LeaveChatRoom(some(rooms), some(users)) },
			"create":  func(*rapid.T) { call("/chatroom/create", "chatroom["+some(rooms)+"]", "n") },
			"destroy": func(*rapid.T) { call("/chatroom/destroy", "chatroomId", some(rooms)) },
			"block": func(*rapid.T) {
				call("/chatroom/user/block/add", "chatroomId", some(rooms), "userId", some(users), "minute", "1")
			},
			"post": func(*rapid.T) {
				call("/message/chatroom/publish", "fromUserId", "x", "toChatroomId", some(rooms), "objectName", "app:x", "content", "x")
			},
			"online":   func(*rapid.T) { s.SetOnline(some(users), true) },
			"offline":  func(*rapid.T) { s.SetOnline(some(users), false) },
			"cut":      func(*rapid.T) { call("/user/block", "userId", some(users), "minute", "1") },
			"rtc join": func(*rapid.T) { _ = s.JoinRTC(some(rooms), some(users)) },
			"rtc quit": func(*rapid.T) { s.LeaveRTC(some(rooms), some(users)) },
			"dissolve": func(*rapid.T) { callRTC(t, s, "DELETE", "/v2/rtc/rooms/"+some(rooms)) },
			"wait": func(*rapid.T) {
				s.Clock.Advance(time.Duration(rapid.IntRange(1, 40).Draw(rt, "minutes")) * time.Minute)
			},
			"": func(rt *rapid.T) {
				exist := s.ChatRooms() // ends the rooms whose time is over
				s.Callbacks.Wait()
				for path, hear := range map[string]func(*rapid.T, string){"/chatroom": w.chatRoom, "/rtc": w.room, "/online": w.presence} {
					for _, r := range c.take(path) {
						hear(rt, r.body)
					}
				}
				if len(exist) != len(w.chatRooms) {
					rt.Fatalf("rooms %v, told %v", exist, w.chatRooms)
				}
				for _, room := range rooms {
					members, _ := s.ChatRoomMembers(room)
					if fmt.Sprint(members) != fmt.Sprint(w.chatRooms[room]) {
						rt.Fatalf("%s has %v, told %v", room, members, w.chatRooms[room])
					}
					if in := s.RTCMembers(room); fmt.Sprint(in) != fmt.Sprint(w.rtc[room]) {
						rt.Fatalf("RTC room %s has %v, told %v", room, in, w.rtc[room])
					}
				}
				for _, u := range users {
					if online := s.Online(u); online != w.online[u] {
						rt.Fatalf("%s is online: %v, told %v", u, online, w.online[u])
					}
				}
			},
		})
	})
}

func callRTC(t *testing.T, s *rongcloud.Server, method, path string) {
	t.Helper()
	call(t, s, method, path, nil).want(t, 10000)
}
