package product

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/wallet"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

var platforms = map[string]bool{vendors.PlatformWeb: true, vendors.PlatformIOS: true, vendors.PlatformAndroid: true}

// order credits a paid order once. As for adjust, request_id is the idempotency key when
// the header is left out.
func (h BackEnd) order(c *fiber.Ctx) error {
	var in struct {
		UID       handlers.UserID `json:"uid"`
		Coins     handlers.Int    `json:"coins"`
		RequestID handlers.UserID `json:"request_id"`
		OrderID   handlers.UserID `json:"order_id"`
		Cents     handlers.Int    `json:"cents"`
		Channel   string          `json:"channel"`
		Platform  string          `json:"platform"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	for _, id := range []struct {
		field string
		id    handlers.UserID
	}{{"uid", in.UID}, {"request_id", in.RequestID}, {"order_id", in.OrderID}} {
		if err := id.id.Check(id.field); err != nil {
			return err
		}
	}
	switch {
	case in.Coins < 1:
		return handlers.Invalid("coins: a whole number above 0 is required")
	case in.Cents < 0:
		return handlers.Invalid("cents: must not be negative")
	case !platforms[in.Platform]:
		return handlers.Invalid("platform: one of h5, ios, android")
	}
	o := wallet.Order{User: string(in.UID), Coins: int64(in.Coins), RequestID: string(in.RequestID), OrderID: string(in.OrderID), Cents: int64(in.Cents), Channel: in.Channel, Platform: in.Platform}
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey, o.RequestID), Op: vendors.OpOrder, Vendor: h.Wallet.Keeper(c.UserContext()), Payload: o}
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		return h.Wallet.Credit(ctx, middleware.AppOf(c).ID, o)
	})
}
