package sqldb

import (
	"database/sql"
	"errors"
	"fmt"

	"switchboard/app/problem"
)

// What can go wrong with the store itself. Test with errors.Is.
var (
	// ErrUnavailable: the database cannot be used now; nothing was written,
	// unless the error is ErrOutcomeUnknown as well.
	ErrUnavailable = problem.Masked(problem.Unavailable, "sqldb: database unavailable", "the store is unavailable; try again later")
	// ErrOutcomeUnknown: the commit was sent and its answer was lost, so the
	// whole write happened or none of it. It is an ErrUnavailable too.
	ErrOutcomeUnknown = problem.Masked(problem.InDoubt, "sqldb: commit outcome unknown", "the outcome is unknown: it may have been done")
	// ErrDuplicate: a unique key is taken; nothing was written.
	ErrDuplicate = errors.New("sqldb: duplicate key")
	// ErrSlow: the write held the store for longer than its limit and was
	// stopped; nothing was written.
	ErrSlow = problem.Masked(problem.Unavailable, "sqldb: write over its time limit", "the store is too slow; try again later")
	// ErrClosed: the store is closed; nothing was written.
	ErrClosed = problem.Masked(problem.Unavailable, "sqldb: closed", "this server is stopping; try again")
)

// wrap gives a driver's error the name that callers can test for.
func wrap(err error) error {
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows), errors.Is(err, ErrUnavailable):
		return err
	case duplicate(err):
		return fmt.Errorf("%w: %w", ErrDuplicate, err)
	case lost(err):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	default:
		return err
	}
}
