package wallet

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"switchboard/vendors"
)

// Change is an adjustment that an app's back end asks for, and what the ledger
// keeps of it.
type Change struct {
	User      string `json:"user"`
	Delta     int64  `json:"delta"` // coins
	RequestID string `json:"request_id"`
	Reason    string `json:"reason"`
}

// Applied is what the back end is told of a change that was made.
type Applied struct {
	RequestID string `json:"request_id"`
}

// Apply makes the change at the keeper.
func (s *Service) Apply(ctx context.Context, app string, c Change) (any, error) {
	return s.applyAt(ctx, app, s.Keeper(ctx), c)
}

// Settle is the ledger's recipe for a change in doubt. The port promises that its
// vendor applies a request id once, so repeating it at the account that may have
// it both asks and ends the doubt: it was applied, or it is now, or it is refused.
func (s *Service) Settle(ctx context.Context, app, account string, _ time.Time, payload, _ []byte) (any, error) {
	var c Change
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, fmt.Errorf("wallet: a change in the ledger is not readable: %w", err)
	}
	return s.applyAt(ctx, app, account, c)
}

// applyAt names the app in the request id: two apps' ids never meet at the vendor.
func (s *Service) applyAt(ctx context.Context, app, account string, c Change) (any, error) {
	err := s.AdjustAt(ctx, account, vendors.Adjustment{RequestID: app + "/" + c.RequestID, User: c.User, Delta: c.Delta, Reason: c.Reason})
	if err != nil {
		return nil, err
	}
	return Applied{c.RequestID}, nil
}
