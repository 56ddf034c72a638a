package pairing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
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
	if askNo, round, ours := roomOf(e.Target); ours && e.Action == "joined" {
		uid, err := ticket.ParseUID(e.From)
		if err != nil {
			return nil
		}
		return ignoreRefusal(s.CallStarted(ctx, app, askNo, ticket.CallSeen{Users: []ticket.UID{uid}, Round: round, CallID: e.Target}))
	}
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
			if err := ignoreRefusal(s.CallOver(ctx, app, c.AskNo, ticket.CallEnded{CallID: strings.TrimSpace(e.Target)})); err != nil {
				return err
			}
			return s.closeRoom(ctx, app, e)
		}
	}
	return nil
}

// closeRoom ends a room of ours that one of the two has left: the other is not left
// alone in it.
func (s *Service) closeRoom(ctx context.Context, app string, e vendors.Event) error {
	askNo, _, ours := roomOf(e.Target)
	if !ours || e.Action != "left" || s.HangUp == nil {
		return nil
	}
	err := s.HangUp(ctx, Order{App: app, AskNo: askNo, CallID: e.Target})
	if errors.Is(err, vendors.ErrNotFound) || errors.Is(err, vendors.ErrNoVendor) || errors.Is(err, vendors.ErrUnsupported) {
		return nil
	}
	return err
}

const roomPrefix = "pair-" // of rooms whose names this product chose

// roomName is the room of a round's call.
func roomName(askNo string, round int) string {
	return fmt.Sprintf("%s%s-%d", roomPrefix, askNo, round)
}

// roomOf reads what roomName wrote.
func roomOf(room string) (askNo string, round int, ours bool) {
	rest, ours := strings.CutPrefix(room, roomPrefix)
	cut := strings.LastIndexByte(rest, '-')
	if !ours || cut < 0 {
		return "", 0, false
	}
	round, err := strconv.Atoi(rest[cut+1:])
	return rest[:cut], round, err == nil && round > 0
}

// CallRoom is the RTC room that this product names for the call of uid's round; false
// outside a call. What clients report as their call's id never counts: it could be
// anybody's room.
func (s *Service) CallRoom(ctx context.Context, app, askNo string, uid ticket.UID) (room string, inCall bool, err error) {
	t, err := s.load(ctx, app, askNo)
	if err != nil {
		return "", false, err
	}
	if uid != t.Asker && uid != t.Round().Peer || !t.State.InCall() {
		return "", false, nil
	}
	return roomName(askNo, t.RoundNo()), true, nil
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
