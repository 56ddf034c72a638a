// Package callback serves what vendors send.
package callback

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"

	"switchboard/app/events"
	"switchboard/app/moderation"
	"switchboard/app/owners"
	"switchboard/app/problem"
	"switchboard/handlers"
	"switchboard/vendors"
)

// Handler takes what vendors send us, at /callbacks/{account} and one path
// below it, so that every kind of callback can be given an address of its own.
type Handler struct {
	Routes *vendors.Router
	Events *events.Service
	Owners *owners.Service                              // nil: events speak the vendors' ids
	Import func(context.Context, []vendors.Event) error // stores messages, each once; nil: they are events only
	Words  *moderation.Service
	Log    *slog.Logger
}

// Mount adds the routes. The vendor's signature is all the authority there is.
func (h Handler) Mount(r fiber.Router) {
	r.Post("/:account", h.take)
	r.Post("/:account/:rest", h.take)
}

var (
	errNoCallbacks  = problem.New(problem.NotFound, "no vendor account of that name sends callbacks")
	errBadSignature = problem.New(problem.Unauthenticated, "the signature is not the vendor's")
)

// blockedNote is what the sender of a blocked message is told, where the vendor
// passes it on. It does not name the word.
const blockedNote = "the message holds a sensitive word"

// take answers only when the events are kept: a vendor repeats what was not
// acknowledged. A question whether to deliver is answered in any case, since a
// vendor that hears nothing delivers (docs/vendors/rongcloud.md#pre-send-check).
func (h Handler) take(c *fiber.Ctx) error {
	request, err := adaptor.ConvertRequest(c, false)
	if err != nil {
		return handlers.Invalid("the request cannot be read")
	}
	from, found, err := h.parse(c.Params("account"), request, c.Body())
	if err != nil {
		return err
	}
	ctx, stop := h.inTime(c, found)
	defer stop()
	kept := h.keep(ctx, found) // puts our ids in found
	verdict, asked := h.judge(found)
	if kept != nil && !asked {
		return kept
	}
	if kept != nil {
		h.Log.Warn("callback answered but not stored", "component", "callback", "vendor", c.Params("account"), "error", kept)
	}
	reply := from.Reply(found, verdict)
	if reply.ContentType != "" {
		c.Set(fiber.HeaderContentType, reply.ContentType)
	}
	return c.Status(reply.Status).Send(reply.Body)
}

// inTime leaves a question whether to deliver a quarter of the vendor's deadline to be
// answered in: what cannot be stored before is not waited for.
func (h Handler) inTime(c *fiber.Ctx, found []vendors.Event) (context.Context, context.CancelFunc) {
	live := h.Routes.Live(c.Params("account"))
	asks := slices.ContainsFunc(found, func(e vendors.Event) bool { return e.Kind == vendors.EventModeration })
	if len(live) == 0 || !asks || live[0].Traits.Callbacks.Deadline == 0 {
		return c.UserContext(), func() {}
	}
	return context.WithTimeout(c.UserContext(), live[0].Traits.Callbacks.Deadline*3/4)
}

// keep stores messages before events: a failure of either makes the vendor
// repeat, and an event that is known already is not looked at again. All are kept by
// our ids.
func (h Handler) keep(ctx context.Context, found []vendors.Event) error {
	if h.Owners != nil {
		if err := h.Owners.Translate(ctx, found, h.Routes.Apps); err != nil {
			return err
		}
	}
	if h.Import != nil {
		if err := h.Import(ctx, found); err != nil {
			return err
		}
	}
	return h.Events.Take(ctx, found)
}

// parse tries every live key of the account: while keys are rotated the vendor
// may still sign with the old one.
func (h Handler) parse(account string, r *http.Request, body []byte) (vendors.Callbacks, []vendors.Event, error) {
	err := errNoCallbacks
	for _, v := range h.Routes.Live(account) {
		if v.Callbacks == nil {
			continue
		}
		if !v.BelievesAddress(r) {
			err = errBadSignature
			continue
		}
		var found []vendors.Event
		if found, err = v.Callbacks.Parse(r, body); err == nil {
			return v.Callbacks, found, nil
		}
		if vendors.OutcomeOf(err) != vendors.AuthFault {
			return nil, nil, handlers.Invalid("the callback is none that is known")
		}
	}
	if !errors.Is(err, errNoCallbacks) {
		err = errBadSignature
	}
	return nil, nil, err
}

// judge decides whether a message that the vendor asks about may be delivered.
func (h Handler) judge(found []vendors.Event) (v vendors.Verdict, asked bool) {
	for _, e := range found {
		if e.Kind != vendors.EventModeration {
			continue
		}
		asked = true
		if h.Words.Check(e.Text) != nil {
			v.Block, v.Note = true, blockedNote
		}
	}
	return v, asked
}
