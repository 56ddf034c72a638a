package linkv

import (
	"context"
	"strconv"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// CreditOrder reports a paid order to LinkV (docs/vendors/linkv.md#coins). Its
// request id is made from another name than an adjustment's, so that an order is
// never taken for the repeat of an adjustment with the same id.
func (a *adapter) CreditOrder(ctx context.Context, o vendors.Order) error {
	op := vendors.OpOrder
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{o.User}}); err != nil {
		return err
	}
	if why := orderProblem(o); why != "" {
		return vendors.Refuse(a.name, op, vendors.ErrInvalid, why)
	}
	openID, err := a.openID(ctx, op, vendors.User{ID: o.User})
	if err != nil {
		return vendors.BeforeWrite(err) // no coin has moved
	}
	form := upstream.Fields{
		{"uid", openID},
		{"request_id", a.requestID("order\x00" + o.RequestID)},
		{"type", addCoins},
		{"value", strconv.FormatInt(o.Coins, 10)},
		{"order_id", o.OrderID},
		{"money", strconv.FormatInt(o.Cents, 10)},
		{"platform", o.Platform},
		{"expriation", strconv.FormatInt(a.coinsExpire(time.Now()), 10)}, // the vendor's spelling
	}
	if o.Channel != "" {
		form.Set("channel", o.Channel)
	}
	call := a.liveCall(op, upstream.Write, "/open/finanv0/orderSuccess", form)
	call.Idempotent = true
	return a.live.Do(ctx, call, nil)
}

// orderProblem is what keeps o from being sent, or "".
func orderProblem(o vendors.Order) string {
	switch {
	case o.RequestID == "" || o.OrderID == "":
		return "an order needs a request id and the payment's id"
	case o.Coins <= 0 || o.Cents < 0:
		return "an order needs coins and what was paid for them"
	}
	switch o.Platform {
	case vendors.PlatformWeb, vendors.PlatformIOS, vendors.PlatformAndroid:
		return ""
	}
	return "no such platform: h5, ios or android"
}
