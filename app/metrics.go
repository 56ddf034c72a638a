package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"switchboard/app/ledger"
	"switchboard/middleware"
	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// metrics is what /metrics shows. Labels take values from routes, operations and
// enums only, never from callers or vendors, so that their number is bounded.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	calls    *prometheus.HistogramVec
	attempts *prometheus.CounterVec
	writes   *prometheus.CounterVec
	events   *prometheus.CounterVec
	refused  *prometheus.CounterVec
	failed   *prometheus.CounterVec
	pairs    *pairMetrics

	storeWrites *prometheus.HistogramVec
	apps        *prometheus.CounterVec
	messages    *prometheus.CounterVec
	credentials *prometheus.CounterVec
	polls       *prometheus.CounterVec
	polled      *prometheus.CounterVec
	sweptRows   *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "switchboard_http_request_seconds", Help: "Requests served, by route and status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route", "status"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "switchboard_vendor_call_seconds", Help: "Vendor calls, retries included, by operation and outcome.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"vendor", "op", "outcome"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "switchboard_vendor_attempts_total", Help: "Attempts that vendor calls took, refused ones none.",
		}, []string{"vendor", "class"}),
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "switchboard_ledger_writes_total", Help: "Changes of state in the ledger, by operation.",
		}, []string{"op", "state"}),
	}
	m.events = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "switchboard_events_sent_total", Help: "Attempts to send a vendor's event on to the app's URL, by how they ended.",
	}, []string{"result"})
	m.pairs = newPairMetrics(m.registry)
	m.refused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "switchboard_refused_total", Help: "Requests and connections refused because there were too many, by what there were too many of.",
	}, []string{"reason"})
	m.failed = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "switchboard_auth_failures_total", Help: "Callers who were not believed, by what they showed.",
	}, []string{"credential"})
	m.storeWrites = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "switchboard_store_write_seconds", Help: "Writes to the store from the call to the answer, by result.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"result"})
	m.apps = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "switchboard_app_requests_total", Help: "Requests of callers who were proven, by their app: ok, refused (the caller's fault) or failed (ours).",
	}, []string{"app", "result"})
	m.messages = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "switchboard_app_messages_total", Help: "Messages sent in conversations, by app, stored or transient.",
	}, []string{"app", "kind"})
	m.credentials = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "switchboard_credentials_total", Help: "Credentials of vendors' client SDKs given out, by whether one was kept or the vendor was asked.",
	}, []string{"from"})
	m.sweptRows = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "switchboard_retention_rows_total", Help: "Rows and files swept away because they were old enough, by part and app.",
	}, []string{"part", "app"})
	m.polls = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "switchboard_presence_polls_total", Help: "Polls of vendors that report no presence, by account and how they ended.",
	}, []string{"vendor", "result"})
	m.polled = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "switchboard_presence_polled_users_total", Help: "Users about whom polls asked, and those who were not taken since too many are watched.",
	}, []string{"vendor", "result"})
	m.registry.MustRegister(m.sweptRows, m.polls, m.polled, m.credentials, m.attempts, m.writes, m.events, m.refused, m.failed, m.storeWrites, m.apps, m.messages)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), m.requests, m.calls, buildInfo())
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, EnableOpenMetrics: true})
}

// gauge shows a number that is read when somebody looks.
func (m *metrics) gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// count shows a counter that is kept elsewhere.
func (m *metrics) count(name, help string, read func() int64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(read()) }))
}

func (m *metrics) request(ctx context.Context, r middleware.Served) {
	observe(ctx, m.requests.WithLabelValues(r.Method, r.Route, strconv.Itoa(r.Status)), r.Took)
	if r.App == "" {
		return
	}
	result := "ok"
	switch {
	case r.Status >= http.StatusInternalServerError:
		result = "failed"
	case r.Refused:
		result = "refused"
	}
	m.apps.WithLabelValues(r.App, result).Inc()
}

// observe adds a time, and where the trace is kept its id, so that a slow bar of a
// histogram leads to what was slow.
func observe(ctx context.Context, histogram prometheus.Observer, took time.Duration) {
	if trace := vendors.TraceOf(ctx); trace.Sampled() {
		histogram.(prometheus.ExemplarObserver).ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": trace.ID()})
		return
	}
	histogram.Observe(took.Seconds())
}

func (m *metrics) call(ctx context.Context, o upstream.Observation) {
	observe(ctx, m.calls.WithLabelValues(o.Vendor, o.Op, o.Outcome.String()), o.Took)
	m.attempts.WithLabelValues(o.Vendor, o.Class.String()).Add(float64(o.Attempts))
}

// refuse counts a request or a connection that was one too many.
func (m *metrics) refuse(reason string) { m.refused.WithLabelValues(reason).Inc() }

func (m *metrics) authFailure(what middleware.Credential) {
	m.failed.WithLabelValues(string(what)).Inc()
}

func (m *metrics) event(result string) { m.events.WithLabelValues(result).Inc() }

func (m *metrics) credential(kept bool) {
	from := "vendor"
	if kept {
		from = "memory"
	}
	m.credentials.WithLabelValues(from).Inc()
}

func (m *metrics) write(op string, s ledger.State) {
	m.writes.WithLabelValues(op, string(s)).Inc()
}

// links shows the health of vendors' accounts.
func (m *metrics) links(routes *vendors.Router) { m.registry.MustRegister(linkMetrics{routes}) }

// linkMetrics reads every account's health at each scrape.
type linkMetrics struct{ routes *vendors.Router }

var (
	breakerOpen = prometheus.NewDesc("switchboard_vendor_breaker_open", "1 while no call passes, 0.5 while one may probe.", []string{"vendor", "class"}, nil)
	breakerMode = prometheus.NewDesc("switchboard_vendor_breaker_mode", "1 for the mode that an operator set.", []string{"vendor", "class", "mode"}, nil)
	inFlight    = prometheus.NewDesc("switchboard_vendor_in_flight", "Calls under way.", []string{"vendor"}, nil)
	clockAhead  = prometheus.NewDesc("switchboard_vendor_clock_ahead_seconds", "How far the vendor's clock is ahead of ours.", []string{"vendor"}, nil)
	retriesMade = prometheus.NewDesc("switchboard_vendor_retries_total", "Attempts beyond the first.", []string{"vendor"}, nil)
	headRoom    = prometheus.NewDesc("switchboard_vendor_head_room_units", "Units of the vendor's rate limit that may go out now.", []string{"vendor", "op"}, nil)
	keysAside   = prometheus.NewDesc("switchboard_vendor_keys_aside", "Keys that the vendor refused and that others stand in for.", []string{"vendor"}, nil)
	unknownSeen = prometheus.NewDesc("switchboard_vendor_unknown_codes", "Answers with a code that no table lists.", []string{"vendor", "op"}, nil)
)

func (l linkMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{breakerOpen, breakerMode, inFlight, clockAhead, retriesMade, headRoom, keysAside, unknownSeen} {
		ch <- d
	}
}

func (l linkMetrics) Collect(ch chan<- prometheus.Metric) {
	for _, v := range l.routes.All() {
		if v.Connection == nil {
			continue
		}
		h := v.Connection.Health()
		gauge := func(d *prometheus.Desc, value float64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, append([]string{v.Name}, labels...)...)
		}
		gauge(inFlight, float64(h.InFlight))
		gauge(clockAhead, h.Skew.Seconds())
		aside := 0
		for _, until := range l.routes.Aside(v.Name) {
			if !until.IsZero() {
				aside++
			}
		}
		gauge(keysAside, float64(aside))
		ch <- prometheus.MustNewConstMetric(retriesMade, prometheus.CounterValue, float64(h.Retries), v.Name)
		for _, b := range h.Breakers {
			gauge(breakerOpen, map[string]float64{"open": 1, "half-open": 0.5}[b.State], b.Class)
			gauge(breakerMode, 1, b.Class, b.Mode.String())
		}
		for _, o := range h.Ops {
			if o.HeadRoom >= 0 {
				gauge(headRoom, o.HeadRoom, o.Op)
			}
		}
		codes := map[string]float64{} // by operation: a vendor may invent as many codes as it likes
		for _, u := range h.Unknown {
			codes[u.Op] += float64(u.Count)
		}
		for op, n := range codes {
			gauge(unknownSeen, n, op)
		}
	}
}
