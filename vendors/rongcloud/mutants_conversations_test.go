package rongcloud_test

import (
	"context"
	"slices"
	"time"

	"switchboard/vendors"
)

type (
	newestFirst  struct{ wrong }
	fromTheStart struct{ wrong }
	othersView   struct{ wrong }
	firstPage    struct{ wrong }
	noGroups     struct{ wrong }
	allText      struct{ wrong }
	otherMessage struct{ wrong }
	withoutExtra struct{ wrong }
	swapped      struct{ wrong }
	flagOnly     struct{ wrong }
	deafReader   struct{ wrong }
	untitled     struct{ wrong }
	pushTwice    struct{ wrong }
	pushFirst    struct{ wrong }
	onlyLast     struct{ wrong }
	mutual       struct{ wrong }
	keeps        struct{ wrong }
)

func (n newestFirst) Messages(ctx context.Context, q vendors.HistoryQuery) ([]vendors.Stored, error) {
	all, err := n.Vendor.History.Messages(ctx, q)
	slices.Reverse(all)
	return all, err
}

// Messages counts the first moment too, as includeStart does.
func (f fromTheStart) Messages(ctx context.Context, q vendors.HistoryQuery) ([]vendors.Stored, error) {
	q.After = q.After.Add(-time.Millisecond)
	return f.Vendor.History.Messages(ctx, q)
}

func (o othersView) Messages(ctx context.Context, q vendors.HistoryQuery) ([]vendors.Stored, error) {
	q.User, q.Target = q.Target, q.User
	return o.Vendor.History.Messages(ctx, q)
}

func (f firstPage) Messages(ctx context.Context, q vendors.HistoryQuery) ([]vendors.Stored, error) {
	q.Limit = min(q.Limit, 3)
	return f.Vendor.History.Messages(ctx, q)
}

func (n noGroups) Messages(ctx context.Context, q vendors.HistoryQuery) ([]vendors.Stored, error) {
	q.Kind = vendors.ToUsers
	return n.Vendor.History.Messages(ctx, q)
}

func (a allText) Messages(ctx context.Context, q vendors.HistoryQuery) ([]vendors.Stored, error) {
	all, err := a.Vendor.History.Messages(ctx, q)
	for i := range all {
		all[i].Content.Kind = vendors.Text
	}
	return all, err
}

// Edit edits what was sent last before.
func (o otherMessage) Edit(ctx context.Context, e vendors.Edit) error {
	all, err := o.Vendor.History.Messages(ctx, vendors.HistoryQuery{
		Conversation: vendors.Conversation{User: e.Target, Kind: e.Kind, Target: e.From},
		After:        time.Now().Add(-time.Minute), Until: time.Now().Add(time.Minute), Limit: 100,
	})
	if err == nil {
		e.MessageID = all[len(all)-1].ID
	}
	return o.Vendor.Editor.Edit(ctx, e)
}

func (w withoutExtra) Edit(ctx context.Context, e vendors.Edit) error {
	e.Content.Extra = ""
	return w.Vendor.Editor.Edit(ctx, e)
}

func (s swapped) SetNotice(ctx context.Context, c vendors.Conversation, level vendors.NoticeLevel) error {
	c.User, c.Target = c.Target, c.User
	return s.Vendor.Notices.SetNotice(ctx, c, level)
}

func (s swapped) Notice(ctx context.Context, c vendors.Conversation) (vendors.NoticeLevel, error) {
	c.User, c.Target = c.Target, c.User
	return s.Vendor.Notices.Notice(ctx, c)
}

// SetNotice knows on and off alone, as the vendor's older flag did.
func (f flagOnly) SetNotice(ctx context.Context, c vendors.Conversation, level vendors.NoticeLevel) error {
	if level != vendors.NoticeDefault && level != vendors.NoticeAll {
		level = vendors.NoticeMentions
	}
	return f.Vendor.Notices.SetNotice(ctx, c, level)
}

func (f flagOnly) Notice(ctx context.Context, c vendors.Conversation) (vendors.NoticeLevel, error) {
	return f.Vendor.Notices.Notice(ctx, c)
}

func (d deafReader) SetNotice(ctx context.Context, c vendors.Conversation, level vendors.NoticeLevel) error {
	return d.Vendor.Notices.SetNotice(ctx, c, level)
}

func (deafReader) Notice(context.Context, vendors.Conversation) (vendors.NoticeLevel, error) {
	return vendors.NoticeDefault, nil
}

func (u untitled) Push(ctx context.Context, p vendors.Push) (string, error) {
	p.Title = ""
	return u.Vendor.Pushes.Push(ctx, p)
}

func (w pushTwice) Push(ctx context.Context, p vendors.Push) (string, error) {
	_, _ = w.Vendor.Pushes.Push(ctx, p)
	return w.Vendor.Pushes.Push(ctx, p)
}

func (f pushFirst) Push(ctx context.Context, p vendors.Push) (string, error) {
	p.Users = p.Users[:min(len(p.Users), 1)]
	return f.Vendor.Pushes.Push(ctx, p)
}

func (o onlyLast) SetRemarks(ctx context.Context, user string, names []vendors.Remark) error {
	return o.Vendor.Remarks.SetRemarks(ctx, user, names[max(0, len(names)-1):])
}

func (o onlyLast) RemoveRemark(ctx context.Context, user, of string) error {
	return o.Vendor.Remarks.RemoveRemark(ctx, user, of)
}

// SetRemarks also gives user that name for the others.
func (m mutual) SetRemarks(ctx context.Context, user string, names []vendors.Remark) error {
	for _, n := range names {
		if n.User != "" && n.Name != "" && user != "" {
			_ = m.Vendor.Remarks.SetRemarks(ctx, n.User, []vendors.Remark{{User: user, Name: n.Name}})
		}
	}
	return m.Vendor.Remarks.SetRemarks(ctx, user, names)
}

func (m mutual) RemoveRemark(ctx context.Context, user, of string) error {
	return m.Vendor.Remarks.RemoveRemark(ctx, user, of)
}

func (k keeps) SetRemarks(ctx context.Context, user string, names []vendors.Remark) error {
	return k.Vendor.Remarks.SetRemarks(ctx, user, names)
}
func (keeps) RemoveRemark(context.Context, string, string) error { return nil }

func conversationMutants() []mutant {
	const (
		stored = "StoredMessagesAreReadBackInOrderAndByPages"
		edited = "EditedMessageSaysWhatItWasEditedTo"
		level  = "NoticeLevelIsThatOfOneConversationOfOneUser"
		pushed = "PushReachesThoseNamedOnceWithTitleAndText"
		remark = "RemarksAreThoseOfOneUserAndReplaceEachOther"
	)
	return []mutant{
		{name: "history newest first", caught: stored, vendor: func(v *vendors.Vendor) { v.History = newestFirst{right(v)} }},
		{name: "history counts its first moment", caught: stored, vendor: func(v *vendors.Vendor) { v.History = fromTheStart{right(v)} }},
		{name: "history of the other one", caught: stored, vendor: func(v *vendors.Vendor) { v.History = othersView{right(v)} }},
		{name: "history of three rows", caught: stored, vendor: func(v *vendors.Vendor) { v.History = firstPage{right(v)} }},
		{name: "a group's history is a person's", caught: stored, vendor: func(v *vendors.Vendor) { v.History = noGroups{right(v)} }},
		{name: "history of texts alone", caught: "StoredContentIsReadBackAsItWasSent", vendor: func(v *vendors.Vendor) { v.History = allText{right(v)} }},
		{name: "edits another message", caught: edited, vendor: func(v *vendors.Vendor) { v.Editor = otherMessage{right(v)} }},
		{name: "edit loses the extra", caught: edited, vendor: func(v *vendors.Vendor) { v.Editor = withoutExtra{right(v)} }},
		{name: "notices of the other one", caught: level, vendor: func(v *vendors.Vendor) { v.Notices = swapped{right(v)} }},
		{name: "notices on and off alone", caught: level, vendor: func(v *vendors.Vendor) { v.Notices = flagOnly{right(v)} }},
		{name: "notices are read without asking", caught: level, vendor: func(v *vendors.Vendor) { v.Notices = deafReader{right(v)} }},
		{name: "push without its title", caught: pushed, vendor: func(v *vendors.Vendor) { v.Pushes = untitled{right(v)} }},
		{name: "pushes twice", caught: pushed, vendor: func(v *vendors.Vendor) { v.Pushes = pushTwice{right(v)} }},
		{name: "pushes to the first alone", caught: pushed, vendor: func(v *vendors.Vendor) { v.Pushes = pushFirst{right(v)} }},
		{name: "sets the last remark alone", caught: remark, vendor: func(v *vendors.Vendor) { v.Remarks = onlyLast{right(v)} }},
		{name: "remarks are mutual", caught: remark, vendor: func(v *vendors.Vendor) { v.Remarks = mutual{right(v)} }},
		{name: "a removed remark stays", caught: remark, vendor: func(v *vendors.Vendor) { v.Remarks = keeps{right(v)} }},
	}
}
