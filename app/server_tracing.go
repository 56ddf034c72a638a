package main

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/environ"
	"switchboard/app/sqldb"
	"switchboard/app/tracing"
	"switchboard/middleware"
	"switchboard/vendors"
)

// openTracing begins to trace where a collector is configured. It is closed late, after
// everything that is traced.
func (s *server) openTracing(context.Context) (err error) {
	if !s.cfg.Tracing.On() {
		return nil
	}
	if s.traces, err = tracing.Open(s.cfg.Tracing, tracing.Process{Version: version(), Node: s.node}, s.log); err != nil {
		return environ.Named(tracingPrefix+"_", err)
	}
	s.open.push("tracing", s.traces.Close)
	s.metrics.count("switchboard_trace_spans_sent_total", "Spans that the collector took.", func() int64 { sent, _ := s.traces.Stats(); return sent })
	s.metrics.count("switchboard_trace_spans_dropped_total", "Spans that were lost: too many waited, or the collector did not take them.", func() int64 { _, dropped := s.traces.Stats(); return dropped })
	return nil
}

// spans traces work that no request waits for; nil where nothing is traced.
func (s *server) spans() vendors.Spans {
	if s.traces == nil {
		return nil
	}
	return s.traces.Background
}

// served measures a request and ends its span.
func (s *server) served(ctx context.Context, r middleware.Served) {
	s.metrics.request(ctx, r)
	if s.traces == nil {
		return
	}
	method := r.Method
	if !slices.Contains(fiber.DefaultMethods, method) {
		method = "_OTHER" // so that a caller cannot make names
	}
	attributes := []tracing.Attribute{
		{Key: "http.request.method", Text: method}, {Key: "http.route", Text: r.Route}, {Key: "http.response.status_code", Number: int64(r.Status)},
		{Key: "switchboard.request_id", Text: vendors.RequestID(ctx)},
	}
	if r.App != "" {
		attributes = append(attributes, tracing.Attribute{Key: "switchboard.app", Text: r.App})
	}
	s.traces.End(ctx, tracing.Span{
		Name: method + " " + r.Route, Kind: tracing.Server, Ended: time.Now(), Attributes: attributes,
		Failed: r.Status >= http.StatusInternalServerError && r.Status != http.StatusNotImplemented,
	})
}

// tried records what a vendor was asked; nil where nothing is traced. The vendor's words
// and ours are left out: they may repeat a message.
func (s *server) tried() func(context.Context, vendors.Step) {
	if s.traces == nil {
		return nil
	}
	return func(ctx context.Context, step vendors.Step) {
		attributes := []tracing.Attribute{{Key: "switchboard.vendor", Text: step.Vendor}, {Key: "switchboard.outcome", Text: step.Outcome.String()}}
		if step.Code != "" {
			attributes = append(attributes, tracing.Attribute{Key: "switchboard.vendor_code", Text: step.Code})
		}
		s.traces.Record(ctx, tracing.Span{
			Name: step.Op, Kind: tracing.Client, Began: step.At, Ended: step.At.Add(step.Took), Failed: step.Outcome != vendors.OK, Attributes: attributes,
		}, true)
	}
}

// dbSystems are the stores' names in OpenTelemetry's conventions.
var dbSystems = map[sqldb.Dialect]string{sqldb.SQLite: "sqlite", sqldb.Postgres: "postgresql", sqldb.MySQL: "mysql"}

// wrote measures a write to the store, and records it where a request waited for it.
func (s *server) wrote(ctx context.Context, began time.Time, err error) {
	s.metrics.storeWrite(ctx, began, err)
	if s.traces == nil {
		return
	}
	s.traces.Record(ctx, tracing.Span{
		Name: "store.write", Kind: tracing.Client, Began: began, Ended: time.Now(), Failed: err != nil,
		Attributes: []tracing.Attribute{{Key: "db.system.name", Text: dbSystems[s.db.Dialect()]}},
	}, false)
}
