package rongcloud_test

import (
	"context"
	"time"

	"switchboard/vendors"
)

type (
	otherSender struct{ wrong }
	everyOnline struct{ wrong }
	twice       struct{ wrong }
	wiped       struct{ wrong }
	gentle      struct{ wrong }
	minuteMute  struct{ wrong }
	stuckMute   struct{ wrong }
)

func (o otherSender) Broadcast(ctx context.Context, b vendors.Broadcast) (string, error) {
	b.From = "rongcloud"
	return o.Vendor.Broadcasts.Broadcast(ctx, b)
}

func (e everyOnline) Broadcast(ctx context.Context, b vendors.Broadcast) (string, error) {
	b.OnlineOnly = false
	return e.Vendor.Broadcasts.Broadcast(ctx, b)
}

func (w twice) Broadcast(ctx context.Context, b vendors.Broadcast) (string, error) {
	_, _ = w.Vendor.Broadcasts.Broadcast(ctx, b)
	return w.Vendor.Broadcasts.Broadcast(ctx, b)
}

// RefreshProfile puts the id in the place of an empty name.
func (w wiped) RefreshProfile(ctx context.Context, u vendors.User) error {
	if u.Name == "" {
		u.Name = u.ID
	}
	return w.Vendor.Profiles.RefreshProfile(ctx, u)
}

// BlockFromChatRoom leaves them inside, without a voice.
func (g gentle) BlockFromChatRoom(ctx context.Context, room string, users []string, d time.Duration) ([]vendors.MemberResult, error) {
	return g.Vendor.ChatRoomMutes.MuteInChatRoom(ctx, room, users, d)
}

func (g gentle) UnblockFromChatRoom(ctx context.Context, room string, users []string) ([]vendors.MemberResult, error) {
	return g.Vendor.ChatRoomMutes.UnmuteInChatRoom(ctx, room, users)
}

func (m minuteMute) MuteInChatRoom(ctx context.Context, room string, users []string, d time.Duration) ([]vendors.MemberResult, error) {
	return m.Vendor.ChatRoomMutes.MuteInChatRoom(ctx, room, users, min(d, time.Minute))
}

func (m minuteMute) UnmuteInChatRoom(ctx context.Context, room string, users []string) ([]vendors.MemberResult, error) {
	return m.Vendor.ChatRoomMutes.UnmuteInChatRoom(ctx, room, users)
}

func (s stuckMute) MuteInChatRoom(ctx context.Context, room string, users []string, d time.Duration) ([]vendors.MemberResult, error) {
	return s.Vendor.ChatRoomMutes.MuteInChatRoom(ctx, room, users, d)
}

func (stuckMute) UnmuteInChatRoom(_ context.Context, _ string, users []string) ([]vendors.MemberResult, error) {
	return vendors.AllMembers(users, nil)
}

func audienceMutants() []mutant {
	all, mute := "BroadcastReachesEverybodyOnce", "PersonMutedInAChatRoomIsMutedAloneAndSoLong"
	return []mutant{
		{name: "broadcast of another sender", caught: all, vendor: func(v *vendors.Vendor) { v.Broadcasts = otherSender{right(v)} }},
		{name: "broadcasts twice", caught: all, vendor: func(v *vendors.Vendor) { v.Broadcasts = twice{right(v)} }},
		{name: "broadcasts to who is offline", caught: "BroadcastToThoseOnlineReachesNobodyElse", vendor: func(v *vendors.Vendor) { v.Broadcasts = everyOnline{right(v)} }},
		{name: "an empty name becomes the id", caught: "RefreshedProfileIsTheFarEndsAndWhatIsEmptyStays", vendor: func(v *vendors.Vendor) { v.Profiles = wiped{right(v)} }},
		{name: "chat room mute of a minute", caught: mute, vendor: func(v *vendors.Vendor) { v.ChatRoomMutes = minuteMute{right(v)} }},
		{name: "chat room unmute does nothing", caught: mute, vendor: func(v *vendors.Vendor) { v.ChatRoomMutes = stuckMute{right(v)} }},
		{name: "chat room block is a mute", caught: "PersonBlockedFromAChatRoomIsOutAloneAndSoLong", vendor: func(v *vendors.Vendor) { v.ChatRoomBlocks = gentle{right(v)} }},
	}
}
