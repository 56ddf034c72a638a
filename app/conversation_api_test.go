package main

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func where(triples string) string {
	return "/im/conversations?" + url.Values{"where": {triples}}.Encode()
}

func TestConversationAPIRefusesWithItsOwnCodes(t *testing.T) {
	p := start(t, nil)
	conv := p.newConversation(t)
	open := map[string]string{"app-id": sandboxApp} // names the app and proves nothing
	user := map[string]string{"app-id": sandboxApp, "Authorization": p.as(t, "1597500304")["Authorization"]}
	stranger := map[string]string{"app-id": sandboxApp, "Authorization": p.as(t, "9")["Authorization"]}
	send := "/im/conversations/" + conv + "/message"
	members := "/im/conversations/" + conv + "/members"
	for _, c := range []struct {
		name, method, path string
		header             map[string]string
		body               any
		code               int
	}{
		{"no app", "GET", members, nil, nil, 4002},
		{"an unknown app", "GET", members, map[string]string{"app-id": "1"}, nil, 4002},
		{"a wrong key", "GET", members, map[string]string{"app-id": sandboxApp, "app-key": "x"}, nil, 214},
		{"a bad token", "GET", members, map[string]string{"app-id": sandboxApp, "Authorization": "Bearer x"}, nil, 214},
		{"no where", "GET", "/im/conversations", serverKey, nil, 4001},
		{"an unknown field", "GET", where(`[["password","=","x"]]`), serverKey, nil, 4406},
		{"an unknown operator", "GET", where(`[["conv_id","like","x"]]`), serverKey, nil, 4406},
		{"SQL for a value", "GET", where(`[["conv_id","=","x' OR '1'='1"]]`), serverKey, nil, 0},
		{"a page that is none", "GET", where(`[["conv_type","=",2]]`) + "&page=0", serverKey, nil, 4406},
		{"nobody to talk to", "POST", "/im/conversations", serverKey, map[string]any{"client_id": "1", "conv_type": 2}, 4001},
		{"no type", "POST", "/im/conversations", serverKey, map[string]any{"client_id": "1", "to_client_ids": []string{"2"}}, 4001},
		{"type 5", "POST", "/im/conversations", serverKey, map[string]any{"client_id": "1", "to_client_ids": []string{"2"}, "conv_type": 5}, 4405},
		{"type 1 of three", "POST", "/im/conversations", serverKey, map[string]any{"client_id": "1", "to_client_ids": []string{"2", "3"}, "conv_type": 1}, 4405},
		{"a user id with a blank", "POST", "/im/conversations", serverKey, map[string]any{"client_id": "a b", "to_client_ids": []string{"2"}, "conv_type": 2}, 212},
		{"a member without the key", "POST", members, open, map[string]any{"client_ids": []string{"1597500304"}}, 214},
		{"users without the key", "POST", "/im/users", open, map[string]any{"client_ids": []string{"x"}}, 214},
		{"no client_ids", "POST", members, serverKey, map[string]any{}, 4001},
		{"an unknown conversation", "GET", "/im/conversations/nosuch/members", serverKey, nil, 4011},
		{"not a member", "GET", send, stranger, nil, 4011},
		{"sending as another", "POST", send, user, map[string]any{"from_client": "1597500303", "type": -1, "text": "x"}, 214},
		{"no sender", "POST", send, serverKey, map[string]any{"type": -1, "text": "x"}, 4001},
		{"no message type", "POST", send, serverKey, map[string]any{"from_client": "1597500303", "text": "x"}, 4001},
		{"message type 1", "POST", send, serverKey, map[string]any{"from_client": "1597500303", "type": 1, "text": "x"}, 4406},
		{"no text", "POST", send, serverKey, map[string]any{"from_client": "1597500303", "type": -1}, 4001},
		{"a list for a text", "POST", send, serverKey, map[string]any{"from_client": "1597500303", "type": -1, "text": []int{1}}, 4406},
		{"too many mentioned", "POST", send, serverKey, map[string]any{"from_client": "1597500303", "type": -1, "text": "x", "mention_client_ids": strings.Split(strings.Repeat("a1,b2,c3,d4,", 3)+"e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u", ",")}, 4406},
		{"no JSON", "POST", send, serverKey, "{{{", 4406},
		{"deleting what is another's", "DELETE", "/im/conversations/" + conv, user, nil, 214},
		{"deleting without a key", "DELETE", "/im/conversations/" + conv, open, nil, 214},
		{"updating without a key", "PUT", "/im/conversations", open, map[string]any{"where": [][]any{{"conv_id", "=", conv}}, "update": map[string]any{"conv_extend": 1}}, 214},
		{"updating nothing", "PUT", "/im/conversations", serverKey, map[string]any{"where": [][]any{{"conv_id", "=", conv}}}, 4001},
	} {
		got := p.do(t, request{Method: c.method, Path: c.path, Header: c.header, Body: c.body, Bad: true})
		var envelope struct {
			Message string
			Data    json.RawMessage
		}
		if err := json.Unmarshal(got.Body, &envelope); err != nil || got.Status != 200 || got.Code != c.code || envelope.Message == "" || (c.code != 0) != (string(envelope.Data) == "null") {
			t.Errorf("%s: %d %s", c.name, got.Status, got.Body)
		}
	}
	if got := p.do(t, request{Method: "PATCH", Path: "/im/conversations", Header: serverKey, Bad: true}); got.Status != 405 || got.Code != 1 {
		t.Errorf("another method: %d %s", got.Status, got.Body)
	}
}

func TestConversationAPIKeepsItsHabits(t *testing.T) {
	p := start(t, nil)
	named := map[string]string{"IM-APP-ID": sandboxApp, "app-key": sandboxKey, "Request-Id": "r-1"}
	pair := map[string]any{"client_id": "1", "to_client_ids": []int{2}, "conv_type": 1, "conv_extend": map[string]any{"a": 1}}
	var first, second struct {
		ConvID     string          `json:"conv_id"`
		ConvExtend json.RawMessage `json:"conv_extend"`
	}
	got := p.do(t, request{Path: "/im/conversations", Header: named, Body: pair})
	if got.decode(t, &first); !strings.Contains(string(got.Body), `"request-id":"r-1"`) {
		t.Errorf("the request's id: %s", got.Body)
	}
	pair["client_id"], pair["to_client_ids"] = "2", []string{"1"}
	p.im(t, "POST", "/im/conversations", pair).decode(t, &second)
	if second.ConvID != first.ConvID || string(second.ConvExtend) != `{"a":1}` || string(first.ConvExtend) != "null" {
		t.Errorf("one-to-one twice: %+v, then %+v", first, second)
	}
	for query, want := range map[string]string{
		where(`[["user_id","=","2"],["conv_type","in",[1,3]]]`):      `"per_page":20,"total":1`,
		where(`[["client_id","=","2"]]`) + "&size=7":                 `"per_page":"7","total":1`,
		where(`[["client_id","=","2"],["conv_type",">",1]]`):         `"last_page":1,"per_page":20,"total":0`,
		where(`[["ctime",">","2020-01-01 00:00:00"]]`) + "&size=999": `"per_page":"100","total":1`,
	} {
		if got := p.im(t, "GET", query, nil); !strings.Contains(string(got.Body), want) {
			t.Errorf("%s: %s", query, got.Body)
		}
	}
	p.im(t, "POST", "/im/users", map[string]any{"client_ids": []string{"Tom"}, "ext": map[string]any{"nick": "T"}})
	if got := p.im(t, "GET", "/im/users", nil); string(got.Data) != `["1","2","Tom"]` {
		t.Errorf("users: %s", got.Body)
	}
	if got := p.do(t, request{Path: "/im/conversations/" + first.ConvID + "/members", Header: serverKey, Body: map[string]any{"client_ids": "Tom"}, Bad: true}); got.Code != 4405 {
		t.Errorf("a third one between two: %s", got.Body)
	}
	pair["conv_type"] = 2
	p.im(t, "POST", "/im/conversations", pair).decode(t, &first)
	members := "/im/conversations/" + first.ConvID + "/members"
	p.im(t, "POST", members, map[string]any{"client_ids": []string{"Tom", "1"}})
	p.im(t, "DELETE", members, map[string]any{"client_ids": []string{"2", "nobody"}})
	if got := p.im(t, "GET", members, nil); string(got.Data) != `["1","Tom"]` {
		t.Errorf("members: %s", got.Body)
	}
	if got := p.im(t, "GET", members+"?page=2&size=1", nil); string(got.Data) != `["Tom"]` {
		t.Errorf("a page of members: %s", got.Body)
	}
	p.im(t, "POST", "/im/conversations/"+first.ConvID+"/message", map[string]any{
		"from_client": "1", "type": -2, "url": "http://x/y.png", "attr": map[string]any{"w": 3}, "mention_all": "1", "mention_client_ids": `["Tom"]`, "no_sync": 1,
	})
	list := p.im(t, "GET", "/im/conversations/"+first.ConvID+"/message", nil)
	for _, want := range []string{`"attr":"{\"w\":3}"`, `"url":"http://x/y.png"`, `"mention_all":1`, `"mention_client_ids":"[\"Tom\"]"`, `"no_sync":1`, `"text":null`, `"per_page":10`} {
		if !strings.Contains(string(list.Body), want) {
			t.Errorf("no %s in %s", want, list.Body)
		}
	}
}
