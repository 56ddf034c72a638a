package main

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"switchboard/vendors"
)

// collector is a receiver of OTLP.
type collector struct {
	*httptest.Server
	mu    sync.Mutex // guards both
	raw   strings.Builder
	spans []*tracepb.Span
}

func newCollector(t testing.TB) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in v1.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &in); err != nil {
			t.Errorf("no OTLP: %v", err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw.Write(body)
		for _, rs := range in.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				c.spans = append(c.spans, ss.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// of returns the spans of a trace by name.
func (c *collector) of(trace string) map[string]*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string]*tracepb.Span{}
	for _, s := range c.spans {
		if hex.EncodeToString(s.TraceId) == trace {
			found[s.Name] = s
		}
	}
	return found
}

// traceInto makes the program export to c, as the standard's variables would.
func traceInto(c *collector) func(*Config) {
	return func(cfg *Config) {
		cfg.Tracing.ExporterOTLPEndpoint, cfg.Tracing.BSPScheduleDelay = c.URL, 50
		cfg.Tracing.ExporterOTLPHeaders = vendors.Secret("x-key=" + planted)
	}
}

const callersTrace, callersSpan = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

// One trace holds the request, its write to the store and each attempt at a vendor; its
// id is in the log, in explain and behind the bars of the histograms. No vendor is told,
// and no text, token or key is in a span.
func TestARequestIsOneTrace(t *testing.T) {
	c := newCollector(t)
	p := start(t, traceInto(c))
	spoil(t, p.mock(t, "rongcloud"), "*", 1, map[string]any{"kind": "status", "status": 503})
	header := with(with(serverKey, "traceparent", "00-"+callersTrace+"-"+callersSpan+"-01"), "X-Request-Id", "traced-1")
	header = with(header, "Idempotency-Key", "once-1")
	p.do(t, request{Path: "/api/server/im/send/tip", Header: header, Body: `{"from":1,"targets":[2],"msg":"` + planted + `"}`})

	const route = "POST /api/server/im/send/tip"
	waitFor(t, "the trace", func() bool {
		spans := c.of(callersTrace)
		return spans[route] != nil && spans["store.write"] != nil && spans[vendors.OpSendUser] != nil
	})
	spans := c.of(callersTrace)
	if hex.EncodeToString(spans[route].ParentSpanId) != callersSpan || spans[route].Kind != tracepb.Span_SPAN_KIND_SERVER {
		t.Errorf("the request's span: %v", spans[route])
	}
	for _, name := range []string{"store.write", vendors.OpSendUser} {
		if string(spans[name].ParentSpanId) != string(spans[route].SpanId) {
			t.Errorf("%s is no child of the request: %v", name, spans[name])
		}
	}
	facts := map[string]string{}
	for _, a := range append(spans[route].Attributes, spans[vendors.OpSendUser].Attributes...) {
		facts[a.Key] = a.Value.GetStringValue()
	}
	if facts["switchboard.app"] != sandboxApp || facts["switchboard.request_id"] != "traced-1" || facts["switchboard.vendor"] == "" || facts["switchboard.outcome"] == "" {
		t.Errorf("%v", facts)
	}

	waitFor(t, "the request's line", func() bool { return strings.Contains(p.Log.String(), `"trace_id":"`+callersTrace+`"`) })
	waitFor(t, "the write in explain", func() bool {
		got := p.do(t, request{Method: "GET", Path: "/admin/explain/traced-1", Header: adminKey})
		return strings.Contains(string(got.Body), `"trace_id":"`+callersTrace+`"`)
	})
	open := p.do(t, request{Method: "GET", Path: "/metrics", Header: map[string]string{"Accept": "application/openmetrics-text"}})
	for _, metric := range []string{"switchboard_http_request_seconds", "switchboard_vendor_call_seconds", "switchboard_store_write_seconds"} {
		found := false
		for line := range strings.Lines(string(open.Body)) {
			found = found || strings.HasPrefix(line, metric) && strings.Contains(line, `# {trace_id="`+callersTrace+`"}`)
		}
		if !found {
			t.Errorf("no exemplar of %s", metric)
		}
	}
	for _, vendor := range []string{"rongcloud", "linkv", "youme"} {
		if journal := strings.ToLower(get(t, p.mock(t, vendor)+"/_mock/journal")); strings.Contains(journal, "traceparent") || strings.Contains(journal, callersTrace) {
			t.Errorf("%s is told of the trace: %s", vendor, journal)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, secret := range []string{planted, sandboxKey + "\x00", "once-1", sandboxSecret} {
		if strings.Contains(c.raw.String(), secret) {
			t.Errorf("%q is in a span", secret)
		}
	}
}

// A new trace begins with the program where a caller names none.
func TestATraceBeginsHere(t *testing.T) {
	c := newCollector(t)
	p := start(t, traceInto(c))
	p.do(t, request{Path: "/api/v1/im/before/check", Header: p.as(t, "1001"), Body: `{"rc_msg":"RC:TxtMsg","peer_uid":1002,"content":"hello"}`})
	waitFor(t, "its span", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, s := range c.spans {
			if s.Name == "POST /api/v1/im/before/check" && len(s.ParentSpanId) == 0 {
				return true
			}
		}
		return false
	})
	if n := p.gauge(t, "switchboard_trace_spans_sent_total"); n == 0 {
		t.Error("no span is counted")
	}
}

// A doubt that is looked into and the deliveries of an ask are traces of their own, with a
// link to the request that they go back to; explain tells of both.
func TestWorkBesideRequestsGoesBackToThem(t *testing.T) {
	c := newCollector(t)
	p := start(t, func(cfg *Config) {
		traceInto(c)(cfg)
		cfg.Ledger.FirstCheck = 20 * time.Millisecond
	})
	traced := func(header map[string]string, trace string) map[string]string {
		return with(header, "traceparent", "00-"+trace+"-"+callersSpan+"-01")
	}
	p.operate(t, "POST", "/admin/vendors/linkv/breaker", `{"by":"test","mode":"closed"}`, nil)
	spoil(t, p.mock(t, "linkv"), "wallet.adjust", 1000, map[string]any{"kind": "drop", "after": true})
	p.do(t, request{Path: "/api/server/wallet/adjust", Header: traced(with(serverKey, "X-Request-Id", "doubt-1"), callersTrace), Body: `{"uid":"alice","delta":-1,"request_id":"doubt-1"}`})
	heal(t, p.mock(t, "linkv"))
	// linked returns the spans of that name with a link into the trace.
	linked := func(name, trace string) (found []*tracepb.Span) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, s := range c.spans {
			if s.Name == name && len(s.Links) == 1 && hex.EncodeToString(s.Links[0].TraceId) == trace {
				found = append(found, s)
			}
		}
		return found
	}
	waitFor(t, "the look into the doubt", func() bool { return len(linked("ledger.check", callersTrace)) > 0 })
	check := hex.EncodeToString(linked("ledger.check", callersTrace)[0].TraceId)
	waitFor(t, "what it asked and wrote", func() bool { s := c.of(check); return s[vendors.OpAdjust] != nil && s["store.write"] != nil })
	waitFor(t, "both traces in explain", func() bool {
		body := string(p.do(t, request{Method: "GET", Path: "/admin/explain/doubt-1", Header: adminKey}).Body)
		return strings.Contains(body, `"trace_id":"`+callersTrace+`"`) && strings.Contains(body, `"trace_id":"`+check+`"`)
	})

	const asks = "1af7651916cd43dd8448eb211c80319c"
	if got := p.pair(t, p.as(t, "200"), "pair/avail", map[string]any{"on": true}); got.Code != 0 {
		t.Fatalf("%s", got.Body)
	}
	if got := p.do(t, request{Path: "/api/v1/video/pair/ask", Header: traced(p.as(t, "100"), asks)}); got.Code != 0 {
		t.Fatalf("%s", got.Body)
	}
	waitFor(t, "the delivery of the offer", func() bool { return len(linked("pairing.deliver", asks)) > 0 })
}

// What tracing costs a request: nothing is configured, everything is traced, and one in a
// hundred is. The first is to be held against a build before there were traces.
func BenchmarkTracing(b *testing.B) {
	c := newCollector(b)
	for _, mode := range []struct {
		name string
		edit func(*Config)
	}{
		{"off", func(*Config) {}},
		{"all", traceInto(c)},
		{"hundredth", func(cfg *Config) {
			traceInto(c)(cfg)
			cfg.Tracing.TracesSampler, cfg.Tracing.TracesSamplerArg = "traceidratio", "0.01"
		}},
	} {
		b.Run(mode.name, func(b *testing.B) {
			p := start(b, mode.edit)
			ask, err := http.NewRequest(http.MethodGet, p.URL+"/openapi.json", nil) // a path of nothing: what is measured is what every request passes
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				res, err := p.client.Do(ask)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		})
	}
}
