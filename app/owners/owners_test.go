package owners_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"switchboard/app/owners"
	"switchboard/app/owners/ownersql"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/vendors"
)

func TestEventsOfVendorsSpeakOurIDs(t *testing.T) {
	ctx, store := t.Context(), ownersql.New(sqldbtest.Open(t, sqldbtest.SQLite(t)))
	s := owners.New(store, slog.New(slog.DiscardHandler))
	for _, r := range []owners.Record{
		{Key: owners.Key{App: "a", Kind: owners.Group, ID: "g"}, Account: "acme", VendorID: "v1"},
		{Key: owners.Key{App: "b", Kind: owners.ChatRoom, ID: "stage"}, Account: "acme", VendorID: "v1"},
		{Key: owners.Key{App: "b", Kind: owners.Room, ID: "call"}, Account: "acme", VendorID: "v2"},
	} {
		r.State = owners.Made
		if _, err := store.Save(ctx, r, nil); err != nil {
			t.Fatal(err)
		}
	}
	later := time.Now().Add(time.Hour)
	of := func(account string) []string { return map[string][]string{"acme": {"a", "b"}, "bell": {"c"}}[account] }
	for _, tc := range []struct {
		name        string
		e           vendors.Event
		app, target string
	}{
		{"a message to a group", vendors.Event{Vendor: "acme", Kind: vendors.EventMessage, TargetKind: vendors.ToGroups, Target: "v1"}, "a", "g"},
		{"a question about one to a chat room", vendors.Event{Vendor: "acme", Kind: vendors.EventModeration, TargetKind: vendors.ToChatRooms, Target: "v1"}, "b", "stage"},
		{"somebody joins a chat room", vendors.Event{Vendor: "acme", Kind: vendors.EventChatRoom, Action: "joined", Target: "v1", At: later}, "b", "stage"},
		{"somebody joins an RTC room", vendors.Event{Vendor: "acme", Kind: vendors.EventRoom, Action: "joined", Target: "v2"}, "b", "call"},
		{"a message to a user", vendors.Event{Vendor: "acme", Kind: vendors.EventMessage, TargetKind: vendors.ToUsers, Target: "v1"}, "", "v1"},
		{"made elsewhere", vendors.Event{Vendor: "acme", Kind: vendors.EventMessage, TargetKind: vendors.ToGroups, Target: "other"}, "", "other"},
		{"of one app's own account", vendors.Event{Vendor: "bell", Kind: vendors.EventMessage, TargetKind: vendors.ToGroups, Target: "v1"}, "c", "v1"},
		{"the same id at another account", vendors.Event{Vendor: "dove", Kind: vendors.EventMessage, TargetKind: vendors.ToGroups, Target: "v1"}, "", "v1"},
		{"a chat room ends, late news of before it was made", vendors.Event{Vendor: "acme", Kind: vendors.EventChatRoom, Action: "destroyed", Target: "v1", At: later.Add(-48 * time.Hour)}, "b", "stage"},
		{"it is there", vendors.Event{Vendor: "acme", Kind: vendors.EventChatRoom, Action: "left", Target: "v1", At: later}, "b", "stage"},
	} {
		events := []vendors.Event{tc.e}
		if err := s.Translate(ctx, events, of); err != nil || events[0].App != tc.app || events[0].Target != tc.target {
			t.Errorf("%s: app %q, target %q, %v", tc.name, events[0].App, events[0].Target, err)
		}
		if _, found, err := s.Find(ctx, owners.Key{App: "b", Kind: owners.ChatRoom, ID: "stage"}); !found || err != nil {
			t.Fatalf("%s: the room is gone: %v", tc.name, err)
		}
	}
	ended := []vendors.Event{{Vendor: "acme", Kind: vendors.EventChatRoom, Action: "destroyed", Target: "v1", At: later}}
	if err := s.Translate(ctx, ended, of); err != nil || ended[0].Target != "stage" {
		t.Errorf("%+v %v", ended, err)
	}
	if _, found, _ := s.Find(ctx, owners.Key{App: "b", Kind: owners.ChatRoom, ID: "stage"}); found {
		t.Error("a room that its vendor ended is still there")
	}
}

func TestAVendorsIDNamesOneThing(t *testing.T) {
	g := owners.Record{Key: owners.Key{App: "a", Kind: owners.Group, ID: "g.1"}}
	digits := vendors.Limit{IDBytes: 32, IDLetter: func(b byte) bool { return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' }}
	if got := g.Alias(true, vendors.Limit{}); got != "g.1" {
		t.Errorf("alone: %s", got)
	}
	seen := map[string]bool{"g.1": true}
	other, room, again, split := g, g, g, g
	other.App, room.Kind, again.Uses = "b", owners.ChatRoom, 1
	split.App, split.ID = "a\x00group", "1"
	for name, got := range map[string]string{
		"not alone": g.Alias(false, digits), "a letter that the vendor does not take": g.Alias(true, digits), "another app's": other.Alias(false, digits),
		"a chat room": room.Alias(false, digits), "used before": again.Alias(true, vendors.Limit{}), "the names cut elsewhere": split.Alias(false, digits),
	} {
		if name == "a letter that the vendor does not take" {
			continue // it is the one that g has where it is not alone
		}
		if seen[got] || !digits.TakesID(got) || strings.Contains(got, "g.1") {
			t.Errorf("%s: %s", name, got)
		}
		seen[got] = true
	}
	if g.Alias(true, digits) != g.Alias(false, digits) {
		t.Error("the same group has two names")
	}
}
