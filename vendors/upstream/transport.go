package upstream

import (
	"net"
	"net/http"
	"net/url"
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
	return &http.Client{Timeout: cfg.Timeout, Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: cfg.Timeout, KeepAlive: 30 * time.Second}).DialContext,
		MaxIdleConns:          cfg.Conns,
		MaxIdleConnsPerHost:   cfg.Conns,
		MaxConnsPerHost:       cfg.Conns,
		IdleConnTimeout:       cfg.Idle,
		TLSHandshakeTimeout:   cfg.Timeout,
		ExpectContinueTimeout: time.Second,
	}}
}
