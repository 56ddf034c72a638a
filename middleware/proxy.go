package middleware

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// Proxies are the networks whose peers are believed about the requests that they
// pass on.
type Proxies []netip.Prefix

// origin is where a request comes from, and under which address it was called.
type origin struct {
	peer   netip.Addr // the client, as far as a proxy that is trusted names it
	scheme string
	host   string // with the port, when there is one
}

// forwarding are the headers of a request that a proxy passed on.
var forwarding = []string{fiber.HeaderForwarded, fiber.HeaderXForwardedFor, "X-Real-Ip", fiber.HeaderVia, fiber.HeaderXForwardedHost, fiber.HeaderXForwardedProto}

// forwarded says whether a proxy, or somebody who plays one, passed the request on.
func forwarded(c *fiber.Ctx) bool {
	return slices.ContainsFunc(forwarding, func(name string) bool { return len(c.Request().Header.Peek(name)) > 0 })
}

// Origin finds out where each request comes from, for all that comes after it. It is
// the only reader of forwarding headers.
func (p Proxies) Origin(c *fiber.Ctx) error {
	stateOf(c).origin = p.originOf(c)
	return c.Next()
}

// originOf believes no forwarding header of a peer that is not trusted, nor one that
// another contradicts: a proxy that writes one kind and passes the other on would
// else let its clients choose who they are.
func (p Proxies) originOf(c *fiber.Ctx) origin {
	at := origin{peer: tcpPeer(c), scheme: "http", host: string(c.Request().Host())}
	if c.Context().IsTLS() {
		at.scheme = "https"
	}
	if !p.Has(at.peer) {
		return at
	}
	elements := parseForwarded(c)
	chain := values(c, fiber.HeaderXForwardedFor)
	if len(chain) == 0 {
		for _, e := range elements {
			chain = append(chain, e["for"])
		}
	} else if len(elements) > 0 {
		return at
	}
	for _, hop := range slices.Backward(chain) {
		addr, ok := parseHop(hop)
		if !ok {
			break
		}
		if at.peer = addr; !p.Has(addr) {
			break
		}
	}
	scheme, host := last(values(c, fiber.HeaderXForwardedProto)), last(values(c, fiber.HeaderXForwardedHost))
	if len(elements) > 0 {
		scheme, host = elements[len(elements)-1]["proto"], elements[len(elements)-1]["host"]
	}
	if scheme = strings.ToLower(scheme); scheme == "http" || scheme == "https" {
		at.scheme = scheme
	}
	if host != "" && !strings.ContainsAny(host, "/\\@?# \t") {
		at.host = host
	}
	return at
}

// Has says whether addr is one of theirs.
func (p Proxies) Has(addr netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(addr) })
}

// PeerOf is the client's address: the TCP peer's, or what trusted proxies say of it.
func PeerOf(c *fiber.Ctx) netip.Addr {
	if at := stateOf(c).origin; at.peer.IsValid() {
		return at.peer
	}
	return tcpPeer(c)
}

// BaseURL is the address under which this process was called: scheme and host.
func BaseURL(c *fiber.Ctx) string {
	at := stateOf(c).origin
	if at.host == "" {
		at = Proxies(nil).originOf(c)
	}
	return at.scheme + "://" + at.host
}

func tcpPeer(c *fiber.Ctx) netip.Addr {
	addr, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	return addr.Unmap()
}

// values are the members of a header that is a list, in all its lines.
func values(c *fiber.Ctx, name string) (out []string) {
	for _, line := range c.Request().Header.PeekAll(name) {
		for member := range strings.SplitSeq(string(line), ",") {
			if member = strings.TrimSpace(member); member != "" {
				out = append(out, member)
			}
		}
	}
	return out
}

// parseForwarded reads the elements of Forwarded (RFC 7239).
func parseForwarded(c *fiber.Ctx) (out []map[string]string) {
	for _, element := range values(c, fiber.HeaderForwarded) {
		pairs := map[string]string{}
		for pair := range strings.SplitSeq(element, ";") {
			name, value, _ := strings.Cut(pair, "=")
			pairs[strings.ToLower(strings.TrimSpace(name))] = strings.Trim(strings.TrimSpace(value), `"`)
		}
		out = append(out, pairs)
	}
	return out
}

// parseHop reads an address with or without a port: 10.0.0.1:80, [::1]:80, [::1].
func parseHop(hop string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(hop); err == nil {
		return at.Addr().Unmap(), true
	}
	addr, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	return addr.Unmap().WithZone(""), err == nil
}

func last(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}
