package sqldb

import (
	"runtime"
	"sync/atomic"
	"time"
)

// What a disk asks for depends on whether a sync takes longer than the writes of all
// who are under way. Where it does, who just misses one waits for two, and so do in
// turn those who were answered by it: all should go together, and a sync is held
// back for them. Where it does not, one half is run while the other is synced.
const (
	walGrace    = 16 // the part of its time for which a sync is held back in any case
	walPatience = 4  // and the one for which it is while more is coming
	walHalf     = 8  // writes: halves are no smaller
	// The part of the writes that are being synced which is worth a commit of its own
	// beside them: fewer wait for company, or for the sync's end.
	walShare = 4
)

// together is whether crowd writes should go in one group: when a sync outlasts
// running them and what their callers do in between, which is taken to be as long.
func (w *wal) together(crowd int) bool { return w.took.Load() > 2*int64(crowd)*w.each.Load() }

// share is how many of those that wait may be in the next group.
func (w *wal) share(waiting int) int {
	if w == nil {
		return waiting
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	crowd := waiting + w.behind
	if w.together(crowd) {
		return waiting
	}
	return max(walHalf, (crowd+1)/2)
}

// expect notes whether the lane has writes that are to land.
func (w *wal) expect(more bool) {
	if w != nil {
		w.coming.Store(more)
	}
}

// ran notes how long a group of n took to run and to be committed.
func (w *wal) ran(n int, took time.Duration) {
	if w != nil {
		lately(&w.each, took/time.Duration(n))
	}
}

// lately is a moving average of some eight values.
func lately(average *atomic.Int64, d time.Duration) { average.Store((7*average.Load() + int64(d)) / 8) }

// busy returns nil when a group of n should begin, or else what is closed when a
// sync ends.
func (w *wal) busy(n int) <-chan struct{} {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if walShare*n >= w.behind || w.held.Load() {
		return nil
	}
	return w.turned
}

// company adds to first what else has landed, and on a slow disk what is to land.
func (w *wal) company(first landing) []landing {
	behind := w.drain([]landing{first})
	if writes(behind) >= w.crowd || !w.together(w.crowd) {
		return behind
	}
	w.held.Store(true)
	defer w.held.Store(false)
	took := time.Duration(w.took.Load())
	for began := time.Now(); writes(behind) < w.crowd; behind = w.drain(behind) {
		waited := time.Since(began)
		switch {
		case waited > took/walPatience:
			return behind
		case w.coming.Load():
			select {
			case l, open := <-w.landed:
				if !open {
					return behind
				}
				behind = append(behind, l)
			case <-time.After(took/walPatience - waited):
			}
		case waited > took/walGrace:
			return behind
		default:
			runtime.Gosched() // a timer would take a millisecond
		}
	}
	return behind
}

// drain adds what has landed to behind.
func (w *wal) drain(behind []landing) []landing {
	for range len(w.landed) {
		behind = append(behind, <-w.landed)
	}
	return behind
}

func writes(behind []landing) (n int) {
	for _, l := range behind {
		n += len(l.group)
	}
	return n
}
