package simulator

import (
	"context"
	"errors"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

// wallet is the business's purse: what people have, and what was taken.
type wallet struct {
	coins  map[ticket.UID]int64
	seen   map[string]bool // keys of charges
	taken  *int64
	wrongs *int // charges that must not be (invariant 8)
}

func newWallet() wallet {
	return wallet{coins: map[ticket.UID]int64{}, seen: map[string]bool{}, taken: new(int64), wrongs: new(int)}
}

func (w wallet) balance(_ context.Context, _ string, uid ticket.UID) (int64, error) {
	return w.coins[uid], nil
}

// charge takes coins once by key; nobody is charged more than they have.
func (w wallet) charge(_ context.Context, c pairing.Charge) error {
	if w.seen[c.Key] {
		return nil
	}
	w.seen[c.Key] = true
	if w.coins[c.Payer] < c.Coins {
		*w.wrongs++
		return errors.New("short")
	}
	w.coins[c.Payer] -= c.Coins
	*w.taken += c.Coins
	return nil
}
