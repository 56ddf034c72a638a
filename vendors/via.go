package vendors

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Effect says whether a call changes something at the vendor.
type Effect bool

// The effects. A read may go to the next vendor after an ambiguous outcome, a
// write never.
const (
	Read  Effect = false
	Write Effect = true
)

// Request says what a call is for and which accounts may serve it.
type Request struct {
	Capability Capability
	Effect     Effect
	// User is whose hash chooses among the accounts of a ByUser route; empty:
	// such a route is tried as it is listed.
	User string
	// Sticky names the conversation or call that this belongs to: it begins at
	// the account that served it last, as long as the route lists it. Empty: none.
	Sticky string
	// Account allows that account alone, whatever the route says: for state that
	// lives at one vendor, and for asking what became of a write there.
	Account string
}

type forcedKey struct{}

// Forced reports whether the call is to pass an open breaker, since the route
// prefers the least bad vendor to none. One that an operator opened stays shut.
// Via sets it; it is in the context because adapters' methods take nothing else
// that reaches package upstream.
func Forced(ctx context.Context) bool { return ctx.Value(forcedKey{}) != nil }

// Via makes call at the accounts that q allows until one serves it or the outcome
// forbids another try. Every live key of an account is tried before the next
// account. The error is that of the last account tried, or ErrNoVendor.
func Via[R any](ctx context.Context, r *Router, q Request, call func(context.Context, *Vendor) (R, error)) (R, error) {
	now := r.now.Load()
	route := now.table[q.Capability]
	order := r.order(now, q)
	journal := JournalOf(ctx)
	journal.candidates(q.Capability, route, order)
	var out R
	err := error(&Error{Op: string(q.Capability), Outcome: NotSent, Effect: q.Effect, Err: ErrNoVendor})
	tried, barred := 0, 0
	for _, a := range order {
		if tried++; tried > 1 && ctx.Err() != nil {
			break
		}
		if out, err = viaAccount(ctx, journal, a, call); err == nil {
			r.keepAccount(q, a.name)
			return out, nil
		}
		if errors.Is(err, ErrBreakerOpen) {
			barred++
		}
		if o := OutcomeOf(err); !MayFailOver(o, q.Effect) && !(o == AuthFault && route.AuthFailover) {
			journal.untried(order[tried:], err)
			return out, err
		}
	}
	if !route.LeastBad || barred < len(order) || barred == 0 {
		return out, err
	}
	ctx = context.WithValue(ctx, forcedKey{}, true)
	for _, a := range order {
		if out, err = viaAccount(ctx, journal, a, call); !errors.Is(err, ErrBreakerOpen) {
			break
		}
	}
	return out, err
}

// viaAccount tries the account's keys in turn. A refused key executed nothing.
func viaAccount[R any](ctx context.Context, j *Journal, a account, call func(context.Context, *Vendor) (R, error)) (out R, err error) {
	for _, v := range a.live {
		before := j.len()
		out, err = call(ctx, v)
		if err != nil && j.len() == before {
			j.Add(Step{At: time.Now(), Vendor: a.name, Outcome: OutcomeOf(err), Note: err.Error(), Skipped: true})
		}
		if OutcomeOf(err) != AuthFault {
			break
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

// order is the accounts that q allows, best first.
func (r *Router) order(now *routing, q Request) []account {
	if q.Account != "" {
		i := slices.IndexFunc(now.accounts, func(a account) bool { return a.name == q.Account })
		if i < 0 || !now.accounts[i].live[0].Has(q.Capability) {
			return nil
		}
		return now.accounts[i : i+1]
	}
	route := now.table[q.Capability]
	order := route.accounts
	switch {
	case route.Mode == Weighted:
		order = route.draw(func(string) float64 { return 1 - rand.Float64() })
	case route.Mode == ByUser && q.User != "":
		order = route.draw(func(name string) float64 { return hash01(q.User, name) })
	}
	last := r.lastAccount(q)
	if i := slices.IndexFunc(order, func(a account) bool { return a.name == last }); i > 0 {
		order = slices.Concat(order[i:i+1], order[:i], order[i+1:])
	}
	return order
}

// draw sorts by weighted random keys, which gives each account the first place
// in proportion to its weight (Efraimidis and Spirakis). With a hash for the
// draw it is rendezvous hashing: a vendor that leaves moves its own users alone.
func (c *compiled) draw(uniform func(name string) float64) []account {
	keys := make(map[string]float64, len(c.accounts))
	for i, a := range c.accounts {
		keys[a.name] = math.Inf(-1)
		if w := c.Candidates[i].Weight; w > 0 {
			keys[a.name] = math.Log(uniform(a.name)) / float64(w)
		}
	}
	order := slices.Clone(c.accounts)
	slices.SortStableFunc(order, func(a, b account) int {
		switch {
		case keys[a.name] > keys[b.name]:
			return -1
		case keys[a.name] < keys[b.name]:
			return 1
		}
		return 0
	})
	return order
}

// hash01 is above 0 and at most 1, the same everywhere for the same two names.
func hash01(user, name string) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(user + "\x00" + name))
	x := h.Sum64()
	// fnv moves the high bits little for short names: finish as splitmix64 does.
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	return (float64(x>>11) + 1) / (1 << 53)
}

func (j *Journal) candidates(c Capability, route *compiled, order []account) {
	if j == nil {
		return
	}
	note := route.note
	if !sameList(order, route.accounts) {
		note = candidatesNote(route.Mode, order)
	}
	j.Add(Step{At: time.Now(), Op: string(c), Note: note, Skipped: true})
}

// sameList tells the route's own order from one that was made for a call.
func sameList(a, b []account) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func candidatesNote(mode RouteMode, order []account) string {
	names := make([]string, len(order))
	for i, a := range order {
		names[i] = a.name
	}
	return "candidates, " + string(mode) + ": " + strings.Join(names, ", ")
}

// untried says why those left were not asked.
func (j *Journal) untried(left []account, err error) {
	if j == nil {
		return
	}
	for _, a := range left {
		j.Add(Step{At: time.Now(), Vendor: a.name, Note: fmt.Sprintf("not tried: %s is not to be repeated elsewhere", OutcomeOf(err)), Skipped: true})
	}
}
