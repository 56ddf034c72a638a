package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestTheVersionNamesTheCommit(t *testing.T) {
	for want, got := range map[string]string{
		release:                           versionOf("", true),
		release + "+0123456789ab":         versionOf("0123456789abcdef0123", false),
		release + "+0123456789ab.changed": versionOf("0123456789abcdef0123", true),
	} {
		if got != want {
			t.Errorf("%s instead of %s", got, want)
		}
	}
}

func TestTheVersionIsTheSameWhereverItIsAsked(t *testing.T) {
	var out bytes.Buffer
	if err := command(t.Context(), []string{"version"}, &out, &out); err != nil || out.String() != version()+"\n" {
		t.Errorf("app version: %q %v", out.String(), err)
	}
	p := start(t, nil)
	for path, want := range map[string]string{
		"/healthz": `"version":"` + version() + `"`,
		"/metrics": `switchboard_build_info{version="` + version() + `"} 1`,
	} {
		if got := p.do(t, request{Method: "GET", Path: path}); !strings.Contains(string(got.Body), want) {
			t.Errorf("%s has no %s: %.500s", path, want, got.Body)
		}
	}
	if log := p.Log.String(); !strings.Contains(log, `"version":"`+version()+`"`) {
		t.Errorf("the start line: %s", log)
	}
	changes, err := os.ReadFile("../CHANGELOG.md")
	if err != nil || !strings.Contains(string(changes), "\n## "+release) {
		t.Errorf("CHANGELOG.md has no part for %s: %v", release, err)
	}
}
