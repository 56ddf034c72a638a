package stream

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/fasthttp/websocket"
	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"switchboard/app/realtime"
)

// countedListener counts what its connections write.
type countedListener struct {
	net.Listener
	writes *atomic.Int64
}

func (l countedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return countedConn{conn, l.writes}, err
}

type countedConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c countedConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// socketPair serves one websocket and returns both of its ends; writes counts those of
// the server.
func socketPair(t *testing.T, dialect realtime.Dialect) (s *Socket, c *client.Conn, writes *atomic.Int64) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	cfg := realtime.Config{QueueMessages: 1, QueueBytes: 1, ReadEvery: time.Hour, GatewayPing: time.Hour, SocketPing: time.Hour, PlatformSessions: 1, UserSessions: 1, PollLinger: time.Hour}
	hub, err := realtime.New(t.Context(), cfg, realtime.Deps{Log: log, Encode: func(_ realtime.Dialect, m *realtime.Message) []byte { return []byte(m.ID) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hub.Shutdown(context.Background()) })
	served, over := make(chan *Socket, 1), make(chan struct{})
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/", Upgrade(func(conn *websocket.Conn) {
		served <- NewSocket(conn, hub, dialect)
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				break
			}
		}
		<-over
	}, log))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	writes = new(atomic.Int64)
	go func() { _ = app.Listener(countedListener{ln, writes}) }()
	c, _, err = client.DefaultDialer.Dial("ws://"+ln.Addr().String()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { close(over); _ = c.Close(); _ = app.Shutdown() })
	return <-served, c, writes
}

func messages(texts ...string) (batch []*realtime.Message) {
	for _, text := range texts {
		batch = append(batch, &realtime.Message{ID: text})
	}
	return batch
}

func TestABatchGoesOutInOneWriteAndArrivesAsItsMessages(t *testing.T) {
	s, c, writes := socketPair(t, realtime.Gateway)
	var want []string
	for _, n := range []int{0, 1, 125, 126, 127, 1000, 65535 - 200} {
		want = append(want, strings.Repeat("x", n))
	}
	before := writes.Load()
	if err := s.Send(messages(want[:6]...)); err != nil {
		t.Fatal(err)
	}
	if n := writes.Load() - before; n != 1 {
		t.Errorf("6 messages took %d writes", n)
	}
	for _, n := range []int{65535, 65536, 200_000, 3} {
		want = append(want, strings.Repeat("y", n))
	}
	done := make(chan error, 1)
	go func() { done <- s.Send(messages(want[6:]...)) }()
	for i, text := range want {
		kind, got, err := c.ReadMessage()
		if err != nil || kind != client.TextMessage || !bytes.Equal(got, []byte(text)) {
			t.Fatalf("message %d: kind %d, %d bytes, want %d: %v", i, kind, len(got), len(text), err)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := writes.Load() - before; n > 5 {
		t.Errorf("all took %d writes", n)
	}
}

func TestPingsAndPongsFallBetweenMessages(t *testing.T) {
	s, c, _ := socketPair(t, realtime.Gateway)
	pongs := 0
	c.SetPongHandler(func(data string) error {
		if data != "hello" {
			t.Errorf("pong %q", data)
		}
		pongs++
		return nil
	})
	const rounds = 300
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range rounds {
			if err := s.Send(messages(fmt.Sprint(2*i), fmt.Sprint(2*i+1))); err != nil {
				t.Error(err)
			}
			if err := s.Ping(); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for range rounds / 10 {
			if err := c.WriteControl(client.PingMessage, []byte("hello"), time.Now().Add(time.Minute)); err != nil {
				t.Error(err)
			}
		}
	})
	for i := range 2 * rounds {
		if _, got, err := c.ReadMessage(); err != nil || string(got) != fmt.Sprint(i) {
			t.Fatalf("message %d: %q, %v", i, got, err)
		}
	}
	wg.Wait()
	s.Close(realtime.Shutdown)
	if _, _, err := c.ReadMessage(); !client.IsCloseError(err, int(realtime.Shutdown)) {
		t.Errorf("the end: %v", err)
	}
	if pongs == 0 {
		t.Error("no ping was answered")
	}
}

func TestNothingFollowsTheClose(t *testing.T) {
	for _, dialect := range []realtime.Dialect{realtime.Gateway, realtime.Socket} {
		s, c, _ := socketPair(t, dialect)
		s.Close(realtime.Replaced)
		if err := s.Send(messages("late")); err == nil {
			t.Error("a message was written after the close")
		}
		if dialect == realtime.Socket {
			if _, got, err := c.ReadMessage(); err != nil || !strings.Contains(string(got), "kick") {
				t.Errorf("got %q, %v before the close", got, err)
			}
		}
		if _, got, err := c.ReadMessage(); !client.IsCloseError(err, int(realtime.Replaced)) {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestCloseEndsASendThatHangs(t *testing.T) {
	s, _, _ := socketPair(t, realtime.Gateway)
	sent := make(chan error, 1)
	go func() { sent <- s.Send(messages(strings.Repeat("z", 16<<20))) }() // the client does not read
	for len(s.lock) == 0 {
		time.Sleep(time.Millisecond)
	}
	s.Close(realtime.Slow)
	if err := <-sent; err == nil {
		t.Error("a message of 16 MB went to a client that does not read")
	}
}
