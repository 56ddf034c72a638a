package upstream

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"switchboard/vendors"
)

// Client calls one vendor account over one tuned transport. It is the vendor's
// Connection, too: what operators see and switch.
type Client struct {
	cfg      Config
	opt      Options
	base     string // scheme, host and what all paths begin with
	http     *resty.Client
	blank    resty.Request // copied for every attempt: R makes five maps, which nobody fills
	scrub    *strings.Replacer
	bulkhead *bulkhead
	budget   *budget
	skew     skew
	breakers [Control + 1]*breaker
	ops      ops
	faults   faults

	reads, staleReads *reads
}

var _ vendors.Connection = (*Client)(nil)

// New builds the client of one vendor account. The caller owns it and closes it.
func New(cfg Config, opt Options) (*Client, error) {
	u, err := parseURL(cfg.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("%s: the base URL %w", cfg.Vendor, err)
	}
	if opt.Encrypted && u.Scheme == "http" && !Private(u.Hostname()) {
		return nil, fmt.Errorf("%s: the base URL must be https: keys, tokens and coins would cross public networks in clear", cfg.Vendor)
	}
	cfg = withDefaults(cfg)
	return newClient(cfg, opt, newHTTP(cfg, u)), nil
}

// URLProblem is what is wrong with a base URL that is not valid.
const URLProblem = "must be an http or https URL with a host"

// ValidURL reports whether New would take raw for a base URL.
func ValidURL(raw string) bool {
	_, err := parseURL(raw)
	return err == nil
}

// parseURL's error does not repeat raw: somebody may have put a secret there.
func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New(URLProblem)
	}
	return u, nil
}

// Private says whether host is this machine or in a network of its own: by address,
// by a name without a dot, or by a suffix that no public name has.
func Private(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast()
	}
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal")
}

func withDefaults(cfg Config) Config {
	cfg.Timeout = orDefault(cfg.Timeout, 5*time.Second)
	cfg.Idle = orDefault(cfg.Idle, 50*time.Second)
	cfg.Slow = orDefault(cfg.Slow, 700*time.Millisecond)
	cfg.Calls = orDefault(cfg.Calls, 64)
	return cfg
}

func orDefault[T int | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

func newClient(cfg Config, opt Options, via *http.Client) *Client {
	c := &Client{
		cfg: cfg, opt: opt, scrub: scrubber(cfg.Secrets),
		bulkhead: newBulkhead(cfg.Calls), budget: newBudget(),
		base: strings.TrimSuffix(cfg.BaseURL, "/"),
		http: resty.NewWithClient(via).SetRedirectPolicy(resty.NoRedirectPolicy()).SetDoNotParseResponse(true).
			SetPreRequestHook(bare),
	}
	c.blank = *c.http.R()
	c.reads, c.staleReads = newReads(cfg.Vendor), newReads(cfg.Vendor)
	c.staleReads.Stale = staleFor
	c.ops.limits = cfg.Limits
	for class := range c.breakers {
		c.breakers[class] = newBreaker()
	}
	return c
}

// Close drops idle connections; calls under way finish on their own.
func (c *Client) Close() { c.http.GetClient().CloseIdleConnections() }

// Now is our clock corrected by what the vendor's is known to be off.
func (c *Client) Now() time.Time { return time.Now().Add(c.skew.get()) }

// Blame counts a failure that Call.Object kept from the breaker.
func (c *Client) Blame(class Class, fault *vendors.Error) { c.breakers[class].blame(fault) }

// Absolve counts as a success what Call.Object kept from the breaker: the adapter looked,
// and the vendor is there.
func (c *Client) Absolve(class Class) { c.breakers[class].absolve() }

func (c *Client) fail(call Call, a Answer, e *vendors.Error) *vendors.Error {
	e.Vendor, e.Op, e.Status = c.cfg.Vendor, call.Op, a.Status
	e.Effect = vendors.Effect(call.Class == Write || call.Class == Control)
	e.Text = address.ReplaceAllLiteralString(bearer.ReplaceAllLiteralString(c.scrub.Replace(e.Text), "[token]"), "[url]")
	if len(e.Text) > maxText {
		e.Text = strings.ToValidUTF8(e.Text[:maxText], "")
	}
	return e
}
