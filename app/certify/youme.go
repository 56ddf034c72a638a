package certify

import (
	"errors"
	"slices"

	mock "switchboard/mocks/youme"
	"switchboard/vendors"
	"switchboard/vendors/upstream"
	"switchboard/vendors/vendortest"
	"switchboard/vendors/youme"
)

// YouMe is what holds at YouMe itself and at its mock.
func YouMe(cfg youme.Config) (vendortest.Fixture, error) { return youmeFixture(cfg), nil }

func youmeFixture(cfg youme.Config) vendortest.Fixture {
	return vendortest.Fixture{
		Open: func(baseURL string) (*vendors.Vendor, error) {
			own := cfg
			own.BaseURL = baseURL
			return youme.Open("youme", own, upstream.Options{})
		},
		BaseURL: cfg.BaseURL,
		Lacks: []string{
			"Sessions", "UserImport", "Deletions", "MessageLookup", "Reconciler", "Tokens", "Revoker", "Users", "Profiles", "Blacklist", "Messages", "Templates", "Broadcasts", "Recaller", "Editor", "History", "Notices", "Pushes", "Remarks", "Presence", "Words", "WordAdmin",
			"Translator", "Wallet", "Orders", "Groups", "GroupNames", "GroupOwners", "GroupLists", "MemberMutes", "GroupMutes", "ChatRooms", "ChatRoomMutes", "ChatRoomBlocks", "Rooms.Tokens", "Rooms.Ban", "Rooms.Dissolve", "Rooms.Data", "Rooms.Mute", "Rooms.Recorder", "Callbacks",
		},
		Traits:  vendors.Traits{Kick: vendors.HoldTimed, Sequenced: true},
		Secrets: []vendors.Secret{cfg.AppSecret},
		Known:   "known", Peer: "peer", Room: "stage",
		Limits: vendors.Limits{vendors.OpRoomPush: {Bytes: 2048}, vendors.OpRoomUserCalls: {Targets: 100}},
		Codes: []vendortest.CodeCase{
			{Status: 200, Body: `{"ActionStatus":"FAIL","ErrorCode":70001,"ErrorInfo":"no SECRET"}`, Code: "70001", Outcome: vendors.DefiniteNo, Is: vendors.ErrUnknownCode},
			{Op: vendors.OpRoomPermission, Status: 200, Body: `{"ChannelID":"stage","Code":401}`, Code: "401", Outcome: vendors.DefiniteNo, Is: vendors.ErrNotFound},
			{Op: vendors.OpRoomPermission, Status: 200, Body: `{"ChannelID":"stage","code":"402"}`, Code: "402", Outcome: vendors.DefiniteNo, Is: vendors.ErrNotFound},
			{Op: vendors.OpRoomPermission, Status: 200, Body: `{"ChannelID":"stage"," Code":403}`, Code: "403", Outcome: vendors.DefiniteNo, Is: vendors.ErrConflict},
			{Op: vendors.OpRoomPermission, Status: 200, Body: `{"ChannelID":"stage","Code":500}`, Code: "500", Outcome: vendors.Ambiguous},
		},
	}
}

// YouMeMock is a mock with two users in one room. plain makes it answer without
// the envelope, as the document's samples do.
func YouMeMock(t vendortest.T, plain bool) vendortest.Fixture {
	t.Helper()
	account := mock.Account{AppKey: "YOUME0123456789ABCDEF", AppSecret: "talk-s3cret", AppID: 1000, Identifier: "admin"}
	m, err := mock.Start(mock.Config{Account: account, PlainAnswers: plain, CheckAnswers: true})
	if err != nil {
		t.Fatalf("mock: %v", err)
	}
	t.Cleanup(func() { _ = m.Close() })
	f := youmeFixture(youme.Config{
		AppKey: account.AppKey, AppSecret: vendors.Secret(account.AppSecret), AppID: int(account.AppID),
		Identifier: account.Identifier, BaseURL: m.URL, IdentityCommand: "change_user_ Identity",
	})
	app := m.Default()
	for _, user := range []string{f.Known, f.Peer} {
		if err := app.Join(f.Room, user, mock.Media{Audio: true, AudioBitRate: 64}); err != nil {
			t.Fatalf("seed: %v", err)
		}
	}
	f.Far = youmeFarEnd(app)
	return f
}

func youmeFarEnd(app *mock.App) vendortest.FarEnd {
	identities := []vendors.Identity{
		"", vendors.IdentityFree, vendors.IdentityOnRequest, vendors.IdentityListener,
		vendors.IdentityCommander, vendors.IdentityHost, vendors.IdentityGuest,
	}
	return vendortest.FarEnd{
		RoomUsers: app.Members,
		RoomBanned: func(room, user string) bool {
			return errors.Is(app.Join(room, user, mock.Media{}), mock.ErrBanned)
		},
		RoomTexts: func(room string) []vendors.RoomText { return youmeTexts(app, room) },
		Identity:  func(room, user string) vendors.Identity { return identities[app.Identity(room, user)] },
		SetSpeakers: func(room string, users ...string) {
			for _, u := range users {
				app.Speak(room, u, true)
			}
		},
		SetCalls: func(user, _ string, calls ...vendors.CallRecord) {
			for _, c := range calls {
				app.AddCall(user, mock.Call{Channel: c.Room, Joined: c.JoinedAt, Left: c.LeftAt})
			}
		},
	}
}

// youmeTexts are known's, each addressed to all when peer has it as well.
func youmeTexts(app *mock.App, room string) []vendors.RoomText {
	peers := app.Inbox("peer")
	var out []vendors.RoomText
	for _, m := range app.Inbox("known") {
		to := "known"
		if slices.Contains(peers, m) {
			to = ""
		}
		if m.Channel == room {
			out = append(out, vendors.RoomText{Room: room, From: m.From, To: to, Text: m.Content})
		}
	}
	return out
}
