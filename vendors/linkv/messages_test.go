package linkv

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// call is one request as LinkV's IM side saw it.
type call struct {
	path, by string // by is the appUid header
	form     map[string][]string
}

// imVendor answers every call by answer and returns what came in.
func imVendor(t *testing.T, answer func(call) string) (*vendors.Vendor, func() []call) {
	t.Helper()
	var mu sync.Mutex // guards seen
	var seen []call
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		c := call{path: r.URL.Path, by: r.Header.Get("appUid"), form: r.PostForm}
		mu.Lock()
		seen = append(seen, c)
		mu.Unlock()
		_, _ = io.WriteString(w, answer(c))
	}))
	t.Cleanup(srv.Close)
	v, err := Open("linkv", Config{AppID: "imapp", AppKey: "imkey", AppSecret: "s3cret", BaseURL: srv.URL, CoinDays: 91}, upstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v, func() []call {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(seen)
	}
}

func (c call) get(name string) string { return strings.Join(c.form[name], ";") }

func TestMessageTakesThePathThatCanCarryIt(t *testing.T) {
	hello := vendors.Content{Kind: vendors.Text, Text: "hello"}
	command := vendors.Content{Kind: vendors.Command, Name: "dispatch", Data: []byte(`{"a":"<b>"}`)}
	const one, many = "/api/rest/message/converse/pushConverseData", "/api/rest/message/v1/converse/pushConverseDatas"
	for _, tc := range []struct {
		name  string
		m     vendors.Message
		paths []string
		want  map[string]string // of the first call
	}{
		{"one user", vendors.Message{Kind: vendors.ToUsers, To: []string{"u1"}, Content: hello}, []string{one},
			map[string]string{"toUserId": "u1", "fromUserId": "me", "appId": "imapp", "objectName": "RC:textMsg", "content": "hello", "isCheckSensitiveWords": "0"}},
		{"filtered", vendors.Message{Kind: vendors.ToUsers, To: []string{"u1"}, Content: hello, Filter: true}, []string{one},
			map[string]string{"isCheckSensitiveWords": "1"}},
		{"several", vendors.Message{Kind: vendors.ToUsers, To: []string{"u1", "u2"}, Content: hello}, []string{many},
			map[string]string{"toUserIds": "u1,u2", "isCheckSensitiveWords": ""}},
		{"several filtered", vendors.Message{Kind: vendors.ToUsers, To: []string{"u1", "u2"}, Content: hello, Filter: true}, []string{one, one},
			map[string]string{"toUserId": "u1", "isCheckSensitiveWords": "1"}},
		{"command", vendors.Message{Kind: vendors.ToUsers, To: []string{"u1"}, Content: command, Transient: true}, []string{"/api/rest/v1/sendEventMsg"},
			map[string]string{"toUserId": "u1", "objectName": "RC:CmdMsg", "content": `{"name":"dispatch","data":{"a":"<b>"}}`, "isCheckSensitiveWords": ""}},
		{"group", vendors.Message{Kind: vendors.ToGroups, To: []string{"g1"}, Content: hello}, []string{"/api/rest/message/pushGroupMsg"},
			map[string]string{"toGroupId": "g1", "fromUserId": "me", "appId": "imapp"}},
		{"room", vendors.Message{Kind: vendors.ToChatRooms, To: []string{"r1"}, Content: hello}, []string{"/api/rest/room/sendRoomMessage"},
			map[string]string{"roomId": "r1", "fromUserId": "", "appId": ""}},
	} {
		v, seen := imVendor(t, func(call) string { return `{"code":200}` })
		tc.m.From = "me"
		if _, err := v.Messages.Send(t.Context(), tc.m); err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		var paths []string
		for _, c := range seen() {
			paths = append(paths, c.path)
			if c.by != "me" {
				t.Errorf("%s: sent on behalf of %q", tc.name, c.by)
			}
		}
		if !slices.Equal(paths, tc.paths) {
			t.Errorf("%s: %q, want %q", tc.name, paths, tc.paths)
			continue
		}
		for field, want := range tc.want {
			if got := seen()[0].get(field); got != want {
				t.Errorf("%s: %s is %q, want %q", tc.name, field, got, want)
			}
		}
	}
}

func TestOneByOneFailsAsAWholeOnlyWhenAllFail(t *testing.T) {
	refuse := func(users ...string) func(call) string {
		return func(c call) string {
			if slices.Contains(users, c.get("toUserId")) {
				return `{"code":9,"msg":"no"}`
			}
			return `{"code":200}`
		}
	}
	m := vendors.Message{Kind: vendors.ToUsers, From: "me", To: []string{"u1", "u2"}, Content: vendors.Content{Kind: vendors.Tip, Text: "x"}, Filter: true}
	v, _ := imVendor(t, refuse("u1"))
	r, err := v.Messages.Send(t.Context(), m)
	if err != nil || len(r.Targets) != 2 || r.Targets[0].Err == nil || r.Targets[1].Err != nil {
		t.Errorf("one of two: %+v, %v", r, err)
	}
	v, _ = imVendor(t, refuse("u1", "u2"))
	var e *vendors.Error
	if r, err = v.Messages.Send(t.Context(), m); !errors.As(err, &e) || e.Code != "9" || len(r.Targets) != 0 {
		t.Errorf("both: %+v, %v", r, err)
	}
}

func TestBadContentIsRefusedBeforeTheCall(t *testing.T) {
	v, seen := imVendor(t, func(call) string { return `{"code":200}` })
	for name, c := range map[string]vendors.Content{
		"data that is not JSON":  {Kind: vendors.Command, Name: "n", Data: []byte("{")},
		"custom without a type":  {Kind: vendors.Custom, Data: []byte("{}")},
		"text with extra":        {Kind: vendors.Text, Text: "x", Extra: "y"},
		"custom with extra":      {Kind: vendors.Custom, Type: "t", Data: []byte("{}"), Extra: "y"},
		"a kind that nobody has": {Kind: "hologram"},
	} {
		_, err := v.Messages.Send(t.Context(), vendors.Message{Kind: vendors.ToUsers, From: "me", To: []string{"u1"}, Content: c})
		if vendors.OutcomeOf(err) != vendors.DefiniteNo {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(seen()); n != 0 {
		t.Errorf("%d calls left", n)
	}
}

func TestBlockIsCountedInWholeMinutesRoundedUp(t *testing.T) {
	for d, want := range map[time.Duration]string{time.Second: "1", time.Minute: "1", 61 * time.Second: "2", 24 * time.Hour: "1440"} {
		v, seen := imVendor(t, func(call) string { return `{"code":200}` })
		if _, err := v.Users.Block(t.Context(), []string{"u1", "u2"}, d); err != nil {
			t.Fatal(err)
		}
		if c := seen()[0]; c.get("minute") != want || c.get("userIds") != "u1,u2" {
			t.Errorf("%s: %v", d, c.form)
		}
	}
}

func TestBlacklistTellsForWhomItFailed(t *testing.T) {
	v, seen := imVendor(t, func(call) string { return `{"code":200,"messageSendResult":{"u1":200,"u2":"400"}}` })
	rows, err := v.Blacklist.AddToBlacklist(t.Context(), "me", []string{"u1", "u2"})
	if err != nil || len(rows) != 2 || rows[0].State != vendors.MemberAccepted || rows[1].State != vendors.MemberRefused || !errors.Is(rows[1].Err, vendors.ErrInvalid) {
		t.Errorf("%v, %v", rows, err)
	}
	if c := seen()[0]; c.get("userId") != "me" || c.get("blackUserIds") != "u1,u2" || c.by != "me" {
		t.Errorf("%+v", c)
	}
	if _, err := v.Blacklist.RemoveFromBlacklist(t.Context(), "me", nil); err != nil || len(seen()) != 1 {
		t.Errorf("nobody to remove: %v, %d calls", err, len(seen()))
	}
}

func TestOnlyOneMeansOnline(t *testing.T) {
	for data, want := range map[string]bool{`1`: true, `"1"`: true, `0`: false, `"0"`: false, `[]`: false, `2`: false} {
		v, _ := imVendor(t, func(call) string { return `{"code":200,"data":` + data + `}` })
		if got, err := v.Presence.Statuses(t.Context(), []string{"u1"}); err != nil || (got[0].State == vendors.PresenceOnline) != want {
			t.Errorf("%s: %v, %v", data, got, err)
		}
	}
	v, _ := imVendor(t, func(call) string { return `{"code":200}` })
	if _, err := v.Presence.Statuses(t.Context(), []string{"u1"}); !errors.Is(err, vendors.ErrUnreadable) {
		t.Errorf("no data at all: %v", err)
	}
}
