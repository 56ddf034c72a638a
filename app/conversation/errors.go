package conversation

import (
	"errors"
	"fmt"
)

// Why a call was refused. Test with errors.Is; the text says more.
var (
	ErrMissing             = errors.New("missing parameter")
	ErrBadFormat           = errors.New("malformed parameter")
	ErrTooLarge            = errors.New("over the size limit")
	ErrUnknownUser         = errors.New("unknown user")
	ErrBadUserID           = errors.New("invalid user id")
	ErrBanned              = errors.New("user is banned")
	ErrBadType             = errors.New("invalid conversation type")
	ErrBadMessageType      = errors.New("invalid message type")
	ErrUnknownConversation = errors.New("unknown conversation")
	ErrArchived            = errors.New("conversation is archived")
	ErrNotMember           = errors.New("not a member of the conversation")
	ErrNotAllowed          = errors.New("not allowed")
	ErrNoMembers           = errors.New("no members given")
	ErrTooManyMembers      = errors.New("too many members")
	ErrKeyReused           = errors.New("client key already used for another message")
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
