package vendortest

import (
	"slices"
	"time"

	"switchboard/vendors"
)

func roomChecks() []check {
	return append(roomStateChecks(), roomRightsChecks()...)
}

func roomStateChecks() []check {
	users := func(f Fixture) bool { return f.Far.RoomUsers != nil && f.Room != "" }
	seeded := func(f Fixture) bool { return f.Room != "" }
	return []check{
		{"RoomListHasTheRoomAndItsCount", []string{"Rooms.List"}, users, listRooms},
		{"RoomStatusAndUsersAreTheFarEnds", []string{"Rooms.Query"}, users, queryRoom},
		{"RoomThatIsNotThereIsAbsentAndHasNoUsers", []string{"Rooms.Query"}, nil, absentRoom},
		{"SpeakersAreTheFarEnds", []string{"Rooms.Speakers"}, func(f Fixture) bool { return f.Far.SetSpeakers != nil }, speakers},
		{"KickedUserIsOutAndTheOthersStay", []string{"Rooms.Kick"}, users, kick},
		{"KickForAWhileKeepsThemOut", []string{"Rooms.Kick"}, func(f Fixture) bool { return users(f) && f.Far.RoomBanned != nil }, kickFor},
		{"BannedUserIsOutUntilUnbanned", []string{"Rooms.Ban"}, func(f Fixture) bool { return f.Far.RoomBanned != nil && seeded(f) }, ban},
		{"DissolvedRoomIsEmpty", []string{"Rooms.Dissolve"}, users, dissolve},
		{"RoomTextReachesAllOrTheOneNamed", []string{"Rooms.Push"}, func(f Fixture) bool { return f.Far.RoomTexts != nil && seeded(f) }, pushText},
		{"EveryIdentityReachesTheFarEndAsItself", []string{"Rooms.Permission"}, func(f Fixture) bool { return f.Far.Identity != nil && seeded(f) }, identities},
		{"UserStateNamesTheRooms", []string{"Rooms.Calls"}, users, userState},
		{"CallRecordsAreTheFarEndsPageByPage", []string{"Rooms.Calls"}, func(f Fixture) bool { return f.Far.SetCalls != nil }, userCalls},
	}
}

// everyRoom reads the list to its end.
func everyRoom(t T, e *env) (all []vendors.RoomCount) {
	t.Helper()
	for cursor, pages := "", 0; ; pages++ {
		page, err := e.v.Rooms.List.ListRooms(t.Context(), cursor)
		must(t, "list", err)
		if all = append(all, page.Rooms...); page.Next == "" {
			break
		}
		if cursor = page.Next; pages > 1000 {
			t.Fatalf("the list has no end")
		}
	}
	return all
}

func listRooms(t T, e *env) {
	want := vendors.RoomCount{ID: e.Room, Session: e.session(), Users: len(e.Far.RoomUsers(e.Room))}
	all := everyRoom(t, e)
	for end := time.Now().Add(2*e.CountsLag + 2*time.Second); !slices.Contains(all, want) && time.Now().Before(end); all = everyRoom(t, e) {
		time.Sleep(50 * time.Millisecond) // counts may be old, and an answer kept
	}
	if !slices.Contains(all, want) {
		t.Errorf("rooms %v, without %v", all, want)
	}
	e.mustNotCall(t, "a cursor of nobody", func(ctx ctx) error {
		_, err := e.v.Rooms.List.ListRooms(ctx, "no cursor of any vendor's")
		return err
	}, vendors.ErrInvalid)
}

// session is the name of the seeded room's life; empty for a vendor that has none.
func (e *env) session() string {
	if e.Far.Session == nil {
		return ""
	}
	return e.Far.Session(e.Room)
}

func queryRoom(t T, e *env) {
	want := e.Far.RoomUsers(e.Room)
	s, err := e.v.Rooms.Query.RoomStatus(t.Context(), e.Room)
	must(t, "status", err)
	s.AsOf = time.Time{}
	if s != (vendors.RoomStatus{ID: e.Room, Session: e.session(), State: vendors.RoomActive, Users: len(want)}) {
		t.Errorf("status %+v, want active with %d users", s, len(want))
	}
	users, err := e.v.Rooms.Query.RoomUsers(t.Context(), e.Room)
	must(t, "users", err)
	sameSet(t, "users", users, want...)
}

func absentRoom(t T, e *env) {
	s, err := e.v.Rooms.Query.RoomStatus(t.Context(), "nosuchroom")
	must(t, "status", err)
	if s.State != vendors.RoomAbsent || s.Users != 0 || s.Session != "" {
		t.Errorf("status %+v, want absent", s)
	}
	_, err = e.v.Rooms.Query.RoomUsers(t.Context(), "nosuchroom")
	mustBe(t, "users", err, vendors.DefiniteNo, vendors.ErrNotFound)
}

func speakers(t T, e *env) {
	e.Far.SetSpeakers(e.Room, e.Peer)
	got, err := e.v.Rooms.Speakers.RoomSpeakers(t.Context(), e.Room)
	must(t, "speakers", err)
	sameSet(t, "speakers", got, e.Peer)
}

func kick(t T, e *env) {
	must(t, "kick", e.v.Rooms.Kick.KickUser(t.Context(), vendors.Kick{Room: e.Room, User: e.Peer, By: "operator"}))
	sameSet(t, "after the kick", e.Far.RoomUsers(e.Room), e.Known)
	if e.Far.RoomBanned != nil && e.Far.RoomBanned(e.Room, e.Peer) {
		t.Errorf("a kick for no time keeps the user out")
	}
}

func kickFor(t T, e *env) {
	if !e.v.Traits.Kick.Takes(time.Minute) {
		return // see EveryHoldIsOfTheKindsDeclared
	}
	must(t, "kick", e.v.Rooms.Kick.KickUser(t.Context(), vendors.Kick{Room: e.Room, User: e.Peer, For: 90 * time.Second, By: "operator"}))
	sameSet(t, "after the kick", e.Far.RoomUsers(e.Room), e.Known)
	if !e.Far.RoomBanned(e.Room, e.Peer) || e.Far.RoomBanned(e.Room, e.Known) {
		t.Errorf("kept out: %t, and the one who stays: %t", e.Far.RoomBanned(e.Room, e.Peer), e.Far.RoomBanned(e.Room, e.Known))
	}
}

func ban(t T, e *env) {
	must(t, "ban", e.v.Rooms.Ban.BanUsers(t.Context(), e.Room, []string{e.Peer}, forAWhile(e.v.Traits.Ban)))
	if !e.Far.RoomBanned(e.Room, e.Peer) || e.Far.RoomBanned(e.Room, e.Known) {
		t.Errorf("banned: %t, and somebody else: %t", e.Far.RoomBanned(e.Room, e.Peer), e.Far.RoomBanned(e.Room, e.Known))
	}
	must(t, "unban", e.v.Rooms.Ban.UnbanUsers(t.Context(), e.Room, []string{e.Peer}))
	if e.Far.RoomBanned(e.Room, e.Peer) {
		t.Errorf("%s is still banned", e.Peer)
	}
}

func dissolve(t T, e *env) {
	must(t, "dissolve", e.v.Rooms.Dissolve.DissolveRoom(t.Context(), e.Room))
	if got := e.Far.RoomUsers(e.Room); len(got) != 0 {
		t.Errorf("the dissolved room has users %v", got)
	}
}

func pushText(t T, e *env) {
	for _, to := range []string{"", e.Known} {
		want := vendors.RoomText{Room: e.Room, From: e.Peer, To: to, Text: `hello & "礼物" + 1%`}
		must(t, "push", e.v.Rooms.Push.PushText(t.Context(), want))
		var got []vendors.RoomText
		if !eventually(func() bool { got = e.Far.RoomTexts(e.Room); return len(got) > 0 && got[len(got)-1] == want }) {
			t.Errorf("the far end took %+v, want %+v last", got, want)
		}
	}
}

func identities(t T, e *env) {
	for _, id := range []vendors.Identity{
		vendors.IdentityFree, vendors.IdentityOnRequest, vendors.IdentityListener,
		vendors.IdentityCommander, vendors.IdentityHost, vendors.IdentityGuest,
	} {
		must(t, string(id), e.v.Rooms.Permission.SetPermission(t.Context(), vendors.PermissionChange{Room: e.Room, User: e.Peer, Identity: id}))
		if got := e.Far.Identity(e.Room, e.Peer); got != id {
			t.Errorf("identity %q arrived as %q", id, got)
		}
	}
	e.mustNotCall(t, "unknown identity", func(ctx ctx) error {
		return e.v.Rooms.Permission.SetPermission(ctx, vendors.PermissionChange{Room: e.Room, User: e.Peer, Identity: "emperor"})
	}, vendors.ErrInvalid)
}

func userState(t T, e *env) {
	got, err := e.v.Rooms.Calls.UserState(t.Context(), e.Known)
	must(t, "state", err)
	if len(got) != 1 || got[0].Room != e.Room {
		t.Errorf("%s is in %+v, want %s", e.Known, got, e.Room)
	}
	got, err = e.v.Rooms.Calls.UserState(t.Context(), "stranger")
	if err != nil || len(got) != 0 {
		t.Errorf("a user in no room: %+v, %v", got, err)
	}
}

func userCalls(t T, e *env) {
	start := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
	var want []vendors.CallRecord
	for i := range 3 {
		joined := start.Add(time.Duration(i) * time.Hour)
		want = append(want, vendors.CallRecord{Room: e.Room, JoinedAt: joined, LeftAt: joined.Add(90 * time.Second), Duration: 90 * time.Second})
	}
	e.Far.SetCalls(e.Known, "2026-01-02", want...)
	for from := range want {
		got, err := e.v.Rooms.Calls.UserCalls(t.Context(), vendors.CallQuery{User: e.Known, Day: "2026-01-02", From: from, Limit: 2})
		must(t, "calls", err)
		page := want[from:min(from+2, len(want))]
		if !slices.EqualFunc(got, page, sameCall) {
			t.Errorf("from %d: %+v, want %+v", from, got, page)
		}
	}
	e.mustNotCall(t, "a day that is none", func(ctx ctx) error {
		_, err := e.v.Rooms.Calls.UserCalls(ctx, vendors.CallQuery{User: e.Known, Day: "yesterday", Limit: 1})
		return err
	}, vendors.ErrInvalid)
}

func sameCall(a, b vendors.CallRecord) bool {
	return a.Room == b.Room && a.JoinedAt.Equal(b.JoinedAt) && a.LeftAt.Equal(b.LeftAt) && a.Duration == b.Duration
}
