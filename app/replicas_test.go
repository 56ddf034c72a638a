package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/vendors"
)

// Two replicas on one store. Without a bus between them only the slow poll tells
// the one what the other has committed: the deliveries are late, not lost.
func TestClientsMoveBetweenReplicasUnderLoad(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) sqldb.Config{"postgres": sqldbtest.Postgres, "mysql": sqldbtest.MySQL} {
		for _, server := range []string{"REDIS", "NATS"} {
			t.Run(name+" and "+server, func(t *testing.T) {
				bus := busOf(t, server)
				testReplicas(t, on(open(t), bus))
			})
		}
		t.Run(name+" without a bus", func(t *testing.T) { testReplicas(t, on(open(t), "")) })
	}
	for _, server := range []string{"REDIS", "NATS"} {
		t.Run("postgres and "+server+" that comes and goes", func(t *testing.T) {
			flaky := comesAndGoes(t, busOf(t, server))
			testReplicas(t, on(sqldbtest.Postgres(t), flaky))
		})
	}
}

// busOf is the URL of a server of the tests, which are skipped without one.
func busOf(t testing.TB, server string) string {
	t.Helper()
	bus := os.Getenv("SWITCHBOARD_TEST_" + server)
	if bus == "" {
		t.Skipf("SWITCHBOARD_TEST_%s is not set", server)
	}
	return bus
}

// on makes replicas share a store and a bus.
func on(store sqldb.Config, bus string) func(*Config) {
	return func(c *Config) { c.DatabaseURL, c.BusURL = vendors.Secret(store.URL), vendors.Secret(bus) }
}

// comesAndGoes returns the URL of a way to the bus that is cut, with all that
// goes over it, for half of the time.
func comesAndGoes(t *testing.T, bus string) string {
	t.Helper()
	u, err := url.Parse(bus)
	if err != nil {
		t.Fatal(err)
	}
	target := u.Host
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	t.Cleanup(func() { cancel(); work.Wait() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u.Host = l.Addr().String()
	work.Go(func() {
		for ctx.Err() == nil {
			up, down := context.WithTimeout(ctx, 150*time.Millisecond)
			stop := context.AfterFunc(up, func() { l.Close() })
			for {
				client, err := l.Accept()
				if err != nil {
					break
				}
				work.Go(func() { pass(up, client, target) })
			}
			down()
			stop()
			select {
			case <-ctx.Done():
			case <-time.After(150 * time.Millisecond):
			}
			if l, err = net.Listen("tcp", u.Host); err != nil {
				t.Error(err)
				return
			}
		}
		l.Close()
	})
	return u.String()
}

// pass carries one connection until ctx ends.
func pass(ctx context.Context, client net.Conn, target string) {
	server, err := net.Dial("tcp", target)
	if err != nil {
		client.Close()
		return
	}
	stop := context.AfterFunc(ctx, func() { client.Close(); server.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(server, client); server.Close() })
	both.Go(func() { _, _ = io.Copy(client, server); client.Close() })
	both.Wait()
}

const (
	moverRooms    = 3
	moverMessages = 150 // of each room
)

func testReplicas(t *testing.T, edit func(*Config)) {
	replicas := [2]*process{}
	for i := range replicas {
		replicas[i] = start(t, edit)
	}
	var rooms [moverRooms]string
	for i := range rooms {
		rooms[i] = replicas[i%2].room(t, "ann", "ws", "sse", "poll", "stay")
	}
	ann := replicas[0].as(t, "ann")
	first := replicas[0].say(t, ann, rooms[0], "begin")

	var work sync.WaitGroup
	for i, room := range rooms {
		work.Go(func() {
			for n := range moverMessages {
				replicas[(i+n)%2].say(t, ann, room, fmt.Sprint(n))
			}
		})
	}
	for _, c := range []struct {
		user string
		hop  func(t testing.TB, p *process, token string, m *mover, stay int) bool
		stay int // messages until it moves on
	}{{"ws", hopWS, 37}, {"sse", hopSSE, 41}, {"poll", hopPoll, 0}, {"stay", hopWS, 1 << 30}} {
		work.Go(func() {
			m := &mover{rooms: rooms, last: first, next: map[string]int{}}
			for hop := 0; !m.done(); hop++ {
				p := replicas[hop%2]
				if !c.hop(t, p, p.tokenOf(t, c.user, 1), m, c.stay) || m.failure != "" {
					t.Errorf("%s, hop %d: %s, has %v", c.user, hop, m.failure, m.next)
					return
				}
			}
		})
	}
	work.Wait()
}

// mover is a client that goes from replica to replica with the id of the last
// message it has.
type mover struct {
	rooms   [moverRooms]string
	last    string
	next    map[string]int // by room: the message that has to come
	failure string
}

func (m *mover) done() bool {
	for _, room := range m.rooms {
		if m.next[room] < moverMessages {
			return false
		}
	}
	return true
}

// take notes a message; anything but the room's next is a failure.
func (m *mover) take(text []byte) {
	var got msgData
	if err := json.Unmarshal(text, &got); err != nil {
		m.failure = fmt.Sprintf("%v in %s", err, text)
		return
	}
	if isNotice(text) { // that a room was made
		m.last = got.MsgID
		return
	}
	if want := fmt.Sprint(m.next[got.ConversationID]); got.Content != want {
		m.failure = fmt.Sprintf("got %s of %s, want %s", got.Content, got.ConversationID, want)
	}
	m.next[got.ConversationID]++
	m.last = got.MsgID
}

const recoveredFrame = `{"recovered":true,` // then the position

func hopWS(t testing.TB, p *process, token string, m *mover, stay int) bool {
	conn := p.ws(t, token, m.last)
	defer conn.Close()
	_ = conn.SetReadDeadline(in(30))
	for n := -1; n < stay && !m.done() && m.failure == ""; n++ {
		_, text, err := conn.ReadMessage()
		switch {
		case err != nil:
			m.failure = err.Error()
		case n >= 0:
			m.take(text)
		case !strings.HasPrefix(string(text), recoveredFrame):
			m.failure = "begins with " + string(text)
		}
	}
	return true
}

func hopSSE(t testing.TB, p *process, token string, m *mover, stay int) bool {
	stream := p.sse(t, token, m.last)
	defer stream.close()
	late := time.AfterFunc(30*time.Second, stream.close)
	defer late.Stop()
	for n := -1; n < stay && !m.done() && m.failure == ""; n++ {
		ev, ok := stream.nextOrNotice()
		switch {
		case !ok:
			m.failure = "the stream ended"
		case n >= 0:
			m.take([]byte(ev.Data))
			if ev.ID != m.last {
				m.failure = "event " + ev.ID + " holds " + m.last
			}
		case !strings.HasPrefix(ev.Data, recoveredFrame):
			m.failure = "begins with " + ev.Data
		}
	}
	return true
}

func hopPoll(t testing.TB, p *process, token string, m *mover, _ int) bool {
	got := p.pollOrNotice(t, token, &m.last)
	var batch struct {
		Msg       []json.RawMessage
		Recovered bool
	}
	if err := json.Unmarshal(got.Body, &batch); err != nil || !batch.Recovered {
		m.failure = fmt.Sprintf("%v in %.200s", err, got.Body)
		return false
	}
	for _, text := range batch.Msg {
		m.take(text)
	}
	return true
}

// A session that opens at one replica takes the place of one at the other.
func TestNewerSessionAtAnotherReplicaReplaces(t *testing.T) {
	edit := on(sqldbtest.Postgres(t), busOf(t, "REDIS"))
	a, b := start(t, edit), start(t, edit)
	waitFor(t, "the bus", func() bool {
		older := a.ws(t, a.tokenOf(t, "ann", 1), "")
		b.ws(t, b.tokenOf(t, "ann", 1), "")
		_ = older.SetReadDeadline(time.Now().Add(time.Second))
		_, _, err := older.ReadMessage()
		return isReplaced(err)
	})
}
