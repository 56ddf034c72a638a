package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchboard/app/vendorset"
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
	return startedWith(t, serving, "-rongcloud", "127.0.0.1:0", "-linkv", "127.0.0.1:0", "-youme", "127.0.0.1:0", "-livekit", "127.0.0.1:0").variables()
}

// startedWith returns once what is printed has the word until.
func startedWith(t *testing.T, until string, args ...string) *output {
	t.Helper()
	out := &output{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, args, out) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for range 12_000 { // a minute, on a machine that has much else to do
		if strings.Contains(out.String(), until) || len(done) > 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	return out
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

func TestAProgramReadsWhereTheMocksAre(t *testing.T) {
	t.Setenv("SWITCHBOARD_LINKV_APP_SECRET", "a-real-secret")
	out := startedWith(t, "\n", "-json", "-rongcloud", "0.0.0.0:0", "-linkv", "127.0.0.1:0", "-youme", "", "-livekit", "")
	var got map[string]struct {
		URL         string
		Credentials map[string]any
	}
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil || len(got) != 2 || strings.Count(out.String(), "\n") != 1 {
		t.Fatal(err, out.String())
	}
	if strings.Contains(out.String(), "a-real-secret") || got["linkv"].Credentials["app_key"] == nil || got["linkv"].Credentials["app_secret"] != nil {
		t.Error(out.String())
	}
	if rong := got["rongcloud"]; !strings.HasPrefix(rong.URL, "http://127.0.0.1:") || rong.Credentials["app_secret"] != "KvFO05FRnlG94j" {
		t.Error(out.String())
	}
	for name, mock := range got {
		res, err := http.Get(mock.URL + "/_mock/health")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if want := fmt.Sprintf(`{"ok":true,"vendor":%q}`, name); strings.TrimSpace(string(body)) != want {
			t.Errorf("%s, want %s", body, want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestTheImageServesEveryVendorOnItsPortToTheOutside: the Dockerfile's target starts
// each mock on all addresses, at the port that it has without flags.
func TestTheImageServesEveryVendorOnItsPortToTheOutside(t *testing.T) {
	file, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, target, found := strings.Cut(string(file), " AS mocks\n")
	target, _, ended := strings.Cut(target, "\nFROM ")
	if !found || !ended {
		t.Fatal("the Dockerfile has no target mocks")
	}
	var entry []string
	if _, command, _ := strings.Cut(target, "\nENTRYPOINT "); json.NewDecoder(strings.NewReader(command)).Decode(&entry) != nil || len(entry) == 0 {
		t.Fatal("no ENTRYPOINT in the form of JSON")
	}
	_, exposed, _ := strings.Cut(target, "\nEXPOSE ")
	exposed, _, _ = strings.Cut(exposed, "\n")
	var args, ports []string
	for i, v := range vendorset.Mocked() {
		port := fmt.Sprint(9101 + i)
		args, ports = append(args, "-"+v.Name, "0.0.0.0:"+port), append(ports, port)
		if v.Listen != "127.0.0.1:"+port {
			t.Errorf("%s is on %s without flags", v.Name, v.Listen)
		}
	}
	if !slices.Equal(entry[1:], args) || exposed != strings.Join(ports, " ") {
		t.Errorf("%v, exposed %s", entry, exposed)
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
	if err := run(t.Context(), []string{"-rongcloud", "127.0.0.1:0", "-linkv", "", "-youme", taken.Addr().String(), "-livekit", ""}, io.Discard); !errors.As(err, &opError) {
		t.Fatal(err)
	}
	t.Setenv("SWITCHBOARD_YOUME_APP_ID", "seven")
	if err := run(t.Context(), []string{"-rongcloud", "", "-linkv", "", "-youme", "127.0.0.1:0", "-livekit", ""}, io.Discard); err == nil || !strings.Contains(err.Error(), "SWITCHBOARD_YOUME_APP_ID") {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-nothing"}, io.Discard); err == nil {
		t.Fatal("an unknown flag passed")
	}
}
