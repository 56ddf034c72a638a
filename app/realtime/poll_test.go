package realtime

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// poll waits for one message as the gateway's long poll does.
func poll(t *testing.T, h *Hub, user string) (text string, err error) {
	t.Helper()
	s, err := h.Poll(context.Background(), Login{Key: key(user, "1")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	batch, err := s.Wait(ctx, 1, nil)
	if len(batch) == 1 {
		text = batch[0].Body.(string)
	}
	return text, err
}

func TestNothingIsLostBetweenTwoPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann")
		start := time.Now()
		if text, err := poll(t, h, "ann"); text != "" || err != nil || time.Since(start) != 30*time.Second {
			t.Fatalf("%q %v after %s", text, err, time.Since(start))
		}
		for i := 1; i <= 3; i++ {
			s.send("c", "ann", fmt.Sprint(i))
		}
		time.Sleep(50 * time.Second)
		for i := 1; i <= 3; i++ {
			if text, err := poll(t, h, "ann"); text != fmt.Sprint(i) || err != nil {
				t.Errorf("poll %d: %q %v", i, text, err)
			}
		}
		time.Sleep(90 * time.Second)
		if n := h.Sessions(); n != 0 {
			t.Errorf("%d sessions kept of a client that polls no more", n)
		}
	})
}

func TestNewerPollTakesOverFromTheOneThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann")
		first := make(chan string, 1)
		go func() {
			text, err := poll(t, h, "ann")
			first <- fmt.Sprint(text, err)
		}()
		synctest.Wait()
		second := make(chan string, 1)
		go func() {
			text, err := poll(t, h, "ann")
			second <- fmt.Sprint(text, err)
		}()
		synctest.Wait()
		s.send("c", "ann", "1")
		if got := <-first; got != (&Closed{Replaced}).Error() {
			t.Errorf("older poll: %s", got)
		}
		if got := <-second; got != "1<nil>" {
			t.Errorf("newer poll: %s", got)
		}
	})
}

func TestPollThatFellBehindIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, func(c *Config, _ *Deps) { c.QueueMessages = 5 })
		s.join("c", "ann")
		if _, err := h.Poll(context.Background(), Login{Key: key("ann", "1")}); err != nil {
			t.Fatal(err)
		}
		for range 6 {
			s.send("c", "ann", "x")
		}
		time.Sleep(time.Second)
		_, err := poll(t, h, "ann")
		var closed *Closed
		if !errors.As(err, &closed) || closed.Code != Slow {
			t.Fatalf("behind: %v", err)
		}
		go func() {
			time.Sleep(time.Second)
			s.send("c", "ann", "7")
		}()
		if text, err := poll(t, h, "ann"); text != "7" || err != nil {
			t.Errorf("next poll: %q %v", text, err)
		}
	})
}

func TestSessionThatReplacesAPollEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, newMemory(), nil)
		ended := make(chan error, 1)
		go func() {
			_, err := poll(t, h, "ann")
			ended <- err
		}()
		synctest.Wait()
		connect(t, h, key("ann", "1"), nil)
		var closed *Closed
		if err := <-ended; !errors.As(err, &closed) || closed.Code != Replaced {
			t.Errorf("%v", err)
		}
	})
}
