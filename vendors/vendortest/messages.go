package vendortest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"switchboard/vendors"
)

var allKinds = []vendors.TargetKind{vendors.ToUsers, vendors.ToGroups, vendors.ToChatRooms, vendors.ToSystem}

// contents are one of every content kind, with characters that break naive
// escaping in forms, JSON and XML.
func contents() []vendors.Content {
	return []vendors.Content{
		{Kind: vendors.Text, Text: `100% & <"você"> + 礼物 = \ {x}`},
		{Kind: vendors.Text, Text: "with extra", Extra: `{"scene":1}`},
		{Kind: vendors.Tip, Text: "gray & line"},
		{Kind: vendors.Command, Name: "dispatch", Data: jsonOf(map[string]any{"ask_no": "a1", "ask_uid": 7})},
		{Kind: vendors.Custom, Type: "app:gift", Data: jsonOf(map[string]any{"gift": "rose", "n": 3})},
		{Kind: vendors.Image, File: &vendors.File{URL: "https://a.example/1.jpg?a=1&b=2", Thumbnail: "/9j/4AAQ"}},
		{Kind: vendors.Voice, File: &vendors.File{URL: "https://a.example/1.aac", Seconds: 7}, Extra: "said & heard"},
		{Kind: vendors.Video, File: &vendors.File{URL: "https://a.example/1.mp4", Seconds: 9, Name: "礼物.mp4", Bytes: 1 << 20, Thumbnail: "/9j/4AAQ"}},
		{Kind: vendors.Document, File: &vendors.File{URL: "https://a.example/1.pdf", Name: "a & b.pdf", Type: "pdf", Bytes: 1 << 10}},
		{Kind: vendors.Location, Place: &vendors.Place{Latitude: -33.8568, Longitude: 151.2153, Name: "the opera"}},
	}
}

func showsInbox(f Fixture) bool { return f.Far.Inbox != nil }

func messageChecks() []check {
	need := []string{"Messages"}
	return []check{
		{"EveryContentKindArrivesAsTheVendorKnowsIt", need, showsInbox, eachContent},
		{"EveryTargetKindArrivesThere", need, showsInbox, eachTargetKind},
		{"EveryTargetOfASendGetsItOnceAndHasItsReceipt", need, showsInbox, manyTargets},
		{"TargetThatFailedIsToldInTheReceiptAndTheOthersAreNot", need, func(f Fixture) bool { return f.Partial != nil }, partial},
		{"ContentThatTheVendorHasNoFormForIsRefusedBeforeTheCall", need, nil, unsupportedContent},
		{"TargetKindThatTheVendorCannotReachIsRefusedBeforeTheCall", need, nil, unsupportedTargets},
		{"MessageWithoutSenderOrTargetIsRefusedBeforeTheCall", need, nil, emptyMessage},
		{"TransientMessageArrivesOrIsRefusedAsUnsupported", need, showsInbox, transient},
		{"TemplateReachesEachTargetInItsOwnWords", []string{"Templates"}, showsInbox, template},
		{"TemplateThatCannotBeFilledIsRefusedBeforeTheCall", []string{"Templates"}, nil, unfilled},
		{"RecalledMessageIsTakenBack", []string{"Messages", "Recaller"}, func(f Fixture) bool { return f.Far.Recalled != nil }, recall},
	}
}

// arrived checks that exactly one more message reached user, and how it looks.
func (e *env) arrived(t T, what, user string, before int, want Received) {
	t.Helper()
	got := e.Far.Inbox(user)
	if len(got)-before != 1 {
		t.Errorf("%s: %d messages reached %s, want 1", what, len(got)-before, user)
		return
	}
	g := got[len(got)-1]
	if g.From != want.From || g.Target != want.Target || g.Kind != want.Kind || g.Type != want.Type || !sameJSON(g.Content, want.Content) {
		t.Errorf("%s: the far end took %+v, want %+v", what, g, want)
	}
}

func eachContent(t T, e *env) {
	kind := e.Kinds[0]
	for _, c := range contents() {
		typ, body, ok := e.Wire(c)
		if !ok {
			continue
		}
		what := fmt.Sprintf("%s %q", c.Kind, c.Text+c.Name+c.Type)
		before := len(e.Far.Inbox(e.Known))
		r, err := e.v.Messages.Send(t.Context(), vendors.Message{Kind: kind, From: e.Peer, To: []string{e.target(kind)}, Content: c})
		must(t, what, err)
		e.receiptNames(t, what, r, e.target(kind))
		e.arrived(t, what, e.Known, before, Received{From: e.Peer, Target: e.target(kind), Kind: kind, Type: typ, Content: body})
	}
}

func eachTargetKind(t T, e *env) {
	for _, kind := range e.Kinds {
		m := e.text(kind, "to "+string(kind), e.target(kind))
		typ, body, _ := e.Wire(m.Content)
		before := len(e.Far.Inbox(e.Known))
		r, err := e.v.Messages.Send(t.Context(), m)
		must(t, string(kind), err)
		e.receiptNames(t, string(kind), r, m.To...)
		e.arrived(t, string(kind), e.Known, before, Received{From: e.Peer, Target: m.To[0], Kind: kind, Type: typ, Content: body})
	}
}

// receiptNames checks that r has exactly one good result per target, in order.
func (e *env) receiptNames(t T, what string, r vendors.Receipt, targets ...string) {
	t.Helper()
	var got []string
	for _, tr := range r.Targets {
		got = append(got, tr.Target)
		if tr.Err != nil {
			t.Errorf("%s: target %s: %v", what, tr.Target, tr.Err)
		}
	}
	if !slices.Equal(got, targets) {
		t.Errorf("%s: receipt for %v, want %v", what, got, targets)
	}
}

func manyTargets(t T, e *env) {
	for _, kind := range e.Kinds {
		if kind != vendors.ToUsers && kind != vendors.ToSystem {
			continue
		}
		m := e.text(kind, "to two", e.Known, e.Peer)
		m.From = "sender"
		typ, body, _ := e.Wire(m.Content)
		known, peer := len(e.Far.Inbox(e.Known)), len(e.Far.Inbox(e.Peer))
		r, err := e.v.Messages.Send(t.Context(), m)
		must(t, string(kind), err)
		e.receiptNames(t, string(kind), r, e.Known, e.Peer)
		want := Received{From: "sender", Target: e.Known, Kind: kind, Type: typ, Content: body}
		e.arrived(t, string(kind), e.Known, known, want)
		want.Target = e.Peer
		e.arrived(t, string(kind), e.Peer, peer, want)
	}
}

// partial plays an answer in which some targets failed.
func partial(t T, e *env) {
	p := e.Partial
	e.w.spoil(1, answer("partial", p.Status, "application/json", p.Body))
	r, err := e.v.Messages.Send(t.Context(), e.text(p.Kind, "to some", p.To...))
	must(t, "send", err)
	var got, failed []string
	for _, tr := range r.Targets {
		got = append(got, tr.Target)
		if tr.Err != nil {
			failed = append(failed, tr.Target)
			if o := vendors.OutcomeOf(tr.Err); o == vendors.OK || o == vendors.NotSent {
				t.Errorf("%s: outcome %s", tr.Target, o)
			}
		}
	}
	if !slices.Equal(got, p.To) || !slices.Equal(failed, p.Failed) {
		t.Errorf("receipt for %v, failed %v; want %v, failed %v", got, failed, p.To, p.Failed)
	}
}

// send publishes m and forgets the receipt.
func (e *env) send(m vendors.Message) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := e.v.Messages.Send(ctx, m)
		return err
	}
}

func unsupportedContent(t T, e *env) {
	kind := e.Kinds[0]
	for _, c := range append(contents(), vendors.Content{Kind: "hologram", Text: "x"}) {
		if _, _, ok := e.Wire(c); ok {
			continue
		}
		m := vendors.Message{Kind: kind, From: e.Peer, To: []string{e.target(kind)}, Content: c}
		e.mustNotCall(t, string(c.Kind), e.send(m), vendors.ErrUnsupported)
	}
}

func unsupportedTargets(t T, e *env) {
	for _, kind := range append(slices.Clone(allKinds), "planet") {
		if !slices.Contains(e.Kinds, kind) {
			e.mustNotCall(t, string(kind), e.send(e.text(kind, "x", "somewhere")), vendors.ErrUnsupported)
		}
	}
}

func emptyMessage(t T, e *env) {
	kind := e.Kinds[0]
	nobody := e.text(kind, "x")
	e.mustNotCall(t, "no target", e.send(nobody), vendors.ErrInvalid)
	anonymous := e.text(kind, "x", e.target(kind))
	anonymous.From = ""
	e.mustNotCall(t, "no sender", e.send(anonymous), vendors.ErrInvalid)
	e.mustNotCall(t, "empty target", e.send(e.text(kind, "x", "")), vendors.ErrInvalid)
}

func transient(t T, e *env) {
	for _, kind := range e.Kinds {
		m := e.text(kind, "now or never", e.target(kind))
		m.Transient = true
		typ, body, _ := e.Wire(m.Content)
		before, calls := len(e.Far.Inbox(e.Known)), len(e.w.requests())
		if e.Far.SetOnline != nil {
			e.Far.SetOnline(e.Known, true)
		}
		if _, err := e.v.Messages.Send(t.Context(), m); err != nil {
			mustBe(t, string(kind), err, vendors.DefiniteNo, vendors.ErrUnsupported)
			if n := len(e.w.requests()) - calls; n != 0 {
				t.Errorf("%s: unsupported, yet the far end saw %d requests", kind, n)
			}
			continue
		}
		e.arrived(t, string(kind), e.Known, before, Received{From: e.Peer, Target: m.To[0], Kind: kind, Type: typ, Content: body})
	}
}

// greeting is a template to two users with different values.
func (e *env) greeting(kind vendors.TargetKind) vendors.Template {
	return vendors.Template{Kind: kind, From: "sender", Text: "hello {name}, {n} & more", To: []vendors.Filling{
		{Target: e.Known, Values: map[string]string{"name": "Zoë <1>", "n": "7"}},
		{Target: e.Peer, Values: map[string]string{"name": "礼物", "n": "8"}},
	}}
}

func template(t T, e *env) {
	for _, kind := range []vendors.TargetKind{vendors.ToUsers, vendors.ToSystem} {
		known, peer := len(e.Far.Inbox(e.Known)), len(e.Far.Inbox(e.Peer))
		r, err := e.v.Templates.SendTemplate(t.Context(), e.greeting(kind))
		must(t, string(kind), err)
		e.receiptNames(t, string(kind), r, e.Known, e.Peer)
		typ, body, _ := e.Wire(vendors.Content{Kind: vendors.Text, Text: "hello Zoë <1>, 7 & more"})
		e.arrived(t, string(kind), e.Known, known, Received{From: "sender", Target: e.Known, Kind: kind, Type: typ, Content: body})
		_, body, _ = e.Wire(vendors.Content{Kind: vendors.Text, Text: "hello 礼物, 8 & more"})
		e.arrived(t, string(kind), e.Peer, peer, Received{From: "sender", Target: e.Peer, Kind: kind, Type: typ, Content: body})
	}
}

func unfilled(t T, e *env) {
	try := func(what string, is error, spoil func(*vendors.Template)) {
		m := e.greeting(vendors.ToUsers)
		spoil(&m)
		e.mustNotCall(t, what, func(c context.Context) error { _, err := e.v.Templates.SendTemplate(c, m); return err }, is)
	}
	try("no value", vendors.ErrInvalid, func(m *vendors.Template) { m.To[1].Values = map[string]string{"n": "1"} })
	try("no target", vendors.ErrInvalid, func(m *vendors.Template) { m.To = nil })
	try("a group", vendors.ErrUnsupported, func(m *vendors.Template) { m.Kind = vendors.ToGroups })
}

func recall(t T, e *env) {
	kind := e.Kinds[0]
	m := e.text(kind, "oops", e.target(kind))
	r, err := e.v.Messages.Send(t.Context(), m)
	must(t, "send", err)
	id := r.Targets[0].MessageID
	if id == "" {
		t.Fatalf("the vendor can recall but gives no message id")
	}
	must(t, "recall", e.v.Recaller.Recall(t.Context(), vendors.Recall{Kind: kind, From: m.From, Target: m.To[0], Message: vendors.MessageRef{ID: id, Seq: r.Targets[0].Seq, At: time.Now()}}))
	if !e.Far.Recalled(id) {
		t.Errorf("message %s is not recalled at the far end", id)
	}
}
