package upstream

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"switchboard/vendors"
)

func TestShaperKeepsEveryWindowInsideTheLimit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := vendors.Limit{Calls: rapid.IntRange(1, 200).Draw(rt, "calls"), Per: time.Duration(rapid.IntRange(1, 60).Draw(rt, "seconds")) * time.Second}
		limit.Targets = rapid.IntRange(1, max(1, limit.Calls/2)).Draw(rt, "targets")
		gaps := rapid.SliceOfN(rapid.IntRange(0, 2000), 1, 200).Draw(rt, "gaps in ms")
		type sent struct {
			at time.Time
			n  int
		}
		var log []sent
		synctest.Test(t, func(t *testing.T) {
			s := newShaper(limit)
			for i, gap := range gaps {
				n := 1 + i%limit.Targets
				if s.take(t.Context(), n, 0) == nil {
					log = append(log, sent{time.Now(), n})
				}
				time.Sleep(time.Duration(gap) * time.Millisecond)
			}
		})
		const rounding = time.Microsecond // the limiter counts in floats
		for i := range log {
			sum := 0
			for _, l := range log[i:] {
				if l.at.Sub(log[i].at) >= limit.Per-rounding {
					break
				}
				sum += l.n
			}
			if sum > limit.Calls {
				rt.Fatalf("%d units within %v, the limit is %d", sum, limit.Per, limit.Calls)
			}
		}
	})
}

func TestShaperWaitsItsTurnOrSaysWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{Limits: vendors.Limits{vendors.OpBalance: {Calls: 10, Per: time.Second}}}
		f, n := counted(ends(vendors.OK))
		c := open(t, cfg, f)
		var wg sync.WaitGroup
		var refused []error
		var mu sync.Mutex
		for range 30 {
			wg.Go(func() {
				if err := c.Do(t.Context(), get(class), nil); err != nil {
					mu.Lock()
					refused = append(refused, err)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if n.Load() != 10 {
			t.Fatalf("%d went out within the second that a call may wait, want 10", n.Load())
		}
		for _, err := range refused {
			var e *vendors.Error
			if !errors.As(err, &e) || e.Outcome != vendors.Throttled || e.RetryAfter <= shapeWait || !errors.Is(err, vendors.ErrThrottled) {
				t.Fatalf("refused with %v", err)
			}
		}
		if s := breakerState(c, Read).State; s != "closed" {
			t.Fatalf("our own shaping moved the breaker to %s", s)
		}
	})
}

func TestShaperDoesNotWaitPastTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShaper(vendors.Limit{Calls: 1, Per: 500 * time.Millisecond})
		_ = s.take(t.Context(), 1, 0)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		if e := s.take(ctx, 1, 0); e == nil || e.Outcome != vendors.Throttled || time.Since(start) != 0 {
			t.Fatalf("%v after %v", e, time.Since(start))
		}
		if e := s.take(t.Context(), 1, 0); e != nil || time.Since(start) != 500*time.Millisecond {
			t.Fatalf("the refused call cost a turn: %v after %v", e, time.Since(start))
		}
	})
}

func TestUnitsCountAgainstTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{Limits: vendors.Limits{vendors.OpBalance: {Calls: 100, Targets: 50, Per: time.Minute}}}
		c := open(t, cfg, ends(vendors.OK))
		call := get(class)
		call.Units = 50
		if err := c.Do(t.Context(), call, nil); err != nil {
			t.Fatal(err)
		}
		outcomeIs(t, c.Do(t.Context(), call, nil), vendors.Throttled)
		if room := c.Health().Ops[0].HeadRoom; room != 0 {
			t.Fatalf("head-room is %v units, want 0", room)
		}
	})
}

func TestBulkheadRefusesWhatIsOverTheCapAndReadsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, n := counted(stall)
		c := open(t, Config{Calls: 8, Timeout: time.Minute}, f)
		_ = c.SetBreaker("", vendors.BreakerClosed)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { _ = c.Do(t.Context(), post(class), nil) })
		}
		synctest.Wait()
		start := time.Now()
		err := c.Do(t.Context(), post(class), nil)
		if !errors.Is(err, vendors.ErrBulkhead) || time.Since(start) != admitWait || n.Load() != 8 {
			t.Fatalf("%v after %v, %d under way", err, time.Since(start), n.Load())
		}
		outcomeIs(t, err, vendors.Throttled)
		var e *vendors.Error
		if errors.As(err, &e); e.RetryAfter <= 0 || e.Sent || e.Vendor == "" || e.Op == "" {
			t.Fatalf("the caller is not told when to come back, or by whom: %+v", e)
		}
		if h := c.Health(); h.InFlight != 8 || h.Cap != 8 {
			t.Fatalf("health says %d of %d", h.InFlight, h.Cap)
		}
		wg.Wait()
		if c.Health().InFlight != 0 {
			t.Fatal("places are not given back")
		}
	})
}

func TestClockIsCorrectedByTheVendorsDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := 10 * time.Minute
		var signed time.Time
		f, n := counted(func(r *http.Request) (*http.Response, error) {
			now := time.Now().Add(ahead)
			status := http.StatusOK
			if now.Sub(signed).Abs() > 5*time.Minute {
				status = http.StatusUnauthorized
			}
			return answer(r, status, "", "Date", now.UTC().Format(http.TimeFormat))
		})
		c := open(t, Config{}, f)
		call := post(nil)
		call.Sign = func(r *Request) { signed = r.Now }
		if err := c.Do(t.Context(), call, nil); err != nil || n.Load() != 2 {
			t.Fatalf("%v after %d attempts: want one refused, one with the vendor's clock", err, n.Load())
		}
		between(t, "learnt skew", c.Health().Skew, ahead-time.Second, ahead+time.Second)
		if err := c.Do(t.Context(), call, nil); err != nil || n.Load() != 3 {
			t.Fatalf("%v: the second call should know the clock", err)
		}
		ahead = 0
		if err := c.Do(t.Context(), call, nil); err != nil || c.Health().Skew != 0 {
			t.Fatalf("%v: the vendor mended its clock and we still add %v", err, c.Health().Skew)
		}
	})
}

func TestBadCredentialsAreTriedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, n := counted(func(r *http.Request) (*http.Response, error) {
			return answer(r, http.StatusUnauthorized, "", "Date", time.Now().UTC().Format(http.TimeFormat))
		})
		c := open(t, Config{}, f)
		outcomeIs(t, c.Do(t.Context(), post(nil), nil), vendors.AuthFault)
		if n.Load() != 1 || c.Health().LastAuth.IsZero() {
			t.Fatalf("%d attempts, alarm at %v", n.Load(), c.Health().LastAuth)
		}
	})
}

func TestBrokenDatesAreNoClock(t *testing.T) {
	now := time.Now()
	for _, date := range []string{"", "soon", now.AddDate(-3, 0, 0).UTC().Format(http.TimeFormat), now.UTC().Format(http.TimeFormat)} {
		var s skew
		if s.learn(http.Header{"Date": {date}}, now, now) || s.get() != 0 {
			t.Fatalf("Date %q moved the clock by %v", date, s.get())
		}
	}
}
