package main

import (
	"context"
	"fmt"
	"net"
	"testing"

	mockrong "switchboard/mocks/rongcloud"
	"switchboard/vendors"
	"switchboard/vendors/rongcloud"
	"switchboard/vendors/upstream"
)

// The backup host is the same account: what cannot be sent to the first, writes
// too, goes to the second.
func TestUnreachableHostIsServedByItsBackup(t *testing.T) {
	m, err := mockrong.Start(mockrong.Config{Account: mockrong.Account{AppKey: "k", AppSecret: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	cfg := Config{RongCloud: rongcloud.Config{AppKey: "k", AppSecret: "s", CommandData: "object", BaseURL: "http://" + closed.Addr().String(), BackupURL: m.URL}}
	a, err := openAccounts(cfg, upstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.close)
	msg := vendors.Message{Kind: vendors.ToUsers, From: "a", To: []string{"b"}, Content: vendors.Content{Kind: vendors.Text, Text: "hi"}}
	_, err = vendors.Via(t.Context(), a.routes, vendors.Request{Capability: vendors.CapMessages, Effect: vendors.Write}, func(ctx context.Context, v *vendors.Vendor) (vendors.Receipt, error) {
		return v.Messages.Send(ctx, msg)
	})
	if err != nil || len(m.Inbox("b")) != 1 {
		t.Errorf("%v; the backup got %d messages", err, len(m.Inbox("b")))
	}
}

func TestHashedRouteKeepsAUserAtHisVendor(t *testing.T) {
	p := start(t, func(c *Config) { c.Route.Tokens = "hash/rongcloud=1,linkv=1" })
	sdk := func(user string) string {
		var got struct{ SDK string }
		p.do(t, request{Path: "/api/v1/im/token", Header: p.as(t, user), Body: map[string]any{}}).decode(t, &got)
		return got.SDK
	}
	seen := map[string]int{}
	for i := range 24 {
		user := fmt.Sprint("user", i)
		first := sdk(user)
		if again := sdk(user); again != first {
			t.Errorf("%s moved from %s to %s", user, first, again)
		}
		seen[first]++
	}
	if seen["rongcloud"] == 0 || seen["linkv"] == 0 {
		t.Errorf("24 users: %v", seen)
	}
}
