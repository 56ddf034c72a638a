package vendors

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Outcome classes what became of a call by what the caller can do next. Breaker,
// retry, failover and metrics all read this one enum (docs/operations.md#outcomes).
type Outcome uint8

// The outcome classes.
const (
	OK           Outcome = iota // done
	DefiniteNo                  // refused for good: repeating it anywhere is pointless
	AuthFault                   // our credentials, clock or account, not the call
	Throttled                   // too fast; see Error.RetryAfter
	NotSent                     // never left this process: safe to send elsewhere
	DefiniteFail                // the vendor says that it did not execute it
	Ambiguous                   // sent, and nobody can know whether it was executed
	Cancelled                   // the caller left; says nothing about the vendor
	Partial                     // some of it is done and the rest is not: see PartialError
)

var outcomeNames = [...]string{"ok", "definite_no", "auth_fault", "throttled", "not_sent", "definite_fail", "ambiguous", "cancelled", "partial"}

// Outcomes lists every class, for metrics and tables.
func Outcomes() []Outcome {
	return []Outcome{OK, DefiniteNo, AuthFault, Throttled, NotSent, DefiniteFail, Ambiguous, Cancelled, Partial}
}

// String is the class as it stands in metrics, logs and answers: "definite_no".
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "unknown"
}

// What a DefiniteNo was about, in our words. Test with errors.Is.
var (
	ErrInvalid      = errors.New("the vendor refused a parameter")
	ErrTooLarge     = errors.New("over the vendor's limit")
	ErrNotFound     = errors.New("no such user, room or message")
	ErrInsufficient = errors.New("not enough coins")
	ErrBlocked      = errors.New("refused by the vendor's rules for these people")
	ErrUnsupported  = errors.New("the vendor cannot do this")
	ErrConflict     = errors.New("request id already used for something else")
)

// What an outcome was about when it is no DefiniteNo.
var (
	ErrBreakerOpen = errors.New("circuit breaker is open")
	ErrBulkhead    = errors.New("too many calls under way")
	ErrThrottled   = errors.New("kept back to stay within the vendor's rate limit")
	ErrQuiet       = errors.New("the vendor asked for a pause that is not over")
	ErrUnreadable  = errors.New("the answer is not the vendor's")
	ErrUnknownCode = errors.New("a code that no table lists") // an adapter's Check sets it: GET /admin/vendors counts such codes
	ErrNoVendor    = errors.New("no vendor serves this")
	ErrNotDone     = errors.New("the vendor shows that it was not done") // a recipe's finding: the write may be made again
	ErrPartial     = errors.New("done in part")
	ErrUntried     = errors.New("not tried, as a call before it failed")
)

// Error is the one error that leaves an adapter.
type Error struct {
	Vendor     string        // Vendor.Name
	Op         string        // "message.send"
	Outcome    Outcome       // never OK
	Effect     Effect        // whether the call would have changed something
	Status     int           // HTTP status of the answer; 0 when there was none
	Code       string        // the vendor's own code, raw; empty when it gave none
	Text       string        // the vendor's own words, bounded and without secrets
	RetryAfter time.Duration // for Throttled and ErrBreakerOpen; 0 when unknown
	Sent       bool          // some attempt may have reached the vendor, whatever the class
	Err        error         // a sentinel of this package or the transport's cause
}

// Error names vendor, operation, class, code and cause. It holds no secret and
// no URL, and it is for logs: the app gets our own words instead.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s", e.Vendor, e.Op, e.Outcome)
	if e.Code != "" {
		fmt.Fprintf(&b, " (code %s)", e.Code)
	} else if e.Status != 0 {
		fmt.Fprintf(&b, " (status %d)", e.Status)
	}
	if e.Text != "" {
		fmt.Fprintf(&b, ": %s", e.Text)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// OutcomeOf classes any error: nil is OK, one that did not come from an adapter
// is NotSent, since then no adapter sent anything.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return OK
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Outcome
	}
	return NotSent
}

// Refuse is the error of a call that an adapter does not even try, since the
// vendor would not take it: a DefiniteNo with why as its cause.
func Refuse(vendor, op string, why error, text string) error {
	return &Error{Vendor: vendor, Op: op, Outcome: DefiniteNo, Text: text, Err: why}
}

// BeforeWrite is the error of a write for which something is read first, where that read
// failed with err: nothing was written, so what is in doubt of the read, or was left by
// its caller, leaves nothing in doubt of the write. A nil err is nil.
func BeforeWrite(err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Outcome != Ambiguous && e.Outcome != Cancelled {
		return err
	}
	told := *e // others may wait for the same answer
	told.Sent, told.Effect = false, Write
	if told.Outcome == Ambiguous {
		told.Outcome = NotSent
	}
	return &told
}

// Effect says whether a call changes something at the vendor.
type Effect bool

// The effects. A read may go to the next vendor after an ambiguous outcome, a
// write never.
const (
	Read  Effect = false
	Write Effect = true
)
