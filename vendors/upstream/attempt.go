package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"switchboard/vendors"
)

const maxAnswer = 4 << 20

// attempt waits for its turn, asks the breaker, and makes the call once.
func (c *Client) attempt(ctx context.Context, call Call, op *op, out any) *vendors.Error {
	b, force := c.breakers[call.Class], vendors.Forced(ctx)
	if !b.healthy(force) {
		return c.fail(call, Answer{}, b.refusal())
	}
	if late := op.shaper.take(ctx, call.Units, op.usual()); late != nil {
		return c.fail(call, Answer{}, late)
	}
	slow := max(call.Slow, op.slow(c.cfg.Slow, c.cfg.Timeout))
	start := time.Now()
	t, ok := b.admit(slow, force, c.cfg.Vendor, call.Op)
	if !ok {
		return c.fail(call, Answer{}, b.refusal())
	}
	defer t.end(errFailed, nil) // an adapter's panic counts as a failure
	fault := c.roundTrip(ctx, call, start, out)
	took := time.Since(start)
	if fault == nil {
		op.learn(took)
		t.end(nil, nil)
		return nil
	}
	callerLeft := ctx.Err() != nil && took < slow
	verdict := verdictOf(fault.Outcome, callerLeft || call.aboutObject(fault))
	t.end(verdict, fault)
	c.faults.record(fault, verdict)
	if fault.Outcome == vendors.Throttled {
		op.shaper.coolDown(fault.RetryAfter)
		if fault.RetryAfter == 0 {
			fault.RetryAfter = op.shaper.pause
		}
	}
	return fault
}

// signedForm is how many fields a signature adds to a form.
const signedForm = 3

// roundTrip signs, sends, reads, classifies and decodes.
func (c *Client) roundTrip(ctx context.Context, call Call, start time.Time, out any) *vendors.Error {
	a := &attempt{Context: ctx, req: Request{
		Method: call.Method, Path: call.Path, Now: start.Add(c.skew.get()),
		Header: slices.Clone(call.Header), Query: slices.Clone(call.Query), Form: call.Form.copied(signedForm),
	}}
	if call.Sign != nil {
		call.Sign(&a.req)
	}
	body, err := a.encode(call.JSON)
	if err != nil {
		return c.fail(call, Answer{}, &vendors.Error{Outcome: vendors.DefiniteNo, Err: vendors.ErrInvalid})
	}
	answer, err := c.send(a, body)
	if answer.Header != nil {
		c.skew.learn(answer.Header, start, time.Now())
	}
	if err != nil {
		return c.fail(call, answer, transportError(ctx, err, a.sent.Load()))
	}
	fault := verdict(call, answer, out)
	if fault == nil {
		return nil
	}
	fault.Sent = true
	fault.Text = call.withoutEcho(a.req, fault.Text)
	return c.fail(call, answer, fault)
}

// The headers that are the same in all requests of a kind: nobody writes into
// them. They are whole, since resty would look for what is missing.
var (
	noBody   = http.Header{"Accept": {"*/*"}, "User-Agent": {"switchboard"}}
	withJSON = http.Header{"Accept": {"*/*"}, "User-Agent": {"switchboard"}, "Content-Type": {"application/json"}}
	withForm = http.Header{"Accept": {"*/*"}, "User-Agent": {"switchboard"}, "Content-Type": {"application/x-www-form-urlencoded"}}
)

// encode sets the usual headers and returns the body that they announce, nil for
// none. It is a plain reader: resty would take any other body from a pool and put
// it back while a cancelled request may still be reading it.
func (a *attempt) encode(document any) (io.Reader, error) {
	switch {
	case document != nil:
		a.usual = withJSON
		body, err := json.Marshal(document)
		return bytes.NewReader(body), err
	case len(a.req.Form) > 0:
		a.usual = withForm
		return strings.NewReader(a.req.Form.Encode()), nil
	}
	a.usual = noBody
	return nil, nil
}

// send returns the whole answer. The URL is whole, since resty would look for its
// parts in more places.
func (c *Client) send(a *attempt, body io.Reader) (Answer, error) {
	r := c.blank
	r.SetContext(a)
	r.Header = a.usual
	if body != nil {
		r.Body = body
	}
	where := c.base + a.req.Path
	if len(a.req.Query) > 0 {
		where += "?" + a.req.Query.Encode()
	}
	res, err := r.Execute(a.req.Method, where)
	if err != nil {
		return Answer{}, err
	}
	return read(res.RawResponse)
}

// read returns the whole body of res; one of a known size goes where it belongs
// at once.
func read(res *http.Response) (Answer, error) {
	defer res.Body.Close()
	answer := Answer{Status: res.StatusCode, Header: res.Header}
	if n := res.ContentLength; 0 <= n && n <= maxAnswer {
		answer.Body = make([]byte, n)
		_, err := io.ReadFull(res.Body, answer.Body)
		return answer, err
	}
	var err error
	if answer.Body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1)); err != nil {
		return answer, err
	}
	if len(answer.Body) > maxAnswer {
		return answer, vendors.ErrUnreadable
	}
	return answer, nil
}
