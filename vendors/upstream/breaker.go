package upstream

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"switchboard/vendors"
)

const (
	breakerWindow = 10 * time.Second // rolling, in steps of a second
	breakerVolume = 10               // finished calls in the window before it judges
	breakerRun    = 10               // failures without a success between: a good past does not delay the end
	openBase      = time.Second      // how long it stays open the first time
	openCap       = 30 * time.Second // and at most, however often it reopens
)

// The verdicts that the core counts; nil is a success.
var (
	errFailed   = errors.New("counts against the vendor")
	errExcluded = errors.New("says nothing about the vendor")
)

// breaker guards one class of one vendor account. It opens when at least half of
// at least breakerVolume calls in the window failed or were slow, or breakerRun of
// them in a row. gobreaker's
// open time is fixed, so the time grows here: the core may turn half-open
// whenever it likes, and nothing passes before view.until.
type breaker struct {
	core  *gobreaker.TwoStepCircuitBreaker[struct{}]
	mode  atomic.Uint32                 // vendors.BreakerMode
	view  atomic.Pointer[view]          // replaced by the core, under the core's mutex
	fault atomic.Pointer[vendors.Error] // the last failure that counted
}

// view is what can be read without asking the core, whose State has effects.
type view struct {
	state  gobreaker.State
	since  time.Time
	until  time.Time      // no call passes before
	streak int            // how often it opened without a calm window between
	reason *vendors.Error // what opened it last
}

// shut reports whether no call passes. A breaker that was never open need not
// look at the clock.
func (v *view) shut() bool { return !v.until.IsZero() && time.Now().Before(v.until) }

func newBreaker() *breaker {
	b := &breaker{}
	b.view.Store(&view{since: time.Now()})
	b.core = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:  1,
		Interval:     breakerWindow,
		BucketPeriod: time.Second,
		Timeout:      time.Millisecond,
		ReadyToTrip: func(n gobreaker.Counts) bool {
			done := n.TotalSuccesses + n.TotalFailures
			return done >= breakerVolume && (n.TotalFailures*2 >= done || n.ConsecutiveFailures >= breakerRun)
		},
		IsSuccessful:  func(err error) bool { return err == nil },
		IsExcluded:    func(err error) bool { return err == errExcluded },
		OnStateChange: b.changed,
	})
	return b
}

// changed runs under the core's mutex: it only stores.
func (b *breaker) changed(_ string, from, to gobreaker.State) {
	old, now := b.view.Load(), time.Now()
	v := *old
	v.state, v.since = to, now
	if to == gobreaker.StateOpen {
		v.streak++
		if from == gobreaker.StateClosed && now.Sub(old.since) >= breakerWindow {
			v.streak = 1
		}
		v.until, v.reason = now.Add(openFor(v.streak)), b.fault.Load()
	}
	b.view.Store(&v)
}

// openFor doubles with every reopening up to the cap, and spreads by a fifth
// either way so that replicas do not probe in step.
func openFor(streak int) time.Duration {
	d := min(openBase<<min(streak-1, 10), openCap)
	return d - d/5 + rand.N(2*d/5)
}

// admit asks for one attempt. A call that may pass without being counted gets a
// ticket that counts nothing; false means that it must not be made. force passes
// what the breaker itself closed off, not what an operator did.
func (b *breaker) admit(slow time.Duration, force bool, vendor, op string) (*ticket, bool) {
	mode := vendors.BreakerMode(b.mode.Load())
	switch mode {
	case vendors.BreakerOpen:
		return nil, false
	case vendors.BreakerClosed:
		return &ticket{}, true
	}
	passes := force || mode == vendors.BreakerObserve
	if b.view.Load().shut() {
		return &ticket{}, passes
	}
	done, err := b.core.Allow()
	if err != nil {
		return &ticket{}, passes
	}
	t := &ticket{b: b, done: done, vendor: vendor, op: op}
	t.timer = time.AfterFunc(slow, t.late)
	return t, true
}

// healthy reports whether a call would be let through, without counting one.
func (b *breaker) healthy(force bool) bool {
	switch vendors.BreakerMode(b.mode.Load()) {
	case vendors.BreakerOpen:
		return false
	case vendors.BreakerAuto:
		return force || !b.view.Load().shut()
	default:
		return true
	}
}

// refusal is the error of a call that does not pass. It says when a call may pass
// again, or that it was a person who shut the breaker.
func (b *breaker) refusal() *vendors.Error {
	e := &vendors.Error{Outcome: vendors.NotSent, Err: vendors.ErrBreakerOpen}
	if vendors.BreakerMode(b.mode.Load()) == vendors.BreakerOpen {
		e.Text = "opened by an operator"
		return e
	}
	e.RetryAfter = max(time.Until(b.view.Load().until), shortestPause) // past: somebody else's probe is under way
	return e
}

func (b *breaker) health(c Class) vendors.BreakerHealth {
	v := b.view.Load()
	h := vendors.BreakerHealth{
		Class: c.String(), State: v.state.String(), Since: v.since,
		Mode: vendors.BreakerMode(b.mode.Load()),
	}
	if v.reason != nil {
		h.Reason = v.reason.Error()
	}
	switch {
	case v.shut():
		h.State, h.Until = gobreaker.StateOpen.String(), v.until
	case v.state == gobreaker.StateOpen:
		h.State = gobreaker.StateHalfOpen.String()
	}
	return h
}

// ticket is one admitted attempt. Its verdict is told once: when the attempt
// ends or, for one that hangs, as soon as it is slow.
type ticket struct {
	b          *breaker // nil: nothing is counted
	done       func(error)
	timer      *time.Timer
	told       atomic.Bool
	vendor, op string
}

// late runs on the timer's goroutine and leaves the timer alone.
func (t *ticket) late() {
	t.tell(errFailed, &vendors.Error{Vendor: t.vendor, Op: t.op, Outcome: vendors.Ambiguous, Sent: true, Text: "no answer within the time that counts as slow"})
}

// end tells the verdict of a finished attempt, unless it was late already.
// fault is what went wrong, for those who look.
func (t *ticket) end(verdict error, fault *vendors.Error) {
	if t.b != nil {
		t.timer.Stop()
		t.tell(verdict, fault)
	}
}

func (t *ticket) tell(verdict error, fault *vendors.Error) {
	if t.told.Swap(true) {
		return
	}
	if verdict == errFailed {
		t.b.fault.Store(fault)
	}
	t.done(verdict)
}

// blame counts a failure that no attempt told, since somebody had to look first.
func (b *breaker) blame(fault *vendors.Error) {
	if vendors.BreakerMode(b.mode.Load()) == vendors.BreakerClosed {
		return
	}
	if done, err := b.core.Allow(); err == nil {
		b.fault.Store(fault)
		done(errFailed)
	}
}

// absolve counts a success that no attempt told, since somebody had to look first: a
// breaker that tries whether the vendor is back would else wait for another call.
func (b *breaker) absolve() {
	if vendors.BreakerMode(b.mode.Load()) == vendors.BreakerClosed {
		return
	}
	if done, err := b.core.Allow(); err == nil {
		done(nil)
	}
}

// verdictOf is the column "breaker" of docs/operations.md#outcomes. excused: the
// caller's own deadline ended the attempt before it was slow, or the failure may be
// about what the call names.
func verdictOf(o vendors.Outcome, excused bool) error {
	switch {
	case o == vendors.OK, o == vendors.DefiniteNo:
		return nil
	case o == vendors.Throttled, o == vendors.Cancelled, excused:
		return errExcluded
	default:
		return errFailed
	}
}
