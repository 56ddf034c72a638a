package vendortest

import (
	"slices"
	"time"

	"switchboard/vendors"
)

func traitChecks() []check {
	return []check{
		{name: "TraitsAreAsDocumented", run: func(t T, e *env) {
			if e.v.Traits != e.Traits {
				t.Errorf("the vendor declares %+v, the fixture says %+v", e.v.Traits, e.Traits)
			}
			for _, d := range e.v.Declared() {
				if d.Value == "" || d.Value == vendors.Hold(0).String() && d.Name != "rooms.kick" {
					t.Errorf("%s: the vendor has it, and declares no way to do it", d.Name)
				}
			}
		}},
		{name: "EveryHoldIsOfTheKindsDeclared", run: func(t T, e *env) {
			for _, h := range e.everyHold() {
				h.kinds(t, e)
			}
		}},
		{"CredentialsAreRevokedAsFarBackAsDeclared", []string{"Tokens", "Revoker"}, func(f Fixture) bool { return f.Far.TokenUser != nil }, revokeSpan},
		{"ImportedUsersAreKnown", []string{"UserImport"}, func(f Fixture) bool { return f.Far.HasUser != nil }, importUsers},
		{"MessageToWhoIsNotKnownEndsAsDeclared", []string{"Messages"}, func(f Fixture) bool {
			return f.Far.Inbox != nil && slices.Contains(f.Kinds, vendors.ToUsers)
		}, unknownUser},
		{"SessionsAreListedAndEndedAsFarAsDeclared", []string{"Sessions"}, func(f Fixture) bool { return f.Far.Sessions != nil && f.Far.Connect != nil }, sessions},
	}
}

// forAWhile is a time for a hold that h takes.
func forAWhile(h vendors.Hold) time.Duration {
	if h&vendors.HoldTimed != 0 {
		return time.Hour
	}
	return 0
}

// hold is one way to keep somebody out or silent.
type hold struct {
	name  string
	kind  vendors.Hold
	begin func(c ctx, user string, d time.Duration) error
	end   func(c ctx, user string) error                 // nil: nothing ends it
	shows func(user string) (until time.Time, held bool) // nil: the far end does not show it
	timed bool                                           // shows tells until when
}

// everyHold lists those that the vendor has.
func (e *env) everyHold() []hold {
	traits, far := e.v.Traits, e.Far
	var out []hold
	if e.has["Users"] {
		out = append(out, hold{"Users", traits.Block,
			func(c ctx, user string, d time.Duration) error { return errOf(e.v.Users.Block(c, []string{user}, d)) },
			func(c ctx, user string) error { return errOf(e.v.Users.Unblock(c, []string{user})) }, far.Blocked, true})
	}
	if e.has["MemberMutes"] {
		var shows func(string) (time.Time, bool)
		if far.MemberMute != nil {
			shows = func(user string) (time.Time, bool) { return far.MemberMute(e.Group, user) }
		}
		out = append(out, hold{"MemberMutes", traits.MemberMute,
			func(c ctx, user string, d time.Duration) error {
				return errOf(e.v.MemberMutes.MuteMembers(c, e.mute(d, user)))
			},
			func(c ctx, user string) error { return errOf(e.v.MemberMutes.UnmuteMembers(c, e.mute(0, user))) }, shows, true})
	}
	if e.has["ChatRoomMutes"] {
		out = append(out, e.inChatRoom("ChatRoomMutes", traits.ChatRoomMute, e.v.ChatRoomMutes.MuteInChatRoom, e.v.ChatRoomMutes.UnmuteInChatRoom, far.ChatRoomMute))
	}
	if e.has["ChatRoomBlocks"] {
		out = append(out, e.inChatRoom("ChatRoomBlocks", traits.ChatRoomBlock, e.v.ChatRoomBlocks.BlockFromChatRoom, e.v.ChatRoomBlocks.UnblockFromChatRoom, far.ChatRoomBlock))
	}
	return append(out, e.roomHolds()...)
}

func (e *env) inChatRoom(name string, kind vendors.Hold, begin func(ctx, string, []string, time.Duration) ([]vendors.MemberResult, error), end func(ctx, string, []string) ([]vendors.MemberResult, error), far func(room, user string) (time.Time, bool)) hold {
	h := hold{name: name, kind: kind, timed: true,
		begin: func(c ctx, user string, d time.Duration) error { return errOf(begin(c, e.Chat, []string{user}, d)) },
		end:   func(c ctx, user string) error { return errOf(end(c, e.Chat, []string{user})) },
	}
	if far != nil {
		h.shows = func(user string) (time.Time, bool) { return far(e.Chat, user) }
	}
	return h
}

func (e *env) roomHolds() []hold {
	var out []hold
	var shows func(string) (time.Time, bool)
	if e.Far.RoomBanned != nil {
		shows = func(user string) (time.Time, bool) { return time.Time{}, e.Far.RoomBanned(e.Room, user) }
	}
	if e.has["Rooms.Ban"] {
		out = append(out, hold{"Rooms.Ban", e.v.Traits.Ban,
			func(c ctx, user string, d time.Duration) error {
				return e.v.Rooms.Ban.BanUsers(c, e.Room, []string{user}, d)
			},
			func(c ctx, user string) error { return e.v.Rooms.Ban.UnbanUsers(c, e.Room, []string{user}) }, shows, false})
	}
	if e.has["Rooms.Kick"] {
		out = append(out, hold{"Rooms.Kick", e.v.Traits.Kick,
			func(c ctx, user string, d time.Duration) error {
				return e.v.Rooms.Kick.KickUser(c, vendors.Kick{Room: e.Room, User: user, For: d, By: "operator"})
			}, nil, shows, false})
	}
	return out
}

// kinds tries both kinds of hold, and to end one early.
func (h hold) kinds(t T, e *env) {
	t.Helper()
	e.mustNotCall(t, h.name+" for less than no time", func(c ctx) error { return h.begin(c, e.Peer, -time.Minute) }, vendors.ErrInvalid)
	for d, user := range map[time.Duration]string{90 * time.Minute: e.Peer, 0: e.Known} {
		what := h.name + " for " + d.String()
		if d == 0 && h.end == nil {
			continue // to put out and no more, which is no hold
		}
		if !h.kind.Takes(d) {
			e.mustNotCall(t, what, func(c ctx) error { return h.begin(c, user, d) }, vendors.ErrUnsupported)
			h.held(t, what+", which was refused", user, false, 0)
			continue
		}
		must(t, what, h.begin(t.Context(), user, d))
		h.held(t, what, user, true, d)
		h.held(t, what+" of somebody else", "third", false, 0)
		switch {
		case h.end == nil:
		case h.kind&vendors.HoldLifted == 0:
			e.mustNotCall(t, "the end of "+what, func(c ctx) error { return h.end(c, user) }, vendors.ErrUnsupported)
		default:
			must(t, "the end of "+what, h.end(t.Context(), user))
			h.held(t, what+", which was ended", user, false, 0)
		}
	}
	if h.end != nil && h.kind&vendors.HoldLifted != 0 {
		must(t, "the end of none", h.end(t.Context(), e.Peer))
	}
}

// held looks whether user is held as long as told: for d, or for good when it is zero.
func (h hold) held(t T, what, user string, want bool, d time.Duration) {
	t.Helper()
	if h.shows == nil {
		return
	}
	until, held := h.shows(user)
	switch left := time.Until(until); {
	case held != want:
		t.Errorf("%s: %s is held: %t, want %t", what, user, held, want)
	case !held || !h.timed:
	case d == 0 && !until.IsZero():
		t.Errorf("%s: it ends at %s", what, until)
	case d > 0 && (left < d-2*time.Minute || left > d+2*time.Minute):
		t.Errorf("%s: held until %s, want it for %s", what, until, d)
	}
}

// revokeSpan issues a credential and revokes what is an hour old.
func revokeSpan(t T, e *env) {
	c, err := e.v.Tokens.Issue(t.Context(), vendors.User{ID: e.Known})
	must(t, "issue", err)
	anHourAgo := func(c ctx) error {
		return errOf(e.v.Revoker.Revoke(c, []string{e.Known}, time.Now().Add(-time.Hour)))
	}
	if e.v.Traits.Revoke == vendors.RevokeNow {
		e.mustNotCall(t, "revoke what is an hour old", anHourAgo, vendors.ErrUnsupported)
	} else {
		must(t, "revoke what is an hour old", anHourAgo(t.Context()))
	}
	if got := e.Far.TokenUser(c.Token); got != e.Known {
		t.Errorf("after a revocation of what is an hour old the new token is %q's", got)
	}
}

// sessions connects Known by two devices and Peer by one.
func sessions(t T, e *env) {
	for device, user := range map[string]string{"phone": e.Known, "desk": e.Known, "tablet": e.Peer} {
		e.Far.Connect(user, device)
	}
	devices := func(user string, want ...string) {
		t.Helper()
		var list []vendors.Session
		var err error
		e.settled(func() bool {
			list, err = e.v.Sessions.ListSessions(t.Context(), user)
			return err != nil || len(list) <= len(want)
		})
		must(t, "sessions", err)
		for what, list := range map[string][]vendors.Session{"listed": list, "at the far end": e.Far.Sessions(user)} {
			var got []string
			for _, s := range list {
				got = append(got, s.Device)
			}
			sameSet(t, "sessions of "+user+" "+what, got, slices.Clone(want)...)
		}
	}
	devices(e.Known, "phone", "desk")
	devices("nobodyKnows")
	end := func(device string) func(ctx) error {
		return func(c ctx) error { return e.v.Sessions.EndSessions(c, e.Known, device) }
	}
	if e.v.Traits.Sessions == vendors.SessionsDevice {
		must(t, "end one", end("phone")(t.Context()))
		devices(e.Known, "desk")
		must(t, "end one that is not there", end("phone")(t.Context()))
	} else {
		e.mustNotCall(t, "end one", end("phone"), vendors.ErrUnsupported)
	}
	must(t, "end all", end("")(t.Context()))
	devices(e.Known)
	devices(e.Peer, "tablet")
	e.Far.Connect(e.Known, "again") // nothing forbids it
	devices(e.Known, "again")
	e.mustNotCall(t, "nobody's", func(c ctx) error { return e.v.Sessions.EndSessions(c, "", "") }, vendors.ErrInvalid)
}

func (e *env) sessionOps() []op {
	return []op{
		{vendors.OpSessionList, "Sessions", reads, func(c ctx, v *vendors.Vendor) error {
			return errOf(v.Sessions.ListSessions(c, e.Known))
		}},
		{vendors.OpUserImport, "UserImport", once, func(c ctx, v *vendors.Vendor) error {
			return errOf(v.UserImport.ImportUsers(c, []vendors.User{{ID: e.Known, Name: "Known"}}))
		}},
		{vendors.OpSessionEnd, "Sessions", changes, func(c ctx, v *vendors.Vendor) error { return v.Sessions.EndSessions(c, e.Known, "") }},
	}
}

func sizedSessions() []sized {
	return []sized{
		{vendors.OpSessionList, "Sessions", func(c ctx, e *env, s size) error {
			return errOf(e.v.Sessions.ListSessions(c, ids(1, s.id)[0]))
		}},
		{vendors.OpUserImport, "UserImport", func(c ctx, e *env, s size) error {
			var users []vendors.User
			for _, id := range ids(s.targets, s.id) {
				users = append(users, vendors.User{ID: id})
			}
			return errOf(e.v.UserImport.ImportUsers(c, users))
		}},
		{vendors.OpSessionEnd, "Sessions", func(c ctx, e *env, s size) error {
			return e.v.Sessions.EndSessions(c, ids(1, s.id)[0], "")
		}},
	}
}

// importUsers imports one of two users twice.
func importUsers(t T, e *env) {
	both := []vendors.User{{ID: "imported1", Name: `Zoë & "Co"`, Portrait: "https://portraits.example/a.png?x=1&y=2"}, {ID: "imported2"}}
	done(t, "import", "imported1", "imported2")(e.v.UserImport.ImportUsers(t.Context(), both))
	for _, u := range both {
		if !e.Far.HasUser(u.ID) {
			t.Errorf("the far end does not know %s", u.ID)
		}
	}
	if e.Far.HasUser("notImported") {
		t.Errorf("the far end knows somebody who was not imported")
	}
	done(t, "import again", "imported2")(e.v.UserImport.ImportUsers(t.Context(), both[1:]))
	if e.has["Messages"] && e.Far.Inbox != nil {
		r, err := e.v.Messages.Send(t.Context(), e.text(vendors.ToUsers, "welcome", "imported1"))
		must(t, "send", err)
		if len(r.Targets) != 1 || r.Targets[0].Err != nil || len(e.Far.Inbox("imported1")) != 1 {
			t.Errorf("a message to who was imported: %+v, and %d arrived", r, len(e.Far.Inbox("imported1")))
		}
	}
	e.mustNotCall(t, "nobody", func(c ctx) error { return errOf(e.v.UserImport.ImportUsers(c, nil)) }, vendors.ErrInvalid)
	e.mustNotCall(t, "no id", func(c ctx) error { return errOf(e.v.UserImport.ImportUsers(c, []vendors.User{{Name: "x"}})) }, vendors.ErrInvalid)
}

func unknownUser(t T, e *env) {
	const stranger = "nobodyKnows"
	r, err := e.v.Messages.Send(t.Context(), e.text(vendors.ToUsers, "hello", stranger))
	if err == nil && len(r.Targets) == 1 {
		err = r.Targets[0].Err
	}
	arrived := len(e.Far.Inbox(stranger))
	switch e.v.Traits.UnknownUsers {
	case vendors.UnknownTaken:
		must(t, "send to who is not known", err)
		if arrived != 1 {
			t.Errorf("declared as kept, and %d messages are there", arrived)
		}
	case vendors.UnknownRefused:
		mustBe(t, "send to who is not known", err, vendors.DefiniteNo, vendors.ErrNotFound)
	case vendors.UnknownDropped:
		must(t, "send to who is not known", err)
		if arrived != 0 {
			t.Errorf("declared as dropped, and %d messages are there", arrived)
		}
	}
}
