package upstream

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
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
	via, ok := c.http.GetClient().Transport.(*direct)
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

// The vendor's name may lead elsewhere by now, and some want to see no connection
// for long.
func TestConnectionEndsWithItsAgeAndItsUses(t *testing.T) {
	url, opened := counting(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) })
	c := dial(t, Config{BaseURL: url, Uses: 3})
	via, ok := c.http.GetClient().Transport.(*direct)
	if !ok {
		t.Skip("net/http's transport bounds neither")
	}
	for i := range 7 {
		if err := c.Do(t.Context(), get(nil), nil); err != nil {
			t.Fatal(err)
		}
		if want := int64(i/3 + 1); opened.Load() != want {
			t.Errorf("%d connections after %d requests, want %d", opened.Load(), i+1, want)
		}
	}
	via.idle[0].opened = time.Now().Add(-maxAge)
	if err := c.Do(t.Context(), get(nil), nil); err != nil || opened.Load() != 4 {
		t.Errorf("an old connection was used: %d opened, %v", opened.Load(), err)
	}
}
