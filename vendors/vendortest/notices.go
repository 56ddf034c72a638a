package vendortest

import (
	"context"
	"slices"
	"strings"

	"switchboard/vendors"
)

func noticeChecks() []check {
	return []check{
		{"NoticeLevelIsThatOfOneConversationOfOneUser", []string{"Notices"}, func(f Fixture) bool { return f.Far.Notice != nil }, noticeLevels},
		{"NoticeThatCannotBeSetIsRefusedBeforeTheCall", []string{"Notices"}, nil, badNotice},
		{"PushReachesThoseNamedOnceWithTitleAndText", []string{"Pushes"}, func(f Fixture) bool { return f.Far.Pushed != nil }, push},
		{"RemarksAreThoseOfOneUserAndReplaceEachOther", []string{"Remarks"}, func(f Fixture) bool { return f.Far.Remarks != nil }, remarks},
	}
}

func noticeLevels(t T, e *env) {
	theirs := e.theirs()
	others := []vendors.Conversation{
		{User: e.Peer, Kind: vendors.ToUsers, Target: e.Known},
		{User: e.Known, Kind: vendors.ToUsers, Target: "third"},
		{User: e.Known, Kind: vendors.ToGroups, Target: e.Peer},
	}
	level, err := e.v.Notices.Notice(t.Context(), theirs)
	if must(t, "never set", err); level != vendors.NoticeDefault {
		t.Errorf("never set: %s", level)
	}
	for _, want := range []vendors.NoticeLevel{
		vendors.NoticeNone, vendors.NoticeMentions, vendors.NoticeOwn, vendors.NoticeToAll, vendors.NoticeAll, vendors.NoticeDefault,
	} {
		must(t, "set "+string(want), e.v.Notices.SetNotice(t.Context(), theirs, want))
		if got := e.Far.Notice(theirs); got != want {
			t.Errorf("the far end has %s, want %s", got, want)
		}
		got, err := e.v.Notices.Notice(t.Context(), theirs)
		if must(t, "read", err); got != want {
			t.Errorf("read back %s, want %s", got, want)
		}
		for _, other := range others {
			if got := e.Far.Notice(other); got != vendors.NoticeDefault {
				t.Errorf("%+v is %s now", other, got)
			}
		}
	}
}

func badNotice(t T, e *env) {
	theirs := e.theirs()
	set := func(c vendors.Conversation, level vendors.NoticeLevel) func(ctx) error {
		return func(x ctx) error { return e.v.Notices.SetNotice(x, c, level) }
	}
	e.mustNotCall(t, "no such level", set(theirs, "loud"), vendors.ErrInvalid)
	e.mustNotCall(t, "no level", set(theirs, ""), vendors.ErrInvalid)
	e.mustNotCall(t, "nobody", set(vendors.Conversation{Kind: vendors.ToUsers, Target: e.Peer}, vendors.NoticeNone), vendors.ErrInvalid)
	e.mustNotCall(t, "no target", set(vendors.Conversation{User: e.Known, Kind: vendors.ToUsers}, vendors.NoticeNone), vendors.ErrInvalid)
	e.mustNotCall(t, "a kind of none", set(vendors.Conversation{User: e.Known, Kind: "hologram", Target: e.Peer}, vendors.NoticeNone), vendors.ErrUnsupported)
	e.mustNotCall(t, "read of nobody", func(x ctx) error {
		_, err := e.v.Notices.Notice(x, vendors.Conversation{Kind: vendors.ToUsers, Target: e.Peer})
		return err
	}, vendors.ErrInvalid)
}

func push(t T, e *env) {
	for _, want := range []vendors.Push{
		{Users: []string{e.Known, e.Peer}, Title: `50% & <"três">`, Text: `you won 礼物 & <"more">`},
		{Users: []string{e.Known}, Text: "without a title"},
	} {
		before := map[string]int{e.Known: len(e.Far.Pushed(e.Known)), e.Peer: len(e.Far.Pushed(e.Peer))}
		_, err := e.v.Pushes.Push(t.Context(), want)
		must(t, "push", err)
		for _, user := range []string{e.Known, e.Peer} {
			got := e.Far.Pushed(user)[before[user]:]
			if !slices.Contains(want.Users, user) {
				if len(got) > 0 {
					t.Errorf("%s was not named and got %+v", user, got)
				}
				continue
			}
			if len(got) != 1 || got[0].Title != want.Title || got[0].Text != want.Text {
				t.Errorf("%s got %+v, want %+v once", user, got, want)
			}
		}
	}
	for what, p := range map[string]vendors.Push{
		"nobody": {Text: "x"}, "no text": {Users: []string{e.Known}, Title: "x"}, "an empty person": {Users: []string{""}, Text: "x"},
	} {
		e.mustNotCall(t, what, func(c ctx) error { _, err := e.v.Pushes.Push(c, p); return err }, vendors.ErrInvalid)
	}
}

func remarks(t T, e *env) {
	shows := func(what, user string, want ...vendors.Remark) {
		t.Helper()
		got := e.Far.Remarks(user)
		order := func(a, b vendors.Remark) int { return strings.Compare(a.User, b.User) }
		slices.SortFunc(got, order)
		slices.SortFunc(want, order)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	set := func(names ...vendors.Remark) {
		t.Helper()
		must(t, "set", e.v.Remarks.SetRemarks(t.Context(), e.Known, names))
	}
	first, third := vendors.Remark{User: e.Peer, Name: `Zoë & <"礼物">`}, vendors.Remark{User: "third", Name: "3"}
	set(first, third)
	shows("two names", e.Known, first, third)
	second := vendors.Remark{User: e.Peer, Name: "Bobby"}
	set(second)
	shows("one anew", e.Known, second, third)
	shows("somebody else's", e.Peer)
	must(t, "remove", e.v.Remarks.RemoveRemark(t.Context(), e.Known, "third"))
	shows("one removed", e.Known, second)
	must(t, "remove what is not there", e.v.Remarks.RemoveRemark(t.Context(), e.Known, "fourth"))
	for what, f := range map[string]func(ctx) error{
		"nobody's":       func(c ctx) error { return e.v.Remarks.SetRemarks(c, "", []vendors.Remark{first}) },
		"of nobody":      func(c ctx) error { return e.v.Remarks.SetRemarks(c, e.Known, nil) },
		"an empty name":  func(c ctx) error { return e.v.Remarks.SetRemarks(c, e.Known, []vendors.Remark{{User: e.Peer}}) },
		"an empty user":  func(c ctx) error { return e.v.Remarks.SetRemarks(c, e.Known, []vendors.Remark{{Name: "x"}}) },
		"remove nobody":  func(c ctx) error { return e.v.Remarks.RemoveRemark(c, e.Known, "") },
		"remove nobodys": func(c ctx) error { return e.v.Remarks.RemoveRemark(c, "", e.Peer) },
	} {
		e.mustNotCall(t, what, f, vendors.ErrInvalid)
	}
}

func (e *env) noticeOps() []op {
	return []op{
		{vendors.OpNoticeSet, "Notices", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Notices.SetNotice(ctx, e.theirs(), vendors.NoticeNone)
		}},
		{vendors.OpNotice, "Notices", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Notices.Notice(ctx, e.theirs())
			return err
		}},
		{vendors.OpPush, "Pushes", changes, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Pushes.Push(ctx, vendors.Push{Users: []string{e.Known}, Text: "hello"})
			return err
		}},
		{vendors.OpRemark, "Remarks", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Remarks.SetRemarks(ctx, e.Known, []vendors.Remark{{User: e.Peer, Name: "Peer"}})
		}},
	}
}

func sizedNotices() []sized {
	named := func(s size) []vendors.Remark {
		var out []vendors.Remark
		for _, id := range ids(s.targets, s.id) {
			out = append(out, vendors.Remark{User: id, Name: "x"})
		}
		return out
	}
	return []sized{
		{vendors.OpNoticeSet, "Notices", func(c ctx, e *env, s size) error {
			return e.v.Notices.SetNotice(c, vendors.Conversation{User: e.Known, Kind: vendors.ToUsers, Target: ids(1, s.id)[0]}, vendors.NoticeNone)
		}},
		{vendors.OpNotice, "Notices", func(c ctx, e *env, s size) error {
			_, err := e.v.Notices.Notice(c, vendors.Conversation{User: ids(1, s.id)[0], Kind: vendors.ToUsers, Target: e.Peer})
			return err
		}},
		{vendors.OpPush, "Pushes", func(c ctx, e *env, s size) error {
			_, err := e.v.Pushes.Push(c, vendors.Push{Users: ids(s.targets, s.id), Title: strings.Repeat("礼", s.runes), Text: "x"})
			return err
		}},
		{vendors.OpRemark, "Remarks", func(c ctx, e *env, s size) error {
			return e.v.Remarks.SetRemarks(c, e.Known, named(s))
		}},
	}
}
