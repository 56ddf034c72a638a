package linkv_test

import (
	"encoding/json"
	"slices"
	"testing"

	mocklinkv "switchboard/mocks/linkv"
	"switchboard/vendors"
	"switchboard/vendors/linkv"
	"switchboard/vendors/upstream"
	"switchboard/vendors/vendortest"
)

var account = mocklinkv.Account{
	AppID: "imapp", AppKey: "imkey", AppSecret: "im-s3cret",
	LiveAppID: "LM6000000000000000000001", LiveAppSecret: "live-s3cret",
}

func config(baseURL string) linkv.Config {
	return linkv.Config{
		AppID: account.AppID, AppKey: account.AppKey, AppSecret: vendors.Secret(account.AppSecret),
		LiveAppID: account.LiveAppID, LiveAppSecret: vendors.Secret(account.LiveAppSecret),
		BaseURL: baseURL, AID: "switchboard", Portrait: "https://portraits.example/none.png", CoinDays: 91,
	}
}

func TestConformance(t *testing.T) {
	for name, other := range map[string]bool{"DocumentedTypes": false, "OtherTypes": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vendortest.Run(t, func(t *testing.T) vendortest.Fixture { return fixture(t, other) })
		})
	}
}

func fixture(t vendortest.T, otherTypes bool) vendortest.Fixture {
	far, err := mocklinkv.Start(mocklinkv.Config{Account: account, StartBalance: 1000, OtherTypes: otherTypes, CheckAnswers: true})
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { _ = far.Close() })
	app := far.Default()
	for _, user := range []string{"known", "peer"} {
		app.Register(user)
		app.JoinRoom("lobby", user)
	}
	app.SetBalance("peer", 250)
	open := func(baseURL string) (*vendors.Vendor, error) {
		return linkv.Open("linkv", config(baseURL), upstream.Options{})
	}
	v, err := open(far.URL)
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer v.Close()
	if err := v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "friends", Name: "Friends", Creator: "known", Members: []string{"peer"}}); err != nil {
		t.Fatalf("%v", err)
	}
	ids := vendors.Limit{IDBytes: 64}
	many, one := vendors.Limit{IDBytes: 64, Targets: 100}, vendors.Limit{IDBytes: 64, Targets: 1}
	return vendortest.Fixture{
		Open: open, BaseURL: far.URL,
		Lacks: []string{
			"Revoker", "Recaller", "Words", "WordAdmin", "Translator", "ChatRooms", "Callbacks",
			"Rooms.List", "Rooms.Query", "Rooms.Speakers", "Rooms.Kick", "Rooms.Ban", "Rooms.Push", "Rooms.Identity", "Rooms.Calls",
		},
		Unsupported: []string{vendors.OpUserUnblock},
		Warm:        []string{vendors.OpBalance, vendors.OpAdjust},

		Secrets: []vendors.Secret{vendors.Secret(account.AppSecret), vendors.Secret(account.LiveAppSecret)},
		Nonce: func(s vendortest.Seen) string {
			return s.Header.Get("nonce") + s.Form().Get("nonce_str")
		},
		Known: "known", Peer: "peer", Group: "friends", Chat: "lobby",
		Kinds: []vendors.TargetKind{vendors.ToUsers, vendors.ToGroups, vendors.ToChatRooms},
		Wire:  wire,
		Partial: &vendortest.PartialCase{
			Kind: vendors.ToUsers, To: []string{"u1", "u2", "u3"}, Failed: []string{"u2"}, Status: 200,
			Body: `{"code":200,"requestID":"r","messageSendResult":{"u1":200,"u2":9002,"u3":"200"}}`,
		},
		Limits: vendors.Limits{
			vendors.OpTokenIssue: {IDBytes: 64, Bytes: 1024}, vendors.OpUserBlock: many, vendors.OpBlacklist: many,
			vendors.OpSendUser: many, vendors.OpSendGroup: one, vendors.OpSendChatRoom: one,
			vendors.OpPresence: ids, vendors.OpBalance: ids, vendors.OpAdjust: ids, vendors.OpGroup: ids,
		},
		Codes: []vendortest.CodeCase{
			{Status: 200, Body: `{"code":"400","msg":"param error"}`, Code: "400", Outcome: vendors.DefiniteNo, Is: vendors.ErrInvalid},
			{Status: 200, Body: `{"status":"403","msg":"sign err SECRET","data":[]}`, Code: "403", Outcome: vendors.AuthFault},
			{Op: vendors.OpTokenIssue, Status: 200, Body: `{"code":401,"msg":"sign err"}`, Code: "401", Outcome: vendors.AuthFault},
			{Op: vendors.OpTokenIssue, Status: 200, Body: `{"code":"602","msg":"appkey"}`, Code: "602", Outcome: vendors.AuthFault},
			{Status: 200, Body: `{"code":500}`, Code: "500", Outcome: vendors.Ambiguous},
			{Op: vendors.OpSendUser, Status: 200, Body: `{"code":4711,"msg":"new"}`, Code: "4711", Outcome: vendors.DefiniteNo, Is: vendors.ErrUnknownCode},
		},
		Far: vendortest.FarEnd{
			Inbox:     func(user string) []vendortest.Received { return received(app.Inbox(user)) },
			TokenUser: app.TokenUser, Coins: app.Balance, Blocked: app.Blocked,
			Members: app.Members, SetOnline: app.SetOnline,
		},
	}
}

// wire states what LinkV's clients are to see (reference/linkv.md 4.1): plain
// text under RC:textMsg, the rest as RongCloud's JSON.
func wire(c vendors.Content) (typ, content string, ok bool) {
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
	}
	return "", "", false
}

func received(inbox []mocklinkv.Message) []vendortest.Received {
	kinds := map[string]vendors.TargetKind{
		"user": vendors.ToUsers, "event": vendors.ToUsers, "group": vendors.ToGroups, "room": vendors.ToChatRooms,
	}
	out := make([]vendortest.Received, len(inbox))
	for i, m := range inbox {
		out[i] = vendortest.Received{From: m.From, Target: m.Target, Kind: kinds[m.Kind], Type: m.ObjectName, Content: m.Content}
	}
	return slices.Clip(out)
}
