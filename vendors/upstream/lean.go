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

// lean is an HTTP/1.1 transport to one host that writes and reads on the
// caller's goroutine. net/http's has two goroutines for each connection, and
// handing a short exchange between three of them costs more than the exchange.
// It never sends a request twice.
type lean struct {
	base   *url.URL
	dialer net.Dialer
	tls    *tls.Config   // nil for plain http
	timeIn time.Duration // for one exchange, from the wait for a place to the body's end
	idleIn time.Duration
	places chan struct{} // one for each connection that may be open

	mu    sync.Mutex // guards all below
	idle  []*leanConn
	reap  *time.Timer                   // nil while nothing is idle
	busy  map[*leanConn]context.Context // for whom each works
	watch *time.Timer                   // nil while nothing is busy
}

// watchEvery is how long an exchange may outlive its caller or the caller's deadline.
const watchEvery = 20 * time.Millisecond

// maxHead bounds the status line and the headers of an answer.
const maxHead = 1 << 20

var (
	errHost = errors.New("the request is for another host")
	errBody = errors.New("the request's body is not as long as it said")
)

func newLean(cfg Config, base *url.URL) *lean {
	l := &lean{
		base: base, timeIn: cfg.Timeout, idleIn: cfg.Idle, places: make(chan struct{}, cfg.Conns),
		busy:   map[*leanConn]context.Context{},
		dialer: net.Dialer{KeepAlive: 30 * time.Second},
	}
	if base.Scheme == "https" {
		l.tls = &tls.Config{ServerName: base.Hostname()}
	}
	return l
}

// RoundTrip sends r once. The caller has to read the answer's body to its end or
// close it.
func (l *lean) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != l.base.Host || r.URL.Scheme != l.base.Scheme {
		closeBody(r)
		return nil, errHost
	}
	ctx, now := r.Context(), time.Now()
	if err := l.enter(ctx); err != nil {
		closeBody(r)
		return nil, err
	}
	c, err := l.conn(ctx, now)
	if err != nil {
		<-l.places
		closeBody(r)
		return nil, cause(ctx, err)
	}
	l.begin(ctx, c)
	x := &exchange{lean: l, conn: c, ctx: ctx}
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

// enter waits for a place among the connections, for no longer than the exchange
// may take.
func (l *lean) enter(ctx context.Context) error {
	select {
	case l.places <- struct{}{}:
		return nil
	default:
	}
	late := time.NewTimer(l.timeIn)
	defer late.Stop()
	select {
	case l.places <- struct{}{}:
		return nil
	case <-late.C:
		return context.DeadlineExceeded
	case <-ctx.Done():
		return ctx.Err()
	}
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
func (l *lean) conn(ctx context.Context, now time.Time) (*leanConn, error) {
	end := now.Add(l.timeIn)
	for {
		l.mu.Lock()
		n := len(l.idle)
		if n == 0 {
			l.mu.Unlock()
			return l.dial(ctx, end)
		}
		c := l.idle[n-1]
		l.idle = l.idle[:n-1]
		l.mu.Unlock()
		if now.Sub(c.since) < l.idleIn && c.SetDeadline(end) == nil && c.alive(end) {
			return c, nil
		}
		_ = c.Close()
	}
}

func (l *lean) dial(ctx context.Context, end time.Time) (*leanConn, error) {
	port := l.base.Port()
	if port == "" {
		port = l.base.Scheme // the resolver knows both names
	}
	dialer := l.dialer
	dialer.Deadline = end
	raw, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(l.base.Hostname(), port))
	if err != nil {
		return nil, err
	}
	c := &leanConn{Conn: raw}
	if c.peek, err = peeker(raw); err == nil {
		err = raw.SetDeadline(end)
	}
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	if l.tls != nil {
		secure := tls.Client(raw, l.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, err
		}
		c.Conn = secure
	}
	c.in, c.out = bufio.NewReader(c), bufio.NewWriter(c.Conn)
	return c, nil
}

// begin has c watched until its exchange is over, in case the caller leaves. A
// function for each context (context.AfterFunc) would cost six allocations.
func (l *lean) begin(ctx context.Context, c *leanConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy[c] = ctx
	if l.watch == nil {
		l.watch = time.AfterFunc(watchEvery, l.cutLate)
	}
}

// cutLate runs on the timer: it ends the exchanges whose contexts have ended, and
// comes back while any is under way.
func (l *lean) cutLate() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c, ctx := range l.busy {
		if ctx.Err() != nil {
			_ = c.SetDeadline(time.Unix(1, 0))
		}
	}
	if l.watch = nil; len(l.busy) > 0 {
		l.watch = time.AfterFunc(watchEvery, l.cutLate)
	}
}

// end keeps c for the next exchange, or closes it.
func (l *lean) end(c *leanConn, keep bool) {
	c.since = time.Now()
	l.mu.Lock()
	delete(l.busy, c)
	if keep {
		l.idle = append(l.idle, c)
	}
	if keep && l.reap == nil {
		l.reap = time.AfterFunc(l.idleIn, l.closeIdle)
	}
	l.mu.Unlock()
	if !keep {
		_ = c.Close()
	}
}

// closeIdle runs on the timer: it closes what was idle for too long, and comes
// back while anything is left.
func (l *lean) closeIdle() {
	l.mu.Lock()
	old := 0
	for old < len(l.idle) && time.Since(l.idle[old].since) >= l.idleIn {
		old++
	}
	gone := slices.Clone(l.idle[:old])
	l.idle = slices.Delete(l.idle, 0, old)
	if l.reap = nil; len(l.idle) > 0 {
		l.reap = time.AfterFunc(l.idleIn-time.Since(l.idle[0].since), l.closeIdle)
	}
	l.mu.Unlock()
	closeAll(gone)
}

// CloseIdleConnections is found by http.Client.
func (l *lean) CloseIdleConnections() {
	l.mu.Lock()
	gone := l.idle
	l.idle = nil
	if l.reap != nil {
		l.reap.Stop()
		l.reap = nil
	}
	l.mu.Unlock()
	closeAll(gone)
}

// closeAll is called without the lock: TLS says goodbye to the vendor.
func closeAll(gone []*leanConn) {
	for _, c := range gone {
		_ = c.Close()
	}
}

// exchange is the body of one answer: at its end the connection goes back.
type exchange struct {
	lean  *lean
	conn  *leanConn
	ctx   context.Context
	body  io.ReadCloser
	reuse bool
	ended bool
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

func (x *exchange) end(whole bool) {
	if x.ended {
		return
	}
	x.ended = true
	x.lean.end(x.conn, whole && x.reuse && x.conn.in.Buffered() == 0)
	<-x.lean.places
}
