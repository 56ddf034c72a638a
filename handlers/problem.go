// Package handlers is what the HTTP surfaces share: how a request is read, and how
// an error becomes an answer. Each surface is a folder with an envelope of its own:
// product, gateway, im and admin, and callback for the vendors. Handlers decode,
// call and encode; they return errors, and never write a failure themselves.
package handlers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/problem"
	"switchboard/app/ratelimit"
	"switchboard/middleware"
	"switchboard/vendors"
)

// Problem is an error as a family of paths answers it.
type Problem struct {
	Kind   problem.Kind
	Status int    // of HTTP; families with codes of their own may answer 200
	Text   string // for the caller
}

// Invalid is a request that cannot be understood; the caller is told the text.
func Invalid(format string, args ...any) error {
	return problem.New(problem.Invalid, fmt.Sprintf(format, args...))
}

// statuses are the kinds in HTTP.
var statuses = map[problem.Kind]int{
	problem.Internal:        fiber.StatusInternalServerError,
	problem.Invalid:         fiber.StatusBadRequest,
	problem.Unauthenticated: fiber.StatusUnauthorized,
	problem.Forbidden:       fiber.StatusForbidden,
	problem.NotFound:        fiber.StatusNotFound,
	problem.Conflict:        fiber.StatusConflict,
	problem.TooLarge:        fiber.StatusRequestEntityTooLarge,
	problem.Refused:         fiber.StatusUnprocessableEntity,
	problem.Exhausted:       fiber.StatusTooManyRequests,
	problem.Unsupported:     fiber.StatusNotImplemented,
	problem.Unavailable:     fiber.StatusServiceUnavailable,
	problem.InDoubt:         fiber.StatusGatewayTimeout,
	problem.Lost:            fiber.StatusGatewayTimeout,
}

// vendorSentinels are the errors of the vendors' port, which imports no kinds. Of
// a vendor's own words and codes nothing is shown.
var vendorSentinels = []struct {
	match error
	kind  problem.Kind
	text  string
}{
	{vendors.ErrInsufficient, problem.Exhausted, "the balance is too short"},
	{vendors.ErrConflict, problem.Conflict, "this request id was used for something else, or a higher sequence came before"},
	{vendors.ErrUnsupported, problem.Unsupported, "the configured vendor cannot do this"},
	{vendors.ErrNotDone, problem.Unavailable, "it was not done: the same request may come again"},
	{vendors.ErrNoVendor, problem.Unsupported, "no vendor is configured for this"},
	{vendors.ErrNotFound, problem.NotFound, "the vendor knows no such user, group or room"},
	{vendors.ErrTooLarge, problem.Refused, "over the vendor's limit"},
	{vendors.ErrInvalid, problem.Refused, "the vendor does not take one of the parameters"},
	{vendors.ErrBlocked, problem.Refused, "the vendor's rules for these people forbid it"},
}

// Find looks err up: what the error's own domain says of it, then the vendors'
// port, then HTTP. An error that nothing names is Internal, and its text is not
// shown.
func Find(err error) Problem {
	var vendor *vendors.Error
	isVendor := errors.As(err, &vendor)
	kind, text := problem.Of(err)
	switch {
	case kind == problem.Unavailable && isVendor && vendor.Sent && vendor.Outcome == vendors.Ambiguous && vendor.Effect == vendors.Write:
		return ofOutcome(vendor) // a write that was made and could not be recorded is not to be tried again
	case kind != problem.Internal:
		return of(kind, text)
	}
	var unable *vendors.UnableError
	if errors.As(err, &unable) {
		return of(problem.Unsupported, unable.Error())
	}
	for _, row := range vendorSentinels {
		if errors.Is(err, row.match) {
			return of(row.kind, row.text)
		}
	}
	var own *fiber.Error
	switch {
	case isVendor:
		return ofOutcome(vendor)
	case errors.As(err, &own):
		return ofHTTP(own)
	case errors.Is(err, middleware.ErrCompressed):
		return Problem{problem.Invalid, fiber.StatusUnsupportedMediaType, err.Error()}
	case errors.Is(err, context.DeadlineExceeded):
		return of(problem.Unavailable, "it took too long; try again later")
	}
	return of(problem.Internal, "internal error")
}

// StatusOf is a kind's HTTP status.
func StatusOf(kind problem.Kind) int { return statuses[kind] }

func of(kind problem.Kind, text string) Problem { return Problem{kind, StatusOf(kind), text} }

// ofOutcome is how a vendor's failure looks when no sentinel names it.
func ofOutcome(e *vendors.Error) Problem {
	switch {
	case e.Outcome == vendors.Ambiguous && e.Effect == vendors.Write:
		return of(problem.InDoubt, "the outcome is unknown: it may have been done")
	case e.Outcome == vendors.Partial:
		return of(problem.InDoubt, "it was done in part")
	case e.Outcome == vendors.DefiniteNo:
		return of(problem.Refused, "the vendor refused it")
	case e.Outcome == vendors.Throttled:
		return of(problem.Exhausted, "too many requests; try again later")
	}
	return of(problem.Unavailable, "the vendor is unavailable; try again later")
}

// ofHTTP is for what fiber refuses. Its own texts are not shown: they repeat the
// path, or the head of a request that cannot be read.
func ofHTTP(e *fiber.Error) Problem {
	switch e.Code {
	case fiber.StatusBadRequest:
		return of(problem.Invalid, "the request cannot be read")
	case fiber.StatusNotFound:
		return of(problem.NotFound, "no such path")
	case fiber.StatusRequestEntityTooLarge:
		return of(problem.TooLarge, "the body is too large")
	case fiber.StatusMethodNotAllowed:
		return Problem{problem.Invalid, e.Code, "this path has another method"}
	}
	if e.Code >= fiber.StatusInternalServerError {
		return of(problem.Internal, "internal error")
	}
	return Problem{problem.Invalid, e.Code, strings.ToLower(http.StatusText(e.Code))}
}

// Refuse looks err up for the envelope that answers it. It tells the access log
// why the request failed, and the caller when to come back.
func Refuse(c *fiber.Ctx, err error) Problem {
	middleware.SetCause(c, err)
	middleware.IDOf(c) // what is refused before the middleware, a large body say, has an id too
	p := Find(err)
	if after := retryAfter(err, p.Kind); after > 0 {
		ComeBack(c, after)
	}
	if p.Status == fiber.StatusUpgradeRequired { // RFC 9110 15.5.22, RFC 6455 4.4
		c.Set(fiber.HeaderUpgrade, "websocket")
		c.Set(fiber.HeaderConnection, fiber.HeaderUpgrade)
		c.Set(fiber.HeaderSecWebSocketVersion, "13")
	}
	return p
}

// ComeBack tells the caller to wait before the same request is made again.
func ComeBack(c *fiber.Ctx, after time.Duration) {
	c.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(after.Seconds()))))
}

// comeBack is when to come back to what is unavailable and does not say until when.
const comeBack = 5 * time.Second

// retryAfter is when the same request may be served, 0 when nobody is told to
// come back.
func retryAfter(err error, kind problem.Kind) time.Duration {
	var vendor *vendors.Error
	var often *ratelimit.Refused
	switch found := errors.As(err, &vendor); {
	case errors.As(err, &often):
		return often.After
	case problem.Again(err) > 0:
		return problem.Again(err)
	case found && vendor.RetryAfter > 0:
		return vendor.RetryAfter
	case kind == problem.Unavailable:
		return comeBack
	case found && vendor.Outcome == vendors.Throttled:
		return time.Second
	}
	return 0
}

// PlainFailure answers where no document describes an envelope: operators' paths,
// probes and vendors' callbacks.
func PlainFailure(c *fiber.Ctx, err error) error {
	p := Refuse(c, err)
	return c.Status(p.Status).JSON(fiber.Map{"error": p.Text})
}
