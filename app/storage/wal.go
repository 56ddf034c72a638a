package storage

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// walBehind bounds the groups that were committed and wait for a sync.
const walBehind = 16

// wal makes the commits of SQLite's lane durable. With synchronous=FULL each
// commit syncs the write-ahead log while it holds the file; here the lane goes
// on with the next group meanwhile. What FULL promises still holds: a group is
// answered, and readers are given what it wrote, only after a sync that began
// after its commit. The log is one sequence, so a commit that was built on
// another one never outlives it.
type wal struct {
	path   string
	sync   func(*os.File) error
	landed chan landing
	done   chan struct{} // closed when run has ended
	begun  atomic.Uint64 // commits that readers may see; written by the lane
	coming atomic.Bool   // the lane has writes that are to land; written by it
	held   atomic.Bool   // a sync is held back for them; written by run

	// Lately, in nanoseconds: how long a sync took, written by run, and one write
	// with its share of the commit, written by the lane.
	took, each atomic.Int64

	// owned by run
	file  *os.File
	crowd int // how many writes were under way when the last sync ended

	mu     sync.Mutex
	behind int           // writes that were committed and wait for a sync
	synced uint64        // of begun
	broken error         // a sync failed: nobody knows what the disk has
	turned chan struct{} // closed, and made anew, when synced or broken changes
}

// landing is a group that was committed, or with hold set the wish to let go of the file.
type landing struct {
	seq   uint64
	wrote bool
	group []*request
	hold  chan struct{}
}

func startWAL(path string) *wal {
	w := &wal{path: path, sync: syncData, landed: make(chan landing, walBehind), done: make(chan struct{}), turned: make(chan struct{})}
	go w.run()
	return w
}

// stop answers what has landed and ends run.
func (w *wal) stop() {
	close(w.landed)
	<-w.done
}

// land hands over the group of the commit that was begun last, nil when it failed,
// and says whether more is coming.
func (w *wal) land(wrote bool, group []*request, more bool) {
	w.coming.Store(more)
	w.mu.Lock()
	w.behind += len(group)
	w.mu.Unlock()
	w.landed <- landing{seq: w.begun.Load(), wrote: wrote, group: group}
}

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

// together is whether crowd writes should go in one group.
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

// release lets go of the file once all that landed is answered: the last
// connection that is closed deletes it.
func (w *wal) release() {
	hold := make(chan struct{})
	w.landed <- landing{seq: w.begun.Load(), hold: hold}
	<-hold
}

func (w *wal) run() {
	defer close(w.done)
	for first := range w.landed {
		behind := w.company(first)
		err := w.flush(behind)
		for _, l := range behind {
			w.answer(l, err)
		}
		runtime.Gosched() // those who were answered go first: the next sync holds up this processor
	}
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

// flush syncs the log, if any of those that landed wrote to it, and lets readers go on.
func (w *wal) flush(behind []landing) error {
	err := w.err()
	for _, l := range behind {
		if err == nil && l.wrote {
			err = w.syncFile()
			break
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.synced = behind[len(behind)-1].seq
	}
	w.crowd = w.behind
	w.behind -= writes(behind)
	w.broken = err
	close(w.turned)
	w.turned = make(chan struct{})
	return err
}

func (w *wal) syncFile() (err error) {
	if w.file == nil {
		w.file, err = os.OpenFile(w.path, os.O_RDWR, 0) // some systems sync only what they may write
	}
	if err == nil {
		began := time.Now()
		err = w.sync(w.file)
		lately(&w.took, time.Since(began))
	}
	if err == nil {
		return nil
	}
	// The kernel may have thrown away what it could not write, and a sync that
	// works the next time would hide that. Recovery, which reads checksums, can tell.
	return fmt.Errorf("%w until the next start, which finds what the disk has: %w", ErrUnavailable, err)
}

func (w *wal) answer(l landing, err error) {
	for _, r := range l.group {
		if err != nil {
			r.err = fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
		}
		r.done <- r.err
	}
	if l.hold != nil {
		if w.file != nil {
			_ = w.file.Close() // all of it is synced, or known not to be
		}
		w.file = nil
		close(l.hold)
	}
}

// err is why the log takes nothing any more; nil while it does.
func (w *wal) err() error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken
}

// settled waits until all that a reader may have seen is durable.
func (w *wal) settled(ctx context.Context) error {
	if w == nil {
		return nil
	}
	for seen := w.begun.Load(); ; {
		w.mu.Lock()
		synced, broken, turned := w.synced, w.broken, w.turned
		w.mu.Unlock()
		if synced >= seen || broken != nil {
			return broken
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
