package vendors

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
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
	CapGroups     Capability = "groups"
	CapChatRooms  Capability = "chatrooms"
)

// Capabilities lists what is routed, in the order in which it is shown.
func Capabilities() []Capability {
	return []Capability{CapTokens, CapMessages, CapPresence, CapWords, CapTranslator, CapWallet, CapRooms, CapGroups, CapChatRooms}
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
	case CapGroups:
		return v.Groups != nil
	case CapChatRooms:
		return v.ChatRooms != nil
	}
	return false
}

// RouteMode says in which order a route's vendors are tried.
type RouteMode string

// The modes of a route.
const (
	Ordered  RouteMode = "ordered"  // as listed
	Weighted RouteMode = "weighted" // drawn for each call, by weight
	ByUser   RouteMode = "hash"     // the same for one user on every replica, by weight; see Request.User
)

// Candidate is one vendor account of a route. Weight counts for Weighted and
// ByUser; zero there: only when no other can serve.
type Candidate struct {
	Vendor string `json:"vendor"`
	Weight int    `json:"weight,omitempty"`
}

// Route says who may serve a capability.
type Route struct {
	Candidates []Candidate `json:"vendors"`
	Mode       RouteMode   `json:"mode"` // empty: Ordered
	// LeastBad: when every breaker is open, call the first all the same,
	// except one that an operator opened. Otherwise the call fails fast.
	LeastBad bool `json:"least_bad"`
	// AuthFailover: a vendor that refuses our credentials is passed over.
	AuthFailover bool `json:"auth_failover"`
}

// ParseRoute reads a route as configuration has it: names with an optional
// weight, "rongcloud,linkv" or "weighted/rongcloud=3,linkv=1", and behind them
// what else the route is to do: "rongcloud,linkv;least_bad;auth_failover".
func ParseRoute(s string) (Route, error) {
	var r Route
	s, rest, _ := strings.Cut(s, ";")
	for option := range strings.FieldsFuncSeq(rest, func(c rune) bool { return c == ';' }) {
		switch strings.TrimSpace(option) {
		case "least_bad":
			r.LeastBad = true
		case "auth_failover":
			r.AuthFailover = true
		default:
			return r, fmt.Errorf("no route option %q: least_bad or auth_failover", option)
		}
	}
	if mode, rest, found := strings.Cut(s, "/"); found {
		r.Mode, s = RouteMode(strings.TrimSpace(mode)), rest
	}
	for _, item := range strings.Split(s, ",") {
		name, weight, weighted := strings.Cut(strings.TrimSpace(item), "=")
		c := Candidate{Vendor: name}
		if weighted {
			n, err := strconv.Atoi(weight)
			if err != nil {
				return r, fmt.Errorf("weight %q of %s is no number", weight, name)
			}
			c.Weight = n
		}
		r.Candidates = append(r.Candidates, c)
	}
	return r, r.check()
}

func (r Route) check() error {
	if !slices.Contains([]RouteMode{"", Ordered, Weighted, ByUser}, r.Mode) {
		return fmt.Errorf("no route mode %q: one of %s, %s, %s", r.Mode, Ordered, Weighted, ByUser)
	}
	sum := 0
	for i, c := range r.Candidates {
		if c.Weight < 0 || c.Weight > maxWeight {
			return fmt.Errorf("weight of %s: 0 to %d", c.Vendor, maxWeight)
		}
		sum += c.Weight
		if slices.ContainsFunc(r.Candidates[:i], func(o Candidate) bool { return o.Vendor == c.Vendor }) {
			return fmt.Errorf("%s is listed twice", c.Vendor)
		}
	}
	if sum == 0 && len(r.Candidates) > 0 && (r.Mode == Weighted || r.Mode == ByUser) {
		return fmt.Errorf("route mode %s needs a weight", r.Mode)
	}
	return nil
}

const maxWeight = 1000

// Router holds, per capability, which vendor accounts may serve it, and the
// accounts themselves. It is safe for concurrent use: a change swaps everything
// at once, and calls under way finish with what they began with.
type Router struct {
	// Sticky remembers who served what Request.Sticky names; nil: nothing does.
	// It lives in this process: replicas agree through the route's order, and
	// differ only while a vendor is failing. Set it before the first call.
	Sticky Memory
	// KeyChanged is told when the account's key, 0 for the preferred one, was refused
	// by the vendor and set aside, and when it serves again; err is the refusal. Nil:
	// nobody listens. Set it before the first call.
	KeyChanged func(account string, key int, aside bool, err error)

	now atomic.Pointer[routing]

	mu sync.Mutex // held by writers of now
}

// routing is never changed once it is stored.
type routing struct {
	accounts []account
	plan     Plan // as given
	table    map[Capability]*compiled
	tenants  map[string]*tenancy
}

// compiled is a route with its accounts looked up.
type compiled struct {
	Route
	accounts []account // parallel to Candidates
	first    []*Vendor // the preferred key of each
	note     string    // what a journal says of them
}

// NewRouter routes over all. A capability that routes leaves out goes to every
// vendor that has it, in the order of all; groups and chat rooms to those of the
// messages route that have them, since messages to them go there.
func NewRouter(all []*Vendor, routes map[Capability][]string) (*Router, error) {
	r := &Router{}
	var accounts []account
	for _, v := range all {
		if slices.ContainsFunc(accounts, func(a account) bool { return a.name == v.Name }) {
			return nil, fmt.Errorf("vendor %s is configured twice", v.Name)
		}
		accounts = append(accounts, newAccount(v.Name, []*Vendor{v}))
	}
	r.now.Store(&routing{accounts: accounts})
	return r, r.Set(routes)
}

// Set replaces the whole table by ordered routes. Nothing changes when a name is
// unknown or its vendor cannot do what it is listed for.
func (r *Router) Set(routes map[Capability][]string) error {
	full := make(map[Capability]Route, len(routes))
	for c, names := range routes {
		var route Route
		for _, name := range names {
			route.Candidates = append(route.Candidates, Candidate{Vendor: name})
		}
		full[c] = route
	}
	return r.Apply(full)
}

// Apply replaces the general routes. Nothing changes when a route is not valid.
func (r *Router) Apply(routes map[Capability]Route) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now.Load()
	return r.swap(now.accounts, Plan{routes, now.plan.Tenants})
}

// Replace gives an account the keys that live lists, the preferred one first, and
// adds the account when it is new. All are tried when one is refused, so that
// two keys can be live while a vendor changes over. The caller closes what is no
// longer listed; calls under way finish with it.
func (r *Router) Replace(name string, live ...*Vendor) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.now.Load()
	if len(live) == 0 {
		return fmt.Errorf("account %s has no key", name)
	}
	accounts := slices.Clone(old.accounts)
	i := slices.IndexFunc(accounts, func(a account) bool { return a.name == name })
	if i < 0 {
		accounts, i = append(accounts, account{}), len(accounts)
	}
	accounts[i] = newAccount(name, live)
	return r.swap(accounts, old.plan)
}

// Remove forgets an account, unless a route that was given, or an app, names it. The caller
// closes it; calls under way finish.
func (r *Router) Remove(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.now.Load()
	return r.swap(slices.DeleteFunc(slices.Clone(old.accounts), func(a account) bool { return a.name == name }), old.plan)
}

// swap needs mu held.
func (r *Router) swap(accounts []account, p Plan) error {
	next, err := newRouting(accounts, p)
	if err == nil {
		r.now.Store(next)
	}
	return err
}

func newRouting(accounts []account, p Plan) (next *routing, err error) {
	next = &routing{accounts: accounts, plan: p}
	if next.table, err = newTable(accounts, p.Routes); err != nil {
		return nil, err
	}
	next.tenants, err = newTenancies(accounts, p)
	return next, err
}

// newTable looks routes up; what is left out gets its default.
func newTable(accounts []account, routes map[Capability]Route) (map[Capability]*compiled, error) {
	for c := range routes {
		if !slices.Contains(Capabilities(), c) {
			return nil, fmt.Errorf("no capability %q: one of %v", c, Capabilities())
		}
	}
	table := make(map[Capability]*compiled, len(Capabilities()))
	for _, c := range Capabilities() {
		route, given := routes[c]
		if !given {
			route = defaultRoute(c, accounts, routes)
		}
		var err error
		if table[c], err = compile(c, route, accounts); err != nil {
			return nil, &RouteError{Capability: c, Err: err}
		}
	}
	return table, nil
}

// defaultRoute is that of a capability which routes leaves out.
func defaultRoute(c Capability, accounts []account, routes map[Capability]Route) (route Route) {
	can := func(name string) bool {
		return slices.ContainsFunc(accounts, func(a account) bool { return a.name == name && a.live[0].Has(c) })
	}
	if messages, given := routes[CapMessages]; given && (c == CapGroups || c == CapChatRooms) {
		return messages.less(can)
	}
	for _, a := range accounts {
		if can(a.name) {
			route.Candidates = append(route.Candidates, Candidate{Vendor: a.name})
		}
	}
	return route
}

// RouteError says why a route cannot be.
type RouteError struct {
	Capability Capability
	Err        error
}

// Error names the capability.
func (e *RouteError) Error() string { return fmt.Sprintf("route %s: %v", e.Capability, e.Err) }

// Unwrap returns what is wrong.
func (e *RouteError) Unwrap() error { return e.Err }

// whoCan names the accounts that a route for c may list.
func whoCan(c Capability, accounts []account) string {
	var able []string
	for _, a := range accounts {
		if a.live[0].Has(c) {
			able = append(able, a.name)
		}
	}
	if len(able) == 0 {
		return "no configured account can"
	}
	return strings.Join(able, ", ") + " can"
}

func compile(c Capability, route Route, accounts []account) (*compiled, error) {
	if err := route.check(); err != nil {
		return nil, err
	}
	if route.Mode == "" {
		route.Mode = Ordered
	}
	out := &compiled{Route: route}
	for _, cand := range route.Candidates {
		i := slices.IndexFunc(accounts, func(a account) bool { return a.name == cand.Vendor })
		if i < 0 {
			return nil, fmt.Errorf("no account %q is configured; %s", cand.Vendor, whoCan(c, accounts))
		}
		if !accounts[i].live[0].Has(c) {
			return nil, fmt.Errorf("%s cannot do that; %s", cand.Vendor, whoCan(c, accounts))
		}
		out.accounts = append(out.accounts, accounts[i])
		out.first = append(out.first, accounts[i].live[0])
	}
	out.note = candidatesNote(out.Mode, out.accounts)
	return out, nil
}

// Route returns the vendors for c as listed, best first for an ordered route.
// The slice is shared: read only.
func (r *Router) Route(c Capability) []*Vendor { return r.now.Load().table[c].first }

// Routes returns every capability's route, defaults filled in.
func (r *Router) Routes() map[Capability]Route {
	out := map[Capability]Route{}
	for c, route := range r.now.Load().table {
		out[c] = route.Route
	}
	return out
}

// All returns every account by its preferred key, in configured order.
func (r *Router) All() []*Vendor {
	accounts := r.now.Load().accounts
	out := make([]*Vendor, len(accounts))
	for i, a := range accounts {
		out[i] = a.live[0]
	}
	return out
}

// Live returns every live key of the account, the preferred one first; nil when
// there is no such account. Read only.
func (r *Router) Live(name string) []*Vendor {
	for _, a := range r.now.Load().accounts {
		if a.name == name {
			return a.live
		}
	}
	return nil
}
