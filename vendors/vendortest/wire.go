package vendortest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Seen is one request as it reached the far end's door.
type Seen struct {
	Method string
	Path   string
	Query  url.Values
	Header http.Header
	Body   []byte
}

// Form is the body read as an urlencoded form.
func (s Seen) Form() url.Values {
	v, _ := url.ParseQuery(string(s.Body))
	return v
}

// A fault spoils one exchange. It gets the client's request, and forward to
// let the far end execute it.
type fault struct {
	name string
	play func(w http.ResponseWriter, r *http.Request, forward func() *http.Response)
}

// wire is the proxy between adapter and far end. It sees raw HTTP only.
type wire struct {
	url    string
	target *url.URL
	srv    *http.Server
	client *http.Client
	done   chan struct{}

	mu    sync.Mutex // guards what follows
	seen  []Seen
	fault *fault
	skip  int // exchanges that fault lets pass before
	left  int // exchanges that fault still spoils
}

func newWire(target string) (*wire, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{
		url: "http://" + l.Addr().String(), target: u, done: make(chan struct{}),
		client: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 8},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	w.srv = &http.Server{Handler: w, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(w.done)
		_ = w.srv.Serve(l)
	}()
	return w, nil
}

// close ends the proxy and waits for its goroutine.
func (w *wire) close() {
	_ = w.srv.Close()
	<-w.done
	w.client.CloseIdleConnections()
}

// spoil plays f in the next n exchanges.
func (w *wire) spoil(n int, f fault) { w.spoilAfter(0, n, f) }

// spoilAfter lets the next skip exchanges pass and plays f in the n after them.
func (w *wire) spoilAfter(skip, n int, f fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault, w.skip, w.left = &f, skip, n
}

// always is more exchanges than any check makes.
const always = 1 << 30

func (w *wire) heal() { w.spoil(0, fault{}) }

func (w *wire) requests() []Seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Seen(nil), w.seen...)
}

func (w *wire) note(s Seen) *fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, s)
	switch {
	case w.left == 0:
		return nil
	case w.skip > 0:
		w.skip--
		return nil
	}
	w.left--
	return w.fault
}

// ServeHTTP records the request, then forwards or spoils it.
func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	spoiled := w.note(Seen{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header.Clone(), Body: body})
	forward := func() *http.Response { return w.forward(r, body) }
	if spoiled != nil {
		spoiled.play(rw, r, forward)
		return
	}
	res := forward()
	copyAnswer(rw, res, res.StatusCode)
}

// forward makes the far end execute the request, even when the client left.
// Its body is read whole.
func (w *wire) forward(r *http.Request, body []byte) *http.Response {
	u := *r.URL
	u.Scheme, u.Host = w.target.Scheme, w.target.Host
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), bytes.NewReader(body))
	if err != nil {
		return broken(err)
	}
	req.Header = r.Header.Clone()
	res, err := w.client.Do(req)
	if err != nil {
		return broken(err)
	}
	defer res.Body.Close()
	whole, err := io.ReadAll(res.Body)
	if err != nil {
		return broken(err)
	}
	res.Body = io.NopCloser(bytes.NewReader(whole))
	return res
}

// broken stands for a far end that could not be reached through the proxy.
func broken(err error) *http.Response {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return &http.Response{StatusCode: http.StatusBadGateway, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(err.Error()))}
}

func copyAnswer(w http.ResponseWriter, res *http.Response, status int) {
	for k, v := range res.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(status)
	_, _ = io.Copy(w, res.Body)
}

// The faults. Those that execute forward the request first.
var (
	hang = fault{"hang", func(_ http.ResponseWriter, r *http.Request, _ func() *http.Response) {
		<-r.Context().Done()
	}}
	executeThenHang = fault{"execute then hang", func(_ http.ResponseWriter, r *http.Request, forward func() *http.Response) {
		forward()
		<-r.Context().Done()
	}}
	drop = fault{"drop without executing", func(http.ResponseWriter, *http.Request, func() *http.Response) {
		panic(http.ErrAbortHandler)
	}}
	executeThenDrop = fault{"execute then drop", func(_ http.ResponseWriter, _ *http.Request, forward func() *http.Response) {
		forward()
		panic(http.ErrAbortHandler)
	}}
	reset = fault{"reset", func(w http.ResponseWriter, _ *http.Request, _ func() *http.Response) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}}
	truncate = fault{"truncate", func(w http.ResponseWriter, _ *http.Request, forward func() *http.Response) {
		res := forward()
		body, _ := io.ReadAll(res.Body)
		w.Header().Set("Content-Type", res.Header.Get("Content-Type"))
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(res.StatusCode)
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}}
)

// answer replies without executing.
func answer(name string, status int, contentType, body string) fault {
	return fault{name, func(w http.ResponseWriter, _ *http.Request, _ func() *http.Response) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}}
}

// restatus executes and passes the real body on under another status.
func restatus(status int) fault {
	return fault{"real body under status " + strconv.Itoa(status), func(w http.ResponseWriter, _ *http.Request, forward func() *http.Response) {
		copyAnswer(w, forward(), status)
	}}
}

// retype executes and passes the real answer on under another content type.
func retype(contentType string) fault {
	return fault{"real answer as " + contentType, func(w http.ResponseWriter, _ *http.Request, forward func() *http.Response) {
		res := forward()
		res.Header.Set("Content-Type", contentType)
		copyAnswer(w, res, res.StatusCode)
	}}
}

// redirect sends the client elsewhere without executing.
func redirect(status int, to string) fault {
	return fault{"redirect " + strconv.Itoa(status), func(w http.ResponseWriter, _ *http.Request, _ func() *http.Response) {
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	}}
}

// flood answers with spaces until the client leaves or has taken enough, which
// sets whole.
func flood(whole *atomic.Bool) fault {
	return fault{"endless answer", func(w http.ResponseWriter, _ *http.Request, _ func() *http.Response) {
		w.Header().Set("Content-Type", "application/json")
		page := bytes.Repeat([]byte(" "), 1<<20)
		for range enough / len(page) {
			if _, err := w.Write(page); err != nil {
				panic(http.ErrAbortHandler)
			}
		}
		whole.Store(true)
	}}
}
