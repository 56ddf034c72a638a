package main

import (
	"fmt"
	"strings"
	"testing"

	"switchboard/app/access"
	mocklinkv "switchboard/mocks/linkv"
	"switchboard/vendors"
)

// startOnLinkV runs the program with LinkV alone, which answers numbers where
// its documents have text and text where they have numbers.
func startOnLinkV(t *testing.T) (*process, *mocklinkv.App) {
	t.Helper()
	account := mocklinkv.Account{
		AppID: "imapp", AppKey: "imkey", AppSecret: sandboxSecret, LiveAppID: "LM6000000000000000000001", LiveAppSecret: sandboxSecret,
	}
	far, err := mocklinkv.Start(mocklinkv.Config{Account: account, StartBalance: 100, OtherTypes: true, CheckAnswers: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	p := start(t, func(c *Config) {
		c.LinkV.AppID, c.LinkV.AppKey, c.LinkV.AppSecret = account.AppID, account.AppKey, vendors.Secret(account.AppSecret)
		c.LinkV.LiveAppID, c.LinkV.LiveAppSecret = account.LiveAppID, vendors.Secret(account.LiveAppSecret)
		c.LinkV.BaseURL = far.URL
		c.Apps = access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret}}
	})
	return p, far.Default()
}

func TestLinkVIssuesItsOwnCredentials(t *testing.T) {
	p, app := startOnLinkV(t)
	got := p.do(t, request{Path: "/api/v1/im/token", Header: p.as(t, "carol"), Body: map[string]any{"name": "Carol", "portrait": "https://portraits.example/c.png"}})
	var data struct {
		SDK    string `json:"sdk"`
		AppKey string `json:"app_key"`
		Token  string `json:"token"`
		OpenID string `json:"open_id"`
	}
	got.decode(t, &data)
	if data.SDK != "linkv" || data.AppKey != "imkey" || app.TokenUser(data.Token) != "carol" || data.OpenID != app.Register("carol") {
		t.Errorf("%s", got.Body)
	}
	if bad := p.do(t, request{Path: "/api/v1/im/token", Header: p.as(t, "ümlaut")}); bad.Status != 422 || bad.Code != 100110 {
		t.Errorf("an id that LinkV does not take: %d %s", bad.Status, bad.Body)
	}
}

func TestTipsThroughLinkVReachEverybodyInBatches(t *testing.T) {
	p, app := startOnLinkV(t)
	targets := make([]string, 150) // LinkV is given 100 at a time
	for i := range targets {
		targets[i] = fmt.Sprint("u", i)
	}
	sent := p.do(t, request{Path: "/api/server/im/send/tip", Header: serverKey, Body: map[string]any{"from": "sender", "targets": targets, "msg": "礼物 & co"}})
	var fates struct {
		Accepted int
		Failed   []any
	}
	sent.decode(t, &fates)
	if sent.Code != 0 || fates.Accepted != 150 {
		t.Fatalf("%d %s", sent.Status, sent.Body)
	}
	for _, user := range targets {
		inbox := app.Inbox(user)
		if len(inbox) != 1 || inbox[0].ObjectName != "RC:InfoNtf" || inbox[0].From != "sender" || inbox[0].Content != `{"message":"礼物 & co"}` {
			t.Fatalf("%s got %+v", user, inbox)
		}
	}
	system := p.do(t, request{Path: "/api/server/im/send/system", Header: serverKey, Body: map[string]any{"from": "1", "targets": []any{2}, "msg": "x"}})
	if system.Status != 501 || system.Code != 100111 {
		t.Errorf("LinkV has no system messages: %d %s", system.Status, system.Body)
	}
}

func TestCoinsAtLinkV(t *testing.T) {
	p, app := startOnLinkV(t)
	adjust := func(id string, delta int) answer {
		t.Helper()
		return p.do(t, request{Path: "/api/server/wallet/adjust", Header: serverKey, Body: map[string]any{"uid": "bob", "delta": delta, "request_id": id}})
	}
	for range 3 {
		if got := adjust("once", -40); got.Code != 0 {
			t.Fatalf("%s", got.Body)
		}
	}
	if got := adjust("too much", -61); got.Status != 200 || got.Code != 1003 {
		t.Errorf("61 of 60 coins: %d %s", got.Status, got.Body)
	}
	got := p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: p.as(t, "bob")})
	if app.Balance("bob") != 60 || !strings.Contains(string(got.Data), "60") {
		t.Errorf("%d coins, %s", app.Balance("bob"), got.Body)
	}
}
