package linkv

import (
	"context"
	"errors"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// openIDs never change, so they are kept long; the bound is on memory.
const (
	openIDFor = 24 * time.Hour
	openIDMax = 100_000
)

// Issue returns an IM token, and the live open id when the live side is
// configured: the user is registered there with name and portrait.
func (a *adapter) Issue(ctx context.Context, u vendors.User) (vendors.Credential, error) {
	if err := a.checkUser(u); err != nil {
		return vendors.Credential{}, err
	}
	call := a.imCall(vendors.OpTokenIssue, upstream.Token, u.ID, "/api/rest/getToken", upstream.Fields{{"userId", u.ID}})
	call.Idempotent = true // another token never voids the last
	var out struct {
		Token upstream.Text `json:"token"`
	}
	if err := a.im.Do(ctx, call, &out); err != nil {
		return vendors.Credential{}, err
	}
	if out.Token == "" {
		return vendors.Credential{}, a.unreadable(vendors.OpTokenIssue)
	}
	c := vendors.Credential{SDK: "linkv", AppKey: a.cfg.AppKey, Token: string(out.Token)}
	if a.live == nil {
		return c, nil
	}
	var err error
	c.OpenID, err = a.openID(ctx, vendors.OpTokenIssue, u)
	return c, err
}

func (a *adapter) checkUser(u vendors.User) error {
	if err := limits.Check(a.name, vendors.OpTokenIssue, vendors.Size{IDs: []string{u.ID}, Content: u.Portrait}); err != nil {
		return err
	}
	if len(u.Name) > maxName {
		return vendors.Refuse(a.name, vendors.OpTokenIssue, vendors.ErrTooLarge, "the name is over 128 bytes")
	}
	return nil
}

// openID is the live side's own id for a user, which all coin calls want.
func (a *adapter) openID(ctx context.Context, op string, u vendors.User) (string, error) {
	id, err := a.openIDs.Get(ctx, u.ID, func(ctx context.Context) (string, error) { return a.register(ctx, u) })
	var e *vendors.Error
	if errors.As(err, &e) { // a copy: others may wait for the same answer
		told := *e
		told.Op = op
		return "", &told
	}
	return id, err
}

// register asks for the open id as u is first, so that a profile which LinkV
// already has is not overwritten by our stand-ins. LinkV refuses that for a
// user whom it has never seen; only then are the stand-ins sent.
func (a *adapter) register(ctx context.Context, u vendors.User) (string, error) {
	id, err := a.thGetToken(ctx, u)
	if !errors.Is(err, vendors.ErrInvalid) || (u.Name != "" && u.Portrait != "") {
		return id, err
	}
	if u.Name == "" {
		u.Name = u.ID
	}
	if u.Portrait == "" {
		u.Portrait = a.cfg.Portrait
	}
	return a.thGetToken(ctx, u)
}

func (a *adapter) thGetToken(ctx context.Context, u vendors.User) (string, error) {
	form := upstream.Fields{{"userId", u.ID}, {"aid", a.cfg.AID}}
	if u.Name != "" {
		form.Set("name", u.Name)
	}
	if u.Portrait != "" {
		form.Set("portraitUri", u.Portrait)
	}
	call := a.liveCall(vendors.OpTokenIssue, upstream.Token, "/open/v0/thGetToken", form)
	call.Idempotent = true // registers once, by userId
	var out struct {
		Data struct {
			OpenID upstream.Text `json:"openId"`
		} `json:"data"`
	}
	if err := a.live.Do(ctx, call, &out); err != nil {
		return "", err
	}
	if out.Data.OpenID == "" {
		return "", a.unreadable(vendors.OpTokenIssue)
	}
	return string(out.Data.OpenID), nil
}

// unreadable is the error of a success that lacks what it was asked for.
func (a *adapter) unreadable(op string) error {
	return &vendors.Error{Vendor: a.name, Op: op, Outcome: vendors.Ambiguous, Err: vendors.ErrUnreadable}
}
