// Package cabletest is a way to a server that tests can cut, or clog, and mend.
package cabletest

import (
	"net"
	"sync"
	"testing"
)

// Cable passes connections on to a server. It is whole at first.
type Cable struct {
	Addr   string // where it listens, the same after each Mend
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

// To lays a cable to the server at target; it is cut when the test ends.
func To(t testing.TB, target string) *Cable {
	t.Helper()
	c := &Cable{Addr: "127.0.0.1:0", t: t, target: target}
	c.Mend()
	t.Cleanup(c.Cut)
	return c
}

// Mend lets connections through again.
func (c *Cable) Mend() {
	c.t.Helper()
	ln, err := net.Listen("tcp", c.Addr)
	if err != nil {
		c.t.Fatal(err)
	}
	c.Addr, c.ln = ln.Addr().String(), ln
	c.mu.Lock()
	c.cut = false
	c.mu.Unlock()
	c.wg.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", c.target)
			if err != nil {
				_ = in.Close()
				continue
			}
			c.mu.Lock()
			late := c.cut
			c.conns = append(c.conns, in, out)
			c.mu.Unlock()
			if late {
				_, _ = in.Close(), out.Close()
				return
			}
			c.wg.Go(func() { c.pass(out, in, &c.there) })
			c.wg.Go(func() { c.pass(in, out, &c.back) })
		}
	})
}

func (c *Cable) pass(to, from net.Conn, through *valve) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		c.mu.Lock()
		shut := *through
		c.mu.Unlock()
		if shut != nil {
			<-shut
		}
		if _, failed := to.Write(buf[:n]); err != nil || failed != nil {
			return
		}
	}
}

// Hang holds back all that is said from now on, either way, and keeps connections
// open and lets new ones be made, until Flow or Cut.
func (c *Cable) Hang() { c.clog(&c.there, &c.back) }

// Mute is Hang for what the server says: it still hears.
func (c *Cable) Mute() { c.clog(&c.back) }

func (c *Cable) clog(valves ...*valve) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range valves {
		if *v == nil {
			*v = make(valve)
		}
	}
}

// Flow lets through what was held back and all that follows.
func (c *Cable) Flow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range []*valve{&c.there, &c.back} {
		if *v != nil {
			close(*v)
			*v = nil
		}
	}
}

// Cut breaks all connections and returns when nothing passes any more; nobody can
// connect until Mend.
func (c *Cable) Cut() {
	_ = c.ln.Close()
	c.mu.Lock()
	c.cut = true
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
	c.mu.Unlock()
	c.Flow() // into nothing
	c.wg.Wait()
}
