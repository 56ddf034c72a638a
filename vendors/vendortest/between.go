package vendortest

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"time"
)

// Exchange is a request on its way from an adapter to its far end.
type Exchange struct {
	*http.Request
	Content []byte // the request's body
	// Ask has the far end serve the request, once more each time. It says false, and no
	// status, where the far end ended the connection before the end of its answer.
	Ask func() (status int, answer []byte, ok bool)
}

// Between is the address of a program that stands between an adapter and baseURL and
// answers each request as serve does; status 0 ends the connection. It makes an adapter
// wrong from outside: what it misreads or repeats, the adapter seems to.
func Between(t T, baseURL string, serve func(Exchange) (status int, answer []byte)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("between: %v", err)
	}
	client := &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		status, answer := serve(Exchange{r, body, func() (int, []byte, bool) { return pass(client, r, baseURL, body) }})
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(answer)
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); client.CloseIdleConnections() })
	return "http://" + l.Addr().String()
}

func pass(client *http.Client, r *http.Request, baseURL string, body []byte) (status int, answer []byte, ok bool) {
	onward, err := http.NewRequestWithContext(r.Context(), r.Method, baseURL+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, false
	}
	onward.Header = r.Header.Clone()
	res, err := client.Do(onward)
	if err != nil {
		return 0, nil, false
	}
	defer res.Body.Close()
	if answer, err = io.ReadAll(res.Body); err != nil {
		return 0, nil, false
	}
	return res.StatusCode, answer, true
}
