package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"switchboard/app/environ"
	"switchboard/app/tracing"
	"switchboard/app/vendorset"
	"switchboard/vendors"
)

// refuseRedis answers every command with an error that repeats it, as some servers do.
func refuseRedis(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for r := bufio.NewReader(c); ; {
					if _, err := r.ReadString('\n'); err != nil {
						return
					}
					_, _ = c.Write([]byte("-WRONGPASS invalid username-password pair\r\n"))
				}
			}()
		}
	}()
	return l.Addr().String()
}

// mark is a secret for that variable, which no other has.
func mark(variable string) string {
	sum := sha256.Sum256([]byte(variable))
	return "PLANTED-" + hex.EncodeToString(sum[:12]) + "-is-long-enough"
}

// shows finds the secret in a text, whole, in part or in another encoding.
func shows(text, secret string) (at int) {
	for _, form := range []string{
		secret, secret[8:28], strings.ToUpper(hex.EncodeToString([]byte(secret)))[:40], hex.EncodeToString([]byte(secret))[:40],
		base64.StdEncoding.EncodeToString([]byte(secret))[:24], base64.StdEncoding.EncodeToString([]byte("u:" + secret))[4:28], base64.StdEncoding.EncodeToString([]byte("u:" + secret))[8:28],
	} {
		if at := strings.Index(text, form); at >= 0 {
			return at
		}
	}
	return -1
}

func noSecrets(t *testing.T, what, text string, secrets map[string]string) {
	t.Helper()
	for name, secret := range secrets {
		if at := shows(text, secret); at >= 0 {
			t.Errorf("%s shows the secret of %s: ...%s...", what, name, text[max(0, at-200):min(len(text), at+60)])
		}
	}
}

// said is what the config commands put out, their errors and all.
func said(t *testing.T) (effective, all string) {
	t.Helper()
	var shown, checked bytes.Buffer
	for args, out := range map[string]*bytes.Buffer{"-effective": &shown, "-check": &checked} {
		if err := command(t.Context(), []string{"config", args}, out, out); err != nil {
			out.WriteString(err.Error())
		}
	}
	return shown.String(), shown.String() + checked.String()
}

// allVariables are those of the program and of OpenTelemetry.
func allVariables() []string {
	return slices.Concat(environ.Names(envPrefix, &Config{}), environ.Names(tracingPrefix, &tracing.Config{}))
}

// secretVariables are those whose value is a secret as a whole, known from their type:
// it shows itself as [secret]; and the list of apps, whose parts are.
func secretVariables(t *testing.T) (names []string) {
	t.Helper()
	for _, name := range allVariables() {
		t.Setenv(name, "x")
	}
	effective, _ := said(t)
	for _, name := range allVariables() {
		os.Unsetenv(name)
		if regexp.MustCompile(`(?m)^` + name + ` +\[secret\] +environment$`).MatchString(effective) {
			names = append(names, name)
		}
	}
	if len(names) < 15 {
		t.Fatalf("%d secrets only: %v", len(names), names)
	}
	return append(names, envPrefix+"_APPS")
}

// Whatever is wrong with a secret, its value stands in no error and no list.
func TestABadSecretIsNotRepeated(t *testing.T) {
	secrets, urls := map[string]string{}, map[string]string{}
	for _, name := range secretVariables(t) {
		secrets[name] = mark(name)
	}
	for _, name := range allVariables() {
		if secrets[name] == "" && (strings.HasSuffix(name, "_URL") || strings.HasSuffix(name, "_ENDPOINT") || strings.HasSuffix(name, "_SOURCE")) {
			urls[name] = mark(name) // in the parts of a URL that hold keys
		}
	}
	for form, all := range map[string]map[string]string{
		"%s": secrets, "x://u:%s@h/?k=%[1]s": secrets, "://%s": secrets, "postgres://u:%s@127.0.0.1:bad/x": secrets, "postgres://u:%s@h/d?sslmode=%[1]s": secrets,
		"mysql://u:%s@tcp(h/x": secrets, "mysql://u:%s@h/d?tls=%[1]s": secrets, "redis://:%s@h?k=%[1]s": secrets, "redis://:%s@h/%[1]s": secrets, "nats://:%s@%[1]s:x": secrets,
		`[{"id":"a","key":"%s`: secrets, `[{"id":"a","key":"%s","jwt_secret":"%.12[1]s"}]`: secrets, `[{"%s":1}]`: secrets, `{"key":"%s"}`: secrets, "whsec_%s!": secrets, "a=%s%%zz": secrets, "name:%s\n": secrets,
		"http://u:%s@h.example/x?key=%[1]s": urls, "http://u:%s@[::1/?key=%[1]s": urls, "y://u:%s@h": urls, "s3://b?endpoint=%s://&access_key=a&secret_key=%[1]s": urls,
	} {
		for name, secret := range all {
			t.Setenv(name, fmt.Sprintf(form, secret))
		}
		effective, told := said(t)
		noSecrets(t, "a value like "+form, told, all)
		if !strings.Contains(effective, envPrefix+"_LISTEN") {
			t.Errorf("%s: nothing is listed: %s", form, effective)
		}
		for name := range all {
			os.Unsetenv(name)
		}
	}
}

// Each secret may stand in a file, and is taken from there.
func TestEverySecretMayStandInAFile(t *testing.T) {
	names := secretVariables(t)
	secrets := map[string]string{}
	for _, name := range names {
		value := mark(name)
		secrets[name] = value
		if name == envPrefix+"_APPS" {
			value = `[{"id":"a","key":"` + value + `","jwt_secret":"` + value + `"}]`
		}
		file := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv(name+"_FILE", file)
	}
	effective, all := said(t)
	noSecrets(t, "a secret in a file", all, secrets)
	for _, name := range names {
		if file := os.Getenv(name + "_FILE"); !regexp.MustCompile(`(?m)^` + name + ` .* ` + regexp.QuoteMeta(file) + `$`).MatchString(effective) {
			t.Errorf("%s_FILE is not read:\n%s", name, all)
		}
	}
	cfg, _ := readConfig() // not all go together
	if cfg.AdminKey.Reveal() != mark("SWITCHBOARD_ADMIN_KEY") || len(cfg.Apps) != 1 || cfg.Apps[0].Key.Reveal() != mark("SWITCHBOARD_APPS") || cfg.VendorsConfig.YouMe.AppSecret.Reveal() != mark("SWITCHBOARD_YOUME_APP_SECRET") {
		t.Error("what is in the files is not what is read")
	}
}

// A store or a bus that refuses at the start is told of without its password.
func TestAStartThatFailsShowsNoSecret(t *testing.T) {
	for _, value := range []string{"postgres://u:%s@127.0.0.1:1/d?connect_timeout=2", "mysql://u:%s@127.0.0.1:1/d?timeout=2s"} {
		cfg, err := loadConfig()
		if err != nil {
			t.Fatal(err)
		}
		m := mark(value)
		cfg.Listen, cfg.DataDir, cfg.DatabaseURL, cfg.LogLevel = "127.0.0.1:0", t.TempDir(), vendors.Secret(fmt.Sprintf(value, m)), -4
		var out, log syncBuffer
		if err = run(t.Context(), cfg, &out, &log); err == nil || !strings.Contains(err.Error(), "SWITCHBOARD_DATABASE_URL") {
			t.Errorf("%s: %v", value, err)
		}
		noSecrets(t, value, fmt.Sprint(out.String(), log.String(), err), map[string]string{"DATABASE_URL": m})
	}
}

// everySecret plants one in each variable that takes a secret, in the forms that their
// owners allow, and starts what they are for. It returns them by variable, as they are
// looked for.
func everySecret(t *testing.T, business, spans string) (secrets map[string]string, mocks map[string]string) {
	t.Helper()
	secrets, mocks = map[string]string{}, map[string]string{}
	webhook := func(m string) string { return "whsec_" + base64.StdEncoding.EncodeToString([]byte(m)) }
	plant := func(name, before string, form func(string) string, after string) {
		m := mark(name)
		if form != nil {
			m = form(m)
		}
		t.Setenv(name, before+m+after)
		secrets[name] = mark(name)
		if form != nil {
			secrets[name+", as it is written"] = m
		}
	}
	apps := mark("SWITCHBOARD_APPS")
	plant("SWITCHBOARD_APPS", `[{"id":"a","key":"`, nil, `","jwt_secret":"`+apps+`-jwt"}]`)
	plant("SWITCHBOARD_ADMIN_KEY", "", nil, "")
	plant("SWITCHBOARD_ADMIN_READER_KEY", "", nil, "")
	plant("SWITCHBOARD_BUS_URL", "redis://user:", nil, "@"+refuseRedis(t))
	plant("SWITCHBOARD_BLOB_URL", "s3://b?endpoint="+business+"&region=x&use_path_style=true&access_key=a&secret_key=", nil, "")
	plant("SWITCHBOARD_EVENTS_URL", business+"/events?key=", nil, "")
	plant("SWITCHBOARD_EVENTS_SECRET", "", webhook, "")
	plant("SWITCHBOARD_PAIRING_EVENTS_URL", strings.Replace(business, "://", "://u:"+mark("SWITCHBOARD_PAIRING_EVENTS_URL")+"@", 1)+"/pairs?key=", nil, "")
	plant("SWITCHBOARD_PAIRING_EVENTS_SECRET", "", webhook, "")
	plant("SWITCHBOARD_PAIRING_SOURCE", business+"/settings?key=", nil, "")
	plant("SWITCHBOARD_PAIRING_PROFILE_URL", business+"/profile?key=", nil, "")
	plant("OTEL_EXPORTER_OTLP_HEADERS", "x-key=", nil, "-other")
	plant("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-key=", nil, "")
	plant("SWITCHBOARD_EJABBERD_PASSWORD", "", nil, "")
	plant("SWITCHBOARD_EJABBERD_PASSWORD_KEY", "", nil, "")
	plant("SWITCHBOARD_LIVEKIT_CALLBACK_API_SECRET", "", nil, "")
	for _, v := range vendorset.Mocked() {
		m, err := v.StartMock(vendorset.MockOptions{Given: func(setting string) string {
			if strings.HasSuffix(setting, "SECRET") {
				return mark(v.Variable(setting))
			}
			return v.Sandbox[setting]
		}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = m.Close() })
		mocks[v.Name] = m.URL
		t.Setenv(v.Variable("BASE_URL"), m.URL)
		for _, s := range m.Settings {
			t.Setenv(v.Variable(s.Name), s.String())
			if strings.HasSuffix(s.Name, "SECRET") {
				secrets[v.Variable(s.Name)] = mark(v.Variable(s.Name))
			}
		}
	}
	accounts := filepath.Join(t.TempDir(), "accounts.json")
	writeAccounts(t, accounts, map[string][]key{"rongcloud:sg": {{"app_key": "sg", "app_secret": mark("accounts file"), "base_url": "http://127.0.0.1:1"}}})
	secrets["accounts file"] = mark("accounts file")
	for name, value := range map[string]string{
		"SWITCHBOARD_ACCOUNTS_FILE": accounts, "SWITCHBOARD_EJABBERD_BASE_URL": business + "/api", "SWITCHBOARD_EJABBERD_USER": "admin@localhost", "SWITCHBOARD_EJABBERD_HOST": "localhost",
		"SWITCHBOARD_LIVEKIT_CALLBACK_API_KEY": "APIcallback", "SWITCHBOARD_LOG_LEVEL": "debug", "OTEL_EXPORTER_OTLP_ENDPOINT": spans, "OTEL_BSP_SCHEDULE_DELAY": "50",
	} {
		t.Setenv(name, value)
	}
	return secrets, mocks
}

// The program does its work, badly and well, with a secret in every variable that takes
// one. Everything that it puts out is looked through: its log down to debug, metrics,
// traces, pages, profiles, whatever operators ask, and answers.
func TestNoSecretLeavesTheProgram(t *testing.T) {
	names := secretVariables(t)
	spans := newCollector(t)
	var mu sync.Mutex
	asked := map[string]int{}
	business := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[strings.Trim(r.URL.Path, "/")]++
		mu.Unlock()
		if r.URL.Path != "/settings" && r.URL.Path != "/profile" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, `{}`)
	}))
	t.Cleanup(business.Close)
	secrets, mocks := everySecret(t, business.URL, spans.URL)
	for _, name := range names {
		switch {
		case name == "SWITCHBOARD_DATABASE_URL", name == "SWITCHBOARD_EJABBERD_JWT_KEY": // the tests before; it excludes PASSWORD_KEY
		case secrets[name] == "":
			t.Errorf("%s is a secret, and no test looks for it", name)
		}
	}
	p := start(t, nil)
	var shown bytes.Buffer
	look := func(method, path, body string, header map[string]string) (status int) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, p.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range header {
			req.Header.Set(k, v)
		}
		res, err := p.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		got, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Header.Write(&shown)
		shown.Write(got)
		shown.WriteByte('\n')
		return res.StatusCode
	}
	app := mark("SWITCHBOARD_APPS")
	back := map[string]string{"app-id": "a", "app-key": app, "X-Request-Id": "leak-1"}
	admin := map[string]string{"admin-key": mark("SWITCHBOARD_ADMIN_KEY")}
	user := map[string]string{"Authorization": "Bearer " + p.tokenIn(t, "a", "100")}
	work := func() {
		for path, body := range map[string]string{
			"/api/server/im/send/tip": `{"from":1,"targets":[2],"msg":"hello"}`, "/api/server/wallet/adjust": `{"uid":100,"delta":1,"request_id":"o-1"}`, "/api/server/im/send/tip?": `{"from":`,
		} {
			look("POST", path, body, back)
		}
		for path, body := range map[string]string{
			"/api/v1/im/token": `{}`, "/api/v1/im/before/check": `{"rc_msg":"RC:TxtMsg","peer_uid":2,"content":"hello"}`, "/api/v1/translate/action": `{"text":["hello"],"short":"zh"}`, "/api/v1/rtc/token": `{"room":"r-1"}`, "/api/v1/video/pair/ask": `{}`,
		} {
			look("POST", path, body, user)
		}
		look("GET", "/api/server/rooms", "", back)
		shown.Write(p.upload(t, request{Method: "POST", Path: "/im/file/upload", Header: back, Bad: true}, "a.png", []byte("\x89PNG\r\n\x1a\n0000")).Body)
	}
	work()
	for _, kind := range []map[string]any{{"kind": "status", "status": 503}, {"kind": "status", "status": 401}, {"kind": "reset"}, {"kind": "garbage"}} {
		for _, mock := range mocks {
			spoil(t, mock, "*", 4, kind)
		}
		work()
	}
	for _, mock := range mocks {
		heal(t, mock)
	}
	look("POST", "/api/server/im/send/tip", `{}`, map[string]string{"app-id": "a", "app-key": app + "x"})
	look("POST", "/api/v1/im/before/check", `{}`, map[string]string{"Authorization": "Bearer " + app})
	look("GET", "/notify?protoc=poll&token="+app, "", nil)
	look("GET", "/admin/vendors?admin-key="+admin["admin-key"], "", map[string]string{"admin-key": app})
	look("PUT", "/admin/routes", `{"by":"ann","routes":{"messages":"nobody"}}`, admin)
	parameter := regexp.MustCompile(`\{[^}]+\}`)
	pages := 0
	for path, item := range contractDoc(t).Paths.Map() {
		if item.Get == nil || !strings.HasPrefix(path, "/admin") && !slices.Contains([]string{"/", "/docs", "/openapi.yaml", "/healthz", "/readyz", "/metrics", "/version"}, path) {
			continue
		}
		switch {
		case strings.Contains(path, "explain"):
			path = parameter.ReplaceAllString(path, "leak-1")
		case strings.Contains(path, "pprof"):
			path = parameter.ReplaceAllString(path, "goroutine") + "?debug=2"
		}
		if look("GET", parameter.ReplaceAllString(path, "rongcloud"), "", admin) == http.StatusOK {
			pages++
		}
	}
	if pages < 12 {
		t.Errorf("%d pages only are looked at", pages)
	}
	look("GET", "/admin/debug/pprof/cmdline", "", admin)
	look("POST", "/console/session", "", admin)
	for _, path := range consolePages {
		look("GET", path, "", nil)
	}
	waitFor(t, "a span", func() bool { spans.mu.Lock(); defer spans.mu.Unlock(); return len(spans.spans) > 20 })
	waitFor(t, "the bus's line", func() bool { return len(p.logged(t, "bus down, other replicas find news in the store")) > 0 })
	waitFor(t, "the app's servers", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return asked["settings"] > 0 && asked["pairs"] > 0
	})
	_, commands := said(t)
	if err := p.stop(); err != nil {
		shown.WriteString(err.Error())
	}
	spans.mu.Lock()
	defer spans.mu.Unlock()
	for what, text := range map[string]string{
		"an answer or a page": shown.String(), "the log": p.Log.String(), "standard output": p.Stdout.String(), "a trace": spans.raw.String(), "a command": commands,
	} {
		noSecrets(t, what, text, secrets)
	}
	if !strings.Contains(p.Log.String(), "leak-1") || !strings.Contains(shown.String(), "switchboard_build_info") || !strings.Contains(shown.String(), `"request_id":"leak-1"`) {
		t.Error("the look sees nothing")
	}
}
