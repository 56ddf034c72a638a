// Package client calls Switchboard. Its types and methods are generated from
// openapi/switchboard.yaml; sockets, streams and uploads are not among them. It needs
// the standard library alone.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Client calls one Switchboard as one app, user or operator. Fields that are empty send
// no header. It may be used by many goroutines.
type Client struct {
	BaseURL  string       // https://switchboard.example, without a slash at its end
	HTTP     *http.Client // nil: http.DefaultClient
	AppID    string
	AppKey   string // the app's secret, of back ends
	Token    string // of one user
	AdminKey string
}

// Error is an answer that tells of a failure.
type Error struct {
	Status     int             // of HTTP; 200 where the API's failures have it
	Code       int             // the API's own, 0 under /admin
	Text       string          // for people
	Data       json.RawMessage // what came with it
	RetryAfter time.Duration   // 0: nothing was said
	RequestID  string          // for /admin/explain
}

func (e *Error) Error() string {
	return fmt.Sprintf("switchboard: code %d, status %d: %s", e.Code, e.Status, e.Text)
}

// Codes of the product API that callers decide by; those of all APIs are in the contract.
const (
	CodeShortBalance   = 1003
	CodeSensitiveWord  = 100002
	CodeRetryLater     = 100107 // after Error.RetryAfter
	CodeUnavailable    = 100108 // nothing was done
	CodeUnknownOutcome = 100109 // repeat it with the same idempotency key
	CodePartial        = 100112 // the rows are filled in
	CodeNeverKnown     = 100114
)

// Text is a text that may come as a number, as ids do.
type Text string

// UnmarshalJSON takes a text or a number.
func (t *Text) UnmarshalJSON(raw []byte) error {
	if raw[0] != '"' {
		*t = Text(raw)
		return nil
	}
	return json.Unmarshal(raw, (*string)(t))
}

// envelope is how an API family wraps what it answers.
type envelope int

const (
	product envelope = iota
	gateway
	conversation
	plain
)

// outgoing is one call, before its body is written.
type outgoing struct {
	method, path string
	query        url.Values
	header       http.Header
	body         any // nil: none
	family       envelope
}

const answerLimit = 64 << 20 // bytes of one answer

// call sends r and fills out with the answer's data. It tells a failure as an *Error.
func (c *Client) call(ctx context.Context, r outgoing, out any) error {
	req, err := c.build(ctx, r)
	if err != nil {
		return err
	}
	sender := c.HTTP
	if sender == nil {
		sender = http.DefaultClient
	}
	res, err := sender.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return err
	}
	failure := &Error{Status: res.StatusCode, RequestID: res.Header.Get("X-Request-Id")}
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		failure.RetryAfter = time.Duration(seconds) * time.Second
	}
	return open(body, r.family, failure, out)
}

func (c *Client) build(ctx context.Context, r outgoing) (*http.Request, error) {
	address, payload := c.BaseURL+r.path, io.Reader(nil)
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, payload)
	if err != nil {
		return nil, err
	}
	req.Header = r.header
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range map[string]string{"app-id": c.AppID, "app-key": c.AppKey, "admin-key": c.AdminKey} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	return req, nil
}

// open takes an answer out of its envelope. Data of a partial success is filled in as
// well.
func open(body []byte, family envelope, failure *Error, out any) error {
	var answer struct {
		Code    *int
		Data    json.RawMessage
		Err     string
		Error   string
		Message string
	}
	err := json.Unmarshal(body, &answer)
	if family == plain && failure.Status < 300 {
		if out == nil {
			return nil
		}
		return json.Unmarshal(body, out)
	}
	if err != nil || family != plain && answer.Code == nil {
		failure.Text = http.StatusText(failure.Status)
		return failure // not ours: a proxy's, perhaps
	}
	if answer.Code != nil {
		failure.Code = *answer.Code
	}
	failure.Data, failure.Text = answer.Data, answer.Err+answer.Error
	if family == conversation {
		failure.Text = answer.Message
	}
	done := family != plain && failure.Code == 0 && failure.Status < 300
	if (done || failure.Code == CodePartial) && out != nil && len(answer.Data) > 0 {
		if err := json.Unmarshal(answer.Data, out); err != nil {
			return err
		}
	}
	if done {
		return nil
	}
	return failure
}

// add says a parameter that is not zero.
func add[T string | int](to func(name, value string), name string, value T) {
	var zero T
	if value != zero {
		to(name, fmt.Sprint(value))
	}
}
