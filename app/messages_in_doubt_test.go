package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A tip whose answer is lost is looked up in the vendor's history, and ends as
// unknown where there is none or where it is not in it.
func TestMessagesInDoubtAreLookedUp(t *testing.T) {
	t.Parallel()
	const ledgerGiveUp = 2 * time.Second
	p := start(t, func(c *Config) {
		c.Ledger.FirstCheck, c.Ledger.GiveUp = 20*time.Millisecond, ledgerGiveUp
	})
	w := &world{process: p}
	for _, vendor := range []string{"rongcloud", "linkv"} { // every call is to reach its vendor
		w.operate(t, "POST", "/admin/vendors/"+vendor+"/breaker", `{"by":"test","mode":"closed"}`, nil)
	}
	after := map[string]any{"kind": "drop", "after": true}
	for i, c := range []struct {
		name, vendor, path string
		targets            []int
		fault              map[string]any
		want               string
	}{
		{"sent to one", "rongcloud", "tip", []int{1002}, after, "done"},
		{"sent to two", "rongcloud", "tip", []int{1002, 1003}, after, "done"},
		{"answer cut short", "rongcloud", "tip", []int{1002}, map[string]any{"kind": "truncate"}, "done"},
		{"an error page in the place of the answer", "rongcloud", "tip", []int{1002}, map[string]any{"kind": "html", "status": 502, "after": true}, "done"},
		{"never sent", "rongcloud", "tip", []int{1002}, map[string]any{"kind": "drop"}, "unknown"},
		{"a system message: nothing tells", "rongcloud", "system", []int{1002}, after, "unknown"},
		{"a vendor without a history: nothing tells", "linkv", "tip", []int{1002}, after, "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := fmt.Sprint("message-", i)
			w.operate(t, "PUT", "/admin/routes", `{"by":"test","routes":{"messages":"`+c.vendor+`"}}`, nil)
			spoil(t, p.mock(t, c.vendor), "message.*", 1, c.fault)
			order := request{
				Path: "/api/server/im/send/" + c.path, Body: param(map[string]any{"from": "1001", "targets": c.targets, "msg": "text of " + key}),
				Header: with(with(serverKey, "Idempotency-Key", key), "X-Request-Id", key),
			}
			if first := p.do(t, order); first.Status != 504 || first.Code != 100109 {
				t.Fatalf("an answer that is lost: %d %s", first.Status, first.Body)
			}
			if state := w.state(t, key); state != c.want {
				t.Fatalf("ends as %s", state)
			}
			again := p.do(t, order)
			if c.want == "unknown" {
				if again.Status != 504 {
					t.Errorf("asked again: %d %s", again.Status, again.Body)
				}
				return
			}
			if told := fmt.Sprintf(`"accepted":%d`, len(c.targets)); again.Status != 200 || !strings.Contains(string(again.Body), told) || again.Header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("asked again: %d %s, want %s", again.Status, again.Body, told)
			}
		})
	}
}
