package linkv

import (
	"slices"
	"testing"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

func TestLinkShowsAndSwitchesBothSidesApart(t *testing.T) {
	v, err := Open("linkv", Config{
		AppID: "a", AppKey: "k", AppSecret: "s", LiveAppID: "LM1", LiveAppSecret: "l", BaseURL: "http://127.0.0.1:1", CoinDays: 1,
	}, upstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	mode := func(class string) vendors.BreakerMode {
		for _, b := range v.Connection.Health().Breakers {
			if b.Class == class {
				return b.Mode
			}
		}
		t.Fatalf("no class %q", class)
		return 0
	}
	set := func(class string, m vendors.BreakerMode) {
		t.Helper()
		if err := v.Connection.SetBreaker(class, m); err != nil {
			t.Fatal(err)
		}
	}
	set("live.write", vendors.BreakerOpen)
	if mode("live.write") != vendors.BreakerOpen || mode("write") != vendors.BreakerAuto {
		t.Errorf("live %s, im %s", mode("live.write"), mode("write"))
	}
	if !v.Connection.Healthy("write") {
		t.Error("messages are held back because coins are")
	}
	set("write", vendors.BreakerOpen)
	if v.Connection.Healthy("write") {
		t.Error("healthy with both breakers open")
	}
	set("", vendors.BreakerClosed)
	if got := []vendors.BreakerMode{mode("write"), mode("live.write"), mode("live.read")}; !slices.Equal(got, []vendors.BreakerMode{vendors.BreakerClosed, vendors.BreakerClosed, vendors.BreakerClosed}) {
		t.Errorf("modes %v", got)
	}
	if v.Connection.SetBreaker("live.none", vendors.BreakerOpen) == nil {
		t.Error("a class that is none was accepted")
	}
}

func TestOpenTakesWhatIsConfiguredAndNamesWhatIsMissing(t *testing.T) {
	im := Config{AppID: "a", AppKey: "k", AppSecret: "s", BaseURL: "http://127.0.0.1:1", CoinDays: 1}
	live := Config{LiveAppID: "LM1", LiveAppSecret: "l", BaseURL: "http://127.0.0.1:1", CoinDays: 1}
	for _, tc := range []struct {
		name                     string
		cfg                      Config
		change                   func(*Config)
		ok, tokens, wallet, conf bool
	}{
		{"im alone", im, func(*Config) {}, true, true, false, true},
		{"live alone", live, func(*Config) {}, true, false, true, true},
		{"nothing", Config{}, func(*Config) {}, false, false, false, false},
		{"no host", im, func(c *Config) { c.BaseURL = "" }, false, false, false, true},
		{"host is no URL", im, func(c *Config) { c.BaseURL = "im.example" }, false, false, false, true},
		{"no key", im, func(c *Config) { c.AppKey = "" }, false, false, false, true},
		{"no secret", im, func(c *Config) { c.AppSecret = "" }, false, false, false, true},
		{"no live secret", live, func(c *Config) { c.LiveAppSecret = "" }, false, false, false, true},
		{"coins that expire at once", live, func(c *Config) { c.CoinDays = 0 }, false, false, false, true},
	} {
		tc.change(&tc.cfg)
		v, err := Open("linkv", tc.cfg, upstream.Options{})
		if (err == nil) != tc.ok || tc.cfg.Configured() != tc.conf {
			t.Errorf("%s: %v, configured %t", tc.name, err, tc.cfg.Configured())
			continue
		}
		if err != nil {
			continue
		}
		if (v.Tokens != nil) != tc.tokens || (v.Wallet != nil) != tc.wallet || v.Connection == nil {
			t.Errorf("%s: tokens %v, wallet %v, link %v", tc.name, v.Tokens, v.Wallet, v.Connection)
		}
		v.Close()
	}
}
