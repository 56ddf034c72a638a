package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"switchboard/app/access"
)

// The vendor takes one of two secrets of an account, whichever stands first: enough calls
// that the refused key's own breaker would open, and all of them are served.
func TestEveryCallIsServedWhileOneOfTwoKeysIsRefused(t *testing.T) {
	for _, order := range [][]string{{"old", "new"}, {"new", "old"}} {
		t.Run(strings.Join(order, " then "), func(t *testing.T) {
			rong := startRong(t, "new")
			path := filepath.Join(t.TempDir(), "accounts.json")
			var keys []key
			for _, secret := range order {
				keys = append(keys, key{"app_key": "app", "app_secret": secret, "base_url": rong.URL})
			}
			writeAccounts(t, path, map[string][]key{"rongcloud": keys})
			p := start(t, func(c *Config) {
				c.AccountsFile, c.AdminKey = path, sandboxAdmin
				c.Apps = access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret}}
			})
			for i := range 40 {
				if got := p.system(t, "", 1000+i); got.Code != 0 {
					t.Fatalf("call %d: %d %s", i, got.Status, got.Body)
				}
			}
		})
	}
}

// system sends a system message to one user, under a key unless that is empty.
func (p *process) system(t *testing.T, key string, to int) answer {
	t.Helper()
	r := request{Path: "/api/server/im/send/system", Header: serverKey, Body: map[string]any{"from": "1", "targets": []int{to}, "msg": "order 5 shipped"}}
	if key != "" {
		r.Header = with(with(serverKey, "Idempotency-Key", key), "X-Request-Id", key)
	}
	return p.do(t, r)
}

// An outage of the vendor that can is one, although the next vendor of the route cannot:
// the key stays usable.
func TestAnOutageKeepsItsKeyWhateverStandsBehindOnTheRoute(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"rongcloud,linkv", "linkv,rongcloud", "weighted/rongcloud=1,linkv=1", "rongcloud"} {
		t.Run(route, func(t *testing.T) {
			p := start(t, nil)
			p.operate(t, "PUT", "/admin/routes", map[string]any{"by": "h", "routes": map[string]string{"messages": route}}, nil)
			p.operate(t, "POST", "/admin/vendors/rongcloud/breaker", `{"by":"h","mode":"open"}`, nil)
			for range 2 {
				if got := p.system(t, "order-5", 1002); got.Status != 503 || got.Code != 100108 || got.Header.Get("Retry-After") == "" {
					t.Errorf("during the outage: %d %s", got.Status, got.Body)
				}
			}
			p.operate(t, "POST", "/admin/vendors/rongcloud/breaker", `{"by":"h","mode":"auto"}`, nil)
			for i, replayed := range []string{"", "true"} {
				if got := p.system(t, "order-5", 1002); got.Code != 0 || got.Header.Get("Idempotent-Replayed") != replayed {
					t.Errorf("request %d after the outage: %d %s", i+1, got.Status, got.Body)
				}
			}
			if n := served(t, p.mock(t, "rongcloud"), "message.system.publish"); n != 1 {
				t.Errorf("sent %d times", n)
			}
		})
	}
}

// LinkV has no system messages: it is passed over at any place of the route.
func TestAVendorThatCannotIsPassedOverAtAnyPlace(t *testing.T) {
	p := start(t, nil)
	for _, route := range []string{"linkv,rongcloud", "rongcloud,linkv", "weighted/rongcloud=1,linkv=1", "hash/rongcloud=1,linkv=1"} {
		p.operate(t, "PUT", "/admin/routes", map[string]any{"by": "h", "routes": map[string]string{"messages": route}}, nil)
		for i := range 6 {
			for _, key := range []string{"", fmt.Sprint(route, i)} {
				if got := p.system(t, key, 1000+i); got.Code != 0 {
					t.Errorf("%s, key %q: %d %s", route, key, got.Status, got.Body)
				}
			}
		}
	}
}

// One target that the first vendor does not take goes to the one that does.
func TestATargetThatOneVendorDoesNotTakeGoesToTheOther(t *testing.T) {
	p := start(t, nil)
	p.operate(t, "PUT", "/admin/routes", map[string]any{"by": "h", "routes": map[string]string{"messages": "linkv,rongcloud"}}, nil)
	for _, targets := range [][]any{{1002, 1003, "用户"}, {"用户", 1002}, {"用户"}, {"a b", 1002, "x/y"}} {
		got := p.do(t, request{Path: "/api/server/im/send/tip", Header: serverKey, Body: map[string]any{"from": 1, "targets": targets, "msg": "hi"}})
		var fates sendFates
		got.decode(t, &fates)
		if got.Code != 0 || fates.Accepted != len(targets) || len(fates.Failed) != 0 {
			t.Errorf("%v: %d %s", targets, got.Status, got.Body)
		}
	}
}

type sendFates struct {
	Accepted  int
	Elsewhere []any
	Failed    []struct {
		Target string
		Code   int
	}
}

// A send to more people than the time of one request is enough for reaches as many as
// the vendor's pace allows, moves nobody to another vendor, and tells who is left.
func TestASendToManyStaysWithItsVendorAndTellsWhoIsLeft(t *testing.T) {
	p := start(t, func(c *Config) { c.Deadline = 2 * time.Second })
	targets := make([]string, 10_000)
	for i := range targets {
		targets[i] = fmt.Sprint(100_000 + i)
	}
	begin := time.Now()
	got := p.do(t, request{Path: "/api/server/im/send/tip", Header: serverKey, Body: map[string]any{"from": 1, "targets": targets, "msg": "hi"}})
	var fates sendFates
	got.decode(t, &fates)
	t.Logf("%d accepted, %d left in %s, Retry-After %s", fates.Accepted, len(fates.Failed), time.Since(begin), got.Header.Get("Retry-After"))
	if got.Code != codePartly || fates.Accepted < 1000 || fates.Accepted+len(fates.Failed) != len(targets) || len(fates.Elsewhere) != 0 || got.Header.Get("Retry-After") == "" {
		t.Fatalf("%d accepted, %d failed, %d elsewhere, Retry-After %q, code %d", fates.Accepted, len(fates.Failed), len(fates.Elsewhere), got.Header.Get("Retry-After"), got.Code)
	}
	for _, f := range fates.Failed {
		if f.Code != 100107 {
			t.Fatalf("%+v", f)
		}
	}
	if n := served(t, p.mock(t, "linkv"), ""); n != 0 {
		t.Errorf("%d calls went to the other vendor", n)
	}
}

// Texts that the vendor's pace leaves no time for are told so; a repeat goes on from what
// is translated already.
func TestManyNewTextsAreTranslatedByRepeats(t *testing.T) {
	t.Parallel()
	p := start(t, func(c *Config) { c.Deadline = 2 * time.Second })
	alice := p.as(t, "1")
	texts := make([]string, 60)
	for i := range texts {
		texts[i] = fmt.Sprint("text number ", i)
	}
	for try := 1; ; try++ {
		begin := time.Now()
		got := p.do(t, request{Path: "/api/v1/translate/action", Header: alice, Body: map[string]any{"text": texts, "short": "en"}})
		t.Logf("try %d: %d in %s, Retry-After %s", try, got.Status, time.Since(begin), got.Header.Get("Retry-After"))
		if got.Code == 0 {
			var out []string
			if err := json.Unmarshal(got.Data, &out); err != nil || len(out) != len(texts) || try == 1 {
				t.Errorf("try %d: %d texts, %v", try, len(out), err)
			}
			return
		}
		if got.Status != 429 || got.Code != 100107 || got.Header.Get("Retry-After") == "" || try == 10 {
			t.Fatalf("try %d: %d %s", try, got.Status, got.Body)
		}
	}
}
