package upstream

import (
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// line is who waits for units of a vendor's rate. Callers share it fairly (start-time
// fair queueing): who had less of it since somebody began to wait goes first, so that
// one in a loop leaves the others their turns.
type line struct {
	units *rate.Limiter

	mu      sync.Mutex // guards the rest
	waiting []*waiter  // in the order of coming; at most as many as the account has places
	busy    bool       // somebody has the turn: reserves units and sleeps until they are there
	// had is what each caller had, in units and beginning from the share that
	// everybody had when the caller came.
	had   map[string]float64
	share float64
}

// waiter is one call in the line.
type waiter struct {
	caller string
	units  int
	start  float64       // the caller's share before this call
	turn   chan struct{} // closed when it is this call's turn
}

// knownCallers bounds line.had; above it all begin anew.
const knownCallers = 1024

// join takes units at once when nobody waits and they are there: nil and 0. Otherwise
// the call is in the line, or, where it is refused, would have to wait for so long.
func (l *line) join(now time.Time, caller string, units int, refused func(wait time.Duration) bool) (*waiter, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.busy && l.units.AllowN(now, units) {
		return nil, 0
	}
	w := &waiter{caller: caller, units: units, start: max(l.share, l.had[caller]), turn: make(chan struct{})}
	wait := l.waitOf(now, w)
	if refused(wait) {
		return nil, max(wait, time.Millisecond)
	}
	l.note(w)
	if l.waiting = append(l.waiting, w); !l.busy {
		l.busy = true
		l.giveTurn()
	}
	return w, wait
}

// waitOf is how long w has to wait if nobody with a smaller share comes. mu is held.
func (l *line) waitOf(now time.Time, w *waiter) time.Duration {
	units := float64(w.units) - l.units.TokensAt(now)
	for _, other := range l.waiting {
		if other != w && other.start <= w.start {
			units += float64(other.units)
		}
	}
	return time.Duration(max(0, units) / float64(l.units.Limit()) * float64(time.Second))
}

// note counts w as had by its caller. mu is held.
func (l *line) note(w *waiter) {
	if l.had == nil || len(l.had) >= knownCallers {
		l.had = map[string]float64{}
	}
	l.had[w.caller] = w.start + float64(w.units)
}

// leave takes w out of the line and says how long it would still have to wait. When it
// is w's turn by now, the turn goes on to the next.
func (l *line) leave(w *waiter) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := l.waitOf(time.Now(), w)
	l.had[w.caller] -= float64(w.units)
	if i := slices.Index(l.waiting, w); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	} else {
		l.giveTurn()
	}
	return wait
}

// done ends the turn that its caller had.
func (l *line) done() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.giveTurn()
}

// giveTurn lets the caller with the smallest share go next. When nobody waits, there
// is nothing to share. mu is held.
func (l *line) giveTurn() {
	if len(l.waiting) == 0 {
		l.busy, l.had, l.share = false, nil, 0
		return
	}
	next := 0
	for i, w := range l.waiting {
		if w.start < l.waiting[next].start {
			next = i
		}
	}
	w := l.waiting[next]
	l.waiting = slices.Delete(l.waiting, next, next+1)
	l.share = max(l.share, w.start)
	close(w.turn)
}
