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

	"switchboard/app/messages"
	"switchboard/app/moderation"
	"switchboard/app/pairing"
	"switchboard/app/problem"
	"switchboard/app/wallet"
	"switchboard/middleware"
	"switchboard/vendors"
)

// failure is how an error looks on the wire: the HTTP status and the product
// API's code. The other families have their own codes for the same status, in
// envelope.go.
type failure struct {
	status  int
	product int
	text    string // empty in a row: the error's own text, which is then the caller's to read
}

// invalid is a request that cannot be understood; the caller is told the text.
func invalid(format string, args ...any) error {
	return problem.New(problem.Invalid, fmt.Sprintf(format, args...))
}

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

// byKind is how an error looks by the kind that its domain gave it. What carries
// no kind is Internal, and its text is not shown.
var byKind = map[problem.Kind]failure{
	problem.Internal:        {500, codeInternal, "internal error"},
	problem.Invalid:         {400, codeInvalid, ""},
	problem.Unauthenticated: {401, codeUnauthed, ""},
	problem.Forbidden:       {403, codeForbidden, ""},
	problem.NotFound:        {404, codeNotFound, ""},
	problem.Conflict:        {409, codeConflict, ""},
	problem.TooLarge:        {413, codeTooLarge, ""},
	problem.Refused:         {422, codeRefused, ""},
	problem.Exhausted:       {429, codeSlowDown, ""},
	problem.Unsupported:     {501, codeUnsupported, ""},
	problem.Unavailable:     {503, codeUnavailable, ""},
	problem.InDoubt:         {504, codeUnknown, ""},
}

// coded are the errors with a code of their own in the product API, where the
// status is 200: the request was served, and this is what came of it. 200001 and
// 200002 exist in the product and are not known to us, hence 2001xx for what the
// pair module does not name itself.
var coded = []struct {
	match error
	code  int
}{
	{wallet.ErrInsufficient, codeInsufficient},
	{moderation.ErrSensitive, codeSensitive},
	{messages.ErrUndelivered, codePartly},
	{pairing.ErrBalance, codeInsufficient},
	{pairing.ErrConfig, 200003},
	{pairing.ErrNoConfig, 200004},
	{pairing.ErrUnknownAsk, 200101},
	{pairing.ErrEnded, 200102},
	{pairing.ErrWrongRound, 200103},
	{pairing.ErrNoOffer, 200104},
	{pairing.ErrTooLate, 200105},
	{pairing.ErrTaken, 200106},
	{pairing.ErrBusy, 200107},
	{pairing.ErrNoCandidate, 200108},
	{pairing.ErrMismatch, 200109},
	{pairing.ErrTooMany, 200110},
	{pairing.ErrUnavailable, 200111},
	{pairing.ErrClosed, 200112},
	{pairing.ErrConfirmed, 200113},
	{pairing.ErrRecordLive, 200114},
}

// outside are the errors of the vendors' port and of HTTP itself, which carry no
// kind. The first row that matches wins.
var outside = []struct {
	match error
	failure
}{
	{vendors.ErrInsufficient, failure{200, codeInsufficient, "the balance is too short"}},
	{vendors.ErrConflict, failure{409, codeConflict, "this request id was used for something else, or a higher sequence came before"}},
	{vendors.ErrUnsupported, failure{501, codeUnsupported, "the configured vendor cannot do this"}},
	{vendors.ErrNoVendor, failure{501, codeUnsupported, "no vendor is configured for this"}},
	{vendors.ErrNotFound, failure{404, codeNotFound, "the vendor knows no such user, group or room"}},
	{vendors.ErrTooLarge, failure{422, codeRefused, "over the vendor's limit"}},
	{vendors.ErrInvalid, failure{422, codeRefused, "the vendor does not take one of the parameters"}},
	{vendors.ErrBlocked, failure{422, codeRefused, "the vendor's rules for these people forbid it"}},

	{middleware.ErrCompressed, failure{415, codeInvalid, ""}},
	{fiber.ErrBadRequest, failure{400, codeInvalid, "the request cannot be read"}},
	{fiber.ErrRequestEntityTooLarge, failure{413, codeTooLarge, "the body is too large"}},
	{fiber.ErrNotFound, failure{404, codeNotFound, "no such path"}},
	{fiber.ErrMethodNotAllowed, failure{405, codeMethod, "this path has another method"}},
}

// byOutcome is how a vendor's failure looks when no row names it. Nothing of the
// vendor's own words or codes gets out.
func byOutcome(e *vendors.Error) failure {
	switch {
	case e.Outcome == vendors.Ambiguous && e.Effect == vendors.Write:
		return failure{504, codeUnknown, "the outcome is unknown: it may have been done"}
	case e.Outcome == vendors.DefiniteNo:
		return failure{422, codeRefused, "the vendor refused it"}
	case e.Outcome == vendors.Throttled:
		return failure{429, codeSlowDown, "too many requests; try again later"}
	}
	return failure{503, codeUnavailable, "the vendor is unavailable; try again later"}
}

// find looks err up: what the error's own domain says of it, then the port, then
// how a vendor's call ended. An error that nothing names is 500 without its text.
func find(err error) failure {
	if kind, text := problem.Of(err); kind != problem.Internal {
		f := byKind[kind]
		f.text = text
		for _, row := range coded {
			if errors.Is(err, row.match) {
				f.status, f.product = fiber.StatusOK, row.code
				break
			}
		}
		return f
	}
	for _, row := range outside {
		if errors.Is(err, row.match) || sameStatus(err, row.match) {
			if row.text == "" {
				row.text = err.Error()
			}
			return row.failure
		}
	}
	var vendor *vendors.Error
	if errors.As(err, &vendor) {
		return byOutcome(vendor)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return failure{503, codeUnavailable, "it took too long; try again later"}
	}
	var own *fiber.Error
	if errors.As(err, &own) && own.Code < 500 {
		// Not its own words: those of a request that cannot be read repeat its head.
		return failure{own.Code, codeInvalid, strings.ToLower(http.StatusText(own.Code))}
	}
	return byKind[problem.Internal]
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
