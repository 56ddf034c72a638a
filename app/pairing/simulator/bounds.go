package simulator

import (
	"slices"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

// bound is what no sequential strategy without foresight can beat on average
// when it picks at random.
type bound struct {
	dispatches float64
	wait       time.Duration
}

// draw samples what offers to random candidates come to: away people are silent.
type draw struct {
	accepted, refused, silent int
	acceptTime, refuseTime    time.Duration
}

const answerTimeout = 10 * time.Second // pair.answer_timeout

func (w world) draw(n int) (d draw) {
	for i := range n {
		after, pass, away := w.answer(firstAsker+ticket.UID(i), i, ticket.UID(1+i%997), w.start.Add(time.Duration(i%3600)*time.Second))
		switch {
		case away || after >= answerTimeout:
			d.silent++
		case pass:
			d.accepted++
			d.acceptTime += after
		default:
			d.refused++
			d.refuseTime += after
		}
	}
	return d
}

const draws = 20000

// floor is the structural floor of docs/pairing.md#simulator from the world's own draws: one over the
// chance of a pass in time, and the time that the failures before it take.
func (w world) floor() bound {
	d := w.draw(draws)
	accepted := time.Duration(d.accepted)
	return bound{
		dispatches: float64(draws) / float64(d.accepted),
		wait:       (d.refuseTime+time.Duration(d.silent)*answerTimeout)/accepted + d.acceptTime/accepted,
	}
}

// capacity is what no strategy without foresight exceeds for long: the candidates
// who look on average, where all were online for so long together, over the time
// that each call keeps one of them busy.
func (w world) capacity(cfg Config, rules *ticket.Config, online time.Duration) (looking float64, busy time.Duration, perMinute float64) {
	looking = online.Seconds() / cfg.Horizon.Seconds() * (1 - w.gone)
	busy = w.busyPerCall(rules)
	return looking, busy, looking / busy.Minutes()
}

// busyPerCall is that time, with the offers that are refused before it and the
// rests that the rules give.
func (w world) busyPerCall(rules *ticket.Config) time.Duration {
	d := w.draw(draws)
	calls := 0
	busy := d.acceptTime + d.refuseTime + time.Duration(d.refused)*rules.RefuseCooldown
	for i := range d.accepted {
		asker, peer := firstAsker+ticket.UID(i), ticket.UID(1+i%997)
		c := w.call(asker, i, peer)
		if !c.connects {
			busy += rules.ConnectTimeout + rules.FailCooldown
			continue
		}
		calls++
		busy += c.setup + rules.WrapUp + min(c.preview, rules.ConfirmTimeout)
		if c.likes && c.preview < rules.ConfirmTimeout {
			busy += min(c.talk, time.Duration(w.credit(i))*time.Minute)
		}
	}
	return busy / time.Duration(calls)
}

// instance is a small world that is known beforehand: time is in slots, an ask
// is served by one candidate in one slot, and each candidate serves one at a time.
type instance struct {
	asks       []wish
	candidates int
	slots      int
	passes     func(ask, candidate int) bool
}

// wish is an ask's first and last slot.
type wish struct{ from, until int }

// outcome is how many asks were served, and how many slots they waited in all.
type outcome struct{ served, wait int }

// sample takes an instance off the world's draws.
func (w world) sample() instance {
	in := instance{candidates: 3, slots: 10, passes: func(ask, c int) bool {
		return w.chance(w.between(w.accept(ticket.UID(c)), firstAsker+ticket.UID(ask), ticket.UID(c)), "pass", ask, c)
	}}
	for i := range 36 {
		from := int(w.unit("slot", i) * float64(in.slots))
		in.asks = append(in.asks, wish{from, min(in.slots-1, from+2)})
	}
	return in
}

// optimum serves as many as can be, and of these with the least waiting: the
// cheapest assignment of asks to pairs of candidate and slot.
func (in instance) optimum() (best outcome) {
	cost := make([][]float64, len(in.asks))
	for i, a := range in.asks {
		cost[i] = slices.Repeat([]float64{pairing.Forbidden}, in.candidates*in.slots)
		for c := range in.candidates {
			for t := a.from; t <= a.until; t++ {
				if in.passes(i, c) {
					cost[i][c*in.slots+t] = float64(t-a.from) - unserved
				}
			}
		}
	}
	for i, col := range pairing.Assign(cost) {
		if col >= 0 {
			best.served++
			best.wait += col%in.slots - in.asks[i].from
		}
	}
	return best
}

// unserved outweighs any waiting.
const unserved = 1e5

// greedy serves slot by slot the oldest ask that somebody free would take.
func (in instance) greedy() (out outcome) {
	done := make([]bool, len(in.asks))
	for t := range in.slots {
		free := slices.Repeat([]bool{true}, in.candidates)
		for {
			next, by := -1, -1
			for i, a := range in.asks {
				if done[i] || a.from > t || a.until < t || next >= 0 && in.asks[next].from <= a.from {
					continue
				}
				for c := range in.candidates {
					if free[c] && in.passes(i, c) {
						next, by = i, c
						break
					}
				}
			}
			if next < 0 {
				break
			}
			done[next], free[by] = true, false
			out.served++
			out.wait += t - in.asks[next].from
		}
	}
	return out
}
