package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"switchboard/app/access"
	mockrong "switchboard/mocks/rongcloud"
)

func writeAccounts(t testing.TB, path string, accounts any) {
	t.Helper()
	raw, err := json.Marshal(accounts)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func startRong(t testing.TB, secret string) *mockrong.Server {
	t.Helper()
	m, err := mockrong.Start(mockrong.Config{Account: mockrong.Account{AppKey: "app", AppSecret: secret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

type key map[string]string

// audit is who changed routes and accounts, a line each.
func (p *process) audit(t testing.TB) string {
	var seen struct {
		Audit []struct{ By, Reason string }
	}
	p.operate(t, "GET", "/admin/routes", nil, &seen)
	var lines strings.Builder
	for _, e := range seen.Audit {
		lines.WriteString(e.By + " | " + e.Reason + "\n")
	}
	return lines.String()
}

// The vendor knows the old secret, then the new one; requests never fail, and
// the program is never restarted. Then a second account comes and is switched to.
func TestKeysChangeAndAccountsComeWithoutARestart(t *testing.T) {
	old, fresh := startRong(t, "old-secret"), startRong(t, "new-secret")
	path := filepath.Join(t.TempDir(), "accounts.json")
	at := func(url, secret string) key { return key{"app_key": "app", "APP_SECRET": secret, "base_url": url} }
	writeAccounts(t, path, map[string][]key{"rongcloud": {at(old.URL, "old-secret")}})
	p := start(t, func(c *Config) {
		c.AccountsFile, c.AdminKey = path, sandboxAdmin
		c.Apps = access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret}}
	})
	tip := request{Path: "/api/server/im/send/tip", Header: serverKey, Body: `{"from":1,"targets":[2],"msg":"x"}`}
	var preferred *time.Time // when the preferred of two keys was refused
	keys := func(account string) int {
		var seen struct {
			Vendors []struct {
				Name  string
				Keys  int
				Other []struct {
					Healthy bool
					Refused *time.Time `json:"credentials_refused_at"`
				} `json:"other_keys"`
				Refused *time.Time `json:"credentials_refused_at"`
			}
		}
		p.operate(t, "GET", "/admin/vendors", nil, &seen)
		preferred = nil
		for _, v := range seen.Vendors {
			if v.Name == account && v.Keys == 2 {
				if len(v.Other) != 1 || !v.Other[0].Healthy || v.Other[0].Refused != nil {
					t.Errorf("the old key: %+v", v.Other)
				}
				preferred = v.Refused
			}
		}
		for _, v := range seen.Vendors {
			if v.Name == account {
				return v.Keys
			}
		}
		return 0
	}
	until := func(account string, want int) {
		t.Helper()
		for deadline := time.Now().Add(60 * time.Second); keys(account) != want; time.Sleep(20 * time.Millisecond) {
			if got := p.do(t, tip); got.Code != 0 {
				t.Fatalf("while keys change: %s", got.Body)
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s has %d keys", account, keys(account))
			}
		}
	}
	if got := p.do(t, tip); got.Code != 0 {
		t.Fatalf("%s", got.Body)
	}
	p.operate(t, "POST", "/admin/vendors/rongcloud/breaker", `{"by":"ann","class":"write","mode":"closed"}`, nil)
	writeAccounts(t, path, map[string][]key{"rongcloud": {at(old.URL, "new-secret"), at(old.URL, "old-secret")}})
	until("rongcloud", 2)
	for range 3 { // the new key is refused, the old one serves
		if got := p.do(t, tip); got.Code != 0 {
			t.Fatalf("two keys: %s", got.Body)
		}
	}
	if keys("rongcloud"); preferred == nil {
		t.Error("nothing tells that the preferred key is refused")
	}
	if metrics := get(t, p.URL+"/metrics"); !strings.Contains(metrics, `mode="closed",vendor="rongcloud"`) {
		t.Error("the operator's mode was lost with the old key")
	}
	writeAccounts(t, path, map[string][]key{"rongcloud": {at(old.URL, "old-secret")}, "rongcloud:sg": {at(fresh.URL, "new-secret")}})
	until("rongcloud:sg", 1)
	p.operate(t, "PUT", "/admin/routes", `{"by":"ann","routes":{"messages":"rongcloud:sg"}}`, nil)
	before := served(t, fresh.URL, "message.private.publish")
	if got := p.do(t, tip); got.Code != 0 || served(t, fresh.URL, "message.private.publish") != before+1 {
		t.Fatalf("the new account does not serve: %s", got.Body)
	}
	writeAccounts(t, path, map[string][]key{"rongcloud": {at(old.URL, "old-secret")}})
	for deadline := time.Now().Add(60 * time.Second); !strings.Contains(p.Log.String(), "account rongcloud:sg stays: route messages"); time.Sleep(20 * time.Millisecond) {
		if got := p.do(t, tip); got.Code != 0 || time.Now().After(deadline) {
			t.Fatalf("an account that a route names has to stay: %s", got.Body)
		}
	}
	p.operate(t, "PUT", "/admin/routes", `{"by":"ann","routes":{}}`, nil)
	until("rongcloud:sg", 0)
	for _, what := range []string{
		"accounts file at ", "| rongcloud: live keys: 2, before: 1\n", "| rongcloud: live keys: 1, before: 2\n",
		"| rongcloud:sg: live keys: 1, before: 0\n", "| rongcloud:sg: removed\n",
	} {
		until := time.Now().Add(60 * time.Second) // it is written after the change holds
		for audit := p.audit(t); !strings.Contains(audit, what); audit = p.audit(t) {
			if time.Now().After(until) {
				t.Fatalf("the audit has no %q:\n%s", what, audit)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	for _, secret := range []string{"old-secret", "new-secret"} {
		if strings.Contains(p.Log.String(), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
}
