package certify

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	mock "switchboard/mocks/rongcloud"
	"switchboard/vendors"
	"switchboard/vendors/rongcloud"
	"switchboard/vendors/upstream"
	"switchboard/vendors/vendortest"
)

// RongCloud is what holds at RongCloud itself and at its mock.
func RongCloud(cfg rongcloud.Config) (vendortest.Fixture, error) { return rongFixture(cfg), nil }

func rongFixture(cfg rongcloud.Config) vendortest.Fixture {
	account := rongAccount{cfg.AppKey, cfg.AppSecret}
	return vendortest.Fixture{
		Open: func(baseURL string) (*vendors.Vendor, error) {
			own := cfg
			own.BaseURL = baseURL
			return rongcloud.Open("rongcloud", own, upstream.Options{})
		},
		BaseURL: cfg.BaseURL,
		// What RongCloud's documents have no call for.
		Lacks: []string{"Sessions", "UserImport", "MessageLookup", "Reconciler", "Wallet", "Orders", "GroupOwners", "Rooms.Tokens", "Rooms.List", "Rooms.Speakers", "Rooms.Push", "Rooms.Data", "Rooms.Permission", "Rooms.Mute", "Rooms.Recorder", "Rooms.Calls"},
		Traits: vendors.Traits{
			Block: vendors.HoldTimed | vendors.HoldLifted, Kick: vendors.HoldTimed, Ban: vendors.HoldTimed | vendors.HoldLifted,
			MemberMute:   vendors.HoldTimed | vendors.HoldOpen | vendors.HoldLifted,
			ChatRoomMute: vendors.HoldTimed | vendors.HoldLifted, ChatRoomBlock: vendors.HoldTimed | vendors.HoldLifted,
			Revoke: vendors.RevokeBefore, Delete: vendors.DeletionLater, Content: "rongcloud",
			Callbacks: vendors.CallbackTerms{Deadline: 3 * time.Second, Silence: vendors.SilenceDelivers, Retries: 2, Lossy: true},
		},
		Secrets: []vendors.Secret{cfg.AppSecret},
		Nonce:   func(s vendortest.Seen) string { return s.Header.Get("Nonce") },
		Known:   "alice", Peer: "bob", Group: "club", Chat: "hall", Room: "talk",
		Kinds:     []vendors.TargetKind{vendors.ToUsers, vendors.ToGroups, vendors.ToChatRooms, vendors.ToSystem},
		Wire:      rongWire,
		Partial:   rongPartial,
		Limits:    rongLimits(),
		Codes:     rongCodes(),
		Callbacks: account.callbacks(),
		Spoil: func(c vendortest.CallbackCase) *http.Request {
			return rongAccount{account.key, "wrong"}.request(c.Name, c.Request(c.Body).Header.Get("Content-Type"))
		},
	}
}

// RongCloudMock is a mock with two users who share a group, a chat room and an
// RTC room. It refuses reused nonces and, unlike the vendor, old timestamps.
func RongCloudMock(t vendortest.T) vendortest.Fixture {
	t.Helper()
	cfg := rongcloud.Config{AppKey: "key", AppSecret: "s3cret-of-key", CommandData: "object", CallbackAge: 15 * time.Minute}
	m, err := mock.Start(mock.Config{
		Account:   mock.Account{AppKey: cfg.AppKey, AppSecret: cfg.AppSecret.Reveal()},
		NonceOnce: true, MaxSkew: time.Minute, NoRateLimits: true, CheckAnswers: true,
	})
	if err != nil {
		t.Fatalf("mock: %v", err)
	}
	t.Cleanup(func() { _ = m.Close() })
	cfg.BaseURL = m.URL
	f := rongFixture(cfg)
	f.Far = rongFarEnd(m, rongClient{t, m.URL, rongAccount{cfg.AppKey, cfg.AppSecret}})
	if err := seed(t.Context(), f); err != nil {
		t.Fatalf("seed: %v", err)
	}
	for _, user := range []string{f.Known, f.Peer} {
		m.SetOnline(user, true) // who is offline hears nothing from a chat room
		for _, err := range []error{m.JoinChatRoom(f.Chat, user), m.JoinRTC(f.Room, user)} {
			if err != nil {
				t.Fatalf("seed: %v", err)
			}
		}
	}
	return f
}

// rongWire is content as docs/vendors/rongcloud.md#object-names has it.
func rongWire(c vendors.Content) (typ, content string, ok bool) {
	body := map[string]any{}
	if c.Extra != "" {
		body["extra"] = c.Extra
	}
	switch c.Kind {
	case vendors.Text:
		typ, body["content"] = "RC:TxtMsg", c.Text
	case vendors.Tip:
		typ, body["message"] = "RC:InfoNtf", c.Text
	case vendors.Command:
		typ, body["name"], body["data"] = "RC:CmdMsg", c.Name, c.Data
	case vendors.Custom:
		return c.Type, string(c.Data), true
	default:
		if c.File == nil && c.Place == nil {
			return "", "", false
		}
		typ, body = mediaWire(c)
	}
	text, _ := json.Marshal(body)
	return typ, string(text), true
}

// mediaWire is a content that names a file or a place, as both vendors' clients know
// it (docs/vendors/rongcloud.md#object-names).
func mediaWire(c vendors.Content) (typ string, body map[string]any) {
	switch c.Kind {
	case vendors.Image:
		return "RC:ImgMsg", map[string]any{"imageUri": c.File.URL, "content": c.File.Thumbnail}
	case vendors.Voice:
		return "RC:HQVCMsg", map[string]any{"remoteUrl": c.File.URL, "duration": c.File.Seconds, "extra": c.Extra}
	case vendors.Video:
		return "RC:SightMsg", map[string]any{"sightUrl": c.File.URL, "duration": c.File.Seconds, "content": c.File.Thumbnail, "name": c.File.Name, "size": c.File.Bytes}
	case vendors.Document:
		return "RC:FileMsg", map[string]any{"fileUrl": c.File.URL, "name": c.File.Name, "type": c.File.Type, "size": c.File.Bytes}
	}
	return "RC:LBSMsg", map[string]any{"latitude": c.Place.Latitude, "longitude": c.Place.Longitude, "poi": c.Place.Name}
}

// rongPartial leaves one target out of the list of message ids.
var rongPartial = &vendortest.PartialCase{
	Kind: vendors.ToUsers, To: []string{"alice", "bob"}, Failed: []string{"bob"}, Status: 200,
	Body: `{"code":200,"messageUIDs":[{"userId":"alice","messageUID":"5FGT-7VA9-G4DD-4V5P"}]}`,
}

// rongLimits are the numbers of docs/vendors/rongcloud.md#limits, written down a
// second time.
func rongLimits() vendors.Limits {
	management := vendors.Limit{IDBytes: 64, Calls: 100, Per: time.Second}
	twenty, hundred, thousand := management, management, management
	twenty.Targets, hundred.Targets, thousand.Targets = 20, 100, 1000
	return vendors.Limits{
		"token.issue":  {IDBytes: 64, Bytes: 1024, Runes: 64, Calls: 200, Per: time.Second},
		"token.revoke": twenty, "user.delete": hundred, "user.block": twenty, "user.unblock": twenty, "blacklist.change": twenty,
		"presence.check":        {IDBytes: 64, Targets: 1, Calls: 100, Per: time.Second},
		"message.send.user":     {Targets: 1000, Bytes: 131072, IDBytes: 64, Calls: 6000, Per: time.Minute},
		"message.send.group":    {Targets: 3, Bytes: 131072, IDBytes: 64, Calls: 20, Per: time.Second},
		"message.send.chatroom": {Targets: 10, Bytes: 131072, IDBytes: 64, Calls: 100, Per: time.Second},
		"message.send.system":   {Targets: 100, Bytes: 131072, IDBytes: 64, Calls: 100, Per: time.Second},
		"message.template":      {Targets: 100, Bytes: 131072, IDBytes: 64, Calls: 100, Per: time.Second},
		"message.recall":        management,
		"message.edit":          {Bytes: 131072, IDBytes: 64, Calls: 100, Per: time.Second},
		"message.history":       hundred, "user.remark": hundred,
		"conversation.notice": management, "conversation.notice.set": management,
		"user.push":     {Targets: 100, Runes: 50, IDBytes: 64, Calls: 100, Per: time.Second},
		"word.list":     {Calls: 100, Per: time.Second},
		"word.change":   {Targets: 50, Runes: 32, Calls: 100, Per: time.Second},
		"translate":     {Runes: 1000, Calls: 10, Per: time.Second},
		"chatroom.mute": twenty, "chatroom.unmute": twenty, "chatroom.block": twenty, "chatroom.unblock": twenty,
		"user.profile":             {IDBytes: 64, Bytes: 1024, Runes: 64, Calls: 100, Per: time.Second},
		"message.broadcast":        {Bytes: 131072, IDBytes: 64}, // 2 an hour and 3 a day, which the vendor counts
		"message.broadcast.online": {Bytes: 131072, IDBytes: 64},
		"group.rename":             management, "group.members": management, "user.groups": management,
		"group.mute_members": twenty, "group.unmute_members": twenty, "group.mute": management, "group.unmute": management,
		"group.change": thousand, "chatroom.change": management, "chatroom.users": management,
		"room.status": {}, "room.users": {}, "room.kick": {}, "room.ban": {}, "room.unban": {}, "room.dissolve": {},
	}
}

// rongCode is an error answer of docs/vendors/rongcloud.md#codes.
func rongCode(n, status int, outcome vendors.Outcome, is error) vendortest.CodeCase {
	body := fmt.Sprintf(`{"code":%d,"errorMessage":"no, SECRET, see http://docs.rongcloud.example/"}`, n)
	return vendortest.CodeCase{Status: status, Code: strconv.Itoa(n), Outcome: outcome, Is: is, Body: body}
}

func rongCodes() []vendortest.CodeCase {
	return []vendortest.CodeCase{
		rongCode(404, 404, vendors.DefiniteNo, vendors.ErrUnsupported),
		rongCode(1000, 500, vendors.Ambiguous, nil),
		rongCode(1001, 401, vendors.AuthFault, nil),
		rongCode(1002, 400, vendors.DefiniteNo, vendors.ErrInvalid),
		rongCode(1003, 400, vendors.DefiniteNo, vendors.ErrInvalid),
		rongCode(1004, 401, vendors.AuthFault, nil),
		rongCode(1005, 400, vendors.DefiniteNo, vendors.ErrTooLarge),
		rongCode(1006, 401, vendors.AuthFault, nil),
		rongCode(1007, 401, vendors.AuthFault, nil),
		rongCode(1008, 429, vendors.Throttled, nil),
		rongCode(1009, 430, vendors.DefiniteNo, vendors.ErrUnsupported),
		rongCode(1015, 200, vendors.DefiniteNo, vendors.ErrNotFound),
		rongCode(1016, 403, vendors.DefiniteNo, vendors.ErrTooLarge),
		rongCode(1050, 504, vendors.Ambiguous, nil),
		rongCode(2007, 403, vendors.DefiniteNo, vendors.ErrTooLarge),
		rongCode(22408, 200, vendors.DefiniteNo, vendors.ErrBlocked),
		rongCode(23410, 200, vendors.DefiniteNo, vendors.ErrNotFound),
		rongCode(28400, 200, vendors.DefiniteNo, vendors.ErrUnsupported),
		rongCode(59999, 200, vendors.Ambiguous, vendors.ErrUnknownCode), // in no table: nobody can know
		rongCode(59999, 400, vendors.DefiniteNo, vendors.ErrUnknownCode),
		rongCode(59999, 500, vendors.Ambiguous, vendors.ErrUnknownCode),
		{Status: 200, Code: "40001", Body: `{"code":40001,"msg":"SECRET"}`, Op: vendors.OpRoomDissolve, Outcome: vendors.Ambiguous},
	}
}
