package messages

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"switchboard/vendors"
)

// post takes calls of at most limit targets. A batch that holds "boom" fails
// whole; a target that begins with "no" fails alone.
type post struct {
	mu   sync.Mutex
	got  []string // guarded by mu
	most int      // guarded by mu
}

var errBoom = &vendors.Error{Vendor: "post", Op: vendors.OpSendUser, Outcome: vendors.Ambiguous, Effect: vendors.Write}

func (p *post) Send(_ context.Context, m vendors.Message) (vendors.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most = max(p.most, len(m.To))
	if slices.Contains(m.To, "boom") {
		return vendors.Receipt{}, errBoom
	}
	var r vendors.Receipt
	for _, to := range m.To {
		t := vendors.TargetResult{Target: to, MessageID: "id-" + to}
		if strings.HasPrefix(to, "no") {
			t = vendors.TargetResult{Target: to, Err: &vendors.Error{Outcome: vendors.DefiniteNo}}
		}
		p.got = append(p.got, to)
		r.Targets = append(r.Targets, t)
	}
	return r, nil
}

func service(t interface{ Fatal(...any) }, p *post, limit int) *Service {
	v := &vendors.Vendor{Name: "post", Messages: p, Limits: vendors.Limits{vendors.OpSendUser: {Targets: limit}}}
	routes, err := vendors.NewRouter([]*vendors.Vendor{v}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return New(routes, nil)
}

func TestEveryTargetIsSentToOnceAndToldItsFate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, limit := &post{}, rapid.IntRange(1, 7).Draw(t, "limit")
		to := rapid.SliceOfN(rapid.StringMatching(`(u|no)[0-9]{1,2}`), 1, 60).Draw(t, "to")
		receipt, err := service(t, p, limit).Send(t.Context(), vendors.Request{}, vendors.Message{Kind: vendors.ToUsers, From: "me", To: to})
		want := distinct(to)
		if len(receipt.Targets) != len(want) || p.most > limit {
			t.Fatalf("%d fates for %d targets, %d in one call", len(receipt.Targets), len(want), p.most)
		}
		failed := 0
		for i, r := range receipt.Targets {
			if r.Target != want[i] || (r.Err != nil) != strings.HasPrefix(r.Target, "no") {
				t.Fatalf("%d: %+v, want %s", i, r, want[i])
			}
			if r.Err != nil {
				failed++
			}
		}
		slices.Sort(p.got)
		if slices.Sort(want); !slices.Equal(p.got, want) {
			t.Fatalf("sent to %q", p.got)
		}
		if partly := failed > 0 && failed < len(want); errors.Is(err, ErrUndelivered) != partly || (err == nil) != (failed == 0) {
			t.Fatalf("%d of %d failed: %v", failed, len(want), err)
		}
	})
}

func TestBatchThatFailsLeavesTheOthers(t *testing.T) {
	p := &post{}
	receipt, err := service(t, p, 2).Send(t.Context(), vendors.Request{}, vendors.Message{Kind: vendors.ToUsers, To: []string{"a", "b", "boom", "c", "d"}})
	var fates []string
	for _, r := range receipt.Targets {
		fates = append(fates, fmt.Sprintf("%s %t", r.Target, errors.Is(r.Err, errBoom)))
	}
	if !slices.Equal(fates, []string{"a false", "b false", "boom true", "c true", "d false"}) || !errors.Is(err, ErrUndelivered) {
		t.Errorf("%q, %v", fates, err)
	}
	if _, err := service(t, p, 2).Send(t.Context(), vendors.Request{}, vendors.Message{Kind: vendors.ToUsers, To: []string{"boom", "c"}}); !errors.Is(err, errBoom) {
		t.Errorf("all failed for one reason: %v", err)
	}
}

func TestNobodyAndTooManyAreRefused(t *testing.T) {
	p := &post{}
	many := make([]string, MaxTargets+1)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	if _, err := service(t, p, 2).Send(t.Context(), vendors.Request{}, vendors.Message{Kind: vendors.ToUsers}); !errors.Is(err, ErrNoTargets) {
		t.Error(err)
	}
	if _, err := service(t, p, 2).Send(t.Context(), vendors.Request{}, vendors.Message{Kind: vendors.ToUsers, To: many}); !errors.Is(err, ErrTooMany) {
		t.Error(err)
	}
	if len(p.got) != 0 {
		t.Errorf("sent to %q", p.got)
	}
}
