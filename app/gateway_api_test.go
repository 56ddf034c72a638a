package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// The gateway document's requests and answers as they stand there, slips
// included; what they say in Chinese and their sample ids are replaced.
var gatewaySamples = []struct {
	name, path, request, answer string
	loose                       []string
}{
	{"create", "/create_conversation", `{
        "conversation_type": 0, // int64 会话类型
    }`, `{"code": 0, "data": {"ConversationId": "会话ID"}}`, []string{"ConversationID"}},
	{"inner create", "/inner/create_conversation", `{
        "conversation_type": 0,
        "sessions": ["ann"]
    }`, `{"code": 0, "data": {"ConversationId": "会话ID"}}`, []string{"ConversationID"}},
	{"inner join", "/inner/join_conversation", `{
        "conversation_id": "87ba7679-b682-47e7-8499-0385dda22b66",
        "sessions": ["bob", "cid"]
    }`, `{"code": 0, "data": {"ConversationId": "会话ID"}}`, nil},
	{"send", "/send_msg", `{
        "conversation_id": "87ba7679-b682-47e7-8499-0385dda22b66",
        "status": 0,
        "type": 1,
        "content": "消息内容"
    }`, `{"code": 0, "data": {"MsgID": "EDCZM-UUHJ-243Y-VWQ"}}`, nil},
	{"check", "/check_joined_conversation", `{
        "conversation_id": "会话ID"
    }`, `{"code": 0, "data": {"Joined": false}}`, nil},
	{"list", "/get_joined_conversation", `{
        "SessionId": "用户ID"
    }`, `{"code": 0, "data": {"Conversations": [""]}}`, nil},
	{"detail", "/get_conversation_detail", `{
        "conversation_id": "会话ID"
    }`, `{"code": 0, "data": {
            "ConversationID":   "会话ID",
            "LastMsgID":        "EDCZR-GL2A-243Y-VWQ",
            "LastSendTime":     1698119710632897,
            "IsDelete":         false,
            "ConversationType": 0,
            "LastSendSession":  "87ba7679-b682-47e7-8499-0385dda22b66",
            "IsArchive":        false
        }}`, nil},
	{"join", "/join_conversation", `{
        "conversation_id": "会话ID"
    }`, `{"code": 0, "data": {"ConversationId": "会话ID"}}`, nil},
	{"last id", "/get_lastone_msgid", `{
        "conversation_id": "会话ID"
    }`, `{"code": 0, "data": {"MsgId": "消息ID"}}`, nil},
	{"range", "/get_conversation_msg_by_range", `{
        "conversation_id": "",
        "start_msg_id": "",
        "end_msg_id": "",
        "desc": true,
    }`, sampleHistory, nil},
	{"before", "/get_conversation_30msg_before_the_id", `{
        "conversation_id": "",
        "msg_id": "",
        "desc": false,
    }`, sampleHistory, nil},
	{"after", "/- get_conversation_30msg_after_the_id", `{
        "conversation_id": "",
        "msg_id": "",
        "desc": false,
    }`, sampleHistory, nil},
	{"last 30", "/- get_conversation_last_30_msg", `{
        "conversation_id": "",
        "desc": false,
    }`, sampleHistory, nil},
	{"last one", "/get_conversation_lastone_msg", `{
        "conversation_id": "",
        "desc": false,
    }`, sampleHistory, nil},
	{"kick out", "/inner/kickout_conversation", `{
        "conversation_id": "87ba7679-b682-47e7-8499-0385dda22b66",
        "sessions": ["cid"]
    }`, `{"code": 0, "data": {"ConversationId": "会话ID"}}`, []string{"Failed"}},
	{"leave", "/leave_conversation", `{
        "conversation_id": "会话ID"
    }`, `{"code": 0, "data": {"ConversationId": "会话ID"}}`, []string{"Failed"}},
	{"archive", "/inner/set_archive_conversations", `{
        "conversation_ids" ["会话ID"],
        "is_archive": true
    }`, `{"code": 0}`, nil},
}

const sampleHistory = `{
        "code": 0,
        "data": {
            "Msg": [
                {
                    "MsgId": "",
                    "ConversationID": "",
                    "FromSession": "",
                    "SendTime": 1698119710632897,
                    "Status": 0,
                    "Type":0,
                    "Content": ""
                }
            ]
        }
    }`

const sampleMsgData = `{
        "MsgId": "EDCZL-SY32-243Y-VWQ",
        "ConversationID": "87ba7679-b682-47e7-8499-0385dda22b66",
        "FromSession": "test-client-session-id",
        "SendTime": 1698119710632897,
        "Status": 0,
        "Type": 1,
        "Content": "消息内容"
    }`

func TestGatewayDocumentIsServedToTheLetter(t *testing.T) {
	p := start(t, nil)
	ann := p.as(t, "ann")
	conv, msg := "", ""
	fill := strings.NewReplacer()
	for _, c := range gatewaySamples {
		for _, slashes := range []string{"", "/"} { // the document's urls begin with a second slash
			if slashes != "" && strings.Contains(c.path, "leave") {
				continue // the user has left
			}
			header := ann
			if strings.HasPrefix(c.path, "/inner") {
				header = serverKey
			}
			got := p.do(t, request{Path: slashes + strings.ReplaceAll(c.path, " ", "%20"), Header: header, Body: fill.Replace(c.request), Bad: true, Misprint: true})
			if got.Status != 200 || got.Code != 0 {
				t.Fatalf("%s: %d %s", c.name, got.Status, got.Body)
			}
			alike(t, c.name, c.answer, got.Body, c.loose...)
			var data struct{ ConversationId, MsgID string }
			if c.name == "inner create" || c.name == "send" {
				got.decode(t, &data)
			}
			if data.ConversationId != "" {
				conv = data.ConversationId
			}
			if data.MsgID != "" {
				msg = data.MsgID
			}
			fill = strings.NewReplacer("会话ID", conv, "87ba7679-b682-47e7-8499-0385dda22b66", conv,
				`"conversation_id": ""`, `"conversation_id": "`+conv+`"`, `"msg_id": ""`, `"msg_id": "`+msg+`"`)
		}
	}
	for path, want := range map[string]string{
		"/send_msg":                  `"code":10004`, // the user has left it
		"/check_joined_conversation": `"Joined":false`,
		"/get_joined_conversation":   `"Conversations":["`,
	} {
		got := p.do(t, request{Path: path, Header: ann, Body: map[string]any{"conversation_id": conv}})
		if !strings.Contains(string(got.Body), want) || strings.Contains(string(got.Body), conv) {
			t.Errorf("%s: %s", path, got.Body)
		}
	}
	if got := p.do(t, request{Path: "/send_msg", Header: p.as(t, "bob"), Body: map[string]any{"conversation_id": conv, "type": 1, "content": "x"}}); got.Code != 10006 {
		t.Errorf("send to an archived conversation: %s", got.Body)
	}
}

// gateway is a call that has to succeed.
func (p *process) gateway(t testing.TB, path string, header map[string]string, body any) answer {
	t.Helper()
	got := p.do(t, request{Path: path, Header: header, Body: body})
	if got.Code != 0 || got.Status != 200 {
		t.Fatalf("%s: %d %s", path, got.Status, got.Body)
	}
	return got
}

// room makes a conversation over the gateway.
func (p *process) room(t testing.TB, members ...string) string {
	t.Helper()
	var data struct{ ConversationId string }
	p.gateway(t, "/inner/create_conversation", serverKey, map[string]any{"conversation_type": 3, "sessions": members}).decode(t, &data)
	return data.ConversationId
}

// quietRoom is a room whose making the members have been told of: who comes now does not
// get the notice any more, however busy the machine is.
func (p *process) quietRoom(t testing.TB, members ...string) string {
	t.Helper()
	first := p.dial(t, "/notify?protoc=ws&device=maker&token="+p.tokenOf(t, members[0], 99))
	conv := p.room(t, members...)
	if text := frameOrNotice(t, first); !isNotice(text) {
		t.Fatalf("not the notice: %s", text)
	}
	first.Close()
	waitFor(t, "the end of the first session", func() bool { return p.gauge(t, "switchboard_sessions") == 0 })
	return conv
}

// say sends over the gateway and returns the message's id.
func (p *process) say(t testing.TB, header map[string]string, conv, text string) string {
	t.Helper()
	var data struct{ MsgID string }
	p.gateway(t, "/send_msg", header, map[string]any{"conversation_id": conv, "type": 1, "content": text}).decode(t, &data)
	return data.MsgID
}

func TestGatewayRefusesWithItsOwnCodes(t *testing.T) {
	p := start(t, nil)
	ann, conv := p.as(t, "ann"), p.room(t, "bob")
	in := func(more map[string]any) map[string]any {
		body := map[string]any{"conversation_id": conv}
		for k, v := range more {
			body[k] = v
		}
		return body
	}
	for _, c := range []struct {
		name, path string
		header     map[string]string
		body       any
		code       int
	}{
		{"no token", "/send_msg", nil, in(nil), 10101},
		{"a bad token", "/send_msg", map[string]string{"Authorization": "Bearer x"}, in(nil), 10101},
		{"not a member", "/send_msg", ann, in(nil), 10004},
		{"unknown conversation", "/send_msg", ann, map[string]any{"conversation_id": "x"}, 10005},
		{"no conversation", "/send_msg", ann, "", 10001},
		{"a mistyped field", "/send_msg", ann, in(map[string]any{"type": "one"}), 10001},
		{"no JSON", "/send_msg", ann, "{{{", 10001},
		{"too long a text", "/send_msg", p.as(t, "bob"), in(map[string]any{"content": strings.Repeat("x", 65537)}), 10001},
		{"history of others", "/get_conversation_last_30_msg", ann, in(nil), 10004},
		{"detail of others", "/get_conversation_detail", ann, in(nil), 10004},
		{"no anchor", "/get_conversation_30msg_before_the_id", p.as(t, "bob"), in(nil), 10001},
		{"a bad anchor", "/get_conversation_30msg_before_the_id", p.as(t, "bob"), in(map[string]any{"msg_id": "x"}), 10001},
		{"a type that is none", "/create_conversation", ann, map[string]any{"conversation_type": 16}, 90010},
		{"a conversation of nobody", "/inner/create_conversation", serverKey, map[string]any{"sessions": []string{}}, 90011},
		{"archive nothing", "/inner/set_archive_conversations", serverKey, map[string]any{"is_archive": true}, 90012},
		{"a foreign key", "/inner/create_conversation", map[string]string{"app-id": sandboxApp, "app-key": "x"}, map[string]any{"sessions": []string{"a"}}, 10101},
		{"an id that is none", "/inner/get_token", serverKey, map[string]any{"session": "a\x00b"}, 10001},
	} {
		got := p.do(t, request{Path: c.path, Header: c.header, Body: c.body, Bad: true})
		if got.Status != 200 || got.Code != c.code || got.Error == "" || got.Data != nil {
			t.Errorf("%s: %d %s", c.name, got.Status, got.Body)
		}
	}
	if got := p.do(t, request{Method: "GET", Path: "/notify?protoc=carrier-pigeon", Header: ann, Bad: true}); got.Code != 90013 {
		t.Errorf("protoc: %s", got.Body)
	}
}

func TestAMessageIsSentOnceForOneKey(t *testing.T) {
	p := start(t, nil)
	ann, conv := p.as(t, "ann"), p.room(t, "ann", "bob")
	body := map[string]any{"conversation_id": conv, "type": 1, "content": "once", "client_msg_id": "k1"}
	first, second := p.gateway(t, "/send_msg", ann, body), p.gateway(t, "/send_msg", ann, body)
	if string(first.Data) != string(second.Data) {
		t.Errorf("%s, then %s", first.Data, second.Data)
	}
	keyed := map[string]string{"Idempotency-Key": "k1", "Authorization": ann["Authorization"]}
	delete(body, "client_msg_id")
	if again := p.gateway(t, "/send_msg", keyed, body); string(again.Data) != string(first.Data) {
		t.Errorf("by header: %s", again.Data)
	}
	body["content"] = "another"
	if got := p.do(t, request{Path: "/send_msg", Header: keyed, Body: body}); got.Code != 10001 {
		t.Errorf("the key for another text: %s", got.Body)
	}
	var history struct{ Msg []json.RawMessage }
	p.gateway(t, "/get_conversation_last_30_msg", ann, map[string]any{"conversation_id": conv}).decode(t, &history)
	if len(history.Msg) != 1 {
		t.Errorf("%d messages", len(history.Msg))
	}
}

func TestBothDialectsSeeOneConversation(t *testing.T) {
	p := start(t, nil)
	conv := p.newConversation(t, "ann", "bob")
	ann, bob := p.as(t, "ann"), p.as(t, "bob")
	p.say(t, ann, conv, "from the gateway")
	p.im(t, "POST", "/im/conversations/"+conv+"/message", map[string]any{"from_client": "bob", "type": -1, "text": "from the socket"})
	var gateway struct {
		Msg []struct{ Content, FromSession string }
	}
	p.gateway(t, "/get_conversation_last_30_msg", bob, map[string]any{"conversation_id": conv}).decode(t, &gateway)
	if len(gateway.Msg) != 2 || gateway.Msg[0].Content != "from the gateway" || gateway.Msg[1].Content != "from the socket" || gateway.Msg[1].FromSession != "bob" {
		t.Errorf("gateway: %+v", gateway)
	}
	list := p.im(t, "GET", "/im/conversations/"+conv+"/message", nil)
	if !strings.Contains(string(list.Body), "from the gateway") || !strings.Contains(string(list.Body), "from the socket") {
		t.Errorf("conversation API: %s", list.Body)
	}
}
