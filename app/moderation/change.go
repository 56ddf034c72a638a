package moderation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"switchboard/vendors"
)

// Change is a change of a vendor's own list, and what the ledger keeps of it.
type Change struct {
	Remove bool           `json:"remove,omitempty"`
	Words  []vendors.Word `json:"words"`
}

// Fate is what became of one word.
type Fate struct {
	Text    string
	Account string
	Err     error
}

// VendorLists changes the lists of the words route.
type VendorLists struct{ Routes *vendors.Router }

// Apply makes the change at the first account of the route that can, in portions that
// it takes; a vendor takes or refuses a portion whole.
func (l VendorLists) Apply(ctx context.Context, c Change) ([]Fate, error) {
	q := vendors.Request{Capability: vendors.CapWords, Effect: vendors.Write}
	if err := l.Routes.CheckAble(ctx, q, "words.change"); err != nil {
		return nil, err
	}
	size := len(c.Words)
	for _, v := range l.Routes.RouteFor(vendors.AppOf(ctx), vendors.CapWords) {
		if most := v.Limits[vendors.OpWordChange].Targets; v.WordAdmin != nil && most > 0 {
			size = min(size, most)
		}
	}
	var out []Fate
	for some := range slices.Chunk(c.Words, max(size, 1)) {
		account := ""
		_, err := vendors.ViaAble(ctx, l.Routes, q, "words.change", func(v *vendors.Vendor) vendors.WordAdmin { return v.WordAdmin },
			func(ctx context.Context, v *vendors.Vendor, able vendors.WordAdmin) (struct{}, error) {
				account = v.Name
				if c.Remove {
					return struct{}{}, able.RemoveWords(ctx, texts(some))
				}
				return struct{}{}, able.AddWords(ctx, some)
			})
		for _, w := range some {
			out = append(out, Fate{w.Text, account, err})
		}
	}
	return out, nil
}

func texts(words []vendors.Word) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.Text
	}
	return out
}

// errUnsettled says that the vendor's list does not tell whether a change was made.
var errUnsettled = errors.New("moderation: the vendor's list does not settle the change")

// Settle is the ledger's recipe for a change in doubt: it was made when the account's
// list is as it was to become.
func (l VendorLists) Settle(ctx context.Context, account string, payload []byte) ([]Fate, error) {
	var c Change
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, fmt.Errorf("moderation: a change in the ledger is not readable: %w", err)
	}
	list, err := vendors.Via(ctx, l.Routes, vendors.Request{Capability: vendors.CapWords, Account: account},
		func(ctx context.Context, v *vendors.Vendor) ([]vendors.Word, error) { return v.Words.ListWords(ctx) })
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errUnsettled, err)
	}
	var out []Fate
	for _, w := range c.Words {
		there := slices.ContainsFunc(list, func(have vendors.Word) bool { return have.Text == w.Text && (c.Remove || have.Replace == w.Replace) })
		if there == c.Remove {
			return nil, errUnsettled
		}
		out = append(out, Fate{w.Text, account, nil})
	}
	return out, nil
}
