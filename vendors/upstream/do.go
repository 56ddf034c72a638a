package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"time"

	"switchboard/vendors"
)

// Do makes call and decodes the answer into out, a pointer to a zero value, which
// may be nil. The error is a *vendors.Error always. It may take as long as the
// context allows; a context without a deadline is given Timeout for each of at
// most three attempts.
func (c *Client) Do(ctx context.Context, call Call, out any) error {
	if call.Keep > 0 && call.Class == Read {
		return c.kept(ctx, call, out)
	}
	start := time.Now()
	made, fault := c.retryLoop(ctx, call, out)
	end := time.Now()
	took := end.Sub(start)
	if call.Asked != nil {
		*call.Asked = end
	}
	c.ops.of(call.Op).record(fault, took, end)
	if c.opt.Observe != nil {
		o := Observation{Vendor: c.cfg.Vendor, Op: call.Op, Class: call.Class, Attempts: made, Took: took}
		if fault != nil {
			o.Outcome, o.Code = fault.Outcome, fault.Code
		}
		c.opt.Observe(ctx, o)
	}
	if fault != nil {
		return fault
	}
	return nil
}

// retryLoop is the only one of the product; it holds a place in the bulkhead. Once
// an attempt ended so that the vendor may have executed it, a later attempt that
// fails cannot make that known: the call stays ambiguous, and nobody sends it
// elsewhere.
func (c *Client) retryLoop(ctx context.Context, call Call, out any) (int, *vendors.Error) {
	if b := c.breakers[call.Class]; !b.healthy(vendors.Forced(ctx)) { // it waits for no place
		fault := c.fail(call, Answer{}, b.refusal())
		c.note(ctx, call.Op, time.Now(), fault)
		return 0, fault
	}
	release, full := c.bulkhead.acquire(ctx)
	if full != nil {
		return 0, c.fail(call, Answer{}, full)
	}
	defer release()
	c.budget.deposit()
	var doubt *vendors.Error
	op, refreshed := c.ops.of(call.Op), false
	for made := 1; ; made++ {
		start := time.Now()
		clock := c.skew.get()
		fault := c.attempt(ctx, call, op, out)
		c.note(ctx, call.Op, start, fault)
		if fault == nil || fault.Outcome == vendors.DefiniteNo {
			return made, fault
		}
		if fault.Outcome == vendors.Ambiguous {
			doubt = fault
		}
		wait, again := c.pause(ctx, call, fault, made, op.usual())
		if fault.Outcome == vendors.AuthFault && !refreshed && c.skew.get() != clock {
			wait, again, refreshed = 0, true, true
		}
		if again && sleep(ctx, wait) {
			c.faults.retries.Add(1)
			zero(out)
			continue
		}
		if doubt != nil && fault.Outcome != vendors.Cancelled {
			fault = doubt
		}
		fault.Sent = fault.Sent || doubt != nil
		if errors.Is(fault, vendors.ErrBreakerOpen) {
			made--
		}
		return made, fault
	}
}

// zero takes out of out what an answer left there that did not count.
func zero(out any) {
	if out != nil {
		reflect.ValueOf(out).Elem().SetZero()
	}
}

// note tells what an attempt came to.
func (c *Client) note(ctx context.Context, op string, start time.Time, fault *vendors.Error) {
	journal := vendors.JournalOf(ctx)
	if journal == nil && c.opt.Tried == nil {
		return
	}
	s := vendors.Step{At: start, Vendor: c.cfg.Vendor, Op: op, Took: time.Since(start), Trace: vendors.TraceOf(ctx).Parent}
	if fault != nil {
		s.Outcome, s.Code, s.Note = fault.Outcome, fault.Code, fault.Error()
		s.Skipped = fault.Outcome == vendors.NotSent && errors.Is(fault, vendors.ErrBreakerOpen)
	}
	journal.Add(s)
	if c.opt.Tried != nil {
		c.opt.Tried(ctx, s)
	}
}

// pause says how long to wait before the next attempt, and whether there should
// be one: the vendor's own Retry-After wins over our backoff, and what is left
// of the deadline must hold the wait and the operation's usual time.
func (c *Client) pause(ctx context.Context, call Call, e *vendors.Error, made int, usual time.Duration) (time.Duration, bool) {
	if made >= maxAttempts || ctx.Err() != nil || !mayRepeat(call, e) || call.aboutObject(e) {
		return 0, false
	}
	wait := backoff(made)
	if e.RetryAfter > 0 {
		wait = e.RetryAfter
	}
	if wait > pauseCap || !fits(ctx, wait+usual, c.cfg.Timeout) {
		return 0, false
	}
	return wait, c.budget.withdraw()
}

// kept answers call from what is kept, or makes it for all who want it now.
func (c *Client) kept(ctx context.Context, call Call, out any) error {
	key, from := readKey(call), c.reads
	if call.Stale {
		from = c.staleReads
	}
	r, err := from.Get(ctx, key, func(ctx context.Context) (keptRead, error) {
		made := call
		made.Keep, made.Asked = 0, nil
		r := keptRead{life: call.Keep, at: time.Now()}
		return r, c.Do(ctx, made, &r.body)
	})
	if err != nil || out == nil {
		return err
	}
	if call.Asked != nil {
		*call.Asked = r.at
	}
	if json.Unmarshal(r.body, out) != nil {
		from.Forget(key)
		return c.fail(call, Answer{}, &vendors.Error{Outcome: vendors.Ambiguous, Err: vendors.ErrUnreadable, Sent: true})
	}
	return nil
}
