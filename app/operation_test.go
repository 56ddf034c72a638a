package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestOperatorsSeeHealthReadinessMetricsAndTheContract(t *testing.T) {
	p := start(t, nil)
	p.do(t, request{Path: "/api/v1/video/before/check", Header: p.as(t, "alice"), Body: "{}"})
	for path, want := range map[string]string{
		"/healthz":      `"ok"`,
		"/readyz":       `"sandbox":true`,
		"/metrics":      `switchboard_vendor_call_seconds_count{op="wallet.balance",outcome="ok",vendor="linkv"} 1`,
		"/openapi.yaml": "Switchboard",
		"/docs":         "/openapi.yaml",
	} {
		got := p.do(t, request{Method: "GET", Path: path})
		if got.Status != 200 || !strings.Contains(string(got.Body), want) {
			t.Errorf("%s: %d, no %s in %.2000s", path, got.Status, want, got.Body)
		}
	}
	if body := p.do(t, request{Method: "GET", Path: "/metrics"}).Body; !bytes.Contains(body, []byte(`switchboard_http_request_seconds_count{method="POST",route="/api/v1/video/before/check",status="200"} 1`)) {
		t.Errorf("the route is not counted:\n%s", body)
	}
}

func TestMetricsAreForOperatorsOnly(t *testing.T) {
	p := start(t, func(c *Config) { _ = c.AdminAllow.Decode("10.9.8.0/24") })
	if got := p.do(t, request{Method: "GET", Path: "/metrics"}); got.Status != 403 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func TestTokensAreMintedForAllowedPeersOnly(t *testing.T) {
	p := start(t, func(c *Config) { c.InnerAllow = nil })
	if got := p.do(t, request{Path: "/inner/get_token", Body: map[string]any{"session": "u"}}); got.Code != 10003 || got.Status != 200 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if got := p.do(t, request{Path: "/inner/get_token", Header: serverKey, Body: map[string]any{"session": "u"}}); got.Code != 0 {
		t.Errorf("with the server key: %s", got.Body)
	}
}

func TestRequestIDIsKeptOrMade(t *testing.T) {
	p := start(t, nil)
	for given, kept := range map[string]bool{"abc-123": true, strings.Repeat("x", 64): true, strings.Repeat("x", 65): false, "with space": false, "ümlaut": false, "": false} {
		got := p.do(t, request{Method: "GET", Path: "/healthz", Header: map[string]string{"X-Request-Id": given}})
		if id := got.Header.Get("X-Request-Id"); (id == given) != kept || id == "" {
			t.Errorf("%q became %q", given, id)
		}
	}
	if log := p.Log.String(); !strings.Contains(log, `"request_id":"abc-123"`) {
		t.Errorf("the id is not logged: %s", log)
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"SWITCHBOARD_LISTEM", "x", "SWITCHBOARD_LISTEM"},
		{"SWITCHBOARD_DEADLINE", "soon", "SWITCHBOARD_DEADLINE"},
		{"SWITCHBOARD_DEADLINE", "-1s", "SWITCHBOARD_DEADLINE"},
		{"SWITCHBOARD_ENV", "prod", "SWITCHBOARD_ENV"},
		{"SWITCHBOARD_PRICE_TEXT", "-1", "SWITCHBOARD_PRICE"},
		{"SWITCHBOARD_PAIRING_KEYS", "fanuot:2", "SWITCHBOARD_PAIRING_KEYS: pair.fanuot"},
		{"SWITCHBOARD_PAIRING_REFRESH", "-1s", "SWITCHBOARD_PAIRING_REFRESH: "},
		{"SWITCHBOARD_PAIRING_STALE_MAX", "-1s", "SWITCHBOARD_PAIRING_STALE_MAX: "},
		{"SWITCHBOARD_PAIRING_SKEW_MAX", "-1ms", "SWITCHBOARD_PAIRING_SKEW_MAX: "},
		{"SWITCHBOARD_ADMIN_ALLOW", "10.0.0.0/99", "SWITCHBOARD_ADMIN_ALLOW"},
		{"SWITCHBOARD_APPS", `[{"id":"a","key":"s3cr3t","jwt_secret":"short"}]`, "jwt_secret"},
		{"SWITCHBOARD_APPS", `[{"id":"a","kee":"s3cr3t"}]`, "SWITCHBOARD_APPS"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			_, err := loadConfig()
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cr3t") {
				t.Fatalf("got %v", err)
			}
		})
	}
}

// Whatever is wrong with a variable, the start ends with a message that names it
// and holds no secret; nothing panics, then or later.
func TestStartFailuresNameTheVariable(t *testing.T) {
	apps := `[{"id":"a","key":"k","jwt_secret":"0123456789abcdef"}]`
	for _, c := range [][]string{
		{"SWITCHBOARD_LISTEN", "nonsense"}, {"SWITCHBOARD_LISTEN", "127.0.0.1:99999"},
		{"SWITCHBOARD_DATA_DIR", "/proc/nowhere"}, {"SWITCHBOARD_DATA_DIR", ""},
		{"SWITCHBOARD_DATABASE_URL", "oracle://s3cr3t"}, {"SWITCHBOARD_DATABASE_URL", "mysql://u:s3cr3t@127.0.0.1:1/x"},
		{"SWITCHBOARD_BUS_URL", "kafka://s3cr3t"},
		{"SWITCHBOARD_BLOB_URL", "ftp://bucket"}, {"SWITCHBOARD_BLOB_URL", "file:///proc/nowhere"},
		{"SWITCHBOARD_UPLOAD_TYPES", "exe"}, {"SWITCHBOARD_UPLOAD_MAX_BYTES", "0"},
		{"SWITCHBOARD_PUBLIC_URL", "cdn.example.com"},
		{"SWITCHBOARD_ENV", "production"},
		{"SWITCHBOARD_ROUTE_MESSAGES", "nobody"}, {"SWITCHBOARD_ROUTE_WALLET", "rongcloud"},
		{"SWITCHBOARD_WORDS_FILE", "/proc/nowhere"}, {"SWITCHBOARD_WORDS_SYNC", "1ms"},
		{"SWITCHBOARD_ACCOUNTS_FILE", "/proc/nowhere", "SWITCHBOARD_APPS", apps},
		{"SWITCHBOARD_RONGCLOUD_BASE_URL", "nonsense", "SWITCHBOARD_APPS", apps, "SWITCHBOARD_RONGCLOUD_APP_KEY", "k", "SWITCHBOARD_RONGCLOUD_APP_SECRET", "s3cr3t"},
		{"SWITCHBOARD_EVENTS_URL", "nonsense"}, {"SWITCHBOARD_EVENTS_SECRET", "s3cr3t", "SWITCHBOARD_EVENTS_URL", "http://127.0.0.1:1"},
		{"SWITCHBOARD_PAIRING_EVENTS_SECRET", "", "SWITCHBOARD_PAIRING_EVENTS_URL", "http://127.0.0.1:1"},
		{"SWITCHBOARD_REALTIME_QUEUE_MESSAGES", "0"}, {"SWITCHBOARD_REALTIME_QUEUE_BYTES", "-1"}, {"SWITCHBOARD_REALTIME_READ_EVERY", "0"},
		{"SWITCHBOARD_REALTIME_GATEWAY_PING", "-1s"}, {"SWITCHBOARD_REALTIME_SOCKET_PING", "0"}, {"SWITCHBOARD_REALTIME_POLL_LINGER", "0"},
		{"SWITCHBOARD_CONVERSATION_GROUP_MEMBERS", "0"}, {"SWITCHBOARD_CONVERSATION_ROOM_MEMBERS", "-1"},
		{"SWITCHBOARD_CONVERSATION_CONTENT_BYTES", "0"}, {"SWITCHBOARD_CONVERSATION_EXT_BYTES", "0"},
		{"SWITCHBOARD_TRANSLATE_CACHE_SIZE", "0"}, {"SWITCHBOARD_TRANSLATE_CACHE_TTL", "0"},
	} {
		t.Run(c[0]+"="+c[1], func(t *testing.T) {
			t.Setenv("SWITCHBOARD_LISTEN", "127.0.0.1:0")
			t.Setenv("SWITCHBOARD_DATA_DIR", t.TempDir())
			for i := 0; i < len(c); i += 2 {
				t.Setenv(c[i], c[i+1])
			}
			cfg, err := loadConfig()
			if err == nil {
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				err = run(ctx, cfg, &syncBuffer{}, &syncBuffer{})
			}
			name, _, _ := strings.Cut(strings.TrimPrefix(c[0], "SWITCHBOARD_"), "_") // SWITCHBOARD_ROUTE_* will do
			if err == nil || !strings.Contains(err.Error(), "SWITCHBOARD_"+name) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The file may come later than the start: that warns of it, and asks fail until then.
func TestAFileOfPairSettingsThatIsNotThereIsWarnedOf(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pairs.json")
	begin := func(code int) *process {
		p := start(t, func(c *Config) { c.Pairing.Source, c.Pairing.Refresh = file, 0 })
		if got := p.pair(t, p.as(t, "100"), "pair/ask", nil); got.Code != code {
			t.Errorf("%d %s, want %d", got.Status, got.Body, code)
		}
		return p
	}
	p := begin(200003)
	if log := p.Log.String(); strings.Count(log, "SWITCHBOARD_PAIRING_SOURCE") != 1 || !strings.Contains(log, file) {
		t.Errorf("the start says %s", log)
	}
	if err := os.WriteFile(file, []byte(`{"*":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := p.pair(t, p.as(t, "100"), "pair/ask", nil); got.Code != 0 {
		t.Errorf("with the file: %d %s", got.Status, got.Body)
	}
	if log := begin(0).Log.String(); strings.Contains(log, "SWITCHBOARD_PAIRING_SOURCE") {
		t.Errorf("a file that is there is warned of: %s", log)
	}
}

// A value that cannot be read is answered with what would be, not with a Go type.
func TestBadValuesAreToldInPlainWords(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"SWITCHBOARD_DEADLINE", "soon", "SWITCHBOARD_DEADLINE: want a time such as 500ms or 10s"},
		{"SWITCHBOARD_LOG_LEVEL", "loud", "SWITCHBOARD_LOG_LEVEL: want debug, info, warn or error"},
		{"SWITCHBOARD_PRICE_TEXT", "much", "SWITCHBOARD_PRICE_TEXT: want a whole number"},
		{"SWITCHBOARD_PAIRING_KEYS", "fanout", "SWITCHBOARD_PAIRING_KEYS: want name:value pairs, comma separated"},
		{"SWITCHBOARD_RELAY", "maybe", "SWITCHBOARD_RELAY: want none, out or both"},
		{"SWITCHBOARD_INNER_ALLOW", "here", `SWITCHBOARD_INNER_ALLOW: "here" is no network such as 10.0.0.0/8`},
		{"SWITCHBOARD_APPS", `[{"id":"a"}]`, "SWITCHBOARD_APPS: every app needs an id and a key"},
	} {
		t.Setenv(c.name, c.value)
		if _, err := loadConfig(); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
		os.Unsetenv(c.name)
	}
}

func TestTestVariablesAreNoMistake(t *testing.T) {
	t.Setenv("SWITCHBOARD_TEST_SOMETHING", "x")
	if _, err := loadConfig(); err != nil {
		t.Fatal(err)
	}
}

func TestProductionDoesNotStartAsASandbox(t *testing.T) {
	cfg, err := loadConfig()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Env, cfg.Listen, cfg.DataDir = "production", "127.0.0.1:0", t.TempDir()
	err = run(t.Context(), cfg, &syncBuffer{}, &syncBuffer{})
	if err == nil || !strings.Contains(err.Error(), "production") {
		t.Fatalf("got %v", err)
	}
}

func TestSecondProcessOnTheSameAddressDoesNotStart(t *testing.T) {
	p := start(t, nil)
	cfg, _ := loadConfig()
	cfg.Listen, cfg.DataDir = strings.TrimPrefix(p.URL, "http://"), t.TempDir()
	if err := run(t.Context(), cfg, &syncBuffer{}, &syncBuffer{}); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Fatalf("got %v", err)
	}
}

func TestStopLetsRequestsUnderWayFinish(t *testing.T) {
	p := start(t, nil)
	alice := p.as(t, "alice")
	spoil(t, p.mock(t, "linkv"), "*", 1, map[string]any{"kind": "delay", "wait": "700ms"})
	answered := make(chan answer, 1)
	go func() {
		answered <- p.do(t, request{Path: "/api/v1/video/before/check", Header: alice, Body: "{}"})
	}()
	for !strings.Contains(get(t, p.mock(t, "linkv")+"/_mock/faults"), `"fired":1`) {
		time.Sleep(10 * time.Millisecond)
	}
	if err := p.stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
	if got := <-answered; got.Code != 0 || got.Status != 200 {
		t.Errorf("a request under way ended as %d %s", got.Status, got.Body)
	}
	if _, err := net.DialTimeout("tcp", strings.TrimPrefix(p.URL, "http://"), time.Second); err == nil {
		t.Error("it still listens")
	}
}

func TestHealthCommandAsksTheProcess(t *testing.T) {
	p := start(t, nil)
	if err := probe(t.Context(), strings.TrimPrefix(p.URL, "http://")); err != nil {
		t.Error(err)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	if err := probe(context.Background(), strings.TrimPrefix(p.URL, "http://")); err == nil {
		t.Error("a stopped process is reported alive")
	}
}

func TestHelpIsNoMistake(t *testing.T) {
	for _, word := range []string{"help", "-h", "--help"} {
		var out, log bytes.Buffer
		if err := command(t.Context(), []string{word}, &out, &log); err != nil || out.String() != usage {
			t.Errorf("%s: %v %s", word, err, out.String())
		}
	}
}

// The README shows what the config command prints. After a change of the
// configuration run this test with SWITCHBOARD_TEST_UPDATE=1: it rewrites that part.
func TestReadmeShowsTheConfiguration(t *testing.T) {
	const file, begin, end = "../README.md", "<!-- config -->\n```\n", "```\n<!-- /config -->"
	readme, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := printConfig(&want); err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(readme), begin)
	shown, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatal("README has no configuration part")
	}
	if shown == want.String() {
		return
	}
	if os.Getenv("SWITCHBOARD_TEST_UPDATE") == "" {
		t.Fatal("README shows another configuration than the config command prints: run this test with SWITCHBOARD_TEST_UPDATE=1")
	}
	if err := os.WriteFile(file, []byte(before+begin+want.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The README's tour is what a newcomer pastes, so it is run as it stands, in a
// shell, against this program; only the address differs.
func TestReadmeTourWorks(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the tour needs %s", tool)
		}
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "<!-- tour -->\n```sh\n")
	tour, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("README has no tour")
	}
	p := start(t, nil)
	script := "set -euo pipefail\n" + strings.ReplaceAll(tour, "127.0.0.1:8081", strings.TrimPrefix(p.URL, "http://"))
	out, err := exec.CommandContext(t.Context(), "bash", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// Every expected answer stands behind "# ->" in the tour.
	expected := regexp.MustCompile(`(?m)^# -> (.+)$`).FindAllStringSubmatch(tour, -1)
	if len(expected) < 4 {
		t.Fatalf("%d expected answers in the tour", len(expected))
	}
	rest = string(out)
	for _, e := range expected {
		_, after, ok := strings.Cut(rest, e[1])
		if !ok {
			t.Fatalf("%s does not come in the rest of the answers:\n%s", e[1], rest)
		}
		rest = after
	}
}

// The start-up text ends in lines to paste; they are pasted.
func TestWelcomeCanBePasted(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("pasting needs %s", tool)
		}
	}
	p := start(t, nil)
	p.mock(t, "youme") // the welcome has been written up to the mocks
	until(t, "the whole welcome is there", func() bool { return strings.Count(p.Stdout.String(), "curl ") == 3 })
	var script strings.Builder
	for line := range strings.Lines(p.Stdout.String()) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "TOKEN=") || strings.HasPrefix(line, "curl ") {
			script.WriteString(line + "; echo\n")
		}
	}
	out, err := exec.CommandContext(t.Context(), "bash", "-c", script.String()).CombinedOutput()
	if err != nil || strings.Count(string(out), `{"code":0,`) != 3 {
		t.Fatalf("%v\n%s", err, out)
	}
}
