package vendors

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
)

// few answers for two users in a call.
type few struct {
	calls atomic.Int32
	fails string
}

func (f *few) Statuses(_ context.Context, users []string) ([]Status, error) {
	f.calls.Add(1)
	out := make([]Status, len(users))
	for i, u := range users {
		if u == f.fails {
			return nil, &Error{Outcome: Throttled}
		}
		out[i] = Status{User: u, State: PresenceOnline}
	}
	if len(users) > 2 {
		return nil, errors.New("too many")
	}
	return out, nil
}

func TestPresenceOfManyIsAskedInPartsAndToldInOrder(t *testing.T) {
	var users []string
	for i := range 31 {
		users = append(users, fmt.Sprint(i))
	}
	p := &few{}
	v := &Vendor{Presence: p, Limits: Limits{OpPresence: {Targets: 2}}}
	got, err := v.Statuses(t.Context(), users)
	if err != nil || len(got) != len(users) || p.calls.Load() != 16 {
		t.Fatalf("%d statuses in %d calls, %v", len(got), p.calls.Load(), err)
	}
	for i, s := range got {
		if s.User != users[i] {
			t.Errorf("status %d is %s's", i, s.User)
		}
	}
	p.fails = "7"
	if got, err := v.Statuses(t.Context(), users); OutcomeOf(err) != Throttled || got != nil {
		t.Errorf("one part fails: %v, %v", got, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Statuses(gone, users); OutcomeOf(err) != Cancelled {
		t.Errorf("the caller left: %v", err)
	}
}
