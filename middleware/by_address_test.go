package middleware

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
)

// An address proves that a machine may call, not that its user means to.
func TestAnAddressCountsOnlyForWhomItProves(t *testing.T) {
	near := ByAddress{Allowed: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")}, Hosts: []string{"inner.example"}}
	for header, want := range map[string]error{
		"":                                                nil,
		"Host: localhost":                                 nil,
		"Host: LOCALHOST:1":                               nil,
		"Host: [::1]:8081":                                nil,
		"Host: [::1]":                                     nil,
		"Host: 10.1.2.3":                                  nil,
		"Host: inner.example:80":                          nil,
		"Host: evil.example":                              ErrHost,
		"Host: evil.example:8081":                         ErrHost,
		"Host: localhost.evil.example":                    ErrHost,
		"Host: 127.0.0.1.evil.example":                    ErrHost,
		"Host: inner.example.evil.example":                ErrHost,
		"Forwarded: for=8.8.8.8":                          ErrForwarded,
		"Forwarded: for=127.0.0.1":                        ErrForwarded,
		"X-Forwarded-For: 8.8.8.8":                        ErrForwarded,
		"X-Forwarded-For: 127.0.0.1":                      ErrForwarded,
		"x-forwarded-for: unknown":                        ErrForwarded,
		"X-Real-IP: 127.0.0.1":                            ErrForwarded,
		"Via: 1.1 proxy":                                  ErrForwarded,
		"X-Forwarded-Host: localhost":                     ErrForwarded,
		"X-Forwarded-Proto: http":                         ErrForwarded,
		"Origin: http://evil.example":                     ErrCrossSite,
		"Origin: null":                                    ErrCrossSite,
		"Origin: http://127.0.0.1:3000":                   ErrCrossSite,
		"Origin: http://127.0.0.1:8081":                   nil,
		"Origin: https://127.0.0.1:8081":                  nil,
		"Sec-Fetch-Site: cross-site":                      ErrCrossSite,
		"Sec-Fetch-Site: same-site":                       ErrCrossSite,
		"Sec-Fetch-Site: same-origin":                     nil,
		"Sec-Fetch-Site: none":                            nil,
		"Origin: http://evil.example\nHost: evil.example": ErrHost,
	} {
		if _, got := ask(t, near.Only, header); !errors.Is(got, want) || (got == nil) != (want == nil) {
			t.Errorf("%s: %v, want %v", header, got, want)
		}
	}
	for _, guard := range []fiber.Handler{ByAddress{}.Only, ByAddress{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}.Only} {
		if _, got := ask(t, guard, ""); !errors.Is(got, ErrForbidden) {
			t.Errorf("from elsewhere: %v", got)
		}
	}
}

// Forwarding headers are believed from trusted peers alone, and then from the nearest
// hop that is not trusted on: what stands left of it is what a client wrote.
func TestTrustedProxiesTellWhereARequestComesFrom(t *testing.T) {
	trusted := Proxies{netip.MustParsePrefix("0.0.0.0/32"), netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct{ header, peer, base string }{
		{"", "0.0.0.0", "http://127.0.0.1:8081"},
		{"X-Forwarded-For: 8.8.8.8", "8.8.8.8", "http://127.0.0.1:8081"},
		{"X-Forwarded-For: 1.1.1.1, 8.8.8.8", "8.8.8.8", "http://127.0.0.1:8081"},
		{"X-Forwarded-For: 1.1.1.1, 8.8.8.8, 10.0.0.2", "8.8.8.8", "http://127.0.0.1:8081"},
		{"X-Forwarded-For: 1.1.1.1\nX-Forwarded-For: 8.8.8.8", "8.8.8.8", "http://127.0.0.1:8081"},
		{"X-Forwarded-For: 8.8.8.8:4711", "8.8.8.8", "http://127.0.0.1:8081"},
		{"X-Forwarded-For: 8.8.8.8, unknown", "0.0.0.0", "http://127.0.0.1:8081"},
		{"X-Forwarded-For: ::ffff:8.8.8.8", "8.8.8.8", "http://127.0.0.1:8081"},
		{"X-Forwarded-For: 10.0.0.3", "10.0.0.3", "http://127.0.0.1:8081"},
		{"X-Forwarded-For: 8.8.8.8\nX-Forwarded-Proto: https\nX-Forwarded-Host: chat.example", "8.8.8.8", "https://chat.example"},
		{"X-Forwarded-Proto: http, https", "0.0.0.0", "https://127.0.0.1:8081"},
		{"X-Forwarded-Proto: gopher", "0.0.0.0", "http://127.0.0.1:8081"},
		{"X-Forwarded-Host: evil.example/x?", "0.0.0.0", "http://127.0.0.1:8081"},
		{`Forwarded: for="[2001:db8::1]:47011";proto=https;host="chat.example"`, "2001:db8::1", "https://chat.example"},
		{`Forwarded: for=1.1.1.1;host=evil.example, FOR=8.8.8.8; Proto=HTTPS; Host=chat.example:8443`, "8.8.8.8", "https://chat.example:8443"},
		{"Forwarded: for=_hidden", "0.0.0.0", "http://127.0.0.1:8081"},
		{"Forwarded: for=1.1.1.1;proto=https;host=evil.example\nX-Forwarded-For: 8.8.8.8", "0.0.0.0", "http://127.0.0.1:8081"}, // a client's, passed on
		{"Forwarded: for=1.1.1.1\nX-Forwarded-Host: chat.example", "1.1.1.1", "http://127.0.0.1:8081"},
	} {
		var peer, base string
		if r, _ := ask(t, trusted.Origin, c.header); true {
			peer, base = r.origin.peer.String(), r.origin.scheme+"://"+r.origin.host
		}
		if peer != c.peer || base != c.base {
			t.Errorf("%s: %s %s, want %s %s", c.header, peer, base, c.peer, c.base)
		}
		if r, _ := ask(t, Proxies{}.Origin, c.header); r.origin.peer.String() != "0.0.0.0" || r.origin.scheme != "http" || r.origin.host != "127.0.0.1:8081" {
			t.Errorf("%s: believed from a peer that is not trusted: %+v", c.header, r.origin)
		}
	}
}

func TestLoggedPathsAreClipped(t *testing.T) {
	if got := clip(strings.Repeat("x", 15<<10)); len(got) > maxLoggedPath+3 {
		t.Errorf("%d bytes", len(got))
	}
	if got := clip("/short"); got != "/short" {
		t.Error(got)
	}
	if got := clip(strings.Repeat("x", 255) + "é"); got != strings.Repeat("x", 255)+"..." {
		t.Errorf("cut within a character: %q", got[250:])
	}
}
