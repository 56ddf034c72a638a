// Package netproxy is a TCP proxy whose connections tests can cut, pause and restore.
package netproxy

import (
	"net"
	"sync"
	"testing"
)

// Proxy passes connections on to a server. It works from the start.
type Proxy struct {
	Addr   string // where it listens, the same after each Restore
	t      testing.TB
	target string

	ln net.Listener
	wg sync.WaitGroup

	mu    sync.Mutex // guards the rest
	conns []net.Conn
	cut   bool // what is accepted now comes too late
	there valve
	back  valve
}

// valve is one direction. Nil lets all through, else what comes waits for its end.
type valve chan struct{}

// New starts a proxy to the server at target; it is cut when the test ends.
func New(t testing.TB, target string) *Proxy {
	t.Helper()
	p := &Proxy{Addr: "127.0.0.1:0", t: t, target: target}
	p.Restore()
	t.Cleanup(p.Cut)
	return p
}

// Restore lets connections through again.
func (p *Proxy) Restore() {
	p.t.Helper()
	ln, err := net.Listen("tcp", p.Addr)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Addr, p.ln = ln.Addr().String(), ln
	p.mu.Lock()
	p.cut = false
	p.mu.Unlock()
	p.wg.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", p.target)
			if err != nil {
				_ = in.Close()
				continue
			}
			p.mu.Lock()
			late := p.cut
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			if late {
				_, _ = in.Close(), out.Close()
				return
			}
			p.wg.Go(func() { p.pass(out, in, &p.there) })
			p.wg.Go(func() { p.pass(in, out, &p.back) })
		}
	})
}

func (p *Proxy) pass(to, from net.Conn, through *valve) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		shut := *through
		p.mu.Unlock()
		if shut != nil {
			<-shut
		}
		if _, failed := to.Write(buf[:n]); err != nil || failed != nil {
			return
		}
	}
}

// Pause holds back all bytes from now on, both ways, and keeps connections open and
// accepts new ones, until Resume or Cut.
func (p *Proxy) Pause() { p.block(&p.there, &p.back) }

// DropReplies is Pause for what the server sends: it still receives.
func (p *Proxy) DropReplies() { p.block(&p.back) }

func (p *Proxy) block(valves ...*valve) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, v := range valves {
		if *v == nil {
			*v = make(valve)
		}
	}
}

// Resume lets through what was held back and all that follows.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, v := range []*valve{&p.there, &p.back} {
		if *v != nil {
			close(*v)
			*v = nil
		}
	}
}

// Cut breaks all connections and returns when nothing passes any more; nobody can
// connect until Restore.
func (p *Proxy) Cut() {
	_ = p.ln.Close()
	p.mu.Lock()
	p.cut = true
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
	p.mu.Unlock()
	p.Resume() // into nothing
	p.wg.Wait()
}
