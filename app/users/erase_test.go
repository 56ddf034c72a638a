package users_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"switchboard/app/users"
	"switchboard/vendors"
)

// of are the fates of what at an account: "accepted".
func of(fates []users.Fate, account, what string) string {
	var out []string
	for _, f := range fates {
		if f.Account == account && f.ID == what {
			out = append(out, string(f.State))
		}
	}
	return strings.Join(out, " ")
}

// The operator has moved every route away from the account where the user has been.
func TestWhoIsForgottenIsForgottenAtAccountsOffTheRouteToo(t *testing.T) {
	w := newWorld(t, func(v *vendors.Vendor) {
		v.Sessions = v.Users.(*far)
		if v.Name == "bell" {
			v.Blacklist = nil
		}
	}, "acme", "bell")
	w.route(t, "acme")
	acme := w.fars["acme"]
	acme.put("group ann", "g1")()
	acme.put("profile ann", "Ann")()
	var many []string
	for i := range 21 {
		many = append(many, fmt.Sprint("u", i))
	}
	for _, some := range [][]string{many[:20], many[20:]} {
		if _, err := w.s.AddToBlacklist(t.Context(), "a", "ann", "w1", some); err != nil {
			t.Fatal(err)
		}
	}
	w.routeAll(t, "bell")
	fates, err := w.s.Forget(t.Context(), "a", "ann", "w2", "erased-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{users.Credentials, users.Connections, users.Groups, users.Profile, "blacklist"} {
		if got := of(fates, "acme", what); got != "accepted" {
			t.Errorf("%s at the account off the route: %q", what, got)
		}
	}
	if got := acme.has("group ann") + acme.has("blacklist ann u0") + acme.has("blacklist ann u20"); got != "" || acme.has("profile ann") != "erased-1" || acme.has("revoke ann") == "" {
		t.Errorf("left at the account off the route: %s, %v", got, acme.state)
	}
	if got := of(fates, "bell", users.Profile); got != "accepted" {
		t.Errorf("at the account of the route: %q", got)
	}
}

// A client stays with a credential from before, and the route may come back.
func TestABanReachesAccountsOffTheRoute(t *testing.T) {
	w := newWorld(t, func(v *vendors.Vendor) { v.Sessions = v.Users.(*far) }, "acme", "bell")
	w.routeAll(t, "bell")
	fates, err := w.s.Block(t.Context(), "a", "ann", "w1", time.Hour)
	if err != nil || told(fates) != "bell ann accepted, acme ann accepted" || w.fars["acme"].has("block ann") == "" {
		t.Errorf("%s, %v", told(fates), err)
	}
	done, left, err := w.s.EndSessions(t.Context(), "a", "ann", "w2", time.Now())
	if err != nil || len(left) > 0 || told(done) != "bell credentials accepted, bell connections accepted, acme credentials accepted, acme connections accepted" {
		t.Errorf("%s; left %s; %v", told(done), told(left), err)
	}
}
