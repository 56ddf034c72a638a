package conversation

import (
	"errors"
	"fmt"

	"switchboard/app/problem"
)

// Why a call was refused. Test with errors.Is; the text says more.
var (
	ErrMissing             = problem.New(problem.Invalid, "missing parameter")
	ErrBadFormat           = problem.New(problem.Invalid, "malformed parameter")
	ErrTooLarge            = problem.New(problem.Invalid, "over the size limit")
	ErrUnknownUser         = problem.New(problem.NotFound, "unknown user")
	ErrBadUserID           = problem.New(problem.Invalid, "invalid user id")
	ErrBanned              = problem.New(problem.Forbidden, "user is banned")
	ErrBadType             = problem.New(problem.Invalid, "invalid conversation type")
	ErrBadMessageType      = problem.New(problem.Invalid, "invalid message type")
	ErrUnknownConversation = problem.New(problem.NotFound, "unknown conversation")
	ErrArchived            = problem.New(problem.Conflict, "conversation is archived")
	ErrNotMember           = problem.New(problem.Forbidden, "not a member of the conversation")
	ErrNotAllowed          = problem.New(problem.Forbidden, "not allowed")
	ErrNoMembers           = problem.New(problem.Invalid, "no members given")
	ErrTooManyMembers      = problem.New(problem.Refused, "too many members")
	ErrKeyReused           = problem.New(problem.Conflict, "this key was already used with another content")
)

// Refused reports whether err is one of the refusals above: the call was
// understood, and the same again would be refused again.
func Refused(err error) bool {
	for _, refusal := range []error{
		ErrMissing, ErrBadFormat, ErrTooLarge, ErrUnknownUser, ErrBadUserID, ErrBanned, ErrBadType, ErrBadMessageType,
		ErrUnknownConversation, ErrArchived, ErrNotMember, ErrNotAllowed, ErrNoMembers, ErrTooManyMembers, ErrKeyReused,
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// because adds to a refusal what it is about.
func because(err error, format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{err}, args...)...)
}
