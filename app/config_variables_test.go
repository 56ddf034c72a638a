package main

import (
	"strings"
	"testing"

	"github.com/kelseyhightower/envconfig"
)

func TestTheListedVariablesAreThoseThatAreRead(t *testing.T) {
	var want strings.Builder
	if err := envconfig.Usagef(envPrefix, &Config{}, &want, "{{range .}}{{usage_key .}}\n{{end}}"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(configKeys(), "\n") + "\n"; got != want.String() {
		t.Errorf("listed:\n%s\nread:\n%s", got, want.String())
	}
}
