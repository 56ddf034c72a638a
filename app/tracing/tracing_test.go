package tracing

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
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

// collector takes exports as a real one does: it decodes them with OpenTelemetry's own
// generated types.
type collector struct {
	*httptest.Server
	mu     sync.Mutex // guards the rest
	spans  []*tracepb.Span
	first  *tracepb.ResourceSpans
	header http.Header
	status []int // of the next answers; 200 after them
	posts  int
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.posts++
		if len(c.status) > 0 {
			w.WriteHeader(c.status[0])
			c.status = c.status[1:]
			return
		}
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			body, _ = gzip.NewReader(r.Body)
		}
		raw, _ := io.ReadAll(body)
		var in v1.ExportTraceServiceRequest
		if err := (proto.UnmarshalOptions{DiscardUnknown: false}).Unmarshal(raw, &in); err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %v: %v", r.URL, r.Header, err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.header = r.Header
		for _, rs := range in.ResourceSpans {
			if c.first == nil {
				c.first = rs
			}
			for _, ss := range rs.ScopeSpans {
				if len(ss.ProtoReflect().GetUnknown()) > 0 {
					t.Error("fields that OTLP does not have")
				}
				c.spans = append(c.spans, ss.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) byName(name string) *tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// configured is the standard's defaults, but that it exports soon.
func configured(url string, edit func(*Config)) Config {
	c := Config{
		ServiceName: "switchboard", TracesExporter: "otlp", TracesSampler: "parentbased_always_on", Propagators: "tracecontext",
		ExporterOTLPEndpoint: url, ExporterOTLPProtocol: "http/protobuf", ExporterOTLPTimeout: 10000,
		BSPScheduleDelay: 20, BSPMaxQueueSize: 2048, BSPMaxExportBatchSize: 512,
	}
	if edit != nil {
		edit(&c)
	}
	return c
}

func open(t *testing.T, cfg Config, log *slog.Logger) *Tracer {
	t.Helper()
	if err := cfg.Validate(); err != nil || !cfg.On() {
		t.Fatalf("on: %t, %v", cfg.On(), err)
	}
	tr, err := Open(cfg, Process{Version: "1.2.3", Node: "n"}, log)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

var quiet = slog.New(slog.DiscardHandler)

const caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestSpansReachACollectorAsOTLP(t *testing.T) {
	c := newCollector(t)
	tr := open(t, configured(c.URL, func(cfg *Config) {
		cfg.ExporterOTLPCompression, cfg.ExporterOTLPHeaders, cfg.ResourceAttributes = "gzip", "api-key=s%3Dcret", "deployment.environment.name=prod,service.version=x"
	}), quiet)
	ctx := tr.Begin(t.Context(), caller, "a=1")
	began := time.Now()
	tr.Record(ctx, Span{Name: "message.send", Kind: Client, Began: began, Ended: began.Add(time.Second), Failed: true, Attributes: []Attribute{{Key: "switchboard.vendor", Text: "linkv"}}}, false)
	tr.End(ctx, Span{Name: "POST /x", Kind: Server, Ended: time.Now(), Attributes: []Attribute{{Key: "http.response.status_code", Number: 200}}})
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	parent, child := c.byName("POST /x"), c.byName("message.send")
	if parent == nil || child == nil {
		t.Fatalf("%v", c.spans)
	}
	if hex.EncodeToString(parent.TraceId) != caller[3:35] || hex.EncodeToString(parent.ParentSpanId) != caller[36:52] || parent.TraceState != "a=1" ||
		parent.Kind != tracepb.Span_SPAN_KIND_SERVER || parent.Flags&1 != 1 || parent.Status.GetCode() != 0 || parent.Attributes[0].Value.GetIntValue() != 200 {
		t.Errorf("the request's span: %v", parent)
	}
	if string(child.ParentSpanId) != string(parent.SpanId) || child.EndTimeUnixNano-child.StartTimeUnixNano != 1e9 || child.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR ||
		child.Attributes[0].Key != "switchboard.vendor" || child.Attributes[0].Value.GetStringValue() != "linkv" {
		t.Errorf("the attempt's: %v", child)
	}
	told := vendors.TraceOf(ctx)
	if told.ID() != caller[3:35] || told.Parent[36:52] != hex.EncodeToString(parent.SpanId) || told.State != "a=1" || !told.Sampled() {
		t.Errorf("others are told %+v", told)
	}
	facts := map[string]string{}
	for _, a := range c.first.Resource.Attributes {
		facts[a.Key] = a.Value.GetStringValue()
	}
	if facts["service.name"] != "switchboard" || facts["service.version"] != "x" || facts["service.instance.id"] != "n" || facts["deployment.environment.name"] != "prod" {
		t.Errorf("%v", facts)
	}
	if c.header.Get("Api-Key") != "s=cret" {
		t.Errorf("%v", c.header)
	}
	if sent, dropped := tr.Stats(); sent != 2 || dropped != 0 {
		t.Errorf("%d sent, %d dropped", sent, dropped)
	}
}

func TestACallersTraceIsTakenOnlyWhenItIsOne(t *testing.T) {
	for header, want := range map[string]bool{
		caller: true, strings.Replace(caller, "00-", "01-", 1): true, strings.Replace(caller, "00-", "cc-", 1) + "-more": true,
		"": false, caller[:54]: false, caller + "-x": false, "ff" + caller[2:]: false, strings.ToUpper(caller): false,
		"00-" + strings.Repeat("0", 32) + caller[35:]: false, caller[:36] + strings.Repeat("0", 16) + "-01": false,
		strings.Replace(caller, "af", "zz", 1): false, strings.Replace(caller, "-", "_", 3): false, "cc" + caller[2:] + "more": false,
	} {
		if _, _, _, ok := parse(header); ok != want {
			t.Errorf("%q: %t", header, ok)
		}
	}
	if checkState(strings.Repeat("x", 513)) != "" || checkState("a=1\x00") != "" || checkState("a=1,b=2") != "a=1,b=2" {
		t.Error("a tracestate that is none is passed on")
	}
}

// A trace that is not kept is passed on as such, and nothing of it is recorded.
func TestTheSamplerDecides(t *testing.T) {
	unsampled := caller[:53] + "00"
	for _, c := range []struct {
		sampler, arg, parent string
		kept                 bool
	}{
		{"parentbased_always_on", "", "", true}, {"parentbased_always_on", "", caller, true}, {"parentbased_always_on", "", unsampled, false},
		{"always_on", "", unsampled, true}, {"always_off", "", caller, false}, {"parentbased_always_off", "", caller, true}, {"parentbased_always_off", "", "", false},
		{"traceidratio", "0", caller, false}, {"traceidratio", "1", unsampled, true}, {"parentbased_traceidratio", "0", "", false},
		{"traceidratio", "0.05", "00-ffffffffffffffff0100000000000000-b7ad6b7169203331-00", true},
		{"traceidratio", "0.05", "00-0000000000000000ff00000000000000-b7ad6b7169203331-01", false},
	} {
		s, err := Config{TracesSampler: c.sampler, TracesSamplerArg: c.arg}.sampler()
		if err != nil {
			t.Fatal(err)
		}
		tr := &Tracer{sampler: s, propagates: true, exporter: &exporter{queue: make(chan Span, 9), batch: 9}}
		ctx := tr.Begin(t.Context(), c.parent, "")
		tr.Record(ctx, Span{Name: "child"}, true)
		tr.End(ctx, Span{Name: "request"})
		if got := len(tr.exporter.queue) == 2; got != c.kept || len(tr.exporter.queue) == 1 {
			t.Errorf("%+v: %d spans", c, len(tr.exporter.queue))
		}
		if vendors.TraceOf(ctx).Sampled() != c.kept || vendors.TraceOf(ctx).ID() == "" {
			t.Errorf("%+v: others are told %+v", c, vendors.TraceOf(ctx))
		}
	}
}

// Work that no request waits for is a trace, which says by a link what it goes back to,
// where that is kept.
func TestBackgroundWorkIsLinkedToWhatItGoesBackTo(t *testing.T) {
	c := newCollector(t)
	tr := open(t, configured(c.URL, nil), quiet)
	for name, of := range map[string]string{"linked": caller, "unsampled": caller[:53] + "00", "alone": ""} {
		ctx, end := vendors.Spans(tr.Background).Begin(t.Context(), name)
		tr.Record(ctx, Span{Name: "under " + name, Kind: Client}, false)
		end(vendors.Trace{Parent: of}, errors.New("x"))
		if vendors.TraceOf(ctx).ID() == "" {
			t.Error("others are not told of it")
		}
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	for name, links := range map[string]int{"linked": 1, "unsampled": 0, "alone": 0} {
		s, under := c.byName(name), c.byName("under "+name)
		if s == nil || under == nil || len(s.Links) != links || len(s.ParentSpanId) != 0 || s.Kind != tracepb.Span_SPAN_KIND_INTERNAL ||
			s.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR || string(under.ParentSpanId) != string(s.SpanId) || string(under.TraceId) != string(s.TraceId) {
			t.Errorf("%s: %v, under it %v", name, s, under)
			continue
		}
		if links == 1 && (hex.EncodeToString(s.Links[0].TraceId) != caller[3:35] || hex.EncodeToString(s.Links[0].SpanId) != caller[36:52] || s.Links[0].Flags != 1) {
			t.Errorf("the link: %v", s.Links[0])
		}
	}
	same, end := vendors.Spans(nil).Begin(t.Context(), "off")
	end(vendors.Trace{}, nil)
	if same != t.Context() || testing.AllocsPerRun(100, func() { _, end := vendors.Spans(nil).Begin(same, "off"); end(vendors.Trace{}, nil) }) != 0 {
		t.Error("it costs something where nothing is traced")
	}
}

// What runs beside requests is a trace of its own where it is worth one.
func TestWorkBesideRequests(t *testing.T) {
	tr := &Tracer{sampler: sampler{share: 1}, exporter: &exporter{queue: make(chan Span, 9), batch: 9}}
	tr.Record(context.Background(), Span{Name: "attempt"}, true)
	tr.Record(context.Background(), Span{Name: "write"}, false)
	if s := <-tr.exporter.queue; s.Name != "attempt" || s.parent != [8]byte{} || len(tr.exporter.queue) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestACollectorThatIsAwayCostsSpansAndNothingElse(t *testing.T) {
	c := newCollector(t)
	c.status = []int{503, 400}
	var log strings.Builder
	tr := open(t, configured(c.URL, func(cfg *Config) { cfg.BSPMaxQueueSize, cfg.BSPScheduleDelay = 3, 3600_000 }), slog.New(slog.NewTextHandler(&log, nil)))
	record := func(n int) {
		for range n {
			tr.Record(context.Background(), Span{Name: "x", Began: time.Now(), Ended: time.Now()}, true)
		}
	}
	record(5) // two more than may wait
	tr.exporter.flush(time.Minute)
	if sent, dropped := tr.Stats(); sent != 0 || dropped != 5 { // 503 is tried again, 400 is not
		t.Errorf("%d sent, %d dropped", sent, dropped)
	}
	record(3)
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if sent, dropped := tr.Stats(); sent != 3 || dropped != 5 || c.posts != 3 {
		t.Errorf("%d sent, %d dropped, %d posts", sent, dropped, c.posts)
	}
	if said := log.String(); strings.Count(said, "traces not exported") != 1 || strings.Count(said, "traces exported again") != 1 || strings.Contains(said, c.URL) {
		t.Errorf("the log says %s", said)
	}
}

func TestAStopDoesNotWaitForACollectorThatIsAway(t *testing.T) {
	tr := open(t, configured("http://127.0.0.1:1", func(cfg *Config) { cfg.BSPScheduleDelay = 1 }), quiet)
	tr.Record(context.Background(), Span{Name: "x"}, true)
	began := time.Now()
	if err := tr.Close(); err != nil || time.Since(began) > 30*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

func TestMistakesAreNamedAndWhatIsOffIsNotLookedAt(t *testing.T) {
	bad := configured("collector:4318", func(c *Config) {
		c.ExporterOTLPProtocol, c.ExporterOTLPCompression, c.ExporterOTLPHeaders, c.TracesSampler, c.BSPMaxQueueSize = "grpc", "zstd", "s3cr3t", "jaeger_remote", 0
	})
	err := bad.Validate()
	for _, want := range []string{"EXPORTER_OTLP_ENDPOINT: ", "EXPORTER_OTLP_PROTOCOL: ", "EXPORTER_OTLP_COMPRESSION: ", "EXPORTER_OTLP_HEADERS: ", "TRACES_SAMPLER: ", "BSP_MAX_QUEUE_SIZE: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in %v", want, err)
		}
	}
	if err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("%v", err)
	}
	for _, off := range []func(*Config){func(c *Config) { c.SDKDisabled = true }, func(c *Config) { c.TracesExporter = "none" }, func(c *Config) { c.ExporterOTLPEndpoint = "" }} {
		c := bad
		off(&c)
		if err := errors.Join(c.Validate()); c.On() || err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
