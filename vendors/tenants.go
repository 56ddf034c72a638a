package vendors

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Tenant is what one app has of the accounts. The zero Tenant is what all apps have
// that say nothing: the accounts that no app names, by the general routes.
type Tenant struct {
	// Accounts are the only ones that may serve the app; another app may have one
	// of them only by naming it too. Empty: those that no app names.
	Accounts []string
	// Routes go before the general ones. What is left out goes by the general route,
	// less the accounts that are not the app's; when none of that is left, to every
	// account of the app's that can.
	Routes map[Capability]Route
}

// TenantError says why an app's part of the routing cannot be.
type TenantError struct {
	App string
	Err error
}

// Error names the app.
func (e *TenantError) Error() string { return fmt.Sprintf("app %s: %v", e.App, e.Err) }

// Unwrap returns what is wrong.
func (e *TenantError) Unwrap() error { return e.Err }

type appKey struct{}

// WithApp attaches the app that a request is made for, so that it is served by that
// app's accounts.
func WithApp(ctx context.Context, app string) context.Context {
	return context.WithValue(ctx, appKey{}, app)
}

// AppOf returns the app attached by WithApp, or "": no app's, which goes by the
// general routes.
func AppOf(ctx context.Context) string {
	app, _ := ctx.Value(appKey{}).(string)
	return app
}

// tenancy is one app's part of the routing, looked up.
type tenancy struct {
	accounts []string // that may serve the app, in configured order
	table    map[Capability]*compiled
}

// Plan is everything that decides who serves what.
type Plan struct {
	Routes  map[Capability]Route // general; what is left out has a default
	Tenants map[string]Tenant    // every app of this process
}

// ApplyPlan replaces routes and tenants at once. Nothing changes when one is not valid.
func (r *Router) ApplyPlan(p Plan) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.swap(r.now.Load().accounts, p)
}

// CheckPlan reports why ApplyPlan would refuse p.
func (r *Router) CheckPlan(p Plan) error {
	_, err := newRouting(r.now.Load().accounts, p)
	return err
}

// RouteFor is Route for an app.
func (r *Router) RouteFor(app string, c Capability) []*Vendor {
	return r.now.Load().tableFor(app)[c].first
}

// RoutesFor is Routes for an app.
func (r *Router) RoutesFor(app string) map[Capability]Route {
	out := map[Capability]Route{}
	for c, route := range r.now.Load().tableFor(app) {
		out[c] = route.Route
	}
	return out
}

// AccountsFor names the accounts that may serve an app.
func (r *Router) AccountsFor(app string) []string {
	now := r.now.Load()
	if t := now.tenants[app]; t != nil {
		return slices.Clone(t.accounts)
	}
	return names(now.accounts)
}

// Apps names the apps that an account may serve. Users, groups, rooms and coins there
// are theirs together.
func (r *Router) Apps(account string) (out []string) {
	now := r.now.Load()
	for _, app := range slices.Sorted(maps.Keys(now.tenants)) {
		if slices.Contains(now.tenants[app].accounts, account) {
			out = append(out, app)
		}
	}
	return out
}

// Alone reports whether no other app than this one may be served by the account.
func (r *Router) Alone(app, account string) bool {
	for _, other := range r.Apps(account) {
		if other != app {
			return false
		}
	}
	return true
}

func (now *routing) tableFor(app string) map[Capability]*compiled {
	if t := now.tenants[app]; t != nil {
		return t.table
	}
	return now.table
}

func names(accounts []account) []string {
	out := make([]string, len(accounts))
	for i, a := range accounts {
		out[i] = a.name
	}
	return out
}

// newTenancies looks every app's part up.
func newTenancies(accounts []account, p Plan) (map[string]*tenancy, error) {
	named := map[string]bool{}
	for app, t := range p.Tenants {
		for _, name := range t.Accounts {
			if !slices.Contains(names(accounts), name) {
				return nil, &TenantError{app, fmt.Errorf("no account %q is configured: one of %s", name, strings.Join(names(accounts), ", "))}
			}
			named[name] = true
		}
	}
	out := make(map[string]*tenancy, len(p.Tenants))
	for _, app := range slices.Sorted(maps.Keys(p.Tenants)) {
		t := p.Tenants[app]
		mine := slices.DeleteFunc(slices.Clone(accounts), func(a account) bool {
			return len(t.Accounts) > 0 && !slices.Contains(t.Accounts, a.name) || len(t.Accounts) == 0 && named[a.name]
		})
		if len(mine) == 0 && len(accounts) > 0 {
			return nil, &TenantError{app, fmt.Errorf("it names no accounts, and other apps have named every one there is: %s", strings.Join(names(accounts), ", "))}
		}
		if err := t.check(mine, accounts); err != nil {
			return nil, &TenantError{app, err}
		}
		table, err := newTable(mine, t.over(p.Routes, mine))
		if err != nil {
			return nil, &TenantError{app, err}
		}
		out[app] = &tenancy{names(mine), table}
	}
	return out, nil
}

// check refuses routes to accounts that are there and not the app's.
func (t Tenant) check(mine, all []account) error {
	for c, route := range t.Routes {
		for _, cand := range route.Candidates {
			if !slices.Contains(names(mine), cand.Vendor) && slices.Contains(names(all), cand.Vendor) {
				return &RouteError{c, fmt.Errorf("%s is not among the app's accounts: %s", cand.Vendor, strings.Join(names(mine), ", "))}
			}
		}
	}
	return nil
}

// over is the app's routes and what is left of the general ones.
func (t Tenant) over(general map[Capability]Route, mine []account) map[Capability]Route {
	out := maps.Clone(t.Routes)
	if out == nil {
		out = map[Capability]Route{}
	}
	for c, route := range general {
		if _, own := out[c]; own {
			continue
		}
		left := route.less(func(name string) bool { return slices.Contains(names(mine), name) })
		if len(left.Candidates) > 0 || len(route.Candidates) == 0 {
			out[c] = left
		}
	}
	return out
}

// less is the route without those whom keep refuses. One whose weights are gone is
// ordered.
func (r Route) less(keep func(name string) bool) Route {
	sum := 0
	r.Candidates = slices.DeleteFunc(slices.Clone(r.Candidates), func(c Candidate) bool { return !keep(c.Vendor) })
	for _, c := range r.Candidates {
		sum += c.Weight
	}
	if sum == 0 {
		r.Mode = Ordered
	}
	return r
}
