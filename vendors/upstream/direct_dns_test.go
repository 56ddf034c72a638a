package upstream

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// names is a DNS server that has one address for every name.
type names struct{ at atomic.Pointer[net.IP] }

func (n *names) set(address string) {
	ip := net.ParseIP(address).To4()
	n.at.Store(&ip)
}

// dial answers the questions that come over the connection it returns, by TCP's framing.
func (n *names) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		for {
			var size [2]byte
			if _, err := io.ReadFull(server, size[:]); err != nil {
				return
			}
			question := make([]byte, binary.BigEndian.Uint16(size[:]))
			if _, err := io.ReadFull(server, question); err != nil {
				return
			}
			answer := n.answer(question)
			if _, err := server.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
				return
			}
		}
	}()
	return client, nil
}

// answer has an address for a question of type A, and none for the others.
func (n *names) answer(q []byte) []byte {
	end := 12
	for q[end] != 0 {
		end += int(q[end]) + 1
	}
	kind := binary.BigEndian.Uint16(q[end+1:])
	head := []byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}
	out := append(head, q[12:end+5]...)
	if kind == 1 {
		out[7] = 1
		out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4)
		out = append(out, *n.at.Load()...)
	}
	return out
}

// A vendor's name leads elsewhere while calls go on without a pause: within the age of a
// connection they go there, and none of them fails.
func TestAChangeInDNSIsSeenUnderSteadyTraffic(t *testing.T) {
	var served atomic.Pointer[string]
	listen := func(address string) net.Listener {
		l, err := net.Listen("tcp4", address)
		if err != nil {
			t.Skipf("no second loopback address: %v", err)
		}
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			at := l.Addr().(*net.TCPAddr).IP.String()
			served.Store(&at)
			_, _ = w.Write([]byte("{}"))
		}))
		_ = srv.Listener.Close()
		srv.Listener = l
		srv.Start()
		t.Cleanup(srv.Close)
		return l
	}
	old := listen("127.0.0.1:0")
	port := strconv.Itoa(old.Addr().(*net.TCPAddr).Port)
	listen("127.0.0.2:" + port)
	dns := &names{}
	dns.set("127.0.0.1")
	c := dial(t, Config{BaseURL: "http://vendor.test:" + port})
	via, ok := c.http.GetClient().Transport.(*direct)
	if !ok {
		t.Skip("net/http's transport is not asked for this")
	}
	via.dialer.Resolver = &net.Resolver{PreferGo: true, Dial: dns.dial}
	call := func(age time.Duration) string {
		t.Helper()
		via.mu.Lock()
		for _, idle := range via.idle {
			idle.opened = idle.opened.Add(-age)
		}
		via.mu.Unlock()
		if err := c.Do(t.Context(), get(nil), nil); err != nil {
			t.Fatal(err)
		}
		return *served.Load()
	}
	if at := call(0); at != "127.0.0.1" {
		t.Fatalf("served at %s", at)
	}
	dns.set("127.0.0.2")
	for since := time.Duration(0); ; since += time.Second {
		if at := call(time.Second); at == "127.0.0.2" {
			break
		}
		if since > maxAge {
			t.Fatalf("%s after the change the old address is still asked", since)
		}
	}
	if at := call(maxAge); at != "127.0.0.2" {
		t.Errorf("back at %s", at)
	}
}
