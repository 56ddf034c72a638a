package main

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"switchboard/app/pairing"
)

// pairMetrics are those of pair matching: what happens is counted and measured,
// how things stand is looked at when somebody asks. Labels come from lists in
// app/pairing, and from the apps and scenes that are configured.
type pairMetrics struct {
	counts map[string]*prometheus.CounterVec
	times  map[string]prometheus.Histogram
}

// pairCounts names each counter's one label; none: it has no label.
var pairCounts = []struct{ name, label, help string }{
	{"asks", "result", "Asks, by what became of the request."},
	{"deduped", "", "Asks of who was searching already (A7)."},
	{"offers", "outcome", "Offers closed, by how."},
	{"ended", "reason", "Asks ended, by why."},
	{"claim_conflicts", "", "Offers or asks that lost a person to another one."},
	{"cas_retries", "", "Steps run again since the ticket had changed."},
	{"missed_opportunity", "", "Offers that the matcher could have made two ticks before."},
	{"vendor_sent", "result", "Commands sent through vendors."},
	{"socket_sent", "result", "Commands sent through our own gateway."},
	{"hangup_sent", "result", "Orders to end a call."},
	{"wallet_sent", "result", "Charges and readings of balances during calls."},
	{"business_sent", "result", "Events for the business server."},
	{"ignored", "what", "Reports and answers that concerned nobody, and deliveries that came too late to be made."},
	{"unknown", "what", "Balances, presence and profiles that could not be read."},
}

// pairTimes are measured in seconds but for the last.
var pairTimes = []struct {
	name, help string
	buckets    []float64
}{
	{"offer_latency_seconds", "From an offer to its delivery.", fastSeconds},
	{"outbox_age_seconds", "Age of what is told to others when it is.", fastSeconds},
	{"timers_late_seconds", "How late deadlines fire.", fastSeconds},
	{"answer_latency_seconds", "From an offer's delivery to the answer.", slowSeconds},
	{"answer_late_seconds", "How late answers are that come too late.", slowSeconds},
	{"time_to_first_offer_seconds", "From the ask.", slowSeconds},
	{"time_to_call_seconds", "From the ask to each call that was seen.", slowSeconds},
	{"time_to_like_seconds", "From the ask.", slowSeconds},
	{"rounds_per_ask", "Rounds of an ask when it ends.", []float64{1, 2, 3, 4, 5, 7, 10}},
}

var (
	fastSeconds = []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60}
	slowSeconds = []float64{.05, .1, .25, .5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 120, 300}
)

const pairPrefix = "switchboard_pairing_"

func newPairMetrics(registry *prometheus.Registry) *pairMetrics {
	m := &pairMetrics{counts: map[string]*prometheus.CounterVec{}, times: map[string]prometheus.Histogram{}}
	for _, c := range pairCounts {
		var labels []string
		if c.label != "" {
			labels = []string{c.label}
		}
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: pairPrefix + c.name + "_total", Help: c.help}, labels)
		if c.label == "" {
			v.WithLabelValues() // it shows as 0 before it first counts
		}
		m.counts[c.name] = v
		registry.MustRegister(v)
	}
	for _, t := range pairTimes {
		m.times[t.name] = prometheus.NewHistogram(prometheus.HistogramOpts{Name: pairPrefix + t.name, Help: t.help, Buckets: t.buckets})
		registry.MustRegister(m.times[t.name])
	}
	return m
}

func (m *pairMetrics) count(name, label string) {
	if label == "" {
		m.counts[name].WithLabelValues().Inc()
		return
	}
	m.counts[name].WithLabelValues(label).Inc()
}

func (m *pairMetrics) measure(name string, value float64) { m.times[name].Observe(value) }

// pairPools looks at the pools of this replica at each scrape.
type pairPools struct{ service *pairing.Service }

var (
	pairTickets    = prometheus.NewDesc(pairPrefix+"tickets_live", "Asks under way that this replica knows, by state.", []string{"app", "scene", "state"}, nil)
	pairCandidates = prometheus.NewDesc(pairPrefix+"candidates", "People whom this replica knows, by state.", []string{"app", "scene", "state"}, nil)
	pairGini       = prometheus.NewDesc(pairPrefix+"gini_offers", "How unequal the offers of the last five minutes are among who is present: 0 alike, near 1 one gets all.", []string{"app", "scene"}, nil)
	pairWait       = prometheus.NewDesc(pairPrefix+"est_wait_seconds", "Time to the first offer of an ask made now; 0 while too few waited to tell.", []string{"app", "scene"}, nil)
	pairClock      = prometheus.NewDesc(pairPrefix+"clock_offset_seconds", "How far the store's clock is ahead of ours.", nil, nil)
)

// Describe implements prometheus.Collector.
func (p pairPools) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{pairTickets, pairCandidates, pairGini, pairWait, pairClock} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (p pairPools) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	gauge(pairClock, p.service.ClockOffset().Seconds())
	for _, s := range p.service.Stats() {
		scene := strconv.Itoa(s.Scene)
		for state, n := range s.Tickets {
			gauge(pairTickets, float64(n), s.App, scene, state)
		}
		for state, n := range s.Candidates {
			gauge(pairCandidates, float64(n), s.App, scene, state)
		}
		gauge(pairGini, s.Gini, s.App, scene)
		gauge(pairWait, s.Wait.Seconds(), s.App, scene)
	}
}
