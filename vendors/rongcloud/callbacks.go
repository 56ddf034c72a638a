package rongcloud

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"switchboard/vendors"
)

// Parse verifies who calls and reads what it says. The kinds of callback are
// told apart by their bodies, so that all may be sent to one address.
func (a *adapter) Parse(r *http.Request, body []byte) ([]vendors.Event, error) {
	if why := a.unverified(r, body); why != "" {
		return nil, &vendors.Error{Vendor: a.name, Op: vendors.OpCallbackVerify, Outcome: vendors.AuthFault, Text: why}
	}
	var events []vendors.Event
	var ok bool
	switch trimmed := bytes.TrimLeft(body, " \t\r\n"); {
	case bytes.HasPrefix(trimmed, []byte("[")):
		events, ok = statusEvents(trimmed)
	case bytes.HasPrefix(trimmed, []byte("{")):
		events, ok = objectEvents(trimmed)
	default:
		events, ok = formEvents(trimmed)
	}
	if !ok {
		return nil, a.refuse(vendors.OpCallbackVerify, vendors.ErrInvalid, "the callback is none that is known")
	}
	for i := range events {
		events[i].Vendor = a.name
	}
	return events, nil
}

// unverified says why a callback is not believed, "" when it is. The signature
// stands in the query, under new or old names, or in headers (moderation results);
// it does not cover the body (docs/vendors/rongcloud.md#callback-signature), so that
// a signature serves the first body that came with it.
func (a *adapter) unverified(r *http.Request, body []byte) string {
	q := r.URL.Query()
	s := signed{q.Get("appKey"), q.Get("nonce"), first(q, "timestamp", "signTimestamp"), q.Get("signature")}
	if s.signature == "" {
		h := url.Values(r.Header)
		s = signed{first(h, "App-Key", "Rc-App-Key"), first(h, "Nonce", "Rc-Nonce"), first(h, "Timestamp", "Rc-Timestamp"), first(h, "Signature", "Rc-Signature")}
	}
	at, readable := instant(s.timestamp)
	switch {
	case s.signature == "" || s.nonce == "" || !readable:
		return "the signature, nonce or timestamp is missing"
	case s.appKey != "" && s.appKey != a.cfg.AppKey:
		return "the app key is not this account's"
	case !s.matches(a.cfg.AppSecret):
		return "the signature does not match"
	case a.cfg.CallbackAge > 0 && time.Since(at).Abs() > a.cfg.CallbackAge:
		return "the timestamp is too far from now"
	case !a.served.takes(s.nonce+"\x00"+s.timestamp, body):
		return "the signature served another body before"
	}
	return ""
}

// eventID is the same for every delivery of what parts name.
func eventID(kind vendors.EventKind, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return string(kind) + "-" + hex.EncodeToString(sum[:16])
}

// formEvents reads message routing and the pre-send check:
// docs/vendors/rongcloud.md#message-routing, docs/vendors/rongcloud.md#pre-send-check.
func formEvents(body []byte) ([]vendors.Event, bool) {
	f, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, false
	}
	switch {
	case f.Get("msgType") != "" && f.Get("targetId") != "":
		return []vendors.Event{moderation(f)}, true
	case f.Get("objectName") != "" && f.Get("msgUID") != "":
		return []vendors.Event{routed(f)}, true
	}
	return nil, false
}

var targetKinds = map[string]vendors.TargetKind{
	"PERSON": vendors.ToUsers, "PERSONS": vendors.ToGroups, "GROUP": vendors.ToGroups,
	"ULTRAGROUP": vendors.ToGroups, "TEMPGROUP": vendors.ToChatRooms,
}

// calls are the actions of call signalling. RongCloud has no callback for calls:
// they come by message routing (docs/vendors/rongcloud.md#rtc).
var calls = map[string]string{
	"RC:VCInvite": "invited", "RC:VCRinging": "ringing", "RC:VCAccept": "accepted", "RC:VCHangup": "ended",
	"RC:VCModifyMedia": "changed", "RC:VCModifyMem": "changed", "RC:VCSummary": "summarised",
}

// blockedByWord is the sensitiveType of a message that was not delivered.
const blockedByWord = "1"

func routed(f url.Values) vendors.Event {
	e := vendors.Event{
		Kind: vendors.EventMessage, Action: "sent", At: millis(f.Get("msgTimestamp")),
		From: f.Get("fromUserId"), Target: f.Get("toUserId"), TargetKind: targetKinds[f.Get("channelType")],
		Users: list(f["groupUserIds"]), MessageID: f.Get("msgUID"),
		Type: f.Get("objectName"), Content: contentOf(f.Get("content")), Client: f.Get("source"),
	}
	e.Text = textOf(e.Type, e.Content)
	if f.Get("sensitiveType") == blockedByWord {
		e.Action = "blocked"
	}
	if action, call := calls[e.Type]; call {
		e.Kind, e.Action, e.Session = vendors.EventCall, action, callID(e.Content)
	}
	e.ID = eventID(e.Kind, e.MessageID)
	return e
}

// textOf is what people read of a message: of a text, and of a gray line,
// which clients can send too. Other kinds have content members that are no
// text, a thumbnail for one.
func textOf(objectName string, content json.RawMessage) string {
	var c struct {
		Content string `json:"content"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(content, &c) // a content that is no object has no text
	switch objectName {
	case textType, "RC:ReferenceMsg":
		return c.Content
	case tipType:
		return c.Message
	}
	return ""
}

func callID(content json.RawMessage) string {
	var c struct {
		ID string `json:"callId"`
	}
	_ = json.Unmarshal(content, &c) // a content that is no object has no call id
	return c.ID
}

func moderation(f url.Values) vendors.Event {
	e := vendors.Event{
		Kind: vendors.EventModeration, Action: "asked", At: millis(f.Get("msgTimeStamp")),
		From: f.Get("fromUserId"), Target: f.Get("targetId"), TargetKind: targetKinds[f.Get("channelType")],
		Users: list(f["toUserIds"]), MessageID: f.Get("messageId"),
		Type: f.Get("msgType"), Content: contentOf(f.Get("content")), Client: f.Get("os"), Address: f.Get("clientIp"),
	}
	e.Text = textOf(e.Type, e.Content)
	e.ID = eventID(e.Kind, e.MessageID, e.From, e.Target, f.Get("msgTimeStamp"))
	return e
}

// contentOf keeps a content that is no JSON as a JSON text.
func contentOf(text string) json.RawMessage {
	switch {
	case text == "":
		return nil
	case json.Valid([]byte(text)):
		return json.RawMessage(text)
	}
	return json.RawMessage(encode(text))
}

// list reads ids that are repeated fields, one JSON array, or joined by commas:
// the vendor does not say which.
func list(values []string) []string {
	if len(values) != 1 {
		return values
	}
	var ids []string
	switch {
	case values[0] == "":
		return nil
	case json.Unmarshal([]byte(values[0]), &ids) == nil:
		return ids
	}
	return strings.Split(values[0], ",")
}

// millis is a time in milliseconds, zero when there is none. One that is yet to come
// would outdo all that is reported after it, and so it is taken to be now.
func millis(text string) time.Time {
	at, _ := instant(text)
	if now := time.Now(); at.After(now.Add(maxAhead)) {
		return now
	}
	return at
}

// maxAhead is how far the vendor's clock may be before ours.
const maxAhead = 5 * time.Minute

// Reply answers the pre-send check (docs/vendors/rongcloud.md#pre-send-check),
// and acknowledges all else by the status alone.
func (a *adapter) Reply(events []vendors.Event, v vendors.Verdict) vendors.Reply {
	asked := false
	for _, e := range events {
		asked = asked || e.Kind == vendors.EventModeration
	}
	if !asked {
		return vendors.Reply{Status: http.StatusOK}
	}
	var answer struct {
		Pass    int    `json:"pass"`
		Extra   string `json:"extra,omitempty"`
		Replace string `json:"replaceContent,omitempty"`
	}
	if v.Block {
		answer.Extra = clip(v.Note)
	} else {
		answer.Pass, answer.Replace = 1, string(v.Replace)
	}
	return vendors.Reply{Status: http.StatusOK, ContentType: "application/json", Body: []byte(encode(answer))}
}

// clip cuts a note to what the vendor passes on, between characters.
func clip(note string) string {
	if len(note) <= maxNote {
		return note
	}
	cut := maxNote
	for cut > 0 && !utf8.RuneStart(note[cut]) {
		cut--
	}
	return note[:cut]
}
