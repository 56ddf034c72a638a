package certify

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	mock "switchboard/mocks/ejabberd"
	"switchboard/vendors"
	"switchboard/vendors/ejabberd"
	"switchboard/vendors/upstream"
	"switchboard/vendors/vendortest"
)

// Ejabberd is what holds at a server of one's own and at the stand-in. The account
// needs credentials that it can issue, so that there are users to write to.
func Ejabberd(cfg ejabberd.Config) (vendortest.Fixture, error) {
	if cfg.PasswordKey == "" && cfg.JWTKey == "" {
		return vendortest.Fixture{}, fmt.Errorf("PASSWORD_KEY or JWT_KEY is needed to make the users that messages are sent to")
	}
	f := ejabberdFixture(cfg)
	f.Untried = []string{vendors.OpSendChatRoom} // from who is in the room, and nobody is
	return f, nil
}

func ejabberdFixture(cfg ejabberd.Config) vendortest.Fixture {
	host, path := cfg.BaseURL, ""
	if u, err := url.Parse(cfg.BaseURL); err == nil {
		host, path = u.Scheme+"://"+u.Host, u.Path
	}
	f := vendortest.Fixture{
		Open: func(baseURL string) (*vendors.Vendor, error) {
			own := cfg
			own.BaseURL = baseURL + path
			return ejabberd.Open("ejabberd", own, upstream.Options{})
		},
		BaseURL: host,
		// What the HTTP API has no command for, or none that says what became of it.
		Lacks: []string{
			"MessageLookup", "Reconciler", "Blacklist", "Templates", "Broadcasts", "Recaller", "Editor", "History", "Notices", "Pushes", "Remarks", "Words", "WordAdmin", "Translator",
			"Wallet", "Orders", "GroupOwners", "GroupMutes", "ChatRoomMutes", "Callbacks",
			"Rooms.Tokens", "Rooms.List", "Rooms.Query", "Rooms.Speakers", "Rooms.Kick", "Rooms.Ban", "Rooms.Dissolve", "Rooms.Push", "Rooms.Data",
			"Rooms.Permission", "Rooms.Mute", "Rooms.Recorder", "Rooms.Calls",
		},
		Warm: []string{vendors.OpSendUser, vendors.OpSendSystem, vendors.OpUserProfile, vendors.OpUserBlock, vendors.OpUserUnblock, vendors.OpTokenRevoke},
		Looks: map[string]int{
			vendors.OpSendGroup: 2, vendors.OpSendChatRoom: 1, vendors.OpMemberMute: 1, vendors.OpMemberUnmute: 1, vendors.OpTokenRevoke: 1,
		},
		Secrets: slices.DeleteFunc([]vendors.Secret{cfg.Password, cfg.PasswordKey, cfg.JWTKey}, func(s vendors.Secret) bool { return s == "" }),
		Known:   "alice", Peer: "bob", Bystander: "carol", Group: "club", Chat: "hall",
		Kinds:  []vendors.TargetKind{vendors.ToUsers, vendors.ToGroups, vendors.ToChatRooms, vendors.ToSystem},
		Wire:   ejabberdWire,
		Limits: ejabberdLimits(),
		Codes:  ejabberdCodes(),
	}
	held := vendors.HoldOpen | vendors.HoldLifted
	f.Traits = vendors.Traits{Block: held, MemberMute: held, ChatRoomBlock: held, Revoke: vendors.RevokeNow, Sessions: vendors.SessionsDevice, Delete: vendors.DeletionNow, UnknownUsers: vendors.UnknownRefused, Content: "urn:switchboard:im:0"}
	if cfg.PresenceEvery > 0 {
		f.Traits.Presence = vendors.PresencePoll{Every: cfg.PresenceEvery, Users: cfg.PresenceUsers, Watch: cfg.PresenceWatch}
	}
	if cfg.PasswordKey == "" {
		f.Lacks, f.Traits.Revoke = append(f.Lacks, "Revoker"), vendors.RevokeNone
	}
	if cfg.BlockGroup == "" {
		f.Lacks, f.Traits.Block = append(f.Lacks, "Users"), 0
	}
	return f
}

// EjabberdConfig is the account of the stand-in, and of the server that tests start.
func EjabberdConfig(baseURL string) ejabberd.Config {
	return ejabberd.Config{
		BaseURL: baseURL, User: "admin@localhost", Password: "s3cret-of-admin", Host: "localhost",
		PasswordKey: "a-key-that-makes-passwords", BlockGroup: "switchboard-blocked",
	}
}

// EjabberdMock is the stand-in with two users who share a group and a chat room.
func EjabberdMock(t vendortest.T) vendortest.Fixture {
	t.Helper()
	cfg := EjabberdConfig("")
	m, err := mock.Start(mock.Config{User: cfg.User, Password: cfg.Password.Reveal(), Host: cfg.Host, Groups: []string{cfg.BlockGroup}})
	if err != nil {
		t.Fatalf("mock: %v", err)
	}
	t.Cleanup(func() { _ = m.Close() })
	cfg.BaseURL = m.URL
	return EjabberdAt(t, cfg, EjabberdClients{
		LogIn: m.LogIn, SetOnline: m.SetOnline, Connect: m.Connect, Inbox: m.Inbox, Join: m.Join,
	})
}

// ejabberdWire is content as docs/vendors/ejabberd.md#what-a-client-decodes has it, with
// our own names for what stands in the elements.
func ejabberdWire(c vendors.Content) (typ, content string, ok bool) {
	body := map[string]any{}
	if c.Extra != "" {
		body["extra"] = c.Extra
	}
	switch c.Kind {
	case vendors.Text, vendors.Tip:
		typ, body["text"] = string(c.Kind), c.Text
	case vendors.Command:
		typ, body["name"], body["data"] = "command", c.Name, c.Data
	case vendors.Custom:
		typ, body["type"], body["data"] = "custom", c.Type, c.Data
	default:
		return "", "", false
	}
	text, _ := json.Marshal(body)
	return typ, string(text), true
}

// ejabberdLimits are the numbers of docs/vendors/ejabberd.md#limits, written down a
// second time.
func ejabberdLimits() vendors.Limits {
	one := vendors.Limit{IDBytes: 255}
	twenty, hundred := one, one
	twenty.Targets, hundred.Targets = 20, 100
	people := vendors.Limit{Targets: 100, IDBytes: 255, Bytes: 131072}
	rooms := people
	rooms.Targets = 3
	return vendors.Limits{
		"token.issue": one, "token.revoke": twenty, "user.block": twenty, "user.unblock": twenty,
		"user.profile": {IDBytes: 255, Bytes: 1024, Runes: 256}, "presence.check": {Targets: 1, IDBytes: 255}, "user.import": twenty, "user.delete": twenty, "session.list": one, "session.end": one,
		"message.send.user": people, "message.send.system": people, "message.send.group": rooms, "message.send.chatroom": rooms,
		"group.change": hundred, "group.rename": one, "group.members": one, "user.groups": one,
		"group.mute_members": twenty, "group.unmute_members": twenty,
		"chatroom.change": one, "chatroom.users": one, "chatroom.block": twenty, "chatroom.unblock": twenty,
	}
}

// ejabberdCodes are answers of docs/vendors/ejabberd.md#answers.
func ejabberdCodes() []vendortest.CodeCase {
	object := func(status, code int, text string) vendortest.CodeCase {
		return vendortest.CodeCase{Status: status, Code: fmt.Sprint(code), Body: fmt.Sprintf(`{"status":"error","code":%d,"message":"%s SECRET"}`, code, text)}
	}
	as := func(c vendortest.CodeCase, outcome vendors.Outcome, is error) vendortest.CodeCase {
		c.Outcome, c.Is = outcome, is
		return c
	}
	words := func(text string, is error) vendortest.CodeCase {
		return vendortest.CodeCase{Status: 400, Code: text, Body: `"` + text + `"`, Outcome: vendors.DefiniteNo, Is: is}
	}
	return []vendortest.CodeCase{
		{Op: vendors.OpChatRoom, Status: 200, Body: "1\n", Code: "1", Outcome: vendors.DefiniteNo},
		{Op: vendors.OpSendUser, Status: 200, Body: "1", Code: "1", Outcome: vendors.DefiniteNo},
		as(object(401, 10, "You are not authorized to call this command."), vendors.AuthFault, nil),
		as(object(403, 32, "AccessRules: Account does not have the right to perform the operation."), vendors.AuthFault, nil),
		as(object(404, 40, "Endpoint not found."), vendors.DefiniteNo, vendors.ErrUnsupported),
		as(object(400, 40, "Missing command name."), vendors.DefiniteNo, vendors.ErrUnsupported),
		as(object(400, 77, "never seen"), vendors.DefiniteNo, vendors.ErrUnknownCode),
		as(object(500, 10001, "Can't register user at node nonode@nohost"), vendors.Ambiguous, nil),
		{Op: vendors.OpTokenIssue, Status: 500, Code: "10001", Body: `{"status":"error","code":10001,"message":"Can't register user x@localhost at node n: Malformed username"}`, Outcome: vendors.DefiniteNo, Is: vendors.ErrInvalid},
		words("Room doesn't exists", vendors.ErrNotFound),
		words("The room does not exist.", vendors.ErrNotFound),
		words("room_not_found", vendors.ErrNotFound),
		words("JID malformed", vendors.ErrInvalid),
		words("That nickname is already in use by another occupant", vendors.ErrConflict),
		{Status: 400, Body: `"Request have unknown arguments: [jid]"`, Outcome: vendors.DefiniteNo, Is: vendors.ErrUnsupported},
		{Status: 400, Body: `"words that no table has, SECRET"`, Outcome: vendors.DefiniteNo, Is: vendors.ErrUnknownCode},
		{Status: 404, Body: `"unknown_user"`, Code: "unknown_user", Outcome: vendors.DefiniteNo, Is: vendors.ErrNotFound},
		{Status: 500, Body: `"internal_error"`, Code: "internal_error", Outcome: vendors.Ambiguous},
	}
}
