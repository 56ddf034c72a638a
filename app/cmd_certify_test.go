package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
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
// to the contract. It takes minutes of waiting, so both are held at once.
func TestCertifyHoldsRealServers(t *testing.T) {
	t.Parallel()
	certified := func(t *testing.T, vendor string, variables map[string]string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), os.Args[0], "certify", vendor)
		cmd.Env = append(os.Environ(), programVariable+"=1")
		for name, value := range variables {
			cmd.Env = append(cmd.Env, envPrefix+"_"+strings.ToUpper(vendor)+"_"+name+"="+value)
		}
		if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "against mock") {
			t.Errorf("%v\n%s", err, out)
		}
	}
	t.Run("ejabberd", func(t *testing.T) {
		t.Parallel()
		cfg, _ := ejabberdAccount(t)
		certified(t, "ejabberd", map[string]string{
			"BASE_URL": cfg.BaseURL, "USER": cfg.User, "PASSWORD": cfg.Password.Reveal(), "HOST": cfg.Host,
			"PASSWORD_KEY": cfg.PasswordKey.Reveal(), "BLOCK_GROUP": cfg.BlockGroup,
		})
	})
	t.Run("livekit", func(t *testing.T) {
		t.Parallel()
		server := livekittest.Start(t, livekittest.Options{})
		certified(t, "livekit", map[string]string{"BASE_URL": server.URL, "API_KEY": livekittest.Key, "API_SECRET": livekittest.Secret})
	})
}
