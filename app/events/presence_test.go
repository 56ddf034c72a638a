package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/vendors"
)

// watched is Watches in memory, on the clock of the test.
type watched struct {
	mu    sync.Mutex // guards what follows
	due   time.Time
	users []string // the next one first
	state map[string]bool
	most  int
	kept  []Record
}

func (w *watched) Watch(_ context.Context, _ string, users []string, _ time.Duration, most int) (refused int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.most = most
	for _, u := range users {
		switch {
		case slices.Contains(w.users, u):
		case len(w.users) == most:
			refused++
		default:
			w.users = append(w.users, u)
		}
	}
	return refused, nil
}

func (w *watched) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.users)
}

func (w *watched) ClaimPoll(_ context.Context, _ string, every time.Duration) (time.Time, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Now().Before(w.due) {
		return time.Time{}, false, nil
	}
	w.due = time.Now().Add(every)
	return time.Now(), true, nil
}

func (w *watched) NextWatched(_ context.Context, _ string, limit int) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(limit, len(w.users))
	next := slices.Clone(w.users[:n])
	w.users = append(w.users[n:], next...)
	return next, nil
}

func (w *watched) Seen(_ context.Context, _ string, asOf time.Time, found []Sighting, record func(Sighting) (Record, error), _ bool) (changed []string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range found {
		if w.state[s.User] == s.Online {
			continue
		}
		w.state[s.User], s.Since = s.Online, asOf
		r, err := record(s)
		if err != nil {
			return nil, err
		}
		changed, w.kept = append(changed, s.User), append(w.kept, r)
	}
	return changed, nil
}

// asked is a vendor that can be asked, and away.
type asked struct {
	mu     sync.Mutex // guards what follows
	at     []string   // whom each call was about
	under  int
	most   int // under way at once
	online map[string]bool
	away   bool
	slow   time.Duration
}

func (a *asked) Statuses(ctx context.Context, users []string) ([]vendors.Status, error) {
	a.mu.Lock()
	a.at = append(a.at, users[0])
	a.under++
	a.most = max(a.most, a.under)
	away, slow := a.away, a.slow
	a.mu.Unlock()
	defer func() { a.mu.Lock(); a.under--; a.mu.Unlock() }()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(slow):
	}
	if away {
		return nil, &vendors.Error{Vendor: "acme", Op: vendors.OpPresence, Outcome: vendors.NotSent, Err: vendors.ErrBreakerOpen}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s := vendors.Status{User: users[0], State: vendors.PresenceOffline}
	if a.online[users[0]] {
		s.State, s.Devices = vendors.PresenceOnline, []string{"phone"}
	}
	return []vendors.Status{s}, nil
}

func (a *asked) calls() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.at)
}

// atOnce is how many were under way together, different about how many users.
func (a *asked) atOnce() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.most
}

func (a *asked) different() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(slices.Compact(slices.Sorted(slices.Values(a.at))))
}

func (a *asked) set(do func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	do()
}

// polling is two replicas that poll one account.
type polling struct {
	store  *watched
	vendor *asked
	polls  *Presence
	mu     sync.Mutex // guards told and failed
	told   []string
	failed int
}

func startPolling(t *testing.T, poll vendors.PresencePoll, searching ...string) *polling {
	t.Helper()
	p := &polling{store: &watched{state: map[string]bool{}}, vendor: &asked{online: map[string]bool{}, slow: time.Millisecond}}
	v := &vendors.Vendor{Name: "acme", Presence: p.vendor, Limits: vendors.Limits{vendors.OpPresence: {Targets: 1}}, Traits: vendors.Traits{Presence: poll}}
	handle := func(_ context.Context, e vendors.Event) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.told = append(p.told, fmt.Sprint(e.App, " ", e.From, " ", e.Action))
	}
	ctx, stop := context.WithCancel(t.Context())
	var replicas sync.WaitGroup
	for range 2 {
		s, err := New(Config{Keep: time.Hour}, Deps{Log: slog.New(slog.DiscardHandler), Handle: handle})
		if err != nil {
			t.Fatal(err)
		}
		polls := NewPresence(s, PresenceDeps{
			Watches: p.store, Accounts: func() []*vendors.Vendor { return []*vendors.Vendor{v, {Name: "untold"}} },
			Apps:      func(string) []string { return []string{"game"} },
			Searching: func(context.Context, string, int) ([]string, error) { return searching, nil },
			Observe: func(_ string, _, _ int, err error) {
				p.mu.Lock()
				defer p.mu.Unlock()
				if err != nil {
					p.failed++
				}
			},
		})
		p.polls = polls
		replicas.Go(func() { _ = polls.Run(ctx) })
		time.Sleep(300 * time.Millisecond) // replicas start as they like
	}
	t.Cleanup(func() { stop(); replicas.Wait() })
	return p
}

// failures is how many polls failed.
func (p *polling) failures() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

func (p *polling) heard(t *testing.T, want ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Equal(p.told, want) {
		t.Errorf("told %q, want %q", p.told, want)
	}
}

var tenSeconds = vendors.PresencePoll{Every: 10 * time.Second, Users: 20, Watch: time.Minute}

func TestWhoComesAndGoesIsFoundByAskingAtItsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startPolling(t, tenSeconds, "7")
		p.polls.Watch(t.Context(), "acme", []string{"ann"})
		p.polls.Watch(t.Context(), "untold", []string{"eve"}) // reports by itself
		time.Sleep(time.Minute)
		if n := p.vendor.calls(); n < 10 || n > 14 {
			t.Errorf("%d calls for two users in a minute, at one poll each 10 s", n)
		}
		p.heard(t)
		p.vendor.set(func() { p.vendor.online["ann"], p.vendor.online["7"] = true, true })
		time.Sleep(12 * time.Second)
		synctest.Wait()
		p.mu.Lock()
		slices.Sort(p.told) // of two people, in no order
		p.mu.Unlock()
		p.heard(t, "game 7 online", "game ann online")
		p.vendor.set(func() { p.vendor.online["ann"] = false })
		time.Sleep(time.Minute)
		p.heard(t, "game 7 online", "game ann online", "game ann offline")
		p.store.mu.Lock()
		body := string(p.store.kept[len(p.store.kept)-1].Payload)
		p.store.mu.Unlock()
		for _, part := range []string{`"type":"presence.offline"`, `"snapshot":true`, `"as_of":"2000-01-01T00:`, `"vendor":"acme"`} {
			if !strings.Contains(body, part) {
				t.Errorf("%s is not in %s", part, body)
			}
		}
	})
}

func TestAPollAsksNoMoreThanItsBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startPolling(t, tenSeconds)
		users := make([]string, 300)
		for i := range users {
			users[i] = fmt.Sprint("user", i)
		}
		p.polls.Watch(t.Context(), "acme", users)
		if n := p.store.count(); n != 200 {
			t.Errorf("%d are watched, at 20 a poll", n)
		}
		time.Sleep(100*time.Second + 2*time.Second)
		if n := p.vendor.calls(); n < 160 || n > 220 {
			t.Errorf("%d calls in ten polls of 20", n)
		}
		if n := p.vendor.atOnce(); n > 8 {
			t.Errorf("%d calls at once", n)
		}
		if n := p.vendor.different(); n < 160 {
			t.Errorf("%d users were asked about: some came twice before all had", n)
		}
	})
}

func TestPollsPauseWhileTheServerIsAwayAndComeBackSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startPolling(t, tenSeconds)
		users := make([]string, 100)
		for i := range users {
			users[i] = fmt.Sprint("user", i)
		}
		p.polls.Watch(t.Context(), "acme", users)
		p.vendor.set(func() { p.vendor.away = true })
		time.Sleep(time.Minute)
		if n := p.vendor.calls(); n > 7*8 {
			t.Errorf("%d calls in a minute to a server that is away: a poll ends with its first failure", n)
		}
		if n := p.failures(); n < 5 {
			t.Errorf("%d failed polls are counted", n)
		}
		p.heard(t) // nobody left: nobody knows
		before := p.vendor.calls()
		p.vendor.set(func() { p.vendor.away = false })
		time.Sleep(11 * time.Second)
		if n := p.vendor.calls() - before; n < 20 || n > 40 {
			t.Errorf("%d calls when the server is back", n)
		}
	})
}

func TestASlowServerIsNotAskedTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startPolling(t, tenSeconds)
		p.vendor.set(func() { p.vendor.slow = time.Hour })
		p.polls.Watch(t.Context(), "acme", []string{"ann"})
		time.Sleep(time.Minute)
		if n := p.vendor.atOnce(); n != 1 {
			t.Errorf("%d calls about one user at once", n)
		}
		if n := p.failures(); n < 4 {
			t.Errorf("%d polls failed", n)
		}
	})
}

func TestBoundsThatAreNoneAreRefused(t *testing.T) {
	for want, poll := range map[string]vendors.PresencePoll{
		"":               tenSeconds,
		"PRESENCE_EVERY": {Every: time.Millisecond, Users: 1, Watch: time.Minute},
		"PRESENCE_USERS": {Every: time.Second, Users: 0, Watch: time.Minute},
		"PRESENCE_WATCH": {Every: time.Minute, Users: 1, Watch: time.Second},
	} {
		var bad *vendors.SettingError
		err := poll.Validate()
		if want == "" && err != nil || want != "" && (!errors.As(err, &bad) || bad.Setting != want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
