package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"switchboard/app/environ"
)

// planted is a value that nothing may show.
const planted = "PLANTED-7f3a9c-long-enough-for-any-key"

func TestTheConfigCommandShowsNoSecret(t *testing.T) {
	for _, name := range environ.Names(envPrefix, &Config{}) {
		switch {
		case strings.HasSuffix(name, "_APP_KEY"), strings.HasSuffix(name, "_API_KEY"): // a vendor's public name of the app
		case strings.HasSuffix(name, "_SECRET"), strings.HasSuffix(name, "_KEY"):
			t.Setenv(name, planted)
		}
	}
	t.Setenv("SWITCHBOARD_APPS", `[{"id":"a","key":"`+planted+`","jwt_secret":"`+planted+`"}]`)
	t.Setenv("SWITCHBOARD_DATABASE_URL", "postgres://user:"+planted+"@127.0.0.1/db")
	t.Setenv("SWITCHBOARD_BUS_URL", "redis://:"+planted+"@127.0.0.1:1")
	file := filepath.Join(t.TempDir(), "admin")
	if err := os.WriteFile(file, []byte(planted+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Unsetenv("SWITCHBOARD_ADMIN_KEY")
	t.Setenv("SWITCHBOARD_ADMIN_KEY_FILE", file)
	for _, args := range [][]string{{"config", "-effective"}, {"config", "-check"}, {"config"}} {
		var out, log bytes.Buffer
		err := command(t.Context(), args, &out, &log)
		shown := out.String() + log.String()
		if err != nil {
			shown += err.Error()
		}
		if strings.Contains(shown, planted) || strings.Contains(shown, planted[:14]) {
			t.Errorf("%v shows a secret:\n%s", args, shown)
		}
		if args[len(args)-1] == "-effective" && !strings.Contains(shown, file) {
			t.Errorf("%v does not say where the admin key comes from:\n%s", args, shown)
		}
	}
}

func TestTheConfigurationInForceShowsHowVendorsDiffer(t *testing.T) {
	t.Setenv("SWITCHBOARD_RONGCLOUD_APP_KEY", "key")
	t.Setenv("SWITCHBOARD_RONGCLOUD_APP_SECRET", "secret")
	var out bytes.Buffer
	if err := command(t.Context(), []string{"config", "-effective"}, &out, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ACCOUNT", "users.block", "timed, lifted", "tokens.revoke"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("without %q:\n%s", want, out.String())
		}
	}
}

func TestTheConfigurationIsChecked(t *testing.T) {
	check := func() (string, error) {
		var out bytes.Buffer
		err := command(t.Context(), []string{"config", "-check"}, &out, &out)
		return out.String(), err
	}
	if out, err := check(); err != nil || out != "the configuration is complete\n" {
		t.Errorf("%q, %v", out, err)
	}
	t.Setenv("SWITCHBOARD_DRAIN", "soon")
	t.Setenv("SWITCHBOARD_LISTN", ":1")
	if _, err := check(); err == nil || !strings.Contains(err.Error(), "SWITCHBOARD_DRAIN: want a time") || !strings.Contains(err.Error(), "did you mean SWITCHBOARD_LISTEN?") {
		t.Errorf("%v", err)
	}
	if err := command(t.Context(), []string{"config", "-all"}, &bytes.Buffer{}, &bytes.Buffer{}); err == nil {
		t.Error("an unknown flag is taken")
	}
}
