package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"switchboard/vendors"
)

func TestOnlyWhatTheOutcomeAllowsIsRepeated(t *testing.T) {
	const yes, no = true, false
	for _, tc := range []struct {
		o                       vendors.Outcome
		read, write, idempotent bool
	}{
		{vendors.OK, no, no, no},
		{vendors.DefiniteNo, no, no, no},
		{vendors.AuthFault, no, no, no},
		{vendors.Throttled, yes, yes, yes},
		{vendors.NotSent, yes, yes, yes},
		{vendors.DefiniteFail, yes, yes, yes},
		{vendors.Ambiguous, yes, no, yes},
	} {
		deduped := post(class)
		deduped.Idempotent = true
		for name, row := range map[string]struct {
			call Call
			want bool
		}{"read": {get(class), tc.read}, "write": {post(class), tc.write}, "deduplicated write": {deduped, tc.idempotent}} {
			t.Run(fmt.Sprint(tc.o, " ", name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f, n := counted(ends(tc.o))
					outcomeIs(t, open(t, Config{}, f).Do(t.Context(), row.call, nil), tc.o)
					want := int64(1)
					if row.want {
						want = maxAttempts
					}
					if n.Load() != want {
						t.Fatalf("%d attempts, want %d", n.Load(), want)
					}
				})
			})
		}
	}
}

func TestRefusalsOfThisSideAreNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, n := counted(ends(vendors.OK))
		c := open(t, Config{}, f)
		_ = c.SetBreaker("", vendors.BreakerOpen)
		start := time.Now()
		err := c.Do(t.Context(), get(class), nil)
		if !errors.Is(err, vendors.ErrBreakerOpen) || n.Load() != 0 || time.Since(start) != 0 {
			t.Fatalf("%v after %v and %d attempts", err, time.Since(start), n.Load())
		}
		outcomeIs(t, err, vendors.NotSent)
	})
}

// The first attempt may have been executed, so what the second one says about
// itself cannot make the call safe to send elsewhere.
func TestDoubtSurvivesALaterAttemptThatFailed(t *testing.T) {
	for _, tc := range []struct{ second, want vendors.Outcome }{
		{vendors.NotSent, vendors.Ambiguous},
		{vendors.DefiniteFail, vendors.Ambiguous},
		{vendors.Throttled, vendors.Ambiguous},
		{vendors.AuthFault, vendors.Ambiguous},
		{vendors.DefiniteNo, vendors.DefiniteNo}, // the vendor de-duplicates: this is its word on the request id
		{vendors.OK, vendors.OK},
	} {
		t.Run(tc.second.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				c := open(t, Config{}, func(r *http.Request) (*http.Response, error) {
					if n++; n == 1 {
						return ends(vendors.Ambiguous)(r)
					}
					return ends(tc.second)(r)
				})
				call := post(class)
				call.Idempotent = true
				err := c.Do(t.Context(), call, nil)
				outcomeIs(t, err, tc.want)
				var e *vendors.Error
				if errors.As(err, &e) && !e.Sent {
					t.Fatal("the error says that nothing was sent")
				}
			})
		})
	}
}

func TestRetryAfterWinsOverBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := open(t, Config{}, func(r *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return answer(r, http.StatusTooManyRequests, "", "Retry-After", "2")
			}
			return answer(r, http.StatusOK, "")
		})
		start := time.Now()
		if err := c.Do(t.Context(), get(nil), nil); err != nil || time.Since(start) != 2*time.Second {
			t.Fatalf("%v after %v", err, time.Since(start))
		}
	})
}

func TestWhileTheVendorAsksForQuietNothingIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, n := counted(func(r *http.Request) (*http.Response, error) {
			return answer(r, http.StatusTooManyRequests, "", "Retry-After", "60")
		})
		c := open(t, Config{}, f)
		outcomeIs(t, c.Do(t.Context(), get(nil), nil), vendors.Throttled)
		time.Sleep(20 * time.Second)
		err := c.Do(t.Context(), get(nil), nil)
		var e *vendors.Error
		if !errors.As(err, &e) || e.Outcome != vendors.Throttled || e.RetryAfter != 40*time.Second || n.Load() != 1 {
			t.Fatalf("%v (retry after %v) after %d attempts", err, e.RetryAfter, n.Load())
		}
		time.Sleep(40 * time.Second)
		_ = c.Do(t.Context(), get(nil), nil)
		if n.Load() != 2 {
			t.Fatal("after the quiet time the vendor is still not called")
		}
	})
}

func TestNoRetryIntoADeadlineUnderTheUsualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := true
		f, n := counted(func(r *http.Request) (*http.Response, error) {
			time.Sleep(300 * time.Millisecond)
			if good {
				return answer(r, http.StatusOK, "")
			}
			return ends(vendors.DefiniteFail)(r)
		})
		c := open(t, Config{}, f)
		_ = c.Do(t.Context(), get(class), nil)
		good = false
		for _, tc := range []struct {
			deadline time.Duration
			want     int64
		}{{550 * time.Millisecond, 1}, {5 * time.Second, maxAttempts}} {
			n.Store(0)
			ctx, cancel := context.WithTimeout(t.Context(), tc.deadline)
			_ = c.Do(ctx, get(class), nil)
			cancel()
			if n.Load() != tc.want {
				t.Fatalf("with a deadline of %v: %d attempts, want %d", tc.deadline, n.Load(), tc.want)
			}
		}
	})
}

// Whatever happens in whatever order, retries stay within a fifth of the calls
// plus the floor.
func TestRetriesStayWithinTheBudget(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seen := rapid.SliceOfN(rapid.SampledFrom([]vendors.Outcome{vendors.OK, vendors.NotSent, vendors.DefiniteFail, vendors.Ambiguous, vendors.Throttled}), 1, 120).Draw(rt, "outcomes")
		gap := time.Duration(rapid.IntRange(0, 500).Draw(rt, "gap in ms")) * time.Millisecond
		var retries, counted, floor int
		synctest.Test(t, func(t *testing.T) {
			var next vendors.Outcome
			n := 0
			c := open(t, Config{}, func(r *http.Request) (*http.Response, error) { n++; return ends(next)(r) })
			_ = c.SetBreaker("", vendors.BreakerClosed)
			start := time.Now()
			for _, next = range seen {
				_ = c.Do(t.Context(), get(class), nil)
				time.Sleep(gap)
			}
			retries, counted = n-len(seen), int(c.Health().Retries)
			floor = floorBurst + int(time.Since(start).Seconds()*floorPerSec)
		})
		if retries > len(seen)/budgetShare+floor {
			rt.Fatalf("%d retries for %d calls; the floor gives %d", retries, len(seen), floor)
		}
		if counted != retries {
			rt.Fatalf("%d retries were made and %d counted", retries, counted)
		}
	})
}

func TestBackoffIsFullJitter(t *testing.T) {
	for n := 1; n < 8; n++ {
		low, high := backoffCap, time.Duration(0)
		for range 2000 {
			d := backoff(n)
			low, high = min(low, d), max(high, d)
		}
		span := min(backoffBase<<(n-1), backoffCap)
		between(t, "the shortest of 2000", low, 0, span/20)
		between(t, "the longest of 2000", high, span*19/20, span)
	}
}

func TestCancelledCallerEndsTheWaitForARetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, n := counted(func(r *http.Request) (*http.Response, error) {
			return answer(r, http.StatusTooManyRequests, "", "Retry-After", "2")
		})
		c := open(t, Config{}, f)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		outcomeIs(t, c.Do(ctx, get(nil), nil), vendors.Throttled)
		if n.Load() != 1 || time.Since(start) != time.Second {
			t.Fatalf("%d attempts in %v", n.Load(), time.Since(start))
		}
		outcomeIs(t, c.Do(ctx, get(nil), nil), vendors.Cancelled)
	})
}
