package rongcloud_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/rongcloud"
)

func TestRTCRooms(t *testing.T) {
	s := start(t, rongcloud.Config{})
	query := func() answer { return call(t, s, "POST", "/rtc/room/query.json", object{"roomId": "r"}) }
	if a := query().want(t, 40003); a.status != 200 {
		t.Error(a.status)
	}
	for _, u := range []string{"a", "b", "c"} {
		if err := s.JoinRTC("r", u); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PublishRTC("r", "a", rongcloud.Stream{Video: true, ID: "m", URI: "u", Tag: "RongCloudRTC"}); err != nil {
		t.Error(err)
	}
	if err := s.PublishRTC("r", "z"); !errors.Is(err, rongcloud.ErrNoStream) {
		t.Error(err)
	}
	a := query().want(t, 200)
	if got := fmt.Sprint(a.body["members"]); !strings.Contains(got, "mediaType:1 msid:m tag:RongCloudRTC uri:u") || a.body["sessionId"] == "" {
		t.Error(a.raw)
	}
	call(t, s, "POST", "/rtc/user/kick.json", object{"roomId": "r", "userId": "a"}).want(t, 200)
	if err := s.JoinRTC("r", "a"); err != nil {
		t.Error("a kicked user may come back", err)
	}
	call(t, s, "POST", "/v2/rtc/rooms/r/block-users", object{"user_ids": []string{"a"}, "minute": 5}).want(t, 10000)
	if err := s.JoinRTC("r", "a"); !errors.Is(err, rongcloud.ErrRoomBlocked) {
		t.Error(err)
	}
	call(t, s, "POST", "/v2/rtc/rooms/r/block-users", object{"user_ids": []string{"a"}, "minute": 0}).want(t, 1002)
	call(t, s, "DELETE", "/v2/rtc/rooms/r/block-users", object{"user_ids": []string{"a"}}).want(t, 10000)
	if err := s.JoinRTC("r", "a"); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(s.RTCMembers("r")); got != "[b c a]" {
		t.Error(got)
	}
	call(t, s, "DELETE", "/v2/rtc/rooms/r", nil).want(t, 10000)
	if got := s.RTCMembers("r"); len(got) != 0 {
		t.Error(got)
	}
	query().want(t, 40003)
}

func TestAUserCanBeKeptOutOfAllRTCRooms(t *testing.T) {
	s := start(t, rongcloud.Config{})
	join := func() string { return fmt.Sprint(s.JoinRTC("r", "a"), s.JoinRTC("q", "a")) }
	if got := join(); got != "<nil> <nil>" {
		t.Error(got)
	}
	call(t, s, "POST", "/rtc/user/block.json", object{"userId": "a", "minute": 43201}).want(t, 1002)
	call(t, s, "POST", "/rtc/user/block.json", object{"userId": "a", "minute": 5}).want(t, 200)
	if len(s.RTCMembers("r"))+len(s.RTCMembers("q")) != 0 || !errors.Is(s.JoinRTC("r", "a"), rongcloud.ErrRoomBlocked) {
		t.Error(s.RTCMembers("r"), s.RTCMembers("q"))
	}
	call(t, s, "POST", "/rtc/user/unblock.json", object{"userId": "a"}).want(t, 200)
	if got := join(); got != "<nil> <nil>" {
		t.Error(got)
	}
	call(t, s, "POST", "/rtc/user/block.json", object{"userId": "a", "minute": 5}).want(t, 200)
	s.Clock.Advance(6 * time.Minute)
	if got := join(); got != "<nil> <nil>" {
		t.Error(got)
	}
}

func TestARecordingNeedsItsSession(t *testing.T) {
	s := start(t, rongcloud.Config{})
	if err := s.JoinRTC("r", "a"); err != nil {
		t.Fatal(err)
	}
	session := call(t, s, "POST", "/rtc/room/query.json", object{"roomId": "r"}).want(t, 200).body["sessionId"].(string)
	record := func(what, room, session string) answer {
		r := request(t, "POST", s.URL+"/rtc/record/"+what+".json", "application/json", fmt.Sprintf(`{"sessionId":%q,"extra":"","config":{"recordType":2,"mode":1,"videoFormat":"mp4"}}`, session))
		if room != "" {
			r.Header.Set("Room-Id", room)
		}
		sign(r)
		return do(t, r)
	}
	record("start", "", session).want(t, 1002)
	record("start", "r", "another").want(t, 40003)
	id := record("start", "r", session).want(t, 200).body["recordId"]
	if again := record("start", "r", session).want(t, 200).body["recordId"]; again != id {
		t.Error("a second recording of one session", again, id)
	}
	if stopped := record("stop", "r", session).want(t, 200).body["recordId"]; stopped != id {
		t.Error(stopped, id)
	}
	record("stop", "r", session).want(t, 40003)
}
