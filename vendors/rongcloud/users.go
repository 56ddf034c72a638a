package rongcloud

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// Block cuts the users off at once, for d rounded up to minutes: there is no
// block for good (docs/vendors/rongcloud.md#blocks).
func (a *adapter) Block(ctx context.Context, users []string, d time.Duration) ([]vendors.MemberResult, error) {
	op := vendors.OpUserBlock
	if err := a.checkIDs(op, users); err != nil {
		return nil, err
	}
	n, err := a.minutes(op, traits.Block, d)
	if err != nil {
		return nil, err
	}
	form := upstream.Fields{{"minute", strconv.Itoa(n)}}.With("userId", users...)
	return vendors.AllMembers(users, a.up.Do(ctx, a.form(ctx, op, upstream.Control, "/user/block.json", form), nil))
}

// Unblock lets the users in again.
func (a *adapter) Unblock(ctx context.Context, users []string) ([]vendors.MemberResult, error) {
	op := vendors.OpUserUnblock
	if err := a.checkIDs(op, users); err != nil {
		return nil, err
	}
	return vendors.AllMembers(users, a.up.Do(ctx, a.form(ctx, op, upstream.Control, "/user/unblock.json", upstream.Fields{}.With("userId", users...)), nil))
}

// DeleteUsers deactivates the users: they are out at once, and what the vendor keeps of
// them goes within minutes (docs/vendors/rongcloud.md#deactivation). The ids go in one
// field, joined by commas.
func (a *adapter) DeleteUsers(ctx context.Context, users []string) ([]vendors.MemberResult, error) {
	op := vendors.OpUserDelete
	if err := a.checkIDs(op, users); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(users, func(id string) bool { return strings.Contains(id, ",") }) {
		return nil, a.refuse(op, vendors.ErrInvalid, "an id with a comma would name others")
	}
	call := a.form(ctx, op, upstream.Control, "/user/deactivate.json", upstream.Fields{{"userId", strings.Join(users, ",")}})
	rows, err := vendors.AllMembers(users, a.up.Do(ctx, call, nil))
	for i := range rows {
		rows[i].State = vendors.MemberPending
	}
	return rows, err
}

// RefreshProfile changes name and portrait; an empty one is left out.
func (a *adapter) RefreshProfile(ctx context.Context, u vendors.User) error {
	op := vendors.OpUserProfile
	if err := a.checkUser(op, u); err != nil {
		return err
	}
	form := upstream.Fields{{"userId", u.ID}}
	if u.Name != "" {
		form.Set("name", u.Name)
	}
	if u.Portrait != "" {
		form.Set("portraitUri", u.Portrait)
	}
	if len(form) == 1 {
		return a.refuse(op, vendors.ErrInvalid, "neither a name nor a portrait")
	}
	return a.up.Do(ctx, a.form(ctx, op, upstream.Control, "/user/refresh.json", form), nil)
}

// AddToBlacklist holds for what clients send. Messages of the server API ignore
// the list (docs/vendors/rongcloud.md#blacklists).
func (a *adapter) AddToBlacklist(ctx context.Context, user string, blocked []string) ([]vendors.MemberResult, error) {
	return a.blacklist(ctx, "/user/blacklist/add.json", user, blocked)
}

// RemoveFromBlacklist undoes AddToBlacklist.
func (a *adapter) RemoveFromBlacklist(ctx context.Context, user string, blocked []string) ([]vendors.MemberResult, error) {
	return a.blacklist(ctx, "/user/blacklist/remove.json", user, blocked)
}

func (a *adapter) blacklist(ctx context.Context, path, user string, blocked []string) ([]vendors.MemberResult, error) {
	op := vendors.OpBlacklist
	if err := a.checkIDs(op, blocked, user); err != nil {
		return nil, err
	}
	form := upstream.Fields{{"userId", user}}.With("blackUserId", blocked...)
	return vendors.AllMembers(blocked, a.up.Do(ctx, a.form(ctx, op, upstream.Control, path, form), nil))
}

// Statuses reports who is connected; the vendor takes one user in a call. "1" is online
// here; the callback says so by "0" (docs/vendors/rongcloud.md#online).
func (a *adapter) Statuses(ctx context.Context, users []string) ([]vendors.Status, error) {
	op := vendors.OpPresence
	if err := a.checkIDs(op, users); err != nil {
		return nil, err
	}
	call := a.form(ctx, op, upstream.Read, "/user/checkOnline.json", upstream.Fields{{"userId", users[0]}})
	var out onlineAnswer
	call.Check = func(ans upstream.Answer) error {
		if err := check(ans); err != nil {
			return err
		}
		if ans.Decode(&out) != nil || (out.Status != "0" && out.Status != "1") {
			return vendors.ErrUnreadable
		}
		return nil
	}
	if err := a.up.Do(ctx, call, nil); err != nil {
		return nil, err
	}
	status := vendors.Status{User: users[0], State: vendors.PresenceOffline}
	if out.Status == "1" {
		status.State = vendors.PresenceOnline
	}
	return []vendors.Status{status}, nil
}

type onlineAnswer struct {
	Status upstream.Text `json:"status"`
}
