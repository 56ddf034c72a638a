// Package handlers is HTTP in: decode, call, encode, one file per resource.
// Handlers return errors; problem.go alone turns an error into an answer.
package handlers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/ledger"
	"switchboard/app/messages"
	"switchboard/app/moderation"
	"switchboard/app/pairing"
	"switchboard/app/realtime"
	"switchboard/app/rooms"
	"switchboard/app/storage"
	"switchboard/app/switches"
	"switchboard/app/translation"
	"switchboard/app/uploads"
	"switchboard/app/wallet"
	"switchboard/middleware"
	"switchboard/vendors"
)

// problem is how an error looks on the wire: the HTTP status and the product
// API's code. The other families have their own codes for the same status, in
// envelope.go.
type problem struct {
	status  int
	product int
	text    string // empty in a row: the error's own text, which is then ours to show
}

// invalidError is a request that cannot be understood; its text is for the caller.
type invalidError struct{ text string }

func (e invalidError) Error() string { return e.text }

func invalid(format string, args ...any) error { return invalidError{fmt.Sprintf(format, args...)} }

// detailedError carries data beside the error, for envelopes with room for both.
type detailedError struct {
	err  error
	data any
}

func (e *detailedError) Error() string { return e.err.Error() }
func (e *detailedError) Unwrap() error { return e.err }

// The product API's codes. 0, 1003 and 100002 are the seed's; 1001xx are ours,
// clear of the numbers that the product may use and the seed does not show.
const (
	codeInsufficient = 1003
	codeSensitive    = 100002

	codeInternal    = 100100
	codeInvalid     = 100101
	codeUnauthed    = 100102
	codeForbidden   = 100103
	codeNotFound    = 100104
	codeMethod      = 100105
	codeTooLarge    = 100106
	codeSlowDown    = 100107
	codeUnavailable = 100108
	codeUnknown     = 100109
	codeRefused     = 100110
	codeUnsupported = 100111
	codePartly      = 100112
	codeConflict    = 100113
)

// problems is the one table from error to wire. The first row that matches wins.
var problems = []struct {
	match error
	problem
}{
	{ledger.ErrKeyReused, problem{409, codeConflict, ""}},
	{ledger.ErrInProgress, problem{409, codeConflict, ""}},
	{ledger.ErrKey, problem{400, codeInvalid, ""}},
	{switches.ErrChanged, problem{409, codeConflict, ""}},
	{switches.ErrInvalid, problem{422, codeInvalid, ""}},
	{errNothingKnown, problem{404, codeNotFound, ""}},
	{wallet.ErrInsufficient, problem{200, codeInsufficient, "the balance is too short"}},
	{moderation.ErrSensitive, problem{200, codeSensitive, ""}},
	{messages.ErrUndelivered, problem{200, codePartly, ""}},

	{middleware.ErrNoToken, problem{401, codeUnauthed, ""}},
	{middleware.ErrNoKey, problem{401, codeUnauthed, ""}},
	{middleware.ErrAdminKey, problem{401, codeUnauthed, ""}},
	{middleware.ErrOtherApp, problem{401, codeUnauthed, ""}},
	{middleware.ErrOtherUser, problem{401, codeUnauthed, ""}},
	{access.ErrToken, problem{401, codeUnauthed, ""}},
	{access.ErrTokenExpired, problem{401, codeUnauthed, ""}},
	{access.ErrServerKey, problem{401, codeUnauthed, ""}},
	{access.ErrUnknownApp, problem{401, codeUnauthed, ""}},
	{middleware.ErrForbidden, problem{403, codeForbidden, ""}},

	{conversation.ErrNotMember, problem{403, codeForbidden, ""}},
	{conversation.ErrUnknownConversation, problem{404, codeNotFound, ""}},
	{conversation.ErrUnknownUser, problem{404, codeNotFound, ""}},
	{conversation.ErrArchived, problem{409, codeConflict, ""}},
	{conversation.ErrKeyReused, problem{409, codeConflict, ""}},
	{conversation.ErrBanned, problem{403, codeForbidden, ""}},
	{conversation.ErrNotAllowed, problem{403, codeForbidden, ""}},
	{conversation.ErrTooLarge, problem{400, codeInvalid, ""}},
	{conversation.ErrTooManyMembers, problem{422, codeRefused, ""}},
	{conversation.ErrMissing, problem{400, codeInvalid, ""}},
	{conversation.ErrBadFormat, problem{400, codeInvalid, ""}},
	{conversation.ErrBadUserID, problem{400, codeInvalid, ""}},
	{conversation.ErrBadType, problem{400, codeInvalid, ""}},
	{conversation.ErrBadMessageType, problem{400, codeInvalid, ""}},
	{conversation.ErrNoMembers, problem{400, codeInvalid, ""}},
	{errProtocol, problem{400, codeInvalid, ""}},
	{errNoConversations, problem{400, codeInvalid, ""}},
	{uploads.ErrType, problem{415, codeInvalid, ""}},
	{uploads.ErrEmpty, problem{400, codeInvalid, ""}},
	{uploads.ErrTooLarge, problem{413, codeTooLarge, ""}},
	{errNoAppID, problem{401, codeUnauthed, ""}},
	{errNoLogin, problem{400, codeInvalid, ""}},
	{realtime.ErrStopping, problem{503, codeUnavailable, "this server is stopping; connect again"}},
	// The pair module's own range; 200001 and 200002 exist in the product and
	// are not known to us, hence 2001xx for what the seed does not name.
	{pairing.ErrBalance, problem{200, codeInsufficient, "the balance is too short"}},
	{pairing.ErrConfig, problem{200, 200003, "could not obtain configuration"}},
	{pairing.ErrNoConfig, problem{200, 200004, ""}},
	{pairing.ErrUnknownAsk, problem{200, 200101, ""}},
	{pairing.ErrEnded, problem{200, 200102, ""}},
	{pairing.ErrWrongRound, problem{200, 200103, ""}},
	{pairing.ErrNoOffer, problem{200, 200104, ""}},
	{pairing.ErrTooLate, problem{200, 200105, ""}},
	{pairing.ErrTaken, problem{200, 200106, ""}},
	{pairing.ErrBusy, problem{200, 200107, "you already take part in a live pairing"}},
	{pairing.ErrNoCandidate, problem{200, 200108, ""}},
	{pairing.ErrMismatch, problem{200, 200109, ""}},
	{pairing.ErrTooMany, problem{200, 200110, ""}},
	{pairing.ErrUnavailable, problem{200, 200111, "a service that pairing needs is unavailable; try again"}},
	{pairing.ErrClosed, problem{200, 200112, ""}},
	{pairing.ErrConfirmed, problem{200, 200113, ""}},
	{pairing.ErrRecordLive, problem{200, 200114, ""}},
	{pairing.ErrHosts, problem{400, codeInvalid, ""}},

	{messages.ErrNoTargets, problem{400, codeInvalid, "targets: at least one is required"}},
	{messages.ErrTooMany, problem{400, codeInvalid, ""}},
	{translation.ErrTooMany, problem{400, codeInvalid, ""}},
	{translation.ErrTooLong, problem{400, codeInvalid, ""}},
	{translation.ErrLanguage, problem{400, codeInvalid, ""}},

	{storage.ErrOutcomeUnknown, problem{504, codeUnknown, "the outcome is unknown: it may have been done"}}, // is an ErrUnavailable too
	{storage.ErrUnavailable, problem{503, codeUnavailable, "the store is unavailable; try again later"}},
	{storage.ErrSlow, problem{503, codeUnavailable, "the store is too slow; try again later"}},
	{storage.ErrClosed, problem{503, codeUnavailable, "this server is stopping; try again"}},

	{rooms.ErrUnable, problem{501, codeUnsupported, ""}},
	{rooms.ErrNotRouted, problem{400, codeInvalid, "vendor: not on the rooms route"}},

	{vendors.ErrInsufficient, problem{200, codeInsufficient, "the balance is too short"}},
	{vendors.ErrConflict, problem{409, codeConflict, "this request id was used for something else, or a higher sequence came before"}},
	{vendors.ErrUnsupported, problem{501, codeUnsupported, "the configured vendor cannot do this"}},
	{vendors.ErrNoVendor, problem{501, codeUnsupported, "no vendor is configured for this"}},
	{vendors.ErrNotFound, problem{404, codeNotFound, "the vendor knows no such user, group or room"}},
	{vendors.ErrTooLarge, problem{422, codeRefused, "over the vendor's limit"}},
	{vendors.ErrInvalid, problem{422, codeRefused, "the vendor does not take one of the parameters"}},
	{vendors.ErrBlocked, problem{422, codeRefused, "the vendor's rules for these people forbid it"}},

	{errNoCallbacks, problem{404, codeNotFound, ""}},
	{errBadSignature, problem{401, codeUnauthed, ""}},
	{middleware.ErrCompressed, problem{415, codeInvalid, ""}},
	{fiber.ErrBadRequest, problem{400, codeInvalid, "the request cannot be read"}},
	{fiber.ErrRequestEntityTooLarge, problem{413, codeTooLarge, "the body is too large"}},
	{fiber.ErrNotFound, problem{404, codeNotFound, "no such path"}},
	{fiber.ErrMethodNotAllowed, problem{405, codeMethod, "this path has another method"}},
}

// byOutcome is how a vendor's failure looks when no row names it. Nothing of the
// vendor's own words or codes gets out.
func byOutcome(e *vendors.Error) problem {
	switch {
	case e.Outcome == vendors.Ambiguous && e.Effect == vendors.Write:
		return problem{504, codeUnknown, "the outcome is unknown: it may have been done"}
	case e.Outcome == vendors.DefiniteNo:
		return problem{422, codeRefused, "the vendor refused it"}
	case e.Outcome == vendors.Throttled:
		return problem{429, codeSlowDown, "too many requests; try again later"}
	}
	return problem{503, codeUnavailable, "the vendor is unavailable; try again later"}
}

// find looks err up. An error that nothing names is 500 without its text.
func find(err error) problem {
	var bad invalidError
	if errors.As(err, &bad) {
		return problem{400, codeInvalid, bad.text}
	}
	for _, row := range problems {
		if errors.Is(err, row.match) || sameStatus(err, row.match) {
			if row.text == "" {
				row.text = err.Error()
			}
			return row.problem
		}
	}
	var vendor *vendors.Error
	if errors.As(err, &vendor) {
		return byOutcome(vendor)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return problem{503, codeUnavailable, "it took too long; try again later"}
	}
	var own *fiber.Error
	if errors.As(err, &own) && own.Code < 500 {
		// Not its own words: those of a request that cannot be read repeat its head.
		return problem{own.Code, codeInvalid, strings.ToLower(http.StatusText(own.Code))}
	}
	return problem{500, codeInternal, "internal error"}
}

// sameStatus matches fiber's own errors, of which it makes new ones with the
// path in the text.
func sameStatus(err, row error) bool {
	var got, want *fiber.Error
	return errors.As(err, &got) && errors.As(row, &want) && got.Code == want.Code
}

// Failure is fiber's error handler: it answers in the envelope of the family
// that the path belongs to.
func Failure(c *fiber.Ctx, err error) error {
	middleware.SetCause(c, err)
	middleware.IDOf(c) // what is refused before the middleware, a large body say, has an id too
	p := find(err)
	var vendor *vendors.Error
	if errors.As(err, &vendor) && vendor.RetryAfter > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(vendor.RetryAfter.Seconds()))))
	}
	var data any
	var detailed *detailedError
	if errors.As(err, &detailed) {
		data = detailed.data
	}
	return familyOf(c.Path()).failure(c, err, p, data)
}
