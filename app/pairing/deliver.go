package pairing

import (
	"context"
	"maps"
	"slices"

	"switchboard/app/pairing/ticket"
	"switchboard/vendors"
)

// sentCounters names the counter of a channel's deliveries.
var sentCounters = [...]string{ticket.ToClient: "vendor_sent", ticket.ToWallet: "wallet_sent", ticket.ToVendor: "hangup_sent", ticket.ToBusiness: "business_sent", ticket.FromWallet: "wallet_sent"}

// deliver makes one delivery within limited and notes how it ended; ctx lasts as long
// as deliveries may.
func (s *Service) deliver(ctx, limited context.Context, j Outgoing) ticket.DeliveryResult {
	if j.Expired(s.now()) {
		s.count("ignored", "lease_lost")
		return ticket.DeliveryRetry
	}
	how := s.Deliver(limited, j)
	s.Delivered(ctx, j, how)
	return how
}

// putOff notes that a delivery was not made, since one before it was refused.
func (s *Service) putOff(ctx context.Context, j Outgoing) { s.Delivered(ctx, j, ticket.DeliveryRetry) }

// Deliver makes one delivery and says how it ended.
func (s *Service) Deliver(ctx context.Context, j Outgoing) ticket.DeliveryResult {
	var err error
	ctx, end := s.Spans.Begin(ctx, "pairing.deliver")
	defer func() { end(traceOf(j.Ticket), err) }()
	sent := sentCounters[j.Entry.Kind]
	switch j.Entry.Kind {
	case ticket.ToClient:
		c := j.Command()
		if c.Socket = s.hasSocket(c.App, c.To); c.Socket {
			sent = "socket_sent"
		}
		err = s.Send(ctx, c)
	case ticket.ToVendor:
		if s.HangUp != nil {
			err = s.HangUp(ctx, Order{App: j.Ticket.App, AskNo: j.Ticket.AskNo, CallID: j.Entry.CallID, Users: [2]ticket.UID{j.Entry.To, j.Entry.Peer}})
		}
	case ticket.ToWallet:
		if s.Charge != nil {
			err = s.Charge(ctx, j.charge())
		}
	case ticket.FromWallet:
		err = s.readPayerBalance(ctx, j)
	case ticket.ToBusiness:
		if s.Notify != nil {
			err = s.Notify(ctx, j.notice())
		}
	}
	s.count(sent, vendors.OutcomeOf(err).String())
	if err != nil {
		s.log.WarnContext(ctx, "delivery failed", "ask_no", j.Ticket.AskNo, "name", j.Entry.Name, "user", j.Entry.To, "error", err)
	}
	return resultOf(err)
}

// readPayerBalance reads the payer's balance for a liked call (C15).
func (s *Service) readPayerBalance(ctx context.Context, j Outgoing) error {
	if s.Balance == nil {
		return nil
	}
	coins, err := s.Balance(ctx, j.Ticket.App, j.Entry.To)
	if err == nil {
		_, err = s.apply(ctx, j.Ticket.AskNo, ticket.BalanceRead{Round: j.Entry.Round, Balance: ticket.Balance{Coins: coins, Known: true}})
	}
	return err
}

// Delivered notes a delivery's end, which is written with the ticket's next step
// or by AckOnce; a dispatch that nobody got at once, since others can be offered.
func (s *Service) Delivered(ctx context.Context, j Outgoing, how ticket.DeliveryResult) {
	end := ticket.Delivery{ID: j.Entry.ID, Result: how, At: s.now()}
	s.measure("outbox_age_seconds", end.At.Sub(j.Entry.At).Seconds())
	if j.Entry.Name == ticket.CommandDispatch {
		s.measure("offer_latency_seconds", end.At.Sub(j.Entry.At).Seconds())
		if how == ticket.DeliveryRetry || how == ticket.DeliveryFailed {
			if _, err := s.apply(ctx, j.Ticket.AskNo, ticket.Acked{Deliveries: []ticket.Delivery{end}}); err != nil {
				s.log.WarnContext(ctx, "dispatch result not written", "ask_no", j.Ticket.AskNo, "error", err)
			}
			return
		}
	}
	s.sender.addAcks(j.Ticket.AskNo, end)
}

// AckOnce writes the ends of deliveries that no other step has taken along.
func (s *Service) AckOnce(ctx context.Context) {
	acks := map[string][]ticket.Delivery{}
	for i := range s.sender.parts {
		p := &s.sender.parts[i]
		p.mu.Lock()
		maps.Copy(acks, p.acks)
		clear(p.acks)
		p.mu.Unlock()
	}
	asks := slices.Sorted(maps.Keys(acks))
	s.each(len(asks), sweepers, func(i int) {
		if _, err := s.apply(ctx, asks[i], ticket.Acked{Deliveries: acks[asks[i]]}); err != nil {
			s.log.WarnContext(ctx, "delivery results not written", "ask_no", asks[i], "error", err)
		}
	})
}
