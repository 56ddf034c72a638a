package sqldb

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
	w.expect(more)
	w.mu.Lock()
	w.behind += len(group)
	w.mu.Unlock()
	w.landed <- landing{seq: w.begun.Load(), wrote: wrote, group: group}
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
