package rongcloud

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"switchboard/mocks/mock"
)

// The callbacks, as fault rules, targets and the journal name them.
const (
	CallbackMessage  = "callback.message"  // message routing
	CallbackPreSend  = "callback.presend"  // may this message go out
	CallbackOnline   = "callback.online"   // a user came or went
	CallbackChatRoom = "callback.chatroom" // chat room status
	CallbackRTC      = "callback.rtc"      // RTC room status
)

// callbackRetries: without an answer in 5 s there are two more attempts, then the
// news is dropped (docs/vendors/rongcloud.md#chat-room-status). INVENTED: the wait
// between attempts, and that all callbacks but the pre-send one are retried so.
var callbackRetries = []time.Duration{5 * time.Second, 5 * time.Second}

const preSendTimeout = 3 * time.Second

// channels are the callbacks' words for the kinds of conversation.
var channels = map[Kind]string{Private: "PERSON", Group: "GROUP", ChatRoom: "TEMPGROUP", System: "PERSON", Everybody: "PERSON", Ultra: "ULTRAGROUP", Discuss: "GROUP"}

// verdict is what words and the pre-send callback say about a message.
type verdict struct {
	deliver   bool
	sensitive int
	extra     string // for the sender of a blocked message
}

// moderate asks whoever the console has put between sender and receiver.
// INVENTED: words come before the pre-send callback.
func (a *App) moderate(m *message) verdict {
	v := verdict{deliver: true}
	if m.fromClient || a.cfg.FilterServerSends {
		v.sensitive = a.filter(m)
		v.deliver = v.sensitive != wordBlocked
	}
	if v.deliver && !m.status && (m.fromClient || a.cfg.CheckServerSends) {
		v.deliver, v.extra = a.ask(m)
	}
	return v
}

// preSendAnswer is what the customer's server may say (docs/vendors/rongcloud.md#pre-send-check).
type preSendAnswer struct {
	Pass               *int    `json:"pass"` // 1 deliver, 0 block, 2 deliver and ask nobody else
	Extra              string  `json:"extra"`
	ReplaceContent     *string `json:"replaceContent"`
	ReplacePushContent *string `json:"replacePushContent"`
	ReplacePushExt     *string `json:"replacePushExt"`
	ReplaceExtra       *string `json:"replaceExtraContent"`
	ReplaceDisablePush *bool   `json:"replaceDisablePush"`
}

// ask makes the pre-send callback: one attempt of 3 s, and whatever goes wrong
// the message is delivered.
func (a *App) ask(m *message) (deliver bool, extra string) {
	cb := formCallback(CallbackPreSend, m.from, a.preSendForm(m))
	var status int
	var body []byte
	var err error
	a.Outside(func() {
		ctx, cancel := context.WithTimeout(context.Background(), preSendTimeout)
		defer cancel()
		status, body, err = a.Callbacks.Ask(ctx, cb)
	})
	var answer preSendAnswer
	if err != nil || status != http.StatusOK || json.Unmarshal(body, &answer) != nil || answer.Pass == nil {
		return true, ""
	}
	if *answer.Pass == 0 {
		return false, answer.Extra
	}
	replace(&m.content, answer.ReplaceContent)
	replace(&m.pushContent, answer.ReplacePushContent)
	replace(&m.pushExt, answer.ReplacePushExt)
	replace(&m.extraContent, answer.ReplaceExtra)
	replace(&m.noPush, answer.ReplaceDisablePush)
	return true, ""
}

func replace[T any](old, by *T) {
	if by != nil {
		*old = *by
	}
}

func (a *App) preSendForm(m *message) url.Values {
	v := url.Values{
		"appKey": {a.Credential(keyName)}, "fromUserId": {m.from}, "targetId": {m.target}, "msgType": {m.objectName},
		"content": {m.content}, "pushContent": {m.pushContent}, "disablePush": {strconv.FormatBool(m.noPush)},
		"pushExt": {m.pushExt}, "expansion": {strconv.FormatBool(m.expandable)}, "extraContent": {m.extraContent},
		"channelType": {channels[m.kind]}, "msgTimeStamp": {strconv.FormatInt(m.at.UnixMilli(), 10)},
		"messageId": {m.uid}, "originalMsgUID": {""}, "os": {m.source()}, "busChannel": {m.busChannel},
	}
	for _, id := range m.only {
		v.Add("toUserIds", id)
	}
	return v
}

// source is the platform that a message came from.
func (m *message) source() string {
	if m.os == "" {
		return "Server"
	}
	return m.os
}

// route tells the customer of a message that went out. Status messages are
// never routed, those of the server API only when switched on.
func (a *App) route(m *message, v verdict) {
	if m.status || !m.fromClient && !a.cfg.RouteServerSends {
		return
	}
	form := url.Values{
		"fromUserId": {m.from}, "toUserId": {m.target}, "objectName": {m.objectName}, "content": {m.content},
		"channelType": {channels[m.kind]}, "msgTimestamp": {strconv.FormatInt(m.at.UnixMilli(), 10)}, "msgUID": {m.uid},
		"originalMsgUID": {""}, "sensitiveType": {strconv.Itoa(v.sensitive)}, "source": {m.source()}, "busChannel": {m.busChannel},
	}
	for _, id := range m.only {
		form.Add("groupUserIds", id)
	}
	a.Callbacks.Send(formCallback(CallbackMessage, m.from, form))
}

func formCallback(name, user string, form url.Values) mock.Callback {
	return mock.Callback{Name: name, User: user, Type: "application/x-www-form-urlencoded", Body: []byte(form.Encode())}
}

// tell sends a JSON callback to the customer.
func (a *App) tell(name, user string, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // our own texts and numbers: cannot fail
	}
	a.Callbacks.Send(mock.Callback{Name: name, User: user, Type: "application/json", Body: b})
}

// The online callback's states; 0 is online there (docs/vendors/rongcloud.md#online-status).
const (
	presenceOnline  = "0"
	presenceOffline = "1"
	presenceLogout  = "2"
)

func (a *App) tellPresence(u *user, state string, now time.Time) {
	a.tell(CallbackOnline, u.id, []reply{{
		"userid": u.id, "status": state, "os": "iOS", "time": now.UnixMilli(), "clientIp": "127.0.0.1:50000", "sessionId": u.session,
	}})
}

// What happened to a chat room and why, as its callback numbers it.
const (
	roomCreated   = 0
	roomJoined    = 1
	roomLeft      = 2
	roomDestroyed = 3

	byCall    = 0
	ejected   = 1
	banned    = 2
	destroyed = 3
)

func (a *App) tellChatRoom(room string, what, why int, now time.Time, users ...string) {
	user := ""
	if len(users) > 0 {
		user = users[0]
	}
	a.tell(CallbackChatRoom, user, []reply{{
		"chatRoomId": room, "userIds": whole(users), "type": what, "status": why, "time": now.UnixMilli(),
	}})
}
