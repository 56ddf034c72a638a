package mock_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"switchboard/mocks/mock"
)

func TestFaultsDoWhatTheySayAndExecuteOnlyWhenTheySay(t *testing.T) {
	for _, row := range []struct {
		action   mock.Action
		executed bool
		status   int    // 0: the call fails
		body     string // a part of it
		kind     string // content type
		cause    error
	}{
		{action: mock.Action{Kind: mock.Delay, Wait: time.Millisecond}, executed: true, status: 200, body: "200", kind: "application/json"},
		{action: mock.Action{Kind: mock.Drop}, cause: io.EOF},
		{action: mock.Action{Kind: mock.Drop, After: true}, executed: true, cause: io.EOF},
		{action: mock.Action{Kind: mock.Reset}, cause: syscall.ECONNRESET},
		{action: mock.Action{Kind: mock.Reset, After: true}, executed: true, cause: syscall.ECONNRESET},
		{action: mock.Action{Kind: mock.Truncate}, executed: true, cause: io.ErrUnexpectedEOF},
		{action: mock.Action{Kind: mock.Garbage}, status: 200, kind: "application/json"},
		{action: mock.Action{Kind: mock.HTML}, status: 200, body: "<html>", kind: "text/html"},
		{action: mock.Action{Kind: mock.HTML, Status: 502, After: true}, executed: true, status: 502, body: "<html>", kind: "text/html"},
		{action: mock.Action{Kind: mock.ContentType}, executed: true, status: 200, body: `"code":200`, kind: "text/plain"},
		{action: mock.Action{Kind: mock.Status, Status: 503}, status: 503},
		{action: mock.Action{Kind: mock.Code, Code: "1008"}, status: 200, body: `{"code":0,"refused":"1008"}`},
		{action: mock.Action{Kind: mock.Code, Code: "1008", After: true}, executed: true, status: 200, body: `{"code":0,"refused":"1008"}`},
		{action: mock.Action{Kind: mock.Throttle}, status: 200, body: `{"code":0,"refused":"kind7"}`},
	} {
		t.Run(fmt.Sprintf("%s after=%t", row.action.Kind, row.action.After), func(t *testing.T) {
			r := start(t)
			r.toy.Faults.Next("coin.add", 1, row.action)
			res, body, err := r.add()
			if row.status == 0 {
				if !errors.Is(err, row.cause) {
					t.Fatalf("want %v, got %v", row.cause, err)
				}
			} else if err != nil || res.StatusCode != row.status || !strings.Contains(body, row.body) || !strings.HasPrefix(res.Header.Get("Content-Type"), row.kind) {
				t.Fatal(res, body, err)
			}
			if got := r.toy.total() == 1; got != row.executed {
				t.Fatalf("executed: %t", got)
			}
			if err := r.toy.Journal.Expect(mock.Filter{Fault: row.action.Kind, User: "ann"}, 1); err != nil {
				t.Fatal(err)
			}
			if _, body, err := r.add(); err != nil || !strings.Contains(body, "200") {
				t.Fatal("the next call is spoilt too: ", body, err)
			}
		})
	}
}

// leaving is a client's transport until ctx ends.
type leaving struct{ ctx context.Context }

// RoundTrip implements http.RoundTripper.
func (l leaving) RoundTrip(r *http.Request) (*http.Response, error) {
	return http.DefaultTransport.RoundTrip(r.WithContext(l.ctx))
}

func TestAHangEndsWhenTheClientLeaves(t *testing.T) {
	for _, after := range []bool{false, true} {
		r := start(t)
		ended := make(chan struct{})
		watched, err := mock.Listen("", http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			defer close(ended)
			r.engine.ServeHTTP(w, req)
		}), func() {})
		if err != nil {
			t.Fatal(err)
		}
		r.url = watched.URL
		r.toy.Faults.Next("", 1, mock.Action{Kind: mock.Hang, After: after})
		ctx, leave := context.WithCancel(t.Context())
		r.client.Transport = leaving{ctx}
		go func() {
			for len(r.toy.Faults.Unfired()) > 0 || after && r.toy.total() == 0 {
				time.Sleep(time.Millisecond)
			}
			leave()
		}()
		if _, _, err := r.add(); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Fatal("the hang goes on without a client")
		}
		if (r.toy.total() == 1) != after {
			t.Fatal("executed at the wrong moment")
		}
		if err := watched.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAHangEndsWhenTheServerCloses(t *testing.T) {
	e, err := mock.New(toyVendor(), mock.Options{Credentials: map[string]string{"key": "k"}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := mock.Listen("", e, e.Close)
	if err != nil {
		t.Fatal(err)
	}
	e.Default().Faults.Next("", 1, mock.Action{Kind: mock.Hang})
	failed := make(chan error, 1)
	go func() {
		req, _ := http.NewRequest("POST", s.URL+"/coin/add", strings.NewReader("user=a&amount=1"))
		req.Header.Set("key", "k")
		res, err := (&http.Transport{}).RoundTrip(req)
		if err == nil {
			res.Body.Close()
		}
		failed <- err
	}()
	if err := e.Default().Journal.Wait(t.Context(), mock.Filter{Fault: mock.Hang}, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Fatal("a hanging call was answered")
	}
	if err := s.Close(); err != nil {
		t.Fatal("a second close: ", err)
	}
}

func TestClosingAServerFirstEndsWhatKeepsItsRequests(t *testing.T) {
	release, inside, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s, err := mock.Listen("", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		defer close(ended)
		close(inside)
		<-release
	}), func() { close(release) })
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		if res, err := client.Get(s.URL); err == nil {
			res.Body.Close()
		}
	}()
	<-inside
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	default:
		t.Fatal("closed with a request inside")
	}
}

func TestRulesAreTriedInOrderAndCountTheirOwnCalls(t *testing.T) {
	r := start(t)
	add := func(m mock.Match, code string) {
		if _, err := r.toy.Faults.Add(m, mock.Action{Kind: mock.Code, Code: code}); err != nil {
			t.Fatal(err)
		}
	}
	add(mock.Match{Op: "coin.*", User: "ann", Nth: 2}, "second")
	add(mock.Match{Op: "coin.add", Every: 3}, "third")
	add(mock.Match{User: "bob", Times: 1}, "once")
	add(mock.Match{Op: "room"}, "never")
	var got []string
	for _, user := range []string{"ann", "ann", "ann", "bob", "bob", "ann"} {
		_, body, err := r.send("POST", "/coin/add", "amount=1&user="+user)
		if err != nil {
			t.Fatal(err)
		}
		var a struct{ Refused string }
		_ = json.Unmarshal([]byte(body), &a)
		got = append(got, a.Refused)
	}
	if want := fmt.Sprint([]string{"", "second", "third", "once", "", "third"}); fmt.Sprint(got) != want {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestProbabilityIsTheSameForTheSameSeed(t *testing.T) {
	run := func(seed uint64) (hits string) {
		f := mock.NewRandom(seed, "x")
		for range 64 {
			hits += fmt.Sprint(f.Chance(0.5))
		}
		return hits
	}
	first, again := run(1), run(1)
	if first != again || first == run(2) {
		t.Fatal("the seed does not decide")
	}
	r := mock.NewRandom(1, "x")
	if r.Chance(0) || !r.Chance(1) || r.Digits(21)[0] == '0' || len(r.Hex(32)) != 32 {
		t.Fatal("bounds")
	}
}
