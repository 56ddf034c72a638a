// Package cabletest is a way to a server that tests can cut and mend.
package cabletest

import (
	"io"
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

	mu    sync.Mutex // guards conns and cut
	conns []net.Conn
	cut   bool // what is accepted now comes too late
}

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
			c.wg.Go(func() { pass(out, in) })
			c.wg.Go(func() { pass(in, out) })
		}
	})
}

func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_, _ = to.Close(), from.Close()
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
	c.wg.Wait()
}
