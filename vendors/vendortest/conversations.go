package vendortest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"switchboard/vendors"
)

func conversationChecks() []check {
	return []check{
		{"StoredMessagesAreReadBackInOrderAndByPages", []string{"History", "Messages"}, nil, history},
		{"StoredContentIsReadBackAsItWasSent", []string{"History", "Messages"}, nil, storedContents},
		{"HistoryThatCannotBeAskedForIsRefusedBeforeTheCall", []string{"History"}, nil, badHistory},
		{"EditedMessageSaysWhatItWasEditedTo", []string{"Editor", "Messages"}, showsInbox, edit},
		{"EditThatTheVendorCannotMakeIsRefusedBeforeTheCall", []string{"Editor"}, nil, badEdit},
	}
}

// theirs is Known's conversation with Peer.
func (e *env) theirs() vendors.Conversation {
	return vendors.Conversation{User: e.Known, Kind: vendors.ToUsers, Target: e.Peer}
}

// say publishes a text and returns its id. It is a millisecond later than any before
// it, since histories count in those.
func (e *env) say(t T, kind vendors.TargetKind, text, target string) string {
	t.Helper()
	next := time.Now().Truncate(time.Millisecond).Add(2 * time.Millisecond)
	time.Sleep(time.Until(next))
	r, err := e.v.Messages.Send(t.Context(), e.text(kind, text, target))
	must(t, "send", err)
	if r.Targets[0].MessageID == "" {
		t.Fatalf("the vendor has a history but gives no message id")
	}
	return r.Targets[0].MessageID
}

func history(t T, e *env) {
	q := vendors.HistoryQuery{Conversation: e.theirs(), After: time.Now().Add(-2 * time.Second), Until: time.Now().Add(time.Minute), Limit: 50}
	before, err := e.v.History.Messages(t.Context(), q)
	must(t, "history", err)
	if n := len(before); n > 0 {
		q.After = before[n-1].SentAt
	}
	var ids []string
	texts := []string{"one", "two", `100% & <"três"> 礼物`, "four", "five"}
	for _, text := range texts {
		ids = append(ids, e.say(t, vendors.ToUsers, text, e.Known))
		e.say(t, vendors.ToUsers, "of somebody else: "+text, "third")
	}
	all, err := e.v.History.Messages(t.Context(), q)
	must(t, "history", err)
	e.holds(t, "all at once", all, ids, texts)
	var paged []vendors.Stored
	q.Limit = 2
	for range len(texts) {
		page, err := e.v.History.Messages(t.Context(), q)
		must(t, "a page", err)
		if len(page) > 2 {
			t.Errorf("a page of %d rows, asked for 2", len(page))
		}
		if len(page) == 0 {
			break
		}
		paged, q.After = append(paged, page...), page[len(page)-1].SentAt
	}
	e.holds(t, "by pages", paged, ids, texts)
	if e.Group != "" {
		id := e.say(t, vendors.ToGroups, "to the group", e.Group)
		q.Conversation, q.Limit = vendors.Conversation{User: e.Known, Kind: vendors.ToGroups, Target: e.Group}, 50
		inGroup, err := e.v.History.Messages(t.Context(), q)
		must(t, "a group's history", err)
		e.holds(t, "a group", inGroup[max(0, len(inGroup)-1):], []string{id}, []string{"to the group"})
	}
}

func sameContent(a, b vendors.Content) bool {
	media := sameJSON(string(jsonOf(a.File)), string(jsonOf(b.File))) && sameJSON(string(jsonOf(a.Place)), string(jsonOf(b.Place)))
	return media && a.Kind == b.Kind && a.Text == b.Text && a.Extra == b.Extra && a.Name == b.Name && a.Type == b.Type && sameJSON(string(a.Data), string(b.Data))
}

// storedContents are all contents of the suite that the vendor keeps.
func storedContents(t T, e *env) {
	var ids []string
	var sent []vendors.Content
	q := vendors.HistoryQuery{Conversation: e.theirs(), After: time.Now().Add(-time.Millisecond), Until: time.Now().Add(time.Minute), Limit: 50}
	for _, c := range contents() {
		if _, _, ok := e.Wire(c); !ok || c.Kind == vendors.Command {
			continue // a command is stored nowhere
		}
		m := e.text(vendors.ToUsers, "", e.Known)
		m.Content = c
		time.Sleep(time.Until(time.Now().Truncate(time.Millisecond).Add(2 * time.Millisecond)))
		r, err := e.v.Messages.Send(t.Context(), m)
		must(t, "send", err)
		ids, sent = append(ids, r.Targets[0].MessageID), append(sent, c)
	}
	found := 0
	got, err := e.v.History.Messages(t.Context(), q)
	must(t, "history", err)
	for _, m := range got {
		at := slices.Index(ids, m.ID)
		if at < 0 {
			continue
		}
		if found++; !sameContent(m.Content, sent[at]) {
			t.Errorf("read back %+v, sent %+v", m.Content, sent[at])
		}
	}
	if found == 0 {
		t.Errorf("none of %d messages is read back", len(sent))
	}
}

// holds compares a history with what Peer said.
func (e *env) holds(t T, what string, got []vendors.Stored, ids, texts []string) {
	t.Helper()
	if len(got) != len(ids) {
		t.Errorf("%s: %d messages, want %d: %+v", what, len(got), len(ids), got)
		return
	}
	for i, m := range got {
		want := vendors.Content{Kind: vendors.Text, Text: texts[i]}
		if m.ID != ids[i] || m.From != e.Peer || !sameContent(m.Content, want) || time.Since(m.SentAt).Abs() > time.Minute {
			t.Errorf("%s, row %d: %+v, want %s %+v", what, i, m, ids[i], want)
		}
	}
}

func badHistory(t T, e *env) {
	now := time.Now()
	ask := func(change func(*vendors.HistoryQuery)) func(ctx) error {
		q := vendors.HistoryQuery{Conversation: e.theirs(), After: now.Add(-time.Hour), Until: now, Limit: 10}
		change(&q)
		return func(c ctx) error { _, err := e.v.History.Messages(c, q); return err }
	}
	for what, change := range map[string]func(*vendors.HistoryQuery){
		"nobody":       func(q *vendors.HistoryQuery) { q.User = "" },
		"no target":    func(q *vendors.HistoryQuery) { q.Target = "" },
		"no rows":      func(q *vendors.HistoryQuery) { q.Limit = 0 },
		"no time":      func(q *vendors.HistoryQuery) { q.Until = q.After },
		"back in time": func(q *vendors.HistoryQuery) { q.Until = q.After.Add(-time.Hour) },
	} {
		e.mustNotCall(t, what, ask(change), vendors.ErrInvalid)
	}
	e.mustNotCall(t, "a kind of none", ask(func(q *vendors.HistoryQuery) { q.Kind = "hologram" }), vendors.ErrUnsupported)
}

// edit of Peer's message to Known, between two others.
func edit(t T, e *env) {
	before := len(e.Far.Inbox(e.Known))
	e.say(t, vendors.ToUsers, "first", e.Known)
	id := e.say(t, vendors.ToUsers, "secnod", e.Known)
	e.say(t, vendors.ToUsers, "third", e.Known)
	change := vendors.Edit{
		Kind: vendors.ToUsers, From: e.Peer, Target: e.Known, MessageID: id,
		Content: vendors.Content{Kind: vendors.Text, Text: `second & <"três">`, Extra: "edited"},
	}
	must(t, "edit", e.v.Editor.Edit(t.Context(), change))
	got := e.Far.Inbox(e.Known)[before:]
	if len(got) != 3 {
		t.Fatalf("%d messages after an edit, want 3", len(got))
	}
	for i, c := range []vendors.Content{{Kind: vendors.Text, Text: "first"}, change.Content, {Kind: vendors.Text, Text: "third"}} {
		typ, body, _ := e.Wire(c)
		if got[i].Type != typ || !sameJSON(got[i].Content, body) || got[i].From != e.Peer {
			t.Errorf("message %d is %+v, want %s", i, got[i], body)
		}
	}
}

func badEdit(t T, e *env) {
	good := vendors.Edit{Kind: vendors.ToUsers, From: e.Peer, Target: e.Known, MessageID: "id", Content: vendors.Content{Kind: vendors.Text, Text: "x"}}
	ask := func(change func(*vendors.Edit)) func(ctx) error {
		own := good
		change(&own)
		return func(c ctx) error { return e.v.Editor.Edit(c, own) }
	}
	for what, change := range map[string]func(*vendors.Edit){
		"no message": func(m *vendors.Edit) { m.MessageID = "" },
		"nobody":     func(m *vendors.Edit) { m.From = "" },
		"no target":  func(m *vendors.Edit) { m.Target = "" },
	} {
		e.mustNotCall(t, what, ask(change), vendors.ErrInvalid)
	}
	e.mustNotCall(t, "a kind of none", ask(func(m *vendors.Edit) { m.Kind = "hologram" }), vendors.ErrUnsupported)
	e.mustNotCall(t, "content of none", ask(func(m *vendors.Edit) { m.Content.Kind = "hologram" }), vendors.ErrUnsupported)
}

func (e *env) conversationOps() []op {
	return []op{
		{vendors.OpHistory, "History", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.History.Messages(ctx, vendors.HistoryQuery{Conversation: e.theirs(), After: time.Now().Add(-time.Hour), Until: time.Now(), Limit: 10})
			return err
		}},
		{vendors.OpEdit, "Editor", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Editor.Edit(ctx, vendors.Edit{
				Kind: vendors.ToUsers, From: e.Peer, Target: e.Known, MessageID: "5FGT-7VA9-G4DD-4V5P", Content: vendors.Content{Kind: vendors.Text, Text: "x"},
			})
		}},
	}
}

func sizedConversations() []sized {
	return []sized{
		{vendors.OpHistory, "History", func(c ctx, e *env, s size) error {
			q := vendors.HistoryQuery{Conversation: e.theirs(), After: time.Now().Add(-time.Hour), Until: time.Now(), Limit: max(s.targets, 1)}
			q.User = ids(1, s.id)[0]
			_, err := e.v.History.Messages(c, q)
			return err
		}},
		{vendors.OpEdit, "Editor", func(c ctx, e *env, s size) error {
			return e.v.Editor.Edit(c, vendors.Edit{
				Kind: vendors.ToUsers, From: e.Peer, Target: ids(1, s.id)[0], MessageID: fmt.Sprint("m", s.bytes),
				Content: vendors.Content{Kind: vendors.Text, Text: strings.Repeat("a", max(s.bytes, 1))},
			})
		}},
	}
}
