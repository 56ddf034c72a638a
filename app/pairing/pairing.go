// Package pairing matches a person who asks for a call with one who takes it:
// asks, offers, answers, the call's preview and its end. Step is the whole state
// machine as a pure function; Service drives it over a store. Row names such as
// A7, N13 or C6 in comments and tests are rows of the pairing tables.
package pairing

import (
	"errors"
	"time"

	"switchboard/app/problem"
)

// UID is a user of one app.
type UID int64

// Instant is a time in the store's clock, in unix milliseconds. Zero: never.
type Instant int64

// At converts a wall-clock time.
func At(t time.Time) Instant { return Instant(t.UnixMilli()) }

// Add returns the instant d later.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d.Milliseconds()) }

// Sub returns the time from j to i.
func (i Instant) Sub(j Instant) time.Duration { return time.Duration(i-j) * time.Millisecond }

// Time converts to a wall-clock time.
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)) }

// State is where a ticket stands (table 2.2).
type State uint8

// The states. Held is a searching ticket whose asker holds an offer himself.
const (
	Searching  State = iota // no open offer
	Offered                 // at least one open offer in this round
	Connecting              // winner bound, call not seen yet
	Preview                 // call seen, asker has not confirmed
	Liked                   // confirmed, call running, billing
	Ended                   // terminal
	Held
)

var stateNames = [...]string{"searching", "offered", "connecting", "preview", "liked", "ended", "held"}

// String is the state as it stands in metrics and logs.
func (s State) String() string { return stateNames[s] }

// Status is the state as info shows it: 0 matching, 1 ended, 2 in call.
func (s State) Status() int {
	switch s {
	case Ended:
		return 1
	case Connecting, Preview, Liked:
		return 2
	default:
		return 0
	}
}

// talking: a winner is bound and the call is ahead or under way.
func (s State) talking() bool { return s == Connecting || s == Preview || s == Liked }

// Reason labels why a ticket, a round or an offer ended; each removal has exactly one.
type Reason string

// The reasons.
const (
	ReasonCallEnded      Reason = "call_ended"
	ReasonCancelled      Reason = "cancelled"
	ReasonExpired        Reason = "expired"
	ReasonMaxRounds      Reason = "max_rounds"
	ReasonNoCandidate    Reason = "no_candidate"
	ReasonAskerGone      Reason = "asker_gone"
	ReasonBalance        Reason = "balance"
	ReasonVendor         Reason = "vendor"
	ReasonModeration     Reason = "moderation"
	ReasonMerged         Reason = "merged"
	ReasonConfirmTimeout Reason = "confirm_timeout"

	ReasonDislike        Reason = "dislike"
	ReasonCallFailed     Reason = "call_failed"
	ReasonConnectTimeout Reason = "connect_timeout"
	ReasonRoundTimeout   Reason = "round_timeout"
	ReasonPeerGone       Reason = "peer_gone"
	ReasonPeerWithdrew   Reason = "peer_withdrew"
	ReasonNotTaken       Reason = "not_taken"

	ReasonLost          Reason = "lost"
	ReasonTaken         Reason = "taken"
	ReasonCandidateGone Reason = "candidate_gone"
	ReasonAsk           Reason = "ask"
	ReasonPassed        Reason = "passed"
	ReasonRefused       Reason = "refused"
	ReasonTimedOut      Reason = "timed_out"
	ReasonUnsent        Reason = "unsent"
)

// What a request is told (2.3). The wire codes stand with the HTTP surface.
var (
	ErrBalance      = problem.Masked(problem.Exhausted, "balance is short", "the balance is too short")                                              // 1003
	ErrConfig       = problem.Masked(problem.Unavailable, "could not obtain configuration", "could not obtain configuration")                        // 200003
	ErrNoConfig     = problem.New(problem.NotFound, "no configuration for this app and scene")                                                       // 200004
	ErrUnknownAsk   = problem.New(problem.NotFound, "unknown ask or not a participant")                                                              // 200101
	ErrEnded        = problem.New(problem.Conflict, "the ask has ended")                                                                             // 200102
	ErrWrongRound   = problem.New(problem.Conflict, "not the current round")                                                                         // 200103
	ErrNoOffer      = problem.New(problem.Conflict, "no open offer for you")                                                                         // 200104
	ErrTooLate      = problem.New(problem.Conflict, "answered too late")                                                                             // 200105
	ErrTaken        = problem.New(problem.Conflict, "taken by someone else")                                                                         // 200106
	ErrBusy         = problem.Masked(problem.Conflict, "already part of a live pairing", "you already take part in a live pairing")                  // 200107
	ErrNoCandidate  = problem.New(problem.Unavailable, "no candidate")                                                                               // 200108
	ErrMismatch     = problem.New(problem.Conflict, "peer or call does not match")                                                                   // 200109
	ErrTooMany      = problem.New(problem.Exhausted, "too many requests")                                                                            // 200110
	ErrUnavailable  = problem.Masked(problem.Unavailable, "dependency unavailable, retry", "a service that pairing needs is unavailable; try again") // 200111
	ErrClosed       = problem.New(problem.Unavailable, "pairing is closed or overloaded")                                                            // 200112
	ErrConfirmed    = problem.New(problem.Conflict, "already confirmed differently")                                                                 // 200113
	ErrRecordLive   = problem.New(problem.Conflict, "the record is still live")                                                                      // 200114
	errNeedFunds    = errors.New("a balance has to be read first")
	errNotEligible  = errors.New("no offer can be opened now")
	errStillWaiting = errors.New("the ticket is already waiting")
)

// BusyError is ErrBusy with the live ask that the caller takes part in.
type BusyError struct{ AskNo string }

// Error names the live ask.
func (e *BusyError) Error() string { return ErrBusy.Error() + ": " + e.AskNo }

// Unwrap returns ErrBusy.
func (e *BusyError) Unwrap() error { return ErrBusy }

// RetryError is a refusal that may pass later.
type RetryError struct {
	Err   error
	After time.Duration
}

// Error is the cause's text.
func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RetryError) Unwrap() error { return e.Err }
