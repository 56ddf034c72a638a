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
	// SameKey: every try is of a message with the same key. A write in doubt is then made
	// once more at the same account, where Traits.SendRepeat allows it.
	SameKey bool
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

// Via makes call at the accounts that q allows, and of which the app may have (AppOf), until one serves it or the outcome
// forbids another try. Every live key of an account is tried before the next
// account, and an account that cannot do this is passed over. The error is that of
// the last account that could have served, or ErrNoVendor.
func Via[R any](ctx context.Context, r *Router, q Request, call func(context.Context, *Vendor) (R, error)) (R, error) {
	now := r.now.Load()
	route := now.tableFor(AppOf(ctx))[q.Capability]
	order := r.order(now, route, q)
	journal := JournalOf(ctx)
	journal.candidates(q.Capability, route, order)
	var out R
	if len(order) == 0 {
		return out, &Error{Op: string(q.Capability), Outcome: NotSent, Effect: q.Effect, Err: ErrNoVendor}
	}
	var told error
	barred, unable := 0, 0
	for i, a := range order {
		if i > 0 && ctx.Err() != nil {
			break
		}
		var err error
		begun := time.Now()
		if out, err = viaAccount(ctx, r, journal, a, call); q.mayRepeat(a, err, time.Since(begun)) && ctx.Err() == nil {
			if known, again := viaAccount(ctx, r, journal, a, call); again == nil { // no failure settles the first
				out, err = known, nil
			}
		}
		if err == nil {
			r.keepAccount(q, a.name)
			return out, nil
		}
		told = tellMore(told, err)
		switch o := OutcomeOf(err); {
		case refusedHere(err):
			unable++
		case !mayFailOver(err, q.Effect) && !(o == AuthFault && route.AuthFailover):
			journal.untried(order[i+1:], err)
			return out, err
		case errors.Is(err, ErrBreakerOpen):
			barred++
		}
	}
	if !route.LeastBad || barred+unable < len(order) || barred == 0 {
		return out, told
	}
	ctx = context.WithValue(ctx, forcedKey{}, true)
	for _, a := range order {
		var err error
		if out, err = viaAccount(ctx, r, journal, a, call); !refusedHere(err) && !errors.Is(err, ErrBreakerOpen) {
			return out, err
		}
	}
	return out, told
}

// mayRepeat reports whether a write in doubt that took so long may be made again at a.
func (q Request) mayRepeat(a account, err error, took time.Duration) bool {
	return q.SameKey && q.Effect == Write && OutcomeOf(err) == Ambiguous && took < a.live[0].Traits.SendRepeat
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

// mayFailOver is MayFailOver for an error that says more than its outcome: a limit
// that this process keeps moves nobody to another vendor.
func mayFailOver(err error, e Effect) bool {
	return !keptBack(err) && MayFailOver(OutcomeOf(err), e)
}

// keptBack reports whether this process held a call back to keep to a limit.
func keptBack(err error) bool { return errors.Is(err, ErrThrottled) || errors.Is(err, ErrBulkhead) }

// refusedHere reports whether the vendor of err lacks what was asked for, or its
// adapter refused the call before anything was sent: another vendor may take it.
func refusedHere(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Outcome == DefiniteNo && (!e.Sent || errors.Is(e, ErrUnsupported))
}

// tellMore returns which of two failures at different vendors or keys the caller is
// told, the later one if both say as much: one of who could have served counts
// before one of who could not, and one that says when to come back before one that
// does not.
func tellMore(earlier, later error) error {
	switch a, b := weight(earlier), weight(later); {
	case earlier == nil || b > a:
		return later
	case a > b || retryAfter(earlier) > 0 && retryAfter(later) == 0:
		return earlier
	}
	return later
}

// weight ranks a failure by how near its vendor was to serving.
func weight(err error) int {
	switch {
	case errors.Is(err, ErrUnsupported):
		return 0
	case refusedHere(err):
		return 1
	case OutcomeOf(err) == AuthFault:
		return 2
	}
	return 3
}

func retryAfter(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

// order is the accounts that q allows, best first.
func (r *Router) order(now *routing, route *compiled, q Request) []account {
	if q.Account != "" {
		i := slices.IndexFunc(now.accounts, func(a account) bool { return a.name == q.Account })
		if i < 0 || !now.accounts[i].live[0].Has(q.Capability) {
			return nil
		}
		return now.accounts[i : i+1]
	}
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

func stickyKey(q Request) string { return string(q.Capability) + "\x00" + q.Sticky }

func (r *Router) lastAccount(q Request) string {
	if q.Sticky == "" || r.Sticky == nil {
		return ""
	}
	account, _ := r.Sticky.Get(stickyKey(q))
	return account
}

func (r *Router) keepAccount(q Request, account string) {
	if q.Sticky != "" && r.Sticky != nil {
		r.Sticky.Set(stickyKey(q), account)
	}
}
