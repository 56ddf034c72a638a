package mock_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/mocks/mock"
)

// TestExpectWaitsForSlowSenders counts in the synthetic time of synctest, without
// a network: an answer's moment is exact.
func TestExpectWaitsForSlowSenders(t *testing.T) {
	for _, row := range []struct {
		name   string
		sends  []time.Duration // after the start
		query  string
		status int
		after  time.Duration // when the answer comes
	}{
		{"what is there already", []time.Duration{0}, "n=1&within=2s", 200, 0},
		{"comes later", []time.Duration{time.Second}, "n=1&op=coin.add&within=2s", 200, time.Second},
		{"both come", []time.Duration{0, time.Second}, "n=2&within=2s", 200, time.Second},
		{"comes too late", []time.Duration{3 * time.Second}, "n=1&within=2s", 400, 2 * time.Second},
		{"one is missing", []time.Duration{time.Second}, "n=2&within=2s", 400, 2 * time.Second},
		{"too many already", []time.Duration{0, 0}, "n=1&within=2s", 400, 0},
		{"none came", nil, "n=0&within=2s", 200, 2 * time.Second},
		{"one came after all", []time.Duration{time.Second}, "n=0&within=2s", 400, time.Second},
		{"at once", []time.Duration{time.Second}, "n=1", 400, 0},
		{"another user", []time.Duration{time.Second}, "n=1&user=bob&within=2s", 400, 2 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, err := mock.New(toyVendor(), mock.Options{Credentials: map[string]string{"key": "k"}})
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				for _, d := range row.sends {
					if d == 0 {
						addOnce(e)
						continue
					}
					time.AfterFunc(d, func() { addOnce(e) })
				}
				began := time.Now()
				answer := httptest.NewRecorder()
				e.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/_mock/journal/expect?"+row.query, nil))
				if took := time.Since(began); answer.Code != row.status || took != row.after {
					t.Errorf("%d after %v: %s", answer.Code, took, answer.Body)
				}
				time.Sleep(5 * time.Second) // what is still to be sent is sent
			})
		})
	}
}

func addOnce(h http.Handler) {
	r := httptest.NewRequest("POST", "/coin/add", strings.NewReader("user=ann&amount=1"))
	r.Header.Set("key", "k")
	h.ServeHTTP(httptest.NewRecorder(), r)
}

func TestWaitingEndsWithTheClientAndWithTheMock(t *testing.T) {
	for _, leaves := range []string{"client", "mock"} {
		t.Run(leaves, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, err := mock.New(toyVendor(), mock.Options{Credentials: map[string]string{"key": "k"}})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				began, answer := time.Now(), httptest.NewRecorder()
				time.AfterFunc(time.Second, map[string]func(){"client": cancel, "mock": e.Close}[leaves])
				e.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, "GET", "/_mock/journal/expect?n=1&within=1m", nil))
				if took := time.Since(began); took != time.Second || answer.Code != 400 {
					t.Errorf("%d after %v", answer.Code, took)
				}
				cancel()
				e.Close()
			})
		})
	}
}

func TestTheLiveViewGetsWhatIsNewAsItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := mock.New(toyVendor(), mock.Options{Credentials: map[string]string{"key": "k"}})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		addOnce(e)
		time.AfterFunc(time.Second, func() { addOnce(e) })
		began, answer := time.Now(), httptest.NewRecorder()
		e.ServeHTTP(answer, httptest.NewRequest("GET", "/_mock/journal?since=1&within=10s", nil))
		if took := time.Since(began); took != time.Second || !strings.HasPrefix(answer.Body.String(), `[{"seq":2,`) {
			t.Errorf("%s after %v", answer.Body, took)
		}
	})
}

func TestAWaitIsBoundedAndHasAUnit(t *testing.T) {
	r := start(t)
	for _, within := range []string{"2", "-1s", "61s", "1h", "soon", "2 s"} {
		res, body, err := r.send("GET", "/_mock/journal/expect?n=0&within="+url.QueryEscape(within), "")
		if err != nil || res.StatusCode != 400 || !strings.Contains(body, "within must be a duration up to 1m0s") {
			t.Errorf("%s: %v %s %v", within, res, body, err)
		}
	}
}
