package rongcloud_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/mocks/rongcloud"
)

// customer is the app server that the callbacks go to. It refuses what is not
// signed as the vendor signs.
type customer struct {
	*httptest.Server
	reply func(form url.Values) (status int, body string) // nil: 200 and nothing

	mu  sync.Mutex // guards all below
	got []received
	bad []string
}

type received struct {
	path, contentType, body string
	query                   url.Values
}

func newCustomer(t *testing.T) *customer {
	c := &customer{}
	c.Server = httptest.NewServer(c)
	t.Cleanup(func() {
		c.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, b := range c.bad {
			t.Error(b)
		}
	})
	return c
}

func (c *customer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	q := r.URL.Query()
	timestamp := q.Get("timestamp") + q.Get("signTimestamp")
	sum := sha1.Sum([]byte(testSecret + q.Get("nonce") + timestamp))
	c.mu.Lock()
	c.got = append(c.got, received{r.URL.Path, r.Header.Get("Content-Type"), string(body), q})
	if err != nil || r.Method != http.MethodPost || len(timestamp) != 13 || q.Get("signature") != hex.EncodeToString(sum[:]) {
		c.bad = append(c.bad, fmt.Sprintf("%s %s?%s is not a signed callback (%v)", r.Method, r.URL.Path, r.URL.RawQuery, err))
	}
	reply := c.reply
	c.mu.Unlock()
	if reply != nil {
		form, _ := url.ParseQuery(string(body))
		status, text := reply(form)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// take returns what came to a path since the last take.
func (c *customer) take(path string) []received {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []received
	c.got = slices.DeleteFunc(c.got, func(r received) bool {
		if r.path == path {
			out = append(out, r)
		}
		return r.path == path
	})
	return out
}

func (c *customer) answers(f func(url.Values) (int, string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reply = f
}

// withCustomer starts a mock that calls back to /message, /presend and so on.
func withCustomer(t *testing.T, cfg rongcloud.Config) (*rongcloud.Server, *customer) {
	t.Helper()
	c := newCustomer(t)
	cfg.Callbacks = map[string]string{}
	for _, name := range []string{rongcloud.CallbackMessage, rongcloud.CallbackPreSend, rongcloud.CallbackOnline, rongcloud.CallbackChatRoom, rongcloud.CallbackRTC} {
		cfg.Callbacks[name] = c.URL + "/" + strings.TrimPrefix(name, "callback.") + "?own=1"
	}
	s := start(t, cfg)
	s.Callbacks.Schedule(time.Millisecond, time.Millisecond)
	return s, c
}

func one(t *testing.T, got []received) received {
	t.Helper()
	if len(got) != 1 {
		t.Fatalf("%d callbacks: %+v", len(got), got)
	}
	return got[0]
}
