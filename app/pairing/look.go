package pairing

import (
	"context"
	"errors"

	"switchboard/app/pairing/ticket"
	"switchboard/vendors"
)

// maxAsked bounds the questions to vendors about people whose evidence ran out.
const maxAsked = 32

// tick fires what is due of one ask. Its people are looked at when the last that
// shows one of them may have ended: nobody has to report that.
func (s *Service) tick(ctx context.Context, askNo string) (err error) {
	var t *ticket.Ticket
	ctx, end := s.Spans.Begin(ctx, "pairing.deadline")
	defer func() { end(traceOf(t), err) }()
	t, err = s.apply(ctx, askNo, ticket.Tick{})
	if !errors.Is(err, ticket.ErrNeedSights) {
		return err
	}
	var sights []ticket.Sight
	for _, uid := range t.Watched() {
		at := s.now()
		c, err := s.Store.Candidate(ctx, t.App, uid)
		if err != nil {
			return err
		}
		sight := ticket.Sight{UID: uid, At: at, Standing: c.Standing(at)}
		if !sight.Present && sight.Since != 0 && !sight.Closed {
			s.askVendor(ctx, t.App, uid)
		}
		sights = append(sights, sight)
	}
	_, err = s.apply(ctx, askNo, ticket.Tick{Sights: sights})
	return err
}

// traceOf is the trace of the request that asked; t may be nil.
func traceOf(t *ticket.Ticket) vendors.Trace {
	if t == nil {
		return vendors.Trace{}
	}
	return vendors.Trace{Parent: t.Trace}
}

// askVendor asks, beside the sweep, whether somebody is online whom nothing shows any
// more. Without an answer they stay gone; they are looked at again while their grace runs.
func (s *Service) askVendor(ctx context.Context, app string, uid ticket.UID) {
	if s.Online == nil {
		return
	}
	select {
	case s.asking <- struct{}{}:
	default:
		return
	}
	s.asked.Go(func() {
		defer func() { <-s.asking }()
		limited, cancel := context.WithTimeout(ctx, verifyTimeout)
		defer cancel()
		online, err := s.Online(limited, app, uid)
		switch {
		case err != nil:
			s.count("unknown", "presence")
		case online:
			err = s.RecordPresence(ctx, app, uid, "vendor", s.vendorEvidence(ctx, app, true, s.now()))
			if err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "presence not stored", "user", uid, "error", err)
			}
		}
	})
}
