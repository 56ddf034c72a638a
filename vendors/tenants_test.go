package vendors

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
)

func wallets(t *testing.T, names ...string) *Router {
	t.Helper()
	var all []*Vendor
	for _, name := range names {
		all = append(all, acct(name))
	}
	r, err := NewRouter(all, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Each app is asked for a wallet; what it may not have is never called.
func TestAnAppIsServedByItsOwnAccounts(t *testing.T) {
	own := func(accounts ...string) Tenant { return Tenant{Accounts: accounts} }
	general := func(names ...string) map[Capability]Route {
		return map[Capability]Route{CapWallet: {Candidates: listed(names...)}}
	}
	for _, tc := range []struct {
		name    string
		general map[Capability]Route
		tenants map[string]Tenant
		want    map[string]string // of each app, "" for what no app asks: the route, by commas
		alone   string            // who is alone at a
	}{
		{"nobody says anything", nil, map[string]Tenant{"x": {}, "y": {}}, map[string]string{"": "a,b,c", "x": "a,b,c", "y": "a,b,c"}, ""},
		{"one app", nil, map[string]Tenant{"x": {}}, map[string]string{"x": "a,b,c"}, "x"},
		{"what one names no other has", nil, map[string]Tenant{"x": own("a"), "y": {}}, map[string]string{"": "a,b,c", "x": "a", "y": "b,c"}, "x"},
		{"unless it names it too", nil, map[string]Tenant{"x": own("a", "b"), "y": own("a")}, map[string]string{"x": "a,b", "y": "a"}, ""},
		{"the general route is cut", general("c", "b", "a"), map[string]Tenant{"x": own("a", "b"), "y": {}}, map[string]string{"": "c,b,a", "x": "b,a", "y": "c"}, "x"},
		{"a general route to others alone", general("c"), map[string]Tenant{"x": own("a", "b"), "y": {}}, map[string]string{"x": "a,b", "y": "c"}, "x"},
		{"a general route to nobody", general(), map[string]Tenant{"x": own("a", "b")}, map[string]string{"": "", "x": ""}, "x"},
		{"a route of its own", general("a"), map[string]Tenant{"x": {Accounts: []string{"a", "b"}, Routes: general("b", "a")}, "y": {}}, map[string]string{"x": "b,a", "y": "c"}, "x"},
		{"a route of its own over all", general("a"), map[string]Tenant{"x": {Routes: general("b")}, "y": {}}, map[string]string{"x": "b", "y": "a"}, ""},
	} {
		r := wallets(t, "a", "b", "c")
		if err := r.ApplyPlan(Plan{tc.general, tc.tenants}); err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		for _, app := range slices.Sorted(maps.Keys(tc.want)) {
			asked, err := ask(WithApp(t.Context(), app), r, Request{}, func(v *Vendor) error { return &Error{Outcome: NotSent} })
			if got := strings.Join(asked, ","); got != tc.want[app] || err == nil {
				t.Errorf("%s: app %q was served by %q, want %q", tc.name, app, got, tc.want[app])
			}
		}
		for app := range tc.tenants {
			if got := r.Alone(app, "a"); got != (app == tc.alone) && slices.Contains(r.AccountsFor(app), "a") {
				t.Errorf("%s: %s is alone at a: %v", tc.name, app, got)
			}
		}
	}
}

func TestAWeightedRouteIsCutByItsWeights(t *testing.T) {
	r := wallets(t, "a", "b", "c")
	weighted := Route{Mode: Weighted, Candidates: []Candidate{{"a", 1}, {"b", 0}, {"c", 0}}}
	if err := r.ApplyPlan(Plan{map[Capability]Route{CapWallet: weighted}, map[string]Tenant{"x": {Accounts: []string{"b", "c"}}}}); err != nil {
		t.Fatal(err)
	}
	if got := r.RoutesFor("x")[CapWallet]; got.Mode != Ordered || len(got.Candidates) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestWhatAnAppCannotHaveIsTold(t *testing.T) {
	for name, tc := range map[string]struct {
		tenants map[string]Tenant
		says    []string
	}{
		"no such account":      {map[string]Tenant{"x": {Accounts: []string{"z"}}}, []string{"app x", `"z"`, "a, b"}},
		"not its own":          {map[string]Tenant{"x": {Accounts: []string{"a"}, Routes: map[Capability]Route{CapWallet: {Candidates: listed("b")}}}}, []string{"app x", "wallet", "b is not among"}},
		"another's":            {map[string]Tenant{"x": {Accounts: []string{"a"}}, "y": {Routes: map[Capability]Route{CapWallet: {Candidates: listed("a")}}}}, []string{"app y", "a is not among"}},
		"nothing is left":      {map[string]Tenant{"x": {Accounts: []string{"a", "b"}}, "y": {}}, []string{"app y", "named every one"}},
		"it cannot":            {map[string]Tenant{"x": {Routes: map[Capability]Route{CapRooms: {Candidates: listed("a")}}}}, []string{"app x", "rooms", "cannot"}},
		"no such capability":   {map[string]Tenant{"x": {Routes: map[Capability]Route{"walets": {}}}}, []string{"app x", "walets"}},
		"an account in no app": {map[string]Tenant{"x": {Routes: map[Capability]Route{CapWallet: {Candidates: listed("z")}}}}, []string{"app x", "wallet", `"z"`}},
	} {
		r := wallets(t, "a", "b")
		err := r.ApplyPlan(Plan{Tenants: tc.tenants})
		if err == nil || r.CheckPlan(Plan{Tenants: tc.tenants}) == nil {
			t.Errorf("%s: taken", name)
			continue
		}
		for _, word := range tc.says {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %v does not say %s", name, err, word)
			}
		}
		if got := r.AccountsFor("x"); len(got) != 2 {
			t.Errorf("%s: refused, and applied: %v", name, got)
		}
	}
}

// What an app names stays while the accounts change around it.
func TestAnAppsAccountStays(t *testing.T) {
	r := wallets(t, "a", "b")
	if err := r.ApplyPlan(Plan{Tenants: map[string]Tenant{"x": {Accounts: []string{"a"}}, "y": {}}}); err != nil {
		t.Fatal(err)
	}
	if err := r.Remove("a"); err == nil {
		t.Error("an account that an app names was removed")
	}
	if err := r.Remove("b"); err == nil {
		t.Error("the last account that y has was removed")
	}
	if err := r.Replace("c", acct("c")); err != nil {
		t.Fatal(err)
	}
	if x, y := r.AccountsFor("x"), r.AccountsFor("y"); !slices.Equal(x, []string{"a"}) || !slices.Equal(y, []string{"b", "c"}) {
		t.Errorf("x has %v, y has %v", x, y)
	}
}

type groups struct{ Groups }
type messages struct{ Messages }

func TestGroupsGoWhereMessagesGo(t *testing.T) {
	all := []*Vendor{{Name: "a", Groups: groups{}, Messages: messages{}}, {Name: "b", Messages: messages{}}, {Name: "c", Groups: groups{}, Messages: messages{}}}
	names := func(r *Router) (out []string) {
		for _, v := range r.RouteFor("", CapGroups) {
			out = append(out, v.Name)
		}
		return out
	}
	for want, routes := range map[string]map[Capability][]string{
		"a,c": nil, "c,a": {CapMessages: {"c", "b", "a"}}, "": {CapMessages: {"b"}}, "c": {CapMessages: {"a"}, CapGroups: {"c"}},
	} {
		r, err := NewRouter(all, routes)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(names(r), ","); got != want {
			t.Errorf("%v: groups go to %q, want %q", routes, got, want)
		}
	}
	r, _ := NewRouter(all, map[Capability][]string{CapMessages: {"b"}})
	if err := r.CheckAble(context.Background(), Request{Capability: CapGroups}, "groups"); err == nil || !strings.Contains(err.Error(), "a, c can") {
		t.Errorf("%v", err)
	}
}
