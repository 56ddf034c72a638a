package sqldb

import (
	"runtime"
	"testing"
	"time"
)

// What a sync takes along: the times here are an hour, so that none of them passes,
// or nothing, so that they have passed.
func TestASlowSyncIsHeldBackForThoseOfTheLastOne(t *testing.T) {
	of := func(n int) landing { return landing{wrote: true, group: make([]*request, n)} }
	for _, tc := range []struct {
		name   string
		took   time.Duration
		crowd  int
		landed []int // before the sync
		coming bool
		later  int // lands while the sync is held back
		want   int
	}{
		{name: "a fast disk waits for nobody", took: 6 * time.Microsecond, crowd: 3, landed: []int{1}, coming: true, want: 1},
		{name: "all are back", took: time.Hour, crowd: 3, landed: []int{2, 1}, coming: true, want: 3},
		{name: "more than before", took: time.Hour, crowd: 3, landed: []int{2, 2}, coming: true, want: 4},
		{name: "one is on the way to the lane", took: time.Hour, crowd: 3, landed: []int{2}, later: 1, want: 3},
		{name: "one is in the lane", took: time.Hour, crowd: 3, landed: []int{2}, coming: true, later: 1, want: 3},
		{name: "the other does not come back", took: 7 * time.Microsecond, crowd: 3, landed: []int{2}, want: 2},
		{name: "the other stays in the lane", took: 7 * time.Microsecond, crowd: 3, landed: []int{2}, coming: true, want: 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := &wal{landed: make(chan landing, walBehind), crowd: tc.crowd, behind: 100, turned: make(chan struct{})}
			w.took.Store(int64(tc.took))
			w.each.Store(int64(time.Microsecond))
			w.coming.Store(tc.coming)
			for _, n := range tc.landed[1:] {
				w.landed <- of(n)
			}
			took := make(chan []landing)
			go func() { took <- w.company(of(tc.landed[0])) }()
			if tc.later > 0 {
				for !w.held.Load() {
					runtime.Gosched()
				}
				if next := w.busy(1); next != nil {
					t.Error("the lane waits for the sync that waits for it")
				}
				w.landed <- of(tc.later)
			}
			if got := writes(<-took); got != tc.want {
				t.Errorf("%d writes, want %d", got, tc.want)
			}
			if w.held.Load() {
				t.Error("still held back")
			}
		})
	}
}

// Writes take a microsecond each, and a sync what is given.
func TestWritesTakeTurnsWithASyncThatIsNoLongerThanThey(t *testing.T) {
	for _, tc := range []struct {
		took                  time.Duration
		waiting, behind, want int
	}{
		{time.Hour, 100, 20, 100},
		{240 * time.Microsecond, 100, 20, 60},
		{241 * time.Microsecond, 100, 20, 100},
		{240 * time.Microsecond, 40, 80, 60}, // all that wait
		{0, 100, 0, 50},
		{0, 7, 0, walHalf},
	} {
		w := &wal{behind: tc.behind}
		w.took.Store(int64(tc.took))
		w.each.Store(int64(time.Microsecond))
		if got := w.share(tc.waiting); got != tc.want {
			t.Errorf("%+v: %d", tc, got)
		}
	}
	var none *wal
	if got := none.share(5); got != 5 {
		t.Errorf("without a log %d", got)
	}
}

// The store ends while a sync is held back.
func TestAStoreThatEndsHoldsNoSyncBack(t *testing.T) {
	w := &wal{landed: make(chan landing), crowd: 3}
	w.took.Store(int64(time.Hour))
	w.coming.Store(true)
	close(w.landed)
	if got := w.company(landing{group: make([]*request, 1)}); len(got) != 1 {
		t.Errorf("%d landings", len(got))
	}
}
