package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

const (
	laneQueue   = 4096                   // writes that wait; more block their callers
	laneGroup   = 512                    // writes in one transaction
	laneSpell   = 200 * time.Millisecond // after which a transaction takes no more of its group
	laneTries   = 6                      // runs of one group that keeps meeting conflicts
	aloneAfter  = 2                      // of them, after which it runs with no other group at its side
	lostTries   = 3                      // runs of one group that keeps losing its connection
	laneBackoff = 10 * time.Millisecond  // times the runs so far, with full jitter
	commitLimit = 4 * time.Second        // for a commit's answer; with a write's turn it stays under a request's usual 10 s
)

// lane is one connection that writes. It takes all writes that wait, runs them
// in one transaction and sees that each is answered after the commit.
type lane struct {
	db      *DB
	wal     *wal // nil where a commit is durable by itself
	queue   chan *request
	stopped chan struct{}

	// owned by the goroutine of run
	conn   *sql.Conn
	id     int64                  // of conn at the server, where a kill needs it
	stmts  map[string]*sql.Stmt   // reads of SQLite
	execs  map[string]driver.Stmt // writes of SQLite
	values []driver.NamedValue    // of the statement that runs
}

func startLane(db *DB) *lane {
	l := &lane{db: db, wal: db.wal, queue: make(chan *request, laneQueue), stopped: make(chan struct{})}
	go l.run()
	return l
}

func (l *lane) run() {
	defer close(l.stopped)
	if l.wal != nil {
		defer l.wal.stop()
	}
	defer l.disconnect()
	for first := range l.queue {
		l.wal.expect(true)
		if group := l.gather(first); len(group) > 0 {
			l.settle(group)
		}
		l.wal.expect(len(l.queue) > 0)
	}
}

// gather takes first and what waits behind it, until there are enough to begin
// beside a sync. Writes are ordered by key, so that two lanes or replicas lock
// shared rows in the same order; writes of one key keep their own order.
func (l *lane) gather(first *request) (group []*request) {
	for next, open := first, true; open; {
		if next != nil && next.take() {
			group = append(group, next)
		}
		group = l.giveWay(group)
		synced := l.wal.busy(len(group))
		if synced == nil {
			break
		}
		l.wal.expect(false)
		select {
		case next, open = <-l.queue:
		case <-synced:
			next = nil
		}
		l.wal.expect(true)
	}
	slices.SortStableFunc(group, func(a, b *request) int { return strings.Compare(a.key, b.key) })
	return group
}

// giveWay adds the writes that wait to group, until a turn of the scheduler brings
// nothing: those who are about to write were answered together, and a commit
// costs the same for all of them.
func (l *lane) giveWay(group []*request) []*request {
	for before := -1; len(group) > before; {
		before = len(group)
		runtime.Gosched()
		group = l.drain(group, min(laneGroup, l.wal.share(len(group)+len(l.queue))))
	}
	return group
}

// drain adds the writes that wait to group, up to most.
func (l *lane) drain(group []*request, most int) []*request {
	for len(group) < most {
		select {
		case r, open := <-l.queue:
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

// verdict says what became of one run of a group.
type verdict int

const (
	committed verdict = iota // and answered, or about to be
	spoiled                  // rolled back: one write's failure has to be kept apart
	conflict                 // rolled back by the database: run again
	dropped                  // no usable connection: nothing was written
	hung                     // the server said nothing for too long before the commit: nothing was written
	unknown                  // the commit's answer was lost
)

// settle runs the group until every write in it has an answer.
func (l *lane) settle(group []*request) {
	isolated := false
	for tries, losses, conflicts := 1, 0, 0; len(group) > 0; tries++ {
		ran, v, cause := l.try(group, isolated, conflicts >= aloneAfter)
		switch {
		case v == committed:
			group, tries, losses, conflicts = group[ran:], 0, 0, 0
			continue
		case v == spoiled:
			isolated = true
			l.db.stats.isolated.Add(1)
		case v == unknown:
			l.disconnect()
			answer(group[:ran], fmt.Errorf("%w: %w: %w", ErrUnavailable, ErrOutcomeUnknown, cause))
			group, tries = group[ran:], 0
			continue
		case v == hung: // those who wait have no time for another
			l.disconnect()
			answer(group, fmt.Errorf("%w: %w", ErrUnavailable, cause))
			return
		case v == dropped:
			l.disconnect()
			losses++
			l.db.stats.retries.Add(1)
		case v == conflict:
			conflicts++
			l.db.stats.retries.Add(1)
		}
		group = withoutSlow(group)
		if tries >= laneTries || losses >= lostTries {
			answer(group, fmt.Errorf("%w: %w", ErrUnavailable, cause))
			return
		}
		if v != spoiled {
			time.Sleep(rand.N(time.Duration(tries) * laneBackoff))
		}
	}
}

// withoutSlow answers the writes that were stopped for being slow: they are not
// run again, or they would hold up the others as often.
func withoutSlow(group []*request) []*request {
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

// try runs the group, or as much of it as fits in laneSpell, in one transaction
// and says how many writes took part. Isolated: each write behind a savepoint.
// Alone: beside no other lane's transaction.
func (l *lane) try(group []*request, isolated, alone bool) (ran int, v verdict, cause error) {
	ctx, cancel := context.WithTimeout(context.Background(), laneSpell+l.db.turn+l.db.commitLimit)
	defer cancel()
	for _, r := range group {
		r.err = nil
	}
	if err := l.connect(ctx); err != nil {
		if hangs(err) {
			return 0, hung, err
		}
		return 0, dropped, err
	}
	begun, err := l.begin(ctx, alone)
	if err != nil {
		return 0, rolledBack(err), err
	}
	tx := &Tx{db: l.db, tx: begun, lane: l}
	start, wrote := time.Now(), false
	for ran < len(group) && (ran == 0 || time.Since(start) < laneSpell) {
		part := next(group[ran:], isolated)
		if v, cause = tx.part(part, isolated); v != committed {
			err := l.rollBack(begun)
			if errors.Is(cause, ErrSlow) {
				if err = l.stop(err); err != nil {
					return ran, hung, fmt.Errorf("no answer to the end of a write over its time: %w", err)
				}
			}
			return ran, v, cause
		}
		ran += len(part)
		wrote = wrote || tx.wrote
	}
	if err := l.commit(begun, group[:ran], wrote); err != nil {
		_ = l.rollBack(begun) // SQLite keeps the transaction after a busy commit
		return ran, commitVerdict(err), err
	}
	l.wal.ran(ran, time.Since(start))
	return ran, committed, nil
}

// commit makes the group's work durable and answers it; SQLite's, once the log is synced.
func (l *lane) commit(begun transaction, group []*request, wrote bool) error {
	if l.wal != nil {
		l.wal.begun.Add(1)
	}
	err := begun.Commit()
	if err == nil {
		l.db.stats.commits.Add(1)
		l.db.stats.writes.Add(int64(len(group)))
	} else {
		group = nil
	}
	if l.wal != nil {
		l.wal.land(wrote, group, len(l.queue) > 0)
		return err
	}
	for _, r := range group {
		r.done <- r.err
	}
	return err
}

// rollBack undoes tx. Where that fails the connection may still be inside a
// transaction, and is not used again.
func (l *lane) rollBack(tx transaction) error {
	err := tx.Rollback()
	if err != nil {
		l.disconnect()
	}
	return err
}

// stop sees that a statement over its time has ended at the server. It fails when
// the server does not answer: then the server hangs, and the write was not slow.
func (l *lane) stop(rolledBack error) error {
	if l.db.dialect != MySQL {
		return rolledBack // cancelled before
	}
	ctx, cancel := context.WithTimeout(context.Background(), l.db.commitLimit)
	defer cancel()
	return kill(ctx, l.db.writer, l.id)
}

// next is the writes that run together: all items in a row of one batch, else one.
func next(group []*request, isolated bool) []*request {
	n := 1
	for !isolated && group[0].batch != nil && n < len(group) && group[n].batch == group[0].batch {
		n++
	}
	return group[:n]
}

// part runs one write, or the items of one batch, and sets their errors.
func (tx *Tx) part(part []*request, isolated bool) (verdict, error) {
	if isolated {
		if err := tx.say("SAVEPOINT w"); err != nil {
			return rolledBack(err), err
		}
	}
	err := tx.turn(func() error {
		if part[0].batch != nil {
			return part[0].batch.runAll(tx, part)
		}
		return part[0].run(tx)
	})
	switch {
	case err == nil && isolated:
		err = tx.say("RELEASE SAVEPOINT w")
		return rolledBack(err), err
	case err == nil:
		return committed, nil
	case errors.Is(err, ErrSlow):
		if len(part) == 1 {
			part[0].err = err
		}
		return spoiled, err
	case tx.err != nil && rolledBack(tx.err) != spoiled:
		return rolledBack(tx.err), tx.err
	case isolated:
		part[0].err = err
		if err = tx.say("ROLLBACK TO SAVEPOINT w"); hangs(err) {
			return hung, err
		} else if err != nil {
			return conflict, err
		}
		return committed, nil
	case tx.wrote || tx.err != nil || len(part) > 1:
		return spoiled, err
	default: // refused before it wrote anything
		part[0].err = err
		return committed, nil
	}
}

// rolledBack reads the verdict from a statement's error.
func rolledBack(err error) verdict {
	switch {
	case err == nil:
		return committed
	case retriable(err):
		return conflict
	case hangs(err):
		return hung
	case lost(err):
		return dropped
	default:
		return spoiled
	}
}

// commitVerdict reads the verdict from a commit's error: only a database that
// says that it rolled back is believed.
func commitVerdict(err error) verdict {
	switch {
	case retriable(err):
		return conflict
	case full(err):
		return dropped
	case refusedCommit(err):
		return spoiled
	default:
		return unknown
	}
}

func panicked(p any) error { return fmt.Errorf("sqldb: write panicked: %v\n%s", p, debug.Stack()) }
