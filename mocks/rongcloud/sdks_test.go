package rongcloud_test

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"switchboard/mocks/mock"
	"switchboard/mocks/rongcloud"
	"switchboard/openapi"
)

// sdkCall is a line of testdata/<sdk>.tsv: a call as that SDK puts it on the wire,
// and what it decodes of the answer. How each SDK writes is told in
// docs/vendors/rongcloud-paths.md#what-the-sdks-write.
type sdkCall struct {
	sdk, line, method, path string
	body                    string // JSON when it begins with "{"
	decodes                 []string
}

func sdkCalls(t testing.TB, file string) []sdkCall {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var calls []sdkCall
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		f := append(strings.Split(line, "\t"), "")
		if len(f) < 4 {
			t.Fatalf("%s:%d: %q", file, i+1, line)
		}
		sdk := strings.TrimSuffix(file, ".tsv")
		calls = append(calls, sdkCall{sdk, fmt.Sprintf("%s:%d", file, i+1), f[0], f[1], f[2], strings.Fields(f[3])})
	}
	return calls
}

var sdkFiles = []string{"go.tsv", "java.tsv", "php.tsv", "node.tsv", "python.tsv", "pages.tsv"}

// nonceOf is how each SDK makes its nonce; pages is a client written from the
// vendor's pages alone.
var nonceOf = map[string]string{
	"go": "8674665223082153551", "java": "123456.78901", "php": "1804289383", "node": "812345", "python": "42424242", "pages": "k2Jx0aQe",
}

// account is a mock in which every read has something to show, and the ids in it
// by which the lines of testdata name them.
type account struct {
	*rongcloud.Mock
	names []string // pairs for a strings.Replacer
	fresh bool     // nothing but reads since prepare
}

// afresh makes a call to an account in which nothing was changed since prepare.
func (s *account) afresh(t testing.TB, c sdkCall) answer {
	t.Helper()
	if !s.fresh {
		s.prepare(t)
	}
	a := s.send(t, c)
	last, _ := s.Journal.Last(mock.Filter{})
	_, verb, _ := strings.Cut(last.Op, ".")
	verb = verb[strings.LastIndex(verb, ".")+1:]
	s.fresh = slices.Contains([]string{"get", "query", "list", "exist", "check", "info", "checkOnline", "querylist", "users", "groups"}, verb)
	return a
}

const accountHour = "2030010116" // when its messages were sent, Beijing time

// prepare makes the account anew.
func (s *account) prepare(t testing.TB) {
	t.Helper()
	s.Do(s.Reset)
	sent := time.Date(2030, 1, 1, 8, 10, 0, 0, time.UTC)
	s.Clock.Set(sent)
	for _, u := range []string{"a", "b", "c", "y", "z", "dd"} {
		s.AddUser(u, strings.ToUpper(u))
	}
	s.SetOnline("a", true)
	for _, c := range sdkCalls(t, "prepare.tsv") {
		s.send(t, c)
	}
	for _, u := range []string{"a", "b"} {
		if err := s.JoinChatRoom("r", u); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.JoinRTC("x", "a"); err != nil {
		t.Fatal(err)
	}
	if err := s.PublishRTC("x", "a", rongcloud.Stream{ID: "m", URI: "u", Tag: "t"}); err != nil {
		t.Fatal(err)
	}
	const message = `fromUserId=a&objectName=RC:TxtMsg&content={"content":"hi"}&expansion=true&extraContent={"k":"v"}`
	s.names = []string{
		"UIDPRIVATE", s.uid(t, "/message/private/publish.json", message+"&toUserId=b"),
		"UIDGROUP", s.uid(t, "/message/group/publish.json", message+"&toGroupId=g"),
		"UIDROOM", s.uid(t, "/message/chatroom/publish.json", message+"&toChatroomId=r"),
		"UIDULTRA", s.uid(t, "/message/ultragroup/publish.json",
			`{"fromUserId":"a","toGroupIds":["u1"],"objectName":"RC:TxtMsg","content":"{\"content\":\"hi\"}","expansion":true,"extraContent":"{\"k\":\"v\"}"}`),
		"UIDBROADCAST", s.send(t, sdkCall{method: "POST", path: "/message/broadcast.json", body: message}).body["messageUID"].(string),
		"SESSIONID", s.send(t, sdkCall{method: "POST", path: "/rtc/room/query.json", body: `{"roomId":"x"}`}).body["sessionId"].(string),
		"MILLISSTART", strconv.FormatInt(sent.Add(-time.Hour).UnixMilli(), 10),
		"MILLISEND", strconv.FormatInt(sent.Add(time.Hour).UnixMilli(), 10),
		"LOGHOUR", accountHour,
	}
	s.send(t, sdkCall{method: "POST", path: "/rtc/record/start.json", body: `{"sessionId":"SESSIONID","extra":"","config":{"recordType":1}}`})
	s.Clock.Set(sent.Add(time.Hour)) // the message log of that hour is there
}

func (s *account) uid(t testing.TB, path, body string) string {
	t.Helper()
	list := s.send(t, sdkCall{method: "POST", path: path, body: body}).body["messageUIDs"].([]any)
	return list[0].(map[string]any)["messageUID"].(string)
}

// send makes a call in the shape of its SDK, without a network.
func (s *account) send(t testing.TB, c sdkCall) answer {
	t.Helper()
	known := strings.NewReplacer(s.names...)
	r := httptest.NewRequest(c.method, "http://api.rong-api.com/", strings.NewReader(known.Replace(c.body)))
	path, query, _ := strings.Cut(known.Replace(c.path), "?")
	r.URL.Path, r.URL.RawQuery = path, query
	nonce, timestamp := cmp.Or(nonceOf[c.sdk], "1"), strconv.FormatInt(time.Now().Unix(), 10)
	if c.sdk == "forged" {
		nonce = ""
	}
	if c.sdk == "pages" {
		timestamp = strconv.FormatInt(time.Now().UnixMilli(), 10)
	}
	sum := sha1.Sum([]byte(testSecret + nonce + timestamp))
	for name, value := range map[string]string{"App-Key": testKey, "Nonce": nonce, "Timestamp": timestamp, "Signature": hex.EncodeToString(sum[:]), "Room-Id": "x"} {
		r.Header.Set(name, value)
	}
	switch {
	case strings.HasPrefix(c.body, "{"):
		r.Header.Set("Content-Type", "application/json")
	case c.sdk == "java":
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	case c.body != "":
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	a := answer{status: w.Code, raw: w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
		t.Fatalf("%s: %v: %s", c.line, err, a.raw)
	}
	code, _ := a.body["code"].(float64)
	a.code = int(code)
	if nonceOf[c.sdk] == "" && c.sdk != "forged" && a.code != http.StatusOK {
		t.Fatalf("preparing: %s %s: %s", c.path, c.body, a.raw)
	}
	return a
}

// accepted is nil when the answer is a success that the SDK can decode.
func (c sdkCall) accepted(a answer) error {
	if want := map[bool]int{true: 10000, false: 200}[strings.HasPrefix(c.path, "/v2/")]; a.code != want || a.status != http.StatusOK {
		return fmt.Errorf("%s: %s %s %s: %d %s", c.line, c.method, c.path, c.body, a.status, a.raw)
	}
	for _, member := range c.decodes {
		path, kind, _ := strings.Cut(member, ":")
		if err := decodes(a.body, strings.Split(strings.ReplaceAll(path, "[]", ".[]"), "."), kind); err != nil {
			return fmt.Errorf("%s: %s: %s: %w: %s", c.line, c.path, member, err, a.raw)
		}
	}
	return nil
}

// decodes holds a member of an answer against the type that a strict decoder wants.
// "[]" is each entry of a list and "*" each member of an object: there has to be
// one. What ends in "?" may be missing.
func decodes(v any, path []string, kind string) error {
	if len(path) == 0 {
		got := map[bool]string{true: "other"}[v == nil]
		switch v.(type) {
		case string:
			got = "text"
		case float64:
			got = "number"
		case bool:
			got = "bool"
		case map[string]any:
			got = "object"
		}
		if want := strings.TrimSuffix(kind, "?"); got != want {
			return fmt.Errorf("%v is no %s", v, want)
		}
		return nil
	}
	var inner []any
	switch {
	case path[0] == "[]":
		var ok bool
		if inner, ok = v.([]any); ok && len(inner) == 0 && strings.HasSuffix(kind, "?") {
			return nil
		}
	case path[0] == "*":
		members, _ := v.(map[string]any)
		inner = slices.Collect(maps.Values(members))
	default:
		members, ok := v.(map[string]any)
		one, there := members[path[0]]
		if ok && !there && strings.HasSuffix(kind, "?") {
			return nil
		}
		if there {
			inner = []any{one}
		}
	}
	if len(inner) == 0 {
		return fmt.Errorf("nothing at %s", path[0])
	}
	for _, one := range inner {
		if err := decodes(one, path[1:], kind); err != nil {
			return err
		}
	}
	return nil
}

func newAccount(t testing.TB) *account {
	t.Helper()
	m, err := rongcloud.New(rongcloud.Config{
		Account: rongcloud.Account{AppKey: testKey, AppSecret: testSecret}, CheckAnswers: true, NoRateLimits: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return &account{Mock: m}
}

// replayed is a call of an SDK and what the mock made of it.
type replayed struct {
	sdkCall
	answer answer
	entry  mock.Entry
}

// replayOnce keeps the replay, which takes seconds, for the tests that read it.
var replayOnce []replayed

func replay(t *testing.T) []replayed {
	t.Helper()
	if replayOnce != nil {
		return replayOnce
	}
	s := newAccount(t)
	var all []replayed
	for _, file := range sdkFiles {
		for _, c := range sdkCalls(t, file) {
			a := s.afresh(t, c)
			last, _ := s.Journal.Last(mock.Filter{})
			all = append(all, replayed{c, a, last})
		}
	}
	replayOnce = all
	return all
}

// Every call of every official SDK is accepted and its answer decoded, and every
// operation of the contract is among them.
func TestWhatEachSDKSendsIsAcceptedAndItsAnswerDecoded(t *testing.T) {
	missing := operationsOfTheContract(t)
	for _, c := range replay(t) {
		if err := c.accepted(c.answer); err != nil {
			t.Error(err)
		}
		if c.entry.Breach != "" {
			t.Errorf("%s: %s: %s", c.line, c.entry.Breach, c.entry.Answer)
		}
		delete(missing, c.entry.Op)
	}
	if len(missing) > 0 {
		t.Errorf("no SDK calls: %v", slices.Sorted(maps.Keys(missing)))
	}
}

func operationsOfTheContract(t *testing.T) map[string]bool {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.RongCloud)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			all[op.OperationID] = true
		}
	}
	return all
}
