package sqldb

import "errors"

// outcome says what became of one run of a group.
type outcome int

const (
	committed     outcome = iota // and answered, or about to be
	splitAndRetry                // rolled back: one write's failure has to be kept apart
	conflict                     // rolled back by the database: run again
	connLost                     // no usable connection: nothing was written
	noAnswer                     // the server did not answer in time before the commit: nothing was written
	unknown                      // the commit's answer was lost
)

// nextBatch is the writes that run together: all items in a row of one batch, else one.
func nextBatch(group []*request, isolated bool) []*request {
	n := 1
	for !isolated && group[0].batch != nil && n < len(group) && group[n].batch == group[0].batch {
		n++
	}
	return group[:n]
}

// runWrite runs one write, or the items of one batch, and sets their errors.
func (tx *Tx) runWrite(part []*request, isolated bool) (outcome, error) {
	if isolated {
		if err := tx.execControl("SAVEPOINT w"); err != nil {
			return rolledBack(err), err
		}
	}
	err := tx.runBounded(func() (err error) {
		if part[0].batch != nil {
			err = part[0].batch.runAll(tx, part)
		} else {
			err = part[0].run(tx)
		}
		if err == nil && isolated {
			err = tx.catchUp(tx.ctx) // what fails is this write's
		}
		return err
	})
	switch {
	case err == nil && isolated:
		err = tx.execControl("RELEASE SAVEPOINT w")
		return rolledBack(err), err
	case err == nil:
		return committed, nil
	case errors.Is(err, ErrSlow):
		if len(part) == 1 {
			part[0].err = err
		}
		return splitAndRetry, err
	case tx.err != nil && rolledBack(tx.err) != splitAndRetry:
		return rolledBack(tx.err), tx.err
	case isolated:
		part[0].err = err
		tx.forgetLast()
		if err = tx.execControl("ROLLBACK TO SAVEPOINT w"); hangs(err) {
			return noAnswer, err
		} else if err != nil {
			return conflict, err
		}
		return committed, nil
	case tx.wrote || tx.err != nil || len(part) > 1:
		return splitAndRetry, err
	default: // refused before it wrote anything
		part[0].err = err
		return committed, nil
	}
}

// rolledBack reads the outcome from a statement's error.
func rolledBack(err error) outcome {
	switch {
	case err == nil:
		return committed
	case retriable(err):
		return conflict
	case hangs(err):
		return noAnswer
	case lost(err):
		return connLost
	default:
		return splitAndRetry
	}
}

// commitOutcome reads the outcome from a commit's error: only a database that
// says that it rolled back is believed.
func commitOutcome(err error) outcome {
	switch {
	case retriable(err):
		return conflict
	case full(err):
		return connLost
	case refusedCommit(err):
		return splitAndRetry
	default:
		return unknown
	}
}
