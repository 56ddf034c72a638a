// Package upstream is the one function through which every vendor call passes.
// From the outside in: deadline, concurrency cap, retry, rate shaper, breaker,
// attempt deadline, sign, send, read, classify. Adapters say what to call;
// nothing in them waits, retries or logs.
package upstream

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"switchboard/vendors"
)

// Class groups a vendor's operations for the breaker: reads must not be cut off
// because writes fail.
type Class uint8

// The classes of operation.
const (
	Read Class = iota
	Write
	Token
	Control
)

var classNames = [...]string{"read", "write", "token", "control"}

// String is the class as it stands in metrics and in the breaker's name.
func (c Class) String() string { return classNames[c] }

// Config is one vendor account's connection.
type Config struct {
	Vendor  string        // Vendor.Name
	BaseURL string        // scheme and host, no path
	Timeout time.Duration // per attempt; zero: 5 s
	Calls   int           // calls under way at most, waiting ones included, and connections; zero: 64
	Idle    time.Duration // how long an idle connection is kept; zero: 50 s
	Uses    int           // requests on one connection at most; zero: any number
	// Slow is when an attempt starts to count against the breaker, whether it
	// ends or not; zero: 700 ms. An operation that usually takes longer is given
	// four times its usual time, but never more than half of Timeout.
	Slow   time.Duration
	Limits vendors.Limits
	// Secrets are taken out of every text that the vendor sends back.
	Secrets []vendors.Secret
}

// Options is what all vendors share; server.go fills it in once.
type Options struct {
	// Observe is told of every finished call, from many goroutines at once.
	// Nil: nobody listens.
	Observe func(context.Context, Observation)
	// Tried is told of every attempt, and of a refusal in its place; nil: nobody listens.
	Tried func(context.Context, vendors.Step)
	// Encrypted refuses accounts whose URL is http to a public host.
	Encrypted bool
}

// Observation is one finished call, for metrics and logs.
type Observation struct {
	Vendor   string
	Op       string
	Class    Class
	Outcome  vendors.Outcome
	Code     string // the vendor's own code, raw; empty when ok
	Attempts int    // how many were made, 0 when the call was refused here
	Took     time.Duration
}

// Call is one operation in the vendor's terms.
type Call struct {
	Op         string // vendors.Op...
	Class      Class
	Idempotent bool // the vendor applies it once however often it is sent
	Method     string
	Path       string // already escaped; begins with a slash
	Header     Fields
	Query      Fields
	Form       Fields // sent urlencoded; at most one of Form and JSON
	JSON       any
	// Keep is how long one answer of a read may serve everybody who makes the
	// same call; zero: never. Stale lets it serve for a minute more while the
	// vendor cannot be asked.
	Keep  time.Duration
	Stale bool
	// Asked is set to when the vendor gave the answer, which may be a kept one; nil:
	// nobody asks.
	Asked *time.Time
	// Object tells, of a failure that may be about what the call names instead of the
	// vendor, that the breaker is not to count it: the adapter looks, and calls Blame if
	// it was the vendor, Absolve if it was not. The call is not made again by itself. Nil: no failure is.
	Object func(*vendors.Error) bool
	// Slow is when an attempt starts to count against the breaker, for an operation at
	// which the vendor itself waits; zero: as Config.Slow.
	Slow  time.Duration
	Units int // what it costs against the vendor's rate limit; zero: 1
	// Sign adds credentials to one attempt: fresh nonce and time every time.
	Sign func(*Request)
	// Check reads the vendor's own verdict. Nil means success. An *Error needs
	// only Outcome, Code, Text and Err; the rest is filled in. ErrUnreadable
	// says that the answer is not the vendor's: the HTTP status then decides.
	Check func(Answer) error
}

// aboutObject reports what Object says of e.
func (call Call) aboutObject(e *vendors.Error) bool { return call.Object != nil && call.Object(e) }

// Request is what one attempt is about to send. The fields are its own copies.
type Request struct {
	Method string
	Path   string
	Header Fields // names in canonical form: Content-Type
	Query  Fields
	Form   Fields
	Now    time.Time // corrected by what the vendor's clock is known to be off
}

// Answer is what came back: the whole body, at most 4 MiB.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Decode reads the body as one JSON value into v, whatever the content type
// says; ErrUnreadable when it is not JSON of that shape.
func (a Answer) Decode(v any) error {
	if err := json.Unmarshal(a.Body, v); err != nil {
		return vendors.ErrUnreadable
	}
	return nil
}

// unsent is the error of a call whose context ended before anything was sent.
func unsent(ctx context.Context) *vendors.Error {
	e := &vendors.Error{Outcome: vendors.NotSent, Err: ctx.Err()}
	if ctx.Err() == context.Canceled {
		e.Outcome = vendors.Cancelled
	}
	return e
}
