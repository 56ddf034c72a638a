package ejabberd_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"switchboard/app/certify"
	mock "switchboard/mocks/ejabberd"
	"switchboard/vendors"
	"switchboard/vendors/ejabberd"
	"switchboard/vendors/vendortest"
)

// standIn is a stand-in and an adapter of its account, which change may have changed.
func standIn(t *testing.T, change func(*ejabberd.Config)) (*mock.Server, ejabberd.Config, *vendors.Vendor) {
	t.Helper()
	cfg := certify.EjabberdConfig("")
	m, err := mock.Start(mock.Config{Password: cfg.Password.Reveal(), Groups: []string{cfg.BlockGroup}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	cfg.BaseURL = m.URL
	change(&cfg)
	return m, cfg, open(t, cfg)
}

func open(t vendortest.T, cfg ejabberd.Config) *vendors.Vendor {
	t.Helper()
	v, err := ejabberd.Open("ejabberd", cfg, noOptions)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(v.Close)
	return v
}

func issue(t vendortest.T, v *vendors.Vendor, user string) vendors.Credential {
	t.Helper()
	c, err := v.Tokens.Issue(t.Context(), vendors.User{ID: user})
	if err != nil {
		t.Fatalf("credential of %s: %v", user, err)
	}
	return c
}

func mustBe(t *testing.T, what string, err error, outcome vendors.Outcome, is error) {
	t.Helper()
	if vendors.OutcomeOf(err) != outcome || is != nil && !errors.Is(err, is) {
		t.Errorf("%s: %v, want %s: %v", what, err, outcome, is)
	}
}

// Replicas make the same password; a revoked one never comes again.
func TestPasswordsAreTheSameEverywhereAndEachIsRevokedForGood(t *testing.T) {
	m, cfg, v := standIn(t, func(*ejabberd.Config) {})
	seen := map[string]bool{}
	for range 3 {
		c := issue(t, v, "Bob:7")
		if c.OpenID != `\42ob\3a7@localhost` || c.AppKey != "localhost" || !m.LogIn(`\42ob\3a7`, c.Token) {
			t.Fatalf("the credential is for %s at %s", c.OpenID, c.AppKey)
		}
		if other := issue(t, open(t, cfg), "Bob:7"); other.Token != c.Token {
			t.Error("another replica issues another password")
		}
		if seen[c.Token] {
			t.Error("a revoked password is issued again")
		}
		seen[c.Token] = true
		if _, err := open(t, cfg).Revoker.Revoke(t.Context(), []string{"Bob:7"}, time.Now()); err != nil {
			t.Fatal(err)
		}
		for old := range seen {
			if m.LogIn(`\42ob\3a7`, old) {
				t.Error("a revoked password lets in")
			}
		}
	}
	_, err := v.Revoker.Revoke(t.Context(), []string{"nobody"}, time.Now())
	mustBe(t, "revoke nobody's", err, vendors.DefiniteNo, vendors.ErrNotFound)
}

// Somebody else gave the account its password: it is not ours to change.
func TestAnAccountOfAnotherHandIsNotTakenOver(t *testing.T) {
	m, cfg, v := standIn(t, func(*ejabberd.Config) {})
	certify.NewEjabberdAPI(t, cfg).Call("register", map[string]any{"user": "alice", "host": "localhost", "password": "her own"}, nil)
	_, err := v.Tokens.Issue(t.Context(), vendors.User{ID: "alice"})
	mustBe(t, "issue", err, vendors.DefiniteNo, vendors.ErrConflict)
	_, err = v.Revoker.Revoke(t.Context(), []string{"alice"}, time.Now())
	mustBe(t, "revoke", err, vendors.DefiniteNo, vendors.ErrConflict)
	if !m.LogIn("alice", "her own") {
		t.Error("her password was changed")
	}
}

func TestABlockWithoutItsGroupIsRefused(t *testing.T) {
	_, _, v := standIn(t, func(c *ejabberd.Config) { c.BlockGroup = "no-such-group" })
	_, err := v.Users.Block(t.Context(), []string{"bob"}, 0)
	mustBe(t, "block", err, vendors.DefiniteNo, vendors.ErrUnsupported)
}

// One target out of three is refused: the others have it.
func TestATargetThatIsNotThereIsToldInTheReceipt(t *testing.T) {
	_, _, v := standIn(t, func(*ejabberd.Config) {})
	issue(t, v, "alice")
	issue(t, v, "bob")
	r, err := v.Messages.Send(t.Context(), vendors.Message{
		Kind: vendors.ToUsers, From: "carol", To: []string{"alice", "nobody", "bob"}, Content: vendors.Content{Kind: vendors.Text, Text: "hi"},
	})
	if err != nil || r.Targets[0].Err != nil || r.Targets[2].Err != nil || r.Targets[0].MessageID == "" {
		t.Errorf("%+v, %v", r, err)
	}
	mustBe(t, "nobody", r.Targets[1].Err, vendors.DefiniteNo, vendors.ErrNotFound)
}

func TestWhatXMLCannotHoldIsRefused(t *testing.T) {
	_, _, v := standIn(t, func(*ejabberd.Config) {})
	for _, c := range []vendors.Content{
		{Kind: vendors.Text, Text: "a\x00b"}, {Kind: vendors.Text, Text: "bad \xff bytes"}, {Kind: vendors.Tip, Text: "x", Extra: "\x1b[0m"},
		{Kind: vendors.Custom, Type: "\x01", Data: []byte("{}")}, {Kind: vendors.Text, Text: "\ufffe"},
	} {
		_, err := v.Messages.Send(t.Context(), vendors.Message{Kind: vendors.ToUsers, From: "a", To: []string{"b"}, Content: c})
		mustBe(t, string(c.Kind), err, vendors.DefiniteNo, vendors.ErrInvalid)
	}
	_, err := v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "g", Name: "\x02", Creator: "a"})
	mustBe(t, "a group's name", err, vendors.DefiniteNo, vendors.ErrInvalid)
	mustBe(t, "a profile", v.Profiles.RefreshProfile(t.Context(), vendors.User{ID: "a", Name: "\x02"}), vendors.DefiniteNo, vendors.ErrInvalid)
}

// A group that ended half made is made whole by doing it again; somebody else's is not
// entered that way.
func TestAGroupIsMadeWholeByMakingItAgain(t *testing.T) {
	_, cfg, v := standIn(t, func(*ejabberd.Config) {})
	make := func(creator string, members ...string) error {
		_, err := v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "club", Name: "Club", Creator: creator, Members: members})
		return err
	}
	if err := make("alice"); err != nil {
		t.Fatal(err)
	}
	if err := make("alice", "bob"); err != nil {
		t.Error(err)
	}
	mustBe(t, "a stranger makes it", make("mallory", "trudy"), vendors.DefiniteNo, vendors.ErrConflict)
	got, err := v.GroupLists.GroupMembers(t.Context(), "club")
	if err != nil || strings.Join(got, " ") != "alice bob" {
		t.Errorf("%v, %v", got, err)
	}
	certify.NewEjabberdAPI(t, cfg).Call("subscribe_room", map[string]any{
		"user": "dave@localhost/x", "nick": "erin", "room": "club@conference.localhost", "nodes": "urn:xmpp:mucsub:nodes:messages",
	}, nil)
	rows, err := v.Groups.ChangeGroup(t.Context(), "club", []string{"erin", "frank"}, nil)
	if err != nil || rows[0].State != vendors.MemberRefused || !errors.Is(rows[0].Err, vendors.ErrConflict) || rows[1].State != vendors.MemberAccepted {
		t.Errorf("whose nick somebody has taken: %+v, %v", rows, err)
	}
}

// To unmute would let an outsider in.
func TestAnOutsiderIsNotLetInByUnmuting(t *testing.T) {
	_, _, v := standIn(t, func(*ejabberd.Config) {})
	if _, err := v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "club", Name: "Club", Creator: "alice"}); err != nil {
		t.Fatal(err)
	}
	_, err := v.MemberMutes.UnmuteMembers(t.Context(), vendors.MemberMute{Group: "club", Users: []string{"mallory"}})
	mustBe(t, "unmute", err, vendors.DefiniteNo, vendors.ErrNotFound)
	_, err = v.MemberMutes.MuteMembers(t.Context(), vendors.MemberMute{Group: "nosuch", Users: []string{"alice"}})
	mustBe(t, "no such group", err, vendors.DefiniteNo, vendors.ErrNotFound)
}

func TestSettingsAreChecked(t *testing.T) {
	whole := certify.EjabberdConfig("http://127.0.0.1:5280/api")
	for want, change := range map[string]func(*ejabberd.Config){
		"":                  func(*ejabberd.Config) {},
		"BASE_URL":          func(c *ejabberd.Config) { c.BaseURL = "example.com/api" },
		"USER":              func(c *ejabberd.Config) { c.User = "admin" },
		"PASSWORD":          func(c *ejabberd.Config) { c.Password = "" },
		"HOST":              func(c *ejabberd.Config) { c.Host = "" },
		"PASSWORD_KEY":      func(c *ejabberd.Config) { c.PasswordKey = "short" },
		"JWT_KEY":           func(c *ejabberd.Config) { c.PasswordKey, c.JWTKey, c.JWTLife = "", "c2hvcnQ", time.Hour },
		"JWT_LIFE":          func(c *ejabberd.Config) { c.PasswordKey, c.JWTKey = "", jwtKey },
		"CHAT_ROOM_SERVICE": func(c *ejabberd.Config) { c.ChatRoomService = "conference.localhost" },
		"PRESENCE_USERS":    func(c *ejabberd.Config) { c.PresenceEvery = time.Second },
	} {
		cfg := whole
		change(&cfg)
		err := cfg.Validate()
		var bad *vendors.SettingError
		if want == "" && err != nil || want != "" && (!errors.As(err, &bad) || bad.Setting != want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	both := whole
	both.JWTKey = jwtKey
	if both.Validate() == nil {
		t.Error("two ways to issue credentials are taken")
	}
}

// jwtKey is that of .ci/ejabberd.
const jwtKey = "c3dpdGNoYm9hcmQtdGVzdHMtc2lnbi13aXRoLXRoaXM"
