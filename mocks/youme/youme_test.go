package youme

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchboard/mocks/mock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testAccount = Account{AppKey: "YOUMEKEY", AppSecret: "mocksecret", AppID: 1000, Identifier: "name+1@example.com", RestAPIKey: "restkey"}

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

func TestBadInputGetsTheVendorsEnvelope(t *testing.T) {
	r := start(t)
	r.Open("ch")
	for _, row := range []struct{ name, command, body, code string }{
		{"empty body", "get_talk_channel_list", ``, codeBody},
		{"not JSON", "get_talk_channel_list", `{"AppID":`, codeBody},
		{"an array", "get_talk_channel_list", `[1]`, codeBody},
		{"two objects", "get_talk_channel_list", `{"AppID":1000}{}`, codeBody},
		{"missing field", "get_talk_channel_list", `{}`, codeField},
		{"a number as text", "get_talk_channel_list", `{"AppID":"1000"}`, "0"},
		{"text for a number", "get_talk_channel_list", `{"AppID":"a thousand"}`, codeField},
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

func TestAFaultsCodeIsTheVendorsInBothFields(t *testing.T) {
	r := start(t)
	for code, want := range map[string]string{"12345": "12345", "0": codeInternal, "abc": codeInternal} {
		r.Faults.Next("room.list", 1, mock.Action{Kind: mock.Code, Code: code})
		if a := r.call("get_talk_channel_list", `{"AppID":1000}`); a.code() != want || a["ActionStatus"] != "FAIL" || a["ErrorInfo"] == "" {
			t.Error(code, a)
		}
	}
	r.Faults.Next("room.list", 1, mock.Action{Kind: mock.Throttle})
	if a := r.call("get_talk_channel_list", `{"AppID":1000}`); a.code() != codeTooFast {
		t.Error(a)
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
