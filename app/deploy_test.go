package main

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.yaml.in/yaml/v3"

	"switchboard/app/environ"
)

const deployFolder = "../docs/deploy"

func read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tool is a program that the gate installs.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// metricNames lists what the program registers, with the series of histograms.
func metricNames(t testing.TB) (names []string) {
	t.Helper()
	cfg, err := loadConfig()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listen, cfg.DataDir, cfg.Tracing.ExporterOTLPEndpoint = "127.0.0.1:0", t.TempDir(), "http://127.0.0.1:1"
	s, err := build(t.Context(), cfg, slog.New(slog.DiscardHandler), new(slog.LevelVar))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.open.close(); err != nil {
			t.Error(err)
		}
	}()
	found := make(chan *prometheus.Desc)
	go func() { s.metrics.registry.Describe(found); close(found) }()
	name := regexp.MustCompile(`fqName: "([^"]+)"`)
	for d := range found {
		names = append(names, name.FindStringSubmatch(d.String())[1])
	}
	return names
}

// A dashboard or an alert on a metric that is called otherwise says nothing, for ever.
func TestTheMetricsOfDashboardsAlertsAndDocumentsExist(t *testing.T) {
	registered := metricNames(t)
	if len(registered) < 40 {
		t.Fatalf("%d metrics only", len(registered))
	}
	of := regexp.MustCompile(`\bswitchboard_[a-z_]*[a-z]\b`)
	exists := func(name string) bool {
		if slices.Contains(registered, name) {
			return true
		}
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			if base, cut := strings.CutSuffix(name, suffix); cut && slices.Contains(registered, base) {
				return true
			}
		}
		return false
	}
	for _, file := range []string{deployFolder + "/grafana.json", deployFolder + "/alerts.yml", deployFolder + "/alerts_test.yml", "../docs/operations.md"} {
		for _, name := range of.FindAllString(read(t, file), -1) {
			if !exists(name) {
				t.Errorf("%s: the program has no %s", file, name)
			}
		}
	}
	documented := read(t, "../docs/operations.md")
	for _, name := range registered {
		if strings.HasPrefix(name, "switchboard_") && !strings.Contains(documented, "`"+name+"`") {
			t.Errorf("docs/operations.md does not tell of %s", name)
		}
	}
}

func TestTheVariablesOfManifestsExist(t *testing.T) {
	known := environ.Names(envPrefix, &Config{})
	files, err := filepath.Glob(deployFolder + "/*")
	if err != nil || len(files) < 10 {
		t.Fatalf("%v, %v", files, err)
	}
	variable := regexp.MustCompile(`\bSWITCHBOARD_[A-Z_]+\b`)
	for _, file := range files {
		text := read(t, file)
		for _, name := range variable.FindAllString(text, -1) {
			if !slices.Contains(known, name) && !slices.Contains(known, strings.TrimSuffix(name, "_FILE")) {
				t.Errorf("%s: there is no %s", file, name)
			}
		}
		if ext := filepath.Ext(file); ext != ".yml" && ext != ".yaml" && ext != ".json" {
			continue
		}
		for d, n := yaml.NewDecoder(strings.NewReader(text)), 0; ; n++ {
			var document any
			if err := d.Decode(&document); err != nil {
				if n == 0 || err.Error() != "EOF" {
					t.Errorf("%s: document %d: %v", file, n, err)
				}
				break
			}
		}
	}
}

// What kills a process waits longer than both phases of its stop.
func TestManifestsLetAStopFinish(t *testing.T) {
	var replica struct {
		Services map[string]struct {
			Grace string `yaml:"stop_grace_period"`
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, deployFolder+"/compose.yml")), &replica); err != nil || replica.Services["a"].Grace != "30s" || replica.Services["b"].Grace != "30s" {
		t.Errorf("compose: %+v, %v", replica, err)
	}
	kubernetes := read(t, deployFolder+"/kubernetes.yaml")
	for _, want := range []string{"terminationGracePeriodSeconds: 45", "SWITCHBOARD_DRAIN_DELAY, value: 10s", "SWITCHBOARD_DRAIN, value: 20s", "path: /readyz"} {
		if !strings.Contains(kubernetes, want) {
			t.Errorf("kubernetes.yaml has no %s", want)
		}
	}
	if !strings.Contains(read(t, deployFolder+"/switchboard.service"), "TimeoutStopSec=30") {
		t.Error("switchboard.service: TimeoutStopSec")
	}
}

func TestAlertRulesKeepTheirCases(t *testing.T) {
	promtool := tool(t, "promtool")
	for _, args := range [][]string{{"check", "rules", "alerts.yml"}, {"test", "rules", "alerts_test.yml"}, {"check", "config", "prometheus.yml"}} {
		cmd := exec.Command(promtool, args...)
		cmd.Dir = deployFolder
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, said)
		}
	}
}

func TestTheSystemdUnitIsValid(t *testing.T) {
	analyze := tool(t, "systemd-analyze")
	unit := strings.Replace(read(t, deployFolder+"/switchboard.service"), "/usr/local/bin/switchboard", "/bin/true", 1)
	file := filepath.Join(t.TempDir(), "switchboard.service")
	if err := os.WriteFile(file, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command(analyze, "verify", "--man=no", file).CombinedOutput(); err != nil || len(said) > 0 {
		t.Errorf("%v: %s", err, said)
	}
}
