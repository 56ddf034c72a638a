package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
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
	slow := op.slow(c.cfg.Slow, c.cfg.Timeout)
	start := time.Now()
	t, ok := b.admit(slow, force)
	if !ok {
		return c.fail(call, Answer{}, b.refusal())
	}
	defer t.end(errFailed, nil) // an adapter's panic counts as a failure
	fault := c.once(ctx, call, start, out)
	took := time.Since(start)
	if fault == nil {
		op.learn(took)
		t.end(nil, nil)
		return nil
	}
	callerLeft := ctx.Err() != nil && took < slow
	verdict := verdictOf(fault.Outcome, callerLeft)
	t.end(verdict, fault)
	c.faults.note(fault, verdict)
	if fault.Outcome == vendors.Throttled {
		op.shaper.coolDown(fault.RetryAfter)
	}
	return fault
}

// How many fields an attempt adds: a signature and, to the header, what send sets.
const (
	usualFields  = 3
	usualHeaders = 8 + 3
)

// once signs, sends, reads, classifies and decodes.
func (c *Client) once(ctx context.Context, call Call, start time.Time, out any) *vendors.Error {
	req := Request{
		Method: call.Method, Path: call.Path, Now: start.Add(c.skew.get()),
		Header: call.Header.copied(usualHeaders), Query: call.Query.copied(0), Form: call.Form.copied(usualFields),
	}
	if call.Sign != nil {
		call.Sign(&req)
	}
	body, err := encode(call, &req)
	if err != nil {
		return c.fail(call, Answer{}, &vendors.Error{Outcome: vendors.DefiniteNo, Err: vendors.ErrInvalid})
	}
	under := &sending{Context: ctx}
	answer, err := c.send(under, req, body)
	if answer.Header != nil {
		c.skew.learn(answer.Header, start, time.Now())
	}
	if err != nil {
		return c.fail(call, answer, transportError(ctx, err, under.sent.Load()))
	}
	fault := verdict(call, answer, out)
	if fault == nil {
		return nil
	}
	fault.Sent = true
	return c.fail(call, answer, fault)
}

// encode sets the content type and returns the body, nil for none. It is a plain
// reader: resty would take any other body from a pool and put it back while a
// cancelled request may still be reading it.
func encode(call Call, req *Request) (io.Reader, error) {
	switch {
	case call.JSON != nil:
		req.Header.Set("Content-Type", "application/json")
		body, err := json.Marshal(call.JSON)
		return bytes.NewReader(body), err
	case len(req.Form) > 0:
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return strings.NewReader(req.Form.Encode()), nil
	}
	return nil, nil
}

// send returns the whole answer. The URL is whole and the usual headers are set,
// since resty would look for both in more places.
func (c *Client) send(ctx context.Context, req Request, body io.Reader) (Answer, error) {
	r := c.blank
	r.SetContext(ctx)
	req.Header.Set("Accept", "*/*")
	req.Header.Set("User-Agent", "switchboard")
	r.Header = req.Header.header()
	if body != nil {
		r.Body = body
	}
	where := c.base + req.Path
	if len(req.Query) > 0 {
		where += "?" + req.Query.Encode()
	}
	res, err := r.Execute(req.Method, where)
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
