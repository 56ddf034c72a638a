package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"switchboard/app/access"
)

const otherApp, otherKey = "777777", "other key of this test"

// withOtherApp makes the process serve a second app.
func withOtherApp(c *Config) {
	c.Apps = access.Apps{
		{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret},
		{ID: otherApp, Key: otherKey, JWTSecret: "another secret of this test"},
	}
}

var otherServer = map[string]string{"app-id": otherApp, "app-key": otherKey}

func text(s string) map[string]any { return map[string]any{"kind": "text", "text": s} }

func toUsers(ids ...any) map[string]any { return map[string]any{"kind": "user", "ids": ids} }

// outgoing makes a message's text differ, so that a doubt is settled by its own.
func outgoing(to map[string]any, content map[string]any) func(vendor, name string) any {
	return func(_, name string) any {
		if content["kind"] == "text" {
			content = text("hello " + name)
		}
		return map[string]any{"from": "100", "to": to, "content": content}
	}
}

func TestEveryMessageIsAnsweredByWhatBecameOfIt(t *testing.T) {
	p := startSurface(t, nil)
	both, rong := []string{"rongcloud", "linkv"}, []string{"rongcloud"}
	reference := func(vendor, _ string) map[string]any {
		if vendor == "rongcloud" {
			return map[string]any{"message_id": p.sent(t)}
		}
		return map[string]any{"reference": map[string]any{"vendor": vendor, "kind": "user", "from": "100", "target": "1001", "id": "1", "sent_at": 0}}
	}
	if got := p.do(t, request{Path: "/api/server/groups", Header: serverKey, Body: map[string]any{"group": "9001", "name": "n", "owner": "1001", "members": []string{"100"}}}); got.Code != 0 {
		t.Fatalf("%s", got.Body)
	}
	p.try(t, []act{
		{what: "text", body: outgoing(toUsers("1001", "1002"), text("")), can: both, rows: 2, settled: rong},
		{what: "image", body: outgoing(toUsers("1001"), map[string]any{"kind": "image", "url": "https://a.example/1.jpg"}), can: both, rows: 1, settled: rong},
		{what: "location", body: outgoing(toUsers("1001"), map[string]any{"kind": "location", "latitude": 51.5, "longitude": -0.12, "place": "the bridge"}), can: both, rows: 1, settled: rong},
		{what: "group", body: outgoing(map[string]any{"kind": "group", "ids": []string{"9001"}}, text("")), can: both, rows: 1, at: rong, settled: rong},
		{what: "broadcast", path: "/broadcast", body: func(_, _ string) any {
			return map[string]any{"from": "100", "content": text("all"), "online_only": true}
		}, can: rong, rows: 1},
		{what: "template", path: "/template", body: func(_, name string) any {
			return map[string]any{"from": "100", "text": "hello {name}", "to": []map[string]any{{"id": "1001", "values": map[string]string{"name": name}}}}
		}, can: both, rows: 1, settled: rong},
		{what: "recall", path: "/recall", body: func(v, n string) any { return reference(v, n) }, can: rong, rows: 1, settled: rong},
		{what: "edit", path: "/edit", body: func(v, n string) any {
			in := reference(v, n)
			in["content"] = text("better")
			return in
		}, can: rong, rows: 1, remade: rong},
		{what: "chatroom", body: outgoing(map[string]any{"kind": "chatroom", "ids": []string{"9002"}}, text("")), can: both, rows: 1, asked: rong}, // nobody is in it; the last: it is looked for on and on
	}, "/api/server/messages", "messages")
}

// sent is the id of a message that exists.
func (p *process) sent(t testing.TB) string {
	t.Helper()
	got := p.do(t, request{Path: "/api/server/messages", Header: serverKey, Body: map[string]any{"from": "100", "to": toUsers("1001"), "content": text("oops")}})
	rows := rowsIn(t, got)
	if got.Code != 0 || len(rows) != 1 || rows[0].Message_id == "" {
		t.Fatalf("%s", got.Body)
	}
	return rows[0].Message_id
}

func TestAMessageIsTakenBackAndChangedByItsID(t *testing.T) {
	p := startSurface(t, withOtherApp)
	id := p.sent(t)
	pushed := map[string]any{"param": map[string]any{"from": 100, "to": map[string]any{"kind": "user", "ids": 1001}, "content": text("oops"), "push": map[string]any{"title": "news", "text": "you have a message"}}}
	if got := p.do(t, request{Path: "/api/server/messages", Header: serverKey, Body: pushed, Bad: true}); got.Code != 0 {
		t.Errorf("%s", got.Body)
	}
	for what, r := range map[string]request{
		"another app":         {Path: "/api/server/messages/recall", Header: otherServer, Body: map[string]any{"message_id": id}},
		"another app edits":   {Path: "/api/server/messages/edit", Header: otherServer, Body: map[string]any{"message_id": id, "content": text("mine")}},
		"an id of nobody":     {Path: "/api/server/messages/recall", Header: serverKey, Body: map[string]any{"message_id": "x" + id}},
		"an id that is no id": {Path: "/api/server/messages/recall", Header: serverKey, Body: map[string]any{"message_id": "??"}},
	} {
		if got := p.do(t, r); got.Status != 404 || got.Code != 100104 {
			t.Errorf("%s: %d %s", what, got.Status, got.Body)
		}
	}
	shared := map[string]any{"vendor": "rongcloud", "kind": "user", "from": "100", "target": "1001", "id": "5FGT-7VA9-G4DD-4V5P"}
	for path, body := range map[string]any{
		"/recall":    map[string]any{"reference": shared},
		"/edit":      map[string]any{"reference": shared, "content": text("mine")},
		"/broadcast": map[string]any{"from": "100", "content": text("all")},
	} {
		if got := p.do(t, request{Path: "/api/server/messages" + path, Header: serverKey, Body: body}); got.Status != 403 || got.Code != 100103 {
			t.Errorf("%s where apps share the vendor: %d %s", path, got.Status, got.Body)
		}
	}
	// The route leads elsewhere meanwhile: the message is where it was.
	p.operate(t, "PUT", "/admin/routes", `{"by":"test","routes":{"messages":"linkv"}}`, nil)
	if got := p.do(t, request{Path: "/api/server/messages/edit", Header: serverKey, Body: map[string]any{"message_id": id, "content": text("better")}}); got.Code != 0 {
		t.Errorf("edit: %s", got.Body)
	}
	if got := p.do(t, request{Path: "/api/server/messages/recall", Header: serverKey, Body: map[string]any{"message_id": id}}); got.Code != 0 {
		t.Errorf("recall: %s", got.Body)
	}
	journal := get(t, p.mock(t, "rongcloud")+"/_mock/journal")
	for _, want := range []string{"/message/recall.json", "/message/private/modify.json", "pushContent=you+have+a+message", "pushExt=%7B%22title%22%3A%22news%22%7D"} {
		if !strings.Contains(journal, want) {
			t.Errorf("the vendor did not receive %s", want)
		}
	}
}

func TestAConversationsHistoryIsPaged(t *testing.T) {
	p := startSurface(t, nil)
	for _, said := range []string{"one", "two", "three"} {
		if got := p.do(t, request{Path: "/api/server/messages", Header: serverKey, Body: map[string]any{"from": "100", "to": toUsers("1001"), "content": text(said), "extra": "for " + said}}); got.Code != 0 {
			t.Fatalf("%s", got.Body)
		}
	}
	type page struct {
		Vendor   string
		Messages []struct {
			Message_id, From, Extra string
			Content                 struct{ Kind, Text string }
		}
		Next *string
	}
	var said, cursor []string
	for range 5 {
		path := "/api/server/messages/history?user=1001&target=100&limit=2"
		if len(cursor) > 0 {
			path += "&cursor=" + cursor[len(cursor)-1]
		}
		var out page
		p.do(t, request{Method: "GET", Path: path, Header: serverKey}).decode(t, &out)
		for _, m := range out.Messages {
			said = append(said, m.Content.Text)
			if m.Extra != "for "+m.Content.Text || m.Message_id == "" || m.From != "100" || out.Vendor != "rongcloud" {
				t.Errorf("%+v", m)
			}
		}
		if out.Next == nil {
			break
		}
		cursor = append(cursor, *out.Next)
	}
	if strings.Join(said, " ") != "one two three" {
		t.Errorf("read %q", said)
	}
	for _, query := range []string{"", "?user=1001", "?user=1001&target=100&kind=planet", "?user=1001&target=100&limit=101", "?user=1001&target=100&after=9&until=3", "?user=1001&target=100&cursor=x"} {
		if got := p.do(t, request{Method: "GET", Path: "/api/server/messages/history" + query, Header: serverKey, Bad: true}); got.Status != 400 {
			t.Errorf("%s: %d %s", query, got.Status, got.Body)
		}
	}
}

// Portions go out at the vendor's pace while there is time; the rest is told that nothing
// was sent, and when to come back. One portion's refusal is that of its targets alone.
func TestASendToManyTellsEachTargetsFate(t *testing.T) {
	p := startSurface(t, func(c *Config) { c.Deadline = 3 * time.Second })
	ids := make([]any, 600)
	for i := range ids {
		ids[i] = fmt.Sprint(2000 + i)
	}
	send := func(key string) (got answer, states map[string]int) {
		t.Helper()
		got = p.do(t, request{Path: "/api/server/messages", Header: with(serverKey, "Idempotency-Key", key), Body: map[string]any{"from": "100", "to": map[string]any{"kind": "system", "ids": ids}, "content": text("hi")}})
		states = map[string]int{}
		for i, r := range rowsIn(t, got) {
			states[r.State]++
			if r.ID != ids[i] || (r.State == "accepted") != (r.Message_id != "") || (r.State == "accepted") != (r.Reason == "") {
				t.Fatalf("row %d: %+v", i, r)
			}
		}
		return got, states
	}
	got, states := send("paced")
	if got.Code != codePartly || states["accepted"] == 0 || states["refused"] == 0 || states["accepted"]+states["refused"]+states["unknown"] != 600 || got.Header.Get("Retry-After") == "" {
		t.Errorf("more than there is time for: code %d, %v, Retry-After %q", got.Code, states, got.Header.Get("Retry-After"))
	}
	if again, _ := send("paced"); again.Header.Get("Idempotent-Replayed") != "true" || string(again.Data) != string(got.Data) {
		t.Error("the rows are others when the request is repeated")
	}
	ids = ids[:3]
	waitFor(t, "the vendor's pace", func() bool {
		got, _ = send(fmt.Sprint("few-", time.Now().UnixNano()))
		return got.Code == 0
	})
	// One by one at LinkV, which refuses the second.
	p.operate(t, "PUT", "/admin/routes", `{"by":"test","routes":{"messages":"linkv"}}`, nil)
	post(t, p.mock(t, "linkv")+"/_mock/faults", map[string]any{"match": map[string]any{"op": "*", "nth": 2}, "action": map[string]any{"kind": "code", "code": "400"}})
	got = p.do(t, request{Path: "/api/server/messages", Header: serverKey, Body: map[string]any{"from": "100", "to": toUsers("1", "2", "3"), "content": text("hi"), "push": map[string]any{"text": "hi"}}})
	rows := rowsIn(t, got)
	if got.Code != codePartly || len(rows) != 3 || rows[0].State != "accepted" || rows[1].State != "refused" || rows[2].State != "accepted" || rows[1].Vendor != "linkv" {
		t.Errorf("%s", got.Body)
	}
}

func post(t testing.TB, url string, body any) {
	t.Helper()
	raw, _ := json.Marshal(body)
	res, err := http.Post(url, "application/json", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		t.Fatalf("%s: %d", url, res.StatusCode)
	}
}

// A vendor without any of it cannot even be routed.
func TestAVendorOfRoomsAloneIsRoutedForNothingElse(t *testing.T) {
	p := startSurface(t, nil)
	for _, capability := range []string{"messages", "tokens", "presence", "words", "wallet", "translator", "groups", "chatrooms"} {
		got := p.do(t, request{Method: "PUT", Path: "/admin/routes", Header: adminKey, Body: map[string]any{"by": "test", "routes": map[string]string{capability: "youme"}}})
		if got.Status != 422 || !strings.Contains(string(got.Body), "youme cannot do that") {
			t.Errorf("%s: %d %s", capability, got.Status, got.Body)
		}
	}
}

func TestAMessageThatCannotBeIsRefusedBeforeAnyCall(t *testing.T) {
	p := startSurface(t, nil)
	before := p.calls(t, "rongcloud") + p.calls(t, "linkv")
	many := make([]int, 1001)
	base := `{"from":"1","to":{"kind":"user","ids":["2"]},"content":`
	for body, path := range map[string]string{
		`{}`: "", base + `{}}`: "", base + `{"kind":"text"}}`: "", base + `{"kind":"text","text":" "}}`: "", base + `{"kind":"hologram"}}`: "",
		base + `{"kind":"image"}}`: "", base + `{"kind":"image","url":"ftp://a.example/1"}}`: "", base + `{"kind":"image","url":"https:///1"}}`: "",
		base + `{"kind":"image","url":"https://a.example/1","thumbnail":"not base64!"}}`: "", base + `{"kind":"voice","url":"https://a.example/1"}}`: "",
		base + `{"kind":"voice","url":"https://a.example/1","seconds":-1}}`: "", base + `{"kind":"file","url":"https://a.example/1"}}`: "",
		base + `{"kind":"location","latitude":91,"longitude":0}}`: "", base + `{"kind":"location","latitude":"x","longitude":0}}`: "", base + `{"kind":"location","latitude":1}}`: "",
		base + `{"kind":"custom","type":"a"}}`: "", base + `{"kind":"command"}}`: "", base + `{"kind":"text","text":"x"},"push":{"title":"y"}}`: "",
		base + `{"kind":"text","text":"x"},"transient":"perhaps"}`:                                            "",
		`{"from":"1","to":{"kind":"planet","ids":["2"]},"content":{"kind":"text","text":"x"}}`:                "",
		`{"from":"1","to":{"kind":"user","ids":[]},"content":{"kind":"text","text":"x"}}`:                     "",
		`{"from":"1","text":"hello {name}","to":[{"id":"2"}]}`:                                                "/template",
		`{"from":"1","text":"` + strings.Repeat("{a}", 101) + `","to":[{"id":"2","values":{"a":"x"}}]}`:       "/template",
		`{"from":"1","text":"{a}{a}","to":[{"id":"2","values":{"a":"` + strings.Repeat("x", 70_000) + `"}}]}`: "/template",
		`{"from":"1","text":"hello","to":[]}`:                                                                 "/template",
		`{"from":"1","kind":"group","text":"hello","to":[{"id":"2"}]}`:                                        "/template",
		`{"content":{"kind":"text","text":"x"}}`:                                                              "/broadcast",
		`{ }`:                                                                                                 "/recall",
		`{"message_id":"a","reference":{"vendor":"rongcloud"}}`:                                               "/recall",
		`{"reference":{"vendor":"rongcloud","kind":"user","from":"1","target":"2"}}`:                          "/edit",
	} {
		if got := p.do(t, request{Path: "/api/server/messages" + path, Header: serverKey, Body: body, Bad: true}); got.Status != 400 || got.Code != 100101 {
			t.Errorf("%s %s: %d %s", path, body, got.Status, got.Body)
		}
	}
	body, _ := json.Marshal(map[string]any{"from": 1, "to": map[string]any{"kind": "user", "ids": many}, "content": text("x")})
	if got := p.do(t, request{Path: "/api/server/messages", Header: serverKey, Body: string(body), Bad: true}); got.Status != 400 {
		t.Errorf("too many: %d", got.Status)
	}
	if n := p.calls(t, "rongcloud") + p.calls(t, "linkv"); n != before {
		t.Errorf("%d calls for what cannot be", n)
	}
}
