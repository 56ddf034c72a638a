package main

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// boundedListener bounds the connections in all and of each peer. Proxies that are
// trusted and loopback stand for many clients: they are bounded in all alone.
type boundedListener struct {
	net.Listener
	all, each int // 0: no bound
	many      func(netip.Addr) bool
	refused   func(reason string)

	mu    sync.Mutex // guards the rest
	open  int
	peers map[netip.Addr]int // those that are bounded and have a connection
}

// acceptPause is between attempts to accept while the system has no file left, or what
// else it may want; fasthttp would end the program.
const acceptPause = 50 * time.Millisecond

// Accept returns the next connection that is not one too many. Its error is that the
// listener is closed.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			l.refused("system")
			time.Sleep(acceptPause)
			continue
		}
		tcp, ok := conn.(*net.TCPConn)
		if !ok {
			return conn, nil
		}
		peer := conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
		reason := l.enter(peer)
		if reason == "" {
			return &boundedConn{TCPConn: tcp, leave: sync.OnceFunc(func() { l.leave(peer) })}, nil
		}
		l.refused(reason)
		refuse(conn)
	}
}

const tooManyConnections = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

// refuse answers a connection of which nothing was read. The answer fits the
// kernel's empty buffer, so nobody waits for the peer.
func refuse(conn net.Conn) {
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(conn, tooManyConnections) // it is closed either way
	_ = conn.Close()
}

// enter counts a connection, or says what there are too many of.
func (l *boundedListener) enter(peer netip.Addr) (reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all > 0 && l.open >= l.all {
		return "connections"
	}
	if l.each > 0 && !peer.IsLoopback() && !l.many(peer) {
		if l.peers[peer] >= l.each {
			return "address_connections"
		}
		l.peers[peer]++
	}
	l.open++
	return ""
}

func (l *boundedListener) leave(peer netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if n := l.peers[peer]; n > 1 {
		l.peers[peer] = n - 1
	} else {
		delete(l.peers, peer)
	}
}

// count is how many connections are open.
func (l *boundedListener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

// boundedConn gives its place back when it is closed.
type boundedConn struct {
	*net.TCPConn
	leave  func()
	unread atomic.Bool // the client may still be sending
}

// Linger makes Close take for a moment what the client still sends. It would else be
// told of a reset connection, and may lose the answer.
func (c *boundedConn) Linger() { c.unread.Store(true) }

const (
	lingerTime  = time.Second
	lingerBytes = 4 << 20
)

// Close gives the place back once the connection is gone.
func (c *boundedConn) Close() error {
	defer c.leave()
	if c.unread.Swap(false) && c.CloseWrite() == nil {
		_ = c.SetReadDeadline(time.Now().Add(lingerTime))
		_, _ = io.CopyN(io.Discard, c.TCPConn, lingerBytes) // whatever comes, nobody wants it
	}
	return c.TCPConn.Close()
}
