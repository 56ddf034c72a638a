package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/middleware"
)

func TestConnectionsAreBoundedInAllAndForEachPeer(t *testing.T) {
	proxies := middleware.Proxies{netip.MustParsePrefix("10.0.0.0/8")}
	l := &boundedListener{all: 7, each: 2, many: proxies.Has, peers: map[netip.Addr]int{}}
	at := netip.MustParseAddr
	for i, c := range []struct{ peer, refused string }{
		{"192.0.2.1", ""}, {"192.0.2.1", ""}, {"192.0.2.1", "address_connections"}, {"192.0.2.2", ""},
		{"10.1.1.1", ""}, {"10.1.1.1", ""}, {"10.1.1.1", ""}, // a proxy that is trusted
		{"127.0.0.1", ""}, {"127.0.0.1", "connections"}, {"192.0.2.3", "connections"}, {"10.1.1.1", "connections"},
	} {
		if got := l.enter(at(c.peer)); got != c.refused {
			t.Fatalf("connection %d, of %s: %q, want %q", i, c.peer, got, c.refused)
		}
	}
	l.leave(at("192.0.2.1"))
	if got := l.enter(at("192.0.2.1")); got != "" {
		t.Errorf("a place that was given back: %q", got)
	}
	for _, peer := range []string{"192.0.2.1", "192.0.2.1", "192.0.2.2", "10.1.1.1", "10.1.1.1", "10.1.1.1", "127.0.0.1"} {
		l.leave(at(peer))
	}
	if l.open != 0 || len(l.peers) != 0 {
		t.Errorf("left: %d, %v", l.open, l.peers)
	}
}

// A system without files for further connections does not end the program.
func TestAcceptingGoesOnWhenTheSystemRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		faults := &faultyListener{faults: []error{
			&net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}, &net.OpError{Op: "accept", Err: syscall.ECONNABORTED}, errors.New("what else"),
		}}
		l := &boundedListener{Listener: faults, refused: func(reason string) { told = append(told, reason) }}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) || len(told) != 3 {
			t.Errorf("%v after %v", err, told)
		}
	})
}

// faultyListener fails, and is closed when it has no fault left.
type faultyListener struct {
	net.Listener
	faults []error
}

func (l *faultyListener) Accept() (net.Conn, error) {
	if len(l.faults) == 0 {
		return nil, net.ErrClosed
	}
	err := l.faults[0]
	l.faults = l.faults[1:]
	return nil, err
}

// A connection too many is told so; when others are closed, new ones are served.
func TestAConnectionTooManyIsToldSo(t *testing.T) {
	p := start(t, func(c *Config) { c.Limit.Connections = 3 })
	at := strings.TrimPrefix(p.URL, "http://")
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(in(60))
		return conn
	}
	held := []net.Conn{dial(), dial(), dial()}
	res, err := http.ReadResponse(bufio.NewReader(dial()), nil)
	if err != nil || res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || !res.Close {
		t.Fatalf("%v %v", res, err)
	}
	for _, conn := range held {
		conn.Close()
	}
	for end := in(60); ; time.Sleep(5 * time.Millisecond) {
		conn := dial()
		_, _ = io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		text, _ := io.ReadAll(conn)
		if strings.Contains(string(text), `switchboard_refused_total{reason="connections"}`) && strings.Contains(string(text), "switchboard_connections 1\n") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not served any more: %s", text)
		}
	}
}

// Who is refused while they still send gets the answer, whatever the system does with
// connections that are closed unread.
func TestWhoIsRefusedWhileSendingGetsTheAnswer(t *testing.T) {
	p := start(t, nil)
	for text, status := range map[string]int{
		"POST /send_msg HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n" + strings.Repeat("x", 2_000_000): 413,
		"GET /notify?token=" + strings.Repeat("x", 2_000_000) + " HTTP/1.1\r\nHost: x\r\n\r\n":                   431,
		"GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", headerLimit/6) + "\r\n":                     431,
		strings.Repeat("x\r\n", 100_000): 400,
	} {
		t.Run(fmt.Sprint(status, " ", len(text)), func(t *testing.T) { testRefusedWhileSending(t, p, text, status) })
	}
	begin, end := "GET /notify?token=", " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	for _, tooLong := range []int{0, 1} { // the longest head there is, and a byte more
		head := begin + strings.Repeat("x", headerLimit-len(begin)-len(end)+tooLong) + end
		if got := p.raw(t, head); strings.Contains(got, " 431 ") != (tooLong == 1) {
			t.Errorf("a head of %d bytes: %s", len(head), got)
		}
	}
}

func testRefusedWhileSending(t *testing.T, p *process, sent string, status int) {
	for range 20 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(in(60))
		_, err = io.WriteString(conn, sent)
		if err != nil {
			t.Fatalf("sending: %v", err)
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || res.StatusCode != status {
			t.Fatalf("%v %v", res, err)
		}
		text, err := io.ReadAll(conn)
		if conn.Close(); err != nil {
			t.Fatalf("after %q: %v", text, err)
		}
	}
}
