package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"
)

// direct is an HTTP/1.1 transport to one host that writes and reads on the
// caller's goroutine. net/http's has two goroutines for each connection, and
// handing a short exchange between three of them costs more than the exchange
// (docs/performance.md). It never sends a request twice, and opens as many
// connections as it has callers: the bulkhead bounds them.
type direct struct {
	base    *url.URL
	dialer  net.Dialer
	tls     *tls.Config   // nil for plain http
	timeout time.Duration // for one exchange, from the dial to the body's end
	idleFor time.Duration
	uses    int // exchanges on one connection at most; 0: any number

	mu        sync.Mutex // guards all below
	idle      []*directConn
	idleTimer *time.Timer // nil while nothing is idle
}

// maxAge is how old a connection may be when an exchange begins, so that a
// vendor's change in DNS is seen under steady traffic.
const maxAge = 50 * time.Second

var errHost = errors.New("the request is for another host")

func newDirect(cfg Config, base *url.URL) *direct {
	d := &direct{
		base: base, timeout: cfg.Timeout, idleFor: cfg.Idle, uses: cfg.Uses,
		dialer: net.Dialer{KeepAlive: 30 * time.Second},
	}
	if base.Scheme == "https" {
		d.tls = &tls.Config{ServerName: base.Hostname()}
	}
	return d
}

// RoundTrip sends r once. The caller has to read the answer's body to its end or
// close it.
func (d *direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != d.base.Host || r.URL.Scheme != d.base.Scheme {
		closeBody(r)
		return nil, errHost
	}
	ctx := r.Context()
	c, err := d.conn(ctx, time.Now())
	if err != nil {
		closeBody(r)
		return nil, cause(ctx, err)
	}
	x := &exchange{direct: d, conn: c, ctx: ctx, stop: context.AfterFunc(ctx, c.expire)}
	res, err := c.exchange(r)
	if err != nil {
		x.end(false)
		return nil, cause(ctx, err)
	}
	x.body, x.reuse = res.Body, !res.Close && !r.Close
	if res.Body == http.NoBody {
		x.end(true)
	}
	res.Body = x
	return res, nil
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

// cause prefers why the context ended to what that did to the connection, and
// has one error for every end of time.
func cause(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return context.DeadlineExceeded
	}
	return err
}

// conn returns the idle connection that was used last and is still open, or a
// new one. Its deadline is that of an exchange which begins now.
func (d *direct) conn(ctx context.Context, now time.Time) (*directConn, error) {
	end := now.Add(d.timeout)
	for {
		c := d.takeIdle()
		if c == nil {
			return d.dial(ctx, now, end)
		}
		fresh := now.Sub(c.idleSince) < d.idleFor && now.Sub(c.opened) < maxAge
		if fresh && c.SetDeadline(end) == nil && c.alive() {
			return c, nil
		}
		_ = c.Close()
	}
}

func (d *direct) takeIdle() *directConn {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.idle)
	if n == 0 {
		return nil
	}
	c := d.idle[n-1]
	d.idle = d.idle[:n-1]
	return c
}

func (d *direct) dial(ctx context.Context, now, end time.Time) (*directConn, error) {
	port := d.base.Port()
	if port == "" {
		port = d.base.Scheme // the resolver knows both names
	}
	dialer := d.dialer
	dialer.Deadline = end
	raw, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(d.base.Hostname(), port))
	if err != nil {
		return nil, err
	}
	c := &directConn{Conn: raw, opened: now}
	if c.peek, err = peeker(raw); err == nil {
		err = raw.SetDeadline(end)
	}
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	if d.tls != nil {
		secure := tls.Client(raw, d.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, err
		}
		c.Conn = secure
	}
	c.in, c.out = bufio.NewReader(c), bufio.NewWriter(c.Conn)
	return c, nil
}

// release keeps c for the next exchange, or closes it.
func (d *direct) release(c *directConn, keep bool) {
	if c.used++; c.used == d.uses {
		keep = false
	}
	if !keep {
		_ = c.Close()
		return
	}
	c.idleSince = time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = append(d.idle, c)
	if d.idleTimer == nil {
		d.idleTimer = time.AfterFunc(d.idleFor, d.closeIdle)
	}
}

// closeIdle runs on the timer: it closes what was idle for too long, and comes
// back while anything is left.
func (d *direct) closeIdle() {
	d.mu.Lock()
	old := 0
	for old < len(d.idle) && time.Since(d.idle[old].idleSince) >= d.idleFor {
		old++
	}
	gone := slices.Clone(d.idle[:old])
	d.idle = slices.Delete(d.idle, 0, old)
	if d.idleTimer = nil; len(d.idle) > 0 {
		d.idleTimer = time.AfterFunc(d.idleFor-time.Since(d.idle[0].idleSince), d.closeIdle)
	}
	d.mu.Unlock()
	closeConns(gone)
}

// CloseIdleConnections is found by http.Client.
func (d *direct) CloseIdleConnections() {
	d.mu.Lock()
	gone := d.idle
	d.idle = nil
	if d.idleTimer != nil {
		d.idleTimer.Stop()
		d.idleTimer = nil
	}
	d.mu.Unlock()
	closeConns(gone)
}

// closeConns is called without the lock: TLS says goodbye to the vendor.
func closeConns(gone []*directConn) {
	for _, c := range gone {
		_ = c.Close()
	}
}

// exchange is the body of one answer: at its end the connection goes back.
type exchange struct {
	direct *direct
	conn   *directConn
	ctx    context.Context
	stop   func() bool // ends the watch over ctx
	body   io.ReadCloser
	reuse  bool
	ended  bool
}

// Read reads the body; its end or an error releases the connection.
func (x *exchange) Read(p []byte) (int, error) {
	if x.ended {
		return 0, io.EOF
	}
	n, err := x.body.Read(p)
	if err == nil {
		return n, nil
	}
	x.end(err == io.EOF)
	if err != io.EOF {
		err = cause(x.ctx, err)
	}
	return n, err
}

// Close gives up what is left of the body, and the connection with it.
func (x *exchange) Close() error {
	x.end(false)
	return nil
}

// end keeps no connection whose deadline the end of ctx is about to change.
func (x *exchange) end(whole bool) {
	if x.ended {
		return
	}
	x.ended = true
	x.direct.release(x.conn, x.stop() && whole && x.reuse && x.conn.in.Buffered() == 0)
}
