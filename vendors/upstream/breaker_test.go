package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/vendors"
)

func TestBreakerCountsEachOutcomeClass(t *testing.T) {
	opens := map[vendors.Outcome]bool{
		vendors.OK: false, vendors.DefiniteNo: false, vendors.AuthFault: true, vendors.Throttled: false,
		vendors.NotSent: true, vendors.DefiniteFail: true, vendors.Ambiguous: true, vendors.Cancelled: false,
	}
	for _, o := range vendors.Outcomes() {
		if o == vendors.Partial {
			continue // of several calls: each has an outcome of its own
		}
		t.Run(o.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := open(t, Config{}, ends(o))
				for range 3 * breakerVolume {
					ctx, cancel := context.WithCancel(t.Context())
					if o == vendors.Cancelled {
						c.http.SetTransport(far(func(r *http.Request) (*http.Response, error) { cancel(); return stall(r) }))
					}
					err := c.Do(ctx, post(class), nil)
					if !errors.Is(err, vendors.ErrBreakerOpen) {
						outcomeIs(t, err, o)
					}
					cancel()
				}
				state := breakerState(c, Write).State
				if (state == "open") != opens[o] {
					t.Fatalf("after nothing but %v the breaker is %s", o, state)
				}
				if s := breakerState(c, Read).State; s != "closed" {
					t.Fatalf("the breaker of reads is %s, but only writes were made", s)
				}
			})
		})
	}
}

func TestBreakerWantsVolumeAndShare(t *testing.T) {
	for _, tc := range []struct {
		good, bad int
		state     string
	}{
		{0, breakerVolume - 1, "closed"}, // once a bug: a ratio alone trips on the first failure
		{0, breakerVolume, "open"},
		{breakerVolume, breakerVolume - 1, "closed"},
		{breakerVolume, breakerVolume, "open"},
		{10 * breakerVolume, breakerRun - 1, "closed"},
		{10 * breakerVolume, breakerRun, "open"},
	} {
		t.Run(fmt.Sprintf("%d good and %d bad", tc.good, tc.bad), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				end := ends(vendors.OK)
				c := open(t, Config{}, func(r *http.Request) (*http.Response, error) { return end(r) })
				for range tc.good {
					_ = c.Do(t.Context(), post(class), nil)
				}
				end = ends(vendors.Ambiguous)
				for range tc.bad {
					_ = c.Do(t.Context(), post(class), nil)
				}
				if s := breakerState(c, Write).State; s != tc.state {
					t.Fatalf("the breaker is %s, want %s", s, tc.state)
				}
			})
		})
	}
}

func TestBreakerForgetsWhatLeftTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Config{}, ends(vendors.Ambiguous))
		for range 3 * breakerVolume {
			_ = c.Do(t.Context(), post(class), nil)
			time.Sleep(breakerWindow / (breakerVolume - 2))
		}
		if s := breakerState(c, Write).State; s != "closed" {
			t.Fatalf("fewer than %d calls in any window, and the breaker is %s", breakerVolume, s)
		}
	})
}

// trip fails writes until the breaker opens.
func trip(t *testing.T, c *Client) {
	t.Helper()
	for range 2 * breakerVolume {
		if _ = c.Do(t.Context(), post(class), nil); breakerState(c, Write).State == "open" {
			return
		}
	}
	t.Fatal("the breaker did not open")
}

func TestBreakerOpenTimeGrowsToACapAndStartsOverAfterACalm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := ends(vendors.Ambiguous)
		c := open(t, Config{}, func(r *http.Request) (*http.Response, error) { return end(r) })
		trip(t, c)
		for want := openBase; ; want = min(2*want, openCap) {
			b := breakerState(c, Write)
			between(t, "open time", b.Until.Sub(b.Since), want*4/5, want*6/5)
			if b.Reason == "" {
				t.Fatal("an open breaker says no reason")
			}
			time.Sleep(time.Until(b.Until) - time.Nanosecond)
			if err := c.Do(t.Context(), post(class), nil); !errors.Is(err, vendors.ErrBreakerOpen) {
				t.Fatalf("a call passed before the time was over: %v", err)
			}
			time.Sleep(time.Nanosecond)
			if s := breakerState(c, Write).State; s != "half-open" {
				t.Fatalf("after its time the breaker is %s", s)
			}
			if want == openCap {
				break
			}
			outcomeIs(t, c.Do(t.Context(), post(class), nil), vendors.Ambiguous)
		}
		end = ends(vendors.OK)
		if err := c.Do(t.Context(), post(class), nil); err != nil || breakerState(c, Write).State != "closed" {
			t.Fatalf("a good probe leaves it %s (%v)", breakerState(c, Write).State, err)
		}
		time.Sleep(breakerWindow)
		end = ends(vendors.Ambiguous)
		trip(t, c)
		b := breakerState(c, Write)
		between(t, "open time after a calm", b.Until.Sub(b.Since), openBase*4/5, openBase*6/5)
	})
}

func TestBreakerLetsOneProbePass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := ends(vendors.Ambiguous)
		f, n := counted(func(r *http.Request) (*http.Response, error) { return end(r) })
		c := open(t, Config{}, f)
		trip(t, c)
		time.Sleep(2 * openBase)
		end = stall
		n.Store(0)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { _ = c.Do(t.Context(), post(class), nil) })
		}
		synctest.Wait()
		if n.Load() != 1 {
			t.Fatalf("%d calls probed a half-open vendor, want 1", n.Load())
		}
		time.Sleep(c.cfg.Slow)
		synctest.Wait()
		if s := breakerState(c, Write).State; s != "open" {
			t.Fatalf("a probe that hangs leaves the breaker %s", s)
		}
		wg.Wait()
	})
}

func TestBreakerModes(t *testing.T) {
	for _, tc := range []struct {
		mode   vendors.BreakerMode
		broken bool // the vendor, and so the breaker if it counts
		passes bool
	}{
		{vendors.BreakerAuto, false, true}, {vendors.BreakerAuto, true, false},
		{vendors.BreakerOpen, false, false}, {vendors.BreakerOpen, true, false},
		{vendors.BreakerClosed, false, true}, {vendors.BreakerClosed, true, true},
		{vendors.BreakerObserve, false, true}, {vendors.BreakerObserve, true, true},
	} {
		t.Run(fmt.Sprint(tc.mode, tc.broken), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, n := counted(ends(vendors.OK))
				if tc.broken {
					f, n = counted(ends(vendors.Ambiguous))
				}
				c := open(t, Config{}, f)
				if err := c.SetBreaker("write", tc.mode); err != nil {
					t.Fatal(err)
				}
				for range 2 * breakerVolume {
					_ = c.Do(t.Context(), post(class), nil)
				}
				n.Store(0)
				_ = c.Do(t.Context(), post(class), nil)
				if passed := n.Load() == 1; passed != tc.passes || c.Healthy("write") != tc.passes {
					t.Fatalf("passed: %v, healthy: %v, want %v", passed, c.Healthy("write"), tc.passes)
				}
				counts := tc.mode == vendors.BreakerAuto || tc.mode == vendors.BreakerObserve
				if s := breakerState(c, Write).State; (s == "open") != (tc.broken && counts) {
					t.Fatalf("its own state is %s", s)
				}
			})
		})
	}
}

func TestReadingTheBreakerChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Config{}, ends(vendors.Ambiguous))
		trip(t, c)
		time.Sleep(2 * openBase)
		before := c.breakers[Write].view.Load()
		for range 10 {
			_, _ = c.Health(), c.Healthy("write")
		}
		if c.breakers[Write].view.Load() != before {
			t.Fatal("a look moved the breaker")
		}
	})
}

// Ten seconds of good calls must not stretch the bad ones.
func TestVendorThatHangsAfterAGoodTimeIsCutWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := ends(vendors.OK)
		c := open(t, Config{Calls: 1000}, func(r *http.Request) (*http.Response, error) { return end(r) })
		var wg sync.WaitGroup
		call := func(d time.Duration) {
			for stop := time.Now().Add(d); time.Now().Before(stop); time.Sleep(10 * time.Millisecond) {
				wg.Go(func() { _ = c.Do(t.Context(), post(class), nil) })
			}
		}
		call(breakerWindow)
		synctest.Wait()
		end = stall
		call(time.Second)
		if err := c.Do(t.Context(), post(class), nil); !errors.Is(err, vendors.ErrBreakerOpen) {
			t.Fatalf("a second later the vendor is still called: %v", err)
		}
		wg.Wait()
	})
}

// The vendor hangs: no call ends, so nothing but the slow mark can count.
func TestHungVendorIsCutWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Config{}, stall)
		var wg sync.WaitGroup
		for range 2 * breakerVolume {
			wg.Go(func() { _ = c.Do(t.Context(), post(class), nil) })
		}
		time.Sleep(999 * time.Millisecond)
		if err := c.Do(t.Context(), post(class), nil); !errors.Is(err, vendors.ErrBreakerOpen) {
			t.Fatalf("a second later the vendor is still called: %v", err)
		}
		wg.Wait()
	})
}

func TestShortDeadlinesOfCallersSayNothingAboutTheVendor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Config{}, stall)
		for range 2 * breakerVolume {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			outcomeIs(t, c.Do(ctx, post(class), nil), vendors.Ambiguous)
			cancel()
		}
		if s := breakerState(c, Write).State; s != "closed" {
			t.Fatalf("callers gave up after 10 ms and the breaker is %s", s)
		}
	})
}

func TestUnknownBreakerClassIsRefused(t *testing.T) {
	c := open(t, Config{}, ends(vendors.OK))
	if c.SetBreaker("writes", vendors.BreakerOpen) == nil || c.Healthy("writes") {
		t.Fatal("a class that does not exist was taken")
	}
	if err := c.SetBreaker("", vendors.BreakerOpen); err != nil || c.Healthy("read") || c.Healthy("token") {
		t.Fatal("no class should mean all of them")
	}
}

func TestLeastBadPassesWhatTheBreakerClosedOffAndNotWhatAnOperatorDid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Config{}, ends(vendors.Ambiguous))
		trip(t, c)
		r, err := vendors.NewRouter([]*vendors.Vendor{{Name: "acme", Words: words{c}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		list := func() error {
			_, err := vendors.Via(t.Context(), r, vendors.Request{Capability: vendors.CapWords, Effect: vendors.Write}, func(ctx context.Context, v *vendors.Vendor) ([]vendors.Word, error) {
				return v.Words.ListWords(ctx)
			})
			return err
		}
		if err := list(); !errors.Is(err, vendors.ErrBreakerOpen) {
			t.Fatalf("a route that fails fast: %v", err)
		}
		err = r.Apply(map[vendors.Capability]vendors.Route{vendors.CapWords: {Candidates: []vendors.Candidate{{Vendor: "acme"}}, LeastBad: true}})
		if err != nil {
			t.Fatal(err)
		}
		outcomeIs(t, list(), vendors.Ambiguous)
		_ = c.SetBreaker("write", vendors.BreakerOpen)
		if err := list(); !errors.Is(err, vendors.ErrBreakerOpen) {
			t.Fatalf("an operator closed it off: %v", err)
		}
	})
}

type words struct{ c *Client }

func (w words) ListWords(ctx context.Context) ([]vendors.Word, error) {
	return nil, w.c.Do(ctx, post(class), nil)
}
