package product

import (
	"errors"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/messages"
	"switchboard/app/moderation"
	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/problem"
	"switchboard/app/wallet"
	"switchboard/handlers"
	"switchboard/vendors"
)

// The API's codes (docs/product-api.md#product-codes). The document names 0, 1003
// and 100002; the other 1001xx are ours, clear of the numbers that the product may
// use and its document does not show.
const (
	codeInsufficient = 1003
	codeSensitive    = 100002
	codeMethod       = 100105
	codePartly       = 100112
)

// kinds are the codes of errors that have none of their own.
var kinds = map[problem.Kind]int{
	problem.Internal:        100100,
	problem.Invalid:         100101,
	problem.Unauthenticated: 100102,
	problem.Forbidden:       100103,
	problem.NotFound:        100104,
	problem.TooLarge:        100106,
	problem.Exhausted:       100107,
	problem.Unavailable:     100108,
	problem.InDoubt:         100109,
	problem.Refused:         100110,
	problem.Unsupported:     100111,
	problem.Conflict:        100113,
	problem.Lost:            100114,
}

// coded are the errors with a code of their own. Their status is 200: the request
// was served, and this is what came of it. 200001 and 200002 exist in the product
// and are not known to us, hence 2001xx for what its document does not name.
var coded = []struct {
	match error
	code  int
}{
	{wallet.ErrInsufficient, codeInsufficient},
	{vendors.ErrInsufficient, codeInsufficient},
	{moderation.ErrSensitive, codeSensitive},
	{messages.ErrUndelivered, codePartly},
	{errPartly, codePartly},
	{ticket.ErrBalance, codeInsufficient},
	{pairing.ErrConfig, 200003},
	{pairing.ErrNoConfig, 200004},
	{ticket.ErrUnknownAsk, 200101},
	{ticket.ErrEnded, 200102},
	{ticket.ErrWrongRound, 200103},
	{ticket.ErrNoOffer, 200104},
	{ticket.ErrTooLate, 200105},
	{ticket.ErrTaken, 200106},
	{ticket.ErrBusy, 200107},
	{pairing.ErrNoCandidate, 200108},
	{ticket.ErrMismatch, 200109},
	{pairing.ErrTooMany, 200110},
	{ticket.ErrUnavailable, 200111},
	{pairing.ErrClosed, 200112},
	{ticket.ErrConfirmed, 200113},
	{pairing.ErrRecordLive, 200114},
}

// codeOf returns the HTTP status and the code of err, which was found to be p.
func codeOf(err error, p handlers.Problem) (status, code int) {
	for _, row := range coded {
		if errors.Is(err, row.match) {
			return fiber.StatusOK, row.code
		}
	}
	if p.Status == fiber.StatusMethodNotAllowed {
		return p.Status, codeMethod
	}
	return p.Status, kinds[p.Kind]
}
