package simulator

import (
	"context"
	"math"
	"time"

	"switchboard/app/pairing/ticket"
)

// Bursts are a Markov chain of two states: five times the asks for half a minute,
// after nine and a half minutes without (both on average).
const (
	burstTimes = 5
	burstMean  = 30.0  // s
	calmMean   = 570.0 // s
)

// bursts lists the bursts up to end.
func (w world) bursts(end ticket.Instant) (out []interval) {
	for at, n := w.start, 0; at < end; n++ {
		from := at.Add(w.exp(calmMean, "calm", n))
		at = from.Add(w.exp(burstMean, "burst", n))
		out = append(out, interval{from, at})
	}
	return out
}

// byDay is the factor of the day curve: it begins in the middle of the night and
// is 1 on average. swing 0: always 1.
func byDay(swing float64, since time.Duration) float64 {
	return 1 - swing*math.Cos(2*math.Pi*since.Hours()/24)
}

// arrivals lists when people who have not asked before do so: a Poisson stream whose
// rate is cfg's, with its day curve and bursts (thinned from one at the highest rate).
func (w world) arrivals(ctx context.Context, cfg Config, burst bool) (out []ticket.Instant, err error) {
	end := w.start.Add(cfg.Horizon)
	peak := cfg.AsksPerSec * (1 + cfg.Day)
	var bursts []interval
	if burst {
		bursts = w.bursts(end)
		peak *= burstTimes
	}
	for at, n := w.start, 0; ctx.Err() == nil; n++ {
		if at = at.Add(w.exp(1/peak, "gap", n)); at > end {
			return out, nil
		}
		rate := cfg.AsksPerSec * byDay(cfg.Day, at.Sub(w.start))
		for len(bursts) > 0 && bursts[0].to <= at {
			bursts = bursts[1:]
		}
		if len(bursts) > 0 && bursts[0].from <= at {
			rate *= burstTimes
		}
		if w.chance(rate/peak, "thin", n) {
			out = append(out, at)
		}
	}
	return nil, ctx.Err()
}
