package youme

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestEveryCommandAnswersAsDocumented(t *testing.T) {
	r := start(t)
	r.Open("idle")
	if err := r.Join("ch1", "u#123", Media{Video: true, Audio: true, FrameRate: 15, VideoBitRate: 470, AudioBitRate: 192}); err != nil {
		t.Fatal(err)
	}
	if err := r.Join("ch1", "u#345", Media{}); err != nil {
		t.Fatal(err)
	}
	r.Speak("ch1", "u#345", true)
	tail := `,"ErrorCode":0,"ErrorInfo":""`
	for _, row := range []struct{ command, body, want string }{
		{"query_talk_channel_user_count", `{"ChannelID":"ch1","AreaID":0}`, `{` + envelope + `"ChannelID":"ch1"` + tail + `,"UserCount":2}`},
		{"query_talk_channel_user_count", `{"ChannelID":"none"}`, `{` + envelope + `"ChannelID":"none"` + tail + `,"UserCount":0}`},
		{"get_talk_user_list_on_a_channel", `{" AppID":1000,"ChannelID":"ch1"}`, `{` + envelope + `"AppID":1000,"ChannelID":"ch1"` + tail + `,"Total":2,"UserList":[{"UserID":"u#123"},{"UserID":"u#345"}]}`},
		{"get_talk_user_list_on_a_channel", `{"AppID":1000,"ChannelID":"idle"}`, `{` + envelope + `"AppID":1000,"ChannelID":"idle"` + tail + `,"Total":0,"UserList":[]}`},
		{"get_talk_speaker_list_on_a_channel", `{"ChannelID":"ch1"}`, `{` + envelope + `"AppID":1000,"ChannelID":"ch1"` + tail + `,"Total":1,"UserList":[{"UserID":"u#345"}]}`},
		{"get_talk_channel_list", `{"AppID":1000}`, `{` + envelope + `"AppID":1000,"ChannelList":[{"ChannelID":"ch1","UserCount":2},{"ChannelID":"idle","UserCount":0}]` + tail + `,"Total":2}`},
		{"query_talk_channel_status", `{"AppID":1000,"ChannelID":"none"}`, `{` + envelope + `"AppID":1000,"ChannelID":"none"` + tail + `,"Status":1}`},
		{"query_talk_channel_status", `{"AppID":1000,"ChannelID":"idle"}`, `{` + envelope + `"AppID":1000,"ChannelID":"idle"` + tail + `,"Status":2}`},
		{"query_talk_channel_status", `{"AppID":1000,"ChannelID":"ch1"}`, `{` + envelope + `"AppID":1000,"ChannelID":"ch1"` + tail + `,"Status":3}`},
		{"query_talk_user_status", `{"AppID":1000,"UserID":"u#123"}`, `{` + envelope + `"AppID":1000` + tail + `,"Status":[{"AudioBitRate":192,"ChannelID":"ch1","UseAudio":1,"UseVideo":1,"VideoBitRate":470,"VideoFrameRate":15}],"UserID":"u#123"}`},
		{"query_talk_user_status", `{"AppID":1000,"UserID":"nobody"}`, `{` + envelope + `"AppID":1000` + tail + `,"Status":[],"UserID":"nobody"}`},
		{"push_mcu_msg", `{"meeting_id":"ch1","user_id":"admin","receiver_id":"","content":"测试"}`, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}`},
		{"push_mcu_msg", `{"meeting_id":"ch1","receiver_id":"u#123","content":"only you"}`, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}`},
		{"change_user_%20Identity", `{"ChannelID":"ch1","UserID":"u#123","IdentityType":5,"RequstId":1591177759251}`, `{"ChannelID":"ch1","Code":0,"ResponetId":1591177759251,"UserID":"u#123"}`},
		{"admin_kick_user", `{"app_id":1000,"channel_id":"ch1","kick_user_id":"u#345","kick_time":60,"op_user":"op"}`, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}`},
	} {
		if got := r.call(row.command, row.body).text(); got != row.want {
			t.Errorf("%s %s:\n got %s\nwant %s", row.command, row.body, got, row.want)
		}
	}
	if r.Identity("ch1", "u#123") != 5 || fmt.Sprint(r.Members("ch1")) != "[u#123]" {
		t.Error("nothing changed")
	}
	if one, two := r.Inbox("u#123"), r.Inbox("u#345"); len(one) != 2 || len(two) != 1 || two[0].Content != "测试" || two[0].From != "admin" || one[1].From != "" {
		t.Error(one, two)
	}
}

func TestPlainAnswersHaveNoEnvelopeButFailuresDo(t *testing.T) {
	r := start(t, func(c *Config) { c.PlainAnswers = true })
	r.Open("ch")
	if got := r.call("query_talk_channel_user_count", `{"ChannelID":"ch"}`).text(); got != `{"ChannelID":"ch","UserCount":0}` {
		t.Fatal(got)
	}
	if got := r.call("push_mcu_msg", `{"meeting_id":"ch","content":"x"}`).code(); got != "0" {
		t.Fatal(got)
	}
	if got := r.call("get_talk_channel_list", `{"AppID":1}`); got.code() != codeAppID || got["ActionStatus"] != "FAIL" {
		t.Fatal(got)
	}
}

func TestAKickedUserStaysOutForTheTimeOfTheKick(t *testing.T) {
	r := start(t)
	join := func() error { return r.Join("ch", "u1", Media{}) }
	kick := func(seconds int) {
		t.Helper()
		if a := r.call("admin_kick_user", fmt.Sprintf(`{"app_id":1000,"channel_id":"ch","kick_user_id":"u1","kick_time":%d}`, seconds)); a.code() != "0" {
			t.Fatal(a)
		}
	}
	if err := join(); err != nil {
		t.Fatal(err)
	}
	kick(600)
	if err := join(); !errors.Is(err, ErrBanned) {
		t.Fatal(err)
	}
	r.Clock.Advance(601 * time.Second)
	if err := join(); err != nil {
		t.Fatal(err)
	}
	kick(0)
	if err := join(); err != nil {
		t.Fatal(err)
	}
}

func TestIdentityRequestsRise(t *testing.T) {
	r := start(t)
	if err := r.Join("ch", "u1", Media{}); err != nil {
		t.Fatal(err)
	}
	r.Speak("ch", "u1", true)
	for i, row := range []struct {
		path, channel, user, more string
		code                      float64
		identity                  int
	}{
		{"change_user_ Identity", "ch", "u1", `"IdentityType":4,"RequstId":10`, 0, 4},
		{"change_user_Identity", "ch", "u1", `"IdentityType":5,"RequstId":10`, 0, 4},
		{"change_user_identity", "ch", "u1", `"IdentityType":5,"RequstId":9`, 403, 4},
		{"change_user_identity", "ch", "u1", `"IdentityType":5,"RequstId":11`, 0, 5},
		{"change_user_identity", "ch", "u1", `"IdentityType":3`, 0, 3},
		{"change_user_identity", "no", "u1", `"IdentityType":3`, 401, 3},
		{"change_user_identity", "ch", "u2", `"IdentityType":3`, 402, 3},
	} {
		a := r.call(url.PathEscape(row.path), fmt.Sprintf(`{"ChannelID":%q,"UserID":%q,%s}`, row.channel, row.user, row.more))
		if a["Code"] != row.code || r.Identity("ch", "u1") != row.identity || a["ErrorCode"] != nil {
			t.Fatalf("%d: %v, identity %d", i, a, r.Identity("ch", "u1"))
		}
		if (a["ResponetId"] != nil) != strings.Contains(row.more, "RequstId") {
			t.Fatalf("%d: %v", i, a)
		}
	}
	if a := r.call("get_talk_speaker_list_on_a_channel", `{"ChannelID":"ch"}`); a["Total"] != 0.0 {
		t.Fatal("a listener speaks", a)
	}
}

func TestCallsAreListedByDayOfTheVendorsZone(t *testing.T) {
	r := start(t)
	day := time.Date(2017, 11, 24, 0, 0, 0, 0, time.FixedZone("", 8*3600))
	r.Clock.Set(day.Add(-time.Minute))
	for range 3 {
		if err := r.Join("ch", "u1", Media{}); err != nil {
			t.Fatal(err)
		}
		r.Clock.Advance(45 * time.Second)
		r.Leave("ch", "u1")
	}
	r.AddCall("u1", Call{Channel: "late", Joined: day.Add(24*time.Hour - time.Second), Left: day.Add(25 * time.Hour)})
	r.AddCall("u1", Call{Channel: "next", Joined: day.Add(24 * time.Hour), Left: day.Add(25 * time.Hour)})
	for _, row := range []struct{ more, channels string }{
		{``, "[ch]"},
		{`,"Limit":10`, "[ch late]"},
		{`,"StartSeq":1,"Limit":10`, "[late]"},
		{`,"StartSeq":2,"Limit":10`, "[]"},
	} {
		a := r.call("query_talk_user_call", `{"AppID":1000,"UserID":"u1","QueryDate":20171124`+row.more+`}`)
		got := []string{}
		for _, c := range a["Call"].([]any) {
			call := c.(map[string]any)
			got = append(got, call["ChannelID"].(string))
			if call["CallDuration"] != call["LeaveTime"].(float64)-call["JoinTime"].(float64) || call["CallDuration"].(float64) < 45 {
				t.Fatal(call)
			}
		}
		if fmt.Sprint(got) != row.channels {
			t.Fatalf("%s: %v, want %s", row.more, got, row.channels)
		}
	}
}

func TestADestroyedChannelEndsItsCalls(t *testing.T) {
	r := start(t)
	if err := r.Join("ch", "u1", Media{}); err != nil {
		t.Fatal(err)
	}
	r.Destroy("ch")
	date := r.Clock.Now().In(time.FixedZone("", 8*3600)).Format("20060102")
	a := r.call("query_talk_user_call", `{"AppID":1000,"UserID":"u1","QueryDate":`+date+`}`)
	if len(a["Call"].([]any)) != 1 || r.call("query_talk_channel_status", `{"AppID":1000,"ChannelID":"ch"}`)["Status"] != 1.0 {
		t.Fatal(a)
	}
}

func TestTheAdminAPIActsAsClients(t *testing.T) {
	r := start(t)
	for _, row := range []struct {
		name, body string
		status     int
	}{
		{"client.channel.join", `{"user":"u1","channel":"ch","audio":true,"audio_bit_rate":64}`, 200},
		{"client.channel.join", `{"user":"u2","channel":"ch"}`, 200},
		{"client.channel.speak", `{"user":"u1","channel":"ch"}`, 200},
		{"client.channel.speak", `{"user":"u9","channel":"ch"}`, 400},
		{"client.channel.leave", `{"user":"u2","channel":"ch"}`, 200},
		{"client.channel.join", `{"user":"u1"}`, 400},
		{"client.channel.join", `[]`, 400},
		{"client.dance", `{"user":"u1","channel":"ch"}`, 400},
	} {
		res, err := r.client.Post(r.url+"/_mock/callbacks/"+row.name, "application/json", strings.NewReader(row.body))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != row.status {
			t.Errorf("%s %s: %d", row.name, row.body, res.StatusCode)
		}
	}
	speakers := r.call("get_talk_speaker_list_on_a_channel", `{"ChannelID":"ch"}`)
	state := r.call("query_talk_user_status", `{"AppID":1000,"UserID":"u1"}`).text()
	if speakers["Total"] != 1.0 || fmt.Sprint(r.Members("ch")) != "[u1]" || !strings.Contains(state, `"AudioBitRate":64,"ChannelID":"ch","UseAudio":1,"UseVideo":0`) {
		t.Fatal(speakers, state, r.Members("ch"))
	}
}
