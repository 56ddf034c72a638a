package pairing

import (
	"fmt"
	"strings"
)

// simChart draws one row of bars per measure, strategies side by side; the line
// is the structural floor where there is one.
func simChart(cfg SimConfig, results []SimResult, floor simBound) string {
	panels := []struct {
		title string
		value func(SimResult) float64
		floor float64
		unit  string
	}{
		{"connected, % of asks", func(r SimResult) float64 { return 100 * r.Connected }, 0, "%.0f"},
		{"time to the first call, p50, s", func(r SimResult) float64 { return r.P50.Seconds() }, 0, "%.1f"},
		{"time to the first call, p99, s", func(r SimResult) float64 { return r.P99.Seconds() }, 0, "%.0f"},
		{"dispatches per call (dashed: the structural floor)", func(r SimResult) float64 { return r.PerCall }, floor.dispatches, "%.2f"},
		{"wasted dispatches, % (dashed: the structural floor)", func(r SimResult) float64 { return 100 * r.Waste }, 100 - 100/floor.dispatches, "%.0f"},
		{"vendor messages per call", func(r SimResult) float64 { return r.Messages }, 0, "%.1f"},
		{"Gini of offers per online hour", func(r SimResult) float64 { return r.Gini }, 0, "%.2f"},
	}
	const width, high, left, bar = 900, 150, 40, 95
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", width, len(panels)*high+50)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/><text x="%d" y="22" font-size="15">%s: %d candidates, %.2f asks/s, %s, seed %d</text>`+"\n",
		left, cfg.Scenario, cfg.Candidates, cfg.AsksPerSec, cfg.life(), cfg.Seed)
	for i, p := range panels {
		base, top := float64(50+(i+1)*high-30), p.floor
		for _, r := range results {
			top = max(top, p.value(r))
		}
		scale := func(v float64) float64 { return v / max(top, 1e-9) * (high - 65) }
		fmt.Fprintf(&b, `<text x="%d" y="%.0f" font-weight="bold">%s</text>`+"\n", left, base-high+40, p.title)
		if p.floor > 0 {
			y := base - scale(p.floor)
			fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="black" stroke-dasharray="4 3"/>`+"\n", left, width-30, y, y)
		}
		for k, r := range results {
			x, h := left+k*bar+8, scale(p.value(r))
			fmt.Fprintf(&b, `<rect x="%d" y="%.1f" width="%d" height="%.1f" fill="%s"/>`, x, base-h, bar-25, h, []string{"#4878a8", "#a85448"}[k/(len(results)-1)])
			fmt.Fprintf(&b, `<text x="%d" y="%.1f" paint-order="stroke" stroke="white" stroke-width="4">`+p.unit+`</text><text x="%d" y="%.0f" fill="#555">%s</text>`+"\n", x+4, base-h-4, p.value(r), x, base+14, r.Name)
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}
