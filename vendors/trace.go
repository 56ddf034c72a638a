package vendors

import "context"

// Trace is the span under which a context's work is done, as W3C Trace Context writes
// it in the header traceparent: "00-", the trace's id, the span's and the flags. Empty:
// nothing is traced.
type Trace string

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
	if len(t) < traceIDEnd {
		return ""
	}
	return string(t[len("00-"):traceIDEnd])
}

// Sampled says whether the trace is kept: only then does its id lead anywhere.
func (t Trace) Sampled() bool { return len(t) > 0 && (t[len(t)-1]-'0')&1 == 1 }
