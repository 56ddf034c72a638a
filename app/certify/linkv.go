package certify

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	mock "switchboard/mocks/linkv"
	"switchboard/vendors"
	"switchboard/vendors/linkv"
	"switchboard/vendors/upstream"
	"switchboard/vendors/vendortest"
)

// errTwoHosts: the suite's proxy stands in front of one host.
var errTwoHosts = errors.New("linkv: certify the IM and the live host one at a time, each with its own credentials only")

// LinkV is what holds at LinkV itself and at its mock, less what an account with
// one of the two sets of credentials cannot do.
func LinkV(cfg linkv.Config) (vendortest.Fixture, error) {
	if cfg.LiveBaseURL != "" && cfg.LiveBaseURL != cfg.BaseURL {
		return vendortest.Fixture{}, errTwoHosts
	}
	f := linkvWhole(cfg)
	if cfg.LiveAppID == "" {
		f.Lacks = append(f.Lacks, "Wallet", "Orders")
		f.Secrets = []vendors.Secret{cfg.AppSecret}
	}
	if cfg.AppID == "" {
		f.Lacks = append(f.Lacks, "Tokens", "Users", "Blacklist", "Messages", "Presence",
			"Groups", "GroupNames", "GroupOwners", "GroupLists", "MemberMutes", "GroupMutes")
		f.Traits = vendors.Traits{}
		f.Secrets, f.Kinds = []vendors.Secret{cfg.LiveAppSecret}, nil
		f.Codes = slices.DeleteFunc(f.Codes, func(c vendortest.CodeCase) bool { return c.Op != "" })
	}
	return f, nil
}

func linkvWhole(cfg linkv.Config) vendortest.Fixture {
	return vendortest.Fixture{
		Open: func(baseURL string) (*vendors.Vendor, error) {
			own := cfg
			own.BaseURL, own.LiveBaseURL = baseURL, ""
			return linkv.Open("linkv", own, upstream.Options{})
		},
		BaseURL: cfg.BaseURL,
		Lacks: []string{
			"Sessions", "UserImport", "Deletions", "MessageLookup", "Reconciler", "Revoker", "Profiles", "Templates", "Broadcasts", "Recaller", "Editor", "History", "Notices", "Pushes", "Remarks", "Words", "WordAdmin", "Translator", "ChatRooms", "ChatRoomMutes", "ChatRoomBlocks", "Callbacks",
			"Rooms.Tokens", "Rooms.List", "Rooms.Query", "Rooms.Speakers", "Rooms.Kick", "Rooms.Ban", "Rooms.Dissolve", "Rooms.Push", "Rooms.Data", "Rooms.Permission", "Rooms.Mute", "Rooms.Recorder", "Rooms.Calls",
		},
		Unsupported: []string{vendors.OpUserUnblock},
		Warm:        []string{vendors.OpBalance, vendors.OpAdjust, vendors.OpOrder},
		Traits:      vendors.Traits{Block: vendors.HoldTimed, MemberMute: vendors.HoldOpen | vendors.HoldLifted, Content: "linkv"},
		Secrets:     []vendors.Secret{cfg.AppSecret, cfg.LiveAppSecret},
		Nonce:       func(s vendortest.Seen) string { return s.Header.Get("nonce") + s.Form().Get("nonce_str") },
		Known:       "known", Peer: "peer", Group: "friends", Chat: "lobby",
		Kinds: []vendors.TargetKind{vendors.ToUsers, vendors.ToGroups, vendors.ToChatRooms},
		Wire:  linkvWire,
		Partial: &vendortest.PartialCase{
			Kind: vendors.ToUsers, To: []string{"u1", "u2", "u3"}, Failed: []string{"u2"}, Status: 200,
			Body: `{"code":200,"requestID":"r","messageSendResult":{"u1":200,"u2":9002,"u3":"200"}}`,
		},
		Limits: linkvLimits(),
		Codes: []vendortest.CodeCase{
			{Status: 200, Body: `{"code":"400","msg":"param error"}`, Code: "400", Outcome: vendors.DefiniteNo, Is: vendors.ErrInvalid},
			{Status: 200, Body: `{"status":"403","msg":"sign err SECRET","data":[]}`, Code: "403", Outcome: vendors.AuthFault},
			{Op: vendors.OpTokenIssue, Status: 200, Body: `{"code":401,"msg":"sign err"}`, Code: "401", Outcome: vendors.AuthFault},
			{Op: vendors.OpTokenIssue, Status: 200, Body: `{"code":"602","msg":"appkey"}`, Code: "602", Outcome: vendors.AuthFault},
			{Status: 200, Body: `{"code":500}`, Code: "500", Outcome: vendors.Ambiguous},
			{Op: vendors.OpSendUser, Status: 200, Body: `{"code":4711,"msg":"new"}`, Code: "4711", Outcome: vendors.DefiniteNo, Is: vendors.ErrUnknownCode},
		},
	}
}

func linkvLimits() vendors.Limits {
	ids := vendors.Limit{IDBytes: 64}
	many, one := vendors.Limit{IDBytes: 64, Targets: 100}, vendors.Limit{IDBytes: 64, Targets: 1}
	twenty := vendors.Limit{IDBytes: 64, Targets: 20}
	return vendors.Limits{
		vendors.OpTokenIssue: {IDBytes: 64, Bytes: 1024}, vendors.OpUserBlock: many, vendors.OpBlacklist: many,
		vendors.OpSendUser: many, vendors.OpSendGroup: one, vendors.OpSendChatRoom: one,
		vendors.OpPresence: one, vendors.OpBalance: ids, vendors.OpAdjust: ids, vendors.OpOrder: ids, vendors.OpGroup: ids,
		vendors.OpGroupRename: ids, vendors.OpGroupTransfer: ids, vendors.OpGroupMembers: ids, vendors.OpUserGroups: ids,
		vendors.OpMemberMute: twenty, vendors.OpMemberUnmute: twenty, vendors.OpGroupMute: ids, vendors.OpGroupUnmute: ids,
	}
}

// LinkVMock is a mock with two users who share a group and a room. otherTypes
// turns its numbers into texts and back, as LinkV's own answers vary.
func LinkVMock(t vendortest.T, otherTypes bool) vendortest.Fixture {
	t.Helper()
	account := mock.Account{
		AppID: "imapp", AppKey: "imkey", AppSecret: "im-s3cret",
		LiveAppID: "LM6000000000000000000001", LiveAppSecret: "live-s3cret",
	}
	m, err := mock.Start(mock.Config{Account: account, StartBalance: 1000, OtherTypes: otherTypes, CheckAnswers: true})
	if err != nil {
		t.Fatalf("mock: %v", err)
	}
	t.Cleanup(func() { _ = m.Close() })
	f, err := LinkV(linkv.Config{
		AppID: account.AppID, AppKey: account.AppKey, AppSecret: vendors.Secret(account.AppSecret),
		LiveAppID: account.LiveAppID, LiveAppSecret: vendors.Secret(account.LiveAppSecret),
		BaseURL: m.URL, AID: "switchboard", Portrait: "https://portraits.example/none.png", CoinDays: 91,
	})
	if err != nil {
		t.Fatalf("fixture: %v", err)
	}
	app := m.Default()
	for _, user := range []string{f.Known, f.Peer} {
		app.Register(user)
		app.JoinRoom(f.Chat, user)
	}
	app.SetBalance(f.Peer, 250)
	if err := seed(t.Context(), f); err != nil {
		t.Fatalf("seed: %v", err)
	}
	f.Far = vendortest.FarEnd{
		Inbox:     func(user string) []vendortest.Received { return linkvReceived(app.Inbox(user)) },
		TokenUser: app.TokenUser, Coins: app.Balance, Orders: func(user string) []vendors.Order { return linkvOrders(user, app.PaidOrders(user)) },
		Blocked: app.BlockedUntil,
		Members: app.Members, SetOnline: app.SetOnline,
		GroupName:  func(id string) string { return linkvGroup(app, id).Name },
		GroupOwner: func(id string) string { return linkvGroup(app, id).Admin },
		GroupMuted: func(id string) bool { return linkvGroup(app, id).Gagged },
		MemberMute: func(id, user string) (time.Time, bool) {
			return time.Time{}, slices.Contains(linkvGroup(app, id).Mute, user)
		},
	}
	return f
}

func linkvOrders(user string, paid []mock.PaidOrder) []vendors.Order {
	out := make([]vendors.Order, len(paid))
	for i, p := range paid {
		coins, _ := strconv.ParseInt(p.Coins, 10, 64)
		cents, _ := strconv.ParseInt(p.Money, 10, 64)
		out[i] = vendors.Order{User: user, Coins: coins, OrderID: p.OrderID, Cents: cents, Channel: p.Channel, Platform: p.Platform}
	}
	return out
}

func linkvGroup(app *mock.App, id string) mock.GroupState {
	g, _ := app.Group(id)
	return g
}

// linkvWire states what LinkV's clients are to see: plain text under RC:textMsg,
// the rest as RongCloud's JSON (docs/vendors/linkv.md#messages).
func linkvWire(c vendors.Content) (typ, content string, ok bool) {
	object := func(fields map[string]any) string {
		b, _ := json.Marshal(fields)
		return string(b)
	}
	switch {
	case c.Kind == vendors.Text && c.Extra == "":
		return "RC:textMsg", c.Text, true
	case c.Kind == vendors.Tip:
		return "RC:InfoNtf", object(map[string]any{"message": c.Text}), true
	case c.Kind == vendors.Command:
		return "RC:CmdMsg", object(map[string]any{"name": c.Name, "data": c.Data}), true
	case c.Kind == vendors.Custom:
		return c.Type, string(c.Data), true
	case c.File != nil || c.Place != nil:
		typ, fields := mediaWire(c)
		return typ, object(fields), true
	}
	return "", "", false
}

func linkvReceived(inbox []mock.Message) []vendortest.Received {
	kinds := map[string]vendors.TargetKind{
		"user": vendors.ToUsers, "event": vendors.ToUsers, "group": vendors.ToGroups, "room": vendors.ToChatRooms,
	}
	out := make([]vendortest.Received, len(inbox))
	for i, m := range inbox {
		out[i] = vendortest.Received{From: m.From, Target: m.Target, Kind: kinds[m.Kind], Type: m.ObjectName, Content: m.Content}
	}
	return out
}
