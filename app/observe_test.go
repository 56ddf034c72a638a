package main

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"switchboard/vendors"
)

// logged returns the lines of the log whose message is msg.
func (p *process) logged(t testing.TB, msg string) (lines []map[string]any) {
	t.Helper()
	for text := range strings.Lines(p.Log.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if line["msg"] == msg {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestTheLogTellsWhatRunsAndWhoCalls(t *testing.T) {
	p := start(t, nil)
	waitFor(t, "the line of the start", func() bool { return len(p.logged(t, "started")) == 1 })
	got, _ := json.Marshal(p.logged(t, "started")[0])
	for _, want := range []string{
		`"version":"` + version() + `"`, `"vendors":["`, `"messages=rongcloud`, `"store":"sqlite"`,
		`"bus":"none"`, `"apps":["666666"]`, `"sandbox":true`, `"uploads":"folder"`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	p.do(t, request{Path: "/api/server/im/send/tip", Header: with(serverKey, "X-Request-Id", "tip-1"), Body: `{"from":1,"targets":[2],"msg":"x"}`})
	p.do(t, request{Method: "GET", Path: "/healthz"})
	p.do(t, request{Method: "GET", Path: "/metrics"})
	tip := false
	for _, line := range p.logged(t, "request") {
		if path, _ := line["path"].(string); path == "/healthz" || path == "/metrics" {
			t.Errorf("a probe is logged: %v", line)
		}
		tip = tip || line["request_id"] == "tip-1" && line["app"] == sandboxApp
	}
	if !tip {
		t.Errorf("a back end's call does not name its app:\n%s", p.Log)
	}
	if n := p.gauge(t, `switchboard_app_requests_total{app="666666",result="ok"}`); n != 1 {
		t.Errorf("%d requests of the app are counted", n)
	}
}

func TestTheLogsLevelIsSwitchedAndAudited(t *testing.T) {
	p := start(t, func(c *Config) { c.LogLevel = slog.LevelError })
	quiet := p.Log.String()
	p.do(t, request{Method: "GET", Path: "/openapi.yaml"})
	if p.Log.String() != quiet {
		t.Fatalf("it is logged at level error: %s", p.Log)
	}
	var now struct {
		Level    string
		Switched bool
	}
	p.operate(t, "PUT", "/admin/log", `{"by":"ann","reason":"look","level":"debug"}`, &now)
	if now.Level != "debug" || !now.Switched {
		t.Errorf("%+v", now)
	}
	p.do(t, request{Method: "GET", Path: "/healthz"})
	waitFor(t, "the probe's line", func() bool { return strings.Contains(p.Log.String(), `"path":"/healthz"`) })
	var routes struct {
		Audit []struct {
			By, Reason string
			State      map[string]any
		}
	}
	p.operate(t, "GET", "/admin/routes", nil, &routes)
	if len(routes.Audit) != 1 || routes.Audit[0].By != "ann" || routes.Audit[0].State["log_level"] != "DEBUG" {
		t.Errorf("the audit has %+v", routes.Audit)
	}
	// What else is switched leaves it alone, and without a level it goes back.
	p.operate(t, "PUT", "/admin/routes", `{"by":"ann","routes":{}}`, nil)
	p.operate(t, "GET", "/admin/log", nil, &now)
	if now.Level != "debug" {
		t.Errorf("a switch of routes made it %+v", now)
	}
	p.operate(t, "PUT", "/admin/log", `{"by":"ann"}`, &now)
	if now.Level != "error" || now.Switched {
		t.Errorf("%+v", now)
	}
	for _, body := range []string{`{"by":"ann","level":"loud"}`, `{"level":"debug"}`} {
		if got := p.do(t, request{Method: "PUT", Path: "/admin/log", Header: adminKey, Body: body, Bad: true}); got.Status != 400 {
			t.Errorf("%s: %d %s", body, got.Status, got.Body)
		}
	}
}

func TestASessionIsCountedByWhatItIsReachedOverAndLoggedAtItsEnd(t *testing.T) {
	p := start(t, nil)
	conn := p.ws(t, p.tokenOf(t, "ann", 1), "")
	stream := p.sse(t, p.tokenOf(t, "ann", 2), "")
	for over, want := range map[string]int{"websocket": 1, "events": 1, "socket": 0, "poll": 0} {
		if n := p.gauge(t, `switchboard_sessions{app="666666",over="`+over+`"}`); n != want {
			t.Errorf("%d sessions over %s, want %d", n, over, want)
		}
	}
	_ = conn.Close()
	_ = stream
	waitFor(t, "the end of the websocket", func() bool { return p.gauge(t, "switchboard_sessions") == 1 })
	waitFor(t, "its line", func() bool { return len(p.logged(t, "session ended")) == 1 })
	line := p.logged(t, "session ended")[0]
	if line["user"] != "ann" || line["over"] != "websocket" || line["code"] != 0.0 || line["request_id"] == "" {
		t.Errorf("%v", line)
	}
}

func TestProfilesAreForOperators(t *testing.T) {
	const reader = "reader-key-of-the-test"
	p := start(t, func(c *Config) { c.AdminReaderKey = reader })
	heap := request{Method: "GET", Path: "/admin/debug/pprof/heap?debug=1"}
	if got := p.do(t, heap); got.Status != 401 {
		t.Errorf("without the key: %d", got.Status)
	}
	heap.Header = map[string]string{"admin-key": reader}
	if got := p.do(t, heap); got.Status != 403 {
		t.Errorf("with a reader's key: %d", got.Status)
	}
	heap.Header = adminKey
	if got := p.do(t, heap); got.Status != 200 || !strings.Contains(string(got.Body), "heap profile") {
		t.Errorf("%d %.200s", got.Status, got.Body)
	}
	if got := p.do(t, request{Method: "GET", Path: "/admin/debug/pprof/cmdline", Header: adminKey, Bad: true}); got.Status != 404 {
		t.Errorf("the command line: %d %s", got.Status, got.Body)
	}
}

// A bus that cannot be reached is seen before anybody sends anything.
func TestABusThatIsAwayAtTheStartIsSeen(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"redis://:PLANTED@127.0.0.1:1", "nats://u:PLANTED@127.0.0.1:1"} {
		p := start(t, func(c *Config) { c.BusURL = vendors.Secret(url) })
		waitFor(t, "the warning", func() bool { return len(p.logged(t, "bus down, other replicas find news in the store")) == 1 })
		if n := p.gauge(t, "switchboard_bus_up"); n != 0 {
			t.Errorf("switchboard_bus_up is %d", n)
		}
		if strings.Contains(p.Log.String(), "PLANTED") {
			t.Errorf("the password is logged: %s", p.Log)
		}
	}
}
