package vendortest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"switchboard/vendors"
)

// lostLook: where the answer is lost of what is read before a write, nothing was written,
// and the write is not in doubt.
func lostLook(t T, e *env) {
	e.eachOp(t, func(e *env, o op) {
		if o.effect == reads {
			return
		}
		for look := range e.Looks[o.name] {
			e.loseLook(t, o, look, func() *vendors.Vendor { return e.openFor(t, o) })
		}
		if slices.Contains(e.Warm, o.name) {
			e.loseLook(t, o, 0, func() *vendors.Vendor { return e.openFor(t, op{}) }) // nothing is kept yet
		}
	})
}

// loseLook makes o at what open opens, and spoils its exchange of that number.
func (e *env) loseLook(t T, o op, look int, open func() *vendors.Vendor) {
	t.Helper()
	lose := func(f fault, wait time.Duration) error {
		v := open()
		e.w.spoilAfter(look, always, f)
		defer e.w.heal()
		c, cancel := context.WithTimeout(t.Context(), wait)
		defer cancel()
		return o.call(c, v)
	}
	what := fmt.Sprintf("%s, look %d", o.name, look+1)
	for _, s := range spoiled() {
		outcome := s.outcome
		if outcome == vendors.Ambiguous {
			outcome = vendors.NotSent
		}
		err := lose(s.fault, patience)
		mustBe(t, what+", "+s.name, err, outcome, s.is)
		e.mustName(t, what, err, o)
	}
	mustBe(t, what+", silence", lose(hang, 300*time.Millisecond), vendors.NotSent, nil)

	v := open()
	e.w.spoilAfter(look, always, hang)
	defer e.w.heal()
	c, leave := context.WithCancel(t.Context())
	defer leave()
	seen := len(e.w.requests())
	go func() {
		for len(e.w.requests()) <= seen+look && c.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		leave()
	}()
	err := o.call(c, v)
	mustBe(t, what+", its caller left", err, vendors.Cancelled, nil)
	if ve := new(vendors.Error); errors.As(err, &ve) && ve.Sent {
		t.Errorf("%s: its caller left, and it counts as sent", what)
	}
}
