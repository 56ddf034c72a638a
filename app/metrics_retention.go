package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"switchboard/app/retention"
)

// swept counts what was swept away.
func (m *metrics) swept(part, app string, n int) {
	m.sweptRows.WithLabelValues(part, app).Add(float64(n))
}

// retention shows what this process's last sweep left.
func (m *metrics) retention(s *retention.Sweeper) { m.registry.MustRegister(retentionMetrics{s}) }

type retentionMetrics struct{ sweeper *retention.Sweeper }

var (
	sweptLast   = prometheus.NewDesc("switchboard_retention_last_sweep_timestamp_seconds", "When this process was last through with sweeping old data; 0: it was not.", nil, nil)
	sweptBehind = prometheus.NewDesc("switchboard_retention_behind_seconds", "By how much the oldest data is older than it should be, as of this process's last sweep.", []string{"part", "app"}, nil)
)

// Describe implements prometheus.Collector.
func (retentionMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- sweptLast
	ch <- sweptBehind
}

// Collect implements prometheus.Collector.
func (r retentionMetrics) Collect(ch chan<- prometheus.Metric) {
	standings, ended := r.sweeper.Seen()
	at := 0.0
	if !ended.IsZero() {
		at = float64(ended.Unix())
	}
	ch <- prometheus.MustNewConstMetric(sweptLast, prometheus.GaugeValue, at)
	for _, s := range standings {
		ch <- prometheus.MustNewConstMetric(sweptBehind, prometheus.GaugeValue, s.Behind.Seconds(), s.Part, s.App)
	}
}
