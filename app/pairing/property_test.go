package pairing

import (
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Where each of the twenty invariants is checked: a failure names its number, and
// each has a mutant that it alone has to notice (mutants_test.go).
//
//	1  exclusivity          audit.exclusive at every commit, quiet at the end; pairingtest.Linearizable on real stores
//	2  one winner           audit.offers, world.answer
//	3  rounds               audit.rounds
//	4  offers conserved     audit.offers, quiet
//	5  termination          world.quiesce with its bound, quiet
//	6  absorbing end        audit.write, offers, outbox, attempt
//	7  idempotence          twice in play, deliveries reported again
//	8  billing              audit.outbox, quiet; pairingtest.Storm
//	9  never offered        audit.offers, allowed, cooldowns
//	10 order                audit.rescinds, ordered
//	11 late and stale       play's late answers and answers of other rounds
//	12 crashes              crash_test.go at every boundary; audit.leased; quiet
//	13 clocks               the histories of all others under clocks an hour off
//	14 work conserved       world.fair
//	15 oldest ask first     audit.oldest
//	16 candidates conserved world.conserved
//	17 views                audit.views
//	18 records              audit.rounds, recorded, world.forget
//	19 1003                 owes in play
//	20 one reason each      audit.offers, rounds, write, counted

// settings are the worlds that every history is played in.
var settings = map[string]map[string]string{
	"defaults":           {},
	"fan-out":            {"pair.fanout": "3", "pair.cross_ask": "off", "pair.ask_while_offered": "reject"},
	"progressive":        {"pair.fanout": "2", "pair.progressive_ms": "2000", "pair.dup_ask": "replace", "pair.cross_ask": "first"},
	"rounds by offer":    {"pair.round_mode": "dispatch", "pair.max_rounds": "3", "pair.confirm_action": "dislike"},
	"billing":            {"pair.balance.min_ask": "1", "pair.balance.min_like": "2", "pair.balance.answerer_min": "1", "pair.price": "2"},
	"short offers":       {"pair.offer_overrun": "0s", "pair.no_candidate": "end", "pair.confirm_action": "like", "pair.max_rna": "1"},
	"strict product API": {"pair.push.extra": "false", "pair.events": "false", "pair.payer": "peer"},
	"batch":              {"pair.window_ms": "1s", "pair.strategy": "score"},
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
