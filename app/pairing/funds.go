package pairing

import (
	"context"

	"switchboard/app/pairing/ticket"
)

// knownFunds is what is known before the balance source was asked: zero is not
// worth asking for.
func (s *Service) knownFunds(need int64) ticket.Funds {
	if need <= 0 || s.Balance == nil {
		return ticket.FundsOK
	}
	return ticket.FundsUnread
}

// checkFunds compares a balance with what is needed.
func (s *Service) checkFunds(ctx context.Context, app string, uid ticket.UID, need int64) ticket.Funds {
	if f := s.knownFunds(need); f != ticket.FundsUnread {
		return f
	}
	return s.readBalance(ctx, app, uid).Covers(need)
}

// readBalance reads a balance; one that cannot be read is not known.
func (s *Service) readBalance(ctx context.Context, app string, uid ticket.UID) ticket.Balance {
	coins, err := s.Balance(ctx, app, uid)
	if err != nil {
		s.count("unknown", "balance")
		s.log.WarnContext(ctx, "balance not read", "user", uid, "error", err)
		return ticket.Balance{}
	}
	return ticket.Balance{Coins: coins, Known: true}
}
