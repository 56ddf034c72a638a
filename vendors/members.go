package vendors

import (
	"errors"
	"fmt"
	"slices"
)

// MemberState is what became of one user of a write that names many.
type MemberState string

// The states of a row. A row that is refused or unknown says why in Err.
const (
	MemberAccepted MemberState = "accepted" // it is as the caller asked
	MemberAlready  MemberState = "already"  // it was so before, and the vendor said so
	MemberPending  MemberState = "pending"  // the vendor took it and does it later, or when somebody consents
	MemberRefused  MemberState = "refused"  // nothing was changed for this user
	MemberUnknown  MemberState = "unknown"  // it may have been changed
)

// MemberResult is the row of one user in the answer to a write that names many.
// Err is an *Error, and nil unless the state is MemberRefused or MemberUnknown.
type MemberResult struct {
	User  string
	State MemberState
	Err   error
}

// AllMembers is the answer of a call that the vendor takes or refuses for all users
// at once: a row for each of them, or err.
func AllMembers(users []string, err error) ([]MemberResult, error) {
	if err != nil {
		return nil, err
	}
	rows := make([]MemberResult, len(users))
	for i, user := range users {
		rows[i] = MemberResult{User: user, State: MemberAccepted}
	}
	return rows, nil
}

// MembersFailed are the rows of users for whom a whole call failed with err.
func MembersFailed(users []string, err error) []MemberResult {
	rows := make([]MemberResult, len(users))
	for i, user := range users {
		rows[i] = failedRow(user, err)
	}
	return rows
}

func failedRow(user string, err error) MemberResult {
	if OutcomeOf(err) == Ambiguous {
		return MemberResult{User: user, State: MemberUnknown, Err: err}
	}
	return MemberResult{User: user, State: MemberRefused, Err: err}
}

// Composite collects the rows of a write for which an adapter needs several calls. It
// is ready when it has its names.
type Composite struct {
	Vendor string
	Op     string
	// Begun: something beside the rows is done already, such as a group that was made.
	Begun bool

	rows  []MemberResult
	calls int   // made, or not made since one before ended the composite
	cause error // what ended the composite before all calls were made
}

// Each makes one call for each user. A user whom the vendor refuses gets that row, and
// the next one's call is made. Any other failure ends the composite: those behind it
// are refused, since no call was made for them.
func (c *Composite) Each(users []string, call func(user string) error) {
	for _, user := range users {
		c.Call([]string{user}, func() error { return call(user) })
	}
}

// Call makes one call for all users, as Each does for one. It makes none for nobody.
func (c *Composite) Call(users []string, call func() error) {
	if len(users) == 0 {
		return
	}
	c.calls++
	if c.cause != nil {
		c.rows = append(c.rows, MembersFailed(users, c.untried())...)
		return
	}
	rows, err := AllMembers(users, call())
	if err != nil {
		rows = MembersFailed(users, err)
		if OutcomeOf(err) != DefiniteNo {
			c.cause = err
		}
	}
	c.rows = append(c.rows, rows...)
}

// untried is why no call was made for somebody.
func (c *Composite) untried() error {
	return &Error{Vendor: c.Vendor, Op: c.Op, Outcome: NotSent, Effect: Write, Err: ErrUntried}
}

// Rows answers the write: a row for each user, in the order of the calls. A write that
// was one call, or of which nothing was done or is in doubt, ends with that call's
// error and no rows. One that was cut short is a *PartialError beside its rows.
func (c *Composite) Rows() ([]MemberResult, error) {
	first := slices.IndexFunc(c.rows, func(r MemberResult) bool { return r.Err != nil })
	switch {
	case c.calls == 1 && first == 0 && !c.Begun:
		return nil, c.rows[0].Err
	case c.cause == nil:
		return c.rows, nil
	case !c.Begun && !slices.ContainsFunc(c.rows, MemberResult.counts):
		return nil, c.cause
	}
	return c.rows, NewPartialError(c.Vendor, c.Op, c.rows, c.cause)
}

// counts reports whether something was done for the user, or may have been.
func (r MemberResult) counts() bool { return r.Err == nil || r.State == MemberUnknown }

// Whole is for a write that is done or not, such as to make a group with its members:
// any row that is not as asked makes it a *PartialError. Nil: all is done.
func (c *Composite) Whole() error {
	rows, err := c.Rows()
	if i := slices.IndexFunc(rows, func(r MemberResult) bool { return r.Err != nil }); err == nil && i >= 0 {
		return NewPartialError(c.Vendor, c.Op, rows, rows[i].Err)
	}
	return err
}

// PartialError says that a write of several calls ended half done. It is an *Error of
// the outcome Partial to errors.As and OutcomeOf: it is neither failed over nor made
// again as a whole, as what is done would be done twice. Repeat what is left.
type PartialError struct {
	Done []MemberResult // accepted, already or pending
	Left []MemberResult // refused or unknown: Err says why, ErrUntried where no call was made
	// Cause ended the composite. It is not in the error's chain: what is true of one of
	// its calls, such as an open breaker, is not true of the whole.
	Cause error

	whole *Error
}

// NewPartialError sorts rows, of which at least one has an Err.
func NewPartialError(vendor, op string, rows []MemberResult, cause error) *PartialError {
	e := &PartialError{Cause: cause, whole: &Error{Vendor: vendor, Op: op, Outcome: Partial, Effect: Write, Sent: true, Err: ErrPartial}}
	for _, r := range rows {
		if r.Err == nil {
			e.Done = append(e.Done, r)
		} else {
			e.Left = append(e.Left, r)
		}
	}
	return e
}

// Error counts both sides and names the cause.
func (e *PartialError) Error() string {
	return fmt.Sprintf("%v: %d done, %d left: %v", e.whole, len(e.Done), len(e.Left), e.Cause)
}

// Unwrap returns the *Error that classes the write.
func (e *PartialError) Unwrap() error { return e.whole }

// PartialOf finds what is done and what is left in an error of a write.
func PartialOf(err error) (*PartialError, bool) {
	var e *PartialError
	found := errors.As(err, &e)
	return e, found
}
