package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("os/signal.loop"))
}

// output is written by run and read by the test meanwhile.
type output struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

var exported = regexp.MustCompile(`(?m)^export (SWITCHBOARD_[A-Z_]+)=(\S+)$`)

func (o *output) variables() map[string]string {
	all := map[string]string{}
	for _, m := range exported.FindAllStringSubmatch(o.String(), -1) {
		all[m[1]] = m[2]
	}
	return all
}

// started runs the mocks on free ports until the test ends.
func started(t *testing.T) map[string]string {
	t.Helper()
	out := &output{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"-rongcloud", "127.0.0.1:0", "-linkv", "127.0.0.1:0", "-youme", "127.0.0.1:0"}, out)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for range 1000 {
		if strings.Contains(out.String(), serving) || len(done) > 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	return out.variables()
}

func TestTheMocksPrintWhatTheProductNeedsAndServe(t *testing.T) {
	one := started(t)
	for _, name := range []string{
		"RONGCLOUD_BASE_URL", "RONGCLOUD_APP_KEY", "RONGCLOUD_APP_SECRET",
		"LINKV_BASE_URL", "LINKV_APP_ID", "LINKV_APP_KEY", "LINKV_APP_SECRET", "LINKV_LIVE_APP_ID", "LINKV_LIVE_APP_SECRET",
		"YOUME_BASE_URL", "YOUME_APP_KEY", "YOUME_APP_SECRET", "YOUME_APP_ID", "YOUME_IDENTIFIER", "YOUME_AUTH_CODES", "APPS",
	} {
		if one["SWITCHBOARD_"+name] == "" {
			t.Errorf("%s is missing: %v", name, one)
		}
	}
	for _, vendor := range []string{"RONGCLOUD", "LINKV", "YOUME"} {
		res, err := http.Get(one["SWITCHBOARD_"+vendor+"_BASE_URL"] + "/_mock/namespaces")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if strings.TrimSpace(string(body)) != `["default"]` {
			t.Errorf("%s: %s", vendor, body)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	two := started(t)
	if one["SWITCHBOARD_LINKV_APP_SECRET"] != two["SWITCHBOARD_LINKV_APP_SECRET"] {
		t.Error("the credentials change from start to start")
	}
}

func TestCredentialsOfTheEnvironmentAreUsedAndNotPrinted(t *testing.T) {
	t.Setenv("SWITCHBOARD_YOUME_APP_SECRET", "a-real-secret")
	t.Setenv("SWITCHBOARD_YOUME_APP_ID", "77")
	t.Setenv("SWITCHBOARD_YOUME_BASE_URL", "http://elsewhere.example")
	t.Setenv("SWITCHBOARD_APPS", "[]")
	vars := started(t)
	if vars["SWITCHBOARD_YOUME_APP_SECRET"] != "" || vars["SWITCHBOARD_YOUME_APP_ID"] != "" || vars["SWITCHBOARD_YOUME_APP_KEY"] == "" ||
		!strings.HasPrefix(vars["SWITCHBOARD_YOUME_BASE_URL"], "http://127.0.0.1:") {
		t.Fatal(vars)
	}
}

func TestABadStartSaysWhatIsWrongAndLeavesNothingRunning(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	var opError *net.OpError
	if err := run(t.Context(), []string{"-rongcloud", "127.0.0.1:0", "-linkv", "", "-youme", taken.Addr().String()}, io.Discard); !errors.As(err, &opError) {
		t.Fatal(err)
	}
	t.Setenv("SWITCHBOARD_YOUME_APP_ID", "seven")
	if err := run(t.Context(), []string{"-rongcloud", "", "-linkv", "", "-youme", "127.0.0.1:0"}, io.Discard); err == nil || !strings.Contains(err.Error(), "SWITCHBOARD_YOUME_APP_ID") {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-nothing"}, io.Discard); err == nil {
		t.Fatal("an unknown flag passed")
	}
}
