package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"switchboard/app/access"
	mocklinkv "switchboard/mocks/linkv"
	"switchboard/vendors"
)

// linkvAccount starts a LinkV of its own, and returns it with the account's key.
func linkvAccount(t *testing.T, app string) (*mocklinkv.Server, []key) {
	t.Helper()
	far, err := mocklinkv.Start(mocklinkv.Config{
		Account:      mocklinkv.Account{AppID: app, AppKey: "imkey", AppSecret: sandboxSecret, LiveAppID: "LM6000000000000000000001", LiveAppSecret: sandboxSecret},
		StartBalance: 100,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	return far, []key{{
		"app_id": app, "app_key": "imkey", "app_secret": sandboxSecret, "base_url": far.URL,
		"live_app_id": "LM6000000000000000000001", "live_app_secret": sandboxSecret,
	}}
}

func tenant(id string, accounts ...string) access.App {
	return access.App{ID: id, Key: sandboxKey, JWTSecret: sandboxSecret, Tenant: vendors.Tenant{Accounts: accounts}}
}

func backEndOf(app string) map[string]string {
	return map[string]string{"app-id": app, "app-key": sandboxKey}
}

// Two apps have an account each. A user of the same id has two purses, and neither
// app can be switched to the other's account.
func TestAppsWithAccountsOfTheirOwnShareNothing(t *testing.T) {
	one, oneKeys := linkvAccount(t, "one")
	two, twoKeys := linkvAccount(t, "two")
	path := filepath.Join(t.TempDir(), "accounts.json")
	writeAccounts(t, path, map[string][]key{"linkv": oneKeys, "linkv:b": twoKeys})
	p := start(t, func(c *Config) {
		c.AccountsFile, c.AdminKey = path, sandboxAdmin
		c.Apps = access.Apps{tenant("a"), tenant("b", "linkv:b")}
	})
	for i, app := range []string{"a", "b"} {
		got := p.do(t, request{Path: "/api/server/wallet/adjust", Header: backEndOf(app), Body: map[string]any{"uid": "7", "delta": 10 + i, "request_id": "r"}})
		if got.Code != 0 {
			t.Fatalf("%s: %s", app, got.Body)
		}
		tip := p.do(t, request{Path: "/api/server/im/send/tip", Header: backEndOf(app), Body: `{"from":1,"targets":[2],"msg":"of ` + app + `"}`})
		if tip.Code != 0 {
			t.Fatalf("%s: %s", app, tip.Body)
		}
	}
	for far, want := range map[*mocklinkv.Server]struct {
		coins int64
		text  string
	}{one: {110, "of a"}, two: {111, "of b"}} {
		inbox := far.Default().Inbox("2")
		if far.Default().Balance("7") != want.coins || len(inbox) != 1 || !strings.Contains(inbox[0].Content, want.text) {
			t.Errorf("%d coins, %+v, want %+v", far.Default().Balance("7"), inbox, want)
		}
	}
	var seen struct {
		Apps map[string]struct {
			Accounts []string
			Routes   map[string]struct{ Vendors []struct{ Vendor string } }
			Switched map[string]any
		}
	}
	p.operate(t, "GET", "/admin/routes", nil, &seen)
	if got := seen.Apps["b"]; strings.Join(got.Accounts, ",") != "linkv:b" || got.Routes["wallet"].Vendors[0].Vendor != "linkv:b" {
		t.Errorf("%+v", seen)
	}
	for body, says := range map[string]string{
		`{"by":"ann","routes":{},"apps":{"a":{"messages":"linkv:b"}}}`: "not among",
		`{"by":"ann","routes":{},"apps":{"c":{"messages":"linkv"}}}`:   "no app",
	} {
		if got := p.do(t, request{Method: "PUT", Path: "/admin/routes", Header: adminKey, Body: body}); got.Status != 422 || !strings.Contains(string(got.Body), says) {
			t.Errorf("%s: %d %s", body, got.Status, got.Body)
		}
	}
	p.operate(t, "PUT", "/admin/routes", `{"by":"ann","routes":{},"apps":{"a":{"messages":"linkv;least_bad"}}}`, &seen)
	p.operate(t, "PUT", "/admin/routes", `{"by":"ann","routes":{"messages":"linkv,linkv:b"}}`, &seen)
	if len(seen.Apps["a"].Switched) != 1 || len(seen.Apps["b"].Switched) != 0 {
		t.Errorf("what was switched for an app goes when the general routes are: %+v", seen.Apps)
	}
}

func TestWhatAnAppIsPromisedInVainStopsTheStart(t *testing.T) {
	for says, apps := range map[string]access.Apps{
		`SWITCHBOARD_APPS: app a: no account "acme" is configured: one of linkv`: {tenant("a", "acme")},
		"SWITCHBOARD_APPS: app b: it names no accounts":                          {tenant("a", "linkv"), tenant("b")},
	} {
		cfg, err := loadConfig()
		if err != nil {
			t.Fatal(err)
		}
		cfg.Listen, cfg.DataDir, cfg.Apps = "127.0.0.1:0", t.TempDir(), apps
		cfg.LinkV.AppID, cfg.LinkV.AppKey, cfg.LinkV.AppSecret, cfg.LinkV.BaseURL = "imapp", "imkey", sandboxSecret, "http://127.0.0.1:1"
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // should it start all the same
		if err := run(ctx, cfg, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("started: %v, want %s", err, says)
		}
		cancel()
	}
	for says, list := range map[string]string{
		"listed twice":   `[{"id":"a","key":"k","jwt_secret":"0123456789abcdef","accounts":["x","x"]}]`,
		"routes: wallet": `[{"id":"a","key":"k","jwt_secret":"0123456789abcdef","routes":{"wallet":"walet/x"}}]`,
		"no capability":  `[{"id":"a","key":"k","jwt_secret":"0123456789abcdef","routes":{"coins":"x"}}]`,
	} {
		var apps access.Apps
		err := apps.Decode(list)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", list, err)
		}
	}
}
