package main

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestTheSandboxIsNotForThePublic(t *testing.T) {
	machine := func(texts ...string) (out []net.Addr) {
		for _, text := range texts {
			ip, network, err := net.ParseCIDR(text)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, &net.IPNet{IP: ip, Mask: network.Mask})
		}
		return out
	}
	inside, outside := machine("127.0.0.1/8", "172.17.0.2/16", "fe80::1/64", "fd00::2/64", "100.64.3.4/10"), machine("127.0.0.1/8", "203.0.113.7/24")
	for _, c := range []struct {
		listen  string
		machine []net.Addr
		public  string
	}{
		{"127.0.0.1:8081", outside, ""}, {"localhost:8081", outside, ""}, {"0.0.0.0:8081", inside, ""}, {":8081", inside, ""}, {"[::]:8081", inside, ""},
		{"0.0.0.0:8081", outside, "203.0.113.7"}, {":8081", outside, "203.0.113.7"}, {"203.0.113.7:8081", inside, "203.0.113.7"},
		{"[2001:db8::1]:80", inside, "2001:db8::1"}, {"10.0.0.1:80", outside, ""}, {":80", machine("2001:db8::1/64"), "2001:db8::1"},
	} {
		got := ""
		if at := publicAddress(c.listen, c.machine); at.IsValid() {
			got = at.String()
		}
		if got != c.public {
			t.Errorf("%s: %q, want %q", c.listen, got, c.public)
		}
	}
	t.Setenv("SWITCHBOARD_LISTEN", "203.0.113.7:8081")
	if _, err := loadConfig(); err == nil || !strings.Contains(err.Error(), "SWITCHBOARD_LISTEN: the sandbox") {
		t.Errorf("%v", err)
	}
}

// Nothing listens yet when these are told.
func TestMistakesThatAMachineShowsAreToldBeforeTheStart(t *testing.T) {
	for _, c := range [][]string{
		{"SWITCHBOARD_WORDS_FILE: ", "SWITCHBOARD_WORDS_FILE", "/no/such"},
		{"SWITCHBOARD_ENV: no vendor", "SWITCHBOARD_ENV", "production"},
		{"SWITCHBOARD_ROUTE_MESSAGES", "SWITCHBOARD_ROUTE_MESSAGES", "twilio", "SWITCHBOARD_RONGCLOUD_APP_KEY", "k", "SWITCHBOARD_RONGCLOUD_APP_SECRET", "s"},
		{"SWITCHBOARD_ROUTE_WALLET", "SWITCHBOARD_ROUTE_WALLET", "rongcloud", "SWITCHBOARD_RONGCLOUD_APP_KEY", "k", "SWITCHBOARD_RONGCLOUD_APP_SECRET", "s"},
	} {
		t.Run(c[0], func(t *testing.T) {
			for i := 1; i < len(c); i += 2 {
				t.Setenv(c[i], c[i+1])
			}
			if _, err := loadConfig(); err == nil || !strings.Contains(err.Error(), c[0]) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Each file of words is told of, once.
func TestMissingFilesOfWordsAreToldOnceEach(t *testing.T) {
	t.Setenv("SWITCHBOARD_WORDS_FILE", "/no/words")
	t.Setenv("SWITCHBOARD_WORDS_ALLOW_FILE", "/no/exceptions")
	_, err := loadConfig()
	for _, want := range []string{"SWITCHBOARD_WORDS_FILE: /no/words", "SWITCHBOARD_WORDS_ALLOW_FILE: /no/exceptions"} {
		if said := fmt.Sprint(err); strings.Count(said, want) != 1 {
			t.Errorf("not once: %s in %s", want, said)
		}
	}
}

func TestWhatIsConfiguredByHalfIsWarnedOf(t *testing.T) {
	for name, value := range map[string]string{
		"BUS_URL": "redis://127.0.0.1:1", "RONGCLOUD_APP_KEY": "k", "RONGCLOUD_APP_SECRET": "s3cr3t", "RONGCLOUD_BASE_URL": "http://api.example.com",
		"APPS": `[{"id":"a","key":"k","jwt_secret":"0123456789abcdef"}]`,
	} {
		t.Setenv("SWITCHBOARD_"+name, value)
	}
	var out bytes.Buffer
	err := command(t.Context(), []string{"config", "-check"}, &out, &out)
	if said := out.String(); err != nil || strings.Count(said, "warning: ") != 2 || !strings.Contains(said, "SWITCHBOARD_BUS_URL") || !strings.Contains(said, "must be https") || strings.Contains(said, "s3cr3t") {
		t.Errorf("%v\n%s", err, said)
	}
	p := start(t, nil)
	waitFor(t, "the warnings", func() bool { return len(p.logged(t, "configured by half")) == 2 })
}
