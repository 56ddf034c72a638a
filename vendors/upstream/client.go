package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-resty/resty/v2"
	"github.com/sony/gobreaker/v2"

	"switchboard/vendors"
)

const maxAnswer = 4 << 20

// Client calls one vendor account over one tuned transport.
type Client struct {
	cfg      Config
	http     *resty.Client
	opt      Options
	breakers [Control + 1]*gobreaker.CircuitBreaker[struct{}]
	scrub    *strings.Replacer
}

// New builds the client of one vendor account. The caller owns it and closes it.
func New(cfg Config, opt Options) (*Client, error) {
	u, err := url.Parse(cfg.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("%s: the base URL must be http or https with a host", cfg.Vendor)
	}
	cfg.Timeout = orDefault(cfg.Timeout, 5*time.Second)
	cfg.Idle = orDefault(cfg.Idle, 50*time.Second)
	if cfg.Conns == 0 {
		cfg.Conns = 64
	}
	c := &Client{cfg: cfg, opt: opt, http: newHTTP(cfg), scrub: scrubber(cfg.Secrets)}
	for class := range c.breakers {
		c.breakers[class] = newBreaker(cfg.Vendor, Class(class))
	}
	return c, nil
}

// Close drops idle connections; calls under way finish on their own.
func (c *Client) Close() { c.http.GetClient().CloseIdleConnections() }

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}

// newHTTP keeps as many idle connections as it allows, since the default of two
// costs a handshake on nearly every call under load.
func newHTTP(cfg Config) *resty.Client {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: cfg.Timeout, KeepAlive: 30 * time.Second}).DialContext,
		MaxIdleConns:          cfg.Conns,
		MaxIdleConnsPerHost:   cfg.Conns,
		MaxConnsPerHost:       cfg.Conns,
		IdleConnTimeout:       cfg.Idle,
		TLSHandshakeTimeout:   cfg.Timeout,
		ExpectContinueTimeout: time.Second,
	}
	return resty.NewWithClient(&http.Client{Transport: transport}).
		SetBaseURL(strings.TrimSuffix(cfg.BaseURL, "/")).
		SetRedirectPolicy(resty.NoRedirectPolicy())
}

// newBreaker opens on half of at least ten completed calls within ten seconds.
func newBreaker(vendor string, class Class) *gobreaker.CircuitBreaker[struct{}] {
	return gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:         vendor + "/" + class.String(),
		MaxRequests:  1,
		Interval:     10 * time.Second,
		BucketPeriod: time.Second,
		Timeout:      5 * time.Second,
		ReadyToTrip: func(n gobreaker.Counts) bool {
			done := n.TotalSuccesses + n.TotalFailures
			return done >= 10 && n.TotalFailures*2 >= done
		},
		IsSuccessful: func(err error) bool {
			o := vendors.OutcomeOf(err)
			return o == vendors.OK || o == vendors.DefiniteNo
		},
		IsExcluded: func(err error) bool {
			o := vendors.OutcomeOf(err)
			return o == vendors.Throttled || o == vendors.Cancelled
		},
	})
}

// guarded runs one attempt behind the breaker, which sees the classified error.
func (c *Client) guarded(ctx context.Context, call Call, out any) error {
	_, err := c.breakers[call.Class].Execute(func() (struct{}, error) { return struct{}{}, c.attempt(ctx, call, out) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return c.fail(call, Answer{}, &vendors.Error{Outcome: vendors.NotSent, Err: vendors.ErrBreakerOpen})
	}
	return err
}

func (c *Client) observe(op string, err error, took time.Duration) {
	if c.opt.Observe == nil {
		return
	}
	o := Observation{Vendor: c.cfg.Vendor, Op: op, Outcome: vendors.OutcomeOf(err), Took: took}
	var e *vendors.Error
	if errors.As(err, &e) {
		o.Code = e.Code
	}
	c.opt.Observe(o)
}

// attempt signs, sends, reads, classifies and decodes once.
func (c *Client) attempt(ctx context.Context, call Call, out any) error {
	req := Request{
		Method: call.Method, Path: call.Path, Now: time.Now(),
		Header: cloneOrNew(call.Header), Query: cloneOrNew(call.Query), Form: cloneOrNew(call.Form),
	}
	if call.Sign != nil {
		call.Sign(&req)
	}
	var sent atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	attemptCtx, cancel := context.WithTimeout(httptrace.WithClientTrace(ctx, trace), c.cfg.Timeout)
	defer cancel()
	answer, err := c.send(attemptCtx, call, req)
	if err != nil {
		return c.fail(call, answer, transportError(ctx, err, sent.Load()))
	}
	if err := c.verdict(call, answer); err != nil || out == nil {
		return err
	}
	if err := answer.Decode(out); err != nil {
		return c.fail(call, answer, &vendors.Error{Outcome: vendors.Ambiguous, Err: err})
	}
	return nil
}

func cloneOrNew[M ~map[string][]string](m M) M {
	if m == nil {
		return M{}
	}
	return maps.Clone(m)
}

func (c *Client) send(ctx context.Context, call Call, req Request) (Answer, error) {
	r := c.http.R().SetContext(ctx).SetDoNotParseResponse(true)
	r.Header = req.Header
	r.QueryParam = req.Query
	switch {
	case call.JSON != nil:
		body, err := json.Marshal(call.JSON)
		if err != nil {
			return Answer{}, err
		}
		r.Header.Set("Content-Type", "application/json")
		r.SetBody(body)
	case len(req.Form) > 0:
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBody([]byte(req.Form.Encode()))
	}
	res, err := r.Execute(req.Method, req.Path)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Status: res.StatusCode(), Header: res.Header()}
	body := res.RawBody()
	defer body.Close()
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(io.LimitReader(body, maxAnswer+1)); err != nil {
		return answer, err
	}
	if buf.Len() > maxAnswer {
		return answer, vendors.ErrUnreadable
	}
	answer.Body = buf.Bytes()
	return answer, nil
}

// transportError classes a call that got no whole answer. Whether anything was
// sent comes from the trace, never from the error's text. URLs are dropped:
// some vendors sign in the query.
func transportError(ctx context.Context, err error, sent bool) *vendors.Error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	e := &vendors.Error{Outcome: vendors.NotSent, Err: err}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		e.Outcome = vendors.Cancelled
	case sent:
		e.Outcome = vendors.Ambiguous
	}
	return e
}

func (c *Client) verdict(call Call, a Answer) error {
	err := error(vendors.ErrUnreadable)
	if call.Check != nil {
		err = call.Check(a)
	} else if a.Status/100 == 2 {
		err = nil
	}
	if err == nil {
		return nil
	}
	var e *vendors.Error
	if !errors.As(err, &e) {
		e = &vendors.Error{Outcome: byStatus(a.Status), Err: err}
	}
	return c.fail(call, a, e)
}

// byStatus classes an answer whose body says nothing. A gateway's 5xx may stand
// before or behind the vendor's work, so nobody knows.
func byStatus(status int) vendors.Outcome {
	switch {
	case status == http.StatusTooManyRequests:
		return vendors.Throttled
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return vendors.AuthFault
	case status/100 == 4:
		return vendors.DefiniteNo
	default:
		return vendors.Ambiguous
	}
}

const maxText = 200 // bytes of the vendor's own words that an error keeps

func (c *Client) fail(call Call, a Answer, e *vendors.Error) error {
	e.Vendor, e.Op, e.Status = c.cfg.Vendor, call.Op, a.Status
	e.Effect = vendors.Effect(call.Class == Write || call.Class == Control)
	e.Text = c.scrub.Replace(e.Text)
	if len(e.Text) > maxText {
		e.Text = strings.ToValidUTF8(e.Text[:maxText], "")
	}
	return e
}

func scrubber(secrets []vendors.Secret) *strings.Replacer {
	var pairs []string
	for _, s := range secrets {
		if s != "" {
			pairs = append(pairs, s.Reveal(), s.String())
		}
	}
	return strings.NewReplacer(pairs...)
}
