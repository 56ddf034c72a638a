package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"switchboard/app/realtime"
	"switchboard/app/realtime/realtimesql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

const hookSecret = "whsec_c3dpdGNoYm9hcmQtdGVzdC1zZWNyZXQ="

// backEnd is the app's own URL: it verifies, keeps, and refuses the first calls
// when told to.
type backEnd struct {
	t      testing.TB
	refuse int

	mu   sync.Mutex
	got  []hookBody // guarded by mu
	seen int        // guarded by mu
}

type hookBody struct {
	Type string
	Data struct {
		ID, Vendor, App, From, Target, Text, Session string
		Users                                        []string
		Snapshot                                     bool
		AsOf                                         time.Time `json:"as_of"`
	}
}

func (b *backEnd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	hook, err := standardwebhooks.NewWebhook(hookSecret)
	if err == nil {
		err = hook.Verify(raw, r.Header)
	}
	var body hookBody
	if err == nil {
		err = json.Unmarshal(raw, &body)
	}
	if err != nil {
		b.t.Errorf("a hook that no receiver would take: %v", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen++; b.seen <= b.refuse {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	b.got = append(b.got, body)
}

// await returns what has come, once it is n.
func (b *backEnd) await(n int) []hookBody {
	b.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		b.mu.Lock()
		got := b.got
		b.mu.Unlock()
		if len(got) >= n {
			return got
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%d events of %d came", len(got), n)
		}
	}
}

// atMock calls a mock's admin API.
func atMock(t testing.TB, method, url string, body any) {
	t.Helper()
	raw, _ := json.Marshal(body)
	req, _ := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(raw))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, url, res.StatusCode, answer)
	}
}

func TestVendorsEventsReachTheAppOnceAndSigned(t *testing.T) {
	t.Parallel()
	app := &backEnd{t: t, refuse: 1}
	receiver := httptest.NewServer(app)
	defer receiver.Close()
	words := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(words, []byte("forbidden\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, func(c *Config) {
		c.Events.URL, c.Events.Secret, c.Words.File = receiver.URL, hookSecret, words
	})
	mock := p.mock(t, "rongcloud")
	atMock(t, "PUT", mock+"/_mock/callbacks", map[string]string{
		"callback.online": p.URL + "/callbacks/rongcloud/online", "callback.message": p.URL + "/callbacks/rongcloud", "callback.presend": p.URL + "/callbacks/rongcloud",
	})

	// A user comes: one event, however often the vendor tells of it, and although
	// the app's first answer is an error.
	atMock(t, "POST", mock+"/_mock/faults", map[string]any{"match": map[string]any{"op": "callback.online"}, "action": map[string]any{"kind": "duplicate"}})
	atMock(t, "POST", mock+"/_mock/callbacks/client.online", map[string]string{"user": "ann"})
	if got := app.await(1)[0]; got.Type != "presence.online" || got.Data.Vendor != "rongcloud" || got.Data.From+strings.Join(got.Data.Users, "") != "ann" {
		t.Errorf("%+v", got)
	}

	// A client asks to send: a sensitive word is blocked, anything else passes.
	send := func(text string) {
		content, _ := json.Marshal(map[string]string{"content": text})
		atMock(t, "POST", mock+"/_mock/callbacks/client.send", map[string]string{"from": "ann", "kind": "private", "target": "bob", "objectName": "RC:TxtMsg", "content": string(content)})
	}
	send("this is forbidden")
	send("this is fine")
	var routed []string
	for _, e := range app.await(4) { // online, two questions, one message
		if e.Type == "message.sent" {
			routed = append(routed, e.Data.Text)
		}
	}
	if len(routed) != 1 || routed[0] != "this is fine" {
		t.Errorf("delivered: %q", routed)
	}
	send("this is the end") // a question and a message, behind whatever was repeated
	if n := len(app.await(6)); n != 6 {
		t.Errorf("%d events for six", n)
	}
}

func TestCallbackThatTheVendorDidNotSignIsRefused(t *testing.T) {
	p := start(t, nil)
	for path, status := range map[string]int{
		"/callbacks/rongcloud": 401,
		"/callbacks/rongcloud?appKey=sandbox&nonce=1&timestamp=1700000000000&signature=0123456789012345678901234567890123456789": 401,
		"/callbacks/linkv":  404,
		"/callbacks/nobody": 404,
	} {
		got := p.do(t, request{Path: path, Body: `[{"userid":"ann","status":"0","time":1700000000000}]`})
		if got.Status != status || got.Error == "" {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
}

func TestPairingReachesPeopleOnTheirOwnSocketAndByTheVendorsWord(t *testing.T) {
	// An ask is offered to several at once: 100 is lately active, and so a candidate for 101 as well.
	p := start(t, func(c *Config) { c.Pairing.Keys = map[string]string{"fanout": "3"} })
	rong := p.mock(t, "rongcloud")
	ask := func(user string) (no string) {
		t.Helper()
		got := p.do(t, request{Path: "/api/v1/video/pair/ask", Header: p.as(t, user)})
		var data struct {
			AskNo string `json:"ask_no"`
		}
		got.decode(t, &data)
		return data.AskNo
	}

	// 200 has a session of ours and nothing else: that makes a candidate, and
	// the dispatch comes over it, not over the vendor.
	conn := p.ws(t, p.tokenOf(t, "200", 1), "")
	defer conn.Close()
	asked := ask("100")
	command := string(frame(t, conn))
	for _, part := range []string{`"Type":100`, `\"dispatch\"`, asked} {
		if !strings.Contains(command, part) {
			t.Fatalf("no %s in %s", part, command)
		}
	}
	if strings.Contains(get(t, rong+"/_mock/journal"), "RC%3ACmdMsg") {
		t.Error("the vendor carried a command that a session of ours had")
	}
	p.pair(t, p.as(t, "100"), "pair/cancel", map[string]any{"ask_no": asked})
	conn.Close()

	// 300 is online at the vendor, as the vendor tells, and gets it there.
	atMock(t, "POST", rong+"/_mock/callbacks/client.online", map[string]string{"user": "300"})
	ask("101")
	until(t, "the vendor carries the dispatch to 300", func() bool {
		for entry := range strings.SplitSeq(get(t, rong+"/_mock/journal"), `"seq"`) {
			if strings.Contains(entry, "RC%3ACmdMsg") && strings.Contains(entry, "toUserId=300") {
				return true
			}
		}
		return false
	})
}

func TestAppIsToldWhoComesAndGoesOnOurSessions(t *testing.T) {
	app := &backEnd{t: t}
	receiver := httptest.NewServer(app)
	defer receiver.Close()
	p := start(t, func(c *Config) { c.Events.URL, c.Events.Secret = receiver.URL, hookSecret })
	first := p.ws(t, p.tokenOf(t, "ann", 1), "")
	app.await(1)
	second := p.ws(t, p.tokenOf(t, "ann", 2), "") // another platform: ann is online already
	waitFor(t, "both sessions", func() bool { return p.gauge(t, "switchboard_sessions") == 2 })
	first.Close()
	waitFor(t, "one session", func() bool { return p.gauge(t, "switchboard_sessions") == 1 })
	second.Close()
	var told []string
	for _, e := range app.await(2) {
		told = append(told, e.Type+" "+e.Data.App+" "+e.Data.From+" "+e.Data.Vendor)
	}
	slices.Sort(told)
	if want := []string{"presence.offline 666666 ann switchboard", "presence.online 666666 ann switchboard"}; !slices.Equal(told, want) {
		t.Errorf("%q", told)
	}
}

// A user with sessions at two replicas is online until they have left both.
func TestAppIsToldOnceWhicheverReplicaAUserIsAt(t *testing.T) {
	app := &backEnd{t: t}
	receiver := httptest.NewServer(app)
	defer receiver.Close()
	shared := on(sqldbtest.Postgres(t), "")
	edit := func(c *Config) {
		shared(c)
		c.Events.URL, c.Events.Secret = receiver.URL, hookSecret
	}
	a, b := start(t, edit), start(t, edit)
	first := a.ws(t, a.tokenOf(t, "ann", 1), "")
	if got := app.await(1)[0].Type; got != "presence.online" {
		t.Fatalf("first session: %s", got)
	}
	second := b.ws(t, b.tokenOf(t, "ann", 2), "")
	marker := b.ws(t, b.tokenOf(t, "bob", 1), "") // the same here
	first.Close()
	waitFor(t, "the end of the first", func() bool { return a.gauge(t, "switchboard_sessions") == 0 })
	a.ws(t, a.tokenOf(t, "cid", 1), "") // told after what is told of ann
	for _, e := range app.await(3)[1:] {
		if e.Data.From == "ann" {
			t.Errorf("while ann has a session: %s", e.Type)
		}
	}
	second.Close()
	if got := app.await(4)[3]; got.Type != "presence.offline" || got.Data.From != "ann" {
		t.Errorf("at the end: %s %s", got.Type, got.Data.From)
	}
	marker.Close()
}

// A replica that was killed cannot say who left: the next one to look does.
func TestUsersOfAKilledReplicaAreToldOffline(t *testing.T) {
	app := &backEnd{t: t}
	receiver := httptest.NewServer(app)
	defer receiver.Close()
	folder := t.TempDir()
	left := realtimesql.NewPresence(sqldbtest.Open(t, sqldb.Config{DataDir: folder}))
	if _, err := left.Renew(t.Context(), "killed", time.Nanosecond); err != nil {
		t.Fatal(err)
	}
	if _, err := left.Set(t.Context(), realtime.User{App: sandboxApp, ID: "ann"}, "killed", true); err != nil {
		t.Fatal(err)
	}
	start(t, func(c *Config) { c.DataDir, c.Events.URL, c.Events.Secret = folder, receiver.URL, hookSecret })
	if got := app.await(1)[0]; got.Type != "presence.offline" || got.Data.From != "ann" {
		t.Errorf("%s %s", got.Type, got.Data.From)
	}
}
