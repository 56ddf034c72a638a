package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The README shows what the config command prints. After a change of the
// configuration run this test with SWITCHBOARD_TEST_UPDATE=1: it rewrites that part.
func TestReadmeShowsTheConfiguration(t *testing.T) {
	const file, begin, end = "../README.md", "<!-- config -->\n```\n", "```\n<!-- /config -->"
	readme, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := printConfig(&want); err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(readme), begin)
	shown, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatal("README has no configuration part")
	}
	if shown == want.String() {
		return
	}
	if os.Getenv("SWITCHBOARD_TEST_UPDATE") == "" {
		t.Fatal("README shows another configuration than the config command prints: run this test with SWITCHBOARD_TEST_UPDATE=1")
	}
	if err := os.WriteFile(file, []byte(before+begin+want.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The README's tour is what a newcomer pastes, so it is run as it stands, in a
// shell, against this program; only the address differs.
func TestReadmeTourWorks(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the tour needs %s", tool)
		}
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "<!-- tour -->\n```sh\n")
	tour, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("README has no tour")
	}
	p := start(t, nil)
	script := "set -euo pipefail\n" + strings.ReplaceAll(tour, "127.0.0.1:8081", strings.TrimPrefix(p.URL, "http://"))
	out, err := exec.CommandContext(t.Context(), "bash", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// Every expected answer stands behind "# ->" in the tour.
	expected := regexp.MustCompile(`(?m)^# -> (.+)$`).FindAllStringSubmatch(tour, -1)
	if len(expected) < 4 {
		t.Fatalf("%d expected answers in the tour", len(expected))
	}
	rest = string(out)
	for _, e := range expected {
		_, after, ok := strings.Cut(rest, e[1])
		if !ok {
			t.Fatalf("%s does not come in the rest of the answers:\n%s", e[1], rest)
		}
		rest = after
	}
}

// The start-up text ends in lines to paste; they are pasted.
func TestWelcomeCanBePasted(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("pasting needs %s", tool)
		}
	}
	p := start(t, nil)
	p.mock(t, "youme") // the welcome has been written up to the mocks
	until(t, "the whole welcome is there", func() bool { return strings.Count(p.Stdout.String(), "curl ") == 3 })
	var script strings.Builder
	for line := range strings.Lines(p.Stdout.String()) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "TOKEN=") || strings.HasPrefix(line, "curl ") {
			script.WriteString(line + "; echo\n")
		}
	}
	out, err := exec.CommandContext(t.Context(), "bash", "-c", script.String()).CombinedOutput()
	if err != nil || strings.Count(string(out), `{"code":0,`) != 3 {
		t.Fatalf("%v\n%s", err, out)
	}
}
