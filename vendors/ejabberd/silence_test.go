package ejabberd_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"switchboard/app/certify"
	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// said is a text to one target.
func said(kind vendors.TargetKind, from, to, text string) vendors.Message {
	return vendors.Message{Kind: kind, From: from, To: []string{to}, Content: vendors.Content{Kind: vendors.Text, Text: text}}
}

// What the server itself takes without a word, and nobody gets, the adapter refuses.
func TestWhatTheServerDropsInSilenceIsRefused(t *testing.T) {
	s := testServer(t)
	s.wipe(t)
	u, v, api := s.users(t), open(t, s.cfg), certify.NewEjabberdAPI(t, s.cfg)
	for _, user := range []string{"alice", "bob", "carol"} {
		issue(t, v, user)
		u.SetOnline(user, true)
	}
	if _, err := v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "club", Name: "Club", Creator: "alice", Members: []string{"bob", "carol"}}); err != nil {
		t.Fatal(err)
	}
	u.Hears("alice", "club@conference.localhost")
	if _, err := v.ChatRooms.CreateChatRoom(t.Context(), "hall", "Hall"); err != nil {
		t.Fatal(err)
	}
	if err := u.Join("hall@chatrooms.localhost", "alice"); err != nil {
		t.Fatal(err)
	}
	if _, err := v.MemberMutes.MuteMembers(t.Context(), vendors.MemberMute{Group: "club", Users: []string{"bob"}}); err != nil {
		t.Fatal(err)
	}
	if got, err := u.Client("carol").Query("club@conference.localhost", "set", "<unsubscribe xmlns='urn:xmpp:mucsub:0'/>"); err != nil || !strings.Contains(got, `"result"`) {
		t.Fatalf("carol leaves by herself: %s, %v", got, err)
	}
	before := len(u.Inbox("alice"))
	for what, c := range map[string]struct {
		m        vendors.Message
		from, to string
		is       error
	}{
		"to nobody":                  {said(vendors.ToUsers, "alice", "nobody", "x"), "alice@localhost", "nobody@localhost", vendors.ErrNotFound},
		"from outside the group":     {said(vendors.ToGroups, "mallory", "club", "x"), "mallory@localhost", "club@conference.localhost", vendors.ErrBlocked},
		"from a muted member":        {said(vendors.ToGroups, "bob", "club", "x"), "bob@localhost", "club@conference.localhost", vendors.ErrBlocked},
		"from who left by herself":   {said(vendors.ToGroups, "carol", "club", "x"), "carol@localhost", "club@conference.localhost", vendors.ErrBlocked},
		"to no group":                {said(vendors.ToGroups, "alice", "nosuch", "x"), "alice@localhost", "nosuch@conference.localhost", vendors.ErrNotFound},
		"from outside the chat room": {said(vendors.ToChatRooms, "bob", "hall", "x"), "bob@localhost", "hall@chatrooms.localhost", vendors.ErrBlocked},
		"to no chat room":            {said(vendors.ToChatRooms, "bob", "nosuch", "x"), "bob@localhost", "nosuch@chatrooms.localhost", vendors.ErrNotFound},
	} {
		var answer int
		status := api.Call("send_stanza", map[string]any{"from": c.from, "to": c.to, "stanza": "<message type='groupchat'><body>x</body></message>"}, &answer)
		if status != 200 || answer != 0 {
			t.Errorf("%s: the server itself says %d, %d: no longer in silence", what, status, answer)
		}
		_, err := v.Messages.Send(t.Context(), c.m)
		mustBe(t, what, err, vendors.DefiniteNo, c.is)
	}
	if got := u.Inbox("alice")[before:]; len(got) > 0 {
		t.Errorf("%v arrived all the same", got)
	}
	if _, err := v.MemberMutes.UnmuteMembers(t.Context(), vendors.MemberMute{Group: "club", Users: []string{"bob"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Messages.Send(t.Context(), said(vendors.ToGroups, "bob", "club", "back")); err != nil || len(u.Inbox("alice")) != before+1 {
		t.Errorf("who was unmuted: %v, %d arrived", err, len(u.Inbox("alice"))-before)
	}
}

// The server folds case: two ids of ours stay two people.
func TestIDsThatDifferInCaseAreTwoPeople(t *testing.T) {
	s := testServer(t)
	s.wipe(t)
	u, v := s.users(t), open(t, s.cfg)
	inbox := func(id, local string) []string {
		c := issue(t, v, id)
		u.Secret = func(string) string { return c.Token }
		u.SetOnline(local, true)
		return u.Inbox(local)
	}
	people := map[string]string{"bob": "bob", "Bob": `\42ob`, "a b:c@d": `a\20b\3ac\40d`, "礼物": `\e7\a4\bc\e7\89\a9`}
	for id, local := range people {
		inbox(id, local)
		if _, err := v.Messages.Send(t.Context(), said(vendors.ToUsers, "Alice", id, "for "+id)); err != nil {
			t.Fatal(err)
		}
	}
	for id, local := range people {
		got := inbox(id, local)
		if len(got) != 1 || certify.EjabberdReceived(id, got[0]) != (vendortest.Received{From: "Alice", Target: id, Kind: vendors.ToUsers, Type: "text", Content: fmt.Sprintf(`{"text":%q}`, "for "+id)}) {
			t.Errorf("%s got %v", id, got)
		}
	}
	if _, err := v.Groups.CreateGroup(t.Context(), vendors.Group{ID: "Club 1", Name: "Club", Creator: "Bob", Members: []string{"bob", "礼物"}}); err != nil {
		t.Fatal(err)
	}
	members, err := v.GroupLists.GroupMembers(t.Context(), "Club 1")
	if err != nil || len(members) != 3 {
		t.Errorf("members %v, %v", members, err)
	}
	groups, err := v.GroupLists.UserGroups(t.Context(), "Bob")
	if err != nil || len(groups) != 1 || groups[0] != (vendors.GroupName{ID: "Club 1", Name: "Club"}) {
		t.Errorf("groups %v, %v", groups, err)
	}
}

// What waits for who is offline is what a client is promised.
func TestOnlyWhatIsStoredWaitsForWhoIsOffline(t *testing.T) {
	s := testServer(t)
	s.wipe(t)
	u, v := s.users(t), open(t, s.cfg)
	issue(t, v, "bob")
	send := func(kind vendors.TargetKind, c vendors.Content, transient bool) {
		t.Helper()
		if _, err := v.Messages.Send(t.Context(), vendors.Message{Kind: kind, From: "alice", To: []string{"bob"}, Content: c, Transient: transient}); err != nil {
			t.Fatal(err)
		}
	}
	send(vendors.ToUsers, vendors.Content{Kind: vendors.Text, Text: "kept"}, false)
	send(vendors.ToUsers, vendors.Content{Kind: vendors.Text, Text: "now or never"}, true)
	send(vendors.ToUsers, vendors.Content{Kind: vendors.Tip, Text: "gray"}, false)
	send(vendors.ToUsers, vendors.Content{Kind: vendors.Command, Name: "go", Data: []byte(`{}`)}, false)
	send(vendors.ToUsers, vendors.Content{Kind: vendors.Custom, Type: "app:gift", Data: []byte(`{}`)}, false)
	send(vendors.ToSystem, vendors.Content{Kind: vendors.Text, Text: "notice"}, false)
	u.SetOnline("bob", true)
	var got []string
	for _, m := range u.Inbox("bob") {
		r := certify.EjabberdReceived("bob", m)
		got = append(got, string(r.Kind)+" "+r.Type)
	}
	if want := "user text, user tip, user custom, system text"; strings.Join(got, ", ") != want {
		t.Errorf("bob got %v, want %s", got, want)
	}
}

// Signed credentials are verified by the server, which also keeps blocked users out.
func TestSignedCredentialsAreTakenByTheServer(t *testing.T) {
	s := testServer(t)
	s.cfg.PasswordKey, s.cfg.JWTKey, s.cfg.JWTLife = "", jwtKey, time.Hour
	checks := map[string]bool{
		"CapabilitiesAreAsDeclared": true, "TraitsAreAsDocumented": true, "IssuedTokenIsTheUsersAtTheFarEnd": true,
		"SecondTokenDoesNotVoidTheFirst": true, "EveryHoldIsOfTheKindsDeclared": true,
	}
	r := vendortest.Certify(t.Context(), "ejabberd", "server", func(name string) bool { return checks[name] }, s.fixture)
	if r.Count(vendortest.Passed) != len(checks) {
		var text strings.Builder
		_ = r.WriteText(&text)
		t.Error(text.String())
	}
	v, u := open(t, s.cfg), s.users(t)
	c := issue(t, v, "alice")
	if left := time.Until(c.ExpiresAt); left < 59*time.Minute || left > time.Hour {
		t.Errorf("expires at %s", c.ExpiresAt)
	}
	if u.LogIn("bob", c.Token) || u.LogIn("alice", c.Token[:len(c.Token)-3]) {
		t.Error("a credential that is not theirs lets somebody in")
	}
}
