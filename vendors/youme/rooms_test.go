package youme

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// command is one request as YouMe saw it.
type command struct {
	path string // still escaped
	body map[string]any
}

// scripted answers each command by its name and returns what came in.
func scripted(t *testing.T, answers map[string]string) (*vendors.Vendor, func() []command) {
	t.Helper()
	var mu sync.Mutex // guards seen
	var seen []command
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := command{path: r.URL.EscapedPath()}
		_ = json.NewDecoder(r.Body).Decode(&c.body)
		mu.Lock()
		seen = append(seen, c)
		mu.Unlock()
		_, _ = io.WriteString(w, answers[strings.TrimPrefix(r.URL.Path, "/v1/im/")])
	}))
	t.Cleanup(srv.Close)
	v, err := Open("youme", Config{
		AppKey: "YOUME1", AppSecret: "s3cret", AppID: 1000, Identifier: "admin",
		BaseURL: srv.URL, IdentityCommand: "change_user_ Identity",
	}, upstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v, func() []command {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(seen)
	}
}

const (
	statusCommand = "query_talk_channel_status"
	countCommand  = "query_talk_channel_user_count"
	usersCommand  = "get_talk_user_list_on_a_channel"
	okEnvelope    = `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}`
)

// TestOrdersGoOutAsTheDocumentWritesThem: two key styles, a space in a path and
// the misspelt RequstId (docs/vendors/youme.md#spelling).
func TestOrdersGoOutAsTheDocumentWritesThem(t *testing.T) {
	v, seen := scripted(t, map[string]string{
		"admin_kick_user": okEnvelope, "push_mcu_msg": okEnvelope, "change_user_ Identity": `{"Code":0}`,
	})
	for _, err := range []error{
		v.Rooms.Kick.KickUser(t.Context(), vendors.Kick{Room: "r", User: "u", For: 1500 * time.Millisecond, By: "ops"}),
		v.Rooms.Push.PushText(t.Context(), vendors.RoomText{Room: "r", From: "me", Text: "hi"}),
		v.Rooms.Permission.SetPermission(t.Context(), vendors.PermissionChange{Room: "r", User: "u", Identity: vendors.IdentityHost, Sequence: 1591177759251}),
		v.Rooms.Permission.SetPermission(t.Context(), vendors.PermissionChange{Room: "r", User: "u", Identity: vendors.IdentityFree}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []command{
		{"/v1/im/admin_kick_user", map[string]any{"app_id": 1000.0, "channel_id": "r", "kick_user_id": "u", "kick_time": 2.0, "op_user": "ops"}},
		{"/v1/im/push_mcu_msg", map[string]any{"meeting_id": "r", "user_id": "me", "receiver_id": "", "content": "hi"}},
		{"/v1/im/change_user_%20Identity", map[string]any{"ChannelID": "r", "UserID": "u", "IdentityType": 5.0, "RequstId": 1591177759251.0}},
		{"/v1/im/change_user_%20Identity", map[string]any{"ChannelID": "r", "UserID": "u", "IdentityType": 1.0}},
	}
	if got := seen(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestRoomStatusIsTheStateAndForARoomInUseTheCount(t *testing.T) {
	for _, tc := range []struct {
		name, status, count string
		want                vendors.RoomStatus
		commands            int
		err                 error
	}{
		{"absent", `{"Status":1}`, "", vendors.RoomStatus{ID: "r", State: vendors.RoomAbsent}, 1, nil},
		{"idle", `{"Status":"2"}`, "", vendors.RoomStatus{ID: "r", State: vendors.RoomIdle}, 1, nil},
		{"in use", `{"Status":3}`, `{"UserCount":7}`, vendors.RoomStatus{ID: "r", State: vendors.RoomActive, Users: 7}, 2, nil},
		{"the last one just left", `{"Status":3}`, `{"UserCount":0}`, vendors.RoomStatus{ID: "r", State: vendors.RoomIdle}, 2, nil},
		{"a state that nobody knows", `{"Status":4}`, "", vendors.RoomStatus{}, 1, vendors.ErrUnreadable},
		{"a state that is none", `{"Status":[]}`, "", vendors.RoomStatus{}, 1, vendors.ErrUnreadable},
		{"a count that is none", `{"Status":3}`, `{"UserCount":"many"}`, vendors.RoomStatus{}, 2, vendors.ErrUnreadable},
	} {
		v, seen := scripted(t, map[string]string{statusCommand: tc.status, countCommand: tc.count})
		got, err := v.Rooms.Query.RoomStatus(t.Context(), "r")
		if got != tc.want || !errors.Is(err, tc.err) || len(seen()) != tc.commands {
			t.Errorf("%s: %+v, %v after %d commands", tc.name, got, err, len(seen()))
		}
	}
}

// TestRoomThatIsNotThereIsNotFoundHoweverYouMeSaysIt: no code for it is public.
func TestRoomThatIsNotThereIsNotFoundHoweverYouMeSaysIt(t *testing.T) {
	const refused = `{"ActionStatus":"FAIL","ErrorCode":4711,"ErrorInfo":"?"}`
	for _, tc := range []struct {
		name, users, status string
		want                []string
		is                  error
		code                string
	}{
		{"users", `{"UserList":[{"UserID":"u#1"},{" UserID":7}]}`, "", []string{"u#1", "7"}, nil, ""},
		{"an empty list of a room", `{"UserList":[]}`, `{"Status":2}`, nil, nil, ""},
		{"null for a list, of a room", `{"ErrorCode":0,"UserList":null}`, `{"Status":2}`, nil, nil, ""},
		{"an empty list of no room", `{"UserList":[]}`, `{"Status":1}`, nil, vendors.ErrNotFound, ""},
		{"a refusal for no room", refused, `{"Status":1}`, nil, vendors.ErrNotFound, "4711"},
		{"a refusal for a room", refused, `{"Status":3}`, nil, vendors.ErrUnknownCode, "4711"},
		{"a refusal, and no state either", refused, `<html>`, nil, vendors.ErrUnknownCode, "4711"},
		{"a user without an id", `{"UserList":[{}]}`, "", nil, vendors.ErrUnreadable, ""},
		{"no list", okEnvelope, "", nil, vendors.ErrUnreadable, ""},
	} {
		v, _ := scripted(t, map[string]string{usersCommand: tc.users, statusCommand: tc.status})
		got, err := v.Rooms.Query.RoomUsers(t.Context(), "r")
		var e *vendors.Error
		if !slices.Equal(got, tc.want) || !errors.Is(err, tc.is) || (errors.As(err, &e) && e.Code != tc.code) {
			t.Errorf("%s: %q, %v", tc.name, got, err)
		}
	}
}

func TestUserStateAndCallsAreReadLeniently(t *testing.T) {
	const state, call = "query_talk_user_status", "query_talk_user_call"
	v, seen := scripted(t, map[string]string{
		state: `{"Status":[{"ChannelID":"r","UseVideo":"1","UseAudio":0,"VideoFrameRate":15,"VideoBitRate":470,"AudioBitRate":192}]}`,
		call:  `{"Call":[{"ChannelID":"r","JoinTime":1511489108,"LeaveTime":1511489540,"CallDuration":432},{"ChannelID":"r","JoinTime":"1511489600"}]}`,
	})
	media, err := v.Rooms.Calls.UserState(t.Context(), "u#1")
	if want := []vendors.UserMedia{{Room: "r", Video: true, FrameRate: 15, VideoBitRate: 470, AudioBitRate: 192}}; err != nil || !slices.Equal(media, want) {
		t.Errorf("state %+v, %v", media, err)
	}
	calls, err := v.Rooms.Calls.UserCalls(t.Context(), vendors.CallQuery{User: "u#1", Day: "2017-11-24", From: 3, Limit: 10})
	if err != nil || len(calls) != 2 || calls[0].Duration != 432*time.Second || calls[0].LeftAt.Unix() != 1511489540 || !calls[1].LeftAt.IsZero() {
		t.Errorf("calls %+v, %v", calls, err)
	}
	if want := map[string]any{"AppID": 1000.0, "UserID": "u#1", "QueryDate": 20171124.0, "StartSeq": 3.0, "Limit": 10.0}; !reflect.DeepEqual(seen()[1].body, want) {
		t.Errorf("asked %v", seen()[1].body)
	}
	for answer, want := range map[string]error{
		`{"Status":1}`: nil, `{"Status":2}`: nil, `{"ErrorCode":0,"Status":null}`: nil,
		`{"Status":3}`: vendors.ErrUnreadable, `{"Status":[{}]}`: vendors.ErrUnreadable, `{"ErrorCode":0}`: vendors.ErrUnreadable,
	} {
		v, _ := scripted(t, map[string]string{state: answer})
		if media, err := v.Rooms.Calls.UserState(t.Context(), "u"); len(media) != 0 || !errors.Is(err, want) {
			t.Errorf("%s: %v, %v", answer, media, err)
		}
	}
}

func TestRoomListIsSharedForAMomentAndOutlivesABadOne(t *testing.T) {
	answers := map[string]string{"get_talk_channel_list": `{"ActionStatus":"OK","ErrorCode":0,"AppID":1000,"Total":1,"ChannelList":[{"ChannelID":"a","UserCount":2}]}`}
	v, seen := scripted(t, answers)
	want := []vendors.RoomCount{{ID: "a", Users: 2}}
	for range 3 {
		if got, err := v.Rooms.List.ListRooms(t.Context(), ""); err != nil || !slices.Equal(got.Rooms, want) || got.AsOf.IsZero() {
			t.Fatalf("%v, %v", got, err)
		}
	}
	if len(seen()) > 2 { // one, and one more where a second passed meanwhile
		t.Errorf("%d calls for one list", len(seen()))
	}
	answers["get_talk_channel_list"] = "<html>"
	asked := len(seen())
	for deadline := time.Now().Add(10 * listKept); len(seen()) == asked && time.Now().Before(deadline); time.Sleep(listKept / 20) {
		if got, err := v.Rooms.List.ListRooms(t.Context(), ""); err != nil || !slices.Equal(got.Rooms, want) || got.AsOf.IsZero() {
			t.Errorf("while the vendor cannot be asked: %v, %v", got, err)
		}
	}
	if len(seen()) == asked {
		t.Error("the vendor is not asked again")
	}
}
