package rongcloud

import (
	"context"
	"net/http"
	"slices"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// noticeLevels are the vendor's numbers (docs/vendors/rongcloud-paths.md#conversations).
var noticeLevels = map[vendors.NoticeLevel]string{
	vendors.NoticeDefault: "0", vendors.NoticeAll: "-1", vendors.NoticeMentions: "1",
	vendors.NoticeOwn: "2", vendors.NoticeToAll: "4", vendors.NoticeNone: "5",
}

// noticed are the conversations that have a level: a chat room never notifies.
var noticed = []vendors.TargetKind{vendors.ToUsers, vendors.ToGroups, vendors.ToSystem}

// SetNotice sends the level alone: it wins over the older flag.
func (a *adapter) SetNotice(ctx context.Context, c vendors.Conversation, level vendors.NoticeLevel) error {
	number, known := noticeLevels[level]
	if !known {
		return a.refuse(vendors.OpNoticeSet, vendors.ErrInvalid, "no such level of notice")
	}
	call, err := a.notice(ctx, vendors.OpNoticeSet, upstream.Control, "/conversation/notification/set.json", c)
	if err != nil {
		return err
	}
	call.Form = call.Form.With("unpushLevel", number)
	return a.up.Do(ctx, call, nil)
}

// Notice reads the level, which the answer has under the name of the older flag.
func (a *adapter) Notice(ctx context.Context, c vendors.Conversation) (vendors.NoticeLevel, error) {
	call, err := a.notice(ctx, vendors.OpNotice, upstream.Read, "/conversation/notification/get.json", c)
	if err != nil {
		return "", err
	}
	var level vendors.NoticeLevel
	call.Check = func(ans upstream.Answer) error {
		if err := check(ans); err != nil {
			return err
		}
		var out struct {
			Level upstream.Text `json:"isMuted"`
		}
		if ans.Decode(&out) != nil {
			return vendors.ErrUnreadable
		}
		for l, number := range noticeLevels {
			if number == string(out.Level) {
				level = l
				return nil
			}
		}
		return vendors.ErrUnreadable
	}
	return level, a.up.Do(ctx, call, nil)
}

func (a *adapter) notice(ctx context.Context, op string, class upstream.Class, path string, c vendors.Conversation) (upstream.Call, error) {
	if !slices.Contains(noticed, c.Kind) {
		return upstream.Call{}, a.refuse(op, vendors.ErrUnsupported, "such a conversation does not notify")
	}
	if err := a.checkIDs(op, []string{c.Target}, c.User); err != nil {
		return upstream.Call{}, err
	}
	return a.form(ctx, op, class, path, upstream.Fields{
		{"conversationType", ways[c.Kind].number}, {"requestId", c.User}, {"targetId", c.Target},
	}), nil
}

type pushBody struct {
	Users        []string         `json:"userIds"`
	Notification pushNotification `json:"notification"`
}

type pushNotification struct {
	Title string `json:"title,omitempty"`
	Text  string `json:"pushContent"`
}

// Push notifies whoever had a device in the last 30 days
// (docs/vendors/rongcloud-paths.md#push). Whether the vendor answers an id is unknown.
func (a *adapter) Push(ctx context.Context, p vendors.Push) (string, error) {
	op := vendors.OpPush
	if p.Text == "" {
		return "", a.refuse(op, vendors.ErrInvalid, "no text")
	}
	if err := a.checkIDs(op, p.Users); err != nil {
		return "", err
	}
	if err := limits.Check(a.name, op, vendors.Size{Content: p.Title}); err != nil {
		return "", err
	}
	call := a.json(ctx, op, upstream.Write, http.MethodPost, "/push/user.json", pushBody{p.Users, pushNotification{p.Title, p.Text}})
	call.Units = len(p.Users)
	var out struct {
		ID upstream.Text `json:"id"`
	}
	err := a.up.Do(ctx, call, &out)
	return string(out.ID), err
}

type remarkBody struct {
	User string `json:"id"`
	Name string `json:"remark"`
}

// SetRemarks sends the names as JSON within the form
// (docs/vendors/rongcloud-paths.md#users-remarks-push-free-period-profile).
func (a *adapter) SetRemarks(ctx context.Context, user string, names []vendors.Remark) error {
	op := vendors.OpRemark
	body, of := make([]remarkBody, len(names)), make([]string, len(names))
	for i, n := range names {
		if n.Name == "" {
			return a.refuse(op, vendors.ErrInvalid, "an empty name")
		}
		body[i], of[i] = remarkBody(n), n.User
	}
	if err := a.checkIDs(op, of, user); err != nil {
		return err
	}
	form := upstream.Fields{{"userId", user}, {"remarks", encode(body)}}
	return a.up.Do(ctx, a.form(ctx, op, upstream.Control, "/user/remarks/set.json", form), nil)
}

// RemoveRemark takes one name back.
func (a *adapter) RemoveRemark(ctx context.Context, user, of string) error {
	op := vendors.OpRemark
	if err := a.checkIDs(op, []string{of}, user); err != nil {
		return err
	}
	form := upstream.Fields{{"userId", user}, {"targetId", of}}
	return a.up.Do(ctx, a.form(ctx, op, upstream.Control, "/user/remarks/del.json", form), nil)
}
