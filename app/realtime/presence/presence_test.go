package presence

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/app/realtime"
	"switchboard/vendors"
)

// memory is a store of one node.
type memory struct {
	mu     sync.Mutex // guards what follows
	online map[realtime.User]bool
	known  bool
	fail   error
}

func (m *memory) Set(_ context.Context, u realtime.User, _ string, here bool) (*Change, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil || m.online[u] == here {
		return nil, m.fail
	}
	m.online[u] = here
	return &Change{User: u, Online: here, At: time.Now()}, nil
}

func (m *memory) Renew(context.Context, string, time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	isNew := !m.known
	m.known = m.known || m.fail == nil
	return isNew && m.fail == nil, m.fail
}

func (m *memory) Sweep(context.Context, int) ([]Change, error) { return nil, nil }

func (m *memory) breakWith(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail, m.known = err, false
}

func TestChangeThatTheStoreDidNotTakeIsPublishedWhenItIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{online: map[realtime.User]bool{}}
		var mu sync.Mutex
		var published, reported []string
		tracker := New(Deps{
			Store: store, Node: "n1", Log: slog.New(slog.DiscardHandler),
			Publish: func(_ context.Context, events []vendors.Event) error {
				mu.Lock()
				defer mu.Unlock()
				published = append(published, events[0].From+" "+events[0].Action)
				return nil
			},
			Report: func(_ context.Context, u realtime.User, open bool) error {
				mu.Lock()
				defer mu.Unlock()
				reported = append(reported, fmt.Sprint(u.ID, " ", open))
				return nil
			},
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = tracker.Run(ctx) }()
		ann := realtime.User{App: "a", ID: "ann"}
		tracker.Changed(realtime.Presence{User: ann, Devices: 1})
		tracker.Changed(realtime.Presence{User: ann, Devices: 2})
		store.breakWith(errors.New("away"))
		tracker.Changed(realtime.Presence{User: ann})
		if want := []string{"ann online"}; !slices.Equal(published, want) {
			t.Errorf("published %q, want %q", published, want)
		}
		if want := []string{"ann true", "ann true", "ann false"}; !slices.Equal(reported, want) {
			t.Errorf("reported %q, want %q", reported, want)
		}
		store.breakWith(nil)
		time.Sleep(renewEvery + time.Second)
		mu.Lock()
		if want := []string{"ann online", "ann offline"}; !slices.Equal(published, want) {
			t.Errorf("published %q, want %q", published, want)
		}
		mu.Unlock()
		stop()
		<-done
	})
}

func TestOpenSessionsAreReportedAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reports := 0
		tracker := New(Deps{
			Log:    slog.New(slog.DiscardHandler),
			Report: func(context.Context, realtime.User, bool) error { reports++; return nil },
		})
		tracker.Changed(realtime.Presence{User: realtime.User{App: "a", ID: "1"}, Devices: 1})
		ctx, cancel := context.WithTimeout(t.Context(), 3*renewEvery+time.Second)
		defer cancel()
		_ = tracker.Run(ctx)
		if reports != 4 {
			t.Errorf("%d reports, want 4", reports)
		}
	})
}
