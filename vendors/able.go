package vendors

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// UnableError is an ErrUnsupported that is known before any call: no account that the
// route lists for a call has the ability.
type UnableError struct {
	Ability string   // as Abilities lists it
	Unable  []string // the accounts of the route, in its order
	Able    []string // the app's other accounts that could, in configured order
}

// Error is for the caller: it names accounts and repeats none of their words.
func (e *UnableError) Error() string {
	who, could := "no vendor is routed that could do this", "no configured vendor can"
	if len(e.Unable) > 0 {
		who = strings.Join(e.Unable, ", ") + " cannot do this"
	}
	if len(e.Able) > 0 {
		could = strings.Join(e.Able, ", ") + " can"
	}
	return fmt.Sprintf("%s (%s); %s", who, e.Ability, could)
}

// Unwrap returns ErrUnsupported.
func (e *UnableError) Unwrap() error { return ErrUnsupported }

// HasAbility reports whether v has an ability, by its name in Abilities.
func (v *Vendor) HasAbility(name string) bool {
	i := slices.IndexFunc(abilities, func(a ability) bool { return a.name == name })
	return i >= 0 && abilities[i].has(v)
}

// CheckAble is an *UnableError when none of the accounts that q allows has the ability.
func (r *Router) CheckAble(ctx context.Context, q Request, ability string) error {
	refusal := &UnableError{Ability: ability}
	now, app := r.now.Load(), AppOf(ctx)
	for _, a := range r.order(now, now.tableFor(app)[q.Capability], q) {
		if a.live[0].HasAbility(ability) {
			return nil
		}
		refusal.Unable = append(refusal.Unable, a.name)
	}
	mine := r.AccountsFor(app)
	for _, a := range now.accounts {
		if slices.Contains(mine, a.name) && a.live[0].HasAbility(ability) {
			refusal.Able = append(refusal.Able, a.name)
		}
	}
	return refusal
}

// ViaAble is Via for an ability that accounts of the route may lack. Those are passed
// over, and when all lack it the error is an *UnableError and nobody was called. pick
// takes the ability from a vendor; nil is that it lacks it.
func ViaAble[A comparable, R any](ctx context.Context, r *Router, q Request, ability string, pick func(*Vendor) A, call func(context.Context, *Vendor, A) (R, error)) (R, error) {
	var lacks A
	if err := r.CheckAble(ctx, q, ability); err != nil {
		var none R
		return none, err
	}
	return Via(ctx, r, q, func(ctx context.Context, v *Vendor) (R, error) {
		able := pick(v)
		if able == lacks {
			var none R
			return none, Refuse(v.Name, ability, ErrUnsupported, "the vendor lacks the ability")
		}
		return call(ctx, v, able)
	})
}

// ViaAccount is Via for one account, whatever it can and whatever any route says: for a
// user whom every account has to be told of. Of an account that the app may not have it
// is ErrNoVendor.
func ViaAccount[R any](ctx context.Context, r *Router, name string, effect Effect, call func(context.Context, *Vendor) (R, error)) (out R, err error) {
	now := r.now.Load()
	i := slices.IndexFunc(now.accounts, func(a account) bool { return a.name == name })
	if app := AppOf(ctx); i < 0 || app != "" && !slices.Contains(r.AccountsFor(app), name) {
		return out, &Error{Vendor: name, Outcome: NotSent, Effect: effect, Err: ErrNoVendor}
	}
	return viaAccount(ctx, r, JournalOf(ctx), now.accounts[i], call)
}
