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

func TestCacheAsksOnceForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache[string]("v", "op", time.Hour, 10)
		asked := 0
		ask := func(context.Context) (string, error) {
			asked++
			time.Sleep(time.Second)
			return "id", nil
		}
		done := make(chan string, 3)
		for range 3 {
			go func() {
				v, _ := c.Get(t.Context(), "u", ask)
				done <- v
			}()
		}
		for range 3 {
			if v := <-done; v != "id" {
				t.Errorf("got %q", v)
			}
		}
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	})
}

func TestCacheCallerWhoLeavesTakesNobodyAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache[string]("v", "op", time.Hour, 10)
		ask := func(ctx context.Context) (string, error) {
			time.Sleep(time.Second)
			return "id", ctx.Err()
		}
		hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		left, stopped := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := c.Get(hasty, "u", ask)
			left <- err
		}()
		synctest.Wait()
		gone, leave := context.WithCancel(t.Context())
		go func() {
			_, err := c.Get(gone, "u", ask)
			stopped <- err
		}()
		synctest.Wait()
		leave()
		if v, err := c.Get(t.Context(), "u", ask); v != "id" || err != nil {
			t.Errorf("the one who stayed got %q, %v", v, err)
		}
		if err := <-left; vendors.OutcomeOf(err) != vendors.Ambiguous || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("out of time: %v", err)
		}
		if err := <-stopped; vendors.OutcomeOf(err) != vendors.Cancelled {
			t.Errorf("the caller who left: %v", err)
		}
	})
}

func TestCacheKeepsNoErrorAndNothingBeyondItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache[int]("v", "op", time.Minute, 10)
		n := 0
		ask := func(context.Context) (int, error) {
			n++
			if n == 1 {
				return 0, errors.New("not now")
			}
			return n, nil
		}
		for i, want := range []int{0, 2, 2} {
			if v, err := c.Get(t.Context(), "u", ask); v != want || (err != nil) != (i == 0) {
				t.Fatalf("call %d: %d, %v", i, v, err)
			}
		}
		time.Sleep(time.Minute + time.Second)
		if v, _ := c.Get(t.Context(), "u", ask); v != 3 {
			t.Errorf("kept beyond its time: %d", v)
		}
	})
}

func TestCacheIsBoundedAndKeepsWhatIsAskedFor(t *testing.T) {
	c := NewCache[int]("v", "op", time.Hour, 100)
	asked := map[string]int{}
	get := func(key string) {
		_, _ = c.Get(t.Context(), key, func(context.Context) (int, error) {
			asked[key]++
			return 0, nil
		})
	}
	for i := range 10_000 {
		get("often")
		get(fmt.Sprint(i))
		if n := c.values.len(); n > 100 {
			t.Fatalf("%d values after %d keys", n, i)
		}
	}
	if asked["often"] != 1 {
		t.Errorf("asked %d times for what is used all the time", asked["often"])
	}
}

func TestTwoHundredCallersAtExpiryMakeOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, n := counted(func(r *http.Request) (*http.Response, error) {
			time.Sleep(100 * time.Millisecond)
			return answer(r, http.StatusOK, `"token"`)
		})
		up := open(t, Config{Calls: 1000}, f)
		c := NewCache[string]("acme", vendors.OpTokenIssue, time.Hour, 10)
		ask := func(ctx context.Context) (v string, err error) { return v, up.Do(ctx, get(nil), &v) }
		for expiry := range int64(3) {
			var wg sync.WaitGroup
			for range 200 {
				wg.Go(func() {
					if v, err := c.Get(t.Context(), "app/bob", ask); v != "token" || err != nil {
						t.Errorf("got %q, %v", v, err)
					}
				})
			}
			wg.Wait()
			if n.Load() != expiry+1 {
				t.Fatalf("%d vendor calls after %d expiries", n.Load(), expiry+1)
			}
			time.Sleep(time.Hour)
		}
	})
}

func TestCacheAsksAgainBeforeAValueInUseExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache[int]("v", "op", time.Hour, 10)
		asked := 0
		ask := func(context.Context) (int, error) {
			asked++
			if asked == 2 {
				return 0, errors.New("not now")
			}
			return asked, nil
		}
		start := time.Now()
		for time.Since(start) < 3*time.Hour {
			before := time.Now()
			if v, err := c.Get(t.Context(), "u", ask); v == 0 || err != nil {
				t.Fatalf("after %v: %d, %v", time.Since(start), v, err)
			}
			if time.Since(before) != 0 {
				t.Fatal("a caller waited for a value that was still good")
			}
			time.Sleep(10 * time.Second)
			synctest.Wait()
		}
		if asked < 4 || asked > 6 {
			t.Errorf("asked %d times in three lives and a bit", asked)
		}
	})
}

func TestEarlyRefreshIsSpread(t *testing.T) {
	c := NewCache[int]("v", "op", time.Hour, 1000)
	early := map[time.Duration]bool{}
	for i := range 100 {
		c.keep(fmt.Sprint(i), i)
		k, _ := c.values.Get(fmt.Sprint(i))
		ahead := k.end.Sub(k.early)
		between(t, "refresh ahead of the end", ahead, 6*time.Minute, 12*time.Minute)
		early[ahead.Round(time.Second)] = true
	}
	if len(early) < 50 {
		t.Errorf("100 values are refreshed at %d different times", len(early))
	}
}

func TestStaleAnswersOnlyWhereAllowedAndOnlyWhenTheVendorCannot(t *testing.T) {
	broken := &vendors.Error{Outcome: vendors.Ambiguous}
	gone := &vendors.Error{Outcome: vendors.DefiniteNo, Err: vendors.ErrNotFound}
	for _, tc := range []struct {
		stale, age time.Duration
		fault      error
		served     bool
	}{
		{0, 61 * time.Second, broken, false},
		{time.Minute, 61 * time.Second, broken, true},
		{time.Minute, 61 * time.Second, gone, false},
		{time.Minute, 121 * time.Second, broken, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := NewCache[int]("v", "op", time.Minute, 10)
			c.Stale = tc.stale
			_, _ = c.Get(t.Context(), "u", func(context.Context) (int, error) { return 7, nil })
			time.Sleep(tc.age)
			v, err := c.Get(t.Context(), "u", func(context.Context) (int, error) { return 0, tc.fault })
			if (err == nil) != tc.served || (tc.served && v != 7) {
				t.Errorf("%+v: got %d, %v", tc, v, err)
			}
		})
	}
}

func TestValuesMayBringTheirOwnLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache[time.Duration]("v", "op", time.Hour, 10)
		c.Life = func(d time.Duration) time.Duration { return d }
		asked := 0
		for _, life := range []time.Duration{0, time.Second, time.Minute} {
			asked = 0
			key := life.String()
			for range 3 {
				_, _ = c.Get(t.Context(), key, func(context.Context) (time.Duration, error) { asked++; return life, nil })
				time.Sleep(2 * time.Second)
			}
			want := 3
			if life == time.Minute {
				want = 1
			}
			if asked != want {
				t.Errorf("life %v: asked %d times, want %d", life, asked, want)
			}
		}
	})
}

func TestKeptReadsAreSharedByEqualCallsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, n := counted(func(r *http.Request) (*http.Response, error) {
			return answer(r, http.StatusOK, fmt.Sprintf("%q", r.URL.Query().Get("user")))
		})
		c := open(t, Config{}, f)
		call := func(user string, keep time.Duration) Call {
			call := get(nil)
			call.Query, call.Keep = Fields{{"user", user}}, keep
			call.Sign = func(r *Request) { r.Header.Set("Nonce", r.Now.String()) }
			return call
		}
		for _, tc := range []struct {
			user string
			keep time.Duration
			want int64
		}{{"a", time.Minute, 1}, {"a", time.Minute, 1}, {"b", time.Minute, 2}, {"a", 0, 3}, {"a", time.Minute, 3}} {
			var got string
			if err := c.Do(t.Context(), call(tc.user, tc.keep), &got); err != nil || got != tc.user || n.Load() != tc.want {
				t.Fatalf("%+v: %q, %v, %d vendor calls", tc, got, err, n.Load())
			}
			time.Sleep(time.Second)
		}
		write := post(nil)
		write.Keep = time.Minute
		for range 2 {
			_ = c.Do(t.Context(), write, nil)
		}
		if n.Load() != 5 {
			t.Fatal("a write was answered from the cache")
		}
	})
}

func TestUnreadableAnswerIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, n := counted(func(r *http.Request) (*http.Response, error) { return answer(r, http.StatusOK, `"text"`) })
		c := open(t, Config{}, f)
		call := get(nil)
		call.Keep = time.Minute
		var number int
		for want := range int64(2) {
			err := c.Do(t.Context(), call, &number)
			if !errors.Is(err, vendors.ErrUnreadable) || n.Load() != want+1 {
				t.Fatalf("%v after %d vendor calls", err, n.Load())
			}
		}
	})
}

func TestCallerWhoHasLeftStartsNoFlight(t *testing.T) {
	c := NewCache[int]("v", "op", time.Minute, 10)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Get(gone, "k", func(context.Context) (int, error) {
		t.Error("asked for a caller who has left")
		return 0, nil
	})
	if vendors.OutcomeOf(err) != vendors.Cancelled {
		t.Errorf("%v, want cancelled", err)
	}
	// A flight that ran anyway would be in the air: join it.
	if v, err := c.Get(t.Context(), "k", func(context.Context) (int, error) { return 7, nil }); v != 7 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

// What is void stays so although it was being asked for at that moment.
func TestWhatIsForgottenIsAskedForAgainAlthoughAnAnswerIsOnItsWay(t *testing.T) {
	for name, fails := range map[string]bool{"answered": false, "failed": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := NewCache[int]("acme", "token.issue", time.Hour, 10)
				land := make(chan struct{})
				first := make(chan int)
				if fails { // a value that is refreshed early, in vain
					_, _ = c.Get(t.Context(), "ann", func(context.Context) (int, error) { return 1, nil })
					time.Sleep(59 * time.Minute)
				}
				go func() {
					v, _ := c.Get(t.Context(), "ann", func(context.Context) (int, error) {
						<-land
						if fails {
							return 0, errors.New("away")
						}
						return 1, nil
					})
					first <- v
				}()
				if fails {
					<-first
				}
				synctest.Wait()
				c.Forget("ann")
				asked := 0
				next := func(context.Context) (int, error) { asked++; return 2, nil }
				if v, err := c.Get(t.Context(), "ann", next); v != 2 || err != nil {
					t.Errorf("%d, %v while the void answer is on its way", v, err)
				}
				close(land)
				if !fails && <-first != 1 {
					t.Error("who came before is not answered")
				}
				synctest.Wait()
				if v, err := c.Get(t.Context(), "ann", next); v != 2 || err != nil || asked != 1 {
					t.Errorf("%d, %v after %d more calls", v, err, asked)
				}
			})
		})
	}
}
