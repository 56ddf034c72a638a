package vendors

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestSendInDoubtIsMadeAgainOnlyWhereTheVendorKnowsItByItsKey(t *testing.T) {
	lost := &Error{Outcome: Ambiguous, Sent: true}
	for _, row := range []struct {
		name    string
		trait   time.Duration
		keyed   bool
		first   error
		second  error
		asked   int
		outcome Outcome
	}{
		{"known by its key", time.Minute, true, lost, nil, 2, OK},
		{"in doubt again", time.Minute, true, lost, lost, 2, Ambiguous},
		{"refused when it was made again", time.Minute, true, lost, &Error{Outcome: DefiniteNo, Sent: true}, 2, Ambiguous},
		{"not sent when it was made again", time.Minute, true, lost, &Error{Outcome: NotSent}, 2, Ambiguous},
		{"without a key", time.Minute, false, lost, nil, 1, Ambiguous},
		{"the vendor does not know keys", 0, true, lost, nil, 1, Ambiguous},
		{"too late", time.Nanosecond, true, lost, nil, 1, Ambiguous},
		{"no doubt", time.Minute, true, &Error{Outcome: DefiniteNo, Sent: true}, nil, 1, DefiniteNo},
	} {
		a, b := acct("a"), acct("b")
		a.Traits.SendRepeat = row.trait
		b.Traits.SendRepeat = row.trait
		r := routed(t, Route{Candidates: []Candidate{{"a", 0}, {"b", 0}}}, a, b)
		asked := 0
		_, err := Via(t.Context(), r, Request{Capability: CapWallet, Effect: Write, SameKey: row.keyed}, func(_ context.Context, v *Vendor) (int, error) {
			if v.Name != "a" {
				t.Errorf("%s: %s was asked", row.name, v.Name)
			}
			asked++
			time.Sleep(time.Microsecond)
			if asked == 1 {
				return 0, row.first
			}
			return 0, row.second
		})
		if asked != row.asked || OutcomeOf(err) != row.outcome {
			t.Errorf("%s: asked %d times and %v, want %d and %s", row.name, asked, err, row.asked, row.outcome)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	a := acct("a")
	a.Traits.SendRepeat = time.Minute
	asked := 0
	_, err := Via(gone, routed(t, Route{Candidates: []Candidate{{"a", 0}}}, a), Request{Capability: CapWallet, Effect: Write, SameKey: true}, func(context.Context, *Vendor) (int, error) {
		asked++
		leave()
		return 0, lost
	})
	if asked != 1 || !errors.Is(err, lost) {
		t.Errorf("the caller left, and it was made %d times: %v", asked, err)
	}
}

func TestKeysOfOneMessageAreTheSameAndNoOthersAre(t *testing.T) {
	key := KeyOf("app", "request", "text")
	if key != KeyOf("app", "request", "text") || key.IsZero() || key == KeyOf("apprequest", "", "text") || len(key.String()) != 32 {
		t.Errorf("key %s", key)
	}
	if key.For("a") == key.For("b") || key.For("a") == key || !(MessageKey{}).For("a").IsZero() {
		t.Errorf("keys of targets: %s, %s", key.For("a"), key.For("b"))
	}
}
