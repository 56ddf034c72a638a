package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// pgTx is a transaction whose begin and end go past database/sql, with its first
// statements and its last ones where those are pipelined: a round trip less for each.
type pgTx struct {
	*sql.Conn
	limit time.Duration // of the commit
	begun bool
	last  []Stmt // of Tx.Last, to be sent before anything else is
}

// beginAlone begins a transaction that no other writer's runs beside.
func (t *pgTx) beginAlone(ctx context.Context) error {
	t.begun = true
	_, err := t.execControl(ctx, fmt.Sprintf("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = %d; "+
		"SET LOCAL lock_timeout = %d; SELECT pg_advisory_xact_lock(%d)", idleLimit.Milliseconds(), aloneWait.Milliseconds(), writeLock))
	if err != nil {
		_ = t.Rollback()
	}
	return err
}

// beginStmts begin a transaction beside others. Two writes that wait for each other end
// after lock_timeout, before the server's second for deadlocks, and the first to give up
// is run again. Each waits for a random time: with the same one both would give up
// together, and meet again.
func (t *pgTx) beginStmts() []Stmt {
	wait := lockWait/2 + rand.N(lockWait)
	return []Stmt{
		{Query: "BEGIN ISOLATION LEVEL READ COMMITTED"},
		{Query: "SELECT set_config('idle_in_transaction_session_timeout', ?, true), " +
			"pg_advisory_xact_lock_shared(?), set_config('lock_timeout', ?, true)",
			Args: []any{fmt.Sprint(idleLimit.Milliseconds()), writeLock, fmt.Sprint(wait.Milliseconds())}},
	}
}

// pipeline sends statements behind those that had to come first, in one round trip.
func (t *pgTx) pipeline(ctx context.Context, stmts []Stmt) error {
	before := t.last
	if !t.begun {
		before = append(t.beginStmts(), before...)
	}
	t.begun, t.last = true, nil
	return t.sendBatch(ctx, append(before, stmts...))
}

// catchUp sends what has to come before a statement.
func (t *pgTx) catchUp(ctx context.Context) error {
	if t.begun && t.last == nil {
		return nil
	}
	return t.pipeline(ctx, nil)
}

func (t *pgTx) sendBatch(ctx context.Context, stmts []Stmt) error {
	var batch pgx.Batch
	for _, s := range stmts {
		queued := batch.Queue(Postgres.rebind(s.Query), s.Args...)
		if s.Row == nil {
			continue
		}
		queued.Query(func(rows pgx.Rows) error {
			for rows.Next() {
				if err := s.Row(pgRow{rows}); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	}
	return t.Raw(func(c any) error {
		return c.(*stdlib.Conn).Conn().SendBatch(ctx, &batch).Close()
	})
}

// Commit implements transaction. The commit is the end of a round trip in which the last
// statements run; when one of them fails, the server refuses the rest.
func (t *pgTx) Commit() error {
	ctx, cancel := context.WithTimeout(context.Background(), t.limit)
	defer cancel()
	switch {
	case t.last != nil:
		return t.pipeline(ctx, []Stmt{{Query: "COMMIT"}})
	case !t.begun:
		return nil // nothing was done
	}
	did, err := t.execControl(ctx, "COMMIT")
	if err == nil && did == "ROLLBACK" {
		err = pgx.ErrTxCommitRollback
	}
	return err
}

// Rollback implements transaction. A connection on which it fails is closed.
func (t *pgTx) Rollback() error {
	if !t.begun {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), rollbackLimit)
	defer cancel()
	_, err := t.execControl(ctx, "ROLLBACK")
	if err != nil {
		_ = t.Raw(func(c any) error { return c.(*stdlib.Conn).Conn().Close(ctx) })
	}
	return err
}

// execControl sends statements without arguments and returns what the last one did.
func (t *pgTx) execControl(ctx context.Context, query string) (did string, err error) {
	err = t.Raw(func(c any) error {
		tag, err := c.(*stdlib.Conn).Conn().Exec(ctx, query)
		did = tag.String()
		return err
	})
	return did, err
}
