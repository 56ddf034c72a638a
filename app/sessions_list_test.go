package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/app/access"
	"switchboard/app/certify"
	"switchboard/app/sqldb/sqldbtest"
	mockejabberd "switchboard/mocks/ejabberd"
)

// sessionsIn is the list of a user's sessions.
type sessionsIn struct {
	Sessions []struct {
		Device    string
		Platform  *int
		Transport string
		Since     int64
	}
	Total   int
	Reason  *string
	Vendors []struct {
		Vendor   string
		Told     bool
		Reason   *string
		Sessions []struct {
			Device, Client, Address string
			Since                   *int64
		}
		Total int
	}
}

func (p *process) sessionsOf(t testing.TB, by map[string]string, user string) (out sessionsIn) {
	t.Helper()
	got := p.do(t, request{Method: "GET", Path: "/api/server/users/" + user + "/sessions", Header: by})
	if got.Status != 200 || got.Code != 0 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	got.decode(t, &out)
	return out
}

// ours are our own sessions as the list has them: "phone 1 websocket".
func (l sessionsIn) ours(t testing.TB) string {
	t.Helper()
	var out []string
	for _, s := range l.Sessions {
		platform := "-"
		if s.Platform != nil {
			platform = fmt.Sprint(*s.Platform)
		}
		out = append(out, s.Device+" "+platform+" "+s.Transport)
		if time.Since(time.Unix(s.Since, 0)).Abs() > 10*time.Minute {
			t.Errorf("%s since %d", s.Device, s.Since)
		}
	}
	if l.Total != len(out) {
		t.Errorf("%d of %d", len(out), l.Total)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// at is what an account tells: "phone tablet", or why it does not.
func (l sessionsIn) at(account string) string {
	for _, v := range l.Vendors {
		if v.Vendor != account {
			continue
		}
		if !v.Told {
			return "not told: " + *v.Reason
		}
		var out []string
		for _, s := range v.Sessions {
			out = append(out, s.Device)
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	return "not asked"
}

// startOnEjabberd starts the program with ejabberd's mock beside RongCloud's.
func startOnEjabberd(t *testing.T, apps access.Apps) (*process, *mockejabberd.Server) {
	t.Helper()
	cfg := certify.EjabberdConfig("")
	far, err := mockejabberd.Start(mockejabberd.Config{Password: cfg.Password.Reveal(), Groups: []string{cfg.BlockGroup}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	cfg.BaseURL = far.URL
	return start(t, func(c *Config) { c.Ejabberd, c.Apps, c.AdminKey = cfg, apps, sandboxAdmin }), far
}

// Both sides are listed by the names by which each session can be ended, and one side that
// cannot tell leaves the other.
func TestAUsersSessionsAreListedByDevice(t *testing.T) {
	t.Parallel()
	p, far := startOnEjabberd(t, access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret, Open: true}})
	if got := p.sessionsOf(t, serverKey, "nobody"); got.ours(t) != "" || got.Reason != nil || got.at("ejabberd") != "" {
		t.Errorf("of nobody: %+v", got)
	}
	p.dial(t, "/notify?protoc=ws&device=phone&token="+p.tokenOf(t, "8001", 1))
	p.sse(t, p.tokenOf(t, "8001", 3), "") // names no device
	p.login(t, strings.NewReplacer(`"device_id": "1111"`, `"device_id": "desk"`, `"client_id": "1111"`, `"client_id": "8001"`).Replace(sampleLogin))
	p.ws(t, p.tokenOf(t, "8002", 1), "")
	far.Connect("8001", "phone")
	far.Connect("8001", "tablet")
	got := p.sessionsOf(t, serverKey, "8001")
	if want := "3 3 events, desk - socket, phone 1 websocket"; got.ours(t) != want || got.Reason != nil {
		t.Errorf("ours: %s, want %s; %v", got.ours(t), want, got.Reason)
	}
	if got.at("ejabberd") != "phone tablet" {
		t.Errorf("ejabberd: %s", got.at("ejabberd"))
	}
	for _, v := range got.Vendors {
		for _, s := range v.Sessions {
			if s.Client != "c2s" || s.Address != "127.0.0.1" || s.Since == nil || time.Since(time.Unix(*s.Since, 0)).Abs() > 10*time.Minute {
				t.Errorf("%+v", s)
			}
		}
	}

	p.breaker(t, "ejabberd", "open")
	away := p.sessionsOf(t, serverKey, "8001")
	if !strings.HasPrefix(away.at("ejabberd"), "not told: ") || away.ours(t) != got.ours(t) {
		t.Errorf("with the vendor away: %+v", away)
	}
	p.breaker(t, "ejabberd", "closed")

	devices := map[string]bool{"tablet": true}
	for _, s := range got.Sessions {
		devices[s.Device] = true
	}
	for device := range devices {
		p.do(t, request{Method: "DELETE", Path: "/api/server/users/8001/sessions/" + device, Header: serverKey})
	}
	waitFor(t, "that all have ended", func() bool {
		got = p.sessionsOf(t, serverKey, "8001")
		return got.ours(t) == "" && got.at("ejabberd") == ""
	})
	if left := p.sessionsOf(t, serverKey, "8002"); left.ours(t) != "1 1 websocket" {
		t.Errorf("of somebody else: %s", left.ours(t))
	}
}

// An account that two apps have is asked for neither: it has users of both by one id.
func TestSessionsOfAnotherAppsUserAreNotListed(t *testing.T) {
	t.Parallel()
	p, far := startOnEjabberd(t, access.Apps{
		{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret},
		{ID: otherApp, Key: otherKey, JWTSecret: "another secret of this test"},
	})
	p.ws(t, p.tokenIn(t, sandboxApp, "9001"), "")
	far.Connect("9001", "phone")
	for who, c := range map[string]struct {
		by   map[string]string
		ours string
	}{"the app": {serverKey, "1 1 websocket"}, "another": {otherServer, ""}} {
		got := p.sessionsOf(t, c.by, "9001")
		if got.ours(t) != c.ours || got.at("ejabberd") != "not told: other apps have users of this id at the vendor" {
			t.Errorf("%s: %+v", who, got)
		}
	}
}

// Whichever replica is asked, the list has the sessions of all.
func TestSessionsAreListedOverAllReplicas(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"REDIS", "NATS"} {
		t.Run(server, func(t *testing.T) {
			edit := on(sqldbtest.Postgres(t), busOf(t, server))
			a, b := start(t, edit), start(t, edit)
			user := strings.ToLower(server) + "-8101"
			a.dial(t, "/notify?protoc=ws&device=phone&token="+a.tokenOf(t, user, 1))
			b.dial(t, "/notify?protoc=ws&device=tablet&token="+b.tokenOf(t, user, 1))
			b.ws(t, b.tokenOf(t, user, 3), "")
			for name, p := range map[string]*process{"one": a, "other": b} {
				var got sessionsIn
				waitFor(t, "the whole list at the "+name, func() bool { got = p.sessionsOf(t, serverKey, user); return got.Total == 3 && got.Reason == nil })
				if got.ours(t) != "3 3 websocket, phone 1 websocket, tablet 1 websocket" {
					t.Errorf("at the %s: %s", name, got.ours(t))
				}
			}
			if err := b.stop(); err != nil {
				t.Fatal(err)
			}
			if got := a.sessionsOf(t, serverKey, user); got.ours(t) != "phone 1 websocket" || got.Reason != nil {
				t.Errorf("when the other has stopped: %s, %v", got.ours(t), got.Reason)
			}
		})
	}
}
