package upstream

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/vendors"
)

// counting serves h and counts the connections it was given.
func counting(t *testing.T, h http.HandlerFunc) (url string, opened *atomic.Int64) {
	t.Helper()
	opened = &atomic.Int64{}
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.URL, opened
}

func TestConnectionOutlivesAnswersOfEveryLength(t *testing.T) {
	lengths := []int{0, 1, 100, 5000, 100_000} // the last two in chunks
	next := 0
	url, opened := counting(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, lengths[next])) })
	c := dial(t, Config{BaseURL: url})
	for ; next < len(lengths); next++ {
		got := -1
		call := post(func(a Answer) error { got = len(a.Body); return nil })
		if err := c.Do(t.Context(), call, nil); err != nil || got != lengths[next] {
			t.Fatalf("%d of %d bytes, %v", got, lengths[next], err)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// The time that one exchange was given may be over when the next one begins.
func TestIdleConnectionIsUsedAfterMoreThanAnAttemptsTime(t *testing.T) {
	url, opened := counting(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) })
	c := dial(t, Config{BaseURL: url})
	via, ok := c.http.GetClient().Transport.(*lean)
	if !ok {
		t.Skip("net/http's transport sets no deadline on connections")
	}
	for range 2 {
		if err := c.Do(t.Context(), get(nil), nil); err != nil {
			t.Fatal(err)
		}
		_ = via.idle[0].SetDeadline(time.Unix(1, 0))
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// A request context without a deadline must not wait for a place for ever.
func TestWaitForAConnectionEndsWithTheAttempt(t *testing.T) {
	c := dial(t, Config{BaseURL: refusing(t), Conns: 1, Timeout: 20 * time.Millisecond})
	via, ok := c.http.GetClient().Transport.(*lean)
	if !ok {
		t.Skip("net/http's transport keeps its own places")
	}
	via.places <- struct{}{}
	ended := make(chan error, 1)
	go func() { ended <- c.Do(context.Background(), post(nil), nil) }()
	select {
	case err := <-ended:
		outcomeIs(t, err, vendors.NotSent)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the cause is lost: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("a call without a place waits still")
	}
}
