package youme_test

import (
	"errors"
	"slices"
	"testing"

	mockyoume "switchboard/mocks/youme"
	"switchboard/vendors"
	"switchboard/vendors/upstream"
	"switchboard/vendors/vendortest"
	"switchboard/vendors/youme"
)

var account = mockyoume.Account{AppKey: "YOUME0123456789ABCDEF", AppSecret: "talk-s3cret", AppID: 1000, Identifier: "admin"}

func config(baseURL string) youme.Config {
	return youme.Config{
		AppKey: account.AppKey, AppSecret: vendors.Secret(account.AppSecret), AppID: int(account.AppID),
		Identifier: account.Identifier, BaseURL: baseURL, IdentityCommand: "change_user_ Identity",
	}
}

func TestConformance(t *testing.T) {
	for name, plain := range map[string]bool{"WithEnvelope": false, "WithoutEnvelope": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vendortest.Run(t, func(t *testing.T) vendortest.Fixture { return fixture(t, plain) })
		})
	}
}

func fixture(t vendortest.T, plain bool) vendortest.Fixture {
	far, err := mockyoume.Start(mockyoume.Config{Account: account, PlainAnswers: plain, CheckAnswers: true})
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { _ = far.Close() })
	app := far.Default()
	for _, user := range []string{"known", "peer"} {
		if err := app.Join("stage", user, mockyoume.Media{Audio: true, AudioBitRate: 64}); err != nil {
			t.Fatalf("%v", err)
		}
	}
	return vendortest.Fixture{
		Open: func(baseURL string) (*vendors.Vendor, error) {
			return youme.Open("youme", config(baseURL), upstream.Options{})
		},
		BaseURL: far.URL,
		Lacks: []string{
			"Tokens", "Revoker", "Users", "Blacklist", "Messages", "Recaller", "Presence", "Words", "WordAdmin",
			"Translator", "Wallet", "Groups", "ChatRooms", "Rooms.Ban", "Callbacks",
		},
		Secrets: []vendors.Secret{vendors.Secret(account.AppSecret)},
		Known:   "known", Peer: "peer", Room: "stage",
		Limits: vendors.Limits{vendors.OpRoomPush: {Bytes: 2048}, vendors.OpRoomUserCalls: {Targets: 100}},
		Codes: []vendortest.CodeCase{
			{Status: 200, Body: `{"ActionStatus":"FAIL","ErrorCode":70001,"ErrorInfo":"no SECRET"}`, Code: "70001", Outcome: vendors.DefiniteNo, Is: vendors.ErrUnknownCode},
			{Op: vendors.OpRoomIdentity, Status: 200, Body: `{"ChannelID":"stage","Code":401}`, Code: "401", Outcome: vendors.DefiniteNo, Is: vendors.ErrNotFound},
			{Op: vendors.OpRoomIdentity, Status: 200, Body: `{"ChannelID":"stage","code":"402"}`, Code: "402", Outcome: vendors.DefiniteNo, Is: vendors.ErrNotFound},
			{Op: vendors.OpRoomIdentity, Status: 200, Body: `{"ChannelID":"stage"," Code":403}`, Code: "403", Outcome: vendors.DefiniteNo, Is: vendors.ErrConflict},
			{Op: vendors.OpRoomIdentity, Status: 200, Body: `{"ChannelID":"stage","Code":500}`, Code: "500", Outcome: vendors.Ambiguous},
		},
		Far: farEnd(app),
	}
}

func farEnd(app *mockyoume.App) vendortest.FarEnd {
	identities := []vendors.Identity{
		"", vendors.IdentityFree, vendors.IdentityOnRequest, vendors.IdentityListener,
		vendors.IdentityCommander, vendors.IdentityHost, vendors.IdentityGuest,
	}
	return vendortest.FarEnd{
		RoomUsers: app.Members,
		RoomBanned: func(room, user string) bool {
			return errors.Is(app.Join(room, user, mockyoume.Media{}), mockyoume.ErrBanned)
		},
		RoomTexts: func(room string) []vendors.RoomText { return texts(app, room) },
		Identity:  func(room, user string) vendors.Identity { return identities[app.Identity(room, user)] },
		SetSpeakers: func(room string, users ...string) {
			for _, u := range users {
				app.Speak(room, u, true)
			}
		},
		SetCalls: func(user, _ string, calls ...vendors.CallRecord) {
			for _, c := range calls {
				app.AddCall(user, mockyoume.Call{Channel: c.Room, Joined: c.JoinedAt, Left: c.LeftAt})
			}
		},
	}
}

// texts are known's, each addressed to all when peer has it as well.
func texts(app *mockyoume.App, room string) []vendors.RoomText {
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
