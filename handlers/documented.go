package handlers

import (
	"errors"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/problem"
	"switchboard/app/realtime"
	"switchboard/app/uploads"
	"switchboard/middleware"
)

// Refusals of the two dialects that no domain has a word for.
var (
	errProtocol        = problem.New(problem.Invalid, "protoc must be ws, sse or poll")
	errNoConversations = problem.New(problem.Invalid, "conversation_ids: at least one is required")
)

// codes are an error's numbers in the documents of the gateway API (seed 003)
// and the conversation API (seed 001); 0: they follow from the status.
type codes struct{ gateway, im int }

// The conversation API's codes.
const (
	imInternal      = 1
	imUnknownUser   = 211
	imBadUserID     = 212
	imBanned        = 213
	imRefused       = 214 // the token, the key or the caller's rights
	imMissing       = 4001
	imHeader        = 4002
	imUnknownConv   = 4011
	imConvType      = 4405
	imFormat        = 4406
	imFileType      = 4601
	gatewayNoMember = 10004
	gatewayNoConv   = 10005
	gatewayArchived = 10006
	gatewayBanned   = 10007
	gatewayConvType = 90010
	gatewayNoUsers  = 90011
	gatewayNoConvs  = 90012
	gatewayProtocol = 90013
)

// documented completes the table in problem.go for those two families. A
// conversation hides from the conversation API's clients that are no members.
var documented = []struct {
	match error
	codes
}{
	{conversation.ErrMissing, codes{gatewayInvalid, imMissing}},
	{conversation.ErrBadFormat, codes{gatewayInvalid, imFormat}},
	{conversation.ErrTooLarge, codes{gatewayInvalid, imFormat}},
	{conversation.ErrTooManyMembers, codes{gatewayInvalid, imFormat}},
	{conversation.ErrUnknownUser, codes{gatewayInvalid, imUnknownUser}},
	{conversation.ErrBadUserID, codes{gatewayInvalid, imBadUserID}},
	{conversation.ErrBanned, codes{gatewayBanned, imBanned}},
	{conversation.ErrBadType, codes{gatewayConvType, imConvType}},
	{conversation.ErrBadMessageType, codes{gatewayInvalid, imFormat}},
	{conversation.ErrUnknownConversation, codes{gatewayNoConv, imUnknownConv}},
	{conversation.ErrNotMember, codes{gatewayNoMember, imUnknownConv}},
	{conversation.ErrArchived, codes{gatewayArchived, imRefused}},
	{conversation.ErrNotAllowed, codes{gatewayForbidden, imRefused}},
	{conversation.ErrNoMembers, codes{gatewayNoUsers, imMissing}},
	{conversation.ErrKeyReused, codes{gatewayInvalid, imFormat}},
	{errProtocol, codes{gatewayProtocol, 0}},
	{errNoConversations, codes{gatewayNoConvs, 0}},
	{uploads.ErrType, codes{0, imFileType}},
	{access.ErrUnknownApp, codes{0, imHeader}},
	{errNoAppID, codes{0, imHeader}},
	{middleware.ErrNoToken, codes{0, imHeader}},
	{middleware.ErrOtherApp, codes{0, imRefused}},
	{middleware.ErrOtherUser, codes{0, imRefused}},
	{access.ErrServerKey, codes{0, imRefused}},
	{access.ErrToken, codes{0, imRefused}},
	{access.ErrTokenExpired, codes{0, imRefused}},
}

func documentedCodes(err error) codes {
	for _, row := range documented {
		if errors.Is(err, row.match) {
			return row.codes
		}
	}
	return codes{}
}

// closeCode is how a session is refused or ended because of err.
func closeCode(err error) realtime.Code {
	switch {
	case err == nil:
		return realtime.None
	case errors.Is(err, conversation.ErrBanned):
		return realtime.Banned
	case errors.Is(err, realtime.ErrStopping):
		return realtime.Shutdown
	case documentedCodes(err).im == imRefused, errors.Is(err, middleware.ErrNoToken):
		return realtime.BadToken
	case find(err).status < 500:
		return realtime.BadRequest
	}
	return realtime.Internal
}
