package vendortest

import (
	"slices"
	"time"

	"switchboard/vendors"
)

func tokenChecks() []check {
	live := func(f Fixture) bool { return f.Far.TokenUser != nil }
	return []check{
		{"IssuedTokenIsTheUsersAtTheFarEnd", []string{"Tokens"}, live, issue},
		{"SecondTokenDoesNotVoidTheFirst", []string{"Tokens"}, live, issueTwice},
		{"TokenForNobodyIsRefusedBeforeTheCall", []string{"Tokens"}, nil, func(t T, e *env) {
			e.mustNotCall(t, "empty user", func(ctx ctx) error { _, err := e.v.Tokens.Issue(ctx, vendors.User{}); return err }, vendors.ErrInvalid)
		}},
		{"RevokedTokenIsNobodys", []string{"Tokens", "Revoker"}, live, revoke},
	}
}

func issue(t T, e *env) {
	for _, u := range []vendors.User{{ID: e.Known, Name: `Zoë & "Co" 礼物`, Portrait: "https://portraits.example/a.png?x=1&y=2"}, {ID: "newcomer"}} {
		c, err := e.v.Tokens.Issue(t.Context(), u)
		must(t, u.ID, err)
		if c.SDK == "" || c.AppKey == "" || c.Token == "" {
			t.Errorf("%s: a field of the credential is empty (SDK %q, app key %q)", u.ID, c.SDK, c.AppKey)
		}
		for _, secret := range e.Secrets {
			if c.AppKey == secret.Reveal() {
				t.Errorf("%s: the app key handed to clients is a secret", u.ID)
			}
		}
		if !c.ExpiresAt.IsZero() && time.Until(c.ExpiresAt) <= 0 {
			t.Errorf("%s: the new token has expired at %s", u.ID, c.ExpiresAt)
		}
		if got := e.Far.TokenUser(c.Token); got != u.ID {
			t.Errorf("the far end takes the token of %s for %q's", u.ID, got)
		}
	}
}

func issueTwice(t T, e *env) {
	first, err := e.v.Tokens.Issue(t.Context(), vendors.User{ID: e.Known})
	must(t, "first", err)
	_, err = e.v.Tokens.Issue(t.Context(), vendors.User{ID: e.Known})
	must(t, "second", err)
	if got := e.Far.TokenUser(first.Token); got != e.Known {
		t.Errorf("after a second issue the first token is %q's", got)
	}
}

func revoke(t T, e *env) {
	mine, err := e.v.Tokens.Issue(t.Context(), vendors.User{ID: e.Known})
	must(t, "issue", err)
	other, err := e.v.Tokens.Issue(t.Context(), vendors.User{ID: e.Peer})
	must(t, "issue", err)
	done(t, "revoke", e.Known)(e.v.Revoker.Revoke(t.Context(), []string{e.Known}, time.Now().Add(time.Second)))
	if got := e.Far.TokenUser(mine.Token); got != "" {
		t.Errorf("the revoked token is still %q's", got)
	}
	if got := e.Far.TokenUser(other.Token); got != e.Peer {
		t.Errorf("the token of somebody else went with it: it is %q's", got)
	}
}

func peopleChecks() []check {
	return []check{
		{"BlacklistIsTheOwnersAndNotTheOthers", []string{"Blacklist"}, func(f Fixture) bool { return f.Far.Blacklist != nil }, blacklist},
		{"NobodyIsNotBlocked", []string{"Users"}, nil, func(t T, e *env) {
			e.mustNotCall(t, "nobody", func(ctx ctx) error { return errOf(e.v.Users.Block(ctx, nil, time.Minute)) }, vendors.ErrInvalid)
		}},
	}
}

func blacklist(t T, e *env) {
	done(t, "add", e.Peer)(e.v.Blacklist.AddToBlacklist(t.Context(), e.Known, []string{e.Peer}))
	if got := e.Far.Blacklist(e.Known); !slices.Contains(got, e.Peer) {
		t.Errorf("%s's list is %v, without %s", e.Known, got, e.Peer)
	}
	if got := e.Far.Blacklist(e.Peer); slices.Contains(got, e.Known) {
		t.Errorf("the list went to the wrong user: %s's is %v", e.Peer, got)
	}
	done(t, "remove", e.Peer)(e.v.Blacklist.RemoveFromBlacklist(t.Context(), e.Known, []string{e.Peer}))
	if got := e.Far.Blacklist(e.Known); slices.Contains(got, e.Peer) {
		t.Errorf("%s's list is still %v", e.Known, got)
	}
}
