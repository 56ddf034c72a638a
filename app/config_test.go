package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kelseyhightower/envconfig"

	"switchboard/app/environ"
)

func TestConfigurationIsChecked(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"SWITCHBOARD_LISTEM", "x", "SWITCHBOARD_LISTEM: no such variable: did you mean SWITCHBOARD_LISTEN?"},
		{"SWITCHBOARD_DEADLINE", "soon", "SWITCHBOARD_DEADLINE"},
		{"SWITCHBOARD_DEADLINE", "-1s", "SWITCHBOARD_DEADLINE"},
		{"SWITCHBOARD_ENV", "prod", "SWITCHBOARD_ENV"},
		{"SWITCHBOARD_PRICE_TEXT", "-1", "SWITCHBOARD_PRICE_TEXT: "},
		{"SWITCHBOARD_PAIRING_KEYS", "fanuot:2", "SWITCHBOARD_PAIRING_KEYS: pair.fanuot"},
		{"SWITCHBOARD_PAIRING_REFRESH", "-1s", "SWITCHBOARD_PAIRING_REFRESH: "},
		{"SWITCHBOARD_PAIRING_STALE_MAX", "-1s", "SWITCHBOARD_PAIRING_STALE_MAX: "},
		{"SWITCHBOARD_PAIRING_SKEW_MAX", "-1ms", "SWITCHBOARD_PAIRING_SKEW_MAX: "},
		{"SWITCHBOARD_ADMIN_ALLOW", "10.0.0.0/99", "SWITCHBOARD_ADMIN_ALLOW"},
		{"SWITCHBOARD_APPS", `[{"id":"a","key":"s3cr3t","jwt_secret":"short"}]`, "jwt_secret"},
		{"SWITCHBOARD_APPS", `[{"id":"a","kee":"s3cr3t"}]`, "SWITCHBOARD_APPS"},
		{"SWITCHBOARD_APPS", `[{"id":"a","key":"s3cr3t","jwt_secret":"0123456789abcdef","retention":{"messages":1}}]`, "SWITCHBOARD_APPS: app a: retention: messages: must be from 2 to 3650 days, or 0 for ever"},
		{"SWITCHBOARD_APPS", `[{"id":"a","key":"s3cr3t","jwt_secret":"0123456789abcdef","retention":{"calls":1}}]`, "SWITCHBOARD_APPS: app a: retention: calls: one of messages,"},
		{"SWITCHBOARD_APPS", `[{"id":"a","key":"s3cr3t","jwt_secret":"0123456789abcdef","retention":{"events":0}}]`, "SWITCHBOARD_APPS: app a: retention: events: must be from 1 to 3650 days"},
		{"SWITCHBOARD_APPS", `[{"id":"a","key":"s3cr3t","jwt_secret":"0123456789abcdef","retention":{"ledger":0}}]`, "SWITCHBOARD_APPS: app a: retention: ledger: must be from 1 to 3650 days"},
		{"SWITCHBOARD_RETENTION_LEDGER", "0", "SWITCHBOARD_RETENTION_LEDGER: "},
		{"SWITCHBOARD_RETENTION_UPLOADS", "-1", "SWITCHBOARD_RETENTION_UPLOADS: "},
		{"SWITCHBOARD_LEDGER_ASK_AGAIN", "721h", "SWITCHBOARD_RETENTION_LEDGER: must not be shorter"},
		{"SWITCHBOARD_TRUSTED_PROXIES", "everybody", "SWITCHBOARD_TRUSTED_PROXIES"},
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

// Each mistake names its variable, whichever package owns it.
func TestAllMistakesOfTheConfigurationAreToldAtOnce(t *testing.T) {
	want := []string{
		"SWITCHBOARD_REALTIME_QEUE_BYTES: no such variable: did you mean SWITCHBOARD_REALTIME_QUEUE_BYTES?",
		"SWITCHBOARD_DEADLINE: want a time such as 500ms or 10s",
		"SWITCHBOARD_ENV: ", "SWITCHBOARD_LISTEN: ", "SWITCHBOARD_BUS_URL: ", "SWITCHBOARD_TOKEN_TTL: ",
		"SWITCHBOARD_LEDGER_GIVE_UP: ", "SWITCHBOARD_WORDS_SYNC: ", "SWITCHBOARD_PRICE_PAIR: ", "SWITCHBOARD_TRANSLATE_CACHE_TTL: ",
		"SWITCHBOARD_PAIRING_KEYS: ", "SWITCHBOARD_PAIRING_PROFILE_TTL: ", "SWITCHBOARD_PAIRING_EVENTS_SECRET: ",
		"SWITCHBOARD_ROUTE_ROOMS: ", "SWITCHBOARD_REALTIME_SOCKET_PING: ", "SWITCHBOARD_CONVERSATION_EXT_BYTES: ",
		"SWITCHBOARD_PUBLIC_URL: ", "SWITCHBOARD_EVENTS_URL: ", "SWITCHBOARD_EVENTS_SECRET: ", "SWITCHBOARD_LINKV_APP_KEY ",
	}
	for name, value := range map[string]string{
		"REALTIME_QEUE_BYTES": "1", "DEADLINE": "soon", "ENV": "prod", "LISTEN": "8081", "BUS_URL": "kafka://s3cr3t", "TOKEN_TTL": "1ms",
		"LEDGER_GIVE_UP": "0s", "WORDS_SYNC": "1ms", "PRICE_PAIR": "-1", "TRANSLATE_CACHE_TTL": "0s", "PAIRING_KEYS": "fanuot:2",
		"PAIRING_PROFILE_TTL": "0s", "PAIRING_EVENTS_URL": "http://127.0.0.1:1", "PAIRING_EVENTS_SECRET": "s3cr3t",
		"ROUTE_ROOMS": "weighted/a=x", "REALTIME_SOCKET_PING": "0s", "CONVERSATION_EXT_BYTES": "0", "PUBLIC_URL": "cdn",
		"EVENTS_URL": "app.example.com", "EVENTS_SECRET": "s3cr3t", "LINKV_APP_ID": "a",
	} {
		t.Setenv("SWITCHBOARD_"+name, value)
	}
	_, err := loadConfig()
	if err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Fatalf("got %v", err)
	}
	told := strings.Split(err.Error(), "\n")
	for _, w := range want {
		if !slices.ContainsFunc(told, func(line string) bool { return strings.HasPrefix(line, w) }) {
			t.Errorf("not told: %s", w)
		}
	}
	if len(told) != len(want) {
		t.Errorf("%d mistakes are told, want %d:\n%s", len(told), len(want), err)
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
		{"SWITCHBOARD_ENV", "production", "SWITCHBOARD_PUBLIC_URL", "https://chat.example"},
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
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // spent only by a start that should have failed
				defer cancel()
				err = run(ctx, cfg, &syncBuffer{}, &syncBuffer{})
			}
			name, _, _ := strings.Cut(strings.TrimPrefix(c[0], "SWITCHBOARD_"), "_") // SWITCHBOARD_WORDS_* will do
			if name == "ROUTE" {
				name = strings.TrimPrefix(c[0], "SWITCHBOARD_")
			}
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

// Production says all at once what of a configuration for trying things out it does
// not take, and repeats no key.
func TestProductionRefusesWhatIsOpenOrWeak(t *testing.T) {
	const good, long = "u7Kd02mqPzX4vB9s3cr3t", "u7Kd02mqPzX4vB9su7Kd02mqPzX4vB9s3cr3t"
	for name, value := range map[string]string{
		"ENV": "production", "PUBLIC_URL": "https://chat.example", "ADMIN_KEY": long,
		"APPS": `[{"id":"a","key":"` + good + `","jwt_secret":"` + good + `"}]`, "RONGCLOUD_APP_KEY": "k", "RONGCLOUD_APP_SECRET": good,
	} {
		t.Setenv("SWITCHBOARD_"+name, value)
	}
	cfg, err := loadConfig()
	if err != nil || len(cfg.AdminAllow)+len(cfg.InnerAllow) != 0 {
		t.Fatalf("%v; %v %v", err, cfg.AdminAllow, cfg.InnerAllow)
	}
	for _, c := range []struct{ name, value, want string }{
		{"PUBLIC_URL", "", "SWITCHBOARD_PUBLIC_URL: required in production"},
		{"ADMIN_KEY", "s3cr3t", "SWITCHBOARD_ADMIN_KEY: needs at least 32 bytes"},
		{"APPS", `[{"id":"a","key":"s3cr3t","jwt_secret":"` + good + `"}]`, "SWITCHBOARD_APPS: app a: key needs at least 16 bytes"},
		{"APPS", `[{"id":"a","key":"` + good + `","jwt_secret":"` + good + `","token_required":false}]`, "SWITCHBOARD_APPS: app a: token_required false"},
		{"RONGCLOUD_BASE_URL", "http://api.vendor.example", "SWITCHBOARD_RONGCLOUD_*: rongcloud: the base URL must be https"},
		{"RONGCLOUD_BASE_URL", "http://8.8.8.8", "must be https"},
		{"RONGCLOUD_BACKUP_URL", "http://api.vendor.example", "must be https"},
		{"RONGCLOUD_BASE_URL", "http://127.0.0.1:9101", ""},
		{"RONGCLOUD_BASE_URL", "http://10.1.2.3:9101", ""},
		{"RONGCLOUD_BASE_URL", "http://mocks:9101", ""},
		{"INNER_ALLOW", "10.0.0.0/8", ""},
	} {
		before := os.Getenv("SWITCHBOARD_" + c.name)
		os.Setenv("SWITCHBOARD_"+c.name, c.value)
		if c.value == "" {
			os.Unsetenv("SWITCHBOARD_" + c.name)
		}
		_, err := loadConfig()
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cr3t")) {
			t.Errorf("%s=%s: %v, want %s", c.name, c.value, err, c.want)
		}
		if os.Setenv("SWITCHBOARD_"+c.name, before); before == "" {
			os.Unsetenv("SWITCHBOARD_" + c.name)
		}
	}
}

func TestAutoIsLoopbackAndEmptyIsNobody(t *testing.T) {
	if cfg, err := loadConfig(); err != nil || len(cfg.InnerAllow) != 2 || len(cfg.AdminAllow) != 2 {
		t.Errorf("%v %v", cfg.InnerAllow, err)
	}
	t.Setenv("SWITCHBOARD_INNER_ALLOW", "")
	if cfg, err := loadConfig(); err != nil || len(cfg.InnerAllow) != 0 || len(cfg.AdminAllow) != 2 {
		t.Errorf("%v %v", cfg.InnerAllow, err)
	}
}

func TestTheListedVariablesAreThoseThatAreRead(t *testing.T) {
	var want strings.Builder
	if err := envconfig.Usagef(envPrefix, &Config{}, &want, "{{range .}}{{usage_key .}}\n{{end}}"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(environ.Names(envPrefix, &Config{}), "\n") + "\n"; got != want.String() {
		t.Errorf("listed:\n%s\nread:\n%s", got, want.String())
	}
}
