package ledger

import (
	"context"
	"fmt"
	"time"

	"switchboard/vendors"
)

// Recipe finds out what became of a write of app's that may have been executed at
// account: it reads back, lists, or repeats what that account's vendor
// de-duplicates. Success and a definite no settle the entry with what its caller is
// told from then on; every other error means that it is still not known. It is an
// alias, so that domains offer recipes without this package.
type Recipe = func(ctx context.Context, app, account string, payload []byte) (data any, err error)

const (
	sweepEvery = time.Second
	sweepLimit = 100
	lastCheck  = time.Minute // between two checks at most
	checkTime  = 10 * time.Second

	// What ends without a key is archived in batches; a process that dies loses
	// at most what ended since the last one.
	flushEvery       = 200 * time.Millisecond
	archiveQueueSize = 4096
	archiveBatch     = 1000

	// keepFor is how long an ended entry, and so its key, is remembered.
	keepFor    = 30 * 24 * time.Hour
	pruneEvery = 10 * time.Minute
)

// Run archives what has ended and looks into what is in doubt until ctx ends; no
// Do may begin after that. Every replica may run one: each entry is checked by one
// of them at a time. An error means that ended entries were lost.
func (l *Ledger) Run(ctx context.Context) error {
	tick := time.NewTicker(min(sweepEvery, l.cfg.FirstCheck))
	defer tick.Stop()
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	prune := time.NewTicker(pruneEvery)
	defer prune.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTime)
			defer cancel()
			if err := l.flush(last); err != nil {
				return fmt.Errorf("ledger: %d entries lost: %w", len(l.unarchived)+len(l.queue), err)
			}
			return nil
		case <-flush.C:
			err = l.flush(ctx)
		case <-tick.C:
			_, err = l.Sweep(ctx)
		case <-prune.C:
			err = l.prune(ctx)
		}
		if err != nil && ctx.Err() == nil {
			l.deps.Log.Warn("ledger upkeep failed", "error", err)
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
				l.unarchived = append(l.unarchived, <-l.queue)
			}
		}
		if len(l.unarchived) == 0 {
			return nil
		}
		if err := l.deps.Archive.Add(ctx, l.unarchived, keepFor); err != nil {
			return err
		}
		l.unarchived = l.unarchived[:0]
	}
}

// prune forgets what is old, in portions that hold the store for a short time.
func (l *Ledger) prune(ctx context.Context) error {
	for {
		more, err := l.deps.Store.Prune(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// Sweep looks once into every entry whose time has come, and returns how many
// it found.
func (l *Ledger) Sweep(ctx context.Context) (int, error) {
	due, err := l.deps.Store.Due(ctx, sweepLimit)
	if err != nil {
		return 0, err
	}
	for _, e := range due {
		if err := l.check(ctx, e); err != nil {
			return len(due), err
		}
	}
	return len(due), nil
}

// check takes the entry for itself first, so that two replicas do not ask at
// once, and a process that dies while asking leaves it to the others.
func (l *Ledger) check(ctx context.Context, e Entry) error {
	left := l.cfg.GiveUp - time.Since(e.Created)
	pause := min(l.cfg.FirstCheck<<min(e.Checks, 10), lastCheck)
	recipe := l.deps.Recipes[e.Op]
	if e.State == Open {
		e.State = Doubt // its process died; an open entry has no result to repeat
		e.Result = Result{Outcome: vendors.Ambiguous}
	}
	if e.Vendor == "" || recipe == nil {
		recipe = nil
		pause = max(left, l.cfg.FirstCheck)
	}
	e.Checks++
	if left <= 0 && (recipe == nil || e.Checks > 1) {
		e.State = Unknown
		_, err := l.save(ctx, e, 0)
		return err
	}
	ok, err := l.save(ctx, e, pause)
	if err != nil || !ok || recipe == nil {
		return err
	}
	e.Version++
	journal := &vendors.Journal{}
	timed, cancel := context.WithTimeout(vendors.WithJournal(ctx, journal), checkTime)
	defer cancel()
	r := l.result(recipe(timed, e.App, e.Vendor, e.Payload))
	e.addSteps(journal.Steps())
	if r.Outcome == vendors.OK || r.Outcome == vendors.DefiniteNo {
		e.State, e.Result = stateOf(r.Outcome), r
	}
	_, err = l.save(ctx, e, pause)
	return err
}
