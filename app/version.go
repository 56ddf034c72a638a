package main

import (
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

// release is the version of the program; CHANGELOG.md tells what is in it.
const release = "0.1.0"

// commit is set by the linker where the build has no repository to read it from, as
// in an image: -ldflags "-X main.commit=...".
var commit string

// version is the release and, where the build knows it, the commit that was built:
// "0.1.0+4f2a9c1d0e3b", with ".changed" behind it when the tree had changes.
func version() string {
	set := map[string]string{"vcs.revision": commit}
	if info, ok := debug.ReadBuildInfo(); ok && commit == "" {
		for _, s := range info.Settings {
			set[s.Key] = s.Value
		}
	}
	return versionOf(set["vcs.revision"], set["vcs.modified"] == "true")
}

func versionOf(commit string, changed bool) string {
	if commit == "" {
		return release
	}
	v := release + "+" + commit[:min(12, len(commit))]
	if changed {
		v += ".changed"
	}
	return v
}

// buildInfo is a metric that is 1 and whose labels say what runs.
func buildInfo() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "switchboard_build_info", Help: "1; the version that runs.", ConstLabels: prometheus.Labels{"version": version()},
	}, func() float64 { return 1 })
}
