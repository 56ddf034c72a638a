package upstream

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/vendors"
)

// far is the vendor's end of a test: it answers without a network, so that time
// can be faked. It marks what it took as sent.
type far func(*http.Request) (*http.Response, error)

func (f far) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	return f(r)
}

// wrote marks the request as sent.
func wrote(r *http.Request) { attemptOf(r.Context()).sent.Store(true) }

func answer(r *http.Request, status int, body string, header ...string) (*http.Response, error) {
	wrote(r)
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
}

// stall answers nothing until the attempt is given up.
func stall(r *http.Request) (*http.Response, error) {
	wrote(r)
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func open(t *testing.T, cfg Config, f far) *Client {
	t.Helper()
	cfg.Vendor = "acme"
	cfg.BaseURL = "http://acme.test"
	cfg = withDefaults(cfg)
	return newClient(cfg, Options{}, &http.Client{Transport: f, Timeout: cfg.Timeout})
}

// counted wraps f with a count of the attempts that reached it.
func counted(f far) (far, *atomic.Int64) {
	var n atomic.Int64
	return func(r *http.Request) (*http.Response, error) {
		n.Add(1)
		return f(r)
	}, &n
}

// ends is a far end whose every answer is classed as o.
func ends(o vendors.Outcome) far {
	return func(r *http.Request) (*http.Response, error) {
		switch o {
		case vendors.NotSent:
			return nil, io.ErrUnexpectedEOF
		default:
			return answer(r, http.StatusOK, o.String())
		}
	}
}

// class makes the body name its outcome.
func class(a Answer) error {
	for _, o := range vendors.Outcomes() {
		if string(a.Body) == o.String() && o != vendors.OK {
			return &vendors.Error{Outcome: o}
		}
	}
	return nil
}

func get(check func(Answer) error) Call {
	return Call{Op: vendors.OpBalance, Class: Read, Method: http.MethodGet, Path: "/balance", Check: check}
}

func post(check func(Answer) error) Call {
	return Call{Op: vendors.OpAdjust, Class: Write, Method: http.MethodPost, Path: "/adjust", JSON: struct{}{}, Check: check}
}

func breakerState(c *Client, class Class) vendors.BreakerHealth { return c.Health().Breakers[class] }

func outcomeIs(t *testing.T, err error, want vendors.Outcome) {
	t.Helper()
	if got := vendors.OutcomeOf(err); got != want {
		t.Fatalf("outcome is %v (%v), want %v", got, err, want)
	}
}

func between(t *testing.T, what string, d, low, high time.Duration) {
	t.Helper()
	if d < low || d > high {
		t.Fatalf("%s is %v, want %v to %v", what, d, low, high)
	}
}
