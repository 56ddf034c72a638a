package vendortest

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"switchboard/vendors"
)

func roomRightsChecks() []check {
	seen := func(f Fixture, far bool) bool { return far && f.Room != "" && f.Far.RoomUsers != nil }
	return []check{
		{"RoomMadeAgainIsAnotherSession", []string{"Rooms.Query"}, func(f Fixture) bool { return seen(f, f.Far.Session != nil && f.Far.Remake != nil) }, remadeRoom},
		{"JoinTokenHasItsRightsAndNoOthers", []string{"Rooms.Tokens"}, func(f Fixture) bool { return f.Far.JoinGrant != nil }, joinGrants},
		{"JoinTokenForNobodyOrNoTimeIsRefused", []string{"Rooms.Tokens"}, nil, badGrants},
		{"PermissionIsTheFarEndsAndReplacesAll", []string{"Rooms.Permission"}, func(f Fixture) bool { return seen(f, f.Far.Permission != nil) }, permissions},
		{"PermissionsAreOrderedAsDeclared", []string{"Rooms.Permission"}, func(f Fixture) bool { return seen(f, true) && !slices.Contains(f.Untried, vendors.OpRoomPermission) }, sequenced},
		{"StreamWithoutTheRightToItEnds", []string{"Rooms.Permission", "Rooms.Speakers"}, func(f Fixture) bool { return seen(f, f.Far.Permission != nil && f.Far.Publish != nil) }, silenced},
		{"MuteIsOfOneMediumOfOneUser", []string{"Rooms.Mute"}, func(f Fixture) bool { return seen(f, f.Far.Publish != nil && f.Far.Muted != nil) }, muted},
		{"DataReachesThoseItIsForOnceForItsKey", []string{"Rooms.Data"}, func(f Fixture) bool { return seen(f, f.Far.Packets != nil) }, packets},
		{"RecordingIsStartedListedAndStopped", []string{"Rooms.Recorder"}, func(f Fixture) bool { return seen(f, f.Far.Recordings != nil) }, recording},
		{"AbsentRoomIsNoOutage", nil, func(f Fixture) bool { return len(f.NoAnswer) > 0 }, absentIsNoOutage},
	}
}

func remadeRoom(t T, e *env) {
	before, err := e.v.Rooms.Query.RoomStatus(t.Context(), e.Room)
	must(t, "status", err)
	e.Far.Remake(e.Room)
	after, err := e.v.Rooms.Query.RoomStatus(t.Context(), e.Room)
	must(t, "status", err)
	if before.Session == "" || after.Session == before.Session || after.Session != e.Far.Session(e.Room) {
		t.Errorf("session %q, and %q after the room was made again; the far end says %q", before.Session, after.Session, e.Far.Session(e.Room))
	}
}

// allPermissions are every combination that our words have.
func allPermissions() (out []vendors.Permission) {
	for n := range 1 << (len(vendors.AllMedia()) + 2) {
		p := vendors.Permission{Subscribe: n&1 != 0, Data: n&2 != 0}
		for i, m := range vendors.AllMedia() {
			if n&(4<<i) != 0 {
				p.Publish = append(p.Publish, m)
			}
		}
		out = append(out, p)
	}
	return out
}

// joinGrants: a right that the vendor cannot express may be refused, and nothing else.
func joinGrants(t T, e *env) {
	issued := 0
	for i, p := range allPermissions() {
		want := vendors.JoinGrant{
			Room: e.Room, User: vendors.User{ID: e.Known, Name: `Zoë & "Co" 礼物`}, Permission: p, Admin: i%3 == 0, Hidden: i%5 == 0, For: 10 * time.Minute,
		}
		c, err := e.v.Rooms.Tokens.IssueJoin(t.Context(), want)
		if err != nil {
			mustBe(t, "grant", err, vendors.DefiniteNo, vendors.ErrUnsupported)
			continue
		}
		issued++
		got, in := e.Far.JoinGrant(c.Token)
		left := got.For
		if !in || got.Room != want.Room || got.User != want.User || !got.Same(want.Permission) || got.Admin != want.Admin || got.Hidden != want.Hidden {
			t.Errorf("asked for %+v, the token gives %+v (let in: %t)", want, got, in)
		}
		if left > want.For+time.Minute || left < want.For/2 || (time.Until(c.ExpiresAt)-left).Abs() > time.Minute {
			t.Errorf("asked for %s, the far end gives %s, the credential says %s", want.For, left, c.ExpiresAt)
		}
		if c.SDK == "" || c.AppKey == "" || c.Room != want.Room || !strings.HasPrefix(c.URL, "ws") {
			t.Errorf("a field of the credential is wrong: SDK %q, app key %q, room %q, URL %q", c.SDK, c.AppKey, c.Room, c.URL)
		}
		for _, secret := range e.Secrets {
			if strings.Contains(c.AppKey+c.URL, secret.Reveal()) {
				t.Errorf("a secret is handed to clients")
			}
		}
	}
	if issued == 0 {
		t.Errorf("no grant is issued at all")
	}
}

func badGrants(t T, e *env) {
	good := vendors.JoinGrant{Room: "room", User: vendors.User{ID: e.Known}, Permission: vendors.Permission{Subscribe: true}, For: time.Minute}
	for what, spoil := range map[string]func(*vendors.JoinGrant){
		"nobody":       func(g *vendors.JoinGrant) { g.User.ID = "" },
		"no room":      func(g *vendors.JoinGrant) { g.Room = "" },
		"no time":      func(g *vendors.JoinGrant) { g.For = 0 },
		"no such kind": func(g *vendors.JoinGrant) { g.Publish = []vendors.Media{"smell"} },
	} {
		g := good
		spoil(&g)
		e.mustNotCall(t, what, func(ctx ctx) error { _, err := e.v.Rooms.Tokens.IssueJoin(ctx, g); return err }, vendors.ErrInvalid)
	}
}

func permissions(t T, e *env) {
	others := e.Far.Permission(e.Room, e.Known)
	for _, p := range allPermissions() {
		err := e.v.Rooms.Permission.SetPermission(t.Context(), vendors.PermissionChange{Room: e.Room, User: e.Peer, Permission: p})
		if err != nil {
			mustBe(t, "permission", err, vendors.DefiniteNo, vendors.ErrUnsupported)
			continue
		}
		if got := e.Far.Permission(e.Room, e.Peer); !got.Same(p) {
			t.Errorf("set %+v, the far end has %+v", p, got)
		}
	}
	for _, id := range []vendors.Identity{vendors.IdentityHost, vendors.IdentityListener} {
		must(t, string(id), e.v.Rooms.Permission.SetPermission(t.Context(), vendors.PermissionChange{Room: e.Room, User: e.Peer, Identity: id}))
		if want, _ := id.Permission(); !e.Far.Permission(e.Room, e.Peer).Same(want) {
			t.Errorf("%s has %+v", id, e.Far.Permission(e.Room, e.Peer))
		}
	}
	if got := e.Far.Permission(e.Room, e.Known); !got.Same(others) {
		t.Errorf("somebody else's rights changed from %+v to %+v", others, got)
	}
	mustBe(t, "somebody who is not there", e.v.Rooms.Permission.SetPermission(t.Context(), vendors.PermissionChange{Room: e.Room, User: "stranger", Identity: vendors.IdentityListener}),
		vendors.DefiniteNo, vendors.ErrNotFound)
}

// sequenced: a change that one of a higher sequence overtook is refused where that is
// declared, and taken elsewhere.
func sequenced(t T, e *env) {
	set := func(sequence int64) error {
		return e.v.Rooms.Permission.SetPermission(t.Context(), vendors.PermissionChange{Room: e.Room, User: e.Peer, Identity: vendors.IdentityListener, Sequence: sequence})
	}
	must(t, "sequence 10", set(10))
	if err := set(9); e.v.Traits.Sequenced {
		mustBe(t, "sequence 9 behind 10", err, vendors.DefiniteNo, vendors.ErrConflict)
	} else {
		must(t, "sequence 9 behind 10", err)
	}
	must(t, "sequence 10 once more", set(10))
	must(t, "sequence 11", set(11))
}

func silenced(t T, e *env) {
	e.Far.Publish(e.Room, e.Peer, vendors.Microphone)
	e.Far.Publish(e.Room, e.Known, vendors.Microphone)
	must(t, "listener", e.v.Rooms.Permission.SetPermission(t.Context(), vendors.PermissionChange{Room: e.Room, User: e.Peer, Identity: vendors.IdentityListener}))
	got, err := e.v.Rooms.Speakers.RoomSpeakers(t.Context(), e.Room)
	must(t, "speakers", err)
	sameSet(t, "speakers", got, e.Known)
}

func muted(t T, e *env) {
	e.Far.Publish(e.Room, e.Peer, vendors.Microphone, vendors.Camera)
	e.Far.Publish(e.Room, e.Known, vendors.Microphone)
	mute := vendors.MediaMute{Room: e.Room, User: e.Peer, Media: vendors.Microphone, Muted: true}
	must(t, "mute", e.v.Rooms.Mute.MuteMedia(t.Context(), mute))
	must(t, "mute once more", e.v.Rooms.Mute.MuteMedia(t.Context(), mute))
	if got := e.Far.Muted(e.Room, e.Peer); !slices.Equal(got, []vendors.Media{vendors.Microphone}) {
		t.Errorf("%s's muted media are %v", e.Peer, got)
	}
	if got := e.Far.Muted(e.Room, e.Known); len(got) != 0 {
		t.Errorf("%s's muted media are %v", e.Known, got)
	}
	mute.Muted = false
	if err := e.v.Rooms.Mute.MuteMedia(t.Context(), mute); err != nil {
		mustBe(t, "unmute", err, vendors.DefiniteNo, vendors.ErrUnsupported)
	} else if got := e.Far.Muted(e.Room, e.Peer); len(got) != 0 {
		t.Errorf("still muted: %v", got)
	}
	mute.Media = vendors.Screen
	mustBe(t, "what is not sent", e.v.Rooms.Mute.MuteMedia(t.Context(), mute), vendors.DefiniteNo, vendors.ErrNotFound)
	mute.User, mute.Media = "stranger", vendors.Microphone
	mustBe(t, "somebody who is not there", e.v.Rooms.Mute.MuteMedia(t.Context(), mute), vendors.DefiniteNo, vendors.ErrNotFound)
}

func packets(t T, e *env) {
	want := []vendors.RoomPacket{
		{Room: e.Room, Topic: "score", Data: []byte{0, 1, 254, 255}, Reliable: true},
		{Room: e.Room, Topic: "position", Data: []byte("x=1"), To: []string{e.Known}},
		{Room: e.Room, Topic: "score", Data: []byte("礼物"), Reliable: true},
	}
	for i, p := range want {
		if i == 2 {
			p.Key = "fixed-key"
			must(t, "data", e.v.Rooms.Data.SendData(t.Context(), p)) // twice for one key
		}
		must(t, "data", e.v.Rooms.Data.SendData(t.Context(), p))
	}
	for user, expect := range map[string][]vendors.RoomPacket{e.Known: want, e.Peer: {want[0], want[2]}} {
		var got []vendors.RoomPacket
		if !eventually(func() bool { got = e.Far.Packets(user); return slices.EqualFunc(got, expect, samePacket) }) {
			t.Errorf("%s got %+v, want %+v", user, got, expect)
		}
	}
	e.mustNotCall(t, "no data", func(ctx ctx) error {
		return e.v.Rooms.Data.SendData(ctx, vendors.RoomPacket{Room: e.Room, Reliable: true})
	}, vendors.ErrInvalid)
}

// eventually waits for what a running server's clients learn a moment later.
func eventually(holds func() bool) bool {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return holds()
}

func samePacket(a, b vendors.RoomPacket) bool {
	return a.Room == b.Room && a.Topic == b.Topic && a.Reliable == b.Reliable && bytes.Equal(a.Data, b.Data)
}

func recording(t T, e *env) {
	r := e.v.Rooms.Recorder
	started, err := r.StartRecording(t.Context(), vendors.Recording{Room: e.Room, Audio: true, Video: true, Path: "calls/one.mp4"})
	must(t, "start", err)
	if started.ID == "" || started.Room != e.Room {
		t.Errorf("started %+v", started)
	}
	list, err := r.Recordings(t.Context(), e.Room)
	must(t, "list", err)
	if len(list) != 1 || list[0].ID != started.ID || list[0].Status != vendors.RecordingActive && list[0].Status != vendors.RecordingStarting {
		t.Errorf("listed %+v, without %s running", list, started.ID)
	}
	_, err = r.StopRecording(t.Context(), started.ID)
	must(t, "stop", err)
	far := e.Far.Recordings(e.Room)
	if len(far) != 1 || far[0].ID != started.ID || far[0].Status == vendors.RecordingActive {
		t.Errorf("the far end has %+v", far)
	}
	_, err = r.StopRecording(t.Context(), "EG_nobodys")
	mustBe(t, "one that is not there", err, vendors.DefiniteNo, vendors.ErrNotFound)
	_, err = r.StartRecording(t.Context(), vendors.Recording{Room: "nosuchroom", Audio: true})
	mustBe(t, "a room that is not there", err, vendors.DefiniteNo, vendors.ErrNotFound)
	e.mustNotCall(t, "neither sound nor picture", func(ctx ctx) error {
		_, err := r.StartRecording(ctx, vendors.Recording{Room: e.Room})
		return err
	}, vendors.ErrInvalid)
}

// absentIsNoOutage makes enough calls to open a breaker that counted them.
func absentIsNoOutage(t T, e *env) {
	const calls = 12
	nowhere := *e
	nowhere.Room = "nosuchroom"
	done := make(chan error, calls*len(e.NoAnswer))
	for _, name := range e.NoAnswer {
		o, ok := nowhere.op(name)
		if !ok {
			t.Fatalf("NoAnswer names %s, which the vendor does not have", name)
		}
		for range calls {
			go func() { done <- o.call(t.Context(), e.v) }()
		}
	}
	for range cap(done) {
		mustBe(t, "a room that is not there", <-done, vendors.DefiniteNo, vendors.ErrNotFound)
	}
	for _, b := range e.v.Connection.Health().Breakers {
		if b.State != "closed" {
			t.Errorf("breaker %s is %s: %s", b.Class, b.State, b.Reason)
		}
	}
}
