package rongcloud

import "time"

// rate is how many units a call may use within a window. INVENTED: a window
// begins with the first call after the last one ended; whether the vendor's
// windows slide is not known (docs/vendors/rongcloud.md#limits).
type rate struct {
	units int
	per   time.Duration
}

type window struct {
	start time.Time
	used  int
}

// spend takes units from every window of an operation, or from none and
// returns false when one has not enough left.
func (a *App) spend(op string, rates []rate, units int, now time.Time) bool {
	if a.cfg.NoRateLimits || len(rates) == 0 {
		return true
	}
	windows := a.windows[op]
	if windows == nil {
		windows = make([]window, len(rates))
		a.windows[op] = windows
	}
	for i, r := range rates {
		w := &windows[i]
		if now.Sub(w.start).Abs() >= r.per {
			*w = window{start: now}
		}
		if w.used+units > r.units {
			return false
		}
	}
	for i := range windows {
		windows[i].used += units
	}
	return true
}
