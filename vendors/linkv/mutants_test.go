package linkv_test

import (
	"context"
	"errors"
	"testing"

	"switchboard/app/certify"
	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// wallet is a wallet made wrong: a nil function is as it should be.
type wallet struct {
	vendors.Wallet
	balance func(context.Context, vendors.Wallet, string) (int64, error)
	adjust  func(context.Context, vendors.Wallet, vendors.Adjustment) error
}

func (w wallet) Balance(ctx context.Context, user string) (int64, error) {
	if w.balance == nil {
		return w.Wallet.Balance(ctx, user)
	}
	return w.balance(ctx, w.Wallet, user)
}

func (w wallet) Adjust(ctx context.Context, a vendors.Adjustment) error {
	if w.adjust == nil {
		return w.Wallet.Adjust(ctx, a)
	}
	return w.adjust(ctx, w.Wallet, a)
}

// rewrites spoils what is asked for.
func rewrites(spoil func(*vendors.Adjustment)) wallet {
	return wallet{adjust: func(ctx context.Context, right vendors.Wallet, a vendors.Adjustment) error {
		spoil(&a)
		return right.Adjust(ctx, a)
	}}
}

func walletMutants() []struct {
	name, caught string
	wrong        wallet
} {
	moves, once := "AdjustmentMovesExactlyItsCoins", "AdjustmentIsAppliedOncePerRequestID"
	return []struct {
		name, caught string
		wrong        wallet
	}{
		{"everybody has the same balance", "BalanceIsTheFarEnds", wallet{
			balance: func(ctx context.Context, right vendors.Wallet, _ string) (int64, error) {
				return right.Balance(ctx, "known")
			},
		}},
		{"adds where it should take", moves, rewrites(func(a *vendors.Adjustment) { a.Delta = max(a.Delta, -a.Delta) })},
		{"moves one coin too many", moves, rewrites(func(a *vendors.Adjustment) { a.Delta++ })},
		{"somebody else's coins", moves, rewrites(func(a *vendors.Adjustment) { a.User = "peer" })},
		{"says done and does nothing", moves, wallet{
			adjust: func(context.Context, vendors.Wallet, vendors.Adjustment) error { return nil },
		}},
		{"a request id of its own", once, rewrites(func() func(*vendors.Adjustment) {
			n := 0
			return func(a *vendors.Adjustment) { n++; a.RequestID += string(rune('a' + n)) }
		}())},
		{"one request id for all", once, rewrites(func(a *vendors.Adjustment) { a.RequestID = "x" })},
		{"a cut request id", once, rewrites(func(a *vendors.Adjustment) { a.RequestID = a.RequestID[:min(4, len(a.RequestID))] })},
		{"swallows that there are too few", "TakingMoreThanThereIsIsInsufficientAndTakesNothing", wallet{
			adjust: func(ctx context.Context, right vendors.Wallet, a vendors.Adjustment) error {
				if err := right.Adjust(ctx, a); !errors.Is(err, vendors.ErrInsufficient) {
					return err
				}
				return nil
			},
		}},
		{"too few is just a refusal", "TakingMoreThanThereIsIsInsufficientAndTakesNothing", wallet{
			adjust: func(ctx context.Context, right vendors.Wallet, a vendors.Adjustment) error {
				err := right.Adjust(ctx, a)
				var e *vendors.Error
				if errors.As(err, &e) {
					told := *e
					told.Err = nil
					return &told
				}
				return err
			},
		}},
		{"a change of nothing goes out", "AdjustmentWithoutRequestIDUserOrCoinsIsRefusedBeforeTheCall", rewrites(func(a *vendors.Adjustment) {
			if a.Delta == 0 {
				a.Delta = 1
			}
		})},
	}
}

func TestEveryWrongWalletIsCaught(t *testing.T) {
	certify := func(caught string, wrong wallet) vendortest.Report {
		only := func(name string) bool { return name == caught }
		return vendortest.Certify(t.Context(), "linkv", "mock", only, func(t vendortest.T) vendortest.Fixture {
			f := certify.LinkVMock(t, false)
			open := f.Open
			f.Open = func(baseURL string) (*vendors.Vendor, error) {
				v, err := open(baseURL)
				if err == nil {
					wrong.Wallet = v.Wallet
					v.Wallet = wrong
				}
				return v, err
			}
			return f
		})
	}
	for _, m := range walletMutants() {
		t.Run(m.name, func(t *testing.T) {
			if r := certify(m.caught, wallet{}); r.Count(vendortest.Passed) != 1 {
				t.Fatalf("the right wallet does not pass: %+v", r.Cases)
			}
			if r := certify(m.caught, m.wrong); r.Count(vendortest.Failed) != 1 {
				t.Errorf("survived %s", m.caught)
			}
		})
	}
}
