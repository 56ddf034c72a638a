package main

import (
	"slices"
	"strings"
	"testing"

	"switchboard/app/environ"
	"switchboard/app/tracing"
	"switchboard/vendors"
)

// Each variable that takes a URL is warned of where that is public and not encrypted, and
// only there. A new one has to be added here, or to those that need no warning.
func TestAURLThatIsNotEncryptedIsWarnedOf(t *testing.T) {
	values := map[string]func(c *Config, url string){
		"SWITCHBOARD_DATABASE_URL":           func(c *Config, url string) { c.DatabaseURL = vendors.Secret(url) },
		"SWITCHBOARD_BUS_URL":                func(c *Config, url string) { c.BusURL = vendors.Secret(url) },
		"SWITCHBOARD_BLOB_URL":               func(c *Config, url string) { c.UploadConfig.URL = url },
		"SWITCHBOARD_PUBLIC_URL":             func(c *Config, url string) { c.Public = url },
		"SWITCHBOARD_EVENTS_URL":             func(c *Config, url string) { c.Events.URL = url },
		"SWITCHBOARD_PAIRING_EVENTS_URL":     func(c *Config, url string) { c.Pairing.EventsURL = url },
		"SWITCHBOARD_PAIRING_PROFILE_URL":    func(c *Config, url string) { c.Pairing.Profile.URL = url },
		"SWITCHBOARD_PAIRING_SOURCE":         func(c *Config, url string) { c.Pairing.Source = url },
		"OTEL_EXPORTER_OTLP_ENDPOINT":        func(c *Config, url string) { c.Tracing.ExporterOTLPEndpoint = url },
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": func(c *Config, url string) { c.Tracing.ExporterOTLPTracesEndpoint = url },
	}
	other := []string{ // whose URLs are refused in production, or carry nothing of ours
		"SWITCHBOARD_RONGCLOUD_BASE_URL", "SWITCHBOARD_RONGCLOUD_BACKUP_URL", "SWITCHBOARD_LINKV_BASE_URL", "SWITCHBOARD_LINKV_LIVE_BASE_URL",
		"SWITCHBOARD_YOUME_BASE_URL", "SWITCHBOARD_EJABBERD_BASE_URL", "SWITCHBOARD_LIVEKIT_BASE_URL", "SWITCHBOARD_LIVEKIT_URL",
	}
	for _, name := range slices.Concat(environ.Names(envPrefix, &Config{}), environ.Names(tracingPrefix, &tracing.Config{})) {
		if (strings.HasSuffix(name, "_URL") || strings.HasSuffix(name, "_ENDPOINT")) && values[name] == nil && !slices.Contains(other, name) {
			t.Errorf("%s: is it to be warned of?", name)
		}
	}
	web := [2][]string{ // with a warning, and without one
		{"http://203.0.113.7/x?key=PLANTED", "HTTP://hook.example.com", "http://u:PLANTED@hook.example.com:81/"},
		{"https://hook.example.com", "http://127.0.0.1:1", "http://[::1]:1", "http://10.0.0.7", "http://business", "http://a.b.internal", ""},
	}
	forms := map[string][2][]string{
		"SWITCHBOARD_DATABASE_URL": {
			{"postgres://u:PLANTED@db.example.com/d", "postgres://u:PLANTED@db.example.com/d?sslmode=disable", "postgres://u@127.0.0.1,db.example.com/d?sslmode=prefer", "postgresql://db.example.com/d?sslmode=allow",
				"mysql://u:PLANTED@db.example.com/d", "mysql://u:PLANTED@tcp(db.example.com:3306)/d?tls=preferred", "mysql://u@db.example.com/d?tls=false"},
			{"postgres://u:PLANTED@db.example.com/d?sslmode=require", "postgres://db.example.com/d?sslmode=verify-full", "postgres://u@127.0.0.1/d", "postgres:///d?host=/run/postgresql", "postgres://postgres/d",
				"mysql://u@db.example.com/d?tls=true", "mysql://u@db.example.com/d?tls=skip-verify", "mysql://root@127.0.0.1:3306/d", "mysql://u@unix(/run/my.sql)/d", ""},
		},
		"SWITCHBOARD_BUS_URL": {
			{"redis://:PLANTED@cache.example.com", "nats://u:PLANTED@nats.example.com:4222", "nats://10.0.0.1,nats://nats.example.com"},
			{"rediss://cache.example.com", "tls://nats.example.com", "redis://redis:6379", "nats://127.0.0.1", ""},
		},
		"SWITCHBOARD_BLOB_URL": {
			{"s3://b?endpoint=http://s3.example.com&access_key=a&secret_key=PLANTED", "s3://b?endpoint=s3.example.com&disable_https=true"},
			{"s3://b?endpoint=https://s3.example.com", "s3://b?endpoint=http://minio:9000", "s3://b", "file:///srv/files", ""},
		},
		"SWITCHBOARD_PAIRING_SOURCE": {web[0], append([]string{"sql", "/etc/pairing.json"}, web[1]...)},
	}
	for name, set := range values {
		form, own := forms[name]
		if !own {
			form = web
		}
		for i, urls := range form {
			for _, url := range urls {
				cfg, err := loadConfig()
				if err != nil {
					t.Fatal(err)
				}
				set(&cfg, url)
				said := cfg.inClear()
				if len(said) != 1-i {
					t.Errorf("%s=%s: %q", name, url, said)
				} else if i == 0 && (!strings.HasPrefix(said[0], name+": ") || strings.Contains(said[0], "PLANTED")) {
					t.Errorf("%s=%s: %q", name, url, said[0])
				}
			}
		}
	}
	cfg, err := loadConfig()
	cfg.Tracing.ExporterOTLPEndpoint, cfg.Tracing.SDKDisabled = "http://otel.example.com", true
	if said := cfg.inClear(); err != nil || len(said) > 0 {
		t.Errorf("traces that are off are warned of: %q, %v", said, err)
	}
}
