package main

import (
	"context"
	"database/sql"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchboard/app/bus"
	"switchboard/app/conversation"
	"switchboard/app/realtime"
	"switchboard/app/sqldb"
)

// store shows how writes share commits, what had to be run again, and the pools.
func (m *metrics) store(db *sqldb.DB) {
	m.count("switchboard_store_writes_total", "Writes answered after a commit.", func() int64 { return db.Stats().Writes })
	m.count("switchboard_store_commits_total", "Commits; writes divided by commits is how many share one.", func() int64 { return db.Stats().Commits })
	m.count("switchboard_store_retries_total", "Transactions run again after a conflict or a lost connection.", func() int64 { return db.Stats().Retries })
	m.gauge("switchboard_store_writes_waiting", "Writes that wait for a writer.", func() float64 { return float64(db.Stats().Waiting) })
	m.registry.MustRegister(poolMetrics{db})
}

// poll counts a poll of an account's presence, or users whom it does not watch.
func (m *metrics) poll(account string, asked, refused int, err error) {
	if refused > 0 {
		m.polled.WithLabelValues(account, "refused").Add(float64(refused))
		return
	}
	result := "ok"
	if err != nil {
		result = "error"
	}
	m.polls.WithLabelValues(account, result).Inc()
	m.polled.WithLabelValues(account, "asked").Add(float64(asked))
}

// write measures a write from its call to its answer, the wait included.
func (m *metrics) storeWrite(ctx context.Context, began time.Time, err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	observe(ctx, m.storeWrites.WithLabelValues(result), time.Since(began))
}

// poolMetrics reads the database's pools at each scrape.
type poolMetrics struct{ db *sqldb.DB }

var (
	poolConnections = prometheus.NewDesc("switchboard_store_connections", "Connections to the database, by pool and state.", []string{"pool", "state"}, nil)
	poolMost        = prometheus.NewDesc("switchboard_store_connections_max", "Connections that the pool may open; 0: any number.", []string{"pool"}, nil)
	poolWaits       = prometheus.NewDesc("switchboard_store_connection_waits_total", "Waits for a free connection.", []string{"pool"}, nil)
	poolWaited      = prometheus.NewDesc("switchboard_store_connection_wait_seconds_total", "Time spent waiting for a free connection.", []string{"pool"}, nil)
)

// Describe implements prometheus.Collector.
func (poolMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolConnections, poolMost, poolWaits, poolWaited} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (p poolMetrics) Collect(ch chan<- prometheus.Metric) {
	stats := p.db.Stats()
	for pool, s := range map[string]sql.DBStats{"read": stats.Read, "write": stats.Write} {
		gauge := func(d *prometheus.Desc, value float64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, append([]string{pool}, labels...)...)
		}
		gauge(poolConnections, float64(s.InUse), "used")
		gauge(poolConnections, float64(s.Idle), "idle")
		gauge(poolMost, float64(s.MaxOpenConnections))
		ch <- prometheus.MustNewConstMetric(poolWaits, prometheus.CounterValue, float64(s.WaitCount), pool)
		ch <- prometheus.MustNewConstMetric(poolWaited, prometheus.CounterValue, s.WaitDuration.Seconds(), pool)
	}
}

// bus shows whether replicas hear each other, and what they and slow listeners missed
// and find in the store.
func (m *metrics) bus(b *bus.Bus) {
	m.gauge("switchboard_bus_up", "1 while news goes to and comes from other replicas, or without a bus; 0 while it does not.", func() float64 {
		if b.Up() {
			return 1
		}
		return 0
	})
	m.count("switchboard_bus_unsent_total", "News that did not go to other replicas.", func() int64 { s := b.Stats(); return s.Dropped + s.Failed })
	m.count("switchboard_bus_overflowed_total", "News that a slow listener here missed.", func() int64 { return b.Stats().Overflowed })
}

// sent counts what was sent in conversations, by the app.
func (m *metrics) sent(items []*conversation.Outgoing) {
	for _, o := range items {
		switch {
		case o.Stored():
			m.messages.WithLabelValues(o.App, "stored").Inc()
		case o.Err == nil && !o.Repeated:
			m.messages.WithLabelValues(o.App, "transient").Inc()
		}
	}
}

// sessions shows who is connected to this replica.
func (m *metrics) sessions(hub *realtime.Hub) { m.registry.MustRegister(sessionMetrics{hub}) }

// sessionMetrics counts the hub's sessions at each scrape.
type sessionMetrics struct{ hub *realtime.Hub }

var sessionsOpen = prometheus.NewDesc("switchboard_sessions", "Sessions on this replica, by app and what they are reached over.", []string{"app", "over"}, nil)

// Describe implements prometheus.Collector.
func (sessionMetrics) Describe(ch chan<- *prometheus.Desc) { ch <- sessionsOpen }

// Collect implements prometheus.Collector.
func (s sessionMetrics) Collect(ch chan<- prometheus.Metric) {
	for app, counts := range s.hub.Census() {
		for _, over := range realtime.Transits() {
			ch <- prometheus.MustNewConstMetric(sessionsOpen, prometheus.GaugeValue, float64(counts[over]), app, string(over))
		}
	}
}
