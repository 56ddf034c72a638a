package ledger

import (
	"encoding/json"
	"errors"
	"time"

	"switchboard/vendors"
)

// Result is what became of a write, and what its caller is told of it: the same to
// whoever repeats the request.
type Result struct {
	Outcome vendors.Outcome // Partial in doubt: what was told says of what nobody knows
	Code    int             // of the refusal, as Deps.Describe has it; 0: the write was made
	Text    string          // of the refusal
	Data    json.RawMessage // nil: none
	At      time.Time       // when it was found out, in whole seconds; zero: nobody was told anything

	// Again is when a repeat of the request may be told more; 0: it is told the same.
	// It is of the moment and is not stored.
	Again time.Duration
}

// Answered reports whether a caller was told the result. It is false where the
// process died that made the write.
func (r Result) Answered() bool { return !r.At.IsZero() }

// Describe gives a failed write the code and the text that callers are told, and
// data to go on with, if the error has any.
type Describe func(err error) (code int, text string, data any)

// result is what a write ended as. Of data and err both may count: a message that
// reached some of its targets has a receipt too.
func (l *Ledger) result(data any, err error) Result {
	r := Result{Outcome: outcomeOf(err), At: time.Now().UTC().Truncate(time.Second)}
	if err != nil {
		var more any
		if r.Code, r.Text, more = l.deps.Describe(err); data == nil {
			data = more
		}
	}
	if data != nil {
		r.Data, _ = json.Marshal(data) // of texts and numbers
	}
	return r
}

// partly is an error of a write that was made in part, or was not, whatever the
// vendor's errors in it say.
type partly interface{ Outcome() vendors.Outcome }

// outcomeOf says whether a write may have been executed: one in doubt always
// counts as such, and one whose caller left after it was sent is in doubt.
func outcomeOf(err error) vendors.Outcome {
	if err == nil {
		return vendors.OK
	}
	var vendor *vendors.Error
	var part partly
	switch found := errors.As(err, &vendor); {
	case found && (vendor.Outcome == vendors.Ambiguous || vendor.Outcome == vendors.Cancelled && vendor.Sent):
		return vendors.Ambiguous
	case errors.As(err, &part):
		return part.Outcome()
	case found:
		return vendor.Outcome
	}
	return vendors.NotSent // refused on this side
}
