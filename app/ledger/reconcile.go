package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"switchboard/app/outbox"
	"switchboard/app/periodic"
	"switchboard/vendors"
)

// Recipe finds out what became of a write of app's that may have been executed at
// account: it reads back, lists, or repeats what that account's vendor
// de-duplicates. Success and a definite no settle the entry with what its caller is
// told from then on, and a vendors.ErrNotDone frees the key; every other error means that it is still not known. It may be
// called until Config.AskAgain is over. The write was not made before since, by the
// store's clock or this process's. told is the data of its first answer, such as rows of
// which only some are in doubt; nil: there was none. It is an alias, so that domains offer
// recipes without this package.
type Recipe = func(ctx context.Context, app, account string, since time.Time, payload, told []byte) (data any, err error)

const (
	sweepEvery = time.Second
	sweepLimit = 100         // entries looked at for one claim
	checkers   = 8           // vendors asked at once
	lastCheck  = time.Minute // between two checks at most
	checkTime  = 10 * time.Second
	checkLease = 2 * checkTime // after which an entry whose check has not ended is checked again

	// What ends without a key is archived in batches; a process that dies loses
	// at most what ended since the last one.
	flushEvery       = 200 * time.Millisecond
	archiveQueueSize = 4096
	archiveBatch     = 1000

	// keepFor is how long an ended entry, and so its key, is remembered, where its app says
	// nothing else, and how long a repeat may ask at most.
	keepFor    = 30 * 24 * time.Hour
	pruneEvery = 10 * time.Minute
	pruneRest  = 50 * time.Millisecond // after a portion
)

// Run archives what has ended and looks into what is in doubt until ctx ends; no
// Do may begin after that. Every replica may run one: each entry is checked by one
// of them at a time. An error means that ended entries were lost.
func (l *Ledger) Run(ctx context.Context) error {
	var tasks sync.WaitGroup
	// Vendors are asked beside the rest: a slow one holds up neither another one's
	// entries nor the archive.
	tasks.Go(func() { l.checks().Run(ctx) })
	tasks.Go(func() { periodic.Run(ctx, pruneEvery, l.logged("old entries not pruned", l.prune)) })
	periodic.Run(ctx, flushEvery, l.logged("ended entries not archived", l.flush))
	tasks.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTime)
	defer cancel()
	if err := l.flush(last); err != nil {
		return fmt.Errorf("ledger: %d entries lost: %w", len(l.unarchived)+len(l.queue), err)
	}
	return nil
}

// logged logs do's error as the message, unless ctx has ended.
func (l *Ledger) logged(message string, do func(context.Context) error) func(context.Context) {
	return func(ctx context.Context) {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			l.deps.Log.Warn(message, "error", err)
		}
	}
}

// flush archives what has ended. What the store refuses is tried again as it was,
// since it may be there all the same, until the queue is full and callers wait for
// the store themselves.
func (l *Ledger) flush(ctx context.Context) error {
	for {
		if len(l.unarchived) == 0 {
			for range min(archiveBatch, len(l.queue)) {
				l.unarchived = append(l.unarchived, *<-l.queue)
			}
		}
		if len(l.unarchived) == 0 {
			return nil
		}
		for keep, some := range l.byKeep(l.unarchived) {
			if err := l.deps.Archive.Add(ctx, some, keep); err != nil {
				return err
			}
		}
		l.unarchived = l.unarchived[:0]
	}
}

// byKeep parts entries by how long they are kept, since an archive ends as a whole.
func (l *Ledger) byKeep(entries []Entry) map[time.Duration][]Entry {
	parts := make(map[time.Duration][]Entry, 1)
	for _, e := range entries {
		keep := l.deps.Keep(e.App)
		parts[keep] = append(parts[keep], e)
	}
	return parts
}

// prune forgets what is old, in portions that hold the store for a short time, with
// pauses between them, so that other writes do not wait.
func (l *Ledger) prune(ctx context.Context) error {
	for {
		began := time.Now()
		more, err := l.deps.Store.Prune(ctx)
		if err != nil || !more {
			return err
		}
		select {
		case <-time.After(max(pruneRest, 9*time.Since(began))):
		case <-ctx.Done():
			return nil
		}
	}
}

// checks looks into every entry whose time has come.
func (l *Ledger) checks() outbox.Pool[Entry] {
	return outbox.Pool[Entry]{
		Workers: checkers, Poll: min(sweepEvery, l.cfg.FirstCheck), Claim: l.claim,
		Handle: func(ctx context.Context, e Entry) {
			if err := l.check(ctx, e); err != nil && ctx.Err() == nil {
				l.deps.Log.Warn("entry not checked", "entry", e.ID, "error", err)
			}
		},
		Failed: func(err error) { l.deps.Log.Warn("due entries not read", "error", err) },
	}
}

// claim takes at most limit due entries for this process, so that two replicas do
// not ask at once, and one that dies while asking leaves the entry to the others.
// An entry that nobody can be asked about is settled here.
func (l *Ledger) claim(ctx context.Context, limit int) (claimed []Entry, err error) {
	due, err := l.deps.Store.Due(ctx, sweepLimit)
	for _, e := range due {
		if err != nil || len(claimed) == limit {
			break
		}
		var mine bool
		if mine, err = l.take(ctx, &e); mine {
			claimed = append(claimed, e)
		}
	}
	return claimed, err
}

// take leases the entry, or gives it up when its time is over. It returns whether
// this process has to ask the vendor.
func (l *Ledger) take(ctx context.Context, e *Entry) (bool, error) {
	left := l.cfg.GiveUp - time.Since(e.Created)
	until := checkLease
	known := l.known(*e)
	if e.State == Open {
		e.State = Doubt // its process died; an open entry has no result to repeat
		e.Result = Result{Outcome: vendors.Ambiguous}
	}
	if !known {
		until = max(left, l.cfg.FirstCheck)
	}
	e.Checks++
	if left <= 0 && (!known || e.Checks > 1) {
		e.State = Unknown
		_, err := l.save(ctx, *e, 0)
		return false, err
	}
	ok, err := l.save(ctx, *e, until)
	e.Version++
	return ok && known, err
}

// wait is how long after a check the next one is due, by the checks before it.
func (l *Ledger) wait(checks int) time.Duration {
	return min(l.cfg.FirstCheck<<min(checks, 10), lastCheck)
}

// check asks the vendor of a claimed entry what became of the write.
func (l *Ledger) check(ctx context.Context, e Entry) (err error) {
	of := e.trace()
	ctx, end := l.deps.Spans.Begin(ctx, "ledger.check")
	defer func() { end(of, err) }()
	l.ask(ctx, &e)
	_, err = l.save(ctx, e, l.wait(e.Checks-1))
	return err
}

// trace is that of the request which made the write, where it was traced.
func (e Entry) trace() vendors.Trace {
	for _, s := range e.Steps {
		if s.Trace != "" {
			return vendors.Trace{Parent: s.Trace}
		}
	}
	return vendors.Trace{}
}

// tried is a moment before the write was made: an entry without a key is created
// when it has ended.
func (e Entry) tried() time.Time {
	if len(e.Steps) > 0 && e.Steps[0].At.Before(e.Created) {
		return e.Steps[0].At
	}
	return e.Created
}

// ask settles e in memory if its vendor knows what became of the write.
func (l *Ledger) ask(ctx context.Context, e *Entry) {
	journal := &vendors.Journal{}
	timed, cancel := context.WithTimeout(vendors.WithJournal(vendors.WithApp(ctx, e.App), journal), checkTime)
	defer cancel()
	data, err := l.deps.Recipes[e.Op](timed, e.App, e.Vendor, e.tried(), e.Payload, e.Result.Data)
	r := l.result(data, err)
	e.addSteps(journal.Steps())
	if r.Outcome == vendors.OK || r.Outcome == vendors.DefiniteNo {
		e.State, e.Result = stateOf(r.Outcome, err), r
	} else if errors.Is(err, vendors.ErrNotDone) {
		e.State, e.Result = Failed, r
	}
}
