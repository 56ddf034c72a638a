package livekit_test

import (
	"testing"

	"switchboard/vendors"
	"switchboard/vendors/livekit"
	"switchboard/vendors/livekit/livekittest"
	"switchboard/vendors/upstream"
)

// TestTheServersDeathIsTellableAndPasses kills LiveKit's server with a room in it: calls
// say that nothing was sent, its rooms are gone and not idle, credentials that were
// issued before are still good, and the breakers let calls through again by themselves.
func TestTheServersDeathIsTellableAndPasses(t *testing.T) {
	t.Parallel()
	server := livekittest.Start(t, livekittest.Options{})
	v, err := livekit.Open("livekit", livekit.Config{APIKey: livekittest.Key, APISecret: livekittest.Secret, BaseURL: server.URL}, upstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	d := deployment{Server: server, room: "stage"}
	d.ask(t, "CreateRoom", `"roomCreate":true`, map[string]string{"name": "stage"}, nil)
	before, err := v.Rooms.Query.RoomStatus(t.Context(), "stage")
	if err != nil || before.State != vendors.RoomIdle || before.Session == "" {
		t.Fatalf("%+v, %v", before, err)
	}
	grant := vendors.JoinGrant{Room: "stage", User: vendors.User{ID: "ann"}, Permission: vendors.Permission{Subscribe: true}, For: 10 * 60 * 1e9}
	credential, err := v.Rooms.Tokens.IssueJoin(t.Context(), grant)
	if err != nil {
		t.Fatal(err)
	}
	server.Kill()
	until(t, "writes fail unsent", func() bool {
		return vendors.OutcomeOf(v.Rooms.Dissolve.DissolveRoom(t.Context(), "stage")) == vendors.NotSent
	})
	if _, err := v.Rooms.Query.RoomStatus(t.Context(), "stage"); vendors.OutcomeOf(err) != vendors.NotSent {
		t.Errorf("a read of a dead server: %v", err)
	}
	if _, err := v.Rooms.Tokens.IssueJoin(t.Context(), grant); err != nil {
		t.Errorf("credentials need no server: %v", err)
	}
	server.Run(t)
	until(t, "it is asked again", func() bool {
		after, err := v.Rooms.Query.RoomStatus(t.Context(), "stage")
		return err == nil && after.State == vendors.RoomAbsent && after.Session == ""
	})
	if _, in := d.grant(t, credential.Token); !in {
		t.Error("a credential of before the restart is refused")
	}
}
