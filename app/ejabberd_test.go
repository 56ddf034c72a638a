package main

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/app/access"
	"switchboard/app/certify"
	mockrong "switchboard/mocks/rongcloud"
	"switchboard/vendors"
	"switchboard/vendors/ejabberd"
	"switchboard/vendors/ejabberd/xmpptest"
)

// xmppHost is the virtual host of the tests' server that these tests have to themselves.
const xmppHost = "switch.localhost"

// ejabberdConfig is the server that SWITCHBOARD_TEST_EJABBERD names, and where clients
// connect.
func ejabberdConfig(t *testing.T) (cfg ejabberd.Config, c2s string) {
	t.Helper()
	u, err := url.Parse(os.Getenv("SWITCHBOARD_TEST_EJABBERD"))
	if err != nil || u.Host == "" {
		t.Skip("SWITCHBOARD_TEST_EJABBERD names no server")
	}
	cfg = certify.EjabberdConfig("http://" + u.Host + u.Path)
	password, _ := u.User.Password()
	cfg.User, cfg.Password, cfg.Host = u.User.Username(), vendors.Secret(password), xmppHost
	return cfg, u.Query().Get("c2s")
}

// xmppTurn is held by the test that has the host, since it is emptied for each.
var xmppTurn sync.Mutex

// ejabberdAccount is that server, emptied. No other test has it until the end of t.
func ejabberdAccount(t *testing.T) (cfg ejabberd.Config, c2s string) {
	t.Helper()
	cfg, c2s = ejabberdConfig(t)
	xmppTurn.Lock()
	t.Cleanup(xmppTurn.Unlock)
	api := certify.NewEjabberdAPI(t, cfg)
	var users, rooms []string
	api.Call("registered_users", map[string]any{"host": xmppHost}, &users)
	for _, user := range users {
		api.Call("unregister", map[string]any{"user": user, "host": xmppHost}, nil)
	}
	api.Call("srg_user_del", map[string]any{"user": "1001", "host": xmppHost, "group": cfg.BlockGroup, "grouphost": xmppHost}, nil)
	api.Call("muc_online_rooms", map[string]any{"service": "conference." + xmppHost}, &rooms)
	for _, jid := range rooms {
		name, service, _ := strings.Cut(jid, "@")
		api.Call("destroy_room", map[string]any{"name": name, "service": service}, nil)
	}
	return cfg, c2s
}

// switching is the program between RongCloud's mock and a real ejabberd.
type switching struct {
	*process
	rong *mockrong.Server
	api  *lossy // ejabberd's, in front of the server
	c2s  string

	mu   sync.Mutex        // guards what follows
	told map[string]string // by text, the account that took it; "refused ..." when none did
}

func startSwitching(t *testing.T, messages string) *switching {
	t.Helper()
	cfg, c2s := ejabberdAccount(t)
	rong, err := mockrong.Start(mockrong.Config{Account: mockrong.Account{AppKey: "rong", AppSecret: sandboxSecret}, NoRateLimits: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rong.Close() })
	at, err := url.Parse(cfg.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	api := loseAnswers(t, at.Scheme+"://"+at.Host)
	cfg.BaseURL = api.url + at.Path
	p := start(t, func(c *Config) {
		c.Ledger.FirstCheck = 50 * time.Millisecond
		c.RongCloud.AppKey, c.RongCloud.AppSecret, c.RongCloud.BaseURL = "rong", sandboxSecret, rong.URL
		c.Ejabberd, c.Route.Messages, c.AdminKey = cfg, messages, sandboxAdmin
		c.Apps = access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret, Open: true}}
	})
	return &switching{process: p, rong: rong, api: api, c2s: c2s, told: map[string]string{}}
}

// say sends one text, whose fate is noted.
func (s *switching) say(t *testing.T, to map[string]any, text string) string {
	t.Helper()
	got := s.do(t, request{Path: "/api/server/messages", Header: with(serverKey, "Idempotency-Key", text), Body: map[string]any{
		"from": "1002", "to": to, "content": map[string]any{"kind": "text", "text": text},
	}})
	rows := rowsIn(t, got)
	fate := "refused " + string(got.Body)
	if len(rows) == 1 && rows[0].State == "accepted" {
		fate = rows[0].Vendor
	} else if len(rows) == 1 {
		fate = "refused " + rows[0].Reason
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[text] = fate
	return fate
}

func (s *switching) taken(account string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, by := range s.told {
		if by == account {
			n++
		}
	}
	return n
}

type clientCredential struct {
	SDK    string
	AppKey string `json:"app_key"`
	Token  string
	OpenID string `json:"open_id"`
}

// logIn gets a credential of the tokens route and, at ejabberd, connects with it.
func (s *switching) logIn(t *testing.T, user string) (clientCredential, *xmpptest.Client) {
	t.Helper()
	var c clientCredential
	got := s.do(t, request{Path: "/api/v1/im/token", Header: s.as(t, user), Body: map[string]any{}})
	got.decode(t, &c)
	if c.SDK != "ejabberd" {
		return c, nil
	}
	local, host, _ := strings.Cut(c.OpenID, "@")
	client, err := xmpptest.Dial(s.c2s, host, local, c.Token, "phone", true)
	if err != nil {
		t.Fatalf("%s logs in: %v", user, err)
	}
	t.Cleanup(client.Close)
	return c, client
}

// texts is what reached an XMPP client, by target.
func texts(t *testing.T, c *xmpptest.Client, user string, rooms ...string) (out []string) {
	t.Helper()
	if err := c.Sync(rooms...); err != nil {
		t.Fatal(err)
	}
	for _, m := range c.Messages() {
		r := certify.EjabberdReceived(user, m)
		out = append(out, fmt.Sprintf("%s %s: %s", r.Kind, r.Target, r.Content))
	}
	return out
}

func (s *switching) operateRoutes(t *testing.T, capability, order string) {
	t.Helper()
	var now struct{ Routes map[string]any }
	s.operate(t, "GET", "/admin/routes", nil, &now)
	routes := map[string]any{"tokens": "ejabberd", "messages": "rongcloud"}
	routes[capability] = order
	s.operate(t, "PUT", "/admin/routes", map[string]any{"by": "test", "routes": routes}, nil)
}

// Messages follow the route under traffic: each that is told as taken is at the account
// that is named, once. Groups stay at the account that made them.
func TestMessagesSwitchFromRongCloudToEjabberdUnderTraffic(t *testing.T) {
	s := startSwitching(t, "rongcloud")
	alice := toUsers("1001")
	if c, _ := s.logIn(t, "1001"); c.SDK != "rongcloud" {
		t.Fatalf("before the switch a credential is %s's", c.SDK)
	}
	s.group(t, "old", "rongcloud")
	stop := make(chan struct{})
	var traffic sync.WaitGroup
	for w := range 3 {
		traffic.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					s.say(t, alice, fmt.Sprintf("text %d of %d", i, w))
				}
			}
		})
	}
	until(t, "traffic at RongCloud", func() bool { return s.taken("rongcloud") >= 10 })
	s.operateRoutes(t, "tokens", "ejabberd") // clients move first, to be there when messages are
	c, client := s.logIn(t, "1001")
	if client == nil || c.AppKey != xmppHost || c.OpenID != "1001@"+xmppHost {
		t.Fatalf("after the switch of tokens a credential is %s's, for %s at %s", c.SDK, c.OpenID, c.AppKey)
	}
	s.operateRoutes(t, "messages", "ejabberd")
	until(t, "traffic at ejabberd", func() bool { return s.taken("ejabberd") >= 10 })
	close(stop)
	traffic.Wait()

	xmpp := texts(t, client, "1001")
	var rong []string
	for _, d := range s.rong.Inbox("1001") {
		rong = append(rong, d.Content)
	}
	for text, by := range s.told {
		count := func(in []string) (n int) {
			for _, got := range in {
				if strings.Contains(got, `"`+text+`"`) {
					n++
				}
			}
			return n
		}
		atRong, atXMPP := count(rong), count(xmpp)
		if by == "rongcloud" && (atRong != 1 || atXMPP != 0) || by == "ejabberd" && (atRong != 0 || atXMPP != 1) || strings.HasPrefix(by, "refused") {
			t.Errorf("%q was told as %s and is %d times at RongCloud, %d times at ejabberd", text, by, atRong, atXMPP)
		}
	}
	s.afterTheSwitch(t, client)
}

// group makes a group of 1001 and 1002 and says where it is.
func (p *process) group(t *testing.T, id, want string) groupData {
	t.Helper()
	var made groupData
	got := p.do(t, request{Path: "/api/server/groups", Header: with(serverKey, "Idempotency-Key", id), Body: map[string]any{
		"group": id, "name": "Club", "owner": "1002", "members": []string{"1001"},
	}})
	got.decode(t, &made)
	if got.Code != 0 || made.Vendor != want {
		t.Fatalf("the group %s: %s", id, got.Body)
	}
	return made
}

// afterTheSwitch: what is new is made at ejabberd, what is old stays where it is, and who
// never came is introduced.
func (s *switching) afterTheSwitch(t *testing.T, client *xmpptest.Client) {
	t.Helper()
	toGroup := func(id string) map[string]any { return map[string]any{"kind": "group", "ids": []string{id}} }
	if by := s.say(t, toGroup("old"), "to the old group"); by != "rongcloud" {
		t.Errorf("a message to a group of RongCloud's: %s", by)
	}
	made := s.group(t, "new", "ejabberd")
	if by := s.say(t, toGroup("new"), "to the new group"); by != "ejabberd" {
		t.Errorf("a message to a group of ejabberd's: %s", by)
	}
	want := "group " + made.VendorID + `: {"text":"to the new group"}`
	if got := texts(t, client, "1001", made.VendorID+"@conference."+xmppHost); !slices.Contains(got, want) {
		t.Errorf("%s is not among %v", want, got[max(0, len(got)-3):])
	}
	if by := s.say(t, toUsers("1003"), "to who never came"); by != "ejabberd" { // the product introduces them
		t.Errorf("a message to who never came: %s", by)
	}
	ban := s.do(t, request{Path: "/api/server/users/1001/ban", Header: serverKey, Body: map[string]any{}})
	if ban.Code != 0 || !strings.Contains(string(ban.Body), `{"vendor":"ejabberd","told":true`) {
		t.Errorf("a ban: %s", ban.Body)
	}
	<-client.Done()
	if why := client.Ended(); !strings.Contains(why, "kicked") {
		t.Errorf("who was banned is put out: %q", why)
	}
}

// The same by configuration: ejabberd first, and RongCloud for what it cannot do.
func TestConfiguredRouteSendsThroughEjabberd(t *testing.T) {
	s := startSwitching(t, "ejabberd,rongcloud")
	s.operateRoutes(t, "messages", "ejabberd,rongcloud")
	_, client := s.logIn(t, "1001")
	if by := s.say(t, toUsers("1001"), "hello"); by != "ejabberd" {
		t.Errorf("a text: %s", by)
	}
	if got := texts(t, client, "1001"); !slices.Equal(got, []string{`user 1001: {"text":"hello"}`}) {
		t.Errorf("the client has %v", got)
	}
	got := s.do(t, request{Path: "/api/server/messages/broadcast", Header: serverKey, Body: map[string]any{
		"from": "1002", "content": map[string]any{"kind": "text", "text": "all"}, "online_only": true,
	}})
	if rows := rowsIn(t, got); len(rows) != 1 || rows[0].Vendor != "rongcloud" {
		t.Errorf("a broadcast, which ejabberd does not have: %s", got.Body)
	}

	// Who is erased has no account there any more, and is out.
	job := s.erased(t, s.erase(t, "1001").ID)
	if job.fate("ejabberd", "account") != "done" || job.fate("ejabberd", "connections") != "done" || job.fate("rongcloud", "account") != "asked" {
		t.Errorf("told: %+v", job.Vendors)
	}
	var left []string
	cfg, _ := ejabberdConfig(t)
	if certify.NewEjabberdAPI(t, cfg).Call("registered_users", map[string]any{"host": xmppHost}, &left); slices.Contains(left, "1001") {
		t.Errorf("registered: %v", left)
	}
}
