package youme

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchboard/mocks/mock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testAccount = Account{AppKey: "YOUMEKEY", AppSecret: "mocksecret", AppID: 1000, Identifier: "name+1@example.com"}

type rig struct {
	*testing.T
	*App
	url    string
	client *http.Client
}

func start(t *testing.T, change ...func(*Config)) *rig {
	t.Helper()
	cfg := Config{Account: testAccount, CheckAnswers: true}
	for _, f := range change {
		f(&cfg)
	}
	s, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Default().Journal.Breaches(); err != nil {
			t.Error(err)
		}
	})
	return &rig{T: t, App: s.Default(), url: s.URL, client: &http.Client{Transport: transport, Timeout: 5 * time.Second}}
}

type answer map[string]any

func query(curtime, secret string) string {
	return "?appkey=YOUMEKEY&identifier=name+1@example.com&curtime=" + curtime + "&checksum=" + checksum(secret, curtime)
}

func (r *rig) post(path, query, body string) answer {
	r.Helper()
	res, err := r.client.Post(r.url+path+query, "application/json", strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		r.Fatal(res, err)
	}
	var a answer
	if err := json.Unmarshal(b, &a); err != nil {
		r.Fatalf("%s: %v", b, err)
	}
	return a
}

// call posts a well-signed command.
func (r *rig) call(command, body string) answer {
	r.Helper()
	return r.post("/v1/im/"+command, query(strconv.FormatInt(r.Clock.Now().Unix(), 10), "mocksecret"), body)
}

func (a answer) code() string { return fmt.Sprintf("%.0f", a["ErrorCode"]) }

// text is an answer as sorted JSON, for comparing.
func (a answer) text() string {
	b, _ := json.Marshal(a)
	return string(b)
}

const envelope = `"ActionStatus":"OK",`

func TestTheChecksumMatchesTheReferenceVector(t *testing.T) {
	if got := checksum("mocksecret", "1700000000"); got != "701a8668cef89a937d526403240ac286e760efb4" {
		t.Fatal(got)
	}
}

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

func TestTheChecksumIsCheckedStrictlyAndTheJournalSaysWhy(t *testing.T) {
	now := time.Unix(1800000000, 0)
	at := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	for _, row := range []struct{ name, query, code, reason string }{
		{"good", query(at(0), "mocksecret"), "0", ""},
		{"almost too old", query(at(-299*time.Second), "mocksecret"), "0", ""},
		{"fractions", query(at(0)+".123", "mocksecret"), "0", ""},
		{"escaped identifier", strings.Replace(query(at(0), "mocksecret"), "name+1@", "name%2B1%40", 1), "0", ""},
		{"another order", "?checksum=" + checksum("mocksecret", at(0)) + "&curtime=" + at(0) + "&identifier=name+1@example.com&appkey=YOUMEKEY", "0", ""},
		{"old", query(at(-412*time.Second), "mocksecret"), codeExpired, "timestamp 412 s old"},
		{"ahead", query(at(412*time.Second), "mocksecret"), codeExpired, "s ahead"},
		{"milliseconds", query(at(0)+"000", "mocksecret"), codeExpired, "s ahead"},
		{"no number", query("now", "mocksecret"), codeExpired, "curtime is not in seconds"},
		{"infinite", query("Inf", "mocksecret"), codeExpired, "curtime is not in seconds"},
		{"another secret", query(at(0), "other"), codeChecksum, "checksum does not match"},
		{"upper case", strings.ToUpper(query(at(0), "mocksecret")[len(query(at(0), "mocksecret"))-40:]), codeAppKey, "no namespace"},
		{"another identifier", strings.Replace(query(at(0), "mocksecret"), "name", "else", 1), codeIdentifier, "identifier is not"},
		{"no parameters", "", codeAppKey, "no namespace"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := start(t)
			r.Clock.Set(now.Add(100 * time.Millisecond))
			q := row.query
			if q != "" && !strings.HasPrefix(q, "?") {
				q = "?" + q
			}
			a := r.post("/v1/im/get_talk_channel_list", q, `{"AppID":1000}`)
			e, _ := r.Journal.Last(mock.Filter{})
			if a.code() != row.code || !strings.Contains(e.Refused, row.reason) || strings.Contains(e.Signature.Canonical+e.Refused, "mocksecret") {
				t.Fatalf("%v, journal: %+v", a, e)
			}
			if (a["ActionStatus"] == "OK") != (row.code == "0") {
				t.Fatal(a)
			}
		})
	}
}

func TestBadInputGetsTheVendorsEnvelope(t *testing.T) {
	r := start(t)
	r.Open("ch")
	for _, row := range []struct{ name, command, body, code string }{
		{"empty body", "get_talk_channel_list", ``, codeBody},
		{"not JSON", "get_talk_channel_list", `{"AppID":`, codeBody},
		{"an array", "get_talk_channel_list", `[1]`, codeBody},
		{"two objects", "get_talk_channel_list", `{"AppID":1000}{}`, codeBody},
		{"missing field", "get_talk_channel_list", `{}`, codeField},
		{"text for a number", "get_talk_channel_list", `{"AppID":"1000"}`, codeField},
		{"another app", "get_talk_channel_list", `{"AppID":1001}`, codeAppID},
		{"another app behind a space", "get_talk_user_list_on_a_channel", `{" AppID":1001,"ChannelID":"ch"}`, codeAppID},
		{"no such channel", "get_talk_user_list_on_a_channel", `{"ChannelID":"x"}`, codeNoChannel},
		{"kick from no channel", "admin_kick_user", `{"app_id":1000,"channel_id":"x","kick_user_id":"u"}`, codeNoChannel},
		{"kick nobody", "admin_kick_user", `{"app_id":1000,"channel_id":"ch","kick_user_id":"u"}`, codeNoUser},
		{"too long", "push_mcu_msg", `{"meeting_id":"ch","content":"` + strings.Repeat("测", 683) + `"}`, codeTooLong},
		{"as long as it may be", "push_mcu_msg", `{"meeting_id":"ch","content":"` + strings.Repeat("测", 682) + `xx"}`, "0"},
		{"no receiver there", "push_mcu_msg", `{"meeting_id":"ch","content":"x","receiver_id":"u"}`, codeNoUser},
		{"identity 7", "change_user_identity", `{"ChannelID":"ch","UserID":"u","IdentityType":7}`, codeField},
		{"no such day", "query_talk_user_call", `{"AppID":1000,"UserID":"u","QueryDate":20171199}`, codeField},
		{"101 calls", "query_talk_user_call", `{"AppID":1000,"UserID":"u","QueryDate":20171124,"Limit":101}`, codeField},
		{"unknown command", "drop_table", `{}`, codeCommand},
	} {
		if a := r.call(row.command, row.body); a.code() != row.code || strings.Contains(a.text(), "json:") {
			t.Errorf("%s: %v", row.name, a)
		}
	}
	res, err := r.client.Get(r.url + "/v1/im/get_talk_channel_list" + query("1", "x"))
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); !strings.Contains(string(b), codeMethod) {
		t.Fatalf("%s", b)
	}
}

func TestStrictIDsAreLettersAndDigits(t *testing.T) {
	r := start(t, func(c *Config) { c.StrictIDs = true })
	for user, code := range map[string]string{"u#1": codeField, "robot_10001": codeField, "Abc123": "0"} {
		if a := r.call("query_talk_user_status", `{"AppID":1000,"UserID":"`+user+`"}`); a.code() != code {
			t.Fatal(user, a)
		}
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

func TestIMCommandsOfTheVendorsOwnTools(t *testing.T) {
	r := start(t)
	send := func(seq, kind, to, content string) answer {
		return r.call("query_im_send_msg", fmt.Sprintf(`{"MsgSeq":%q,"ChatType":%s,"SendID":"u1","RecvID":%q,"Content":%q}`, seq, kind, to, content))
	}
	for i, row := range []struct {
		a    answer
		code string
	}{
		{send("1", "1", "u2", "private"), "0"},
		{send("1", "1", "u2", "again"), "0"},
		{send("2", "2", "room", "x"), codeNoChannel},
		{r.call("query_im_enter_channel", `{"UserID":"u1","ChannelID":"room"}`), "0"},
		{r.call("query_im_enter_channel", `{"UserID":"u2","ChannelID":"room"}`), "0"},
		{send("2", "2", "room", "to all"), "0"},
		{r.call("forbid_im_user_send_channel_msg", `{"UserList":[{"UserID":"u1"}]}`), "0"},
		{send("3", "2", "room", "silenced"), codeSilenced},
		{send("4", "1", "u2", "private still"), "0"},
		{r.call("forbid_im_user_send_channel_msg", `{"UserList":[{"UserID":"u1"}],"ShutUpTime":0}`), "0"},
		{send("5", "2", "room", "free"), "0"},
		{r.call("query_im_leave_channel", `{"UserID":"u3","ChannelID":"room"}`), codeNoUser},
		{r.call("query_im_leave_channel", `{"UserID":"u2","ChannelID":"room"}`), "0"},
		{send("6", "3", "room", "x"), codeField},
	} {
		if row.a.code() != row.code {
			t.Fatalf("%d: %v", i, row.a)
		}
	}
	var got []string
	for _, m := range r.Inbox("u2") {
		got = append(got, m.Content)
	}
	if fmt.Sprint(got) != "[private to all private still free]" || len(r.Inbox("u1")) != 0 {
		t.Fatal(got)
	}
	if a := r.call("get_room_list", `{}`); a["room_cnt"] != 1.0 {
		t.Fatal(a)
	}
	a := r.call("add_user_auth", `{"UserList":[{"UserID":"u1","Token":12345678901},{"UserID":"u2","NickName":"n"}]}`)
	if a.code() != "0" || r.IMToken("u1") != "12345678901" || len(r.IMToken("u2")) != 40 {
		t.Fatal(a)
	}
}

func TestIMMessagesAreCopiedToTheWebhook(t *testing.T) {
	r := start(t)
	got := make(chan map[string]any, 4)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		var m map[string]any
		_ = json.NewDecoder(req.Body).Decode(&m)
		got <- m
	}))
	defer hook.Close()
	r.Callbacks.Target(CopyCallback, hook.URL)
	r.call("query_im_send_msg", `{"MsgSeq":"1","ChatType":1,"SendID":"u1","RecvID":"u2","Content":"aGk=","Base64":1}`)
	res, err := r.client.Post(r.url+"/_mock/callbacks/message_copy", "", strings.NewReader(`{"from":"u3","to":"room","channel":true,"content":"x"}`))
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	res.Body.Close()
	r.Callbacks.Wait()
	one, two := <-got, <-got
	if one["snder_id"] != "u1" || one["recver_id"] != "u2" || one["msg_type"] != 12.0 || one["from"] != "youme_msg_cc" || one["serial_no"] == two["serial_no"] || two["chat_type"] != 2.0 {
		t.Fatal(one, two)
	}
}

func FuzzBodies(f *testing.F) {
	for _, s := range []string{`{}`, `{" AppID":1,"ChannelID":"x"}`, `{"AppID":1e999}`, `{"UserList":[{"UserID":"x","Token":{}}]}`, `{"UserList":[{"UserID":"x","Token":["once a panic"]}]}`, `null`, `{"QueryDate":20170101.5}`} {
		f.Add(s)
	}
	m, err := New(Config{Account: testAccount, CheckAnswers: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(m.Close)
	f.Fuzz(func(t *testing.T, body string) {
		for _, op := range operations() {
			q := query(strconv.FormatInt(time.Now().Unix(), 10), "mocksecret")
			req := httptest.NewRequest(http.MethodPost, strings.ReplaceAll(op.Path, " ", "%20")+q, strings.NewReader(body))
			req.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			m.ServeHTTP(w, req)
			if w.Code != http.StatusOK || strings.Contains(w.Body.String(), codeInternal) {
				t.Fatalf("%s %q: %d %s", op.Path, body, w.Code, w.Body)
			}
		}
		if err := m.Default().Journal.Breaches(); err != nil {
			t.Fatal(err)
		}
		m.Default().Journal.Clear()
	})
}
