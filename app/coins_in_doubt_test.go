package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// coinsInDoubt is the sandbox that looks into a write for a moment only.
func coinsInDoubt(t *testing.T, askAgain time.Duration) (p *process, linkv string, adjust func(id string, delta int) answer, balance func() int) {
	t.Helper()
	p = start(t, func(c *Config) {
		c.Ledger.FirstCheck, c.Ledger.GiveUp, c.Ledger.AskAgain = 20*time.Millisecond, 50*time.Millisecond, askAgain
	})
	p.operate(t, "POST", "/admin/vendors/linkv/breaker", `{"by":"test","mode":"closed"}`, nil)
	alice := p.as(t, "alice")
	adjust = func(id string, delta int) answer {
		return p.do(t, request{Path: "/api/server/wallet/adjust", Header: with(serverKey, "X-Request-Id", id), Body: map[string]any{"uid": "alice", "delta": delta, "request_id": id}})
	}
	balance = func() (n int) {
		var data struct{ Balance int }
		p.do(t, request{Method: "GET", Path: "/api/v1/wallet", Header: alice}).decode(t, &data)
		return data.Balance
	}
	return p, p.mock(t, "linkv"), adjust, balance
}

// givenUp waits until nobody looks into the write any more.
func (p *process) givenUp(t *testing.T, id string) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got := p.do(t, request{Method: "GET", Path: "/admin/explain/" + id, Header: adminKey})
		if strings.Contains(string(got.Body), `"state":"unknown"`) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not given up: %s", id, got.Body)
		}
	}
}

// The vendor is away for longer than a write is looked into. When it is back, a repeat
// with the same request id learns the outcome, whatever the fault did to the first.
func TestARequestIDOfUnknownOutcomeIsSettledByARepeat(t *testing.T) {
	p, linkv, adjust, balance := coinsInDoubt(t, 24*time.Hour)
	for _, tc := range []struct {
		fault map[string]any
		delta int
	}{
		{map[string]any{"kind": "drop"}, -10},
		{map[string]any{"kind": "drop", "after": true}, -10},
		{map[string]any{"kind": "reset", "after": true}, 25},
		{map[string]any{"kind": "html", "status": 502, "after": true}, 7},
		{map[string]any{"kind": "truncate"}, -3},
		{map[string]any{"kind": "garbage"}, 1},
	} {
		id := fmt.Sprint(tc.fault["kind"], tc.fault["after"])
		before := balance()
		spoil(t, linkv, "wallet.adjust", 1000, tc.fault)
		if got := adjust(id, tc.delta); got.Status != 504 || got.Code != 100109 || got.Header.Get("Retry-After") == "" {
			t.Fatalf("%s: %d %s, Retry-After %q", id, got.Status, got.Body, got.Header.Get("Retry-After"))
		}
		p.givenUp(t, id)
		if got := adjust(id, tc.delta); got.Status != 504 || got.Code != 100109 || got.Header.Get("Retry-After") == "" {
			t.Errorf("%s, the vendor is still away: %d %s", id, got.Status, got.Body)
		}
		p.givenUp(t, id)
		heal(t, linkv)
		for range 2 {
			if got := adjust(id, tc.delta); got.Code != 0 || got.Header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("%s, the vendor is back: %d %s", id, got.Status, got.Body)
			}
		}
		if got := adjust(id, tc.delta+1); got.Status != 409 {
			t.Errorf("%s with other content: %d %s", id, got.Status, got.Body)
		}
		if got := balance(); got != before+tc.delta {
			t.Errorf("%s: %d coins, then %d", id, before, got)
		}
	}
}

func TestARequestIDOfUnknownOutcomeIsUnknownForGoodInTime(t *testing.T) {
	p, linkv, adjust, balance := coinsInDoubt(t, 0)
	before := balance()
	spoil(t, linkv, "wallet.adjust", 1000, map[string]any{"kind": "drop", "after": true})
	if got := adjust("order-1", -10); got.Code != 100109 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	p.givenUp(t, "order-1")
	heal(t, linkv)
	if got := adjust("order-1", -10); got.Status != 504 || got.Code != 100114 || got.Header.Get("Retry-After") != "" {
		t.Errorf("%d %s, Retry-After %q", got.Status, got.Body, got.Header.Get("Retry-After"))
	}
	if got := balance(); got != before-10 {
		t.Errorf("%d coins, then %d", before, got)
	}
}

// LinkV takes the id of a change that it refused for too few coins again.
func TestTooFewCoinsUseUpNoRequestID(t *testing.T) {
	_, _, adjust, balance := coinsInDoubt(t, 24*time.Hour)
	have := balance()
	for range 2 {
		if got := adjust("order-1", -have-5); got.Code != 1003 || got.Header.Get("Idempotent-Replayed") != "" {
			t.Fatalf("%s", got.Body)
		}
	}
	if got := adjust("order-1", -have-6); got.Status != 409 {
		t.Errorf("the id for another amount: %d %s", got.Status, got.Body)
	}
	if got := adjust("top-up", 5); got.Code != 0 {
		t.Fatalf("%s", got.Body)
	}
	for range 2 {
		if got := adjust("order-1", -have-5); got.Code != 0 {
			t.Errorf("after the top-up: %s", got.Body)
		}
	}
	if got := balance(); got != 0 {
		t.Errorf("%d coins are left", got)
	}
}
