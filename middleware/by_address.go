package middleware

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/problem"
)

// Why an address proves nothing.
var (
	ErrForbidden = problem.New(problem.Forbidden, "not allowed from this address")
	ErrForwarded = problem.New(problem.Forbidden, "not allowed through a proxy: its address says nothing about the caller")
	ErrHost      = problem.New(problem.Forbidden, "not allowed under this host name: call an address, localhost or a name of SWITCHBOARD_HOSTS")
	ErrCrossSite = problem.New(problem.Forbidden, "not allowed from a page of another site")
)

// ByAddress is who may call because of where they call from. An address proves that
// a machine may, not that its user wants to: a browser there calls whatever a page
// says, and a proxy whatever anybody does. So both are kept out.
type ByAddress struct {
	Allowed []netip.Prefix // TCP peers; empty: nobody
	Hosts   []string       // names by which the process may be called, besides addresses and localhost
}

// Check is nil for a caller whose address counts: ErrForbidden, ErrForwarded,
// ErrHost, ErrCrossSite.
func (a ByAddress) Check(c *fiber.Ctx) error {
	switch {
	case !Proxies(a.Allowed).Has(tcpPeer(c)):
		return ErrForbidden
	case forwarded(c):
		return ErrForwarded
	case !a.called(string(c.Request().Host())):
		return ErrHost
	case CrossSite(c):
		return ErrCrossSite
	}
	return nil
}

// Only lets in only callers whose address counts.
func (a ByAddress) Only(c *fiber.Ctx) error {
	if err := a.Check(c); err != nil {
		return err
	}
	return c.Next()
}

// called says whether host is one that a foreign name server cannot point here.
func (a ByAddress) called(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	_, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil || strings.EqualFold(name, "localhost") ||
		slices.ContainsFunc(a.Hosts, func(known string) bool { return strings.EqualFold(name, known) })
}

// CrossSite says whether a browser makes the request for a page that does not come
// from here. What is no browser sends neither header.
func CrossSite(c *fiber.Ctx) bool {
	if site := c.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return true
	}
	from := c.Get(fiber.HeaderOrigin)
	if from == "" {
		return false
	}
	page, err := url.Parse(from)
	here, _ := url.Parse(BaseURL(c))
	return err != nil || here == nil || page.Host == "" || !strings.EqualFold(page.Host, here.Host)
}
