package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"switchboard/app/access"
	"switchboard/app/ratelimit"
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

func startSweep(t *testing.T) *sweep {
	t.Helper()
	s := &sweep{far: map[string]*far{}, tokens: map[string]map[string]string{}}
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
	s.findRoutes(t)
	return s
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
func TestEveryPathIsAnsweredByWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	s := startSweep(t)
	s.seen = map[string]map[int]bool{}
	for _, vendor := range sweptVendors {
		s.routeAll(t, vendor)
		for _, w := range sweptTable() {
			t.Run(strings.ReplaceAll(w.name(), "/", ".")+" at "+vendor, func(t *testing.T) {
				t.Cleanup(s.far[vendor].clear)
				s.at(t, w, vendor)
			})
		}
	}
	t.Run("a recording that is another room's", s.strangeRecordings)
	t.Run("paths of our own", s.ownPaths)
	s.nonsense(t)
	s.tooOften(t)
	s.holdContract(t)
}

// strangeRecordings: a recording is stopped as one of its own room alone, whoever asks.
func (s *sweep) strangeRecordings(t *testing.T) {
	theirs := s.cell(appLeft, "livekit")
	recording := recordedRoom(s, t, theirs).in
	for _, app := range []string{appLeft, appRight, appAlone} {
		mine := s.cell(app, "livekit")
		recordedRoom(s, t, mine)
		r := s.request(t, swept{op: "POST /api/server/rooms/{room}/recordings/{recording}/stop"}, mine, asked{in: recording, body: map[string]any{}})
		if got := s.do(t, r); got.Status != 404 || got.Code != 100104 {
			t.Errorf("by %s, of a room of its own: %d %s", app, got.Status, got.Body)
		}
	}
	if list := s.server(t, theirs, "GET", "/rooms/"+theirs.name+"/recordings", nil); !strings.Contains(string(list.Body), `"status":"active"`) {
		t.Errorf("it was stopped: %s", list.Body)
	}
}

// nonsense asks every path without a key, with too much, and with what cannot be read.
func (s *sweep) nonsense(t *testing.T) {
	c := s.cell(appAlone, "")
	for op := range contractOps(t) {
		w := swept{op: op, read: true}
		r := s.request(t, w, c, asked{})
		r.Bad = true
		for what, bad := range map[string]request{
			"401 no key":   {Method: r.Method, Path: r.Path, Bad: true},
			"413 too much": {Method: r.Method, Path: r.Path, Header: r.Header, Bad: true, Body: strings.Repeat(" ", 1<<20+1)},
		} {
			if got := s.do(t, bad); fmt.Sprint(got.Status) != what[:3] {
				t.Errorf("%s, %s: %d %.200s", op, what, got.Status, got.Body)
			}
		}
		if r.Method != "GET" {
			r.Body = "[]"
		}
		for _, name := range []string{"user", "group", "room", "device"} {
			if strings.Contains(op, "{"+name+"}") {
				r.Path = s.request(t, w, c, asked{in: map[string]string{name: strings.Repeat("x", 65)}}).Path
			}
		}
		if query := badQueries[op]; query != "" {
			r.Path += query
		}
		if got := s.do(t, r); got.Status != 400 && s.mayBeWrong(t, op) {
			t.Errorf("%s %s with nonsense: %d %.200s", r.Method, r.Path, got.Status, got.Body)
		}
	}
}

// badQueries are queries that cannot be, of paths that take nothing else.
var badQueries = map[string]string{
	"GET /api/server/words": "?limit=0", "GET /api/server/groups": "?limit=0", "GET /api/server/chatrooms": "?limit=0", "GET /api/server/messages/history": "?limit=0",
	"GET /api/server/rooms": "?vendor=nobody", "GET /api/server/pair/hosts": "?scene=100",
}

// mayBeWrong reports whether the contract has an answer to nonsense.
func (s *sweep) mayBeWrong(t *testing.T, op string) bool {
	return contractOps(t)[op].Responses.Value("400") != nil
}

// tooOften asks every path of a program that has answered enough.
func (s *sweep) tooOften(t *testing.T) {
	p := start(t, func(c *Config) { c.Limit.App = ratelimit.Rate{N: 2, Per: time.Hour} })
	client := p.as(t, "1001")
	p.do(t, request{Method: "GET", Path: "/api/server/capabilities", Header: serverKey})
	p.seen = s.seen
	for op := range contractOps(t) {
		r := s.request(t, swept{op: op, read: true}, cell{app: appAlone, name: "x"}, asked{})
		r.Bad, r.Header = true, serverKey
		if strings.Contains(op, "/api/v1/") {
			r.Header = client
		}
		tooMany(t, op, p.do(t, r), 100107)
	}
}

// contractOps are the operations of the product API in the contract.
func contractOps(t *testing.T) map[string]*openapi3.Operation {
	t.Helper()
	out := map[string]*openapi3.Operation{}
	for path, item := range contractDoc(t).Paths.Map() {
		for method, op := range item.Operations() {
			if strings.HasPrefix(path, "/api/") {
				out[method+" "+path] = op
			}
		}
	}
	return out
}

// holdContract: the contract lists each status that was seen, by its number, and none
// that was not, but for those that unseen has.
func (s *sweep) holdContract(t *testing.T) {
	for op, doc := range contractOps(t) {
		var listed, seen []string
		for status := range doc.Responses.Map() {
			if status != "default" && unseen[op+" "+status] == "" && unseen[status] == "" {
				listed = append(listed, status)
			}
		}
		for status := range s.seen[op] {
			seen = append(seen, fmt.Sprint(status))
		}
		if !slices.ContainsFunc(s.paths, func(l listedPath) bool { return l.Method+" "+l.Path == op }) {
			seen = append(seen, "200") // it needs no vendor: how it is served has tests of its own
		}
		seen = slices.Compact(slices.Sorted(slices.Values(seen)))
		if slices.Sort(listed); !slices.Equal(listed, seen) {
			t.Errorf("%s: the contract lists %v, and %v were seen", op, listed, seen)
		}
	}
}

// unseen are statuses that the contract lists and the sweep does not meet, by themselves or with an
// operation, and why.
var unseen = map[string]string{}

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

// at tries all cases of w at one vendor.
func (s *sweep) at(t *testing.T, w swept, vendor string) {
	l, state := s.listed(t, w, vendor)
	cases := map[string]func(*testing.T, swept, string){
		"done": s.done, "refused": s.refused, "away": s.away, "doubt": s.doubted, "partial": s.partly, "own account": s.ownAccount, "shared account": s.sharedAccount,
	}
	switch {
	case state == "cannot" && !w.widely:
		s.cannot(t, w, l, vendor)
		return
	case state == "cannot" || state == "kept":
		if !w.read && !w.here {
			return // others are told, or nobody
		}
		cases = map[string]func(*testing.T, swept, string){"kept": s.kept}
	}
	if w.read || !w.many(t) {
		delete(cases, "partial")
	}
	for _, name := range []string{"kept", "done", "refused", "away", "doubt", "partial", "own account", "shared account"} {
		why := w.lacks[name]
		if why == "" {
			why = w.lacks[name+" at "+vendor]
		}
		if try := cases[name]; try != nil && why == "" {
			t.Run(name, func(t *testing.T) { try(t, w, vendor) })
		}
	}
}

// many reports whether the contract has a list of targets in the request's body.
func (w swept) many(t *testing.T) bool {
	t.Helper()
	method, path, _ := strings.Cut(w.op, " ")
	op := contractDoc(t).Paths.Value(path).GetOperation(method)
	if op.RequestBody == nil {
		return false
	}
	list := false
	for name, p := range fieldsOf(op.RequestBody.Value.Content["application/json"].Schema.Value) {
		if p.Type != nil && p.Type.Is("object") {
			for _, in := range p.Properties {
				list = list || in.Value.Type != nil && in.Value.Type.Is("array")
			}
		}
		list = list || p.Type != nil && p.Type.Is("array") && name != "publish"
	}
	return list
}

func (s *sweep) cannot(t *testing.T, w swept, l listedPath, vendor string) {
	t.Helper()
	var able []string
	routed := false
	for _, v := range l.Vendors {
		routed = routed || v.Routed && v.Vendor == vendor
		if v.State == "can" || v.State == "emulated" {
			able = append(able, v.Vendor)
		}
	}
	if !routed {
		return // it cannot even be routed: findRoutes saw that
	}
	make := w.blank
	if make == nil {
		make = w.about
	}
	got := s.do(t, s.ready(t, w, s.cell(appAlone, vendor), make))
	var data struct{ Unable, Able []string }
	if got.Status != 501 || got.Code != 100111 || s.far[vendor].calls() != 0 {
		t.Fatalf("%d %s after %d calls", got.Status, got.Body, s.far[vendor].calls())
	}
	got.decode(t, &data)
	if !slices.Equal(data.Able, able) {
		t.Errorf("%v could, and the answer says %s", able, got.Body)
	}
}

func (s *sweep) kept(t *testing.T, w swept, vendor string) {
	got := s.do(t, s.ready(t, w, s.cell(appAlone, vendor), w.blank))
	if got.Status != 200 && got.Status != 404 && got.Status != 501 || s.far[vendor].calls() != 0 {
		t.Errorf("%d %s after %d calls", got.Status, got.Body, s.far[vendor].calls())
	}
}

func (s *sweep) done(t *testing.T, w swept, vendor string) {
	c := s.cell(appAlone, vendor)
	r := s.ready(t, w, c, w.about)
	first := s.do(t, r)
	rows := w.rowsOf(t, first, vendor)
	if first.Status != 200 || first.Code != 0 && !(w.widely && first.Code == codePartly) || len(rows) != w.rows {
		t.Fatalf("%d %s", first.Status, first.Body)
	}
	for _, row := range rows {
		if row.State != "accepted" && row.State != "already" || row.Vendor != vendor {
			t.Errorf("%+v", row)
		}
	}
	if shows := strings.ReplaceAll(w.shows, "NAME", c.name); !strings.Contains(string(first.Data), shows) {
		t.Errorf("%s does not show %s", first.Body, shows)
	}
	before := s.far[vendor].calls()
	if (before == 0) != w.here {
		t.Errorf("%d calls", before)
	}
	if w.read {
		return
	}
	again := s.do(t, r)
	if again.Header.Get("Idempotent-Replayed") != "true" || !bytes.Equal(first.Data, again.Data) || again.Code != first.Code || s.far[vendor].calls() != before {
		t.Errorf("repeated: %d %s, %d calls after %d", again.Status, again.Body, s.far[vendor].calls(), before)
	}
	other := s.ready(t, w, s.cell(appAlone, vendor), w.about)
	other.Header = r.Header
	if strings.Contains(w.op, "{user}") {
		other.Path = strings.Replace(other.Path, "1001", "1004", 1)
	}
	if got := s.do(t, other); got.Status != 409 || got.Code != 100113 || s.far[vendor].calls() != 0 {
		t.Errorf("another request with the key: %d %s after %+v", got.Status, got.Body, s.far[vendor].Journal.Find(mock.Filter{}))
	}
}

// rowsOf are the rows of an answer; where every account is told, those of the vendor.
func (w swept) rowsOf(t *testing.T, a answer, vendor string) (rows []rowIn) {
	t.Helper()
	for _, r := range rowsIn(t, a) {
		if !w.widely || r.Vendor == vendor {
			rows = append(rows, r)
		}
	}
	return rows
}

// failed holds that got is a failure of that status and code, or, where every account is
// told, that the vendor's rows are in the state.
func (w swept) failed(t *testing.T, got answer, vendor string, status, code int, state string) {
	t.Helper()
	rows := w.rowsOf(t, got, vendor)
	switch {
	case w.soft:
		status, code = 200, 0
		if !strings.Contains(string(got.Data), `"reason":"`) {
			t.Errorf("without a reason: %s", got.Body)
		}
	case w.widely: // the whole is as the other accounts have it too
		status, code = got.Status, got.Code
		if len(rows) == 0 || code == 0 {
			t.Errorf("%s is left out: %s", vendor, got.Body)
		}
	}
	if got.Status != status || got.Code != code {
		t.Errorf("%d %s, want %d %d", got.Status, got.Body, status, code)
	}
	for _, row := range rows {
		if row.State != state || row.Reason == "" {
			t.Errorf("%+v, want %s", row, state)
		}
	}
}

func (s *sweep) refused(t *testing.T, w swept, vendor string) {
	if w.here {
		return
	}
	no := usualNo[vendor]
	if w.code[vendor] != "" {
		no = w.code[vendor]
	}
	r := s.ready(t, w, s.cell(appAlone, vendor), w.about)
	s.far[vendor].Faults.Next("", 9, mock.Action{Kind: mock.Code, Code: no})
	got := s.do(t, r)
	w.failed(t, got, vendor, 422, 100110, "refused")
	s.far[vendor].clear()
	if w.read {
		return
	}
	if again := s.do(t, r); again.Code != got.Code || again.Header.Get("Idempotent-Replayed") != "true" || s.far[vendor].calls() != 0 {
		t.Errorf("repeated: %d %s", again.Status, again.Body)
	}
}

// away: nothing was done, and the same key serves once the vendor is back.
func (s *sweep) away(t *testing.T, w swept, vendor string) {
	r := s.ready(t, w, s.cell(appAlone, vendor), w.about)
	s.breaker(t, vendor, "open")
	got := s.do(t, r)
	s.breaker(t, vendor, "closed")
	if w.here {
		if got.Code != 0 {
			t.Errorf("it is answered here: %d %s", got.Status, got.Body)
		}
		return
	}
	w.failed(t, got, vendor, 503, 100108, "refused")
	if !w.soft && (!w.widely && got.Header.Get("Retry-After") == "" || s.far[vendor].calls() != 0) {
		t.Errorf("%d %s, %d calls", got.Status, got.Body, s.far[vendor].calls())
	}
	if again := s.do(t, r); again.Code != 0 && !w.widely {
		t.Errorf("back again: %d %s", again.Status, again.Body)
	}
}

// lostLook: what is read before the write is lost. Nothing was written, and the same key
// serves.
func (s *sweep) lostLook(t *testing.T, w swept, vendor string) {
	r := s.ready(t, w, s.cell(appAlone, vendor), w.about)
	s.far[vendor].Faults.Next("", 9, mock.Action{Kind: mock.Drop, After: true})
	w.failed(t, s.do(t, r), vendor, 503, 100108, "")
	s.far[vendor].clear()
	if again := s.do(t, r); again.Code != 0 || again.Header.Get("Idempotent-Replayed") != "" {
		t.Errorf("again, after a lost look: %d %s", again.Status, again.Body)
	}
}

// doubted: the vendor executes and does not answer, and a repeat makes nothing again. How
// the ledger finds out what became of it is not asked here. A read has no doubt.
func (s *sweep) doubted(t *testing.T, w swept, vendor string) {
	if w.here {
		return
	}
	if w.looks[vendor] != "" {
		s.lostLook(t, w, vendor)
	}
	r := s.ready(t, w, s.cell(appAlone, vendor), w.about)
	s.far[vendor].Faults.Next(w.looks[vendor], 9, mock.Action{Kind: mock.Drop, After: true})
	got := s.do(t, r)
	if w.read {
		w.failed(t, got, vendor, 503, 100108, "")
		return
	}
	w.failed(t, got, vendor, 504, 100109, "unknown")
	s.sameAgain(t, r, got, vendor)
	if w.widely { // and every other account leaves it in doubt as well
		r := s.ready(t, w, s.cell(appAlone, vendor), w.about)
		for _, v := range sweptVendors {
			s.far[v].clear()
			s.far[v].Faults.Next("", 9, mock.Action{Kind: mock.Drop, After: true})
		}
		s.sameAgain(t, r, s.do(t, r), sweptVendors...)
	}
}

// sameAgain: a repeat of what is in doubt, or in part, is told the same and asks no vendor.
func (s *sweep) sameAgain(t *testing.T, r request, got answer, at ...string) {
	t.Helper()
	before := 0
	for _, vendor := range at {
		before += s.far[vendor].calls()
		s.far[vendor].Faults.Clear()
	}
	again := s.do(t, r)
	for _, vendor := range at {
		before -= s.far[vendor].calls()
	}
	if again.Status != got.Status || again.Code != got.Code || !bytes.Equal(again.Data, got.Data) || again.Header.Get("Idempotent-Replayed") != "true" || before != 0 {
		t.Errorf("%d %s; repeated: %d %s, %d more calls", got.Status, got.Body, again.Status, again.Body, -before)
	}
}

// partly: some targets are done and some are not, and the key says so again.
func (s *sweep) partly(t *testing.T, w swept, vendor string) {
	p, has := w.partial[vendor]
	if !has {
		t.Fatalf("it names several targets: how is it done in part at %s?", vendor)
	}
	if p.about == nil {
		p.about = w.about
	}
	c := s.cell(appAlone, vendor)
	r := s.ready(t, w, c, p.about)
	if p.op != "" {
		if _, err := s.far[vendor].Faults.Add(mock.Match{Op: p.op, Nth: 2}, mock.Action{Kind: mock.Code, Code: usualNo[vendor]}); err != nil {
			t.Fatal(err)
		}
	}
	got := s.do(t, r)
	states := w.fates(t, got)
	for _, row := range rowsIn(t, got) {
		if (row.State == "refused" || row.State == "unknown") != (row.Reason != "") {
			t.Errorf("%+v", row)
		}
	}
	if got.Status != 200 || got.Code != codePartly || states["accepted"] == 0 || states["refused"] == 0 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	before := s.far[vendor].calls()
	if again := s.do(t, r); !bytes.Equal(got.Data, again.Data) || again.Code != codePartly || again.Header.Get("Idempotent-Replayed") != "true" || s.far[vendor].calls() != before {
		t.Errorf("repeated: %d %s, %d calls after %d", again.Status, again.Body, s.far[vendor].calls(), before)
	}
}

// fates counts the targets by what became of them.
func (w swept) fates(t *testing.T, got answer) map[string]int {
	t.Helper()
	var sent struct {
		Accepted int
		Failed   []struct{ Code int }
	}
	_ = json.Unmarshal(got.Data, &sent)
	states := map[string]int{"accepted": sent.Accepted, "refused": len(sent.Failed)}
	for _, row := range rowsIn(t, got) {
		states[row.State]++
	}
	return states
}

// ownAccount: another app asks for the same, by the same ids, at accounts of its own.
func (s *sweep) ownAccount(t *testing.T, w swept, vendor string) {
	if _, calls := s.asked(t, w, s.cell(appAlone, vendor), appLeft); calls != 0 {
		t.Errorf("the first app's account was asked %d times: %+v", calls, s.far[vendor].Journal.Find(mock.Filter{}))
	}
}

// sharedAccount: another app asks for the same, by the same ids, at the same account.
func (s *sweep) sharedAccount(t *testing.T, w swept, vendor string) {
	got, calls := s.asked(t, w, s.cell(appLeft, vendor), appRight)
	switch w.shared {
	case forbidden:
		if got.Status != 403 || got.Code != 100103 || got.Err == nil || *got.Err == "" || calls != 0 {
			t.Errorf("%d %s after %d calls", got.Status, got.Body, calls)
		}
	case unknown:
		if got.Status != 404 || got.Code != 100104 || calls != 0 {
			t.Errorf("%d %s after %d calls", got.Status, got.Body, calls)
		}
	case ours:
		if got.Status != 200 || got.Code != 0 && got.Code != codePartly || calls != 0 || !strings.Contains(string(got.Data), "other apps") {
			t.Errorf("%d %s after %d calls", got.Status, got.Body, calls)
		}
	case apart, together:
		if got.Status != 200 || got.Code != 0 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	default:
		t.Errorf("what becomes of it at an account that apps share?")
	}
}

// asked has another app make c's request, and holds that it sees and changes nothing of
// c's app. It tells how often c's account was called.
func (s *sweep) asked(t *testing.T, w swept, c cell, by string) (got answer, calls int) {
	t.Helper()
	r := s.ready(t, w, c, w.about)
	before := s.look(t, w, c)
	s.far[c.account()].clear()
	r.Header = s.request(t, w, cell{by, c.vendor, c.name}, asked{}).Header
	got = s.do(t, r)
	calls = s.far[c.account()].calls()
	if shows := strings.ReplaceAll(w.shows, "NAME", c.name); shows != "" && w.shared != together && strings.Contains(string(got.Data), shows) {
		t.Errorf("the other app's %s is shown: %s", shows, got.Body)
	}
	if after := s.look(t, w, c); after != before {
		t.Errorf("the first app sees %s, and saw %s", after, before)
	}
	return got, calls
}

// look is what c's app sees of the thing.
func (s *sweep) look(t *testing.T, w swept, c cell) string {
	t.Helper()
	if w.look == "" {
		return ""
	}
	got := s.server(t, c, "GET", strings.ReplaceAll(w.look, "NAME", c.name), nil)
	var data map[string]json.RawMessage
	got.decode(t, &data)
	delete(data, "as_of")
	raw, _ := json.Marshal(data)
	return string(raw)
}

// fieldsOf are the members that a body may have.
func fieldsOf(s *openapi3.Schema) map[string]*openapi3.Schema {
	out := map[string]*openapi3.Schema{}
	for _, part := range s.AllOf {
		maps.Copy(out, fieldsOf(part.Value))
	}
	for name, p := range s.Properties {
		out[name] = p.Value
	}
	return out
}
