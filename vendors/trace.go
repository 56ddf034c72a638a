package vendors

import (
	"context"
	"net/http"
	"strings"
)

// Trace is the span under which a context's work is done, as W3C Trace Context writes
// it in the headers traceparent ("00-", the trace's id, the span's and the flags) and
// tracestate. Empty: nothing is traced.
type Trace struct{ Parent, State string }

type traceKey struct{}

// WithTrace attaches the trace of the request that ctx serves, for logs, metrics, steps
// and the app's own servers. No vendor is told of it: none documents that it takes one.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceOf returns the trace attached by WithTrace.
func TraceOf(ctx context.Context) Trace {
	t, _ := ctx.Value(traceKey{}).(Trace)
	return t
}

const traceIDEnd = len("00-") + 32

// ID is the trace's id, 32 hexadecimal digits; empty when nothing is traced.
func (t Trace) ID() string {
	if len(t.Parent) < traceIDEnd {
		return ""
	}
	return t.Parent[len("00-"):traceIDEnd]
}

// Sampled says whether the trace is kept: only then does its id lead anywhere.
func (t Trace) Sampled() bool { return strings.HasSuffix(t.Parent, "1") }

// Tell puts the trace into the headers of a request to a server of the app.
func (t Trace) Tell(header http.Header) {
	if t.Parent == "" {
		return
	}
	header.Set("traceparent", t.Parent)
	if t.State != "" {
		header.Set("tracestate", t.State)
	}
}

// Spans begins a span of work that no request waits for. What is done under the returned
// context is part of it. end records it, as failed when err is not nil, and with a link to
// of, the trace that the work goes back to, where there is one. Nil: nothing is traced.
type Spans func(ctx context.Context, name string) (_ context.Context, end func(of Trace, err error))

// Begin calls s, which may be nil.
func (s Spans) Begin(ctx context.Context, name string) (_ context.Context, end func(of Trace, err error)) {
	if s == nil {
		return ctx, unrecorded
	}
	return s(ctx, name)
}

func unrecorded(Trace, error) {}
