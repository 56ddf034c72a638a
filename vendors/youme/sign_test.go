package youme

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// TestChecksumIsThatOfTheReference holds the vector of
// docs/vendors/youme.md#checksum.
func TestChecksumIsThatOfTheReference(t *testing.T) {
	if got := checksum("mocksecret", "1700000000"); got != "701a8668cef89a937d526403240ac286e760efb4" {
		t.Errorf("checksum %s", got)
	}
}

func TestEveryCallCarriesFourParameters(t *testing.T) {
	a := &adapter{cfg: Config{AppKey: "YOUME1", AppSecret: "mocksecret", Identifier: "name@example.com"}}
	r := upstream.Request{Now: time.Unix(1700000000, 999)}
	a.sign(&r)
	want := "appkey=YOUME1&identifier=name%40example.com&curtime=1700000000&checksum=701a8668cef89a937d526403240ac286e760efb4"
	if got := r.Query.Encode(); got != want {
		t.Errorf("query %v", got)
	}
}

func TestExplainShowsAgeAndNoSecret(t *testing.T) {
	cfg := Config{AppSecret: "mocksecret"}
	for _, tc := range []struct {
		name, curtime, given string
		age                  time.Duration
		problems             int
	}{
		{"good", "1700000000", "701A8668CEF89A937D526403240AC286E760EFB4", 299 * time.Second, 0},
		{"old", "1700000000", "", 301 * time.Second, 1},
		{"ahead", "1700000000", "", -301 * time.Second, 1},
		{"fraction of a second", "1700000000.123", "", 0, 0},
		{"another secret", "1700000000", "00", 0, 1},
		{"no time", "yesterday", "", 0, 1},
	} {
		e := explain(cfg, vendors.SignInput{
			Values: url.Values{"curtime": {tc.curtime}}, Signature: tc.given, Now: time.Unix(1700000000, 0).Add(tc.age),
		})
		if len(e.Problems) != tc.problems || e.Canonical != "[secret of 10 bytes]"+tc.curtime || e.Digest != checksum("mocksecret", tc.curtime) {
			t.Errorf("%s: %+v", tc.name, e)
		}
		if strings.Contains(e.String(), "mocksecret") {
			t.Errorf("%s: the secret shows", tc.name)
		}
	}
	skewed := explain(cfg, vendors.SignInput{Values: url.Values{"curtime": {"1700000000"}}, Now: time.Unix(1700000000, 0), Date: time.Unix(1700000400, 0)})
	if skewed.Skew != 400*time.Second || len(skewed.Problems) != 1 {
		t.Errorf("a clock 400 s behind the vendor's: %+v", skewed)
	}
}

func TestOpenNamesWhatIsMissing(t *testing.T) {
	good := Config{AppKey: "YOUME1", AppSecret: "s", AppID: 1, Identifier: "admin", BaseURL: "http://127.0.0.1:1", IdentityCommand: "c"}
	for want, spoil := range map[string]func(*Config){
		"APP_KEY": func(c *Config) { c.AppKey = "" }, "APP_SECRET": func(c *Config) { c.AppSecret = "" },
		"APP_ID": func(c *Config) { c.AppID = 0 }, "IDENTIFIER": func(c *Config) { c.Identifier = "" },
		"IDENTITY_COMMAND": func(c *Config) { c.IdentityCommand = "" }, "BASE_URL": func(c *Config) { c.BaseURL = "api.youme.im" },
	} {
		cfg := good
		spoil(&cfg)
		if _, err := Open("youme", cfg, upstream.Options{}); err == nil || !strings.Contains(err.Error(), want) || !cfg.Configured() {
			t.Errorf("%s: %v", want, err)
		}
	}
	if (Config{Identifier: "admin", BaseURL: "https://api.youme.im"}).Configured() {
		t.Error("defaults alone are no configuration")
	}
}
