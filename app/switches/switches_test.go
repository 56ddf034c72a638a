package switches

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/vendors"
)

// memory is a store that several replicas share.
type memory struct {
	mu      sync.Mutex
	changes []Change
}

func (m *memory) Version(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(len(m.changes)), nil
}

func (m *memory) Load(_ context.Context, limit int) ([]Change, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.Clone(m.changes)
	slices.Reverse(out)
	return out[:min(limit, len(out))], nil
}

func (m *memory) Save(_ context.Context, c Change) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.Version != int64(len(m.changes)) {
		return false, nil
	}
	c.Version++
	m.changes = append(m.changes, c)
	return true, nil
}

// link remembers the modes it was set to.
type link struct {
	mu    sync.Mutex
	modes map[string]vendors.BreakerMode
	sets  int
}

func (l *link) Healthy(string) bool { return true }

func (l *link) Health() (h vendors.Health) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, class := range []string{"read", "write"} {
		h.Breakers = append(h.Breakers, vendors.BreakerHealth{Class: class, Mode: l.modes[class]})
	}
	return h
}

func (l *link) SetBreaker(class string, m vendors.BreakerMode) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sets++
	l.modes[class] = m
	return nil
}

func (l *link) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("read %v, write %v", l.modes["read"], l.modes["write"])
}

type wallet struct{ vendors.Wallet }

func replica(t *testing.T, store Store) (*Service, *link) {
	t.Helper()
	l := &link{modes: map[string]vendors.BreakerMode{}}
	r, err := vendors.NewRouter([]*vendors.Vendor{{Name: "a", Wallet: wallet{}, Connection: l}, {Name: "b", Wallet: wallet{}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return New(Deps{Store: store, Router: r, Base: vendors.Plan{Routes: routes(to("a", "b"))}, Log: slog.New(slog.DiscardHandler), Level: new(slog.LevelVar)}), l
}

func to(names ...string) (r vendors.Route) {
	for _, n := range names {
		r.Candidates = append(r.Candidates, vendors.Candidate{Vendor: n})
	}
	return r
}

func walletRoute(s *Service) (out []string) {
	for _, v := range s.deps.Router.Route(vendors.CapWallet) {
		out = append(out, v.Name)
	}
	return out
}

func routes(r vendors.Route) map[vendors.Capability]vendors.Route {
	return map[vendors.Capability]vendors.Route{vendors.CapWallet: r}
}

func TestEveryReplicaFollowsWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		one, link1 := replica(t, store)
		two, link2 := replica(t, store)
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for _, s := range []*Service{one, two} {
			wg.Go(func() { _ = s.Run(ctx) })
		}
		if err := one.SetRoutes(ctx, routes(to("b")), nil, -1, "ann", "a is down"); err != nil {
			t.Fatal(err)
		}
		if err := two.SetBreaker(ctx, "a", "write", vendors.BreakerOpen, "bob", ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(999 * time.Millisecond)
		synctest.Wait()
		for i, s := range []*Service{one, two} {
			if got := walletRoute(s); !slices.Equal(got, []string{"b"}) {
				t.Errorf("replica %d routes to %v", i+1, got)
			}
		}
		for i, l := range []*link{link1, link2} {
			if l.String() != "read auto, write open" {
				t.Errorf("replica %d: %v", i+1, l)
			}
		}
		if len(store.changes) != 2 || store.changes[0].Actor != "ann" || store.changes[0].Reason != "a is down" {
			t.Errorf("audit: %+v", store.changes)
		}
		if err := two.SetRoutes(ctx, nil, nil, 2, "ann", ""); err != nil || !slices.Equal(walletRoute(two), []string{"a", "b"}) {
			t.Errorf("back to configuration: %v, %v", walletRoute(two), err)
		}
		if link2.String() != "read auto, write open" {
			t.Errorf("switching routes moved breakers: %v", link2)
		}
		stop()
		wg.Wait()
	})
}

func TestStartTakesUpWhatWasSwitchedBefore(t *testing.T) {
	store := &memory{}
	old, _ := replica(t, store)
	_ = old.SetRoutes(t.Context(), routes(to("b")), nil, -1, "ann", "")
	_ = old.SetBreaker(t.Context(), "a", "", vendors.BreakerObserve, "ann", "")
	fresh, l := replica(t, store)
	if err := fresh.Follow(t.Context()); err != nil || !slices.Equal(walletRoute(fresh), []string{"b"}) || l.String() != "read observe, write observe" {
		t.Fatalf("%v, %v, %v", walletRoute(fresh), l, err)
	}
	sets := l.sets
	_ = fresh.Follow(t.Context())
	if l.sets != sets {
		t.Fatal("nothing is new, and the breakers were set again")
	}
}

func TestWhatCannotBeSwitchedIsNotWrittenDown(t *testing.T) {
	store := &memory{}
	s, _ := replica(t, store)
	for name, err := range map[string]error{
		"vendor":     s.SetRoutes(t.Context(), routes(to("nobody")), nil, -1, "ann", ""),
		"capability": s.SetRoutes(t.Context(), map[vendors.Capability]vendors.Route{"wallets": to("a")}, nil, -1, "ann", ""),
		"account":    s.SetBreaker(t.Context(), "nobody", "", vendors.BreakerOpen, "ann", ""),
		"no link":    s.SetBreaker(t.Context(), "b", "", vendors.BreakerOpen, "ann", ""),
		"class":      s.SetBreaker(t.Context(), "a", "writes", vendors.BreakerOpen, "ann", ""),
	} {
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.SetRoutes(t.Context(), routes(to("b")), nil, 7, "ann", ""); !errors.Is(err, ErrChanged) {
		t.Errorf("an old version: %v", err)
	}
	if len(store.changes) != 0 {
		t.Errorf("written down: %+v", store.changes)
	}
}

func TestOperatorsWhoSwitchAtOnceLoseNothing(t *testing.T) {
	store := &memory{}
	var wg sync.WaitGroup
	classes := []string{"read", "write"}
	for _, class := range classes {
		s, _ := replica(t, store)
		wg.Go(func() {
			if err := s.SetBreaker(t.Context(), "a", class, vendors.BreakerOpen, "ann", ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var st State
	if err := json.Unmarshal(store.changes[len(store.changes)-1].Body, &st); err != nil || len(st.Breakers["a"]) != len(classes) {
		t.Fatalf("%+v, %v", st, err)
	}
}

func TestReplicaWithoutTheAccountKeepsItsRoutes(t *testing.T) {
	store := &memory{}
	s, _ := replica(t, store)
	body, _ := json.Marshal(State{Routes: routes(to("elsewhere"))})
	store.changes = []Change{{Version: 1, Body: body}}
	if err := s.Follow(t.Context()); err == nil || !slices.Equal(walletRoute(s), []string{"a", "b"}) {
		t.Fatalf("%v, %v", walletRoute(s), err)
	}
	if err := s.Follow(t.Context()); err != nil {
		t.Fatalf("one version is complained of once: %v", err)
	}
	if err := s.deps.Router.Replace("elsewhere", &vendors.Vendor{Name: "elsewhere", Wallet: wallet{}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Again(t.Context()); err != nil || !slices.Equal(walletRoute(s), []string{"elsewhere"}) {
		t.Fatalf("the account is there now: %v, %v", walletRoute(s), err)
	}
}
