package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
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

// once signs, sends, reads, classifies and decodes.
func (c *Client) once(ctx context.Context, call Call, start time.Time, out any) *vendors.Error {
	req := Request{
		Method: call.Method, Path: call.Path, Now: start.Add(c.skew.get()),
		Header: cloneOrNew(call.Header), Query: cloneOrNew(call.Query), Form: cloneOrNew(call.Form),
	}
	if call.Sign != nil {
		call.Sign(&req)
	}
	body, err := encode(call, req)
	if err != nil {
		return c.fail(call, Answer{}, &vendors.Error{Outcome: vendors.DefiniteNo, Err: vendors.ErrInvalid})
	}
	var sent atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	timed, cancel := context.WithTimeout(httptrace.WithClientTrace(ctx, trace), c.cfg.Timeout)
	defer cancel()
	answer, err := c.send(timed, req, body)
	if answer.Header != nil {
		c.skew.learn(answer.Header, start, time.Now())
	}
	if err != nil {
		return c.fail(call, answer, transportError(ctx, err, sent.Load()))
	}
	fault := verdict(call, answer)
	if fault == nil && out != nil {
		if err := answer.Decode(out); err != nil {
			fault = &vendors.Error{Outcome: vendors.Ambiguous, Err: err}
		}
	}
	if fault == nil {
		return nil
	}
	fault.Sent = true
	return c.fail(call, answer, fault)
}

func cloneOrNew[M ~map[string][]string](m M) M {
	if m == nil {
		return M{}
	}
	return maps.Clone(m)
}

// encode sets the content type and returns the body, nil for none.
func encode(call Call, req Request) ([]byte, error) {
	switch {
	case call.JSON != nil:
		req.Header.Set("Content-Type", "application/json")
		return json.Marshal(call.JSON)
	case len(req.Form) > 0:
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return []byte(req.Form.Encode()), nil
	}
	return nil, nil
}

// send returns the whole answer. The body goes in as a plain reader: resty would
// take any other from a pool and put it back while a cancelled request may
// still be reading it.
func (c *Client) send(ctx context.Context, req Request, body []byte) (Answer, error) {
	r := c.http.R().SetContext(ctx).SetDoNotParseResponse(true)
	r.Header = req.Header
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "*/*") // or resty matches two patterns to choose one
	}
	r.QueryParam = req.Query
	if body != nil {
		r.SetBody(bytes.NewReader(body))
	}
	res, err := r.Execute(req.Method, req.Path)
	if err != nil {
		return Answer{}, err
	}
	return read(res.RawResponse)
}

func read(res *http.Response) (Answer, error) {
	defer res.Body.Close()
	answer := Answer{Status: res.StatusCode, Header: res.Header}
	var buf bytes.Buffer
	if res.ContentLength > 0 && res.ContentLength <= maxAnswer {
		buf.Grow(int(res.ContentLength) + bytes.MinRead)
	}
	if _, err := buf.ReadFrom(io.LimitReader(res.Body, maxAnswer+1)); err != nil {
		return answer, err
	}
	if buf.Len() > maxAnswer {
		return answer, vendors.ErrUnreadable
	}
	answer.Body = buf.Bytes()
	return answer, nil
}
