package main

import (
	"strings"
	"testing"
	"time"
)

// Every write about groups and chat rooms at each vendor: done, repeated, refused, vendor
// away, in doubt, and what a vendor cannot. What it is about is made before.
func TestEveryGroupWriteIsAnsweredByWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	p := startSurface(t, nil)
	both, rong, linkv := []string{"rongcloud", "linkv"}, []string{"rongcloud"}, []string{"linkv"}
	on := func(path, field string, body map[string]any) func(vendor, name string) any {
		return func(vendor, name string) any {
			made := map[string]any{field: name, "name": "n"}
			if field == "group" {
				made["owner"], made["members"] = "ann", []string{"bob"}
			}
			if got := p.do(t, request{Path: path, Header: serverKey, Body: made}); got.Code != 0 {
				t.Fatalf("%s %s: %s", path, name, got.Body)
			}
			p.clear(t, vendor)
			return body
		}
	}
	group := func(body map[string]any) func(string, string) any { return on("/api/server/groups", "group", body) }
	bob := map[string]any{"users": []string{"bob"}}
	p.try(t, []act{
		{what: "make", body: func(_, name string) any { return map[string]any{"group": name, "name": "n", "owner": "ann"} }, can: both, rows: 1, settled: both},
		{what: "add", path: "/NAME/members", body: group(map[string]any{"users": []string{"cat"}}), can: both, rows: 1, settled: both},
		{what: "remove", method: "DELETE", path: "/NAME/members", body: group(bob), can: both, rows: 1, settled: both},
		{what: "rename", method: "PATCH", path: "/NAME", body: group(map[string]any{"name": "better"}), can: both, settled: both},
		{what: "mute", path: "/NAME/mutes", body: group(bob), can: both, rows: 1, remade: both},
		{what: "unmute", method: "DELETE", path: "/NAME/mutes", body: group(bob), can: both, rows: 1, remade: both},
		{what: "mute all", path: "/NAME/mutes", body: group(map[string]any{"all": true}), can: both, remade: both},
		{what: "unmute all", method: "DELETE", path: "/NAME/mutes", body: group(map[string]any{"all": true}), can: both, remade: both},
		{what: "end", method: "DELETE", path: "/NAME", body: group(map[string]any{}), can: both, settled: both},
		{what: "hand over", method: "PUT", path: "/NAME/owner", body: group(map[string]any{"owner": "bob"}), can: linkv, asked: linkv}, // the last: it is asked for on and on
	}, "/api/server/groups", "groups")

	room := func(body map[string]any) func(string, string) any { return on("/api/server/chatrooms", "room", body) }
	timed := map[string]any{"users": []string{"bob"}, "seconds": 60}
	p.try(t, []act{
		{what: "open", body: func(_, name string) any { return map[string]any{"room": name} }, can: rong, at: rong, settled: rong},
		{what: "silence", path: "/NAME/mutes", body: room(timed), can: rong, at: rong, rows: 1, remade: rong},
		{what: "let talk", method: "DELETE", path: "/NAME/mutes", body: room(bob), can: rong, at: rong, rows: 1, remade: rong},
		{what: "put out", path: "/NAME/blocks", body: room(timed), can: rong, at: rong, rows: 1, remade: rong},
		{what: "let in", method: "DELETE", path: "/NAME/blocks", body: room(bob), can: rong, at: rong, rows: 1, remade: rong},
		{what: "close", method: "DELETE", path: "/NAME", body: func(v, n string) any { room(nil)(v, n); return nil }, can: rong, at: rong, settled: rong},
	}, "/api/server/chatrooms", "chatrooms")

	p.operate(t, "PUT", "/admin/routes", `{"by":"test","routes":{"messages":"linkv"}}`, nil)
	got := p.do(t, request{Path: "/api/server/chatrooms", Header: serverKey, Body: map[string]any{"room": "nowhere"}})
	if got.Status != 501 || !sameJSON(got.Data, `{"unable":[],"able":["rongcloud"]}`) {
		t.Errorf("chat rooms follow the messages route, which has nobody for them: %d %s", got.Status, got.Body)
	}
}

// What fails for one member does not fail the others, and a create that one vendor surely
// did not make is made at the next.
func TestPartOfAGroupWriteMayFail(t *testing.T) {
	v := startOnTwoVendors(t, "a")
	v.route(t, "linkv,rongcloud")
	made := v.call(t, "a", "POST", "/groups", map[string]any{"group": "g", "name": "n", "owner": "ann", "members": []string{"bob"}})
	if made.Code != 0 || strings.Contains(string(made.Body), `"made_at":null`) || !strings.Contains(string(made.Body), `"vendor":"linkv"`) {
		t.Fatalf("%s", made.Body)
	}
	got := v.call(t, "a", "POST", "/groups/g/members", map[string]any{"users": []string{"cat", "žofie", "dan"}})
	rows := rowsIn(t, got)
	if got.Status != 200 || got.Code != 100112 || len(rows) != 3 || rows[0].State != "accepted" || rows[1].State != "refused" || rows[1].Reason == "" || rows[2].State != "accepted" {
		t.Errorf("an id that LinkV does not take: %s", got.Body)
	}
	got = v.call(t, "a", "DELETE", "/groups/g/members", map[string]any{"users": []string{"stranger", "cat"}})
	if rows := rowsIn(t, got); got.Code != 100112 || len(rows) != 2 || rows[0].State != "refused" || rows[1].State != "accepted" {
		t.Errorf("one who is not in it: %s", got.Body)
	}
	spoil(t, v.linkv.URL, "group.join", 1, map[string]any{"kind": "drop", "after": true})
	got = v.keyed(t, "a", "POST", "/groups/g/members", map[string]any{"users": []string{"eve", "fay"}}, "half")
	if rows := rowsIn(t, got); len(rows) != 2 || rows[0].State != "unknown" || rows[1].State != "refused" {
		t.Errorf("the first in doubt, the second not tried: %s", got.Body)
	}
	// eve is seen in the group; fay, who was not tried, is not: so the doubt is not over
	// for a minute, and the rows stand.
	if again := v.keyed(t, "a", "POST", "/groups/g/members", map[string]any{"users": []string{"eve", "fay"}}, "half"); again.Code != 100109 || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("repeated: %d %s", again.Status, again.Body)
	}
	v.breaker(t, "linkv", "open")
	moved := v.make(t, "a", "h")
	if moved.Vendor != "rongcloud" {
		t.Errorf("made while LinkV is away: %+v", moved)
	}
	if got := v.call(t, "a", "GET", "/groups/g/members", nil); got.Status != 503 || got.Header.Get("Retry-After") == "" {
		t.Errorf("g is LinkV's, which is away: %d %s", got.Status, got.Body)
	}
	if got := v.call(t, "a", "GET", "/users/ann/groups", nil); got.Status != 503 {
		t.Errorf("a list that would not be whole: %d %s", got.Status, got.Body)
	}
	v.breaker(t, "linkv", "closed")
	// A create in doubt may be repeated under another key, at the same vendor alone.
	spoil(t, v.linkv.URL, "group.create", 1, map[string]any{"kind": "drop"})
	if got := v.call(t, "a", "POST", "/groups", `{"group":"i","name":"n","owner":"ann"}`); got.Status != 504 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	v.route(t, "rongcloud")
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got := v.call(t, "a", "POST", "/groups", `{"group":"i","name":"n","owner":"ann"}`)
		if got.Code == 0 && strings.Contains(string(got.Body), `"vendor":"linkv"`) {
			return
		}
		if got.Status != 409 || time.Now().After(deadline) {
			t.Fatalf("repeated: %d %s", got.Status, got.Body)
		}
	}
}
