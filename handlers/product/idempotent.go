package product

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/messages"
	"switchboard/app/wallet"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// once makes a write through the ledger: run answers or returns an error, and
// whoever repeats the request with its key is given the same answer, marked by
// Idempotent-Replayed.
func once(c *fiber.Ctx, l *ledger.Ledger, w ledger.Write, run func(context.Context) error) error {
	w.App, w.RequestID = middleware.AppOf(c).ID, middleware.IDOf(c)
	answer, replayed, err := l.Do(c.UserContext(), w, func(ctx context.Context) ledger.Answer {
		err := run(ctx)
		if err != nil {
			_ = Failure(c, err) // it writes the answer; what cannot be encoded shows as an empty one
		}
		return ledger.Answer{Outcome: outcomeOf(err), Status: c.Response().StatusCode(), Body: bytes.Clone(c.Response().Body())}
	})
	switch {
	case errors.Is(err, ledger.ErrInProgress):
		c.Set(fiber.HeaderRetryAfter, "1")
		return err
	case err != nil || !replayed:
		return err
	}
	c.Set("Idempotent-Replayed", "true")
	if answer.Status == 0 { // the process that made it died before it could answer
		return &vendors.Error{Op: w.Op, Outcome: vendors.Ambiguous, Effect: vendors.Write}
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Status(answer.Status).Send(answer.Body)
}

// outcomeOf says whether a write may have been executed. One that reached some
// targets was; one whose caller left after it was sent may have been.
func outcomeOf(err error) vendors.Outcome {
	if err == nil {
		return vendors.OK
	}
	var vendor *vendors.Error
	switch found := errors.As(err, &vendor); {
	case found && (vendor.Outcome == vendors.Ambiguous || vendor.Outcome == vendors.Cancelled && vendor.Sent):
		return vendors.Ambiguous
	case errors.Is(err, messages.ErrUndelivered):
		return vendors.OK
	case errors.Is(err, wallet.ErrInsufficient):
		return vendors.DefiniteNo
	case found:
		return vendor.Outcome
	}
	return vendors.NotSent // refused on this side
}

// settled is the answer of a write that the reconciler found out about.
func settled(data any, err error) ledger.Answer {
	out := answer{Data: data, Time: time.Now().Unix()}
	a := ledger.Answer{Outcome: outcomeOf(err), Status: fiber.StatusOK}
	if err != nil {
		p := handlers.Find(err)
		out.Err, out.Data = &p.Text, nil
		a.Status, out.Code = codeOf(err, p)
	}
	a.Body, _ = json.Marshal(out) // data is a map of texts
	return a
}
