package vendors

import (
	"context"
	"fmt"
	"sync/atomic"
)

// Capability is what a route is configured for: SWITCHBOARD_ROUTE_<CAPABILITY>.
type Capability string

// The capabilities that are routed.
const (
	CapTokens     Capability = "tokens"
	CapMessages   Capability = "messages"
	CapPresence   Capability = "presence"
	CapWords      Capability = "words"
	CapTranslator Capability = "translator"
	CapWallet     Capability = "wallet"
	CapRooms      Capability = "rooms"
)

// Capabilities lists what is routed, in the order in which it is shown.
func Capabilities() []Capability {
	return []Capability{CapTokens, CapMessages, CapPresence, CapWords, CapTranslator, CapWallet, CapRooms}
}

// Has reports whether v can do any of c.
func (v *Vendor) Has(c Capability) bool {
	switch c {
	case CapTokens:
		return v.Tokens != nil
	case CapMessages:
		return v.Messages != nil
	case CapPresence:
		return v.Presence != nil
	case CapWords:
		return v.Words != nil
	case CapTranslator:
		return v.Translator != nil
	case CapWallet:
		return v.Wallet != nil
	case CapRooms:
		return v.Rooms != Rooms{}
	}
	return false
}

// Router holds, per capability, the ordered list of vendors that may serve it.
// It is safe for concurrent use; Set swaps the whole table at once.
type Router struct {
	byName map[string]*Vendor
	all    []*Vendor
	table  atomic.Pointer[map[Capability][]*Vendor]
}

// NewRouter routes over all. A capability that routes leaves out goes to every
// vendor that has it, in the order of all.
func NewRouter(all []*Vendor, routes map[Capability][]string) (*Router, error) {
	r := &Router{byName: make(map[string]*Vendor, len(all)), all: all}
	for _, v := range all {
		if r.byName[v.Name] != nil {
			return nil, fmt.Errorf("vendor %s is configured twice", v.Name)
		}
		r.byName[v.Name] = v
	}
	return r, r.Set(routes)
}

// Set replaces the whole table. Nothing changes when a name is unknown or its
// vendor cannot do what it is listed for.
func (r *Router) Set(routes map[Capability][]string) error {
	table := make(map[Capability][]*Vendor, len(Capabilities()))
	for _, c := range Capabilities() {
		names, given := routes[c]
		if !given {
			for _, v := range r.all {
				if v.Has(c) {
					table[c] = append(table[c], v)
				}
			}
			continue
		}
		for _, name := range names {
			v := r.byName[name]
			if v == nil {
				return fmt.Errorf("route %s: no vendor named %q is configured", c, name)
			}
			if !v.Has(c) {
				return fmt.Errorf("route %s: %s cannot do that", c, name)
			}
			table[c] = append(table[c], v)
		}
	}
	r.table.Store(&table)
	return nil
}

// Route returns the vendors for c, best first. The slice is shared: read only.
func (r *Router) Route(c Capability) []*Vendor { return (*r.table.Load())[c] }

// All returns every configured vendor, in configured order. Read only.
func (r *Router) All() []*Vendor { return r.all }

// Effect says whether a call changes something at the vendor.
type Effect bool

// The effects. A read may go to the next vendor after an ambiguous outcome, a
// write never.
const (
	Read  Effect = false
	Write Effect = true
)

// Via makes call at the vendors of the route until one serves it or the outcome
// forbids another try (DESIGN.md section 6, column "other vendor"). The error
// is that of the last vendor tried, or ErrNoVendor.
func Via[R any](ctx context.Context, r *Router, c Capability, e Effect, call func(context.Context, *Vendor) (R, error)) (R, error) {
	var (
		out R
		err error = &Error{Op: string(c), Outcome: NotSent, Err: ErrNoVendor}
	)
	for _, v := range r.Route(c) {
		out, err = call(ctx, v)
		if !MayFailOver(OutcomeOf(err), e) {
			return out, err
		}
	}
	return out, err
}

// MayFailOver reports whether another vendor may serve what ended as o here.
func MayFailOver(o Outcome, e Effect) bool {
	switch o {
	case NotSent, DefiniteFail, Throttled:
		return true
	case Ambiguous:
		return e == Read
	default:
		return false
	}
}
