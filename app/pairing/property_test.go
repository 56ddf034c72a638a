package pairing

import (
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// settings are the worlds that every history is played in.
var settings = map[string]map[string]string{
	"seed defaults":   {},
	"fan-out":         {"pair.fanout": "3", "pair.cross_ask": "off", "pair.ask_while_offered": "reject"},
	"progressive":     {"pair.fanout": "2", "pair.progressive": "2s", "pair.dup_ask": "replace", "pair.cross_ask": "first"},
	"rounds by offer": {"pair.round_mode": "dispatch", "pair.max_rounds": "3", "pair.confirm_action": "dislike"},
	"billing":         {"pair.balance.min_ask": "1", "pair.balance.min_like": "2", "pair.balance.answerer_min": "1", "pair.price": "2"},
	"short offers":    {"pair.offer_overrun": "0s", "pair.no_candidate": "end", "pair.confirm_action": "like", "pair.max_rna": "1"},
	"strict seed":     {"pair.push.extra": "false", "pair.events": "false", "pair.payer": "peer"},
	"batch":           {"pair.window": "1s", "pair.strategy": "score"},
}

// unhindered lets people ask as often as the histories want.
func unhindered(values map[string]string) map[string]string {
	free := map[string]string{"pair.ask_rate": "0", "pair.admission": "false"}
	maps.Copy(free, values)
	return free
}

func TestInvariantsHoldInEveryHistory(t *testing.T) {
	for name, values := range settings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				play(rt, newWorld(rt, unhindered(values)))
			})
		})
	}
}

func TestInvariantsHoldForOneReplicaThatDoesNotAskTheStore(t *testing.T) {
	for name, values := range settings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				w := newWorld(rt, unhindered(values))
				w.alone = true
				w.restart()
				play(rt, w)
			})
		})
	}
}

func TestInvariantsHoldWithClocksAnHourApart(t *testing.T) {
	for name, jumpy := range map[string]bool{"measured": false, "jumping between two measurements": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				w := newWorld(rt, unhindered(map[string]string{"pair.fanout": "2"}))
				for i := range w.skews {
					w.skews[i] = time.Duration(rapid.IntRange(-3600, 3600).Draw(rt, "skew")) * time.Second
				}
				w.jumpy = jumpy
				w.restart()
				play(rt, w)
			})
		})
	}
}
