package rongcloud_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	mock "switchboard/mocks/rongcloud"
	"switchboard/vendors"
	"switchboard/vendors/rongcloud"
	"switchboard/vendors/upstream"
	"switchboard/vendors/vendortest"
)

const (
	key    = "key"
	secret = "s3cret-of-key"
)

func TestConformance(t *testing.T) {
	vendortest.Run(t, func(t *testing.T) vendortest.Fixture { return fixture(t) })
}

// lacks is what RongCloud's documents have no call for.
var lacks = []string{"Wallet", "Rooms.List", "Rooms.Speakers", "Rooms.Push", "Rooms.Identity", "Rooms.Calls"}

// fixture is a mock with two users who share a group, a chat room and an RTC
// room. It refuses reused nonces and, unlike the vendor, old timestamps.
func fixture(t vendortest.T) vendortest.Fixture {
	t.Helper()
	m, err := mock.Start(mock.Config{
		Account: mock.Account{AppKey: key, AppSecret: secret},
		MaxSkew: time.Minute, NonceOnce: true, NoRateLimits: true, CheckAnswers: true,
	})
	if err != nil {
		t.Fatalf("mock: %v", err)
	}
	t.Cleanup(func() { _ = m.Close() })
	far := client{t: t, url: m.URL}
	for _, user := range []string{"alice", "bob", "sender"} {
		m.AddUser(user, user)
	}
	far.post("/group/create.json", url.Values{"userId": {"alice", "bob"}, "groupId": {"club"}, "groupName": {"Club"}})
	for _, user := range []string{"alice", "bob"} {
		m.SetOnline(user, true) // who is offline hears nothing from a chat room
		for _, err := range []error{m.JoinChatRoom("hall", user), m.JoinRTC("talk", user)} {
			if err != nil {
				t.Fatalf("seed: %v", err)
			}
		}
	}
	return vendortest.Fixture{
		Open: func(baseURL string) (*vendors.Vendor, error) {
			cfg := rongcloud.Config{AppKey: key, AppSecret: secret, BaseURL: baseURL, CommandData: "object", CallbackAge: 15 * time.Minute}
			return rongcloud.Open("rongcloud", cfg, upstream.Options{})
		},
		BaseURL: m.URL, Lacks: lacks, Secrets: []vendors.Secret{secret},
		Nonce: func(s vendortest.Seen) string { return s.Header.Get("Nonce") },
		Known: "alice", Peer: "bob", Group: "club", Chat: "hall", Room: "talk",
		Kinds:     []vendors.TargetKind{vendors.ToUsers, vendors.ToGroups, vendors.ToChatRooms, vendors.ToSystem},
		Wire:      wire,
		Partial:   partial,
		Limits:    documented,
		Codes:     codes,
		Callbacks: callbacks(),
		Spoil: func(c vendortest.CallbackCase) *http.Request {
			return signedRequest(c.Name, "wrong", c.Request().Header.Get("Content-Type"))
		},
		Far: farEnd(m, far),
	}
}

// wire is content as reference/rongcloud.md 2.3 has it.
func wire(c vendors.Content) (typ, content string, ok bool) {
	body := map[string]any{}
	if c.Extra != "" {
		body["extra"] = c.Extra
	}
	switch c.Kind {
	case vendors.Text:
		typ, body["content"] = "RC:TxtMsg", c.Text
	case vendors.Tip:
		typ, body["message"] = "RC:InfoNtf", c.Text
	case vendors.Command:
		typ, body["name"], body["data"] = "RC:CmdMsg", c.Name, c.Data
	case vendors.Custom:
		return c.Type, string(c.Data), true
	default:
		return "", "", false
	}
	text, _ := json.Marshal(body)
	return typ, string(text), true
}

var partial = &vendortest.PartialCase{
	Kind: vendors.ToUsers, To: []string{"alice", "bob"}, Failed: []string{"bob"}, Status: 200,
	Body: `{"code":200,"messageUIDs":[{"userId":"alice","messageUID":"5FGT-7VA9-G4DD-4V5P"}]}`,
}

// documented is 2.1 to 2.8 and 4.3 once more.
var documented = func() vendors.Limits {
	management := vendors.Limit{IDBytes: 64, Calls: 100, Per: time.Second}
	twenty, thousand := management, management
	twenty.Targets, thousand.Targets = 20, 1000
	return vendors.Limits{
		"token.issue":  {IDBytes: 64, Bytes: 1024, Runes: 64, Calls: 200, Per: time.Second},
		"token.revoke": twenty, "user.block": twenty, "user.unblock": twenty, "blacklist.change": twenty,
		"presence.check":        management,
		"message.send.user":     {Targets: 1000, Bytes: 131072, IDBytes: 64, Calls: 6000, Per: time.Minute},
		"message.send.group":    {Targets: 3, Bytes: 131072, IDBytes: 64, Calls: 20, Per: time.Second},
		"message.send.chatroom": {Targets: 10, Bytes: 131072, IDBytes: 64, Calls: 100, Per: time.Second},
		"message.send.system":   {Targets: 100, Bytes: 131072, IDBytes: 64, Calls: 100, Per: time.Second},
		"message.recall":        management,
		"word.list":             {Calls: 100, Per: time.Second},
		"word.change":           {Targets: 50, Runes: 32, Calls: 100, Per: time.Second},
		"translate":             {Runes: 1000, Calls: 10, Per: time.Second},
		"group.change":          thousand, "chatroom.change": management, "chatroom.users": management,
		"room.status": {}, "room.users": {}, "room.kick": {}, "room.ban": {}, "room.unban": {}, "room.dissolve": {},
	}
}()

// code is an error answer as 4.2 has it.
func code(n, status int, outcome vendors.Outcome, is error) vendortest.CodeCase {
	body := fmt.Sprintf(`{"code":%d,"errorMessage":"no, SECRET, see http://docs.rongcloud.example/"}`, n)
	return vendortest.CodeCase{Status: status, Code: strconv.Itoa(n), Outcome: outcome, Is: is, Body: body}
}

var codes = []vendortest.CodeCase{
	code(404, 404, vendors.DefiniteNo, vendors.ErrUnsupported),
	code(1000, 500, vendors.Ambiguous, nil),
	code(1001, 401, vendors.AuthFault, nil),
	code(1002, 400, vendors.DefiniteNo, vendors.ErrInvalid),
	code(1003, 400, vendors.DefiniteNo, vendors.ErrInvalid),
	code(1004, 401, vendors.AuthFault, nil),
	code(1005, 400, vendors.DefiniteNo, vendors.ErrTooLarge),
	code(1006, 401, vendors.AuthFault, nil),
	code(1007, 401, vendors.AuthFault, nil),
	code(1008, 429, vendors.Throttled, nil),
	code(1009, 430, vendors.DefiniteNo, vendors.ErrUnsupported),
	code(1015, 200, vendors.DefiniteNo, vendors.ErrNotFound),
	code(1016, 403, vendors.DefiniteNo, vendors.ErrTooLarge),
	code(1050, 504, vendors.Ambiguous, nil),
	code(2007, 403, vendors.DefiniteNo, vendors.ErrTooLarge),
	code(22408, 200, vendors.DefiniteNo, vendors.ErrBlocked),
	code(23410, 200, vendors.DefiniteNo, vendors.ErrNotFound),
	code(28400, 200, vendors.DefiniteNo, vendors.ErrUnsupported),
	code(59999, 200, vendors.Ambiguous, nil), // in no table: nobody can know
	code(59999, 400, vendors.DefiniteNo, nil),
	code(59999, 500, vendors.Ambiguous, nil),
	{Status: 200, Code: "40001", Body: `{"code":40001,"msg":"SECRET"}`, Op: vendors.OpRoomDissolve, Outcome: vendors.Ambiguous},
}

// farEnd looks into the mock, by its accessors or by the vendor's own reads.
func farEnd(m *mock.Server, far client) vendortest.FarEnd {
	kinds := map[mock.Kind]vendors.TargetKind{
		mock.Private: vendors.ToUsers, mock.Group: vendors.ToGroups, mock.ChatRoom: vendors.ToChatRooms, mock.System: vendors.ToSystem,
	}
	return vendortest.FarEnd{
		Inbox: func(user string) []vendortest.Received {
			var out []vendortest.Received
			for _, d := range m.Inbox(user) {
				r := vendortest.Received{From: d.From, Target: d.Target, Kind: kinds[d.Kind], Type: d.ObjectName, Content: d.Content}
				if d.Kind == mock.System {
					r.Target = user
				}
				out = append(out, r)
			}
			return out
		},
		TokenUser: func(token string) string {
			user, _ := m.Connect(token)
			return user
		},
		Blocked: func(user string) bool {
			for _, u := range far.post("/user/block/query.json", url.Values{"page": {"1"}, "size": {"50"}})["users"].([]any) {
				if u.(map[string]any)["userId"] == user {
					return true
				}
			}
			return false
		},
		Blacklist: func(user string) []string {
			return texts(far.post("/user/blacklist/query.json", url.Values{"userId": {user}})["users"])
		},
		Words: func() []vendors.Word {
			var out []vendors.Word
			for word, replace := range m.Words() {
				out = append(out, vendors.Word{Text: word, Replace: replace})
			}
			return out
		},
		SetWords: func(words ...vendors.Word) {
			for word := range m.Words() {
				far.post("/sensitiveword/delete.json", url.Values{"word": {word}})
			}
			for _, w := range words {
				form := url.Values{"word": {w.Text}}
				if w.Replace != "" {
					form.Set("replaceWord", w.Replace)
				}
				far.post("/sensitiveword/add.json", form)
			}
		},
		Members:   m.Members,
		RoomUsers: m.RTCMembers,
		ChatRoom: func(id string) bool {
			_, exists := m.ChatRoomMembers(id)
			return exists
		},
		RoomBanned: func(room, user string) bool {
			if err := m.JoinRTC(room+"-probe", user); err != nil {
				far.t.Fatalf("probe: %v", err)
			}
			m.LeaveRTC(room+"-probe", user)
			err := m.JoinRTC(room, user)
			if err == nil && user != "alice" {
				m.LeaveRTC(room, user)
			}
			return err != nil
		},
		Recalled:  recalled(m),
		SetOnline: m.SetOnline,
		Translated: func(text, to string) string {
			body, _ := json.Marshal(map[string]string{"text": text, "targetLanguage": to})
			return fmt.Sprint(far.call("/v3/translate.json", "application/json", body)["translated"])
		},
	}
}

// recalled: the receiver gets a notice in the message's place (2.3).
func recalled(m *mock.Server) func(string) bool {
	return func(id string) bool {
		for _, d := range m.Inbox("alice") {
			if d.UID == id && d.ObjectName != "RC:RcNtf" {
				return false
			}
		}
		return true
	}
}

func texts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, t := range list {
		out = append(out, fmt.Sprint(t))
	}
	return out
}

// client calls the mock as another program of the same account would.
type client struct {
	t   vendortest.T
	url string
}

// calls makes nonces.
var calls atomic.Int64

// signature is the vendor's rule once more, apart from the adapter's.
func signature(secret, nonce, timestamp string) string {
	sum := sha1.Sum([]byte(secret + nonce + timestamp))
	return hex.EncodeToString(sum[:])
}

func (c client) post(path string, form url.Values) map[string]any {
	c.t.Helper()
	return c.call(path, "application/x-www-form-urlencoded", []byte(form.Encode()))
}

func (c client) call(path, contentType string, in []byte) map[string]any {
	c.t.Helper()
	req, err := http.NewRequest(http.MethodPost, c.url+path, bytes.NewReader(in))
	if err != nil {
		c.t.Fatalf("%s: %v", path, err)
	}
	nonce, timestamp := fmt.Sprintf("far-%d", calls.Add(1)), strconv.FormatInt(time.Now().UnixMilli(), 10)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("RC-App-Key", key)
	req.Header.Set("RC-Nonce", nonce)
	req.Header.Set("RC-Timestamp", timestamp)
	req.Header.Set("RC-Signature", signature(secret, nonce, timestamp))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatalf("%s: %v", path, err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	var out map[string]any
	if err := json.Unmarshal(body, &out); err != nil || out["code"] != 200.0 {
		c.t.Fatalf("%s: %s, %v", path, body, err)
	}
	return out
}

// signedRequest is a callback signed with secret now.
func signedRequest(name, secret, contentType string) *http.Request {
	timestamp := strconv.FormatInt(time.Now().UnixMilli(), 10)
	q := url.Values{"appKey": {key}, "nonce": {"-77"}, "timestamp": {timestamp}, "signature": {signature(secret, "-77", timestamp)}}
	r := httptest.NewRequest(http.MethodPost, "/callbacks/rongcloud/"+url.PathEscape(name)+"?"+q.Encode(), nil)
	r.Header.Set("Content-Type", contentType)
	return r
}

// callbacks are one of each kind, as section 3 has them.
func callbacks() []vendortest.CallbackCase {
	at := time.UnixMilli(1767225600123)
	form := func(name string, v url.Values, want vendors.Event) vendortest.CallbackCase {
		return vendortest.CallbackCase{
			Name: name,
			Request: func() *http.Request {
				return signedRequest(name, secret, "application/x-www-form-urlencoded")
			},
			Body: []byte(v.Encode()), Want: []vendors.Event{want},
		}
	}
	body := func(name, text string, want ...vendors.Event) vendortest.CallbackCase {
		return vendortest.CallbackCase{
			Name:    name,
			Request: func() *http.Request { return signedRequest(name, secret, "application/json") },
			Body:    []byte(text), Want: want,
		}
	}
	route := func(kv ...string) url.Values {
		v := url.Values{
			"fromUserId": {"alice"}, "toUserId": {"bob"}, "objectName": {"RC:TxtMsg"}, "content": {`{"content":"hi"}`},
			"channelType": {"PERSON"}, "msgTimestamp": {"1767225600123"}, "msgUID": {"5FGT-7VA9-G4DD-4V5P"},
			"sensitiveType": {"0"}, "source": {"iOS"},
		}
		for i := 0; i < len(kv); i += 2 {
			v.Set(kv[i], kv[i+1])
		}
		return v
	}
	routed := vendors.Event{
		Kind: vendors.EventMessage, Action: "sent", At: at, From: "alice", Target: "bob", TargetKind: vendors.ToUsers,
		MessageID: "5FGT-7VA9-G4DD-4V5P", Type: "RC:TxtMsg", Content: json.RawMessage(`{"content":"hi"}`),
	}
	blocked, called := routed, routed
	blocked.Action, blocked.MessageID, blocked.TargetKind, blocked.Target = "blocked", "BLOC-7VA9-G4DD-4V5P", vendors.ToGroups, "club"
	called.Kind, called.Action, called.Type, called.Session = vendors.EventCall, "invited", "RC:VCInvite", "call-1"
	called.MessageID, called.Content = "CALL-7VA9-G4DD-4V5P", json.RawMessage(`{"callId":"call-1","mediaType":2}`)
	return []vendortest.CallbackCase{
		form("routed", route(), routed),
		form("routed blocked by a word", route("sensitiveType", "1", "msgUID", "BLOC-7VA9-G4DD-4V5P", "channelType", "GROUP", "toUserId", "club"), blocked),
		form("call signalling", route("objectName", "RC:VCInvite", "msgUID", "CALL-7VA9-G4DD-4V5P", "content", `{"callId":"call-1","mediaType":2}`), called),
		form("pre-send", url.Values{
			"appKey": {key}, "fromUserId": {"alice"}, "targetId": {"hall"}, "msgType": {"RC:TxtMsg"}, "content": {`{"content":"hi"}`},
			"channelType": {"TEMPGROUP"}, "msgTimeStamp": {"1767225600123"}, "messageId": {"PRES-7VA9-G4DD-4V5P"}, "os": {"Android"},
		}, vendors.Event{
			Kind: vendors.EventModeration, Action: "asked", At: at, From: "alice", Target: "hall", TargetKind: vendors.ToChatRooms,
			MessageID: "PRES-7VA9-G4DD-4V5P", Type: "RC:TxtMsg", Content: json.RawMessage(`{"content":"hi"}`),
		}),
		body("online", `[{"userid":"alice","status":"0","os":"iOS","time":1767225600123,"clientIp":"1.2.3.4:5","sessionId":"s1"},`+
			`{"userid":"bob","status":"2","os":"Android","time":1767225600123,"clientIp":"1.2.3.4:6","sessionId":"s2"}]`,
			vendors.Event{Kind: vendors.EventPresence, Action: "online", At: at, From: "alice", Session: "s1"},
			vendors.Event{Kind: vendors.EventPresence, Action: "logout", At: at, From: "bob", Session: "s2"}),
		body("chat room", `[{"chatRoomId":"hall","userIds":["alice","bob"],"status":0,"type":1,"time":1767225600123}]`,
			vendors.Event{Kind: vendors.EventChatRoom, Action: "joined", At: at, Target: "hall", TargetKind: vendors.ToChatRooms, Users: []string{"alice", "bob"}}),
		body("RTC join", `{"appKey":"key","roomId":"talk","sessionId":"rs","event":11,"userId":"bob","timestamp":1767225600123}`,
			vendors.Event{Kind: vendors.EventRoom, Action: "joined", At: at, From: "bob", Target: "talk", Type: "11", Session: "rs"}),
		body("RTC sync of version 1.0", `{"appKey":"key","channelId":"talk","sessionId":"rs","event":1,"timestamp":1767225600123,"members":[{"userId":"alice","data":{"uris":[]}},{"userId":"bob"}]}`,
			vendors.Event{Kind: vendors.EventRoom, Action: "synced", At: at, Target: "talk", Type: "1", Session: "rs", Users: []string{"alice", "bob"}}),
	}
}
