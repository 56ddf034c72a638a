package pairing

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"switchboard/app/pairing/ticket"
	"switchboard/vendors"
)

// HandleVendorEvent takes a vendor's event: presence, call signalling and call rooms. What
// does not concern pairing is passed over; a repeat or an old one changes
// nothing (Y5).
func (s *Service) HandleVendorEvent(ctx context.Context, app string, e vendors.Event) error {
	switch e.Kind {
	case vendors.EventPresence:
		uid, err := ticket.ParseUID(e.From)
		if err != nil {
			return nil
		}
		if e.Action == "logout" {
			return s.RecordLogout(ctx, app, uid, e.Session, ticket.At(e.At))
		}
		return s.RecordVendorPresence(ctx, app, uid, e.Session, e.Action == "online", ticket.At(e.At))
	case vendors.EventCall:
		return s.handleCall(ctx, app, e)
	case vendors.EventRoom:
		return s.handleRoom(ctx, app, e)
	default:
		return nil
	}
}

// callExtra is what clients put into the extra field of a call invite (docs/product-api.md#pair-matching).
type callExtra struct {
	AskNo   string `json:"ask_no"`
	RoundNo int    `json:"round_no"`
}

// handleCall reads routed RC:VC* messages. Only the invite carries the ask; a
// later one is found by the people in it.
func (s *Service) handleCall(ctx context.Context, app string, e vendors.Event) error {
	from, err1 := ticket.ParseUID(e.From)
	to, err2 := ticket.ParseUID(e.Target)
	if err1 != nil || err2 != nil {
		return nil
	}
	var content struct {
		Extra string `json:"extra"`
	}
	var extra callExtra
	_ = json.Unmarshal(e.Content, &content)           // no extra: an ordinary call
	_ = json.Unmarshal([]byte(content.Extra), &extra) // the same
	if extra.AskNo == "" {
		c, held, err := s.Store.Holder(ctx, app, from)
		if err != nil || !held {
			return err
		}
		extra = callExtra{AskNo: c.AskNo, RoundNo: c.Round}
		if c.Role == ticket.RoleAsker {
			extra.RoundNo = 0
		}
	}
	switch e.Action {
	case "invited", "accepted":
		if extra.RoundNo == 0 {
			return nil // an invite names its round; the accept of a named one says nothing new
		}
		return ignoreRefusal(s.CallStarted(ctx, app, extra.AskNo, ticket.CallSeen{Users: []ticket.UID{from, to}, Round: extra.RoundNo, CallID: e.Session}))
	case "ended":
		return ignoreRefusal(s.CallOver(ctx, app, extra.AskNo, ticket.CallEnded{Round: extra.RoundNo, CallID: e.Session}))
	default:
		return nil
	}
}

// handleRoom reads RTC room events. A room that a pairing's call runs in ends
// when it is destroyed; its people tell which ask it was.
func (s *Service) handleRoom(ctx context.Context, app string, e vendors.Event) error {
	if e.Action != "destroyed" && e.Action != "left" || e.Reason == vendors.ReasonReplaced {
		return nil
	}
	for _, user := range append(e.Users, e.From) {
		uid, err := ticket.ParseUID(user)
		if err != nil {
			continue
		}
		c, held, err := s.Store.Holder(ctx, app, uid)
		if err != nil {
			return err
		}
		if held {
			return ignoreRefusal(s.CallOver(ctx, app, c.AskNo, ticket.CallEnded{CallID: strings.TrimSpace(e.Target)}))
		}
	}
	return nil
}

// ignoreRefusal drops the refusals that a vendor can do nothing about.
func ignoreRefusal(err error) error {
	for _, known := range []error{ticket.ErrUnknownAsk, ticket.ErrEnded, ticket.ErrMismatch, ticket.ErrWrongRound} {
		if errors.Is(err, known) {
			return nil
		}
	}
	return err
}
