package main

import (
	"fmt"
	"testing"
	"time"

	"switchboard/app/access"
	"switchboard/mocks/mock"
	mockrong "switchboard/mocks/rongcloud"
	mockyoume "switchboard/mocks/youme"
)

// A write about a room whose answer is lost is settled by what can be read back,
// and ends as unknown where nothing can.
func TestRoomWritesInDoubtAreReadBack(t *testing.T) {
	t.Parallel()
	rong := startRong(t, "secret")
	youme, err := mockyoume.Start(mockyoume.Config{Account: mockyoume.Account{AppKey: "YOUME1", AppSecret: sandboxSecret, AppID: 1000, Identifier: "admin"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = youme.Close() })
	p := start(t, func(c *Config) {
		c.Ledger.FirstCheck, c.Ledger.GiveUp = 20*time.Millisecond, 3*time.Second
		c.AdminKey, c.Apps = sandboxAdmin, access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret}}
		c.RongCloud.AppKey, c.RongCloud.AppSecret, c.RongCloud.BaseURL = "app", "secret", rong.URL
		c.YouMe.AppKey, c.YouMe.AppSecret, c.YouMe.AppID, c.YouMe.BaseURL = "YOUME1", sandboxSecret, 1000, youme.URL
	})
	w := &world{process: p}
	for _, v := range []string{"rongcloud", "youme"} { // every call is to reach its vendor
		w.operate(t, "POST", "/admin/vendors/"+v+"/breaker", `{"by":"test","mode":"closed"}`, nil)
	}
	lost, dropped := mock.Action{Kind: mock.Reset, After: true}, mock.Action{Kind: mock.Reset}
	for i, c := range []struct {
		name, vendor, path string
		body               any
		fault              mock.Action
		want               string
	}{
		{"kicked", "youme", "kick", map[string]any{"user": "1"}, lost, "done"},
		{"kicked at the other vendor", "rongcloud", "kick", map[string]any{"user": "1"}, lost, "done"},
		{"not kicked", "youme", "kick", map[string]any{"user": "1"}, dropped, "unknown"},
		{"kept out: nothing tells", "youme", "kick", map[string]any{"user": "1", "seconds": 60}, lost, "unknown"},
		{"dissolved", "rongcloud", "dissolve", map[string]any{}, lost, "done"},
		{"not dissolved", "rongcloud", "dissolve", map[string]any{}, dropped, "unknown"},
		{"banned", "rongcloud", "ban", map[string]any{"users": []string{"1", "2"}, "seconds": 60}, lost, "done"},
		{"a ban that never arrived", "rongcloud", "ban", map[string]any{"users": []string{"1", "2"}, "seconds": 60}, dropped, "done"},
		{"unbanned", "rongcloud", "unban", map[string]any{"users": []string{"1"}}, lost, "done"},
		{"an unban that never arrived", "rongcloud", "unban", map[string]any{"users": []string{"1"}}, dropped, "done"},
		{"text: nothing tells", "youme", "message", map[string]any{"from": "1", "text": "x"}, lost, "unknown"},
		{"identity with a sequence", "youme", "identity", map[string]any{"user": "1", "identity": "host", "sequence": 5}, lost, "done"},
		{"identity that never arrived", "youme", "identity", map[string]any{"user": "1", "identity": "host", "sequence": 5}, dropped, "done"},
		{"identity without one", "youme", "identity", map[string]any{"user": "1", "identity": "host"}, lost, "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			room := fmt.Sprint("room-", i)
			for _, user := range []string{"1", "2"} {
				far := func() error { return youme.Default().Join(room, user, mockyoume.Media{}) }
				if c.vendor == "rongcloud" {
					far = func() error { return joinRong(rong, room, user) }
				}
				if err := far(); err != nil {
					t.Fatal(err)
				}
			}
			faults := youme.Default().Faults
			if c.vendor == "rongcloud" {
				faults = rong.Default().Faults
			}
			faults.Next("", 1, c.fault)
			order := request{Path: "/api/server/rooms/" + room + "/" + c.path + "?vendor=" + c.vendor, Body: c.body,
				Header: with(with(serverKey, "Idempotency-Key", room), "X-Request-Id", room)}
			if got := p.do(t, order); got.Status != 504 || got.Code != 100109 {
				t.Fatalf("an answer that is lost: %d %s", got.Status, got.Body)
			}
			if state := w.state(t, room); state != c.want {
				t.Fatalf("ends as %s", state)
			}
			again := p.do(t, order)
			want := map[string]int{"done": 200, "unknown": 504}[c.want]
			if again.Status != want || again.Header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("asked again: %d %s", again.Status, again.Body)
			}
		})
	}
}

func joinRong(s *mockrong.Server, room, user string) error {
	s.Default().AddUser(user, user)
	return s.Default().JoinRTC(room, user)
}
