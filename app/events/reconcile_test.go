package events

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/vendors"
)

// told is events as "action room/session user users".
func told(events []vendors.Event) string {
	var out []string
	for _, e := range events {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s/%s %s%s", e.Action, e.Target, e.Session, e.From, strings.Join(e.Users, "+"))))
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func TestSnapshotsTellWhatCallbacksDidNot(t *testing.T) {
	k := &knownRooms{accounts: map[string]map[string]*knownRoom{}}
	room := func(session string, users ...string) []vendors.RoomSnapshot {
		return []vendors.RoomSnapshot{{ID: "r", Session: session, Users: users}}
	}
	heard := func(action, user string) {
		k.heard([]vendors.Event{{Vendor: "v", Kind: vendors.EventRoom, Action: action, Target: "r", Session: "s2", From: user}})
	}
	step := func(what string, now []vendors.RoomSnapshot, want string) {
		t.Helper()
		time.Sleep(time.Microsecond)
		if got := told(k.differ("v", now, time.Now())); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	heard("joined", "early") // before any snapshot nothing is known
	step("the first snapshot", room("s1", "a", "b"), "synced r/s1 a+b")
	step("nothing changed", room("s1", "b", "a"), "")
	step("one came", room("s1", "a", "b", "c"), "joined r/s1 c")
	step("one is missing once", room("s1", "a", "b"), "")
	step("and is back", room("s1", "a", "b", "c"), "")
	step("missing again", room("s1", "a", "b"), "")
	step("and again", room("s1", "a", "b"), "left r/s1 c")
	step("the room was made anew", room("s2", "d"), "destroyed r/s1 a+b; synced r/s2 d")
	heard("joined", "e")
	step("a callback told it", room("s2", "d", "e"), "")
	heard("left", "d")
	step("a callback told it", room("s2", "e"), "")
	step("the room is missing once", nil, "")
	step("and again", nil, "destroyed r/s2 e")
	step("it is known no more", nil, "")
	step("another", room("s3", "x"), "synced r/s3 x")
	k.heard([]vendors.Event{{Vendor: "v", Kind: vendors.EventRoom, Action: "destroyed", Target: "r", Session: "s3"}})
	step("a callback told its end", nil, "")

	before := time.Now() // a snapshot that was begun before a callback came is older than it
	time.Sleep(time.Microsecond)
	step("another", room("s2", "x"), "synced r/s2 x")
	heard("joined", "y")
	if got := told(k.differ("v", room("s2", "x"), before)); got != "" {
		t.Errorf("a snapshot from before a callback: %q", got)
	}
	k.forget("v")
	step("forgotten", room("s2", "x"), "synced r/s2 x")
}

func TestOneDifferenceHasOneID(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 10, 0, 0, time.UTC)
	e := vendors.Event{Action: "left", Target: "r", Session: "s", From: "u", At: at}
	same, later, other := e, e, e
	same.At, later.At, other.From = at.Add(10*time.Minute), at.Add(time.Hour), "w"
	if snapshotID(e) != snapshotID(same) || snapshotID(e) == snapshotID(later) || snapshotID(e) == snapshotID(other) {
		t.Error(snapshotID(e), snapshotID(same), snapshotID(later), snapshotID(other))
	}
}
