package tracing

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"switchboard/vendors"
)

// Config is OpenTelemetry's standard variables, of those that concern traces. Values
// that the standard allows and that are not served are mistakes.
type Config struct {
	SDKDisabled        bool   `split_words:"true" desc:"true: no traces, whatever else is set"`
	ServiceName        string `split_words:"true" default:"switchboard" desc:"name under which traces are kept"`
	ResourceAttributes string `split_words:"true" desc:"further attributes of this process: deployment.environment.name=prod,host.name=a"`
	TracesExporter     string `split_words:"true" default:"otlp" desc:"otlp or none"`
	TracesSampler      string `split_words:"true" default:"parentbased_always_on" desc:"always_on, always_off, traceidratio, or one of them behind parentbased_, which does as the caller's traceparent says"`
	TracesSamplerArg   string `split_words:"true" desc:"of traceidratio: the share of traces that are kept, 0 to 1; empty: 1"`
	Propagators        string `default:"tracecontext" desc:"with tracecontext among them traces go on from a caller's traceparent; none: each request begins one"`

	ExporterOTLPEndpoint       string         `split_words:"true" desc:"URL of a collector, such as http://127.0.0.1:4318; /v1/traces is added; empty: no traces"`
	ExporterOTLPTracesEndpoint string         `split_words:"true" desc:"the whole URL, in place of OTEL_EXPORTER_OTLP_ENDPOINT"`
	ExporterOTLPHeaders        vendors.Secret `split_words:"true" desc:"headers of every export: name=value,name=value, percent-encoded"`
	ExporterOTLPTracesHeaders  vendors.Secret `split_words:"true" desc:"in place of OTEL_EXPORTER_OTLP_HEADERS"`
	ExporterOTLPProtocol       string         `split_words:"true" default:"http/protobuf" desc:"http/protobuf alone"`
	ExporterOTLPTracesProtocol string         `split_words:"true" desc:"in place of OTEL_EXPORTER_OTLP_PROTOCOL"`
	ExporterOTLPCompression    string         `split_words:"true" desc:"gzip or none"`
	ExporterOTLPTimeout        int            `split_words:"true" default:"10000" desc:"milliseconds of one export"`
	ExporterOTLPCertificate    string         `split_words:"true" desc:"file of certificates (PEM) that the collector's is verified by; empty: the system's"`

	BSPScheduleDelay      int `split_words:"true" default:"5000" desc:"milliseconds after which ended spans are exported"`
	BSPMaxQueueSize       int `split_words:"true" default:"2048" desc:"ended spans that wait; more are dropped"`
	BSPMaxExportBatchSize int `split_words:"true" default:"512" desc:"spans of one export"`
}

// On says whether anything is traced.
func (c Config) On() bool { return !c.SDKDisabled && c.TracesExporter == "otlp" && c.endpoint() != "" }

func (c Config) endpoint() string {
	if c.ExporterOTLPTracesEndpoint != "" || c.ExporterOTLPEndpoint == "" {
		return c.ExporterOTLPTracesEndpoint
	}
	return strings.TrimSuffix(c.ExporterOTLPEndpoint, "/") + "/v1/traces"
}

// PlainURL is the collector's where spans, and the headers with their key, go to it over
// http; empty: they do not.
func (c Config) PlainURL() (variable, target string) {
	if !c.On() || !strings.HasPrefix(strings.ToLower(c.endpoint()), "http:") {
		return "", ""
	}
	if c.ExporterOTLPTracesEndpoint != "" {
		return "EXPORTER_OTLP_TRACES_ENDPOINT", c.endpoint()
	}
	return "EXPORTER_OTLP_ENDPOINT", c.endpoint()
}

func (c Config) propagates() bool {
	return slices.Contains(strings.Split(c.Propagators, ","), "tracecontext")
}

// Validate returns every mistake; each begins with the rest of a variable's name. What
// is off is not looked at: a machine's variables are meant for all of its programs.
func (c Config) Validate() error {
	if !c.On() {
		return nil
	}
	var errs []error
	wrong := func(name, want string) { errs = append(errs, errors.New(name+": "+want)) }
	name := "EXPORTER_OTLP_ENDPOINT"
	if c.ExporterOTLPTracesEndpoint != "" {
		name = "EXPORTER_OTLP_TRACES_ENDPOINT"
	}
	if u, err := url.Parse(c.endpoint()); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		wrong(name, "must be an http or https URL with a host")
	}
	if p := cmp.Or(c.ExporterOTLPTracesProtocol, c.ExporterOTLPProtocol); p != "http/protobuf" {
		wrong("EXPORTER_OTLP_PROTOCOL", "want http/protobuf, which every collector takes")
	}
	if !slices.Contains([]string{"", "none", "gzip"}, c.ExporterOTLPCompression) {
		wrong("EXPORTER_OTLP_COMPRESSION", "want gzip or none")
	}
	if _, err := c.headers(); err != nil {
		wrong("EXPORTER_OTLP_HEADERS", err.Error())
	}
	if _, err := pairs(c.ResourceAttributes); err != nil {
		wrong("RESOURCE_ATTRIBUTES", err.Error())
	}
	if _, err := c.sampler(); err != nil {
		errs = append(errs, err)
	}
	for name, n := range map[string]int{
		"EXPORTER_OTLP_TIMEOUT": c.ExporterOTLPTimeout, "BSP_SCHEDULE_DELAY": c.BSPScheduleDelay,
		"BSP_MAX_QUEUE_SIZE": c.BSPMaxQueueSize, "BSP_MAX_EXPORT_BATCH_SIZE": c.BSPMaxExportBatchSize,
	} {
		if n <= 0 {
			wrong(name, "must be more than 0")
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

func (c Config) headers() ([][2]string, error) {
	return pairs(cmp.Or(c.ExporterOTLPTracesHeaders, c.ExporterOTLPHeaders).Reveal())
}

// pairs reads name=value,name=value with percent-encoded values.
func pairs(text string) (out [][2]string, err error) {
	for field := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(field) == "" {
			continue
		}
		name, value, found := strings.Cut(field, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !found || name == "" || err != nil || strings.ContainsAny(value, "\r\n\x00") {
			return nil, errors.New("want name=value,name=value, percent-encoded")
		}
		out = append(out, [2]string{name, value})
	}
	return out, nil
}

// sampler says which new traces are kept, and whether a caller's word counts.
func (c Config) sampler() (s sampler, err error) {
	name, parent := strings.CutPrefix(c.TracesSampler, "parentbased_")
	s.parent = parent
	switch name {
	case "always_on":
		s.share = 1
	case "always_off":
	case "traceidratio":
		s.share = 1
		if c.TracesSamplerArg == "" {
			break
		}
		if s.share, err = strconv.ParseFloat(c.TracesSamplerArg, 64); err != nil || !(s.share >= 0 && s.share <= 1) {
			return s, errors.New("TRACES_SAMPLER_ARG: want a share from 0 to 1")
		}
	default:
		return s, fmt.Errorf("TRACES_SAMPLER: want always_on, always_off, traceidratio, or one of them behind parentbased_")
	}
	return s, nil
}
