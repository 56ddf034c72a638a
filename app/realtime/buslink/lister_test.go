package buslink

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/app/bus"
	"switchboard/app/realtime"
	"switchboard/app/realtime/wire"
)

// lister is that of node a, where ann has a session, as has node b by what is known.
func lister(t *testing.T) *Lister {
	t.Helper()
	log, q := slog.New(slog.DiscardHandler), &quiet{}
	b, err := bus.Open("", log)
	if err != nil {
		t.Fatal(err)
	}
	cfg := realtime.Config{QueueMessages: 10, QueueBytes: 1000, ReadEvery: time.Second, GatewayPing: time.Minute, SocketPing: time.Minute, PollLinger: time.Minute, PlatformSessions: 1, UserSessions: 64}
	hub, err := realtime.New(t.Context(), cfg, realtime.Deps{Apps: []string{"a"}, Messages: q, Members: q, Encode: wire.Encode, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		b.Close()
	})
	if _, err := hub.Poll(t.Context(), realtime.Login{Key: realtime.Key{User: ann, DeviceID: "1"}}); err != nil {
		t.Fatal(err)
	}
	return &Lister{Bus: b, Hub: hub, Node: "a", Holders: func(context.Context, realtime.User) ([]string, error) { return []string{"a", "b"}, nil }}
}

// asked is the id of the one question that waits.
func (l *Lister) askedFor(t *testing.T) string {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.asked {
		return id
	}
	t.Error("nobody is asked")
	return ""
}

func TestTheListHasWhatOtherNodesAnswerInTime(t *testing.T) {
	there := func(device string, since time.Time) []realtime.Listed {
		return []realtime.Listed{{Key: realtime.Key{User: ann, DeviceID: device}, Since: since, Over: realtime.WebSocket}}
	}
	for name, tc := range map[string]struct {
		answers []listNews
		silent  bool
		devices string
		total   int
	}{
		"nobody answers":              {nil, true, "1", 1},
		"it answers":                  {[]listNews{{Node: "b", Latest: there("2", time.Now().Add(time.Hour)), Total: 9}}, false, "21", 10},
		"it answers twice":            {[]listNews{{Node: "b", Latest: there("2", time.Now()), Total: 1}, {Node: "b", Latest: there("3", time.Now()), Total: 1}}, false, "21", 2},
		"somebody else answers":       {[]listNews{{Node: "c", Latest: there("2", time.Now()), Total: 1}}, true, "1", 1},
		"it answers another question": {[]listNews{{ID: "x", Node: "b", Latest: there("2", time.Now()), Total: 1}}, true, "1", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, begun := lister(t), time.Now()
				go func() {
					synctest.Wait()
					for _, n := range tc.answers {
						if n.ID == "" {
							n.ID = l.askedFor(t)
						}
						if n.ID != "" {
							l.take(n)
						}
					}
				}()
				list, total, err := l.List(t.Context(), ann, 9)
				devices := ""
				for _, s := range list {
					devices += s.Key.DeviceID
				}
				if errors.Is(err, realtime.ErrSilent) != tc.silent || total != tc.total || devices != tc.devices {
					t.Errorf("%s of %d, %v", devices, total, err)
				}
				if took := time.Since(begun); (took >= listWait) != tc.silent {
					t.Errorf("after %s", took)
				}
				if len(l.asked) != 0 {
					t.Error("the question stays")
				}
			})
		})
	}
}

// Without a bus nobody can be asked, and nobody is waited for.
func TestTheListOfANodeWithoutABusSaysWhetherItIsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, others := lister(t), int64(0)
		l.Holders, l.Others = nil, func() int64 { return others }
		for ; others < 2; others++ {
			list, total, err := l.List(t.Context(), ann, 9)
			if len(list) != 1 || total != 1 || errors.Is(err, realtime.ErrSilent) != (others > 0) {
				t.Errorf("beside %d: %+v, %v", others, list, err)
			}
		}
	})
}
