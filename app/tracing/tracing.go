// Package tracing records spans of requests, vendor attempts and store writes and sends
// them to a collector in OpenTelemetry's protocol (OTLP 1 over HTTP), by the standard's
// variables (docs/decisions/033-traces-without-an-sdk.md). A span holds names of routes
// and operations, codes and ids; never a text, a body, a header or an error's words.
package tracing

import (
	"context"
	"encoding/hex"
	"log/slog"
	"math/rand/v2"
	"time"

	"switchboard/vendors"
)

// Kind is a span's place in a call (SpanKind of OTLP).
type Kind uint8

// The kinds that are used.
const (
	Internal Kind = 1
	Server   Kind = 2
	Client   Kind = 3
)

// Attribute is a fact about a span: text or a number.
type Attribute struct {
	Key    string
	Text   string
	Number int64 // where Text is empty
}

// Span is what ended.
type Span struct {
	Name       string
	Kind       Kind
	Began      time.Time
	Ended      time.Time
	Failed     bool
	Attributes []Attribute

	trace  [16]byte
	id     [8]byte
	parent [8]byte // zero: the trace begins with it
	state  string
	link   vendors.Trace // what it goes back to; empty: nothing
}

// Tracer records spans. It is safe for concurrent use.
type Tracer struct {
	sampler    sampler
	propagates bool
	exporter   *exporter
}

// Process is what spans say of where they come from.
type Process struct{ Version, Node string }

// Open starts exporting to the configured collector, which may be away. cfg is valid and on.
func Open(cfg Config, from Process, log *slog.Logger) (*Tracer, error) {
	sampler, err := cfg.sampler()
	if err != nil {
		return nil, err
	}
	exporter, err := newExporter(cfg, from, log.With("component", "tracing"))
	if err != nil {
		return nil, err
	}
	return &Tracer{sampler: sampler, propagates: cfg.propagates(), exporter: exporter}, nil
}

// Close sends what has ended, in at most an export's time.
func (t *Tracer) Close() error { return t.exporter.close() }

// Stats is how many spans were sent, and how many dropped, since Open.
func (t *Tracer) Stats() (sent, dropped int64) {
	return t.exporter.sent.Load(), t.exporter.dropped.Load()
}

// active is a span under way, whose children are recorded.
type active struct {
	began  time.Time
	trace  [16]byte
	id     [8]byte
	parent [8]byte
	state  string
}

type activeKey struct{}

// Begin starts the span of a request, as a part of the caller's trace where the
// headers traceparent and tracestate name one, else of a new one.
func (t *Tracer) Begin(ctx context.Context, traceparent, tracestate string) context.Context {
	a := &active{began: time.Now()}
	sampled, continued := false, false
	if t.propagates {
		a.trace, a.parent, sampled, continued = parse(traceparent)
	}
	if continued {
		a.state = checkState(tracestate)
	} else {
		a.trace = newTrace()
	}
	if !continued || !t.sampler.parent {
		sampled = t.sampler.keeps(a.trace)
	}
	a.id = newID()
	if sampled {
		ctx = context.WithValue(ctx, activeKey{}, a)
	}
	return vendors.WithTrace(ctx, vendors.Trace{Parent: format(a.trace, a.id, sampled), State: a.state})
}

// End records the span that Begin started under ctx; s has what is known by now.
func (t *Tracer) End(ctx context.Context, s Span) {
	a, _ := ctx.Value(activeKey{}).(*active)
	if a == nil {
		return
	}
	s.trace, s.id, s.parent, s.state, s.Began = a.trace, a.id, a.parent, a.state, a.began
	t.exporter.add(s)
}

// Background is a vendors.Spans: a trace of its own, whose first span it begins.
func (t *Tracer) Background(ctx context.Context, name string) (context.Context, func(of vendors.Trace, err error)) {
	ctx = t.Begin(ctx, "", "")
	return ctx, func(of vendors.Trace, err error) {
		t.End(ctx, Span{Name: name, Kind: Internal, Ended: time.Now(), Failed: err != nil, link: of})
	}
}

// Record records a span that is over, as a part of what is under way in ctx. Without
// anything under way alone says whether it is a trace of its own, which work beside
// requests is, or nothing.
func (t *Tracer) Record(ctx context.Context, s Span, alone bool) {
	a, _ := ctx.Value(activeKey{}).(*active)
	switch {
	case a != nil:
		s.trace, s.parent, s.state = a.trace, a.id, a.state
	case !alone || vendors.TraceOf(ctx).Parent != "":
		return // of a request that is not kept
	default:
		if s.trace = newTrace(); !t.sampler.keeps(s.trace) {
			return
		}
	}
	s.id = newID()
	t.exporter.add(s)
}

func newTrace() (id [16]byte) {
	for id == [16]byte{} {
		fill(id[:8])
		fill(id[8:])
	}
	return id
}

func newID() (id [8]byte) {
	for id == [8]byte{} {
		fill(id[:])
	}
	return id
}

func fill(b []byte) {
	n := rand.Uint64() // an id has to be new, and may be guessed
	for i := range b {
		b[i] = byte(n >> (8 * i))
	}
}

func format(trace [16]byte, span [8]byte, sampled bool) string {
	b := make([]byte, 0, traceparentSize)
	b = append(b, "00-"...)
	b = hex.AppendEncode(b, trace[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, span[:])
	if sampled {
		return string(append(b, "-01"...))
	}
	return string(append(b, "-00"...))
}
