package linkv

import (
	"context"
	"encoding/json"
	"strconv"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// operator is the appUid of a call that no user makes: the vendor's own Go SDK
// sends one such name with every call (docs/vendors/linkv.md#im-headers).
const operator = "switchboard"

const (
	pageSize = 100
	maxPages = 1000 // a list that goes on for ever is no list
)

// GroupMembers reads the group's pages.
func (a *adapter) GroupMembers(ctx context.Context, id string) ([]string, error) {
	type row struct {
		User upstream.Text `json:"uid"`
	}
	op := vendors.OpGroupMembers
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{id}}); err != nil {
		return nil, err
	}
	call := a.imCall(op, upstream.Read, operator, "/api/rest/group/users", upstream.Fields{{"groupId", id}})
	members, err := pages(ctx, a, call, func(r row) upstream.Text { return r.User })
	if err != nil {
		return nil, err
	}
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = string(m.User)
	}
	return out, nil
}

// UserGroups reads the user's pages.
func (a *adapter) UserGroups(ctx context.Context, user string) ([]vendors.GroupName, error) {
	type row struct {
		ID   upstream.Text `json:"gid"`
		Name upstream.Text `json:"gname"`
	}
	op := vendors.OpUserGroups
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{user}}); err != nil {
		return nil, err
	}
	call := a.imCall(op, upstream.Read, user, "/api/rest/group/groups", upstream.Fields{{"userId", user}})
	groups, err := pages(ctx, a, call, func(r row) upstream.Text { return r.ID })
	if err != nil {
		return nil, err
	}
	out := make([]vendors.GroupName, len(groups))
	for i, g := range groups {
		out[i] = vendors.GroupName{ID: string(g.ID), Name: string(g.Name)}
	}
	return out, nil
}

// pages reads a whole list, every id once. LinkV says neither how its pages
// count nor how many rows it gives at most (docs/vendors/linkv.md#groups): they are
// taken to count from 1, and the list ends with the first page that has nothing
// new. An answer without a list is unreadable.
func pages[R any](ctx context.Context, a *adapter, call upstream.Call, id func(R) upstream.Text) ([]R, error) {
	var out []R
	seen := map[upstream.Text]bool{}
	for page := 1; page <= maxPages; page++ {
		call.Form.Set("appId", a.cfg.AppID)
		call.Form.Set("page", strconv.Itoa(page))
		call.Form.Set("size", strconv.Itoa(pageSize))
		var answer struct {
			Data rows[R] `json:"data"`
		}
		if err := a.im.Do(ctx, call, &answer); err != nil {
			return nil, err
		}
		if !answer.Data.told {
			return nil, a.unreadable(call.Op)
		}
		before := len(out)
		for _, r := range answer.Data.list {
			if !seen[id(r)] {
				seen[id(r)] = true
				out = append(out, r)
			}
		}
		if len(out) == before {
			return out, nil
		}
	}
	return nil, a.unreadable(call.Op)
}

// rows is a list that may be written as null or "" when it is empty.
type rows[R any] struct {
	list []R
	told bool // the answer has the list
}

// UnmarshalJSON is not called for a list that is left out.
func (r *rows[R]) UnmarshalJSON(b []byte) error {
	r.told = true
	if string(b) == "null" || string(b) == `""` {
		return nil
	}
	return json.Unmarshal(b, &r.list)
}
