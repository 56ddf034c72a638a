package upstream

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/go-resty/resty/v2"
)

// newHTTP is a client that gives up an attempt after cfg.Timeout. Its transport
// is the direct one where it can be, which keeps that time itself. A proxy from
// the environment wants net/http's, which then keeps as many idle connections as
// it allows: the default of two costs a handshake on nearly every call under load.
func newHTTP(cfg Config, base *url.URL) *http.Client {
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: base})
	if canPeek && proxy == nil && err == nil {
		return &http.Client{Transport: newDirect(cfg, base)}
	}
	return newStandard(cfg)
}

func newStandard(cfg Config) *http.Client {
	return &http.Client{Timeout: cfg.Timeout, Transport: traced{&http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext,
		MaxIdleConns:        cfg.Calls,
		MaxIdleConnsPerHost: cfg.Calls,
		IdleConnTimeout:     cfg.Idle,
	}}}
}

// attempt is one request on its way, and the context under which it goes. Its
// headers are put on the wire by the transport: resty and http.Client would each
// copy them, which costs a fifth of a message's whole way (docs/performance.md),
// and neither has any business with credentials.
type attempt struct {
	context.Context
	req   Request
	usual http.Header // what is sent beside req.Header; shared, so read only
	sent  atomic.Bool // the vendor may have read the request
}

type attemptKey struct{}

// Value finds the attempt itself, and what the caller's context holds.
func (a *attempt) Value(key any) any {
	if key == (attemptKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// bare leaves http.Client nothing to copy for a redirect, which is never followed.
func bare(_ *resty.Client, r *http.Request) error {
	r.Host, r.Header = "", noHeader
	return nil
}

var noHeader = http.Header{} // nobody writes into it

// attemptOf is what goes under ctx. A transport is handed nothing else.
func attemptOf(ctx context.Context) *attempt { return ctx.Value(attemptKey{}).(*attempt) }

// traced makes net/http's transport send an attempt's own headers and mark it as
// sent; the direct one does so by itself.
type traced struct{ *http.Transport }

func (t traced) RoundTrip(r *http.Request) (*http.Response, error) {
	a := attemptOf(r.Context())
	trace := &httptrace.ClientTrace{WroteHeaders: func() { a.sent.Store(true) }}
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), trace))
	r.Header = a.usual.Clone()
	for _, field := range a.req.Header {
		r.Header.Set(field[0], field[1])
	}
	return t.Transport.RoundTrip(r)
}
