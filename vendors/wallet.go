package vendors

import "context"

// Adjustment changes a balance by Delta coins: positive adds, negative takes.
type Adjustment struct {
	RequestID string // caller's id; the vendor applies it at most once
	User      string
	Delta     int64 // coins, not zero
	Reason    string
}

// Wallet keeps coins.
type Wallet interface {
	// Balance returns the user's coins.
	Balance(ctx context.Context, user string) (int64, error)
	// Adjust applies a once, however often it is called with the same
	// RequestID. Taking more than there is is ErrInsufficient.
	Adjust(ctx context.Context, a Adjustment) error
}

// The platforms that a payment can be made on.
const (
	PlatformWeb     = "h5"
	PlatformIOS     = "ios"
	PlatformAndroid = "android"
)

// Order is a payment that was made for coins.
type Order struct {
	RequestID string // caller's id; the vendor applies it at most once. Adjustments have ids of their own
	User      string
	Coins     int64  // more than none
	OrderID   string // of the payment, as the vendor's client SDK gave it
	Cents     int64  // paid, in US cents
	Channel   string // where the payment came from; may be empty
	Platform  string // one of the Platform constants
}

// Orders tells the keeper of the coins what was paid for.
type Orders interface {
	// CreditOrder adds o's coins once, however often it is called with the
	// same RequestID.
	CreditOrder(ctx context.Context, o Order) error
}
