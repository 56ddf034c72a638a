package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/app/access"
	mocklinkv "switchboard/mocks/linkv"
	mocklivekit "switchboard/mocks/livekit"
	"switchboard/mocks/mock"
	mockrong "switchboard/mocks/rongcloud"
	mockyoume "switchboard/mocks/youme"
	"switchboard/vendors"
)

// swept is one request of the product API, as the sweep makes it at every vendor that
// serves its path.
type swept struct {
	op    string // method and path, as handlers/product/surface.go and the contract have them
	as    string // which one, of several of a path
	about about  // makes what the request is about, then the request
	blank about  // the request where the vendor can make nothing; nil: as about, and without a body where no vendor is needed

	rows    int               // of a whole success; 0: the answer has none
	code    map[string]string // by which a vendor refuses it, where that is not usualNo
	read    bool              // nothing is written down: no key, no doubt
	here    bool              // no vendor is asked: by what is kept here, or what is made here
	soft    bool              // answered without the vendor as well; data.reason says what is missing
	widely  bool              // every routed account is told; the answer is about the one's row
	partial map[string]part   // by vendor, of what names several targets
	looks   map[string]string // by vendor: its operation that writes, where something is read before it
	shared  sharing           // where another app has the same account
	shows   string            // what a read shows of the app's own, with NAME for the cell's name
	look    string            // a path whose answer another app's request must not change
	lacks   map[string]string // cases that there cannot be, or "case at vendor": why
}

// part is a request that is done for some of its targets alone.
type part struct {
	about about  // nil: as for the whole
	op    string // of the vendor's, whose second call is refused; empty: no call is
}

// sharing is what becomes of a request about another app's thing at an account that both
// apps have.
type sharing string

const (
	forbidden sharing = "forbidden" // 403, with a reason, before any call
	unknown   sharing = "unknown"   // 404, before any call
	apart     sharing = "apart"     // done to a thing of the app's own
	ours      sharing = "ours"      // done here, and refused at the account before any call
	together  sharing = "together"  // users, their messages and coins are both apps' (docs/limits.md#vendors)
)

// asked is what a request says. Parameters of the path that are not given are the cell's
// name, and user 1001.
type asked struct {
	in    map[string]string
	query string
	body  any
}

// cell is one request: whose back end makes it, at which vendor, and a name that nothing
// else has.
type cell struct{ app, vendor, name string }

func (c cell) account() string {
	if c.app == appAlone {
		return c.vendor
	}
	return c.vendor + ":b"
}

// Of the apps one has accounts of its own, and two have accounts together.
const appAlone, appLeft, appRight = "alone", "left", "right"

// far is an account's vendor.
type far struct {
	*mock.Namespace
	join  func(room, user string) error
	about string // the name of the cell that asks it now
}

// cellNames finds names of cells in what a vendor was asked.
var cellNames = regexp.MustCompile(`\bs\d+\b`)

// calls are what the vendor was asked since its journal was cleared, less what is asked
// beside requests: the word list, and a minute later what became of an earlier cell's
// group or chat room in doubt.
func (f *far) calls() (n int) {
	for _, e := range f.Journal.Find(mock.Filter{}) {
		of := cellNames.FindAllString(e.Path+" "+e.Query.Encode()+" "+e.Request, -1)
		earlier := of != nil && !slices.Contains(of, f.about)
		if e.Path != "/sensitiveword/list.json" && !strings.HasPrefix(e.Path, "http") && !earlier {
			n++
		}
	}
	return n
}

func (f *far) clear() { f.Faults.Clear(); f.Journal.Clear() }

type sweep struct {
	*process
	far    map[string]*far              // by account
	route  map[string][]string          // by vendor: the capabilities that it can be routed for
	paths  []listedPath                 // as the program lists them while the vendor is routed
	tokens map[string]map[string]string // headers of users, by app and user
	n      int
}

var sweptVendors = []string{"rongcloud", "linkv", "youme", "livekit"}

// start starts the program and the vendors' mocks.
func (s *sweep) start(t *testing.T) {
	t.Helper()
	urls := map[string]string{}
	for _, suffix := range []string{"", ":b"} {
		s.startFar(t, suffix, urls)
	}
	path := filepath.Join(t.TempDir(), "accounts.json")
	file := map[string][]key{}
	for _, v := range sweptVendors {
		file[v+":b"] = []key{{"base_url": urls[v+":b"]}}
	}
	writeAccounts(t, path, file)
	words := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(words, []byte("casino\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.process = start(t, func(c *Config) {
		c.AccountsFile, c.AdminKey = path, sandboxAdmin
		c.Ledger.FirstCheck, c.Words.Sync = time.Hour, time.Hour // nothing is asked beside the requests
		c.Words.File = words
		c.Apps = access.Apps{tenant(appAlone, sweptVendors...)}
		for _, app := range []string{appLeft, appRight} {
			c.Apps = append(c.Apps, tenant(app, "rongcloud:b", "linkv:b", "youme:b", "livekit:b"))
		}
		c.RongCloud.AppKey, c.RongCloud.AppSecret, c.RongCloud.BaseURL = "app", sandboxSecret, urls["rongcloud"]
		c.LinkV.AppID, c.LinkV.AppKey, c.LinkV.AppSecret, c.LinkV.BaseURL = "imapp", "imkey", sandboxSecret, urls["linkv"]
		c.LinkV.LiveAppID, c.LinkV.LiveAppSecret = sweptLive, sandboxSecret
		c.YouMe.AppKey, c.YouMe.AppSecret, c.YouMe.AppID, c.YouMe.BaseURL = "YOUME1", sandboxSecret, 1000, urls["youme"]
		c.LiveKit.BaseURL, c.LiveKit.APIKey, c.LiveKit.APISecret, c.LiveKit.Egress = urls["livekit"], "key", sandboxSecret, true
	})
	for account := range s.far { // what is planted here must open no breaker
		s.breaker(t, account, "closed")
	}
	s.seen = map[string]map[int]bool{}
	s.findRoutes(t)
}

const sweptLive = "LM6000000000000000000001"

// startFar starts each vendor's mock, and notes where it is.
func (s *sweep) startFar(t *testing.T, suffix string, urls map[string]string) {
	t.Helper()
	opened := func(vendor, url string, stop func() error, f *far, err error) {
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = stop() })
		urls[vendor+suffix], s.far[vendor+suffix] = url, f
	}
	rong, err := mockrong.Start(mockrong.Config{WordQuota: 1000, Account: mockrong.Account{AppKey: "app", AppSecret: sandboxSecret}})
	opened("rongcloud", rong.URL, rong.Close, &far{Namespace: rong.Default().Namespace, join: func(room, user string) error { return joinRong(rong, room, user) }}, err)
	for _, user := range []string{"1001", "1002", "1003", "1004"} {
		rong.Default().AddUser(user, user)
	}
	linkv, err := mocklinkv.Start(mocklinkv.Config{StartBalance: 1000, Account: mocklinkv.Account{
		AppID: "imapp", AppKey: "imkey", AppSecret: sandboxSecret, LiveAppID: sweptLive, LiveAppSecret: sandboxSecret}})
	opened("linkv", linkv.URL, linkv.Close, &far{Namespace: linkv.Default().Namespace}, err)
	youme, err := mockyoume.Start(mockyoume.Config{Account: mockyoume.Account{AppKey: "YOUME1", AppSecret: sandboxSecret, AppID: 1000, Identifier: "admin"}})
	opened("youme", youme.URL, youme.Close, &far{Namespace: youme.Default().Namespace, join: func(room, user string) error {
		return youme.Default().Join(room, user, mockyoume.Media{Audio: true})
	}}, err)
	livekit, err := mocklivekit.Start(mocklivekit.Config{NoAnswer: time.Millisecond, Account: mocklivekit.Account{APIKey: "key", APISecret: sandboxSecret}})
	opened("livekit", livekit.URL, livekit.Close, &far{Namespace: livekit.Default().Namespace, join: func(room, user string) error {
		livekit.Default().Enter(room, user)
		livekit.Default().Publish(room, user, mocklivekit.Microphone)
		return nil
	}}, err)
}

// findRoutes notes which vendor can be routed for what. A vendor with nothing of a
// capability is refused.
func (s *sweep) findRoutes(t *testing.T) {
	t.Helper()
	s.route = map[string][]string{}
	for _, vendor := range sweptVendors {
		for _, c := range vendors.Capabilities() {
			got := s.do(t, request{Method: "PUT", Path: "/admin/routes", Header: adminKey, Body: map[string]any{"by": "test", "routes": map[string]string{}, "apps": map[string]any{appAlone: map[string]string{string(c): vendor}}}})
			switch {
			case got.Status == http.StatusOK:
				s.route[vendor] = append(s.route[vendor], string(c))
			case got.Status != 422 || !strings.Contains(string(got.Body), "cannot do that"):
				t.Fatalf("%s to %s: %d %s", c, vendor, got.Status, got.Body)
			}
		}
	}
}

// routeAll routes everything that the vendor can be routed for to it alone, for each app.
func (s *sweep) routeAll(t *testing.T, vendor string) {
	t.Helper()
	apps := map[string]map[string]string{}
	for _, app := range []string{appAlone, appLeft, appRight} {
		apps[app] = map[string]string{}
		for _, c := range s.route[vendor] {
			apps[app][c] = cell{app: app, vendor: vendor}.account()
		}
	}
	s.operate(t, "PUT", "/admin/routes", map[string]any{"by": "test", "routes": map[string]string{}, "apps": apps}, nil)
	var out struct{ Paths []listedPath }
	s.server(t, cell{app: appAlone}, "GET", "/capabilities", nil).decode(t, &out)
	s.paths = out.Paths
	for account := range s.far {
		s.far[account].clear()
	}
	if !slices.Contains(s.route[vendor], "tokens") {
		return
	}
	for _, app := range []string{appAlone, appLeft, appRight} {
		for _, user := range []string{"1001", "1002", "1003"} {
			s.credential(t, s.client(t, app, user))
		}
	}
}

// client is what a client of the app's user sends.
func (s *sweep) client(t *testing.T, app, user string) map[string]string {
	t.Helper()
	who := app + "/" + user
	if s.tokens[who] == nil {
		s.tokens[who] = map[string]string{"Authorization": "Bearer " + s.tokenIn(t, app, user)}
	}
	return s.tokens[who]
}

// server makes a call of the app's back end that is to succeed.
func (s *sweep) server(t *testing.T, c cell, method, path string, body any) answer {
	t.Helper()
	got := s.do(t, request{Method: method, Path: "/api/server" + path, Header: backEndOf(c.app), Body: body})
	if got.Code != 0 {
		t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Body)
	}
	return got
}

// fresh is a cell with a name of its own.
func (s *sweep) cell(app, vendor string) cell {
	s.n++
	return cell{app, vendor, fmt.Sprint("s", s.n)}
}

// request is what c sends, given what was made before. Who of the clients calls is
// named by the cell, so that nothing of an earlier one is remembered.
func (s *sweep) request(t *testing.T, w swept, c cell, a asked) request {
	t.Helper()
	method, path, _ := strings.Cut(w.op, " ")
	for _, name := range []string{"user", "group", "room", "recording", "erasure", "device"} {
		value := a.in[name]
		if value == "" && name == "user" {
			value = "1001"
		}
		if value == "" {
			value = c.name
		}
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	r := request{Method: method, Path: path + a.query, Body: a.body}
	switch {
	case strings.HasPrefix(path, "/api/v1/"):
		r.Header = s.client(t, c.app, c.name)
	case w.read:
		r.Header = backEndOf(c.app)
	default:
		r.Header = with(backEndOf(c.app), "Idempotency-Key", c.name)
	}
	return r
}

// ready makes what the request is about, and forgets that the vendor heard of it.
func (s *sweep) ready(t *testing.T, w swept, c cell, about about) request {
	t.Helper()
	if f := s.far[c.account()]; f != nil {
		f.clear()
		f.about = c.name
		defer f.clear()
	}
	a := asked{}
	if about != nil {
		a = about(s, t, c)
	}
	r := s.request(t, w, c, a)
	return r
}

func (w swept) name() string { return strings.TrimSpace(w.op + " " + w.as) }

// listed is the path as the program lists it, and what the vendor can of it.
func (s *sweep) listed(t *testing.T, w swept, vendor string) (l listedPath, state string) {
	t.Helper()
	for _, l := range s.paths {
		if l.Method+" "+l.Path != w.op {
			continue
		}
		for _, v := range l.Vendors {
			if v.Vendor == vendor {
				return l, v.State
			}
		}
	}
	t.Fatalf("%s at %s is not listed", w.op, vendor)
	return l, ""
}

// Every path at every vendor: done, repeated, repeated with another body, refused, with
// the vendor away, in doubt, done in part, and asked by another app, with accounts of its
// own and with the same account. What the contract says of answers is what is seen here.
//
// It waits more than it works, for commits and for what is tried again, so each vendor has
// a program of its own and they are asked side by side.
func TestEveryPathIsAnsweredByWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	parts := map[string]func(*sweep, *testing.T){
		"our own": func(s *sweep, t *testing.T) { s.ownPaths(t); s.nonsense(t); s.tooOften(t) },
	}
	for _, vendor := range sweptVendors {
		parts["at "+vendor] = func(s *sweep, t *testing.T) { s.everyPath(t, vendor) }
	}
	sweeps := map[string]*sweep{}
	t.Run("paths", func(t *testing.T) {
		for name, part := range parts {
			s := &sweep{far: map[string]*far{}, tokens: map[string]map[string]string{}}
			sweeps[name] = s
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s.start(t)
				part(s, t)
			})
		}
	})
	holdContract(t, sweeps)
}

// everyPath asks all that there is at one vendor.
func (s *sweep) everyPath(t *testing.T, vendor string) {
	s.routeAll(t, vendor)
	for _, w := range sweptTable() {
		t.Run(strings.ReplaceAll(w.name(), "/", "."), func(t *testing.T) {
			t.Cleanup(s.far[vendor].clear)
			s.at(t, w, vendor)
		})
	}
	if vendor == "livekit" {
		t.Run("a recording that is another room's", s.strangeRecordings)
	}
}

// The table has every path that needs a vendor, and each of its vendors has every case
// that there can be.
func TestTheSweepLeavesNoPathOut(t *testing.T) {
	s := &sweep{process: start(t, nil)}
	paths, _ := s.capabilities(t)
	table := sweptTable()
	for _, l := range paths {
		if !slices.ContainsFunc(table, func(w swept) bool { return w.op == l.Method+" "+l.Path }) {
			t.Errorf("%s %s is not swept", l.Method, l.Path)
		}
	}
}
