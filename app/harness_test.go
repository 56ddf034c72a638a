package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	mocklinkv "switchboard/mocks/linkv"
	mockrongcloud "switchboard/mocks/rongcloud"
	mockyoume "switchboard/mocks/youme"
	"switchboard/openapi"
)

// process is this program, running as main runs it, on a free port.
type process struct {
	URL    string
	Stdout *syncBuffer
	Log    *syncBuffer
	client *http.Client
	routes routers.Router
	seen   map[string]map[int]bool // statuses by method and path of the contract, where a test collects them
	stop   func() error
}

// readMocksContracts reads the openapi of the sandbox's mocks, which they would do
// during the first calls: with the race detector that takes longer than some tests
// allow a call.
var readMocksContracts = sync.OnceFunc(func() {
	for _, open := range []func() (io.Closer, error){
		func() (io.Closer, error) { return mockrongcloud.Start(mockrongcloud.Config{}) },
		func() (io.Closer, error) { return mocklinkv.Start(mocklinkv.Config{}) },
		func() (io.Closer, error) { return mockyoume.Start(mockyoume.Config{}) },
	} {
		m, err := open()
		if err != nil {
			panic(err)
		}
		_ = m.Close()
	}
})

// start runs the program with the environment's defaults, changed by edit, and
// stops it with the test. Its state is in a folder of the test's own.
func start(t testing.TB, edit func(*Config)) *process {
	t.Helper()
	readMocksContracts()
	cfg, err := loadConfig()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listen, cfg.DataDir, cfg.DrainDelay = "127.0.0.1:0", t.TempDir(), 0
	if edit != nil {
		edit(&cfg)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	p := &process{Stdout: &syncBuffer{}, Log: &syncBuffer{}, client: &http.Client{Timeout: 90 * time.Second, Transport: &http.Transport{}}, routes: contract(t)}
	first, logs := io.Pipe()
	go func() {
		done <- run(ctx, cfg, p.Stdout, io.MultiWriter(p.Log, &firstLine{w: logs}))
		logs.Close()
	}()
	p.stop = sync.OnceValue(func() error {
		cancel()
		p.client.CloseIdleConnections()
		return <-done
	})
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	line, err := bufio.NewReader(first).ReadString('\n')
	if err != nil {
		t.Fatalf("the program ended before it listened: %v", <-done)
	}
	var listening struct{ Address string }
	if err := json.Unmarshal([]byte(line), &listening); err != nil || listening.Address == "" {
		t.Fatalf("the log's first line does not tell the address: %s", line)
	}
	p.URL = "http://" + listening.Address
	return p
}

// firstLine passes on what comes up to the first line's end.
type firstLine struct {
	w    io.WriteCloser
	done bool
}

func (f *firstLine) Write(b []byte) (int, error) {
	if !f.done {
		f.done = bytes.ContainsRune(b, '\n')
		_, _ = f.w.Write(b)
	}
	return len(b), nil
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// loadContract reads openapi/switchboard.yaml once.
var loadContract = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Switchboard)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // tests listen elsewhere
	for _, kind := range []string{"text/html", "application/yaml", "text/event-stream", "application/octet-stream", "application/openmetrics-text"} {
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.FileBodyDecoder)
	}
	return doc, doc.Validate(context.Background())
})

func contractDoc(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

var loadRoutes = sync.OnceValues(func() (routers.Router, error) {
	doc, err := loadContract()
	if err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(doc)
})

func contract(t testing.TB) routers.Router {
	t.Helper()
	r, err := loadRoutes()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// request is one call. A body that is a string goes out as it is, anything else
// as JSON. Good requests must fit the contract; bad ones say so with Bad.
type request struct {
	Method string // empty: POST
	Path   string
	Header map[string]string
	Body   any
	Form   url.Values
	Bad    bool
	// Misprint: the path is as a document misprints it, with a slash too many or "- ".
	Misprint bool
}

// answer is what came back, validated against the contract.
type answer struct {
	Status int         `json:"-"`
	Header http.Header `json:"-"`
	Body   []byte      `json:"-"`
	// Of the JSON envelopes:
	Code  int             `json:"code"`
	Data  json.RawMessage `json:"data"`
	Err   *string         `json:"err"`
	Error string          `json:"error"` // of the gateway's
	Time  int64           `json:"time"`
}

func (a answer) decode(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.Data, v); err != nil {
		t.Fatalf("data %s: %v", a.Data, err)
	}
}

func (p *process) do(t testing.TB, r request) answer {
	t.Helper()
	if r.Method == "" {
		r.Method = http.MethodPost
	}
	var body []byte
	kind := "application/json"
	switch b := r.Body.(type) {
	case nil:
		if r.Form != nil {
			body, kind = []byte(r.Form.Encode()), "application/x-www-form-urlencoded"
		}
	case string:
		body = []byte(b)
	default:
		body, _ = json.Marshal(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), r.Method, p.URL+r.Path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	for k, v := range r.Header {
		req.Header.Set(k, v)
	}
	checked := req.Clone(t.Context())
	if r.Misprint {
		checked.URL.Path = "/" + strings.TrimPrefix(strings.Trim(checked.URL.Path, "/"), "- ")
		checked.URL.RawPath = ""
	}
	res, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got := answer{Status: res.StatusCode, Header: res.Header}
	if got.Body, err = io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(got.Body, &got); err != nil {
			t.Fatalf("%s %s: %v in %s", r.Method, r.Path, err, got.Body)
		}
	}
	p.validate(t, checked, body, got, r.Bad)
	return got
}

// validate holds the request and the answer against the contract. Paths that it
// does not have can only be answered as not found.
func (p *process) validate(t testing.TB, req *http.Request, body []byte, got answer, bad bool) {
	t.Helper()
	route, params, err := p.routes.FindRoute(req)
	if err != nil {
		if got.Status != http.StatusNotFound && got.Status != http.StatusMethodNotAllowed && got.Status != http.StatusUnauthorized {
			t.Errorf("%s %s is not in the contract and answers %d", req.Method, req.URL.Path, got.Status)
		}
		return
	}
	if p.seen != nil {
		op := req.Method + " " + route.Path
		if p.seen[op] == nil {
			p.seen[op] = map[int]bool{}
		}
		p.seen[op][got.Status] = true
	}
	body = unwrap(route.Operation, req, body)
	req.Body, req.GetBody = io.NopCloser(bytes.NewReader(body)), nil
	in := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true},
	}
	if !bad { // else it may be a megabyte of what the contract's reader is slow with
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("the request breaks the contract: %v", err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: got.Status, Header: got.Header, Options: in.Options}
	out.SetBodyBytes(got.Body)
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("the answer breaks the contract: %v\n%s", err, got.Body)
	}
}

// unwrap takes parameters out of param, as x-param-wrapping of the contract says: its
// schemas show the bare object alone.
func unwrap(op *openapi3.Operation, req *http.Request, body []byte) []byte {
	if op.RequestBody == nil || !strings.HasPrefix(req.URL.Path, "/api/") {
		return body
	}
	if req.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		form, _ := url.ParseQuery(string(body))
		req.Header.Set("Content-Type", "application/json")
		return []byte(form.Get("param"))
	}
	var wrapped struct{ Param json.RawMessage }
	if err := json.Unmarshal(body, &wrapped); err == nil && wrapped.Param != nil {
		return wrapped.Param
	}
	return body
}

// The sandbox's own back end.
var serverKey = map[string]string{"app-id": sandboxApp, "app-key": sandboxKey}

// as returns the headers of a client that user runs.
func (p *process) as(t testing.TB, user string) map[string]string {
	t.Helper()
	got := p.do(t, request{Path: "/inner/get_token", Body: map[string]any{"session": user, "platform": 1}})
	var token string
	got.decode(t, &token)
	return map[string]string{"Authorization": "Bearer " + token}
}

// mock is where the sandbox's mock of that vendor listens, as the welcome says.
func (p *process) mock(t testing.TB, name string) string {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if m := regexp.MustCompile(name + ` +(http://\S+)`).FindStringSubmatch(p.Stdout.String()); m != nil {
			return m[1]
		}
	}
	t.Fatalf("the welcome does not tell of %s: %s", name, p.Stdout)
	return ""
}

// get reads any URL of this machine, such as a mock's journal.
func get(t testing.TB, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
