package mock_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"switchboard/mocks/mock"
)

// customer is an app that receives callbacks and refuses the first ones.
type customer struct {
	mu     sync.Mutex // guards all below
	got    []string
	refuse int
}

func (c *customer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, string(body)+"/"+r.Header.Get("Signed"))
	if c.refuse > 0 {
		c.refuse--
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func TestCallbacksAreSignedRetriedDuplicatedAndReordered(t *testing.T) {
	for _, row := range []struct {
		name   string
		refuse int
		kind   string
		calls  int
		want   string
	}{
		{name: "plain", calls: 2, want: "[1/1 2/2]"},
		{name: "retried", calls: 1, refuse: 2, want: "[1/1 1/1 1/1]"},
		{name: "given up", calls: 1, refuse: 9, want: "[1/1 1/1 1/1]"},
		{name: "duplicate", calls: 2, kind: mock.Duplicate, want: "[1/1 1/1 2/2]"},
		{name: "reorder", calls: 3, kind: mock.Reorder, want: "[2/2 1/1 3/3]"},
		{name: "drop", calls: 2, kind: mock.Drop, want: "[2/2]"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := start(t)
			c := &customer{refuse: row.refuse}
			srv := httptest.NewServer(c)
			defer srv.Close()
			r.toy.Callbacks.Target("", srv.URL)
			if row.kind != "" {
				r.toy.Faults.Next("callback.coin", 1, mock.Action{Kind: row.kind})
			}
			for range row.calls {
				if _, _, err := r.add(); err != nil {
					t.Fatal(err)
				}
			}
			r.toy.Callbacks.Wait()
			if got := fmt.Sprint(c.got); got != row.want {
				t.Fatalf("got %s, want %s", got, row.want)
			}
		})
	}
}

func TestRulesForOperationsAndForCallbacksAreKeptApart(t *testing.T) {
	r := start(t)
	c := &customer{}
	srv := httptest.NewServer(c)
	defer srv.Close()
	r.toy.Callbacks.Target("", srv.URL)
	for _, rule := range []struct {
		op   string
		kind string
	}{{"coin.*", mock.Reorder}, {"coin.*", mock.Duplicate}, {"callback.*", mock.Garbage}, {"callback.*", mock.Hang}} {
		r.toy.Faults.Next(rule.op, 1, mock.Action{Kind: rule.kind})
	}
	if _, body, err := r.add(); err != nil || !strings.Contains(body, "200") {
		t.Fatal(body, err)
	}
	r.toy.Callbacks.Wait()
	r.toy.Faults.Next("", 1, mock.Action{Kind: mock.Drop})
	if res, _, err := r.send("POST", "/_mock/callbacks/coin", "2"); err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	r.toy.Callbacks.Wait()
	if _, _, err := r.add(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	r.toy.Callbacks.Wait()
	for _, rule := range r.toy.Faults.List()[:4] {
		if rule.Seen != 0 {
			t.Fatalf("%+v", rule)
		}
	}
	if got := fmt.Sprint(c.got); got != "[1/1 2/2]" {
		t.Fatal(got)
	}
}

func TestAnOperationCanAskTheCustomerWithoutHoldingTheNamespace(t *testing.T) {
	r := start(t)
	asked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if _, body, err := r.add(); err != nil || !strings.Contains(body, "200") { // back into the mock, meanwhile
			t.Error(body, err)
		}
		_, _ = io.WriteString(w, "yes "+req.Header.Get("Signed"))
	}))
	defer asked.Close()
	ask := func() (status int, answer string) {
		r.toy.Do(func() {
			r.toy.Outside(func() {
				var b []byte
				var err error
				status, b, err = r.toy.Callbacks.Ask(t.Context(), mock.Callback{Name: "callback.ask", Body: []byte("may I")})
				if err != nil {
					t.Error(err)
				}
				answer = string(b)
			})
		})
		return status, answer
	}
	if status, answer := ask(); status != 0 || answer != "" {
		t.Fatal("asked nobody, and got", status, answer)
	}
	r.toy.Callbacks.Target("callback.ask", asked.URL)
	if status, answer := ask(); status != 200 || answer != "yes may I" {
		t.Fatal(status, answer)
	}
	if err := r.toy.Journal.Expect(mock.Filter{Op: "callback.ask"}, 1); err != nil {
		t.Fatal(err)
	}
}
