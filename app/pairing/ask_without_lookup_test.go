package pairing

import (
	"context"
	"testing"
	"time"

	"switchboard/app/pairing/ticket"
)

// asked counts how often the store is asked for a claim, and for a commit.
type asked struct {
	Store
	holders, commits int
}

func (a *asked) Commit(ctx context.Context, b Batch) error {
	a.commits++
	return a.Store.Commit(ctx, b)
}

func (a *asked) Holder(ctx context.Context, app string, uid ticket.UID) (ticket.Claim, bool, error) {
	a.holders++
	return a.Store.Holder(ctx, app, uid)
}

// Who was seen to be free is not looked up before an ask, and where that was
// wrong the claim still brings them to the ask that they have (A12).
func TestAnAskOfOneWhoWasSeenFree(t *testing.T) {
	ctx := context.Background()
	store := &asked{Store: NewMemory(func() ticket.Instant { return ticket.At(time.Now()) })}
	replica := func() *Service {
		return New(Options{Store: store, Configs: &Configs{Source: Everywhere(map[string]string{"pair.ask_rate": "0"}), Refresh: time.Hour}})
	}
	s := replica()
	first, err := s.Ask(ctx, app, 1, 7)
	if err != nil || store.holders != 1 {
		t.Fatalf("%v after %d looks", err, store.holders)
	}
	if again, err := s.Ask(ctx, app, 1, 7); again != first || err != nil || store.holders != 2 || store.commits != 1 {
		t.Fatalf("asked again: %s %v after %d looks and %d commits", again, err, store.holders, store.commits)
	}
	if err := s.Cancel(ctx, app, first, 7); err != nil {
		t.Fatal(err)
	}
	second, err := s.Ask(ctx, app, 1, 7)
	if err != nil || second == first || store.holders != 2 {
		t.Fatalf("after the end: %s %v after %d looks", second, err, store.holders)
	}
	if err := s.Cancel(ctx, app, second, 7); err != nil {
		t.Fatal(err)
	}
	theirs, err := replica().Ask(ctx, app, 1, 7) // nobody tells s
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Ask(ctx, app, 1, 7); got != theirs || err != nil {
		t.Fatalf("claimed unseen: %s %v, want %s", got, err, theirs)
	}
}
