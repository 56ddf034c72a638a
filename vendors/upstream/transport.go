package upstream

import (
	"net"
	"net/http"
	"net/url"
	"time"
)

// newTransport is the lean one where it can be. A proxy from the environment
// wants net/http's, which then keeps as many idle connections as it allows: the
// default of two costs a handshake on nearly every call under load.
func newTransport(cfg Config, base *url.URL) http.RoundTripper {
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: base})
	if canPeek && proxy == nil && err == nil {
		return newLean(cfg, base)
	}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: cfg.Timeout, KeepAlive: 30 * time.Second}).DialContext,
		MaxIdleConns:          cfg.Conns,
		MaxIdleConnsPerHost:   cfg.Conns,
		MaxConnsPerHost:       cfg.Conns,
		IdleConnTimeout:       cfg.Idle,
		TLSHandshakeTimeout:   cfg.Timeout,
		ExpectContinueTimeout: time.Second,
	}
}
