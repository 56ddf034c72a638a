package wallet

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"switchboard/vendors"
)

// Order is a payment that an app's back end reports, and what the ledger keeps of it.
type Order struct {
	User      string `json:"user"`
	Coins     int64  `json:"coins"`
	RequestID string `json:"request_id"`
	OrderID   string `json:"order_id"`
	Cents     int64  `json:"cents"` // US cents
	Channel   string `json:"channel,omitempty"`
	Platform  string `json:"platform"`
}

// Credit adds a paid order's coins at the keeper, once for each request id.
func (s *Service) Credit(ctx context.Context, app string, o Order) (any, error) {
	return s.creditAt(ctx, app, s.Keeper(ctx), o)
}

// SettleOrder is the ledger's recipe for an order in doubt, as Settle is for a change.
func (s *Service) SettleOrder(ctx context.Context, app, account string, _ time.Time, payload, _ []byte) (any, error) {
	var o Order
	if err := json.Unmarshal(payload, &o); err != nil {
		return nil, fmt.Errorf("wallet: an order in the ledger is not readable: %w", err)
	}
	return s.creditAt(ctx, app, account, o)
}

func (s *Service) creditAt(ctx context.Context, app, account string, o Order) (any, error) {
	q := vendors.Request{Capability: vendors.CapWallet, Effect: vendors.Write, Account: account}
	_, err := vendors.ViaAble(ctx, s.routes, q, "wallet.orders", func(v *vendors.Vendor) vendors.Orders { return v.Orders },
		func(ctx context.Context, _ *vendors.Vendor, able vendors.Orders) (struct{}, error) {
			return struct{}{}, able.CreditOrder(ctx, vendors.Order{
				RequestID: app + "/" + o.RequestID, User: o.User, Coins: o.Coins, OrderID: o.OrderID, Cents: o.Cents, Channel: o.Channel, Platform: o.Platform,
			})
		})
	if err != nil {
		return nil, err
	}
	return Applied{o.RequestID}, nil
}
