package upstream

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// newHTTP is a client that gives up an attempt after cfg.Timeout. Its transport
// is the lean one where it can be, which keeps that time itself. A proxy from the
// environment wants net/http's, which then keeps as many idle connections as it
// allows: the default of two costs a handshake on nearly every call under load.
func newHTTP(cfg Config, base *url.URL) *http.Client {
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: base})
	if canPeek && proxy == nil && err == nil {
		return &http.Client{Transport: newLean(cfg, base)}
	}
	return newStandard(cfg)
}

func newStandard(cfg Config) *http.Client {
	return &http.Client{Timeout: cfg.Timeout, Transport: traced{&http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: cfg.Timeout, KeepAlive: 30 * time.Second}).DialContext,
		MaxIdleConns:          cfg.Conns,
		MaxIdleConnsPerHost:   cfg.Conns,
		MaxConnsPerHost:       cfg.Conns,
		IdleConnTimeout:       cfg.Idle,
		TLSHandshakeTimeout:   cfg.Timeout,
		ExpectContinueTimeout: time.Second,
	}}}
}

// traced marks what net/http's transport has sent; the lean one does so itself.
type traced struct{ *http.Transport }

func (t traced) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	trace := &httptrace.ClientTrace{WroteHeaders: func() { markSent(ctx) }}
	return t.Transport.RoundTrip(r.WithContext(httptrace.WithClientTrace(ctx, trace)))
}

// sending is the context of one attempt, in which its transport notes that the
// vendor may have read the request.
type sending struct {
	context.Context
	sent atomic.Bool
}

type sendingKey struct{}

// Value finds the attempt itself, and what the caller's context holds.
func (s *sending) Value(key any) any {
	if key == (sendingKey{}) {
		return s
	}
	return s.Context.Value(key)
}

func markSent(ctx context.Context) {
	if s, ok := ctx.Value(sendingKey{}).(*sending); ok {
		s.sent.Store(true)
	}
}
