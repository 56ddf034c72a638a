package vendortest

import (
	"crypto/rand"
	"strings"

	"switchboard/vendors"
)

// leaver is an id that no other check counts on. It is another one each time, since a
// vendor of DeletionLater keeps it closed.
func leaver() string { return "leaver" + strings.ToLower(rand.Text()[:10]) }

func deletionChecks() []check {
	return []check{
		{"DeletedUserIsGoneAloneAndAsDeclared", []string{"Deletions", "Tokens"}, func(f Fixture) bool { return f.Far.TokenUser != nil }, deleteUser},
	}
}

func (e *env) deletionOps() []op {
	return []op{{vendors.OpUserDelete, "Deletions", once, func(c ctx, v *vendors.Vendor) error {
		return errOf(v.Deletions.DeleteUsers(c, []string{leaver()}))
	}}}
}

func sizedDeletions() []sized {
	return []sized{{vendors.OpUserDelete, "Deletions", func(c ctx, e *env, s size) error {
		return errOf(e.v.Deletions.DeleteUsers(c, ids(s.targets, s.id)))
	}}}
}

// deleteUser deletes two of three users, and one of them again.
func deleteUser(t T, e *env) {
	gone, too, stays := leaver(), leaver(), leaver()
	tokens := map[string]string{}
	for _, id := range []string{gone, too, stays} {
		c, err := e.v.Tokens.Issue(t.Context(), vendors.User{ID: id, Name: "Name of " + id})
		must(t, "issue", err)
		tokens[id] = c.Token
	}
	if e.Far.Connect != nil {
		e.Far.Connect(gone, "phone")
		e.Far.Connect(stays, "phone")
	}
	rows, err := e.v.Deletions.DeleteUsers(t.Context(), []string{gone, too})
	done(t, "delete", gone, too)(rows, err)
	for _, r := range rows {
		if later := e.v.Traits.Delete == vendors.DeletionLater; (r.State == vendors.MemberPending) != later {
			t.Errorf("deletion is declared as %q, and the row of %s is %s", e.v.Traits.Delete, r.User, r.State)
		}
	}
	e.isGone(t, gone, tokens[gone])
	e.isGone(t, too, tokens[too])
	if got := e.Far.TokenUser(tokens[stays]); got != stays {
		t.Errorf("the token of somebody else went with it: it is %q's", got)
	}
	if e.Far.Sessions != nil && e.Far.Connect != nil && len(e.Far.Sessions(stays)) == 0 {
		t.Errorf("the session of somebody else went with it")
	}
	done(t, "delete again", gone)(e.v.Deletions.DeleteUsers(t.Context(), []string{gone}))
	e.comesAgain(t, too)
	e.mustNotCall(t, "nobody", func(c ctx) error { return errOf(e.v.Deletions.DeleteUsers(c, nil)) }, vendors.ErrInvalid)
}

// isGone looks for what is left of a deleted user, as far as the far end shows it. A
// credential that nothing can void is good until it expires.
func (e *env) isGone(t T, user, token string) {
	t.Helper()
	if got := e.Far.TokenUser(token); e.has["Revoker"] && got != "" {
		t.Errorf("the token of a deleted user is %q's", got)
	}
	if e.Far.HasUser != nil && e.Far.HasUser(user) {
		t.Errorf("the far end knows %s, who was deleted", user)
	}
	if e.Far.Sessions != nil {
		e.settled(func() bool { return len(e.Far.Sessions(user)) == 0 })
		if n := len(e.Far.Sessions(user)); n > 0 {
			t.Errorf("a deleted user has %d sessions", n)
		}
	}
	if e.Far.Profile != nil && strings.Contains(e.Far.Profile(user).Name, user) {
		t.Errorf("the far end shows a deleted user as %q", e.Far.Profile(user).Name)
	}
}

// comesAgain asks for a credential of a deleted user's id.
func (e *env) comesAgain(t T, user string) {
	t.Helper()
	_, err := e.v.Tokens.Issue(t.Context(), vendors.User{ID: user, Name: "Anew"})
	if e.v.Traits.Delete == vendors.DeletionLater {
		if vendors.OutcomeOf(err) != vendors.DefiniteNo {
			t.Errorf("the id of who was deleted is declared as closed, and a credential ends as: %v", err)
		}
		return
	}
	must(t, "a credential of who comes with the id", err)
}
