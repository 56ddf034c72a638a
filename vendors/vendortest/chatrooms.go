package vendortest

import (
	"context"
	"time"

	"switchboard/vendors"
)

func chatRoomChecks() []check {
	return []check{
		{"ChatRoomIsCreatedListedAndDestroyed", []string{"ChatRooms"}, func(f Fixture) bool { return f.Far.ChatRoom != nil }, chatRoomLife},
		{"ChatRoomThatIsNotThereIsNotFound", []string{"ChatRooms"}, nil, func(t T, e *env) {
			_, err := e.v.ChatRooms.ChatRoomUsers(t.Context(), "nosuchroom")
			mustBe(t, "users", err, vendors.DefiniteNo, vendors.ErrNotFound)
		}},
		{"PersonMutedInAChatRoomIsMutedAloneAndSoLong", []string{"ChatRooms", "ChatRoomMutes"}, func(f Fixture) bool { return f.Far.ChatRoomMute != nil }, chatRoomMute},
		{"PersonBlockedFromAChatRoomIsOutAloneAndSoLong", []string{"ChatRooms", "ChatRoomBlocks"}, func(f Fixture) bool { return f.Far.ChatRoomBlock != nil }, chatRoomBlock},
	}
}

func chatRoomLife(t T, e *env) {
	stage := made(t, "stage")(e.v.ChatRooms.CreateChatRoom(t.Context(), "stage", "Stage & <co>"))
	if !e.Far.ChatRoom(stage) {
		t.Errorf("the far end has no such room")
	}
	users, err := e.v.ChatRooms.ChatRoomUsers(t.Context(), stage)
	must(t, "users", err)
	sameSet(t, "a new room", users)
	if e.Chat != "" {
		users, err = e.v.ChatRooms.ChatRoomUsers(t.Context(), e.Chat)
		must(t, "users", err)
		sameSet(t, "a used room", users, e.Known, e.Peer)
	}
	must(t, "destroy", e.v.ChatRooms.DestroyChatRoom(t.Context(), stage))
	if !e.settled(func() bool { return !e.Far.ChatRoom(stage) }) {
		t.Errorf("the destroyed room is still there")
	}
}

// restraint is a mute in the fixture's chat room, or a block from it.
type restraint struct {
	kind  vendors.Hold
	begin func(c ctx, room string, users []string, d time.Duration) ([]vendors.MemberResult, error)
	end   func(c ctx, room string, users []string) ([]vendors.MemberResult, error)
	shows func(room, user string) (until time.Time, held bool)
}

func chatRoomMute(t T, e *env) {
	e.restrains(t, restraint{e.v.Traits.ChatRoomMute, e.v.ChatRoomMutes.MuteInChatRoom, e.v.ChatRoomMutes.UnmuteInChatRoom, e.Far.ChatRoomMute})
	users, err := e.v.ChatRooms.ChatRoomUsers(t.Context(), e.Chat)
	must(t, "users", err)
	sameSet(t, "who was muted stays", users, e.Known, e.Peer)
}

func chatRoomBlock(t T, e *env) {
	e.restrains(t, restraint{e.v.Traits.ChatRoomBlock, e.v.ChatRoomBlocks.BlockFromChatRoom, e.v.ChatRoomBlocks.UnblockFromChatRoom, e.Far.ChatRoomBlock})
	users, err := e.v.ChatRooms.ChatRoomUsers(t.Context(), e.Chat)
	must(t, "users", err)
	sameSet(t, "who was blocked is out", users, e.Known)
}

// restrains holds Peer and somebody for a while, lets Peer go early, and refuses
// what names nobody, no room or no time.
func (e *env) restrains(t T, r restraint) {
	t.Helper()
	d := forAWhile(r.kind)
	other := made(t, "otherroom")(e.v.ChatRooms.CreateChatRoom(t.Context(), "otherroom", "Other"))
	done(t, "begin", e.Peer, "third")(r.begin(t.Context(), e.Chat, []string{e.Peer, "third"}, d))
	for _, user := range []string{e.Peer, "third"} {
		until, held := r.shows(e.Chat, user)
		if left := time.Until(until); !held || d > 0 && (left < d-2*time.Minute || left > d+2*time.Minute) || d == 0 && !until.IsZero() {
			t.Errorf("%s: held %t until %s, want it for %s", user, held, until, d)
		}
		if _, held := r.shows(other, user); held {
			t.Errorf("%s is held in another room", user)
		}
	}
	if _, held := r.shows(e.Chat, e.Known); held {
		t.Errorf("somebody else is held")
	}
	done(t, "end", e.Peer)(r.end(t.Context(), e.Chat, []string{e.Peer}))
	_, held := r.shows(e.Chat, e.Peer)
	if _, third := r.shows(e.Chat, "third"); held || !third {
		t.Errorf("after the end for one: held %t, the other %t", held, third)
	}
	for what, f := range map[string]func(ctx) error{
		"nobody":          func(c ctx) error { return errOf(r.begin(c, e.Chat, nil, d)) },
		"no room":         func(c ctx) error { return errOf(r.begin(c, "", []string{e.Peer}, d)) },
		"end for nobody":  func(c ctx) error { return errOf(r.end(c, e.Chat, nil)) },
		"end in no room":  func(c ctx) error { return errOf(r.end(c, "", []string{e.Peer})) },
		"an empty person": func(c ctx) error { return errOf(r.begin(c, e.Chat, []string{""}, d)) },
	} {
		e.mustNotCall(t, what, f, vendors.ErrInvalid)
	}
}

func (e *env) chatRoomOps() []op {
	return []op{
		{vendors.OpChatRoomMute, "ChatRoomMutes", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return errOf(v.ChatRoomMutes.MuteInChatRoom(ctx, e.Chat, []string{"third"}, forAWhile(v.Traits.ChatRoomMute)))
		}},
		{vendors.OpChatRoomUnmute, "ChatRoomMutes", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return errOf(v.ChatRoomMutes.UnmuteInChatRoom(ctx, e.Chat, []string{"third"}))
		}},
		{vendors.OpChatRoomBlock, "ChatRoomBlocks", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return errOf(v.ChatRoomBlocks.BlockFromChatRoom(ctx, e.Chat, []string{"third"}, forAWhile(v.Traits.ChatRoomBlock)))
		}},
		{vendors.OpChatRoomUnblock, "ChatRoomBlocks", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return errOf(v.ChatRoomBlocks.UnblockFromChatRoom(ctx, e.Chat, []string{"third"}))
		}},
	}
}

func sizedChatRooms() []sized {
	return []sized{
		{vendors.OpChatRoomMute, "ChatRoomMutes", func(c ctx, e *env, s size) error {
			return errOf(e.v.ChatRoomMutes.MuteInChatRoom(c, "room", ids(s.targets, s.id), forAWhile(e.v.Traits.ChatRoomMute)))
		}},
		{vendors.OpChatRoomUnmute, "ChatRoomMutes", func(c ctx, e *env, s size) error {
			return errOf(e.v.ChatRoomMutes.UnmuteInChatRoom(c, "room", ids(s.targets, s.id)))
		}},
		{vendors.OpChatRoomBlock, "ChatRoomBlocks", func(c ctx, e *env, s size) error {
			return errOf(e.v.ChatRoomBlocks.BlockFromChatRoom(c, "room", ids(s.targets, s.id), forAWhile(e.v.Traits.ChatRoomBlock)))
		}},
		{vendors.OpChatRoomUnblock, "ChatRoomBlocks", func(c ctx, e *env, s size) error {
			return errOf(e.v.ChatRoomBlocks.UnblockFromChatRoom(c, "room", ids(s.targets, s.id)))
		}},
	}
}
