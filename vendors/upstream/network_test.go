package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchboard/vendors"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rawServer answers every connection's first request with raw bytes and closes;
// "" closes without an answer.
func rawServer(t *testing.T, raw string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_, _ = c.Write([]byte(raw))
			c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func refusing(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

func dial(t *testing.T, cfg Config) *Client {
	t.Helper()
	cfg.Vendor = "acme"
	c, err := New(cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// dialStandard is dial with the transport that a proxy asks for.
func dialStandard(t *testing.T, cfg Config) *Client {
	t.Helper()
	cfg.Vendor = "acme"
	cfg = withDefaults(cfg)
	c := newClient(cfg, Options{}, newStandard(cfg))
	t.Cleanup(c.Close)
	return c
}

// dialers are the clients that must agree on what became of a call.
var dialers = map[string]func(*testing.T, Config) *Client{"direct": dial, "standard": dialStandard}

func TestWhatTheNetworkDidDecidesTheOutcome(t *testing.T) {
	plainTLS := httptest.NewTLSServer(http.NotFoundHandler())
	defer plainTLS.Close()
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	for _, tc := range []struct {
		name, url string
		want      vendors.Outcome
	}{
		{"nobody listens", refusing(t), vendors.NotSent},
		{"no such host", "http://acme.invalid", vendors.NotSent},
		{"the certificate is not trusted", plainTLS.URL, vendors.NotSent},
		{"closed without an answer", rawServer(t, ""), vendors.Ambiguous},
		{"truncated 200", rawServer(t, ok+"Content-Length: 100\r\n\r\n{\"a\":"), vendors.Ambiguous},
		{"truncated chunks", rawServer(t, ok+"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":"), vendors.Ambiguous},
		{"no HTTP", rawServer(t, "SSH-2.0-OpenSSH\r\n"), vendors.Ambiguous},
		{"a page instead of JSON", rawServer(t, ok+"Content-Length: 6\r\n\r\n<html>"), vendors.Ambiguous},
		{"a gateway's 502", rawServer(t, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), vendors.Ambiguous},
		{"a redirect", rawServer(t, "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"), vendors.Ambiguous},
		{"400", rawServer(t, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), vendors.DefiniteNo},
		{"until the connection closes", rawServer(t, ok+"\r\n{}"), vendors.OK},
		{"chunks", rawServer(t, ok+"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), vendors.OK},
		{"100 first", rawServer(t, "HTTP/1.1 100 Continue\r\n\r\n"+ok+"Content-Length: 2\r\n\r\n{}"), vendors.OK},
	} {
		for via, dial := range dialers {
			t.Run(tc.name+", "+via, func(t *testing.T) {
				c := dial(t, Config{BaseURL: tc.url})
				var out struct{}
				err := c.Do(t.Context(), post(nil), &out)
				outcomeIs(t, err, tc.want)
				var e *vendors.Error
				if errors.As(err, &e) && e.Sent != (tc.want != vendors.NotSent) {
					t.Fatalf("sent is %v", e.Sent)
				}
			})
		}
	}
}

func TestTimeoutAfterSendingIsAmbiguousAndLeavingIsCancelled(t *testing.T) {
	for via, dial := range dialers {
		t.Run(via, func(t *testing.T) {
			hold, arrived := make(chan struct{}), make(chan struct{}, 9)
			srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				arrived <- struct{}{}
				<-hold
			}))
			defer srv.Close()
			defer close(hold)
			c := dial(t, Config{BaseURL: srv.URL, Timeout: 50 * time.Millisecond})
			err := c.Do(t.Context(), post(nil), nil)
			outcomeIs(t, err, vendors.Ambiguous)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("the cause is lost: %v", err)
			}
			<-arrived

			c = dial(t, Config{BaseURL: srv.URL, Timeout: time.Hour})
			ctx, leave := context.WithCancel(t.Context())
			go func() {
				<-arrived
				leave()
			}()
			err = c.Do(ctx, post(nil), nil)
			var e *vendors.Error
			if !errors.As(err, &e) || e.Outcome != vendors.Cancelled || !e.Sent {
				t.Fatalf("the caller left after sending: %v", err)
			}

			ctx, leave = context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer leave()
			err = c.Do(ctx, post(nil), nil)
			outcomeIs(t, err, vendors.Ambiguous)
			if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() == nil {
				t.Fatalf("the caller's time is over: %v, %v", err, ctx.Err())
			}
		})
	}
}

func TestConnectionsAreReusedAndBounded(t *testing.T) {
	var opened, inside, most atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := inside.Add(1)
		defer inside.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(time.Millisecond)
		_, _ = w.Write([]byte("{}"))
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c := dial(t, Config{BaseURL: srv.URL, Calls: 4})
	done := make(chan error)
	for range 20 {
		go func() {
			var err error
			for range 10 {
				ended := c.Do(t.Context(), post(nil), &struct{}{})
				for errors.Is(ended, vendors.ErrBulkhead) { // it waited too long for the others
					ended = c.Do(t.Context(), post(nil), &struct{}{})
				}
				err = errors.Join(err, ended)
			}
			done <- err
		}()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if opened.Load() > 4 || most.Load() > 4 {
		t.Errorf("%d connections opened, %d requests at once; the bound is 4", opened.Load(), most.Load())
	}
}

// A vendor closes idle connections when it likes. The next write must not end in
// doubt for that.
func TestConnectionThatTheVendorClosedIsNotUsed(t *testing.T) {
	for name, serve := range map[string]func(http.Handler) *httptest.Server{"plain": httptest.NewServer, "TLS": httptest.NewTLSServer} {
		t.Run(name, func(t *testing.T) {
			srv := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
			defer srv.Close()
			c := dial(t, Config{BaseURL: srv.URL})
			trust(c, srv)
			for i := range 5 {
				if err := c.Do(t.Context(), post(nil), &struct{}{}); err != nil {
					t.Fatalf("call %d: %v", i, err)
				}
				srv.CloseClientConnections()
				time.Sleep(5 * time.Millisecond) // for the close to arrive
			}
		})
	}
}

func TestSecretsAndURLsNeverShow(t *testing.T) {
	const secret = "s3cr3t"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "bad key "+r.URL.Query().Get("key"), http.StatusBadRequest)
	}))
	defer srv.Close()
	call := post(func(a Answer) error {
		return &vendors.Error{Outcome: vendors.DefiniteNo, Text: string(a.Body)}
	})
	call.Sign = func(r *Request) { r.Query.Set("key", secret) }
	for _, url := range []string{srv.URL, refusing(t), rawServer(t, ""), "http://acme.invalid"} {
		c := dial(t, Config{BaseURL: url, Secrets: []vendors.Secret{secret}})
		err := c.Do(t.Context(), call, nil)
		if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "?") {
			t.Errorf("%v", err)
		}
		if h := c.Health(); strings.Contains(h.LastFault, secret) {
			t.Errorf("health: %s", h.LastFault)
		}
	}
}

func TestBaseURLMustHaveSchemeAndHost(t *testing.T) {
	for _, bad := range []string{"", "acme.test", "ftp://acme.test", "http://", "http://a b"} {
		if _, err := New(Config{Vendor: "acme", BaseURL: bad}, Options{}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// trust makes c accept srv's certificate.
func trust(c *Client, srv *httptest.Server) {
	if srv.Certificate() == nil {
		return
	}
	pool := x509.NewCertPool()
	pool.AddCert(srv.Certificate())
	switch via := c.http.GetClient().Transport.(type) {
	case *direct:
		via.tls.RootCAs = pool
	case traced:
		via.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
}
