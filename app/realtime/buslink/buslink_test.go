package buslink

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"switchboard/app/bus"
	"switchboard/app/conversation"
	"switchboard/app/realtime"
	"switchboard/app/realtime/wire"
)

var ann = realtime.User{App: "a", ID: "ann"}

// quiet is a log without messages, and a store in which ann is banned or not.
type quiet struct {
	every   time.Duration // Receiver.BansEvery; 0: 1 ms
	mu      sync.Mutex    // guards the rest
	banned  bool
	tick    int64
	unread  error // of BanTick
	forgets int
}

func (q *quiet) forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.forgets++
}

func (*quiet) Last(context.Context, string) (string, error) { return "", nil }
func (*quiet) After(context.Context, string, string, int) ([]*realtime.Message, error) {
	return nil, nil
}
func (*quiet) Missed(context.Context, realtime.User, string) ([]*realtime.Message, bool, error) {
	return nil, true, nil
}
func (*quiet) Joined(context.Context, realtime.User) ([]realtime.Joined, error) {
	return []realtime.Joined{{Conversation: "c", MemberVersion: 1}}, nil
}
func (*quiet) Changes(context.Context, string, string, int64) ([]realtime.Change, int64, error) {
	return []realtime.Change{{User: "ann"}}, 1, nil
}
func (*quiet) MemberVersion(context.Context, string, string) (int64, error) { return 1, nil }

func (q *quiet) BanTick(context.Context) (int64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.tick, q.unread
}

func (q *quiet) Banned(context.Context, []realtime.User) ([]realtime.User, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.banned {
		return []realtime.User{ann}, nil
	}
	return nil, nil
}

// listen opens a session of ann's behind a bus.
func listen(t *testing.T, q *quiet) (Publisher, *realtime.Session) {
	t.Helper()
	commits, s := listenHere(t, q)
	return Publisher{Bus: commits.Bus}, s
}

// listenHere is listen for who commits on ann's own node.
func listenHere(t *testing.T, q *quiet) (Commits, *realtime.Session) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	b, err := bus.Open("", log)
	if err != nil {
		t.Fatal(err)
	}
	cfg := realtime.Config{QueueMessages: 10, QueueBytes: 1000, ReadEvery: time.Second, GatewayPing: time.Minute, SocketPing: time.Minute, PollLinger: time.Minute, PlatformSessions: 1, UserSessions: 64}
	hub, err := realtime.New(t.Context(), cfg, realtime.Deps{Apps: []string{"a"}, Messages: q, Members: q, Encode: wire.Encode, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	receiver := &Receiver{Bus: b, Hub: hub, Store: q, BansEvery: cmp.Or(q.every, time.Millisecond), Forget: q.forget, Log: log}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = receiver.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-ended
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		b.Close()
	})
	s, err := hub.Poll(t.Context(), realtime.Login{Key: realtime.Key{User: ann, DeviceID: "1"}})
	if err != nil {
		t.Fatal(err)
	}
	publish := Publisher{Bus: b}
	for len(waiting(t, s)) == 0 { // news from before the subscription is lost
		publish.Command(ann, "probe", json.RawMessage("1"), time.Second)
	}
	for len(waiting(t, s)) > 0 {
	}
	return Commits{Bus: b, Hub: hub}, s
}

// waiting takes what waits for the session or comes soon.
func waiting(t *testing.T, s *realtime.Session) []*realtime.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	batch, err := s.Wait(ctx, 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

func next(t *testing.T, s *realtime.Session) *realtime.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	batch, err := s.Wait(ctx, 1, nil)
	if err != nil || len(batch) != 1 {
		t.Fatalf("%d messages, %v", len(batch), err)
	}
	return batch[0]
}

func TestCommandsAndTransientMessagesReachSessionsOverTheBus(t *testing.T) {
	publish, s := listen(t, &quiet{})
	publish.Command(ann, "dispatch", json.RawMessage(`{"n":1}`), time.Minute)
	if c, ok := next(t, s).Body.(wire.Command); !ok || c.Name != "dispatch" || string(c.Data) != `{"n":1}` {
		t.Errorf("%+v", c)
	}
	publish.Conversation(conversation.News{App: "a", Transient: &conversation.Message{App: "a", Conversation: "c", From: "bob", Text: "hi"}})
	if m, ok := next(t, s).Body.(conversation.Message); !ok || m.Text != "hi" {
		t.Errorf("%+v", m)
	}
}

// The log is empty here, so what comes was handed over; what is in no log does not come,
// and takes its place all the same.
func TestCommitsReachSessionsWithoutTheLogOrTheBus(t *testing.T) {
	commits, s := listenHere(t, &quiet{})
	news := commits.Bus.Subscribe(topic)
	defer news.Close()
	said := func(after, tick conversation.Tick, text string) *conversation.Outgoing {
		return &conversation.Outgoing{
			Message: conversation.Message{App: "a", Conversation: "c", ID: conversation.MessageID(tick, 3, "c"), Seq: int64(tick), From: "bob", Text: text},
			After:   after, Tick: tick, MemberVersion: 1,
		}
	}
	refused, transient, again := said(1, 2, "refused"), said(2, 3, "transient"), said(3, 4, "again")
	refused.Err, transient.Transient, again.Repeated = conversation.ErrNotMember, true, true
	commits.Tell([]*conversation.Outgoing{said(0, 1, "first"), refused, transient, again, said(4, 5, "second")})
	commits.Tell([]*conversation.Outgoing{said(5, 6, "third")})
	for _, want := range []string{"first", "second", "third"} {
		if m, ok := next(t, s).Body.(conversation.Message); !ok || m.Text != want {
			t.Fatalf("%+v came, want %s", m, want)
		}
	}
	if more := waiting(t, s); len(more) > 0 {
		t.Errorf("%+v came too", more[0].Body)
	}
	select {
	case payload := <-news.News:
		t.Errorf("told to ourselves: %s", payload)
	default:
	}
}

func TestBanEndsSessionsWhetherItsNewsComesOrIsLost(t *testing.T) {
	for name, ban := range map[string]func(Publisher, *quiet){
		"news": func(p Publisher, _ *quiet) { p.Conversation(conversation.News{App: "a", Banned: "ann"}) },
		"lost": func(_ Publisher, q *quiet) { q.mu.Lock(); q.banned, q.tick = true, 1; q.mu.Unlock() },
		// The session opened after the ban's news, from an answer that was read before it.
		"crossed": func(_ Publisher, q *quiet) { q.mu.Lock(); q.banned = true; q.mu.Unlock() },
	} {
		t.Run(name, func(t *testing.T) {
			q := &quiet{}
			publish, s := listen(t, q)
			ban(publish, q)
			select {
			case <-s.Done():
				if s.Code() != realtime.Banned {
					t.Errorf("ended as %s", s.Code())
				}
			case <-time.After(60 * time.Second):
				t.Error("the session is still open")
			}
		})
	}
}

// Who was let in is asked about again after each ban and each end of one, whoever
// made it, and all the time while the store does not tell.
func TestWhoWasLetInIsForgottenWithEveryBan(t *testing.T) {
	q := &quiet{}
	listen(t, q)
	forgotten(t, q, "a ban without news", func() { q.tick++ })
	forgotten(t, q, "another one", func() { q.tick++ })
	forgotten(t, q, "a store that cannot be read", func() { q.unread = errors.New("away") })
	forgotten(t, q, "its return", func() { q.unread = nil })
	q = &quiet{every: time.Hour}
	publish, _ := listen(t, q)
	forgotten(t, q, "news", func() { publish.Conversation(conversation.News{App: "a", Banned: "bob"}) })
}

// forgotten waits until the receiver forgets, once what was done under q.mu.
func forgotten(t *testing.T, q *quiet, what string, do func()) {
	t.Helper()
	q.mu.Lock()
	before := q.forgets
	do()
	q.mu.Unlock()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(time.Millisecond) {
		q.mu.Lock()
		more := q.forgets > before
		q.mu.Unlock()
		if more {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing is forgotten after %s", what)
		}
	}
}
