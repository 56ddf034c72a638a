package linkv

import (
	"context"
	"strconv"
	"strings"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// Block cuts the users off; LinkV counts in minutes, so d is rounded up.
func (a *adapter) Block(ctx context.Context, users []string, d time.Duration) error {
	if err := limits.Check(a.name, vendors.OpUserBlock, vendors.Size{IDs: users, Targets: len(users)}); err != nil {
		return err
	}
	if d <= 0 || len(users) == 0 {
		return vendors.Refuse(a.name, vendors.OpUserBlock, vendors.ErrInvalid, "a block needs users and a duration")
	}
	minutes := (d + time.Minute - 1) / time.Minute
	form := upstream.Fields{{"appId", a.cfg.AppID}, {"userIds", strings.Join(users, ",")}, {"minute", strconv.FormatInt(int64(minutes), 10)}}
	return a.im.Do(ctx, a.control(vendors.OpUserBlock, users[0], "/api/rest/user/block", form), nil)
}

// Unblock is refused: LinkV publishes no call that ends a block early.
func (a *adapter) Unblock(context.Context, []string) error {
	return vendors.Refuse(a.name, vendors.OpUserUnblock, vendors.ErrUnsupported, "a block ends by itself")
}

// AddToBlacklist keeps the messages of blocked from user.
func (a *adapter) AddToBlacklist(ctx context.Context, user string, blocked []string) error {
	return a.blacklist(ctx, user, blocked, "/api/rest/user/addUserBlack")
}

// RemoveFromBlacklist undoes AddToBlacklist.
func (a *adapter) RemoveFromBlacklist(ctx context.Context, user string, blocked []string) error {
	return a.blacklist(ctx, user, blocked, "/api/rest/user/removeUserBlack")
}

// blacklist changes user's list; the error is that of the first of the others
// for whom LinkV failed.
func (a *adapter) blacklist(ctx context.Context, user string, others []string, path string) error {
	ids := append([]string{user}, others...)
	if err := limits.Check(a.name, vendors.OpBlacklist, vendors.Size{IDs: ids, Targets: len(others)}); err != nil {
		return err
	}
	if len(others) == 0 {
		return nil
	}
	form := upstream.Fields{{"userId", user}, {"blackUserIds", strings.Join(others, ",")}}
	var out sendResults
	if err := a.im.Do(ctx, a.control(vendors.OpBlacklist, user, path, form), &out); err != nil {
		return err
	}
	for _, other := range others {
		if err := out.err(a.name, vendors.OpBlacklist, other); err != nil {
			return err
		}
	}
	return nil
}

// Online reports whether LinkV holds a connection of user.
func (a *adapter) Online(ctx context.Context, user string) (bool, error) {
	if err := limits.Check(a.name, vendors.OpPresence, vendors.Size{IDs: []string{user}}); err != nil {
		return false, err
	}
	call := a.imCall(vendors.OpPresence, upstream.Read, user, "/api/rest/userOnlineStatus", upstream.Fields{{"appId", a.cfg.AppID}, {"userId", user}})
	var out struct {
		Data *object[upstream.Text] `json:"data"`
	}
	if err := a.im.Do(ctx, call, &out); err != nil {
		return false, err
	}
	if out.Data == nil {
		return false, a.unreadable(vendors.OpPresence)
	}
	return out.Data.V == "1", nil
}

// control is a call that sets a state. It is not repeated by itself: what LinkV
// answers to a second block, join or exit is not known.
func (a *adapter) control(op, user, path string, form upstream.Fields) upstream.Call {
	return a.imCall(op, upstream.Control, user, path, form)
}
