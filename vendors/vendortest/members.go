package vendortest

import (
	"errors"
	"slices"
	"time"

	"switchboard/vendors"
)

// errOf is the error of a call whose answer does not count.
func errOf[R any](_ R, err error) error { return err }

// done fails unless a write to many answers a row for each of users, in that order,
// and did what it was asked for.
func done(t T, what string, users ...string) func([]vendors.MemberResult, error) {
	t.Helper()
	return func(rows []vendors.MemberResult, err error) {
		t.Helper()
		must(t, what, err)
		if len(rows) != len(users) {
			t.Errorf("%s: %d rows for %d users", what, len(rows), len(users))
			return
		}
		for i, r := range rows {
			if r.User != users[i] || r.Err != nil || !slices.Contains([]vendors.MemberState{vendors.MemberAccepted, vendors.MemberAlready, vendors.MemberPending}, r.State) {
				t.Errorf("%s: row %d is %s, %s (%v), want %s accepted", what, i, r.User, r.State, r.Err, users[i])
			}
		}
	}
}

// made fails unless something was made, and returns the id for later calls.
func made(t T, id string) func(vendors.GroupRef, error) string {
	t.Helper()
	return func(ref vendors.GroupRef, err error) string {
		t.Helper()
		must(t, "create "+id, err)
		if ref.ID == "" || ref.Own != (ref.ID == id) {
			t.Errorf("made %s, and the reference is %+v", id, ref)
		}
		return ref.ID
	}
}

func memberChecks() []check {
	return []check{
		{"RowOfEveryUserSaysWhatBecameOfIt", nil, nil, rowsOfEveryWrite},
		{"GroupChangeThatEndsHalfDoneSaysWhatIsDoneAndWhatIsLeft", []string{"Groups"}, func(f Fixture) bool { return f.Far.Members != nil }, halfDone},
		{"GroupMadeWithoutAllItsMembersIsToldAsSuch", []string{"Groups"}, func(f Fixture) bool { return f.Far.Members != nil }, madeInPart},
	}
}

// rowsOfEveryWrite names Peer before Known, so that rows in an order of their own are
// seen.
func rowsOfEveryWrite(t T, e *env) {
	both := []string{e.Peer, e.Known}
	if e.has["Revoker"] {
		done(t, "revoke", both...)(e.v.Revoker.Revoke(t.Context(), both, time.Now()))
	}
	if e.has["Blacklist"] {
		done(t, "blacklist", both...)(e.v.Blacklist.AddToBlacklist(t.Context(), "third", both))
		done(t, "take off the blacklist", both...)(e.v.Blacklist.RemoveFromBlacklist(t.Context(), "third", both))
	}
	if e.has["MemberMutes"] {
		done(t, "mute", both...)(e.v.MemberMutes.MuteMembers(t.Context(), e.mute(0, both...)))
		done(t, "unmute", both...)(e.v.MemberMutes.UnmuteMembers(t.Context(), e.mute(0, both...)))
	}
	if e.has["ChatRoomMutes"] {
		done(t, "chat room mute", both...)(e.v.ChatRoomMutes.MuteInChatRoom(t.Context(), e.Chat, both, forAWhile(e.v.Traits.ChatRoomMute)))
		done(t, "chat room unmute", both...)(e.v.ChatRoomMutes.UnmuteInChatRoom(t.Context(), e.Chat, both))
	}
	if e.has["ChatRoomBlocks"] {
		done(t, "chat room block", both...)(e.v.ChatRoomBlocks.BlockFromChatRoom(t.Context(), e.Chat, both, forAWhile(e.v.Traits.ChatRoomBlock)))
		done(t, "chat room unblock", both...)(e.v.ChatRoomBlocks.UnblockFromChatRoom(t.Context(), e.Chat, both))
	}
	if e.has["Users"] {
		done(t, "block", both...)(e.v.Users.Block(t.Context(), both, forAWhile(e.v.Traits.Block)))
		if !slices.Contains(e.Unsupported, vendors.OpUserUnblock) {
			done(t, "unblock", both...)(e.v.Users.Unblock(t.Context(), both))
		}
	}
	if e.has["Deletions"] {
		two := []string{leaver(), leaver()}
		done(t, "delete", two...)(e.v.Deletions.DeleteUsers(t.Context(), two))
	}
}

// changeInCalls makes one change that names four users, with a fault from the call at
// index after on, and returns how many requests the far end saw.
func (e *env) changeInCalls(id string, after int, f fault) (requests int, rows []vendors.MemberResult, err error) {
	e.w.spoilAfter(after, always, f)
	defer e.w.heal()
	before := len(e.w.requests())
	rows, err = e.v.Groups.ChangeGroup(e.t.Context(), id, []string{"third", "fourth"}, []string{e.Peer, "fifth"})
	return len(e.w.requests()) - before, rows, err
}

// halfDone lets each call but the first fail in turn, once so that nothing was done and
// once so that nobody can know.
func halfDone(t T, e *env) {
	for _, f := range []fault{answer("503", 503, "text/html", html), executeThenDrop} {
		for after := 1; ; after++ {
			id := e.group(t, "half"+f.name[:1]+string(rune('0'+after)), e.Peer, "fifth")
			n, rows, err := e.changeInCalls(id, after, f)
			if n <= after && err == nil {
				break // it needs no more calls than that
			}
			e.toldInPart(t, f.name, id, rows, err)
			e.v = e.open(e.w.url) // with breakers that have seen no fault
		}
	}
}

// toldInPart checks an error of a half done change against the group at the far end.
func (e *env) toldInPart(t T, what, id string, rows []vendors.MemberResult, err error) {
	t.Helper()
	part, ok := vendors.PartialOf(err)
	var whole *vendors.Error
	if !ok || !errors.As(err, &whole) {
		t.Errorf("%s: half done, and the error is %v", what, err)
		return
	}
	if whole.Outcome != vendors.Partial || whole.Vendor != e.v.Name || whole.Op != vendors.OpGroup || part.Cause == nil {
		t.Errorf("%s: the error is %+v for %v", what, *whole, part.Cause)
	}
	begun := slices.ContainsFunc(rows, func(r vendors.MemberResult) bool { return r.Err == nil || r.State == vendors.MemberUnknown })
	if len(rows) != 4 || len(part.Done)+len(part.Left) != 4 || !begun || len(part.Left) == 0 {
		t.Errorf("%s: %d rows, %d done and %d left, want 4 in all, of which something was begun", what, len(rows), len(part.Done), len(part.Left))
	}
	members := e.Far.Members(id)
	for _, r := range rows {
		in := slices.Contains(members, r.User)
		was := r.User == e.Peer || r.User == "fifth" // who were to leave
		switch {
		case r.Err == nil && in == was:
			t.Errorf("%s: %s is told done, and it is not", what, r.User)
		case r.State == vendors.MemberRefused && in != was:
			t.Errorf("%s: %s is told not done, and it is", what, r.User)
		case (r.Err != nil) != (r.State == vendors.MemberRefused || r.State == vendors.MemberUnknown):
			t.Errorf("%s: the row of %s is %s with the error %v", what, r.User, r.State, r.Err)
		}
	}
}

// madeInPart lets every call but the first one fail, when there are more.
func madeInPart(t T, e *env) {
	e.w.spoilAfter(1, always, answer("503", 503, "text/html", html))
	ref, err := e.v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "parted", Name: "Parted", Creator: e.Known, Members: []string{e.Peer, "third"}})
	e.w.heal()
	if err == nil {
		sameSet(t, "made at once", e.Far.Members(ref.ID), e.Known, e.Peer, "third")
		return
	}
	mustBe(t, "create", err, vendors.Partial, vendors.ErrPartial)
	part, ok := vendors.PartialOf(err)
	if !ok || ref.ID == "" {
		t.Fatalf("made in part, and the error is %v with the reference %+v", err, ref)
	}
	var want []string
	for _, r := range part.Done {
		want = append(want, r.User)
	}
	if !slices.ContainsFunc(append(part.Left, part.Done...), func(r vendors.MemberResult) bool { return r.User == e.Known }) {
		want = append(want, e.Known) // came with the group
	}
	for _, r := range part.Left {
		if r.State == vendors.MemberUnknown && slices.Contains(e.Far.Members(ref.ID), r.User) {
			want = append(want, r.User)
		}
	}
	sameSet(t, "made in part", e.Far.Members(ref.ID), want...)
}
