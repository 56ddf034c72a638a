package main

import (
	"testing"

	"switchboard/app/access"
	"switchboard/app/certify"
	mockejabberd "switchboard/mocks/ejabberd"
)

// A vendor that holds until it is told otherwise is told so when the time is over, by the
// next process if need be.
func TestAHoldForAWhileEndsWhereTheVendorKnowsNoTime(t *testing.T) {
	t.Parallel()
	cfg := certify.EjabberdConfig("")
	far, err := mockejabberd.Start(mockejabberd.Config{Password: cfg.Password.Reveal(), Groups: []string{cfg.BlockGroup}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	cfg.BaseURL = far.URL
	folder := t.TempDir()
	open := func() *process {
		return start(t, func(c *Config) {
			c.DataDir, c.Ejabberd = folder, cfg
			c.Apps = access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret, Open: true}}
		})
	}
	p := open()
	var credential clientCredential
	p.do(t, request{Path: "/api/v1/im/token", Header: p.as(t, "1001"), Body: map[string]any{}}).decode(t, &credential)
	accepted := func(what string, got answer) {
		t.Helper()
		if rows := rowsIn(t, got); got.Code != 0 || len(rows) != 1 || rows[0].State != "accepted" {
			t.Fatalf("%s: %s", what, got.Body)
		}
	}
	p.group(t, "club", "ejabberd")
	talks := func() bool {
		var is struct{ Affiliation string }
		certify.NewEjabberdAPI(t, cfg).Call("get_room_affiliation", map[string]any{"name": "club", "service": "conference.localhost", "jid": "1001@localhost"}, &is)
		return is.Affiliation == "member"
	}
	long := map[string]any{"users": []string{"1001"}, "seconds": 3600}
	accepted("a long mute", p.do(t, request{Path: "/api/server/groups/club/mutes", Header: serverKey, Body: long}))
	accepted("a block", p.do(t, request{Path: "/api/server/users/1001/block", Header: serverKey, Body: map[string]any{"seconds": 1}}))
	if far.LogIn("1001", credential.Token) || talks() {
		t.Error("nobody is held")
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	p = open()
	until(t, "the block is over", func() bool { return far.LogIn("1001", credential.Token) })
	if talks() {
		t.Error("the mute is over before its time")
	}
	short := map[string]any{"users": []string{"1001"}, "seconds": 1}
	accepted("a short mute", p.do(t, request{Path: "/api/server/groups/club/mutes", Header: serverKey, Body: short}))
	until(t, "the mute is over", talks)
	until(t, "nothing is listed", func() bool {
		got := p.do(t, request{Method: "GET", Path: "/api/server/groups/club/mutes", Header: serverKey})
		var list struct{ Items, Users, Mutes []any }
		got.decode(t, &list)
		return len(list.Items)+len(list.Users)+len(list.Mutes) == 0
	})
}
