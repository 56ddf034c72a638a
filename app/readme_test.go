package main

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"switchboard/middleware"
)

// docs/configuration.md shows what the config command prints. After a change of the
// configuration run this test with SWITCHBOARD_TEST_UPDATE=1: it rewrites that part.
func TestConfigurationIsDocumented(t *testing.T) {
	const file, begin, end = "../docs/configuration.md", "<!-- config -->\n```\n", "```\n<!-- /config -->"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := printConfig(&want); err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), begin)
	shown, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no configuration part", file)
	}
	if shown == want.String() {
		return
	}
	if os.Getenv("SWITCHBOARD_TEST_UPDATE") == "" {
		t.Fatalf("%s shows another configuration than the config command prints: run this test with SWITCHBOARD_TEST_UPDATE=1", file)
	}
	if err := os.WriteFile(file, []byte(before+begin+want.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The README's tour is what a newcomer pastes, so it is run as it stands, in bash and
// where it is installed in zsh, twice against one program; only the address differs.
func TestReadmeTourWorks(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the tour needs %s", tool)
		}
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	tour, answers := block(t, string(readme), "<!-- tour -->\n```sh\n"), block(t, string(readme), "<!-- answers -->\n```text\n")
	if regexp.MustCompile(`(?m)^\s*#`).MatchString(tour) {
		t.Error("a pasted comment is an error in zsh")
	}
	p := start(t, nil)
	tour = strings.ReplaceAll(tour, "127.0.0.1:8081", strings.TrimPrefix(p.URL, "http://"))
	shells := [][]string{{"bash", "-c"}, {"bash", "-c"}}
	if _, err := exec.LookPath("zsh"); err == nil {
		shells = append(shells, []string{"zsh", "-f", "-c"})
	}
	for _, shell := range shells {
		out, err := exec.CommandContext(t.Context(), shell[0], append(shell[1:], tour)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", shell[0], err, out)
		}
		follows(t, string(out), answers)
	}
}

// A container's port is called from an address that is not loopback: with what the compose
// file says, the tour and the page work there.
func TestTheSandboxWorksBehindAPortMapping(t *testing.T) {
	compose, err := os.ReadFile("../docs/deploy/compose.sandbox.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set := regexp.MustCompile(`(?m)^ {6}(SWITCHBOARD_\w+): (\S+)$`).FindAllStringSubmatch(string(compose), -1)
	if len(set) < 3 {
		t.Fatalf("the compose file sets %v", set)
	}
	for _, s := range set {
		t.Setenv(s[1], s[2])
	}
	peer := ownAddress(t)
	p := start(t, func(c *Config) {
		for _, bridge := range []string{"172.17.0.1", "172.18.0.1", "192.168.65.1", "10.0.2.2"} {
			if at := netip.MustParseAddr(bridge); !middleware.Proxies(c.AdminAllow).Has(at) || !middleware.Proxies(c.InnerAllow).Has(at) {
				t.Errorf("%s, a host as containers see it, may not call", bridge)
			}
		}
		c.Listen = "0.0.0.0:0"
		c.AdminAllow, c.InnerAllow = append(c.AdminAllow, netip.PrefixFrom(peer, 32)), append(c.InnerAllow, netip.PrefixFrom(peer, 32))
	})
	waitFor(t, "the welcome with an address that opens", func() bool {
		return strings.Contains(p.Stdout.String(), "Switchboard on http://127.0.0.1:"+p.URL[strings.LastIndex(p.URL, ":")+1:])
	})
	p.URL = "http://" + peer.String() + p.URL[strings.LastIndex(p.URL, ":"):]
	if got := p.do(t, request{Path: "/inner/get_token", Body: map[string]any{"session": "1001", "platform": 1}}); got.Code != 0 {
		t.Errorf("a token: %s", got.Body)
	}
	for path, header := range map[string]map[string]string{"/admin/vendors": {"admin-key": sandboxAdmin}, "/sandbox/mocks/rongcloud/health": {"admin-key": sandboxAdmin}, "/": nil, "/metrics": nil} {
		if got := p.do(t, request{Method: "GET", Path: path, Header: header, Bad: true}); got.Status != 200 {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
}

// ownAddress is one of this machine's that is not loopback, where it has one.
func ownAddress(t *testing.T) netip.Addr {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && !ip.IP.IsLoopback() && !ip.IP.IsLinkLocalUnicast() {
			return netip.AddrFrom4([4]byte(ip.IP.To4()))
		}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// block is the text of page between begin and the end of that code block.
func block(t *testing.T, page, begin string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, begin)
	text, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatalf("no block begins with %q", begin)
	}
	return text
}

// follows holds out to the answers: their parts, between "..." and the ends of lines,
// come in their order.
func follows(t *testing.T, out, answers string) {
	t.Helper()
	if n := strings.Count(answers, "\n== "); n < 4 {
		t.Fatalf("%d answers", n)
	}
	rest := out
	for line := range strings.Lines(answers) {
		for part := range strings.SplitSeq(strings.TrimSpace(line), "...") {
			_, after, ok := strings.Cut(rest, part)
			if !ok {
				t.Fatalf("%s does not come in the rest of the answers:\n%s", part, rest)
			}
			rest = after
		}
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

// Each metric stands in docs/operations.md, which is where operators look it up.
func TestMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	registry := newMetrics().registry
	described := make(chan *prometheus.Desc)
	go func() {
		defer close(described)
		for _, c := range []prometheus.Collector{registry, linkMetrics{}, pairPools{}} {
			c.Describe(described)
		}
	}()
	own, seen := regexp.MustCompile(`fqName: "(switchboard_[a-z_]+)"`), 0
	for d := range described {
		if name := own.FindStringSubmatch(d.String()); name != nil {
			seen++
			if !strings.Contains(string(page), "`"+name[1]+"`") {
				t.Errorf("%s is not in docs/operations.md", name[1])
			}
		}
	}
	if seen < 30 {
		t.Fatalf("%d metrics of ours", seen)
	}
}
