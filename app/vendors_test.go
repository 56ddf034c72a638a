package main

import (
	"context"
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
	_, err = vendors.Via(t.Context(), a.routes, vendors.CapMessages, vendors.Write, func(ctx context.Context, v *vendors.Vendor) (vendors.Receipt, error) {
		return v.Messages.Send(ctx, msg)
	})
	if err != nil || len(m.Inbox("b")) != 1 {
		t.Errorf("%v; the backup got %d messages", err, len(m.Inbox("b")))
	}
}
