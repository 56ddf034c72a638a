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
func (a *adapter) Block(ctx context.Context, users []string, d time.Duration) ([]vendors.MemberResult, error) {
	if err := limits.Check(a.name, vendors.OpUserBlock, vendors.Size{IDs: users, Targets: len(users)}); err != nil {
		return nil, err
	}
	if len(users) == 0 {
		return nil, vendors.Refuse(a.name, vendors.OpUserBlock, vendors.ErrInvalid, "nobody is named")
	}
	if err := traits.Block.Refuse(a.name, vendors.OpUserBlock, d); err != nil {
		return nil, err
	}
	minutes := (d + time.Minute - 1) / time.Minute
	form := upstream.Fields{{"appId", a.cfg.AppID}, {"userIds", strings.Join(users, ",")}, {"minute", strconv.FormatInt(int64(minutes), 10)}}
	return vendors.AllMembers(users, a.im.Do(ctx, a.control(vendors.OpUserBlock, users[0], "/api/rest/user/block", form), nil))
}

// Unblock is refused: LinkV publishes no call that ends a block early.
func (a *adapter) Unblock(context.Context, []string) ([]vendors.MemberResult, error) {
	return nil, vendors.Refuse(a.name, vendors.OpUserUnblock, vendors.ErrUnsupported, "a block ends by itself")
}

// AddToBlacklist keeps the messages of blocked from user.
func (a *adapter) AddToBlacklist(ctx context.Context, user string, blocked []string) ([]vendors.MemberResult, error) {
	return a.blacklist(ctx, user, blocked, "/api/rest/user/addUserBlack")
}

// RemoveFromBlacklist undoes AddToBlacklist.
func (a *adapter) RemoveFromBlacklist(ctx context.Context, user string, blocked []string) ([]vendors.MemberResult, error) {
	return a.blacklist(ctx, user, blocked, "/api/rest/user/removeUserBlack")
}

// blacklist changes user's list, which is told for each of the others.
func (a *adapter) blacklist(ctx context.Context, user string, others []string, path string) ([]vendors.MemberResult, error) {
	op := vendors.OpBlacklist
	ids := append([]string{user}, others...)
	if err := limits.Check(a.name, op, vendors.Size{IDs: ids, Targets: len(others)}); err != nil {
		return nil, err
	}
	if len(others) == 0 {
		return nil, nil
	}
	form := upstream.Fields{{"userId", user}, {"blackUserIds", strings.Join(others, ",")}}
	var out sendResults
	rows, err := vendors.AllMembers(others, a.im.Do(ctx, a.control(op, user, path, form), &out))
	for i := range rows {
		if failed := out.err(a.name, op, others[i]); failed != nil {
			rows[i] = vendors.MembersFailed(others[i:i+1], failed)[0]
		}
	}
	if len(rows) == 1 && rows[0].Err != nil {
		return nil, rows[0].Err
	}
	return rows, err
}

// Statuses reports whether LinkV holds a connection of the user; it takes one in a call.
func (a *adapter) Statuses(ctx context.Context, users []string) ([]vendors.Status, error) {
	op := vendors.OpPresence
	if len(users) == 0 {
		return nil, vendors.Refuse(a.name, op, vendors.ErrInvalid, "nobody is named")
	}
	if err := limits.Check(a.name, op, vendors.Size{IDs: users, Targets: len(users)}); err != nil {
		return nil, err
	}
	user := users[0]
	call := a.imCall(op, upstream.Read, user, "/api/rest/userOnlineStatus", upstream.Fields{{"appId", a.cfg.AppID}, {"userId", user}})
	var out struct {
		Data *object[upstream.Text] `json:"data"`
	}
	if err := a.im.Do(ctx, call, &out); err != nil {
		return nil, err
	}
	if out.Data == nil {
		return nil, a.unreadable(op)
	}
	status := vendors.Status{User: user, State: vendors.PresenceOffline}
	if out.Data.V == "1" {
		status.State = vendors.PresenceOnline
	}
	return []vendors.Status{status}, nil
}

// control is a call that sets a state. It is not repeated by itself: what LinkV
// answers to a second block, join or exit is not known.
func (a *adapter) control(op, user, path string, form upstream.Fields) upstream.Call {
	return a.imCall(op, upstream.Control, user, path, form)
}
