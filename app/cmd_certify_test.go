package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"switchboard/vendors/livekit/livekittest"
)

func TestCertifyReportsAndComparesTwoRuns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.json")
	certify := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := command(t.Context(), append([]string{"certify"}, args...), &out, &out)
		return out.String(), err
	}
	out, err := certify("-only", "Callback", "-json", file, "rongcloud")
	if err != nil || !strings.Contains(out, "rongcloud against mock") || !strings.Contains(out, "passed     CallbackBecomesItsEvents") {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err = certify("-only", "Callback", "-against", file, "rongcloud"); err != nil || !strings.Contains(out, "\n0 checks differ") {
		t.Errorf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	spoiled := bytes.Replace(text, []byte(`"passed"`), []byte(`"failed"`), 1)
	if err := os.WriteFile(file, spoiled, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err = certify("-only", "Callback", "-against", file, "rongcloud"); err != nil || !strings.Contains(out, "\n1 checks differ") || !strings.Contains(out, "failed -> passed") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, args := range [][]string{{}, {"acme"}, {"rongcloud", "linkv"}, {"-loud", "rongcloud"}} {
		if _, err := certify(args...); !errors.Is(err, errUsage) {
			t.Errorf("certify %v: %v", args, err)
		}
	}
	if _, err := certify("-only", "NoSuchCheck", "rongcloud"); !errors.Is(err, errNotCertified) {
		t.Errorf("nothing was checked, and yet: %v", err)
	}
}

// The command holds the accounts of real servers, as an operator gives them by variables,
// to the contract.
func TestCertifyHoldsRealServers(t *testing.T) {
	certified := func(vendor string) {
		t.Helper()
		var out bytes.Buffer
		if err := command(t.Context(), []string{"certify", vendor}, &out, &out); err != nil || strings.Contains(out.String(), "against mock") {
			t.Errorf("%v\n%s", err, out.String())
		}
	}
	t.Run("ejabberd", func(t *testing.T) {
		cfg, _ := ejabberdAccount(t)
		for name, value := range map[string]string{
			"BASE_URL": cfg.BaseURL, "USER": cfg.User, "PASSWORD": cfg.Password.Reveal(), "HOST": cfg.Host,
			"PASSWORD_KEY": cfg.PasswordKey.Reveal(), "BLOCK_GROUP": cfg.BlockGroup,
		} {
			t.Setenv("SWITCHBOARD_EJABBERD_"+name, value)
		}
		certified("ejabberd")
	})
	t.Run("livekit", func(t *testing.T) {
		server := livekittest.Start(t, livekittest.Options{})
		for name, value := range map[string]string{"BASE_URL": server.URL, "API_KEY": livekittest.Key, "API_SECRET": livekittest.Secret} {
			t.Setenv("SWITCHBOARD_LIVEKIT_"+name, value)
		}
		certified("livekit")
	})
}
