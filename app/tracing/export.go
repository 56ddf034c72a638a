package tracing

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	exportTries  = 3
	exportPause  = time.Second     // between them, unless the collector says how long
	lastExport   = 3 * time.Second // of a stop
	maxAnswer    = 64 << 10        // bytes of an answer that are read
	serviceName  = "service.name"
	contentProto = "application/x-protobuf"
)

// exporter sends ended spans from a bounded queue: a collector that is slow or away
// costs spans, and nobody's time.
type exporter struct {
	url             string
	headers         [][2]string
	gzip            bool
	timeout, every  time.Duration
	batch           int
	resource, scope []byte
	client          *http.Client
	log             *slog.Logger

	queue         chan Span
	full          chan struct{} // a batch waits
	stop          chan struct{}
	ended         chan struct{}
	sent, dropped atomic.Int64
	away          bool // of run: the log has that
}

func newExporter(cfg Config, from Process, log *slog.Logger) (*exporter, error) {
	headers, err := cfg.headers()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if file := cfg.ExporterOTLPCertificate; file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("EXPORTER_OTLP_CERTIFICATE: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, errors.New("EXPORTER_OTLP_CERTIFICATE: the file has no certificate in PEM")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	e := &exporter{
		url: cfg.endpoint(), headers: headers, gzip: cfg.ExporterOTLPCompression == "gzip",
		timeout: time.Duration(cfg.ExporterOTLPTimeout) * time.Millisecond, every: time.Duration(cfg.BSPScheduleDelay) * time.Millisecond,
		batch: cfg.BSPMaxExportBatchSize, log: log,
		// A redirect would take the headers where nobody has configured them to go.
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		queue:  make(chan Span, cfg.BSPMaxQueueSize), full: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	e.resource, e.scope = encodeResource(resourceOf(cfg, from), from.Version)
	go e.run()
	return e, nil
}

// resourceOf says where spans come from; the configured attributes win, but for the name.
func resourceOf(cfg Config, from Process) (out []Attribute) {
	given, _ := pairs(cfg.ResourceAttributes) // Validate has read them
	seen := map[string]bool{serviceName: true}
	out = append(out, Attribute{Key: serviceName, Text: cfg.ServiceName})
	add := func(key, text string) {
		if !seen[key] && text != "" {
			seen[key] = true
			out = append(out, Attribute{Key: key, Text: text})
		}
	}
	for _, a := range given {
		add(a[0], a[1])
	}
	add("service.version", from.Version)
	add("service.instance.id", from.Node)
	add("telemetry.sdk.name", "switchboard")
	add("telemetry.sdk.language", "go")
	add("telemetry.sdk.version", from.Version)
	return out
}

// add never blocks.
func (e *exporter) add(s Span) {
	select {
	case e.queue <- s:
	default:
		e.dropped.Add(1)
		return
	}
	if len(e.queue) >= e.batch {
		select {
		case e.full <- struct{}{}:
		default:
		}
	}
}

func (e *exporter) run() {
	defer close(e.ended)
	tick := time.NewTicker(e.every)
	defer tick.Stop()
	for limit := e.timeout; limit == e.timeout; {
		select {
		case <-tick.C:
		case <-e.full:
		case <-e.stop:
			limit = min(lastExport, e.timeout-1)
		}
		e.flush(limit)
	}
}

// flush exports what has ended by now.
func (e *exporter) flush(limit time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for left := len(e.queue); left > 0; {
		spans := make([]Span, 0, min(left, e.batch))
		for len(spans) < cap(spans) {
			spans = append(spans, <-e.queue)
		}
		left -= len(spans)
		err := e.export(ctx, encode(e.resource, e.scope, spans))
		switch {
		case err != nil && !e.away:
			e.log.Warn("traces not exported", "error", err)
		case err == nil && e.away:
			e.log.Info("traces exported again")
		}
		if e.away = err != nil; e.away {
			e.dropped.Add(int64(len(spans)))
			continue
		}
		e.sent.Add(int64(len(spans)))
	}
}

// export makes as many attempts as the standard allows for what the collector answers.
func (e *exporter) export(ctx context.Context, body []byte) (err error) {
	if e.gzip {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(body) // into memory
		_ = w.Close()
		body = packed.Bytes()
	}
	for try := 1; ; try++ {
		var wait time.Duration
		if wait, err = e.post(ctx, body); err == nil || wait < 0 || try == exportTries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-e.stop:
			return err
		case <-time.After(wait):
		}
	}
}

var errNotReached = errors.New("the collector was not reached") // the URL may hold a secret

// post makes one attempt; a wait below 0 says that another one is of no use.
func (e *exporter) post(ctx context.Context, body []byte) (wait time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return -1, errNotReached
	}
	for _, h := range e.headers {
		req.Header.Set(h[0], h[1])
	}
	req.Header.Set("Content-Type", contentProto)
	req.Header.Set("User-Agent", "switchboard")
	if e.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	res, err := e.client.Do(req)
	if err != nil {
		return exportPause, errNotReached
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswer)
	switch res.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		wait = exportPause
		if seconds, err := strconv.Atoi(strings.TrimSpace(res.Header.Get("Retry-After"))); err == nil && seconds > 0 {
			wait = time.Duration(min(seconds, 60)) * time.Second
		}
		return wait, fmt.Errorf("the collector answered %d", res.StatusCode)
	}
	if res.StatusCode/100 != 2 {
		return -1, fmt.Errorf("the collector answered %d", res.StatusCode)
	}
	return 0, nil
}

func (e *exporter) close() error {
	close(e.stop)
	<-e.ended
	e.client.CloseIdleConnections()
	return nil
}
