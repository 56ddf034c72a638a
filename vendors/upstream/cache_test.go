package upstream

import (
	"context"
	"errors"
	"fmt"
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

func TestCacheCallerWhoLeavesTakesNobodyWithHim(t *testing.T) {
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
		if n := c.young.ItemCount() + c.old.ItemCount(); n > 100 {
			t.Fatalf("%d values after %d keys", n, i)
		}
	}
	if asked["often"] != 1 {
		t.Errorf("asked %d times for what is used all the time", asked["often"])
	}
}
