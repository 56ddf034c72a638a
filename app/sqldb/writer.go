package sqldb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	queueSize    = 4096                   // writes that wait; more block their callers
	maxGroup     = 512                    // writes in one transaction
	groupTime    = 200 * time.Millisecond // after which a transaction takes no more of its group
	maxRuns      = 6                      // runs of one group that keeps meeting conflicts
	aloneAfter   = 2                      // of them, after which it runs with no other group at its side
	maxLosses    = 3                      // runs of one group that keeps losing its connection
	retryBackoff = 10 * time.Millisecond  // times the runs so far, with full jitter
)

// writer is one connection that writes. It takes all writes that wait, runs them
// in one transaction and sees that each is answered after the commit.
type writer struct {
	writerConn // owned by the goroutine of run

	queue   chan *request
	stopped chan struct{}
	stats   *counters
}

// counters are those of Stats.
type counters struct {
	writes, commits, retries, isolated atomic.Int64
}

func startWriter(db *database, stats *counters) *writer {
	w := &writer{writerConn: writerConn{db: db}, queue: make(chan *request, queueSize), stopped: make(chan struct{}), stats: stats}
	go w.run()
	return w
}

func (w *writer) run() {
	defer close(w.stopped)
	defer w.disconnect()
	for first := range w.queue {
		if group := w.collectGroup(first); len(group) > 0 {
			w.runGroup(group)
		}
	}
}

// collectGroup takes first and the writes that wait behind it. They are ordered by
// key, so that two writers or replicas lock shared rows in the same order; writes of
// one key keep their own order.
func (w *writer) collectGroup(first *request) (group []*request) {
	if first.take() {
		group = append(group, first)
	}
	group = w.waitForFollowers(group)
	slices.SortStableFunc(group, func(a, b *request) int { return strings.Compare(a.key, b.key) })
	return group
}

// waitForFollowers adds the writes that wait to group, until a yield to the scheduler
// brings none: callers who were answered together write again together, and a commit
// costs the same for all of them.
func (w *writer) waitForFollowers(group []*request) []*request {
	for before := -1; len(group) > before; {
		before = len(group)
		runtime.Gosched()
		group = w.drain(group, maxGroup)
	}
	return group
}

// drain adds the writes that wait to group, up to most.
func (w *writer) drain(group []*request, most int) []*request {
	for len(group) < most {
		select {
		case r, open := <-w.queue:
			if !open {
				return group
			}
			if r.take() {
				group = append(group, r)
			}
		default:
			return group
		}
	}
	return group
}

// runGroup runs the group until every write in it has an answer.
func (w *writer) runGroup(group []*request) {
	isolated := false
	for tries, losses, conflicts := 1, 0, 0; len(group) > 0; tries++ {
		ran, v, cause := w.runOnce(group, isolated, conflicts >= aloneAfter)
		switch {
		case v == committed:
			group, tries, losses, conflicts = group[ran:], 0, 0, 0
			continue
		case v == splitAndRetry:
			isolated = true
			w.stats.isolated.Add(1)
		case v == unknown:
			w.disconnect()
			answer(group[:ran], fmt.Errorf("%w: %w: %w", ErrUnavailable, ErrOutcomeUnknown, cause))
			group, tries = group[ran:], 0
			continue
		case v == noAnswer: // the callers have no time for another try
			w.disconnect()
			answer(group, fmt.Errorf("%w: %w", ErrUnavailable, cause))
			return
		case v == connLost:
			w.disconnect()
			losses++
			w.stats.retries.Add(1)
		case v == conflict:
			conflicts++
			w.stats.retries.Add(1)
		}
		group = answerSlow(group)
		if tries >= maxRuns || losses >= maxLosses {
			answer(group, fmt.Errorf("%w: %w", ErrUnavailable, cause))
			return
		}
		if v != splitAndRetry {
			time.Sleep(rand.N(time.Duration(tries) * retryBackoff))
		}
	}
}

// answerSlow answers the writes that were stopped for being slow: they are not
// run again, or they would hold up the others as often.
func answerSlow(group []*request) []*request {
	return slices.DeleteFunc(group, func(r *request) bool {
		slow := errors.Is(r.err, ErrSlow)
		if slow {
			r.done <- r.err
		}
		return slow
	})
}

func answer(group []*request, err error) {
	for _, r := range group {
		r.done <- err
	}
}

// runOnce runs the group, or as much of it as fits in groupTime, in one transaction
// and says how many writes took part. Isolated: each write behind a savepoint.
// Alone: beside no other writer's transaction.
func (w *writer) runOnce(group []*request, isolated, alone bool) (ran int, v outcome, cause error) {
	ctx, cancel := context.WithTimeout(context.Background(), groupTime+w.db.writeLimit+w.db.commitLimit)
	defer cancel()
	for _, r := range group {
		r.err = nil
	}
	if err := w.connect(ctx); err != nil {
		if hangs(err) {
			return 0, noAnswer, err
		}
		return 0, connLost, err
	}
	begun, err := w.begin(ctx, alone)
	if err != nil {
		return 0, rolledBack(err), err
	}
	tx := &Tx{db: w.db, tx: begun, conn: &w.writerConn}
	start := time.Now()
	for ran < len(group) && (ran == 0 || time.Since(start) < groupTime) {
		part := nextBatch(group[ran:], isolated)
		if v, cause = tx.runWrite(part, isolated); v != committed {
			err := w.rollBack(begun)
			if errors.Is(cause, ErrSlow) {
				if err = w.endStatement(err); err != nil {
					return ran, noAnswer, fmt.Errorf("no answer to the end of a write over its time: %w", err)
				}
			}
			return ran, v, cause
		}
		ran += len(part)
	}
	if err := w.commit(begun, group[:ran]); err != nil {
		_ = w.rollBack(begun) // SQLite keeps the transaction after a busy commit
		return ran, commitOutcome(err), err
	}
	return ran, committed, nil
}

// commit makes the group's work durable and answers it.
func (w *writer) commit(begun transaction, group []*request) error {
	if err := begun.Commit(); err != nil {
		return err
	}
	w.stats.commits.Add(1)
	w.stats.writes.Add(int64(len(group)))
	for rest := group; len(rest) > 0; {
		part := nextBatch(rest, false)
		if part[0].batch != nil {
			part[0].batch.tell(part)
		}
		rest = rest[len(part):]
	}
	for _, r := range group {
		r.done <- r.err
	}
	return nil
}

// rollBack undoes tx. Where that fails the connection may still be inside a
// transaction, and is not used again.
func (w *writer) rollBack(tx transaction) error {
	err := tx.Rollback()
	if err != nil {
		w.disconnect()
	}
	return err
}

// endStatement sees that a statement over its limit has ended at the server. It
// fails when the server does not answer: then the server hangs, and the write was
// not slow.
func (w *writer) endStatement(rolledBack error) error {
	if w.db.dialect != MySQL {
		return rolledBack // cancelled before
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.db.commitLimit)
	defer cancel()
	return kill(ctx, w.db.writePool, w.id)
}
