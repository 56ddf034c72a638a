package pairing

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"switchboard/app/pairing/ticket"
)

// maxRates bounds the allowances that are kept; the idle ones go first.
const maxRates = 100_000

// askRates are the allowances of new asks by person (A4).
type askRates struct {
	mu       sync.Mutex // guards byPerson
	byPerson map[person]*askRate
}

// askRate is one person's allowance of new asks.
type askRate struct {
	limiter *rate.Limiter
	used    time.Time
}

// take takes one ask from who's allowance, or says when there will be one.
func (a *askRates) take(who person, cfg *ticket.Config, now time.Time) (after time.Duration) {
	if cfg.AskRate <= 0 {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.byPerson[who]
	if r == nil {
		a.dropFull(now, time.Duration(float64(cfg.AskBurst)/cfg.AskRate*float64(time.Second)))
		r = &askRate{limiter: rate.NewLimiter(rate.Limit(cfg.AskRate), cfg.AskBurst)}
		a.byPerson[who] = r
	}
	r.used = now
	if r.limiter.AllowN(now, 1) {
		return 0
	}
	return time.Duration(float64(time.Second) / cfg.AskRate)
}

// dropFull drops the allowances that were not used for full, once there are many.
func (a *askRates) dropFull(now time.Time, full time.Duration) {
	if len(a.byPerson) < maxRates {
		return
	}
	for who, r := range a.byPerson {
		if now.Sub(r.used) >= full {
			delete(a.byPerson, who)
		}
	}
}
