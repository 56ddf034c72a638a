package ticket

import (
	"errors"

	"switchboard/app/problem"
)

// What a request is refused with. The wire codes stand with the HTTP surface.
var (
	ErrBalance      = problem.Masked(problem.Exhausted, "balance is short", "the balance is too short")                                              // 1003
	ErrUnknownAsk   = problem.New(problem.NotFound, "unknown ask or not a participant")                                                              // 200101
	ErrEnded        = problem.New(problem.Conflict, "the ask has ended")                                                                             // 200102
	ErrWrongRound   = problem.New(problem.Conflict, "not the current round")                                                                         // 200103
	ErrNoOffer      = problem.New(problem.Conflict, "no open offer for you")                                                                         // 200104
	ErrTooLate      = problem.New(problem.Conflict, "answered too late")                                                                             // 200105
	ErrTaken        = problem.New(problem.Conflict, "taken by someone else")                                                                         // 200106
	ErrBusy         = problem.Masked(problem.Conflict, "already part of a live pairing", "you already take part in a live pairing")                  // 200107
	ErrMismatch     = problem.New(problem.Conflict, "peer or call does not match")                                                                   // 200109
	ErrUnavailable  = problem.Masked(problem.Unavailable, "dependency unavailable, retry", "a service that pairing needs is unavailable; try again") // 200111
	ErrConfirmed    = problem.New(problem.Conflict, "already confirmed differently")                                                                 // 200113
	ErrNeedFunds    = errors.New("a balance has to be read first")
	ErrNeedSights   = errors.New("the presence of the people has to be read first")
	errNotEligible  = errors.New("no offer can be opened now")
	ErrStillWaiting = errors.New("the ticket is already waiting")
)

// BusyError is ErrBusy with the live ask that the caller takes part in.
type BusyError struct{ AskNo string }

// Error names the live ask.
func (e *BusyError) Error() string { return ErrBusy.Error() + ": " + e.AskNo }

// Unwrap returns ErrBusy.
func (e *BusyError) Unwrap() error { return ErrBusy }
