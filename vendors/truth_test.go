package vendors

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// fate is what one vendor of a route does with a call.
type fate struct {
	err  error
	able bool // the vendor has the ability and takes the parameters
	done bool // the call was executed there
}

func fates() []fate {
	down := 12 * time.Second
	return []fate{
		{nil, true, true},
		{&Error{Outcome: NotSent, Err: ErrBreakerOpen, RetryAfter: down}, true, false},
		{&Error{Outcome: NotSent}, true, false},
		{&Error{Outcome: DefiniteFail, Sent: true}, true, false},
		{&Error{Outcome: Throttled, Sent: true, RetryAfter: time.Second}, true, false},
		{&Error{Outcome: Throttled, Err: ErrThrottled, RetryAfter: time.Second}, true, false},
		{&Error{Outcome: Throttled, Err: ErrBulkhead, RetryAfter: time.Second}, true, false},
		{&Error{Outcome: Ambiguous, Sent: true}, true, true},
		{&Error{Outcome: DefiniteNo, Sent: true, Err: ErrNotFound}, true, false},
		{&Error{Outcome: AuthFault, Sent: true}, true, false},
		{Refuse("v", OpAdjust, ErrUnsupported, "no such ability"), false, false},
		{Refuse("v", OpAdjust, ErrInvalid, "a letter that ids may not have"), false, false},
		{&Error{Outcome: DefiniteNo, Sent: true, Err: ErrUnsupported}, false, false}, // not bought
	}
}

// asking is one vendor that Via asked, and how that ended.
type asking struct {
	vendor string
	forced bool // past its open breaker
	err    error
}

// Whatever order a route gives: a vendor that cannot is as if it were not listed, what
// this process keeps back goes to nobody else, nobody is asked after what must not be
// repeated, and the answer is one of a vendor that could have served, unless there was
// none; it says when to come back if any of them does.
func TestTheResultIsThatOfAVendorThatCouldServe(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := []*Vendor{acct("a"), acct("b"), acct("c"), acct("d")}
		route := Route{
			Candidates: []Candidate{{"a", 1}, {"b", 1}, {"c", 0}, {"d", 3}}[:rapid.IntRange(1, 4).Draw(rt, "vendors")],
			LeastBad:   rapid.Bool().Draw(rt, "least bad"), AuthFailover: rapid.Bool().Draw(rt, "auth failover"),
			Mode: rapid.SampledFrom([]RouteMode{Ordered, Weighted, ByUser}).Draw(rt, "mode"),
		}
		r, effect := routed(t, route, all...), Effect(rapid.Bool().Draw(rt, "write"))
		will, behind := map[string]fate{}, map[string]fate{} // behind: an open breaker
		for _, c := range route.Candidates {
			will[c.Vendor] = rapid.SampledFrom(fates()).Draw(rt, c.Vendor)
			behind[c.Vendor] = rapid.SampledFrom(fates()).Draw(rt, c.Vendor+" behind its breaker")
		}
		var asked []asking
		done := 0
		_, err := Via(t.Context(), r, Request{Capability: CapWallet, Effect: effect, User: "u"}, func(ctx context.Context, v *Vendor) (int, error) {
			f := will[v.Name]
			if Forced(ctx) && errors.Is(f.err, ErrBreakerOpen) {
				f = behind[v.Name]
			}
			if f.done {
				done++
			}
			asked = append(asked, asking{v.Name, Forced(ctx), f.err})
			return 0, f.err
		})
		if wrong := route.judge(asked, effect, done, err); wrong != "" {
			rt.Fatalf("%s: %+v, told %v", wrong, asked, err)
		}
	})
}

// final reports whether nobody else may be asked after err; nil is served.
func (c Route) final(err error, effect Effect) bool {
	switch {
	case err == nil:
		return true
	case errors.Is(err, ErrThrottled) || errors.Is(err, ErrBulkhead):
		return true
	}
	switch OutcomeOf(err) {
	case NotSent, DefiniteFail, Throttled:
		return false
	case Ambiguous:
		return effect == Write
	case AuthFault:
		return !c.AuthFailover
	}
	return !refusedHere(err) // a vendor's own no
}

// judge is the rule once more, for what was asked and told.
func (c Route) judge(asked []asking, effect Effect, done int, told error) string {
	if effect == Write && done > 1 {
		return "executed twice"
	}
	barred, able, open, again, seen := 0, 0, 0, false, map[string]int{}
	for i, a := range asked {
		last := i == len(asked)-1
		if seen[a.vendor]++; !a.forced && seen[a.vendor] > 1 || seen[a.vendor] > 2 {
			return "asked again"
		}
		if !a.forced && c.final(a.err, effect) && !last {
			return "asked after " + a.vendor + " had ended it"
		}
		if a.forced && !refusedHere(a.err) && !errors.Is(a.err, ErrBreakerOpen) && !last {
			return "two were asked past their breakers"
		}
		if errors.Is(a.err, ErrBreakerOpen) && !a.forced {
			barred++
		}
		if !refusedHere(a.err) {
			able++
			if !a.forced && !errors.Is(a.err, ErrBreakerOpen) {
				open++
			}
			again = again || OutcomeOf(a.err) != AuthFault && retryAfter(a.err) > 0
		}
	}
	end := asked[len(asked)-1]
	switch {
	case end.forced && (!c.LeastBad || barred == 0 || open > 0):
		return "asked past an open breaker"
	case !end.forced && !c.final(end.err, effect) && len(asked) < len(c.Candidates):
		return "not all were asked"
	case c.final(end.err, effect) && !end.forced || end.forced && !refusedHere(end.err) && !errors.Is(end.err, ErrBreakerOpen):
		if !errors.Is(told, end.err) || (told == nil) != (end.err == nil) {
			return "not told how it ended"
		}
	case told == nil:
		return "told of success"
	case able > 0 && refusedHere(told):
		return "some could serve"
	case able == 0 && !refusedHere(told):
		return "nobody could serve"
	case again && retryAfter(told) == 0:
		return "one said when to come back"
	}
	return ""
}

func TestAnOutageBeforeAVendorThatCannotStaysAnOutage(t *testing.T) {
	r := routed(t, Route{Candidates: listed("a", "b")}, acct("a"), acct("b"))
	_, err := ask(t.Context(), r, Request{Effect: Write}, func(v *Vendor) error {
		if v.Name == "a" {
			return &Error{Outcome: NotSent, Err: ErrBreakerOpen, RetryAfter: 7 * time.Second}
		}
		return Refuse("b", OpAdjust, ErrUnsupported, "cannot")
	})
	var e *Error
	if !errors.As(err, &e) || e.Outcome != NotSent || e.RetryAfter != 7*time.Second || errors.Is(err, ErrUnsupported) {
		t.Fatalf("%v", err)
	}
}

func TestWhatThisProcessKeepsBackMovesNobody(t *testing.T) {
	for _, why := range []error{ErrThrottled, ErrBulkhead} {
		for _, effect := range []Effect{Read, Write} {
			r := routed(t, Route{}, acct("a"), acct("b"))
			asked, err := ask(t.Context(), r, Request{Effect: effect}, func(*Vendor) error { return &Error{Outcome: Throttled, Err: why} })
			if !slices.Equal(asked, []string{"a"}) || !errors.Is(err, why) {
				t.Errorf("asked %v, %v", asked, err)
			}
		}
	}
}

// Keys change over in both orders of the list, at any moment, with a breaker that
// opens for a key after ten refusals in a row: no call fails.
func TestKeysRotateWithoutAGap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			r := routed(t, Route{}, acct("a"))
			keys := []*Vendor{acct("a"), acct("a")}
			if err := r.Replace("a", keys...); err != nil {
				t.Fatal(err)
			}
			asides := 0
			r.KeyChanged = func(_ string, _ int, aside bool, _ error) {
				if aside {
					asides++
				}
			}
			taken := rapid.IntRange(0, 1).Draw(rt, "taken") // which key the vendor takes
			refused := []int{0, 0}
			for range rapid.IntRange(1, 3).Draw(rt, "changes") {
				for range rapid.IntRange(1, 60).Draw(rt, "calls") {
					time.Sleep(200 * time.Millisecond)
					_, err := Via(t.Context(), r, Request{Capability: CapWallet, Effect: Write}, func(_ context.Context, v *Vendor) (int, error) {
						i := slices.Index(keys, v)
						switch {
						case refused[i] >= 10:
							return 0, &Error{Outcome: NotSent, Err: ErrBreakerOpen}
						case i != taken:
							refused[i]++
							return 0, &Error{Outcome: AuthFault, Sent: true}
						}
						refused[i] = 0
						return 0, nil
					})
					if err != nil {
						rt.Fatalf("while the vendor takes key %d: %v", taken, err)
					}
				}
				taken = 1 - taken
				refused = []int{0, 0} // the breakers' time is over
			}
			if until := r.Aside("a"); !until[taken].IsZero() && !until[1-taken].IsZero() && asides == 0 {
				rt.Fatal("keys are set aside and nobody was told")
			}
		})
	})
}

func TestARefusedKeyIsTriedAgainNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := routed(t, Route{}, acct("a"))
		fresh, old := acct("a"), acct("a")
		if err := r.Replace("a", fresh, old); err != nil {
			t.Fatal(err)
		}
		var told []bool
		r.KeyChanged = func(_ string, _ int, aside bool, _ error) { told = append(told, aside) }
		tried, takes := 0, false
		call := func() {
			_, err := Via(t.Context(), r, Request{Capability: CapWallet, Effect: Write}, func(_ context.Context, v *Vendor) (int, error) {
				if v != fresh {
					return 0, nil
				}
				if tried++; takes {
					return 0, nil
				}
				return 0, &Error{Outcome: AuthFault}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for range 100 {
			call()
		}
		if tried != 1 || r.Aside("a")[0].IsZero() || !r.Aside("a")[1].IsZero() {
			t.Fatalf("tried %d times, aside %v", tried, r.Aside("a"))
		}
		time.Sleep(refusedFor)
		call()
		call()
		takes = true
		time.Sleep(refusedFor)
		call()
		call()
		if tried != 4 || !slices.Equal(told, []bool{true, false}) || !r.Aside("a")[0].IsZero() {
			t.Fatalf("tried %d times, told %v, aside %v", tried, told, r.Aside("a"))
		}
	})
}
