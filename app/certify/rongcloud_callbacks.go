package certify

import (
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
	q := url.Values{"appKey": {a.key}, "nonce": {"-77"}, "timestamp": {timestamp}, "signature": {a.signature("-77", timestamp)}}
	return &http.Request{
		Method: http.MethodPost, URL: &url.URL{Path: "/callbacks/rongcloud/" + name, RawQuery: q.Encode()},
		Header: http.Header{"Content-Type": {contentType}},
	}
}

// callbacks are one of each kind, as section 3 has them.
func (a rongAccount) callbacks() []vendortest.CallbackCase {
	at := time.UnixMilli(1767225600123)
	form := func(name string, v url.Values, want vendors.Event) vendortest.CallbackCase {
		return vendortest.CallbackCase{
			Name: name,
			Request: func() *http.Request {
				return a.request(name, "application/x-www-form-urlencoded")
			},
			Body: []byte(v.Encode()), Want: []vendors.Event{want},
		}
	}
	body := func(name, text string, want ...vendors.Event) vendortest.CallbackCase {
		return vendortest.CallbackCase{
			Name:    name,
			Request: func() *http.Request { return a.request(name, "application/json") },
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
			"appKey": {a.key}, "fromUserId": {"alice"}, "targetId": {"hall"}, "msgType": {"RC:TxtMsg"}, "content": {`{"content":"hi"}`},
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
		body("RTC join", `{"roomId":"talk","sessionId":"rs","event":11,"userId":"bob","timestamp":1767225600123}`,
			vendors.Event{Kind: vendors.EventRoom, Action: "joined", At: at, From: "bob", Target: "talk", Type: "11", Session: "rs"}),
		body("RTC sync of version 1.0", `{"channelId":"talk","sessionId":"rs","event":1,"timestamp":1767225600123,"members":[{"userId":"alice","data":{"uris":[]}},{"userId":"bob"}]}`,
			vendors.Event{Kind: vendors.EventRoom, Action: "synced", At: at, Target: "talk", Type: "1", Session: "rs", Users: []string{"alice", "bob"}}),
	}
}
