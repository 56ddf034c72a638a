package main

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/app/access"
	"switchboard/vendors/ejabberd/xmpptest"
)

// presencePolls is the program on a real ejabberd that it polls, with the app's own URL.
func presencePolls(t *testing.T) (*process, *backEnd, string) {
	t.Helper()
	cfg, c2s := ejabberdAccount(t)
	cfg.PresenceEvery, cfg.PresenceUsers, cfg.PresenceWatch = time.Second, 10, time.Minute
	app := &backEnd{t: t}
	receiver := httptest.NewServer(app)
	t.Cleanup(receiver.Close)
	p := start(t, func(c *Config) {
		c.Ejabberd, c.AdminKey = cfg, sandboxAdmin
		c.Events.URL, c.Events.Secret = receiver.URL, hookSecret
		c.Pairing.Keys = map[string]string{"free": "0s"}
		c.Apps = access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret, Open: true}}
	})
	return p, app, c2s
}

// connect logs a user in at ejabberd with a credential of the product's.
func (p *process) connect(t *testing.T, c2s, user string) *xmpptest.Client {
	t.Helper()
	var c clientCredential
	p.do(t, request{Path: "/api/v1/im/token", Header: p.as(t, user), Body: map[string]any{}}).decode(t, &c)
	local, host, _ := strings.Cut(c.OpenID, "@")
	client, err := xmpptest.Dial(c2s, host, local, c.Token, "phone", true)
	if err != nil {
		t.Fatalf("%s logs in: %v", user, err)
	}
	t.Cleanup(client.Close)
	return client
}

// ejabberd reports nothing: that somebody came and went is found by asking, once for each
// change, for those whom an app asked about.
func TestWhoComesToAndLeavesARealEjabberdIsToldToTheApp(t *testing.T) {
	t.Parallel()
	p, app, c2s := presencePolls(t)
	presence := p.do(t, request{Path: "/api/server/users/presence", Header: serverKey, Body: map[string]any{"users": []string{"1001", "1002"}}})
	if strings.Count(string(presence.Body), `"state":"offline"`) != 2 {
		t.Fatalf("before: %s", presence.Body)
	}
	p.connect(t, c2s, "1003") // of whom nobody wanted to know
	client := p.connect(t, c2s, "1001")
	app.await(1)
	client.Close()
	app.await(2)
	p.connect(t, c2s, "1001")
	var told []string
	for _, e := range app.await(3) {
		told = append(told, e.Type+" "+e.Data.From+" "+e.Data.Vendor)
		if !e.Data.Snapshot || time.Since(e.Data.AsOf) > 2*time.Minute || e.Data.AsOf.IsZero() {
			t.Errorf("%+v is not marked as polled", e)
		}
	}
	if want := []string{"presence.online 1001 ejabberd", "presence.offline 1001 ejabberd", "presence.online 1001 ejabberd"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	account := string(p.do(t, request{Method: "GET", Path: "/admin/vendors", Header: adminKey}).Body)
	able := string(p.do(t, request{Method: "GET", Path: "/api/server/capabilities", Header: serverKey}).Body)
	for _, shown := range []string{account, able} {
		if !strings.Contains(shown, `"presence":"polled every 1s, 10 users at a time, each for 1m0s"`) {
			t.Errorf("the trait is not shown in %s", shown)
		}
	}
	if m := string(p.do(t, request{Method: "GET", Path: "/metrics"}).Body); !strings.Contains(m, `switchboard_presence_polls_total{result="ok",vendor="ejabberd"}`) {
		t.Error("polls are not counted")
	}
}

// Who is in pair matching is watched without having been asked about.
func TestWhoSearchesIsWatchedAtARealEjabberd(t *testing.T) {
	t.Parallel()
	p, app, c2s := presencePolls(t)
	if got := p.do(t, request{Path: "/api/v1/video/pair/ask", Header: p.as(t, "1001")}); got.Code != 0 {
		t.Fatalf("ask: %s", got.Body)
	}
	client := p.connect(t, c2s, "1001")
	online := app.await(1)[0]
	client.Close()
	if got := app.await(2); online.Type != "presence.online" || got[1].Type != "presence.offline" || got[1].Data.From != "1001" {
		t.Errorf("told %+v", got)
	}
}
