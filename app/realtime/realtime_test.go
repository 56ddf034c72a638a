package realtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCodesTellWhetherToComeBack(t *testing.T) {
	for code, want := range map[Code]bool{
		Shutdown: true, Slow: true, Internal: true,
		Replaced: false, BadToken: false, Banned: false, BadRequest: false,
	} {
		if (code < 3500) != want || code < 3000 || code > 3999 || code.String() == "" {
			t.Errorf("%d (%s): come back %v", code, code, want)
		}
	}
	if err := error(&Closed{Slow}); !errors.Is(err, ErrClosed) {
		t.Error("Closed is not ErrClosed")
	}
}

func want(t *testing.T, who string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s got %d: %.200s..., want %d: %.200s...", who, len(got), fmt.Sprint(got), len(want), fmt.Sprint(want))
	}
}

func TestMembersOfAllPlatformsGetMessagesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann", "bob")
		_, phone, _ := connect(t, h, key("bob", "1"), nil)
		_, web, _ := connect(t, h, key("bob", "2"), nil)
		_, own, _ := connect(t, h, key("ann", "1"), nil)
		_, other, _ := connect(t, h, key("eve", "1"), nil)
		_, foreign, _ := connect(t, h, Key{User{"b", "bob"}, Gateway, "1"}, nil)
		for i := 1; i <= 1200; i++ {
			s.send("c", "ann", fmt.Sprint(i))
			if i%100 == 0 {
				h.Wake()
				synctest.Wait()
			}
		}
		h.Wake()
		synctest.Wait()
		for who, w := range map[string]*wire{"phone": phone, "web": web, "sender": own} {
			want(t, who, w.texts(), texts(1, 1200))
		}
		want(t, "a stranger", other.texts(), nil)
		want(t, "the same id in another app", foreign.texts(), nil)
	})
}

func TestLostNewsCostsOnlyTheSlowPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann")
		_, w, _ := connect(t, h, key("ann", "1"), nil)
		synctest.Wait()
		s.send("c", "ann", "1")
		synctest.Wait()
		want(t, "before the poll", w.texts(), nil)
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		want(t, "after the poll", w.texts(), texts(1, 1))
	})
}

func TestStoreThatComesBackDeliversAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann")
		_, w, _ := connect(t, h, key("ann", "1"), nil)
		s.down(errDown)
		s.send("c", "ann", "1")
		time.Sleep(3 * time.Second)
		s.down(nil)
		time.Sleep(time.Second)
		want(t, "ann", w.texts(), texts(1, 1))
		s.down(errDown)
		if _, _, err := h.Open(context.Background(), Login{Key: key("bob", "1")}); !errors.Is(err, errDown) {
			t.Errorf("Open without a store: %v", err)
		}
		s.down(nil)
		if n := h.Sessions(); n != 1 {
			t.Errorf("a refused login left a session: %d", n)
		}
	})
}

func TestOneReadServesAllConversationsAndSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		for u := range 50 {
			s.join(fmt.Sprint("c", u%10), fmt.Sprint("u", u))
			connect(t, h, key(fmt.Sprint("u", u), "1"), nil)
		}
		synctest.Wait()
		for u := range 50 {
			s.send(fmt.Sprint("c", u%10), fmt.Sprint("u", u), "x")
		}
		synctest.Wait()
		before := s.readings()
		h.Wake()
		synctest.Wait()
		if n := s.readings() - before; n != 1 {
			t.Errorf("%d reads of the log for one batch", n)
		}
	})
}

func TestNewerSessionReplacesOnItsPlatformOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, newMemory(), nil)
		old, oldWire, _ := connect(t, h, key("ann", "1"), nil)
		tablet, _, _ := connect(t, h, key("ann", "2"), nil)
		device, _, _ := connect(t, h, Key{User{app, "ann"}, Socket, "1"}, nil)
		connect(t, h, key("ann", "1"), nil)
		synctest.Wait()
		if old.Code() != Replaced || !slices.Equal(oldWire.codes, []Code{Replaced}) {
			t.Errorf("older session: %v, told %v", old.Code(), oldWire.codes)
		}
		if tablet.Code() != None || device.Code() != None {
			t.Errorf("other places were closed: %v %v", tablet.Code(), device.Code())
		}
		if n := h.Sessions(); n != 3 {
			t.Errorf("%d sessions", n)
		}
	})
}

func TestOpeningElsewhereClosesTheOlderOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []Opening
		h := open(t, newMemory(), func(_ *Config, d *Deps) { d.Opened = func(x Opening) { told = append(told, x) } })
		s, _, _ := connect(t, h, key("ann", "1"), nil)
		synctest.Wait()
		if len(told) != 1 || told[0].Session != s.ID {
			t.Fatalf("announced %+v", told)
		}
		h.Supersede(told[0])
		h.Supersede(Opening{Key: s.Key, Session: "x", At: time.Now().Add(-time.Second)})
		h.Supersede(Opening{Key: key("ann", "2"), Session: "x", At: time.Now().Add(time.Second)})
		if s.Code() != None {
			t.Fatalf("closed by itself, an older one or another platform: %v", s.Code())
		}
		h.Supersede(Opening{Key: s.Key, Session: "x", At: time.Now().Add(time.Second)})
		if s.Code() != Replaced {
			t.Errorf("newer session elsewhere: %v", s.Code())
		}
	})
}

func TestSlowReaderIsClosedAndHurtsNobody(t *testing.T) {
	for name, limit := range map[string]func(*Config){
		"messages": func(c *Config) { c.QueueMessages = 10 },
		"bytes":    func(c *Config) { c.QueueBytes = 20 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newMemory()
				h := open(t, s, func(c *Config, _ *Deps) { limit(c) })
				s.join("c", "ann", "bob")
				slow, _, err := h.Open(context.Background(), Login{Key: key("ann", "1")})
				if err != nil {
					t.Fatal(err)
				}
				w := &wire{stuck: make(chan struct{})}
				slow.Start(w)
				_, quick, _ := connect(t, h, key("bob", "1"), nil)
				for i := 10; i < 40; i++ {
					s.send("c", "bob", fmt.Sprint(i))
					h.Wake()
					synctest.Wait()
				}
				if slow.Code() != Slow || !slices.Equal(w.codes, []Code{Slow}) {
					t.Errorf("slow reader: %v, told %v", slow.Code(), w.codes)
				}
				want(t, "the other member", quick.texts(), texts(10, 39))
			})
		})
	}
}

func TestBrokenConnectionEndsItsSession(t *testing.T) {
	for err, code := range map[error]Code{os.ErrDeadlineExceeded: Slow, errDown: None} {
		synctest.Test(t, func(t *testing.T) {
			s := newMemory()
			h := open(t, s, nil)
			s.join("c", "ann")
			session, _, _ := h.Open(context.Background(), Login{Key: key("ann", "1")})
			session.Start(&wire{broke: err})
			s.send("c", "ann", "1")
			h.Wake()
			synctest.Wait()
			select {
			case <-session.Done():
			default:
				t.Error("still open")
			}
			if session.Code() != code || h.Sessions() != 0 {
				t.Errorf("%v: code %v, %d sessions", err, session.Code(), h.Sessions())
			}
		})
	}
}

func TestMembershipDecidesAtTheMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann")
		_, ann, _ := connect(t, h, key("ann", "1"), nil)
		_, bob, _ := connect(t, h, key("bob", "1"), nil)
		s.send("c", "ann", "1")
		s.join("c", "bob")
		s.send("c", "ann", "2")
		h.Wake()
		synctest.Wait()
		s.leave("c", "bob")
		s.send("c", "ann", "3")
		h.Wake()
		synctest.Wait()
		s.join("c", "bob")
		s.send("c", "ann", "4")
		s.join("new", "ann", "bob")
		s.send("new", "ann", "5")
		h.Wake()
		synctest.Wait()
		want(t, "ann", ann.texts(), texts(1, 5))
		want(t, "bob", bob.texts(), []string{"2", "4", "5"})
	})
}

func TestSenderIsLeftOutWithoutEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann", "bob")
		_, ann, _ := connect(t, h, key("ann", "1"), nil)
		_, bob, _ := connect(t, h, key("bob", "1"), nil)
		s.sendOut("c", "ann", "1", false)
		h.Transient(&Message{App: app, Conversation: "c", ID: messageID(9), From: "bob", ToSender: true, MemberVersion: s.convs["c"].version, Body: "t"})
		synctest.Wait()
		want(t, "ann", ann.texts(), []string{"t"})
		want(t, "bob", bob.texts(), []string{"1", "t"})
	})
}

func TestCommandsReachTheUserAndAreKeptForTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		s.join("c", "ann")
		s.send("c", "ann", "1")
		h := open(t, s, nil)
		s.clock++
		command := &Message{App: app, ID: messageID(s.clock), Body: "cmd"}
		_, ann, _ := connect(t, h, key("ann", "1"), nil)
		_, bob, _ := connect(t, h, key("bob", "1"), nil)
		h.Command(User{app, "ann"}, command, time.Now().Add(20*time.Second))
		synctest.Wait()
		s.send("c", "ann", "2")
		h.Wake()
		synctest.Wait()
		want(t, "ann", ann.texts(), []string{"cmd", "2"})
		want(t, "bob", bob.texts(), nil)

		since := messageID(1)
		_, again, recovered := connect(t, h, key("ann", "1"), &since)
		synctest.Wait()
		want(t, "ann again", again.texts(), []string{"cmd", "2"})
		if !recovered {
			t.Error("not recovered")
		}
		time.Sleep(21 * time.Second)
		_, late, _ := connect(t, h, key("ann", "1"), &since)
		synctest.Wait()
		want(t, "ann too late", late.texts(), []string{"2"})
		if h.mu.Lock(); len(h.commands) != 0 {
			t.Error("expired commands are kept")
		}
		h.mu.Unlock()
	})
}

func TestResumeServesTheGapOrSaysSo(t *testing.T) {
	for _, c := range []struct {
		missed    int
		recovered bool
	}{{0, true}, {1, true}, {1000, true}, {1001, false}} {
		synctest.Test(t, func(t *testing.T) {
			s := newMemory()
			h := open(t, s, nil)
			s.join("c", "ann")
			since, _ := s.send("c", "ann", "0")
			for i := 1; i <= c.missed; i++ {
				s.send("c", "ann", fmt.Sprint(i))
			}
			session, w, recovered := connect(t, h, key("ann", "1"), &since)
			synctest.Wait()
			from := 1
			if !c.recovered {
				from = c.missed + 1
			}
			s.send("c", "ann", fmt.Sprint(c.missed+1))
			h.Wake()
			synctest.Wait()
			if recovered != c.recovered || session.Code() != None {
				t.Errorf("missed %d: recovered %v, code %v", c.missed, recovered, session.Code())
			}
			want(t, fmt.Sprint("after ", c.missed), w.texts(), texts(from, c.missed+1))
		})
	}
}

func TestResumeFromTheFutureMissesNothingNewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann")
		s.send("c", "ann", "0")
		for _, since := range []string{"", messageID(1000)} {
			_, w, recovered := connect(t, h, key("ann", "1"), &since)
			synctest.Wait()
			s.send("c", "ann", "1")
			h.Wake()
			synctest.Wait()
			if got := w.texts(); !recovered || len(got) == 0 || got[len(got)-1] != "1" {
				t.Errorf("since %q: recovered %v, got %v", since, recovered, got)
			}
		}
	})
}

func TestPingsGoOutInTheDialectsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, newMemory(), nil)
		_, gateway, _ := connect(t, h, key("ann", "1"), nil)
		_, socket, _ := connect(t, h, Key{User{app, "ann"}, Socket, "1"}, nil)
		time.Sleep(101 * time.Second)
		synctest.Wait()
		if gateway.pings != 4 || socket.pings < 8 || socket.pings > 10 {
			t.Errorf("in 101 s: gateway %d, socket %d", gateway.pings, socket.pings)
		}
	})
}

func TestSessionEndsWithItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, newMemory(), nil)
		s, _, err := h.Open(context.Background(), Login{Key: key("ann", "1"), Expires: time.Now().Add(time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		w := &wire{}
		s.Start(w)
		time.Sleep(59 * time.Second)
		if s.Code() != None {
			t.Fatalf("too early: %v", s.Code())
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if s.Code() != BadToken || !slices.Equal(w.codes, []Code{BadToken}) {
			t.Errorf("%v, told %v", s.Code(), w.codes)
		}
	})
}

func TestPresenceTellsEveryChangeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []int
		h := open(t, newMemory(), func(_ *Config, d *Deps) { d.Presence = func(p Presence) { told = append(told, p.Devices) } })
		a, _, _ := connect(t, h, key("ann", "1"), nil)
		b, _, _ := connect(t, h, key("ann", "2"), nil)
		c, _, _ := connect(t, h, key("ann", "1"), nil)
		a.End(None)
		b.End(None)
		c.End(None)
		synctest.Wait()
		if !slices.Equal(told, []int{1, 2, 2, 1, 0}) {
			t.Errorf("%v", told)
		}
	})
}

func TestShutdownTellsEverybodyAndLetsNobodyIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left []User
		h := open(t, newMemory(), func(_ *Config, o *Deps) {
			o.Presence = func(p Presence) {
				if p.Devices == 0 {
					left = append(left, p.User)
				}
			}
		})
		_, w, _ := connect(t, h, key("ann", "1"), nil)
		p, _, _ := h.Open(context.Background(), Login{Key: key("bob", "1"), Poll: true})
		if err := h.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(w.codes, []Code{Shutdown}) || p.Code() != Shutdown || len(left) != 2 {
			t.Errorf("told %v, poll %v, offline %v", w.codes, p.Code(), left)
		}
		if _, _, err := h.Open(context.Background(), Login{Key: key("ann", "1")}); !errors.Is(err, ErrStopping) {
			t.Errorf("Open after Shutdown: %v", err)
		}
	})
}

func TestSessionWithoutAConnectionIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, newMemory(), nil)
		s, _, err := h.Open(context.Background(), Login{Key: key("ann", "1")})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Second)
		if s.Code() != None || h.Sessions() != 1 {
			t.Error("given up too early")
		}
		time.Sleep(10 * time.Second)
		if h.Sessions() != 0 {
			t.Error("kept")
		}
	})
}

// The client of a session whose handler is a moment behind the stop is told of it, and
// nothing of the session begins while the stop waits for its end.
func TestASessionThatStartsWhileTheHubStopsIsTold(t *testing.T) {
	for range 100 {
		m := newMemory()
		h := open(t, m, nil)
		s, _, err := h.Open(t.Context(), Login{Key: key("ann", "1")})
		if err != nil {
			t.Fatal(err)
		}
		stopped := make(chan error)
		go func() { stopped <- h.Shutdown(context.WithoutCancel(t.Context())) }()
		<-s.Done()
		w := &wire{}
		s.Start(w)
		if err := <-stopped; err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(w.codes, []Code{Shutdown}) {
			t.Fatalf("told %v", w.codes)
		}
	}
}
