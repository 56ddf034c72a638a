package bus_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchboard/app/bus"
	"switchboard/app/sqldb/netproxy"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

const patience = 30 * time.Second

// each runs the suite's test over every kind of bus; open opens one more
// replica on it, which in process is always the same one.
func each(t *testing.T, test func(t *testing.T, open func() *bus.Bus)) {
	t.Run("in process", func(t *testing.T) {
		one := start(t, "")
		test(t, func() *bus.Bus { return one })
	})
	for name, variable := range remote {
		t.Run(name, func(t *testing.T) {
			server := serverURL(t, variable)
			test(t, func() *bus.Bus { return start(t, server) })
		})
	}
}

var remote = map[string]string{"redis": "SWITCHBOARD_TEST_REDIS", "nats": "SWITCHBOARD_TEST_NATS"}

func serverURL(t *testing.T, variable string) string {
	t.Helper()
	server := os.Getenv(variable)
	if server == "" {
		t.Skipf("%s is not set: no such server to test with", variable)
	}
	return server
}

func start(t *testing.T, server string) *bus.Bus {
	t.Helper()
	b, err := bus.Open(server, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// topic is one that no other run uses.
func topic(t *testing.T) string {
	return fmt.Sprintf("%s * > . %d", t.Name(), time.Now().UnixNano())
}

// subscribe returns when the subscription works.
func subscribe(t *testing.T, b *bus.Bus, topic string) *bus.Sub {
	t.Helper()
	s := b.Subscribe(topic)
	t.Cleanup(s.Close)
	stale(t, s)
	return s
}

func stale(t *testing.T, s *bus.Sub) {
	t.Helper()
	select {
	case <-s.Stale:
	case <-time.After(patience):
		t.Fatal("Stale never fired")
	}
}

func next(t *testing.T, s *bus.Sub) string {
	t.Helper()
	select {
	case p := <-s.News:
		return string(p)
	case <-time.After(patience):
		t.Fatal("no news")
		return ""
	}
}

func quiet(t *testing.T, s *bus.Sub) {
	t.Helper()
	select {
	case p := <-s.News:
		t.Errorf("unexpected news %q", p)
	case <-time.After(50 * time.Millisecond):
	}
}

func TestEverySubscriberOfATopicGetsItsNewsOnceAndInOrder(t *testing.T) {
	each(t, func(t *testing.T, open func() *bus.Bus) {
		a, b := open(), open()
		this, other := topic(t), topic(t)+"other"
		here, there, second, elsewhere := subscribe(t, a, this), subscribe(t, b, this), subscribe(t, b, this), subscribe(t, b, other)
		const n = 300
		for i := range n {
			a.Publish(this, fmt.Appendf(nil, "%d", i))
		}
		for i := range n {
			for _, s := range []*bus.Sub{here, there, second} {
				if got := next(t, s); got != fmt.Sprint(i) {
					t.Fatalf("got %s, want %d", got, i)
				}
			}
		}
		for _, s := range []*bus.Sub{here, there, second, elsewhere} {
			quiet(t, s)
		}
	})
}

func TestAClosedSubscriptionGetsNothing(t *testing.T) {
	each(t, func(t *testing.T, open func() *bus.Bus) {
		a, b := open(), open()
		this := topic(t)
		gone, stays := subscribe(t, b, this), subscribe(t, b, this)
		gone.Close()
		a.Publish(this, []byte("x"))
		if next(t, stays) != "x" {
			t.Error("the other one lost its news")
		}
		quiet(t, gone)
		stays.Close()
		again := subscribe(t, b, this)
		a.Publish(this, []byte("y"))
		if next(t, again) != "y" {
			t.Error("a topic cannot be subscribed to again")
		}
	})
}

func TestASlowSubscriberBlocksNobodyAndIsToldWhatItMissed(t *testing.T) {
	each(t, func(t *testing.T, open func() *bus.Bus) {
		b := open()
		this := topic(t)
		slow, quick := subscribe(t, b, this), subscribe(t, b, this)
		const n = 3000
		for i := range n {
			b.Publish(this, []byte("x"))
			if next(t, quick) != "x" {
				t.Fatal(i)
			}
		}
		stale(t, slow)
		if got := b.Stats().Overflowed; got != n-1024 {
			t.Errorf("overflowed %d", got)
		}
		if len(slow.News) != 1024 {
			t.Errorf("%d wait", len(slow.News))
		}
	})
}

func TestManyTopicsComeAndGoAtOnce(t *testing.T) {
	each(t, func(t *testing.T, open func() *bus.Bus) {
		a, b := open(), open()
		var wg sync.WaitGroup
		base := topic(t)
		for i := range 20 {
			wg.Go(func() {
				for range 5 {
					s := b.Subscribe(fmt.Sprint(base, i))
					select {
					case <-s.Stale:
					case <-time.After(patience):
						t.Error("Stale never fired")
					}
					a.Publish(fmt.Sprint(base, i), []byte("x"))
					select {
					case <-s.News:
					case <-time.After(patience):
						t.Error("no news")
					}
					s.Close()
				}
			})
		}
		wg.Wait()
	})
}

func TestABusThatGoesAndComesBackSaysStaleAndWorksAgain(t *testing.T) {
	for name, variable := range remote {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(serverURL(t, variable))
			if err != nil {
				t.Fatal(err)
			}
			p := netproxy.New(t, u.Host)
			u.Host = p.Addr
			a, b := start(t, u.String()), start(t, u.String())
			this := topic(t)
			here, there := subscribe(t, a, this), subscribe(t, b, this)
			p.Cut()
			begin := time.Now()
			for range 20_000 {
				a.Publish(this, []byte("lost"))
				next(t, here) // this process goes on as before
			}
			if d := time.Since(begin); d > patience {
				t.Errorf("publishing took %v", d)
			}
			if err := a.Ready(context.Background()); err == nil {
				t.Error("Ready without a server")
			}
			if s := a.Stats(); s.Dropped+s.Failed == 0 {
				t.Errorf("nothing was counted as lost: %+v", s)
			}
			late := b.Subscribe(this + "late")
			defer late.Close()
			p.Restore()
			stale(t, there)
			stale(t, late)
			for deadline := time.Now().Add(patience); a.Ready(context.Background()) != nil; {
				if time.Now().After(deadline) {
					t.Fatal("never ready again")
				}
			}
			for deadline := time.Now().Add(patience); ; {
				a.Publish(this, []byte("back"))
				if slices.Contains(drain(there), "back") {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("no news after the bus came back")
				}
			}
		})
	}
}

// drain reads what has arrived within a moment.
func drain(s *bus.Sub) []string {
	var out []string
	for {
		select {
		case p := <-s.News:
			out = append(out, string(p))
		case <-time.After(50 * time.Millisecond):
			return out
		}
	}
}

// Operators read of it once when the bus goes and once when it is back, whether there
// is any news to send or not, in our log's form.
func TestABusThatGoesAndComesBackIsLoggedOnce(t *testing.T) {
	for name, variable := range remote {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(serverURL(t, variable))
			if err != nil {
				t.Fatal(err)
			}
			p := netproxy.New(t, u.Host)
			u.Host = p.Addr
			var log logged
			b, err := bus.Open(u.String(), slog.New(slog.NewTextHandler(&log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(b.Close)
			say := func(text string, times int) {
				t.Helper()
				for deadline := time.Now().Add(patience); log.count(text) == 0; time.Sleep(10 * time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatalf("%q is not logged", text)
					}
				}
				if want := text == "bus back"; b.Up() != want {
					t.Errorf("%q is logged, and up is %t", text, !want)
				}
				for range 20 {
					b.Publish("topic", []byte("news"))
					time.Sleep(5 * time.Millisecond)
				}
				if log.count(text) != times {
					t.Errorf("%q is logged %d times", text, log.count(text))
				}
			}
			for deadline := time.Now().Add(patience); !b.Up() && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			}
			p.Cut()
			say("bus down", 1)
			p.Restore()
			say("bus back", 1)
		})
	}
}

type logged struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

func TestABusMayBeAwayWhenWeStart(t *testing.T) {
	for name, variable := range remote {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(serverURL(t, variable))
			if err != nil {
				t.Fatal(err)
			}
			p := netproxy.New(t, u.Host)
			u.Host = p.Addr
			p.Cut()
			b := start(t, u.String())
			s := b.Subscribe(topic(t))
			defer s.Close()
			p.Restore()
			stale(t, s)
		})
	}
}

func TestABadURLIsRefusedWithoutItsSecret(t *testing.T) {
	for _, u := range []string{"amqp://u:hunter2@h", "redis://u:hunter2@h:port:1/x", "redis://u:hunter2@[h", "redis://u:hunter2@h/x", "redis://u:hunter2@h?db=1", "redis:u:hunter2"} {
		if b, err := bus.Open(u, slog.New(slog.DiscardHandler)); err == nil {
			b.Close()
			t.Errorf("%s was taken", u)
		} else if s := err.Error(); len(s) > 80 {
			t.Errorf("%s: %s", u, s)
		}
	}
}

func TestAPayloadThatIsTooLargeStaysHere(t *testing.T) {
	for name, variable := range remote {
		t.Run(name, func(t *testing.T) {
			server := serverURL(t, variable)
			a, b := start(t, server), start(t, server)
			this := topic(t)
			here, there := subscribe(t, a, this), subscribe(t, b, this)
			a.Publish(this, make([]byte, 1<<20))
			a.Publish(this, []byte("small"))
			if next(t, there) != "small" || len(next(t, here)) != 1<<20 || next(t, here) != "small" || a.Stats().Dropped != 1 {
				t.Errorf("%+v", a.Stats())
			}
		})
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, name := range []string{"", os.Getenv("SWITCHBOARD_TEST_REDIS"), os.Getenv("SWITCHBOARD_TEST_NATS")} {
		b.Run(name, func(b *testing.B) {
			one, err := bus.Open(name, slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			defer one.Close()
			payload := make([]byte, 100)
			for b.Loop() {
				one.Publish("bench", payload)
			}
		})
	}
}
