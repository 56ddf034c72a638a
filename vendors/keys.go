package vendors

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// refusedFor is how long a key that its vendor refused is set aside before one call
// tries it again.
const refusedFor = 30 * time.Second

// account is one vendor account with its live keys, the preferred one first.
type account struct {
	name  string
	live  []*Vendor
	aside []atomic.Int64 // by key: Unix nanoseconds until which it is set aside; 0: it is not. Shared by copies
}

func newAccount(name string, live []*Vendor) account {
	return account{name, live, make([]atomic.Int64, len(live))}
}

// viaAccount tries the account's keys in turn. A key that the vendor refuses
// executed nothing; one whose breaker is open may have been refused before.
func viaAccount[R any](ctx context.Context, r *Router, j *Journal, a account, call func(context.Context, *Vendor) (R, error)) (out R, err error) {
	for _, i := range a.turn(time.Now()) {
		var failed error
		before := j.len()
		out, failed = call(ctx, a.live[i])
		if failed != nil && j.len() == before {
			j.Add(Step{At: time.Now(), Vendor: a.name, Outcome: OutcomeOf(failed), Note: failed.Error(), Skipped: true})
		}
		r.judgeKey(a, i, failed)
		if failed == nil {
			return out, nil
		}
		err = tellMore(err, failed)
		if OutcomeOf(failed) != AuthFault && !errors.Is(failed, ErrBreakerOpen) {
			return out, failed
		}
	}
	return out, err
}

var onlyKey = []int{0}

// turn is the order in which the keys are tried: those that are set aside come last,
// but for one call each time that their time is over.
func (a account) turn(now time.Time) []int {
	if len(a.live) == 1 {
		return onlyKey
	}
	order := make([]int, 0, len(a.live))
	var last []int
	for i := range a.live {
		until := a.aside[i].Load()
		again := until != 0 && until <= now.UnixNano() && a.aside[i].CompareAndSwap(until, now.Add(refusedFor).UnixNano())
		if until == 0 || again {
			order = append(order, i)
		} else {
			last = append(last, i)
		}
	}
	return append(order, last...)
}

// judgeKey sets a key aside that was refused, and takes it back when it was not. An
// account's only key is never set aside.
func (r *Router) judgeKey(a account, i int, err error) {
	if len(a.live) == 1 {
		return
	}
	was, now := a.aside[i].Load(), int64(0)
	switch o := OutcomeOf(err); {
	case o == AuthFault:
		now = time.Now().Add(refusedFor).UnixNano()
	case o != OK && o != DefiniteNo || refusedHere(err):
		return // it says nothing of the key
	}
	if was == now || !a.aside[i].CompareAndSwap(was, now) {
		return
	}
	if r.KeyChanged != nil && (was == 0) != (now == 0) {
		r.KeyChanged(a.name, i, now != 0, err)
	}
}

// Aside tells, by key of the account in the order of Live, until when it is set
// aside since its vendor refused it; zero: it is not.
func (r *Router) Aside(name string) []time.Time {
	for _, a := range r.now.Load().accounts {
		if a.name != name {
			continue
		}
		out := make([]time.Time, len(a.live))
		for i := range out {
			if until := a.aside[i].Load(); until != 0 {
				out[i] = time.Unix(0, until)
			}
		}
		return out
	}
	return nil
}
