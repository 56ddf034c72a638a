package rongcloud_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	"switchboard/vendors"
)

// fails spoils the error of Send.
func fails(spoil func(*vendors.Error) error) func(*vendors.Vendor) {
	return sends(func(right sendFunc) sendFunc {
		return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
			r, err := right(ctx, m)
			var e *vendors.Error
			if errors.As(err, &e) {
				copied := *e
				err = spoil(&copied)
			}
			return r, err
		}
	})
}

// outcome turns one outcome into another.
func outcome(from, to vendors.Outcome) func(*vendors.Vendor) {
	return fails(func(e *vendors.Error) error {
		if e.Outcome == from {
			e.Outcome = to
		}
		return e
	})
}

func errorMutants() []mutant {
	spoiled, codes, hidden := "SpoiledExchangeHasItsOutcome", "VendorCodeHasItsOutcomeAndIsKeptRaw", "NoErrorHoldsASecretOrAnAddress"
	return []mutant{
		{name: "retried write", caught: "WriteIsNeverRepeatedByItself", vendor: sends(func(right sendFunc) sendFunc {
			return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
				r, err := right(ctx, m)
				if vendors.OutcomeOf(err) == vendors.Ambiguous {
					return right(ctx, m)
				}
				return r, err
			}
		})},
		{name: "secret in an error", caught: hidden, vendor: fails(func(e *vendors.Error) error {
			e.Text = "signed with " + secret
			return e
		})},
		{name: "secret in a cause", caught: hidden, vendor: fails(func(e *vendors.Error) error {
			e.Err = fmt.Errorf("sha1(%s...)", secret)
			return e
		})},
		{name: "leaks the URL", caught: hidden, vendor: fails(func(e *vendors.Error) error {
			e.Err = &url.Error{Op: "Post", URL: "https://api.rong-api.com/message/private/publish.json", Err: io.EOF}
			return e
		})},
		{name: "error of another type", caught: spoiled, vendor: fails(func(e *vendors.Error) error { return errors.New(e.Error()) })},
		{name: "error names no operation", caught: spoiled, vendor: fails(func(e *vendors.Error) error { e.Op = ""; return e })},
		{name: "lost vendor code", caught: codes, vendor: func(v *vendors.Vendor) {
			r := right(v)
			v.Presence = codeless{r}
		}},
		{name: "garbage is ok", caught: spoiled, vendor: fails(func(e *vendors.Error) error {
			if errors.Is(e, vendors.ErrUnreadable) {
				return nil
			}
			return e
		})},
		{name: "5xx with a good body is ok", caught: "GoodBodyUnderABadStatusIsNotASuccess", vendor: fails(func(e *vendors.Error) error {
			if e.Status/100 == 5 && e.Code == "" {
				return nil
			}
			return e
		})},
		{name: "doubt told as not sent", caught: spoiled, vendor: outcome(vendors.Ambiguous, vendors.NotSent)},
		{name: "not sent told as doubt", caught: "UnreachableFarEndIsNotSent", vendor: outcome(vendors.NotSent, vendors.Ambiguous)},
		{name: "throttling told as a refusal", caught: spoiled, vendor: outcome(vendors.Throttled, vendors.DefiniteNo)},
		{name: "forgets how long to wait", caught: "ThrottledAnswerKeepsHowLongToWait", vendor: func(v *vendors.Vendor) {
			v.Presence = hasty{right(v)}
		}},
		{name: "caller who left told as doubt", caught: "CallerWhoLeavesGetsCancelled", vendor: outcome(vendors.Cancelled, vendors.Ambiguous)},
		{name: "ignores the context", caught: "SilentFarEndIsAmbiguousAtTheDeadline", vendor: ignoring},
		{name: "ignores that the caller left", caught: "CallerWhoLeavesGetsCancelled", vendor: ignoring},
		{name: "sends for a caller who has left", caught: "CallerWhoHasLeftSendsNothing", vendor: ignoring},
	}
}

var ignoring = sends(func(right sendFunc) sendFunc {
	return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
		return right(context.WithoutCancel(ctx), m)
	}
})

type (
	codeless struct{ wrong }
	hasty    struct{ wrong }
)

func (h hasty) Statuses(ctx context.Context, users []string) ([]vendors.Status, error) {
	found, err := h.Vendor.Presence.Statuses(ctx, users)
	var e *vendors.Error
	if errors.As(err, &e) {
		copied := *e
		copied.RetryAfter = 0
		return found, &copied
	}
	return found, err
}

func (c codeless) Statuses(ctx context.Context, users []string) ([]vendors.Status, error) {
	found, err := c.Vendor.Presence.Statuses(ctx, users)
	var e *vendors.Error
	if errors.As(err, &e) {
		copied := *e
		copied.Code = ""
		return found, &copied
	}
	return found, err
}
