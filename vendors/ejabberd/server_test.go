package ejabberd_test

import (
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"switchboard/app/certify"
	"switchboard/vendors"
	"switchboard/vendors/ejabberd"
	"switchboard/vendors/ejabberd/xmpptest"
	"switchboard/vendors/vendortest"
)

// server is the ejabberd that SWITCHBOARD_TEST_EJABBERD names: the URL of its API with
// the account in it, and where clients connect as "c2s". Its data may be lost.
type server struct {
	cfg ejabberd.Config
	c2s string
}

func testServer(t *testing.T) server {
	t.Helper()
	given := os.Getenv("SWITCHBOARD_TEST_EJABBERD")
	if given == "" {
		t.Skip("SWITCHBOARD_TEST_EJABBERD names no server")
	}
	u, err := url.Parse(given)
	if err != nil {
		t.Fatal("SWITCHBOARD_TEST_EJABBERD is no URL")
	}
	return serverAt(u)
}

func serverAt(u *url.URL) server {
	s := server{cfg: certify.EjabberdConfig("http://" + u.Host + u.Path), c2s: u.Query().Get("c2s")}
	password, _ := u.User.Password()
	s.cfg.User, s.cfg.Password = u.User.Username(), vendors.Secret(password)
	return s
}

// users are real clients on the server, whose credentials an adapter of their own
// issues.
func (s server) users(t vendortest.T) *xmpptest.Users {
	t.Helper()
	v, err := ejabberd.Open("ejabberd", s.cfg, noOptions)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	api := certify.NewEjabberdAPI(t, s.cfg)
	u := &xmpptest.Users{
		Addr: s.c2s, Host: s.cfg.Host, Failed: t.Fatalf,
		Secret: func(user string) string {
			c, err := v.Tokens.Issue(t.Context(), vendors.User{ID: user})
			if err != nil {
				t.Fatalf("credential of %s: %v", user, err)
			}
			return c.Token
		},
		Sessions: func(user string) int {
			var all []any
			api.Call("user_sessions_info", map[string]any{"user": user, "host": s.cfg.Host}, &all)
			return len(all)
		},
	}
	t.Cleanup(func() { u.Close(); v.Close() })
	return u
}

// wipe takes away what the last test left.
func (s server) wipe(t vendortest.T) {
	t.Helper()
	api := certify.NewEjabberdAPI(t, s.cfg)
	host := s.cfg.Host
	for _, service := range []string{"conference." + host, "chatrooms." + host} {
		var rooms []string
		api.Call("muc_online_rooms", map[string]any{"service": service}, &rooms)
		for _, jid := range rooms {
			name, _, _ := strings.Cut(jid, "@")
			api.Call("destroy_room", map[string]any{"name": name, "service": service}, nil)
		}
	}
	var users []string
	api.Call("registered_users", map[string]any{"host": host}, &users)
	for _, user := range users {
		if user+"@"+host == s.cfg.User {
			continue
		}
		api.Call("srg_user_del", map[string]any{"user": user, "host": host, "group": s.cfg.BlockGroup, "grouphost": host}, nil)
		api.Call("unregister", map[string]any{"user": user, "host": host}, nil)
	}
}

// fixture is the server, empty but for what the suite wants, seen by real clients.
func (s server) fixture(t vendortest.T) vendortest.Fixture {
	t.Helper()
	u := s.users(t)
	f := certify.EjabberdAt(t, s.cfg, certify.EjabberdClients{LogIn: u.LogIn, SetOnline: u.SetOnline, Connect: u.Connect, Join: u.Join, Inbox: u.Inbox})
	f.Settles = 30 * time.Second
	seed := f.Seed
	f.Seed = func(t vendortest.T) {
		s.wipe(t)
		seed(t)
		for _, user := range []string{f.Known, f.Peer} {
			u.Hears(user, f.Group+"@conference."+s.cfg.Host)
		}
	}
	return f
}
