package rongcloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	mock "switchboard/mocks/rongcloud"
	"switchboard/vendors"
	"switchboard/vendors/rongcloud"
	"switchboard/vendors/upstream"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		http.DefaultClient.CloseIdleConnections()
	}))
}

// listener is an app server that takes callbacks and answers them through the
// adapter.
type listener struct {
	v       *vendors.Vendor
	verdict func(vendors.Event) vendors.Verdict
	heard   chan vendors.Event

	mu   sync.Mutex // guards errs
	errs []error
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	events, err := l.v.Callbacks.Parse(r, body)
	if err != nil {
		l.mu.Lock()
		l.errs = append(l.errs, fmt.Errorf("%s: %w", body, err))
		l.mu.Unlock()
		w.WriteHeader(http.StatusForbidden)
		return
	}
	var verdict vendors.Verdict
	for _, e := range events {
		if e.Kind == vendors.EventModeration {
			verdict = l.verdict(e)
		}
		l.heard <- e
	}
	reply := l.v.Callbacks.Reply(events, verdict)
	w.Header().Set("Content-Type", reply.ContentType)
	w.WriteHeader(reply.Status)
	_, _ = w.Write(reply.Body)
}

// listen starts a mock whose callbacks reach an adapter of the same account.
func listen(t *testing.T, cfg mock.Config) (*mock.Server, *listener) {
	t.Helper()
	l := &listener{heard: make(chan vendors.Event, 64)}
	srv := httptest.NewServer(l)
	t.Cleanup(srv.Close)
	cfg.Account = mock.Account{AppKey: key, AppSecret: secret}
	cfg.Callbacks = map[string]string{"": srv.URL + "/callbacks/rongcloud/any"}
	m, err := mock.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	l.v, err = rongcloud.Open("rongcloud", config(m.URL), upstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.v.Close)
	return m, l
}

// hear waits for the next event and fails when it is of another kind or action.
func (l *listener) hear(t *testing.T, kind vendors.EventKind, action string) vendors.Event {
	t.Helper()
	select {
	case e := <-l.heard:
		if e.Kind != kind || e.Action != action || e.ID == "" || e.At.IsZero() {
			t.Fatalf("heard %+v, want %s %s", e, kind, action)
		}
		return e
	case <-time.After(60 * time.Second):
		l.mu.Lock()
		defer l.mu.Unlock()
		t.Fatalf("no %s %s; refused: %v", kind, action, l.errs)
		return vendors.Event{}
	}
}

func TestEveryCallbackOfTheMockIsUnderstood(t *testing.T) {
	for name, old := range map[string]bool{"new names": false, "old names": true} {
		t.Run(name, func(t *testing.T) {
			m, l := listen(t, mock.Config{OldCallbackNames: old})
			l.verdict = func(vendors.Event) vendors.Verdict { return vendors.Verdict{} }
			m.AddUser("alice", "Alice")
			m.AddUser("bob", "Bob")
			m.SetOnline("alice", true)
			if e := l.hear(t, vendors.EventPresence, "online"); e.From != "alice" || e.Session == "" {
				t.Errorf("online: %+v", e)
			}
			if _, err := m.Send(mock.ClientMessage{From: "alice", Kind: mock.Private, Target: "bob", ObjectName: "RC:TxtMsg", Content: `{"content":"hi"}`}); err != nil {
				t.Fatal(err)
			}
			asked := l.hear(t, vendors.EventModeration, "asked")
			sent := l.hear(t, vendors.EventMessage, "sent")
			for _, e := range []vendors.Event{asked, sent} {
				if e.From != "alice" || e.Target != "bob" || e.TargetKind != vendors.ToUsers || e.Type != "RC:TxtMsg" || string(e.Content) != `{"content":"hi"}` {
					t.Errorf("%+v", e)
				}
			}
			invite := mock.ClientMessage{From: "alice", Kind: mock.Private, Target: "bob", ObjectName: "RC:VCInvite", Content: `{"callId":"c1","mediaType":2}`}
			if _, err := m.Send(invite); err != nil {
				t.Fatal(err)
			}
			l.hear(t, vendors.EventModeration, "asked")
			if e := l.hear(t, vendors.EventCall, "invited"); e.Session != "c1" {
				t.Errorf("call: %+v", e)
			}
			if err := m.JoinRTC("talk", "bob"); err != nil {
				t.Fatal(err)
			}
			l.hear(t, vendors.EventRoom, "created")
			if e := l.hear(t, vendors.EventRoom, "joined"); e.From != "bob" || e.Target != "talk" || e.Session == "" {
				t.Errorf("join: %+v", e)
			}
			m.SyncRTC("talk")
			if e := l.hear(t, vendors.EventRoom, "synced"); len(e.Users) != 1 {
				t.Errorf("sync: %+v", e)
			}
			m.LeaveRTC("talk", "bob")
			l.hear(t, vendors.EventRoom, "left")
			l.hear(t, vendors.EventRoom, "destroyed")
			m.SetOnline("alice", false)
			l.hear(t, vendors.EventPresence, "offline")
		})
	}
}

func TestChatRoomCallbacksOfTheMockAreUnderstood(t *testing.T) {
	m, l := listen(t, mock.Config{})
	m.AddUser("bob", "Bob")
	if _, err := l.v.ChatRooms.CreateChatRoom(t.Context(), "hall", "Hall"); err != nil {
		t.Fatal(err)
	}
	l.hear(t, vendors.EventChatRoom, "created")
	if err := m.JoinChatRoom("hall", "bob"); err != nil {
		t.Fatal(err)
	}
	if e := l.hear(t, vendors.EventChatRoom, "joined"); e.Target != "hall" || len(e.Users) != 1 || e.Users[0] != "bob" {
		t.Errorf("join: %+v", e)
	}
	m.LeaveChatRoom("hall", "bob")
	l.hear(t, vendors.EventChatRoom, "left")
	if err := l.v.ChatRooms.DestroyChatRoom(t.Context(), "hall"); err != nil {
		t.Fatal(err)
	}
	l.hear(t, vendors.EventChatRoom, "destroyed")
}

func TestVerdictBlocksAndReplacesAtTheVendor(t *testing.T) {
	m, l := listen(t, mock.Config{})
	l.verdict = func(e vendors.Event) vendors.Verdict {
		switch {
		case strings.Contains(string(e.Content), "forbidden"):
			return vendors.Verdict{Block: true, Note: "mind your words"}
		case strings.Contains(string(e.Content), "rude"):
			return vendors.Verdict{Replace: json.RawMessage(`{"content":"***"}`)}
		}
		return vendors.Verdict{}
	}
	for _, user := range []string{"alice", "bob"} {
		m.AddUser(user, user)
	}
	send := func(text string) mock.Receipt {
		r, err := m.Send(mock.ClientMessage{From: "alice", Kind: mock.Private, Target: "bob", ObjectName: "RC:TxtMsg", Content: `{"content":"` + text + `"}`})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := send("forbidden"); !r.Blocked || r.Extra != "mind your words" {
		t.Errorf("forbidden: %+v", r)
	}
	if r := send("rude"); r.Blocked {
		t.Errorf("rude: %+v", r)
	}
	inbox := m.Inbox("bob")
	if len(inbox) != 1 || inbox[0].Content != `{"content":"***"}` {
		t.Errorf("bob got %+v", inbox)
	}
}

func config(baseURL string) rongcloud.Config {
	return rongcloud.Config{AppKey: key, AppSecret: secret, BaseURL: baseURL, CommandData: "object", CallbackAge: 15 * time.Minute}
}

// The adapter's limits shape the calls, so that a vendor which counts never has
// to refuse: what is too much is told as throttled by us.
func TestVendorNeverHasToThrottle(t *testing.T) {
	m, err := mock.Start(mock.Config{Account: mock.Account{AppKey: key, AppSecret: secret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	v, err := rongcloud.Open("rongcloud", config(m.URL), upstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var (
		wg              sync.WaitGroup
		mu              sync.Mutex // guards the counts
		served, refused int
	)
	for range 30 { // the vendor allows 10 in a second
		wg.Go(func() {
			_, err := v.Translator.Translate(ctx, vendors.Translation{Text: "hello", From: "en", To: "zh"})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				served++
			case errors.Is(err, vendors.ErrThrottled):
				refused++
			default:
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	if served == 0 || served+refused != 30 {
		t.Errorf("%d served, %d told to wait", served, refused)
	}
}

func TestCommandDataAsTextIsWhatAStrictVendorTakes(t *testing.T) {
	m, err := mock.Start(mock.Config{Account: mock.Account{AppKey: key, AppSecret: secret}, StrictCommandData: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	for mode, want := range map[string]vendors.Outcome{"string": vendors.OK, "object": vendors.DefiniteNo} {
		cfg := config(m.URL)
		cfg.CommandData = mode
		v, err := rongcloud.Open("rongcloud", cfg, upstream.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(v.Close)
		_, err = v.Messages.Send(t.Context(), vendors.Message{
			Kind: vendors.ToUsers, From: "a", To: []string{"b"},
			Content: vendors.Content{Kind: vendors.Command, Name: "dispatch", Data: json.RawMessage(`{"ask_no":"1"}`)},
		})
		if got := vendors.OutcomeOf(err); got != want {
			t.Errorf("%s: %s (%v), want %s", mode, got, err, want)
		}
	}
}
