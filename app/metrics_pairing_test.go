package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every name that pair matching counts or measures by is exported, and none is
// exported that nothing counts.
func TestPairingCountsByExportedNamesOnly(t *testing.T) {
	files, err := filepath.Glob("pairing/*.go")
	machine, err2 := filepath.Glob("pairing/ticket/*.go")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	name := regexp.MustCompile(`(?:\.count|\.measureSince|\.measure)\("([a-z_]+)"|"([a-z]+_sent)"`)
	for _, f := range append(files, machine...) {
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		for _, m := range name.FindAllStringSubmatch(string(source), -1) {
			used[m[1]+m[2]] = true
		}
	}
	m := newMetrics().pairs
	for n := range used {
		if m.counts[n] == nil && m.times[n] == nil {
			t.Errorf("%s is counted and not exported", n)
		}
	}
	for _, c := range pairCounts {
		if !used[c.name] {
			t.Errorf("%s is exported and never counted", c.name)
		}
	}
	for _, c := range pairTimes {
		if !used[c.name] {
			t.Errorf("%s is exported and never measured", c.name)
		}
	}
}
