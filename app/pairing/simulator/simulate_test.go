package simulator

import (
	"bytes"
	"context"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

func TestStrategiesAreComparedOverTheSameWorld(t *testing.T) {
	cfg := Config{Seed: 7, Candidates: 100, Horizon: 6 * time.Minute, Scenario: "slack"}
	var out bytes.Buffer
	if err := Run(context.Background(), cfg, &out); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	for _, c := range contenders {
		if !bytes.Contains(out.Bytes(), []byte(c.name)) {
			t.Errorf("%s is missing", c.name)
		}
	}
	cfg.AsksPerSec, cfg.Horizon = 0.04, 20*time.Minute
	idle, err := simulate(context.Background(), cfg, "idle", nil, false)
	if err != nil {
		t.Fatal(err)
	}
	oracle, err := simulate(context.Background(), cfg, "oracle", nil, true)
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
	for name := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := Config{Seed: 5, Candidates: 30, Horizon: 15 * time.Minute, Scenario: name}
			if name == "empty" {
				cfg.Horizon *= 2 // there after ten minutes, and may not look at once
			}
			cfg.AsksPerSec = max(0.03, scenarios[name].load*capacityEach*float64(cfg.Candidates))
			r, err := simulate(context.Background(), cfg, name, nil, false)
			if err != nil {
				t.Fatal(err)
			}
			if s := scenarios[name]; s.kill > 0 || s.skew > 0 {
				// A replica that reads the store does so in no order.
			} else if again, err := simulate(context.Background(), cfg, name, nil, false); err != nil || !reflect.DeepEqual(r, again) {
				t.Errorf("the same seed, and another run: %v\n%+v\n%+v", err, r, again)
			}
			if r.Unsound != 0 || r.Missed != 0 || r.Connected == 0 {
				t.Errorf("%d unsound, %d missed, %.2f connected: %+v", r.Unsound, r.Missed, r.Connected, r)
			}
		})
	}
}

// What docs/pairing.md#simulator asks of the three scenarios that differ in load alone, and of admission:
// at overload those who are let in reach a call long before they give up, the
// others learn at once, and the candidates are as busy; else nobody is refused.
func TestLoadIsWhatItSaysAndOverloadIsShedEarly(t *testing.T) {
	cfg := Config{Seed: 1, Candidates: 200, Horizon: 40 * time.Minute}
	run := func(scenario string, values map[string]string) Result {
		cfg := cfg
		cfg.Scenario = scenario
		cfg.AsksPerSec = scenarios[scenario].load * capacityEach * float64(cfg.Candidates)
		r, err := simulate(t.Context(), cfg, scenario, values, false)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.1f calls a minute, connected %.3f, shed %.3f, gave up %.3f, p50 %s, p99 %s", scenario, r.Throughput, r.Connected, r.Shed, r.GaveUp, r.P50, r.P99)
		return r
	}
	slack, tight, over := run("slack", nil), run("tight", nil), run("overload", nil)
	open := run("overload", map[string]string{"pair.admission": "false"})
	for name, r := range map[string]struct{ got, want float64 }{"slack": {slack.Throughput, 0.25}, "tight": {tight.Throughput, 0.75}} {
		if load := r.got / open.Throughput; math.Abs(load-r.want) > 0.2*r.want {
			t.Errorf("%s takes %.2f of what the candidates can bear, not %.2f", name, load, r.want)
		}
	}
	rules := ticket.DefaultConfig()
	if _, _, most := newWorld(cfg).capacity(cfg, &rules, open.Online); math.Abs(open.Throughput-most) > 0.15*most {
		t.Errorf("%.1f calls a minute where %.1f can be", open.Throughput, most)
	}
	if slack.Shed > 0 || tight.Shed > 0.015 {
		t.Errorf("without overload %.4f and %.4f were shed", slack.Shed, tight.Shed)
	}
	if over.Shed < 0.3 || over.P50 > 40*time.Second || over.GaveUp > 0.1*(1-over.Shed) {
		t.Errorf("shed %.2f, %s to a call, %.2f gave up", over.Shed, over.P50, over.GaveUp)
	}
	if over.Throughput < 0.95*open.Throughput || open.P50 < 45*time.Second {
		t.Errorf("%.1f calls a minute with admission, %.1f and %s without", over.Throughput, open.Throughput, open.P50)
	}
}

func TestASimulationNeedsSense(t *testing.T) {
	good := Config{Candidates: 1, Horizon: time.Second, Scenario: "slack"}
	if err := Run(t.Context(), good, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(*Config){
		"calm is no scenario":         func(c *Config) { c.Scenario = "calm" },
		"nobody":                      func(c *Config) { c.Candidates = 0 },
		"no time":                     func(c *Config) { c.Horizon = 0 },
		"more day than there is":      func(c *Config) { c.Day = 1.5 },
		"asks below none":             func(c *Config) { c.AsksPerSec = -1 },
		"asks of no number":           func(c *Config) { c.AsksPerSec = math.NaN() },
		"asks beyond all bounds":      func(c *Config) { c.AsksPerSec, c.Horizon = 100, 24*time.Hour },
		"people beyond all bounds":    func(c *Config) { c.Candidates = 10_000_000 },
		"a horizon beyond all bounds": func(c *Config) { c.Horizon = 10_000 * time.Hour },
		"an affinity below all":       func(c *Config) { c.Affinity = -1 },
	} {
		bad := good
		spoil(&bad)
		if err := Run(t.Context(), bad, &bytes.Buffer{}); err == nil {
			t.Error(what)
		}
	}
}

// Whoever ends the process ends the simulation.
func TestASimulationEndsWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	cfg := Config{Candidates: 100_000, Horizon: maxHorizon, Scenario: "slack", AsksPerSec: 0.7}
	began := time.Now()
	if err := Run(ctx, cfg, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it ended after %s", took)
	}
}

func TestGiniIsKnownAtItsEnds(t *testing.T) {
	for want, x := range map[float64][]float64{0: {2, 2, 2, 2}, 0.75: {0, 0, 0, 8}} {
		if got := pairing.Gini(x); math.Abs(got-want) > 1e-9 {
			t.Errorf("pairing.Gini(%v) = %v, want %v", x, got, want)
		}
	}
}

func TestTheSimulatedWalletTakesOnceAndOnlyWhatIsThere(t *testing.T) {
	w := newWallet()
	w.coins[1] = 5
	for _, c := range []struct {
		key         string
		coins, left int64
		wrongs      int
	}{{"a", 3, 2, 0}, {"a", 3, 2, 0}, {"b", 3, 2, 1}, {"c", 2, 0, 1}} {
		err := w.charge(t.Context(), pairing.Charge{Key: c.key, Payer: 1, Coins: c.coins})
		if left, _ := w.balance(t.Context(), app, 1); left != c.left || *w.wrongs != c.wrongs || (err != nil) != (c.key == "b") {
			t.Errorf("%+v leaves %d, %d wrong: %v", c, left, *w.wrongs, err)
		}
	}
	if *w.taken != 5 {
		t.Errorf("%d taken", *w.taken)
	}
}
