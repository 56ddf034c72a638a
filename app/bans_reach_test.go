package main

import (
	"strings"
	"testing"
)

// A ban reaches whatever a client can ask for with a token that is still valid, and
// the vendors that can shut users out.
func TestABanReachesEverything(t *testing.T) {
	p := start(t, nil)
	header := p.as(t, "77002")
	named := map[string]string{"app-id": sandboxApp, "Authorization": header["Authorization"]}
	conv := p.room(t, "77002", "77001")
	got := p.do(t, request{Path: "/api/server/users/77002/ban", Header: serverKey})
	for _, want := range []string{`"vendor":"rongcloud","told":true,"reason":null`, `"vendor":"youme","told":false,"reason":"the vendor cannot shut users out"`} {
		if !strings.Contains(string(got.Data), want) {
			t.Errorf("no %s in %s", want, got.Body)
		}
	}
	if journal := get(t, p.mock(t, "rongcloud")+"/_mock/journal"); !strings.Contains(journal, "/user/block.json") || !strings.Contains(journal, "/user/token/expire.json") {
		t.Error("RongCloud was not told")
	}
	for _, path := range []string{
		"POST /api/v1/im/token", "POST /api/v1/im/before/check", "POST /api/v1/video/before/check", "POST /api/v1/translate/action", "GET /api/v1/wallet",
		"POST /api/v1/video/pair/ask", "POST /api/v1/video/pair/answer", "POST /api/v1/video/pair/confirm", "POST /api/v1/video/pair/call",
		"POST /api/v1/video/pair/avail", "POST /api/v1/video/pair/info", "POST /api/v1/video/pairRecords",
	} {
		method, path, _ := strings.Cut(path, " ")
		if got := p.do(t, request{Method: method, Path: path, Header: header, Bad: true}); got.Status != 403 || got.Code != 100103 {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	for _, path := range []string{
		"/send_msg", "/join_conversation", "/get_joined_conversation", "/get_conversation_detail", "/get_lastone_msgid", "/get_conversation_last_30_msg",
		"/get_conversation_lastone_msg", "/get_conversation_msg_by_range", "/check_joined_conversation", "/leave_conversation",
	} {
		if got := p.do(t, request{Path: path, Header: header, Body: map[string]any{"conversation_id": conv}, Bad: true}); got.Code != 10007 {
			t.Errorf("%s: %s", path, got.Body)
		}
	}
	for _, path := range []string{"GET " + where(`[["conv_type",">",0]]`), "GET /im/conversations/" + conv + "/message", "GET /im/conversations/" + conv + "/members", "POST /im/file/upload"} {
		method, path, _ := strings.Cut(path, " ")
		if got := p.do(t, request{Method: method, Path: path, Header: named, Bad: true}); got.Code != 213 {
			t.Errorf("%s: %s", path, got.Body)
		}
	}
	got = p.do(t, request{Path: "/api/server/users/77002/unban", Header: serverKey})
	if !strings.Contains(string(got.Data), `"vendor":"rongcloud","told":true`) || !strings.Contains(get(t, p.mock(t, "rongcloud")+"/_mock/journal"), "/user/unblock.json") {
		t.Errorf("the vendor is not told of the end: %s", got.Body)
	}
	if got := p.do(t, request{Path: "/api/v1/im/token", Header: header}); got.Code != 0 {
		t.Errorf("after the end: %s", got.Body)
	}
}
