package youme

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/mock"
)

// What clients decode: the envelope of every answer, and each command's own members
// with the types of docs/vendors/youme.md.
type envelopeOf[T any] struct {
	ActionStatus string
	ErrorCode    int
	ErrorInfo    string
	Of           T `json:"-"`
}

type (
	nothing struct{}
	usersOf struct {
		AppID, Total int
		ChannelID    string
		UserList     []struct{ UserID string }
	}
	countOf struct {
		ChannelID string
		UserCount int
	}
	channelsOf struct {
		AppID, Total int
		ChannelList  []struct {
			ChannelID string
			UserCount int
		}
	}
	statusOf struct {
		AppID, Status int
		ChannelID     string
	}
	mediaOf struct {
		AppID  int
		UserID string
		Status []struct {
			ChannelID                                                      string
			UseVideo, UseAudio, VideoFrameRate, VideoBitRate, AudioBitRate int
		}
	}
	callsOf struct {
		AppID  int
		UserID string
		Call   []struct {
			ChannelID                         string
			JoinTime, LeaveTime, CallDuration int64
		}
	}
	identityOf struct {
		ChannelID, UserID string
		ResponetId, Code  *int
	}
	roomsOf struct {
		Count int `json:"room_cnt"`
		List  []struct {
			Name string `json:"room_name"`
		} `json:"room_list"`
	}
	tokensOf struct {
		UserList []struct{ UserID, Token string }
	}
	noticeOf struct{ NoticeID int }
	urlOf    struct{ Url string }
)

// TestAnIntegratorsWalkThroughTheWholeDocument makes every command of
// docs/vendors/youme.md in the order in which somebody builds on YouMe: tokens, IM,
// the rooms while clients come and go, the rest of the demos. None may be refused
// for another reason than its own.
func TestAnIntegratorsWalkThroughTheWholeDocument(t *testing.T) {
	r := start(t)
	today := r.Clock.Now().In(time.FixedZone("UTC+8", 8*60*60)).Format("20060102")
	for _, s := range []struct {
		what, command, body string
		into                any
		code                string // "0" unless told otherwise
		before              func()
	}{
		{what: "tokens", command: "add_user_auth", body: `{"UserList":[{"UserID":"u#1","NickName":"One"},{"UserID":"robot_10001","NickName":"Two","Token":12345}]}`, into: &tokensOf{}},
		{what: "enter", command: "query_im_enter_channel", body: `{"UserID":"u#1","ChannelID":"hall"}`, into: &nothing{}},
		{what: "enter", command: "query_im_enter_channel", body: `{"UserID":"u#2","ChannelID":"hall"}`, into: &nothing{}},
		{what: "IM rooms", command: "get_room_list", body: `{}`, into: &roomsOf{}},
		{what: "who is in it", command: "get_im_user_list_of_room", body: `{"RoomID":"hall"}`, into: &usersOf{}},
		{what: "private message", command: "query_im_send_msg", body: `{"MsgSeq":"1","ChatType":1,"SendID":"u#1","RecvID":"u#2","Content":"hi"}`, into: &nothing{}},
		{what: "to the channel, binary", command: "query_im_send_msg", body: `{"MsgSeq":"2","ChatType":2,"SendID":"u#1","RecvID":"hall","Content":"aGk=","Base64":1}`, into: &nothing{}},
		{what: "silence", command: "forbid_im_user_send_channel_msg", body: `{"UserList":[{"UserID":"u#2"}],"ShutUpTime":60}`, into: &nothing{}},
		{what: "silenced", command: "query_im_send_msg", body: `{"MsgSeq":"3","ChatType":2,"SendID":"u#2","RecvID":"hall","Content":"hi"}`, into: &nothing{}, code: codeSilenced},
		{what: "lift", command: "forbid_im_user_send_channel_msg", body: `{"UserList":[{"UserID":"u#2"}],"ShutUpTime":0}`, into: &nothing{}},
		{what: "silence for good", command: "forbid_im_user_send_channel_msg", body: `{"UserList":[{"UserID":"u#3"}]}`, into: &nothing{}},
		{what: "speaks again", command: "query_im_send_msg", body: `{"MsgSeq":"4","ChatType":2,"SendID":"u#2","RecvID":"hall","Content":"hi"}`, into: &nothing{}},
		{what: "notice", command: "add_notice", body: `{"Notice":{"ChannelID":"hall","NoticeType":1,"LoopType":1,"SendDate":"` + today + `","SendStartTime":"10:00:00","SendTimes":1,"SendInterval":0,"Title":"t","Content":"c","LinkKeyWords":"","LinkAddr":"","EnableStatus":2,"Creator":"admin"}}`, into: &noticeOf{}},
		{what: "no notice", command: "delete_notice", body: `{"Notice":[{"NoticeID":1}]}`, into: &nothing{}},
		{what: "leave", command: "query_im_leave_channel", body: `{"UserID":"u#1","ChannelID":"hall"}`, into: &nothing{}},

		{what: "count of no channel", command: "query_talk_channel_user_count", body: `{"ChannelID":"r1","AreaID":0}`, into: &countOf{}},
		{what: "status of no channel", command: "query_talk_channel_status", body: `{"AppID":1000,"ChannelID":"r1"}`, into: &statusOf{}},
		{what: "count", command: "query_talk_channel_user_count", body: `{"ChannelID":"r1"}`, into: &countOf{}, before: func() { r.enter("r1", "u#123", "u#456") }},
		{what: "users, by the document's key", command: "get_talk_user_list_on_a_channel", body: `{" AppID":1000,"ChannelID":"r1"}`, into: &usersOf{}},
		{what: "users, without AppID", command: "get_talk_user_list_on_a_channel", body: `{"ChannelID":"r1"}`, into: &usersOf{}},
		{what: "channels", command: "get_talk_channel_list", body: `{"AppID":1000}`, into: &channelsOf{}},
		{what: "status", command: "query_talk_channel_status", body: `{"AppID":1000,"ChannelID":"r1"}`, into: &statusOf{}},
		{what: "what a user sends", command: "query_talk_user_status", body: `{"AppID":1000,"UserID":"u#123"}`, into: &mediaOf{}},
		{what: "speakers", command: "get_talk_speaker_list_on_a_channel", body: `{"ChannelID":"r1"}`, into: &usersOf{}},
		{what: "push to all", command: "push_mcu_msg", body: `{"meeting_id":"r1","content":"c"}`, into: &nothing{}},
		{what: "push to all, named so", command: "push_mcu_msg", body: `{"meeting_id":"r1","user_id":"admin","receiver_id":"","content":"c"}`, into: &nothing{}},
		{what: "push to one", command: "push_mcu_msg", body: `{"meeting_id":"r1","user_id":"admin","receiver_id":"u#123","content":"c"}`, into: &nothing{}},
		{what: "identity", command: "change_user_%20Identity", body: `{"ChannelID":"r1","UserID":"u#123","IdentityType":5,"RequstId":1}`, into: &identityOf{}, code: "<nil>"},
		{what: "identity, spelt without the space", command: "change_user_Identity", body: `{"ChannelID":"r1","UserID":"u#123","IdentityType":3}`, into: &identityOf{}, code: "<nil>"},
		{what: "kick for a while", command: "admin_kick_user", body: `{"app_id":1000,"channel_id":"r1","kick_user_id":"u#456","kick_time":60,"op_user":"admin"}`, into: &nothing{}},
		{what: "kick at once", command: "admin_kick_user", body: `{"app_id":1000,"channel_id":"r1","kick_user_id":"u#123"}`, into: &nothing{}},
		{what: "calls of the day", command: "query_talk_user_call", body: `{"AppID":1000,"UserID":"u#123","QueryDate":` + today + `,"StartSeq":0,"Limit":100}`, into: &callsOf{}},
		{what: "calls, all left out", command: "query_talk_user_call", body: `{"AppID":1000,"UserID":"u#123","QueryDate":` + today + `}`, into: &callsOf{}},
		{what: "idle", command: "query_talk_channel_status", body: `{"AppID":1000,"ChannelID":"r1"}`, into: &statusOf{}},

		{what: "hosts' scores", command: "query_anchor_score_rank", body: `{"StartDate":"20170101","EndDate":"20170131","SvrArea":"","ChannelID":"","OrderBy":1,"Limit":10}`, into: &nothing{}},
		{what: "too many days", command: "query_anchor_score_rank", body: `{"StartDate":"20170101","EndDate":"20170301","OrderBy":1,"Limit":10}`, into: &nothing{}, code: codeField},
		{what: "days to come", command: "query_anchor_score_rank", body: `{"StartDate":"29990101","EndDate":"29990102","Limit":10}`, into: &nothing{}, code: codeField},
		{what: "a limit below 1", command: "query_anchor_score_rank", body: `{"StartDate":"20170101","EndDate":"20170131","Limit":-1}`, into: &nothing{}, code: codeField},
		{what: "users' scores", command: "query_im_user_score_rank", body: `{"UserID":"u#1","Date":"` + today + `","Summary":1,"SvrArea":"","Limit":10,"NeedFavoriteAnchor":0}`, into: &nothing{}},
		{what: "stream on", command: "set_single_rtmp_param", body: `{"RoomID":"r1","UserId":"u#1","DstUrl":"rtmp://example.com/a"}`, into: &nothing{}},
		{what: "where to publish", command: "../../v2/video/get_rtmp_publish_url", body: `{"Hub":"h","StreamKey":"s","Expire":60}`, into: &urlOf{}},
		{what: "where to watch", command: "../../v2/video/get_rtmp_play_url", body: `{"Hub":"h","StreamKey":"s"}`, into: &urlOf{}},
		{what: "when it was on", command: "../../v2/video/get_history_activity", body: `{"Hub":"h","StreamKey":"s","StartTimestamp":1,"EndTimestamp":2}`, into: &nothing{}},
		{what: "keep it", command: "../../v2/video/save_play_back", body: `{"Hub":"h","StreamKey":"s","StartTimestamp":1,"EndTimestamp":2}`, into: &urlOf{}},
	} {
		if s.before != nil {
			s.before()
		}
		if s.code == "" {
			s.code = "0"
		}
		a := r.versioned(s.command, s.body)
		code := "<nil>"
		if a["ErrorCode"] != nil {
			code = a.code()
		}
		if entry, _ := r.Journal.Last(mock.Filter{}); code != s.code {
			t.Fatalf("%s: %s, want %s (%s)", s.what, a.text(), s.code, entry.Refused)
		}
		for _, into := range []any{&envelopeOf[nothing]{}, s.into} {
			if err := json.Unmarshal([]byte(a.text()), into); err != nil {
				t.Fatalf("%s: a client cannot read %s: %v", s.what, a.text(), err)
			}
		}
	}
	for _, op := range operations() {
		if r.Journal.Count(mock.Filter{Op: op.Name}) == 0 {
			t.Errorf("the walk leaves out %s", op.Name)
		}
	}
}

func (r *rig) enter(channel string, users ...string) {
	r.Helper()
	for _, user := range users {
		if err := r.Join(channel, user, Media{Audio: true}); err != nil {
			r.Fatal(err)
		}
	}
}

// versioned posts a command, under /v1/im/ unless it says otherwise.
func (r *rig) versioned(command, body string) answer {
	r.Helper()
	curtime := strconv.FormatInt(r.Clock.Now().Unix(), 10)
	if rest, found := strings.CutPrefix(command, "../../v2"); found {
		return r.post("/v2"+rest, query(curtime, "mocksecretrestkey"), body)
	}
	return r.post("/v1/im/"+command, query(curtime, "mocksecret"), body)
}

// TestVersionsAndServicesAreTheDemos: they call Talk's commands as talk and as im,
// and sign version 2 with the REST API key too.
func TestVersionsAndServicesAreTheDemos(t *testing.T) {
	r := start(t)
	curtime := strconv.FormatInt(r.Clock.Now().Unix(), 10)
	for _, row := range []struct{ path, secret, code string }{
		{"/v1/im/get_talk_channel_list", "mocksecret", "0"},
		{"/v1/talk/get_talk_channel_list", "mocksecret", "0"},
		{"/v2/im/get_talk_channel_list", "mocksecretrestkey", "0"},
		{"/v2/talk/get_talk_channel_list", "mocksecretrestkey", "0"},
		{"/v2/im/get_talk_channel_list", "mocksecret", codeChecksum},
		{"/v1/im/get_talk_channel_list", "mocksecretrestkey", codeChecksum},
		{"/v3/im/get_talk_channel_list", "mocksecret", codeCommand},
		{"/v1/im/no_command", "mocksecret", codeCommand},
	} {
		if a := r.post(row.path, query(curtime, row.secret), `{"AppID":1000}`); a.code() != row.code {
			t.Errorf("%s signed with %s: %s, want %s", row.path, row.secret, a.text(), row.code)
		}
	}
	if got := checksum("mocksecretrestkey", "1700000000"); got != "6692f8a6d3b8a3f12d6f06c50e24076caab50a59" {
		t.Error("the vector of version 2:", got)
	}
}

func TestWhatIsLeftOutMayBeNullOrEmptyAndNumbersMayBeTexts(t *testing.T) {
	r := start(t)
	r.enter("r1", "u1", "u2", "u3", "u4")
	for _, row := range []struct{ command, body, code string }{
		{"query_talk_channel_user_count", `{"ChannelID":"r1","AreaID":null}`, "0"},
		{"get_talk_user_list_on_a_channel", `{"AppID":null,"ChannelID":"r1"}`, "0"},
		{"get_talk_channel_list", `{"AppID":"1000"}`, "0"},
		{"get_talk_channel_list", `{"AppID":null}`, codeField},
		{"admin_kick_user", `{"app_id":"1000","channel_id":"r1","kick_user_id":"u1","kick_time":"60","op_user":null}`, "0"},
		{"admin_kick_user", `{"app_id":1000,"channel_id":"r1","kick_user_id":"u2","kick_time":null}`, "0"},
		{"admin_kick_user", `{"app_id":1000,"channel_id":"r1","kick_user_id":"u3","kick_time":""}`, "0"},
		{"admin_kick_user", `{"app_id":1000,"channel_id":"r1","kick_user_id":"u4","kick_time":"soon"}`, codeField},
		{"push_mcu_msg", `{"meeting_id":"r1","content":"c","user_id":null,"receiver_id":null}`, "0"},
		{"query_im_send_msg", `{"MsgSeq":"1","ChatType":"1","SendID":"a","RecvID":"b","Content":"c","Base64":"maybe"}`, codeField},
		{"query_im_send_msg", `{"MsgSeq":"1","ChatType":1,"SendID":"a","RecvID":"b","Content":"c","Base64":0}`, "0"},
		{"query_im_send_msg", `{"MsgSeq":"2","ChatType":"1","SendID":"a","RecvID":"b","Content":"c","Base64":"0"}`, "0"},
		{"query_im_send_msg", `{"MsgSeq":"3","ChatType":1,"SendID":"a","RecvID":"b","Content":"c","Base64":true}`, "0"},
		{"query_im_send_msg", `{"MsgSeq":"4","ChatType":1,"SendID":"a","RecvID":"b","Content":"c","Base64":"True"}`, "0"},
		{"query_im_send_msg", `{"MsgSeq":"5","ChatType":"3","SendID":"a","RecvID":"b","Content":"c"}`, codeField},
	} {
		if a := r.call(row.command, row.body); a.code() != row.code {
			t.Errorf("%s %s: %s, want %s", row.command, row.body, a.text(), row.code)
		}
	}
	if !slices.Contains(r.Members("r1"), "u4") {
		t.Error("a refused kick was executed")
	}
}
