// Package pairing matches a person who asks for a call with one who takes it:
// asks, offers, answers, the call's preview and its end. Service drives the
// state machine of package ticket over a store, and pools match who waits with
// who is idle. Row names such as A7, N13 or C6 in comments and tests are rows of
// docs/pairing.md.
package pairing

import (
	"time"

	"switchboard/app/pairing/ticket"
	"switchboard/app/problem"
)

// What a request is refused with, beside what the ticket itself refuses.
var (
	ErrConfig      = problem.Masked(problem.Unavailable, "could not obtain configuration", "could not obtain configuration") // 200003
	ErrNoConfig    = problem.New(problem.NotFound, "no configuration for this app and scene")                                // 200004
	ErrNoCandidate = problem.New(problem.Unavailable, "no candidate")                                                        // 200108
	ErrTooMany     = problem.New(problem.Exhausted, "too many requests")                                                     // 200110
	ErrClosed      = problem.New(problem.Unavailable, "pairing is closed or overloaded")                                     // 200112
	ErrRecordLive  = problem.New(problem.Conflict, "the record is still live")                                               // 200114
)

// RetryError is a refusal that may pass later.
type RetryError struct {
	Err   error
	After time.Duration
}

// Error is the cause's text.
func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RetryError) Unwrap() error { return e.Err }

type person struct {
	app string
	uid ticket.UID
}

type poolKey struct {
	app   string
	scene int
}
