package certify

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// rongAccount signs as the vendor does: its rule once more, apart from the
// adapter's.
type rongAccount struct {
	key    string
	secret vendors.Secret
}

func (a rongAccount) signature(nonce, timestamp string) string {
	sum := sha1.Sum([]byte(a.secret.Reveal() + nonce + timestamp))
	return hex.EncodeToString(sum[:])
}

// request is a callback signed now.
func (a rongAccount) request(name, contentType string) *http.Request {
	timestamp := strconv.FormatInt(time.Now().UnixMilli(), 10)
	nonce := rand.Text() // a signature serves one body
	q := url.Values{"appKey": {a.key}, "nonce": {nonce}, "timestamp": {timestamp}, "signature": {a.signature(nonce, timestamp)}}
	return &http.Request{
		Method: http.MethodPost, URL: &url.URL{Path: "/callbacks/rongcloud/" + name, RawQuery: q.Encode()},
		Header: http.Header{"Content-Type": {contentType}},
	}
}

// at is when everything in the callbacks below happened.
var at = time.UnixMilli(1767225600123)

// callbacks are one of each kind of docs/vendors/rongcloud.md#callbacks.
func (a rongAccount) callbacks() []vendortest.CallbackCase {
	return append(a.messageCallbacks(), a.statusCallbacks()...)
}

// callback is one case whose body is text.
func (a rongAccount) callback(name, contentType, text string, want ...vendors.Event) vendortest.CallbackCase {
	return vendortest.CallbackCase{
		Name: name, Body: []byte(text), Want: want,
		Request: func([]byte) *http.Request { return a.request(name, contentType) },
	}
}

// messageCallbacks are forms: message routing and the pre-send check.
func (a rongAccount) messageCallbacks() []vendortest.CallbackCase {
	form := func(name string, want vendors.Event, kv ...string) vendortest.CallbackCase {
		v := url.Values{}
		for i := 0; i < len(kv); i += 2 {
			v.Set(kv[i], kv[i+1])
		}
		return a.callback(name, "application/x-www-form-urlencoded", v.Encode(), want)
	}
	routed := vendors.Event{
		Kind: vendors.EventMessage, Action: "sent", At: at, From: "alice", Target: "bob", TargetKind: vendors.ToUsers,
		MessageID: "5FGT-7VA9-G4DD-4V5P", Type: "RC:TxtMsg", Text: "hi", Content: json.RawMessage(`{"content":"hi"}`), Client: "iOS",
	}
	blocked, called, asked, tip := routed, routed, routed, routed
	blocked.Action, blocked.MessageID, blocked.TargetKind, blocked.Target = "blocked", "BLOC-7VA9-G4DD-4V5P", vendors.ToGroups, "club"
	called.Kind, called.Action, called.Type, called.Session = vendors.EventCall, "invited", "RC:VCInvite", "call-1"
	called.Text, called.MessageID, called.Content = "", "CALL-7VA9-G4DD-4V5P", json.RawMessage(`{"callId":"call-1","mediaType":2}`)
	tip.Type, tip.MessageID, tip.Content = "RC:InfoNtf", "TIPS-7VA9-G4DD-4V5P", json.RawMessage(`{"message":"hi"}`)
	asked.Kind, asked.Action, asked.MessageID, asked.TargetKind, asked.Target = vendors.EventModeration, "asked", "PRES-7VA9-G4DD-4V5P", vendors.ToChatRooms, "hall"
	asked.Client, asked.Address = "Android", "1.2.3.4"
	return []vendortest.CallbackCase{
		form("routed", routed, "fromUserId", "alice", "toUserId", "bob", "objectName", "RC:TxtMsg", "content", `{"content":"hi"}`,
			"channelType", "PERSON", "msgTimestamp", "1767225600123", "msgUID", "5FGT-7VA9-G4DD-4V5P", "sensitiveType", "0", "source", "iOS"),
		form("routed blocked by a word", blocked, "fromUserId", "alice", "toUserId", "club", "objectName", "RC:TxtMsg", "content", `{"content":"hi"}`,
			"channelType", "GROUP", "msgTimestamp", "1767225600123", "msgUID", "BLOC-7VA9-G4DD-4V5P", "sensitiveType", "1", "source", "iOS"),
		form("gray tip", tip, "fromUserId", "alice", "toUserId", "bob", "objectName", "RC:InfoNtf", "content", `{"message":"hi"}`,
			"channelType", "PERSON", "msgTimestamp", "1767225600123", "msgUID", "TIPS-7VA9-G4DD-4V5P", "sensitiveType", "0", "source", "iOS"),
		form("call signalling", called, "fromUserId", "alice", "toUserId", "bob", "objectName", "RC:VCInvite", "content", `{"callId":"call-1","mediaType":2}`,
			"channelType", "PERSON", "msgTimestamp", "1767225600123", "msgUID", "CALL-7VA9-G4DD-4V5P", "sensitiveType", "0", "source", "iOS"),
		form("pre-send", asked, "appKey", a.key, "fromUserId", "alice", "targetId", "hall", "msgType", "RC:TxtMsg", "content", `{"content":"hi"}`,
			"channelType", "TEMPGROUP", "msgTimeStamp", "1767225600123", "messageId", "PRES-7VA9-G4DD-4V5P", "os", "Android", "clientIp", "1.2.3.4"),
	}
}

// statusCallbacks are JSON: online status, chat rooms, RTC.
func (a rongAccount) statusCallbacks() []vendortest.CallbackCase {
	return []vendortest.CallbackCase{
		a.callback("online", "application/json", `[{"userid":"alice","status":"0","os":"iOS","time":1767225600123,"clientIp":"1.2.3.4:5","sessionId":"s1"},`+
			`{"userid":"bob","status":"2","os":"Android","time":1767225600123,"clientIp":"1.2.3.4:6","sessionId":"s2"}]`,
			vendors.Event{Kind: vendors.EventPresence, Action: "online", At: at, From: "alice", Session: "s1", Client: "iOS", Address: "1.2.3.4:5"},
			vendors.Event{Kind: vendors.EventPresence, Action: "logout", At: at, From: "bob", Session: "s2", Client: "Android", Address: "1.2.3.4:6"}),
		a.callback("chat room", "application/json", `[{"chatRoomId":"hall","userIds":["alice","bob"],"status":0,"type":1,"time":1767225600123}]`,
			vendors.Event{Kind: vendors.EventChatRoom, Action: "joined", At: at, Target: "hall", TargetKind: vendors.ToChatRooms, Users: []string{"alice", "bob"}, Reason: "api"}),
		a.callback("chat room that was empty", "application/json", `{"chatRoomId":"hall","userIds":[],"status":3,"type":3,"time":1767225600123}`,
			vendors.Event{Kind: vendors.EventChatRoom, Action: "destroyed", At: at, Target: "hall", TargetKind: vendors.ToChatRooms, Reason: "empty"}),
		a.callback("RTC lost", "application/json", `{"roomId":"talk","sessionId":"rs","event":12,"userId":"bob","timestamp":1767225600123,"exitType":3}`,
			vendors.Event{Kind: vendors.EventRoom, Action: "left", At: at, From: "bob", Target: "talk", Type: "12", Session: "rs", Reason: "abnormal"}),
		a.callback("RTC join", "application/json", `{"roomId":"talk","sessionId":"rs","event":11,"userId":"bob","timestamp":1767225600123}`,
			vendors.Event{Kind: vendors.EventRoom, Action: "joined", At: at, From: "bob", Target: "talk", Type: "11", Session: "rs"}),
		a.callback("RTC sync of version 1.0", "application/json",
			`{"channelId":"talk","sessionId":"rs","event":1,"timestamp":1767225600123,"members":[{"userId":"alice","data":{"uris":[]}},{"userId":"bob"}]}`,
			vendors.Event{Kind: vendors.EventRoom, Action: "synced", At: at, Target: "talk", Type: "1", Session: "rs", Users: []string{"alice", "bob"}}),
	}
}
