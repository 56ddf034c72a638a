package rongcloud

import (
	"context"
	"strconv"
	"time"
	"unicode/utf8"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// Issue registers u and returns a token. It lasts until it is revoked, unless
// the console sets a life, which the answer does not tell. RongCloud insists on a
// name: without one the id stands in (docs/vendors/rongcloud.md#tokens).
func (a *adapter) Issue(ctx context.Context, u vendors.User) (vendors.Credential, error) {
	op := vendors.OpTokenIssue
	if u.Name == "" {
		u.Name = u.ID
	}
	if err := a.checkUser(op, u); err != nil {
		return vendors.Credential{}, err
	}
	form := upstream.Fields{{"userId", u.ID}, {"name", u.Name}}
	if u.Portrait != "" {
		form.Set("portraitUri", u.Portrait)
	}
	call := a.form(ctx, op, upstream.Token, "/user/getToken.json", form)
	call.Idempotent = true // a second token leaves the first valid
	call.Check = checkToken
	var out struct {
		Token string `json:"token"`
	}
	if err := a.up.Do(ctx, call, &out); err != nil {
		return vendors.Credential{}, err
	}
	return vendors.Credential{SDK: "rongcloud", AppKey: a.cfg.AppKey, Token: out.Token}, nil
}

// checkUser refuses what is too long of a user to be registered or shown.
func (a *adapter) checkUser(op string, u vendors.User) error {
	if err := a.checkIDs(op, []string{u.ID}); err != nil {
		return err
	}
	if l := limits[op]; utf8.RuneCountInString(u.Name) > l.Runes || len(u.Portrait) > l.Bytes {
		return a.refuse(op, vendors.ErrTooLarge, "the name or the portrait's URL is too long")
	}
	return nil
}

// checkToken asks for the token itself on top of a good verdict.
func checkToken(ans upstream.Answer) error {
	if err := check(ans); err != nil {
		return err
	}
	var out struct {
		Token string `json:"token"`
	}
	if ans.Decode(&out) != nil || out.Token == "" {
		return vendors.ErrUnreadable
	}
	return nil
}

// Revoke voids tokens issued before t. Open connections stay until they drop;
// Block cuts them (docs/vendors/rongcloud.md#tokens).
func (a *adapter) Revoke(ctx context.Context, users []string, t time.Time) ([]vendors.MemberResult, error) {
	op := vendors.OpTokenRevoke
	if err := a.checkIDs(op, users); err != nil {
		return nil, err
	}
	form := upstream.Fields{{"time", strconv.FormatInt(t.UnixMilli(), 10)}}.With("userId", users...)
	return vendors.AllMembers(users, a.up.Do(ctx, a.form(ctx, op, upstream.Token, "/user/token/expire.json", form), nil))
}
