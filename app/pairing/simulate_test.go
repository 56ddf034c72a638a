package pairing

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestStrategiesAreComparedOverTheSameWorld(t *testing.T) {
	cfg := SimConfig{Seed: 7, Candidates: 100, Horizon: 6 * time.Minute, Scenario: "slack", Chart: filepath.Join(t.TempDir(), "c.svg")}
	var out bytes.Buffer
	if err := Simulate(context.Background(), cfg, &out); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	if svg, err := os.ReadFile(cfg.Chart); err != nil || !bytes.Contains(svg, []byte("</svg>")) || !bytes.Contains(svg, []byte("longest_idle")) {
		t.Errorf("chart %d bytes: %v", len(svg), err)
	}
	cfg.AsksPerSec = 0.2
	idle, err := simulateOne(context.Background(), cfg, "idle", nil, false)
	if err != nil {
		t.Fatal(err)
	}
	oracle, err := simulateOne(context.Background(), cfg, "oracle", nil, true)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(float64(idle.Asks-oracle.Asks)) > 0.1*float64(idle.Asks) || idle.Asks < 50 { // who asks again depends on how it went
		t.Errorf("different worlds: %d and %d asks", idle.Asks, oracle.Asks)
	}
	if oracle.PerCall > 1.15 || oracle.PerCall >= idle.PerCall || oracle.P50 >= idle.P50 {
		t.Errorf("the oracle needs %.2f dispatches and %s, the other %.2f and %s", oracle.PerCall, oracle.P50, idle.PerCall, idle.P50)
	}
	if idle.Connected < 0.7 {
		t.Errorf("with slack only %.2f are connected", idle.Connected)
	}
}

// Whatever happens in a scenario, every ask and offer ends once, no opportunity
// is missed, and calls come about.
func TestEveryScenarioIsSound(t *testing.T) {
	for name := range simScenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := SimConfig{Seed: 5, Candidates: 30, Horizon: 15 * time.Minute, Scenario: name}
			cfg.AsksPerSec = max(0.03, simScenarios[name].rate*float64(cfg.Candidates))
			r, err := simulateOne(context.Background(), cfg, name, nil, false)
			if err != nil {
				t.Fatal(err)
			}
			if r.Unsound != 0 || r.Missed != 0 || r.Connected == 0 {
				t.Errorf("%d unsound, %d missed, %.2f connected: %+v", r.Unsound, r.Missed, r.Connected, r)
			}
		})
	}
}

func TestASimulationNeedsAKnownScenario(t *testing.T) {
	if err := Simulate(context.Background(), SimConfig{Candidates: 1, Horizon: time.Second, Scenario: "calm"}, &bytes.Buffer{}); err == nil {
		t.Error("calm is no scenario")
	}
}

func TestGiniIsKnownAtItsEnds(t *testing.T) {
	for want, x := range map[float64][]float64{0: {2, 2, 2, 2}, 0.75: {0, 0, 0, 8}} {
		if got := gini(x); math.Abs(got-want) > 1e-9 {
			t.Errorf("gini(%v) = %v, want %v", x, got, want)
		}
	}
}

func TestTheWorldHasTheDistributionsItClaims(t *testing.T) {
	w := simWorld{seed: 3}
	sum, accept := 0.0, 0.0
	for i := range 20000 {
		sum += w.exp(20, "x", i).Seconds()
		accept += w.accept(UID(i))
	}
	if mean := sum / 20000; math.Abs(mean-20) > 0.6 {
		t.Errorf("the mean is %v, not 20 s", mean)
	}
	if mean := accept / 20000; math.Abs(mean-0.6) > 0.01 {
		t.Errorf("Beta(3, 2) has the mean 0.6, not %v", mean)
	}
}
