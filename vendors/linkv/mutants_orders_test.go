package linkv_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

type creditFunc func(context.Context, vendors.Order) error

func (f creditFunc) CreditOrder(ctx context.Context, o vendors.Order) error { return f(ctx, o) }

// credits spoils an order before it goes out.
func credits(spoil func(*vendors.Order)) func(*vendors.Vendor, right) {
	return func(v *vendors.Vendor, r right) {
		v.Orders = creditFunc(func(ctx context.Context, o vendors.Order) error {
			spoil(&o)
			return r.Orders.CreditOrder(ctx, o)
		})
	}
}

func TestEveryWrongOrderIsCaught(t *testing.T) {
	told, once := "CreditedOrderAddsItsCoinsAndIsTheFarEndsAsItWasPaid", "OrderIsCreditedOncePerRequestID"
	var n atomic.Int64
	anew := func(o *vendors.Order) { o.RequestID = fmt.Sprint(o.RequestID, n.Add(1)) }
	for _, m := range []struct {
		name, caught string
		wrong        func(*vendors.Vendor, right)
	}{
		{"dollars for cents", told, credits(func(o *vendors.Order) { o.Cents /= 100 })},
		{"loses the payment's id", told, credits(func(o *vendors.Order) { o.OrderID = "none" })},
		{"loses the channel", told, credits(func(o *vendors.Order) { o.Channel = "" })},
		{"one platform for all", told, credits(func(o *vendors.Order) { o.Platform = vendors.PlatformWeb })},
		{"somebody else's order", told, credits(func(o *vendors.Order) { o.User = "peer" })},
		{"a coin too few", told, credits(func(o *vendors.Order) { o.Coins-- })},
		{"an order is an adjustment", told, func(v *vendors.Vendor, r right) {
			v.Orders = creditFunc(func(ctx context.Context, o vendors.Order) error {
				return r.Wallet.Adjust(ctx, vendors.Adjustment{RequestID: o.RequestID, User: o.User, Delta: o.Coins})
			})
		}},
		{"a request id of its own", once, credits(anew)},
		{"one request id for all", once, credits(func(o *vendors.Order) { o.RequestID = "x" })},
		{"a request id of its own for a repeat", "OrderIsCreditedOnceHoweverItsAnswerWasLost", func(v *vendors.Vendor, r right) {
			v.Orders = creditFunc(func(ctx context.Context, o vendors.Order) error {
				if o.RequestID == "o-lost" {
					first := o
					anew(&first)
					_ = r.Orders.CreditOrder(ctx, first)
				}
				return r.Orders.CreditOrder(ctx, o)
			})
		}},
		{"a request id of its own for each caller", "ParallelOrdersWithOneRequestIDAreCreditedOnce", credits(anew)},
		{"orders and adjustments share their ids", "OrderAndAdjustmentWithOneRequestIDAreTwoThings", func(v *vendors.Vendor, r right) {
			v.Wallet = wallet{Wallet: r.Wallet, adjust: func(ctx context.Context, right vendors.Wallet, a vendors.Adjustment) error {
				a.RequestID = "order\x00" + a.RequestID
				return right.Adjust(ctx, a)
			}}
		}},
		{"any order goes out", "OrderThatSaysTooLittleIsRefusedBeforeTheCall", credits(func(o *vendors.Order) { o.Platform = vendors.PlatformIOS })},
	} {
		t.Run(m.name, func(t *testing.T) {
			if r := certified(t, m.caught, func(*vendors.Vendor, right) {}); r.Count(vendortest.Passed) != 1 {
				t.Fatalf("the right adapter does not pass: %+v", r.Cases)
			}
			if r := certified(t, m.caught, m.wrong); r.Count(vendortest.Failed) != 1 {
				t.Errorf("survived %s", m.caught)
			}
		})
	}
}
