package vendortest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"switchboard/vendors"
)

const noVerdict = "an object without verdict"

const html = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

// patience is far more than any call takes; it only keeps a broken adapter
// from holding up the suite.
const patience = 20 * time.Second

// spoiled are exchanges whose outcome does not depend on the vendor.
func spoiled() []struct {
	fault
	outcome vendors.Outcome
	is      error
} {
	type row = struct {
		fault
		outcome vendors.Outcome
		is      error
	}
	return []row{
		{drop, vendors.Ambiguous, nil},
		{executeThenDrop, vendors.Ambiguous, nil},
		{reset, vendors.Ambiguous, nil},
		{truncate, vendors.Ambiguous, nil},
		{answer("garbage under 200", 200, "application/json", "\x00\x01{not json"), vendors.Ambiguous, vendors.ErrUnreadable},
		{answer("empty 200", 200, "application/json", ""), vendors.Ambiguous, vendors.ErrUnreadable},
		{answer("another shape under 200", 200, "application/json", `["ok"]`), vendors.Ambiguous, vendors.ErrUnreadable},
		{answer(noVerdict, 200, "application/json", `{}`), vendors.Ambiguous, vendors.ErrUnreadable},
		{answer("HTML under 200", 200, "text/html", html), vendors.Ambiguous, vendors.ErrUnreadable},
		{answer("HTML under 500", 500, "text/html", html), vendors.Ambiguous, nil},
		{answer("HTML under 502", 502, "text/html", html), vendors.Ambiguous, nil},
		{answer("HTML under 504", 504, "text/html", html), vendors.Ambiguous, nil},
		{answer("HTML under 429", 429, "text/html", html), vendors.Throttled, nil},
		{answer("HTML under 401", 401, "text/html", html), vendors.AuthFault, nil},
		{answer("HTML under 404", 404, "text/html", html), vendors.DefiniteFail, nil}, // a proxy's: the vendor heard nothing
		{answer("HTML under 405", 405, "text/html", html), vendors.DefiniteFail, nil},
	}
}

func outcomeChecks() []check {
	return []check{
		{name: "SpoiledExchangeHasItsOutcome", run: spoiledOutcomes},
		{name: "WriteWhoseLookIsLostIsNotSent", sees: func(f Fixture) bool { return len(f.Looks)+len(f.Warm) > 0 }, run: lostLook},
		{name: "GoodBodyUnderABadStatusIsNotASuccess", run: badStatus},
		{name: "GoodBodyUnderAnyContentTypeIsASuccess", run: anyContentType},
		{name: "ThrottledAnswerKeepsHowLongToWait", run: retryAfter},
		{name: "RedirectIsNotFollowedWithCredentials", run: noRedirect},
		{name: "EndlessAnswerIsNotReadToItsEnd", run: endless},
		{name: "SilentFarEndIsAmbiguousAtTheDeadline", run: deadline},
		{name: "CallerWhoLeavesGetsCancelled", run: cancelled},
		{name: "CallerWhoHasLeftSendsNothing", run: alreadyLeft},
		{name: "UnreachableFarEndIsNotSent", run: unreachable},
		{name: "WriteIsNeverRepeatedByItself", run: neverRepeated},
		{name: "VendorCodeHasItsOutcomeAndIsKeptRaw", sees: func(f Fixture) bool { return len(f.Codes) > 0 }, run: codes},
	}
}

// openFor opens the vendor anew, with what o looks up first already kept.
func (e *env) openFor(t T, o op) *vendors.Vendor {
	t.Helper()
	e.w.heal()
	if e.Restore != nil {
		e.Restore()
	}
	v := e.open(e.w.url)
	if slices.Contains(e.Warm, o.name) {
		must(t, o.name+", to warm up", o.call(t.Context(), v))
	}
	return v
}

// fresh calls o once at a newly opened vendor, while f spoils n exchanges, of which
// the first is o's own.
func (e *env) fresh(t T, o op, n int, f fault) error {
	t.Helper()
	_, err := e.freshAfter(t, o, e.Looks[o.name], n, f)
	return err
}

// freshAfter lets skip exchanges pass first, and counts what the far end saw.
func (e *env) freshAfter(t T, o op, skip, n int, f fault) (requests int, err error) {
	t.Helper()
	v := e.openFor(t, o)
	e.w.spoilAfter(skip, n, f)
	defer e.w.heal()
	c, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	before := len(e.w.requests())
	err = o.call(c, v)
	return len(e.w.requests()) - before, err
}

func spoiledOutcomes(t T, e *env) {
	e.eachOp(t, func(e *env, o op) {
		for _, s := range spoiled() {
			if e.bare(o, s.name) {
				continue
			}
			what := o.name + ", " + s.name
			err := e.fresh(t, o, always, s.fault)
			mustBe(t, what, err, s.outcome, s.is)
			e.mustName(t, what, err, o)
		}
	})
}

// bare reports whether the spoiled answer is a good one of o's.
func (e *env) bare(o op, spoiled string) bool {
	return spoiled == noVerdict && slices.Contains(e.Bare, o.name)
}

// mustName checks that an error says who failed at what.
func (e *env) mustName(t T, what string, err error, o op) {
	t.Helper()
	var ve *vendors.Error
	if errors.As(err, &ve) && (ve.Vendor != e.v.Name || ve.Op != o.name) {
		t.Errorf("%s: the error names %q %q, want %q %q", what, ve.Vendor, ve.Op, e.v.Name, o.name)
	}
}

func badStatus(t T, e *env) {
	for _, o := range e.ops() { // one by one: they change each other's answers
		if o.name == vendors.OpRoomStatus && e.Far.RoomUsers == nil {
			continue // the room may not be there, which the vendor's code says under any status
		}
		if e.fresh(t, o, 0, fault{}) != nil {
			continue // not a good body then
		}
		for _, status := range []int{500, 503} {
			mustBe(t, o.name, e.fresh(t, o, always, restatus(status)), vendors.Ambiguous, nil)
		}
	}
}

// deadline gives a call 100 ms, and more when the machine is so busy that the
// request did not reach the far end in that time.
func anyContentType(t T, e *env) {
	for _, o := range e.ops() {
		for _, typ := range []string{"text/html; charset=utf-8", "application/octet-stream"} {
			err := e.fresh(t, o, always, retype(typ))
			if err != nil && e.fresh(t, o, 0, fault{}) == nil { // else the body was no good one
				t.Errorf("%s, under %s: %v", o.name, typ, err)
			}
		}
	}
}

// retryAfter asks for longer than any call waits, so that it is told at once.
func retryAfter(t T, e *env) {
	for _, o := range e.opsFor(CodeCase{}) {
		err := e.fresh(t, o, always, fault{"429 with Retry-After", func(w http.ResponseWriter, _ *http.Request, _ func() *http.Response) {
			w.Header().Set("Retry-After", "70")
			w.WriteHeader(http.StatusTooManyRequests)
		}})
		mustBe(t, o.name, err, vendors.Throttled, nil)
		var ve *vendors.Error
		if errors.As(err, &ve) && (ve.RetryAfter < 60*time.Second || ve.RetryAfter > 70*time.Second) {
			t.Errorf("%s: wait %s, the vendor said 70 s", o.name, ve.RetryAfter)
		}
	}
}

func noRedirect(t T, e *env) {
	elsewhere, err := newWire(e.BaseURL)
	must(t, "proxy", err)
	defer elsewhere.close()
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
		for _, o := range e.opsFor(CodeCase{}) {
			mustBe(t, o.name, e.fresh(t, o, always, redirect(status, elsewhere.url+"/elsewhere")), vendors.Ambiguous, nil)
		}
	}
	if n := len(elsewhere.requests()); n != 0 {
		t.Errorf("%d requests followed a redirect to another host", n)
	}
}

// enough is more than any answer of a vendor, and little enough to give up soon.
const enough = 64 << 20

func endless(t T, e *env) {
	for _, o := range e.opsFor(CodeCase{}) {
		var whole atomic.Bool
		mustBe(t, o.name, e.fresh(t, o, always, flood(&whole)), vendors.Ambiguous, nil)
		if whole.Load() {
			t.Errorf("%s: took an answer of %d bytes", o.name, enough)
		}
	}
}

func deadline(t T, e *env) {
	e.eachOp(t, func(e *env, o op) {
		for _, f := range []fault{hang, executeThenHang} {
			for wait := 100 * time.Millisecond; ; wait *= 2 {
				v := e.openFor(t, o)
				e.w.spoilAfter(e.Looks[o.name], always, f)
				before := len(e.w.requests()) + e.Looks[o.name]
				c, cancel := context.WithTimeout(t.Context(), wait)
				start := time.Now()
				err := o.call(c, v)
				cancel()
				// What came may be of the try before, which had no time to send it here.
				none := len(e.w.requests()) <= before || wait < time.Second && vendors.OutcomeOf(err) == vendors.NotSent
				if none && wait < patience {
					continue
				}
				mustBe(t, o.name+", "+f.name, err, vendors.Ambiguous, nil)
				if took := time.Since(start); took > wait+4*time.Second {
					t.Errorf("%s, %s: the deadline of %s was kept after %s", o.name, f.name, wait, took)
				}
				break
			}
		}
	})
}

func cancelled(t T, e *env) {
	e.eachOp(t, func(e *env, o op) {
		e.w.spoilAfter(e.Looks[o.name], always, hang)
		v := e.open(e.w.url)
		c, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- o.call(c, v) }()
		for len(e.w.requests()) <= e.Looks[o.name] && c.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
		select {
		case err := <-done:
			mustBe(t, o.name, err, vendors.Cancelled, nil)
		case <-time.After(4 * time.Second):
			t.Errorf("%s: still waiting 4 s after the caller left", o.name)
			<-done
		}
	})
}

func alreadyLeft(t T, e *env) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, o := range e.ops() {
		mustBe(t, o.name, o.call(gone, e.open(e.w.url)), vendors.Cancelled, nil)
	}
	if n := len(e.w.requests()); n != 0 {
		t.Errorf("the far end saw %d requests", n)
	}
}

// nobody is an address at which nothing listens. A port that was just closed
// would not do: the next far end to open may be given it.
const nobody = "http://127.0.0.1:1"

func unreachable(t T, e *env) {
	e.eachOp(t, func(e *env, o op) {
		c, cancel := context.WithTimeout(t.Context(), patience)
		err := o.call(c, e.open(nobody))
		cancel()
		mustBe(t, o.name, err, vendors.NotSent, nil)
		e.mustName(t, o.name, err, o)
	})
}

// neverRepeated: a second attempt would succeed, so an error and one request behind
// what the operation looks up prove that none was made.
func neverRepeated(t T, e *env) {
	for _, o := range e.ops() {
		if o.effect != changes {
			continue
		}
		for _, s := range spoiled() {
			if s.outcome != vendors.Ambiguous || e.bare(o, s.name) {
				continue
			}
			what := o.name + ", " + s.name
			n, err := e.freshAfter(t, o, e.Looks[o.name], 1, s.fault)
			mustBe(t, what, err, vendors.Ambiguous, nil)
			if want := e.Looks[o.name] + 1; n != want {
				t.Errorf("%s: the far end saw %d requests, want %d", what, n, want)
			}
		}
	}
}
