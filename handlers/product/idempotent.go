package product

import (
	"context"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// idempotent makes a write through the ledger and answers what became of it.
// Whoever repeats the request with its key is told what became of the first one,
// marked by Idempotent-Replayed; Retry-After says when more may be known.
func idempotent(c *fiber.Ctx, l *ledger.Ledger, w ledger.Write, run ledger.Run) error {
	w.App, w.RequestID = middleware.AppOf(c).ID, middleware.IDOf(c)
	var cause error
	result, replayed, err := l.Do(c.UserContext(), w, func(ctx context.Context) (data any, err error) {
		data, cause = run(ctx)
		return data, cause
	})
	switch {
	case err != nil:
		return err
	case replayed:
		c.Set("Idempotent-Replayed", "true")
	case cause != nil:
		handlers.Refuse(c, cause)
	}
	if result.Again > 0 {
		handlers.ComeBack(c, result.Again)
	}
	if !result.Answered() { // the process that made it died before it could answer
		return &vendors.Error{Op: w.Op, Outcome: vendors.Ambiguous, Effect: vendors.Write}
	}
	return render(c, result)
}

// render is a write's answer, the first time as well as for a repeat.
func render(c *fiber.Ctx, r ledger.Result) error {
	out := answer{Code: r.Code, Data: r.Data, Time: r.At.Unix()}
	if r.Code != 0 {
		out.Err = &r.Text
	}
	return c.Status(StatusOf(r.Code)).JSON(out)
}

// Describe is how the ledger tells a failed write's caller of err.
func Describe(err error) (code int, text string, data any) {
	p := handlers.Find(err)
	_, code = codeOf(err, p)
	return code, p.Text, dataOf(err)
}

// StatusOf is the HTTP status of an answer with the code.
func StatusOf(code int) int {
	for kind, c := range kinds {
		if c == code {
			return handlers.StatusOf(kind)
		}
	}
	return http.StatusOK
}
