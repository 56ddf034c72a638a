package vendortest

import (
	"context"
	"strings"

	"switchboard/vendors"
)

func broadcastChecks() []check {
	return []check{
		{"BroadcastReachesEverybodyOnce", []string{"Broadcasts"}, showsInbox, broadcast},
		{"BroadcastToThoseOnlineReachesNobodyElse", []string{"Broadcasts"},
			func(f Fixture) bool { return f.Far.Inbox != nil && f.Far.SetOnline != nil }, broadcastOnline},
		{"BroadcastThatTheVendorCannotCarryIsRefusedBeforeTheCall", []string{"Broadcasts"}, nil, badBroadcast},
		{"RefreshedProfileIsTheFarEndsAndWhatIsEmptyStays", []string{"Profiles"}, func(f Fixture) bool { return f.Far.Profile != nil }, profile},
	}
}

func (e *env) announce(c ctx, v *vendors.Vendor, text string, onlineOnly bool) (string, error) {
	return v.Broadcasts.Broadcast(c, vendors.Broadcast{
		From: "sender", Content: vendors.Content{Kind: vendors.Text, Text: text}, OnlineOnly: onlineOnly,
	})
}

// hears checks that one broadcast of text reached user.
func (e *env) hears(t T, user, text string, before int) {
	t.Helper()
	typ, body, _ := e.Wire(vendors.Content{Kind: vendors.Text, Text: text})
	e.arrived(t, "broadcast", user, before, Received{From: "sender", Target: user, Kind: Everybody, Type: typ, Content: body})
}

func broadcast(t T, e *env) {
	const text = `all: 100% & <"você"> + 礼物`
	known, peer := len(e.Far.Inbox(e.Known)), len(e.Far.Inbox(e.Peer))
	id, err := e.announce(t.Context(), e.v, text, false)
	must(t, "broadcast", err)
	e.hears(t, e.Known, text, known)
	e.hears(t, e.Peer, text, peer)
	if other, err := e.announce(t.Context(), e.v, text, false); err == nil && id != "" && other == id {
		t.Errorf("two broadcasts have one id, %q", id)
	}
}

func broadcastOnline(t T, e *env) {
	e.Far.SetOnline(e.Known, true)
	e.Far.SetOnline(e.Peer, false)
	known, peer := len(e.Far.Inbox(e.Known)), len(e.Far.Inbox(e.Peer))
	_, err := e.announce(t.Context(), e.v, "who is there", true)
	must(t, "broadcast", err)
	e.hears(t, e.Known, "who is there", known)
	if got := len(e.Far.Inbox(e.Peer)) - peer; got != 0 {
		t.Errorf("%d messages reached who is offline", got)
	}
}

func badBroadcast(t T, e *env) {
	send := func(b vendors.Broadcast) func(ctx) error {
		return func(c ctx) error { _, err := e.v.Broadcasts.Broadcast(c, b); return err }
	}
	text := vendors.Content{Kind: vendors.Text, Text: "x"}
	e.mustNotCall(t, "no sender", send(vendors.Broadcast{Content: text}), vendors.ErrInvalid)
	e.mustNotCall(t, "a kind of none", send(vendors.Broadcast{From: e.Peer, Content: vendors.Content{Kind: "hologram"}}), vendors.ErrUnsupported)
}

func profile(t T, e *env) {
	try := func(what string, u, want vendors.User) {
		must(t, what, e.v.Profiles.RefreshProfile(t.Context(), u))
		if got := e.Far.Profile(e.Known); got != want {
			t.Errorf("%s: the far end shows %+v, want %+v", what, got, want)
		}
	}
	const first, second = "https://portraits.example/a?b=1&c=2", "https://portraits.example/second.png"
	other := e.Far.Profile(e.Peer)
	try("both", vendors.User{ID: e.Known, Name: "Zoë & <礼物>", Portrait: first}, vendors.User{ID: e.Known, Name: "Zoë & <礼物>", Portrait: first})
	try("name alone", vendors.User{ID: e.Known, Name: "New"}, vendors.User{ID: e.Known, Name: "New", Portrait: first})
	try("portrait alone", vendors.User{ID: e.Known, Portrait: second}, vendors.User{ID: e.Known, Name: "New", Portrait: second})
	if got := e.Far.Profile(e.Peer); got != other {
		t.Errorf("somebody else's profile is %+v now", got)
	}
	for what, u := range map[string]vendors.User{"nothing to set": {ID: e.Known}, "nobody": {Name: "x"}} {
		e.mustNotCall(t, what, func(c ctx) error { return e.v.Profiles.RefreshProfile(c, u) }, vendors.ErrInvalid)
	}
}

func (e *env) broadcastOps() []op {
	return []op{
		{vendors.OpBroadcast, "Broadcasts", changes, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := e.announce(ctx, v, "hello", false)
			return err
		}},
		{vendors.OpBroadcastOnline, "Broadcasts", changes, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := e.announce(ctx, v, "hello", true)
			return err
		}},
		{vendors.OpUserProfile, "Profiles", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Profiles.RefreshProfile(ctx, vendors.User{ID: e.Known, Name: "Known"})
		}},
	}
}

func sizedBroadcasts() []sized {
	to := func(onlineOnly bool) func(ctx, *env, size) error {
		return func(c ctx, e *env, s size) error {
			_, err := e.v.Broadcasts.Broadcast(c, vendors.Broadcast{
				From: ids(1, s.id)[0], OnlineOnly: onlineOnly,
				Content: vendors.Content{Kind: vendors.Text, Text: strings.Repeat("a", max(s.bytes, 1))},
			})
			return err
		}
	}
	return []sized{
		{vendors.OpBroadcast, "Broadcasts", to(false)},
		{vendors.OpBroadcastOnline, "Broadcasts", to(true)},
		{vendors.OpUserProfile, "Profiles", func(c ctx, e *env, s size) error {
			u := vendors.User{ID: ids(1, s.id)[0], Name: strings.Repeat("礼", max(s.runes, 1))}
			if s.bytes > 0 {
				u.Portrait = "https://portraits.example/" + strings.Repeat("p", s.bytes-26)
			}
			return e.v.Profiles.RefreshProfile(c, u)
		}},
	}
}
