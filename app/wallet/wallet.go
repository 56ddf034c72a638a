// Package wallet knows what things cost and whether somebody can pay. The coins
// themselves are kept by the vendor that the wallet route names.
package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"switchboard/app/problem"
	"switchboard/vendors"
)

// ErrInsufficient says that the balance is positively too short. A balance that
// could not be read is never this error.
var ErrInsufficient = problem.Masked(problem.Exhausted, "the balance is too short", "the balance is too short")

// Prices are in coins. The defaults are the product's own.
type Prices struct {
	Text  int64         `default:"1" desc:"coins for a text message"`
	Voice int64         `default:"1" desc:"coins for a voice message"`
	Image int64         `default:"1" desc:"coins for an image message"`
	Video int64         `default:"30" desc:"coins for a minute of video call"`
	Pair  int64         `default:"8" desc:"coins for a minute of a call that pair matching made"`
	Free  time.Duration `default:"15s" desc:"how much of the beginning of a call costs nothing"`
}

// Validate refuses prices that would pay users for talking. It returns every
// mistake; each begins with the variable's name.
func (p Prices) Validate() error {
	var errs []error
	for _, v := range []struct {
		name  string
		value int64
	}{{"TEXT", p.Text}, {"VOICE", p.Voice}, {"IMAGE", p.Image}, {"VIDEO", p.Video}, {"PAIR", p.Pair}, {"FREE", int64(p.Free)}} {
		if v.value < 0 {
			errs = append(errs, errors.New(v.name+": must not be negative"))
		}
	}
	return errors.Join(errs...)
}

// Message is the price of a message of RongCloud's type name, which is how the
// product API names types (docs/vendors/rongcloud.md#object-names). Types without a price
// of their own, commands and notices among them, are free.
func (p Prices) Message(rcType string) int64 {
	switch rcType {
	case "RC:TxtMsg", "RC:ReferenceMsg":
		return p.Text
	case "RC:VcMsg", "RC:HQVCMsg":
		return p.Voice
	case "RC:ImgMsg", "RC:GIFMsg":
		return p.Image
	}
	return 0
}

// Service reads and changes balances at the vendor that keeps them.
type Service struct {
	prices Prices
	routes *vendors.Router
}

// New makes the service.
func New(prices Prices, routes *vendors.Router) *Service { return &Service{prices, routes} }

// AffordsMessage is Affords at the price of a message of RongCloud's type name.
func (s *Service) AffordsMessage(ctx context.Context, user, rcType string) error {
	return s.Affords(ctx, user, s.prices.Message(rcType))
}

// AffordsVideo is Affords at the price of one minute: a call that begins with free
// seconds must be able to go on after them.
func (s *Service) AffordsVideo(ctx context.Context, user string) error {
	return s.Affords(ctx, user, s.prices.Video)
}

// Keeper is the first account of the app's wallet route, and the only one that is
// asked: coins live at one vendor, so another one's answer would be wrong rather
// than late. Empty when nobody keeps coins.
func (s *Service) Keeper(ctx context.Context) string {
	route := s.routes.RouteFor(vendors.AppOf(ctx), vendors.CapWallet)
	if len(route) == 0 {
		return ""
	}
	return route[0].Name
}

// Balance returns the user's coins.
func (s *Service) Balance(ctx context.Context, user string) (int64, error) {
	return vendors.Via(ctx, s.routes, vendors.Request{Capability: vendors.CapWallet, Account: s.Keeper(ctx)},
		func(ctx context.Context, v *vendors.Vendor) (int64, error) { return v.Wallet.Balance(ctx, user) })
}

// Affords returns ErrInsufficient when user cannot pay price coins. What is free
// asks nobody.
func (s *Service) Affords(ctx context.Context, user string, price int64) error {
	if price == 0 {
		return nil
	}
	balance, err := s.Balance(ctx, user)
	if err != nil {
		return err
	}
	if balance < price {
		return fmt.Errorf("%w: %d coins, %d needed", ErrInsufficient, balance, price)
	}
	return nil
}

// Adjust changes a balance once for each request id, however often it is called
// with it. Taking more than there is is ErrInsufficient.
func (s *Service) Adjust(ctx context.Context, a vendors.Adjustment) error {
	return s.AdjustAt(ctx, s.Keeper(ctx), a)
}

// AdjustAt is Adjust at the account that a write in doubt went to, whoever keeps
// the coins now.
func (s *Service) AdjustAt(ctx context.Context, account string, a vendors.Adjustment) error {
	_, err := vendors.Via(ctx, s.routes, vendors.Request{Capability: vendors.CapWallet, Effect: vendors.Write, Account: account},
		func(ctx context.Context, v *vendors.Vendor) (struct{}, error) {
			return struct{}{}, v.Wallet.Adjust(ctx, a)
		})
	if errors.Is(err, vendors.ErrInsufficient) {
		return fmt.Errorf("%w: %w", ErrInsufficient, err)
	}
	return err
}
