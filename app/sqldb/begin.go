package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"
)

// transaction is what a writer runs writes in: a liteTx, a pgTx or a myTx. None is
// a *sql.Tx, whose commit no context bounds.
type transaction interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	Commit() error
	Rollback() error
}

// begin opens a transaction. All writers of all replicas hold one lock in common; a
// transaction that runs alone takes it exclusively, so that no other can conflict
// with it. The database serves both kinds in the order in which they asked.
func (w *writerConn) begin(ctx context.Context, alone bool) (transaction, error) {
	switch w.db.dialect {
	case Postgres:
		tx := &pgTx{Conn: w.conn, limit: w.db.commitLimit}
		if alone {
			return tx, tx.beginAlone(ctx)
		}
		return tx, nil // begins with its first statement
	case MySQL:
		return beginMySQL(ctx, &myTx{Conn: w.conn, limit: w.db.commitLimit}, alone)
	default:
		tx := &liteTx{Conn: w.conn, kept: w}
		return tx, tx.execControl("BEGIN IMMEDIATE") // takes the whole file
	}
}

// liteTx is a transaction of SQLite that calls the driver for everything but reads: a
// *sql.Tx compiles its begin and end each time, has a goroutine wait beside it,
// and locks around each statement.
type liteTx struct {
	*sql.Conn
	kept *writerConn
}

// Commit implements transaction.
func (t *liteTx) Commit() error { return t.execControl("COMMIT") }

// Rollback implements transaction. SQLite has ended some that failed by itself.
func (t *liteTx) Rollback() error { return t.execControl("ROLLBACK") }

func (t *liteTx) execControl(statement string) error {
	_, err := t.exec(statement, nil)
	return err
}

// exec runs a statement that the writer keeps compiled, and returns how many rows it changed.
func (t *liteTx) exec(query string, args []any) (changed int64, err error) {
	err = t.Raw(func(c any) error {
		st, err := t.kept.compiled(c.(driver.ConnPrepareContext), query)
		if err != nil {
			return err
		}
		values := t.kept.values[:0]
		for i, arg := range args {
			v, err := driver.DefaultParameterConverter.ConvertValue(arg)
			if err != nil {
				return err
			}
			values = append(values, driver.NamedValue{Ordinal: i + 1, Value: v})
		}
		t.kept.values = values
		res, err := st.(driver.StmtExecContext).ExecContext(context.Background(), values)
		if err != nil {
			return err
		}
		changed, err = res.RowsAffected()
		return err
	})
	return changed, err
}

func beginMySQL(ctx context.Context, tx *myTx, alone bool) (transaction, error) {
	if _, err := tx.ExecContext(ctx, "START TRANSACTION"); err != nil {
		return nil, err
	}
	lock := "SELECT id FROM write_lock WHERE id = 1 LOCK IN SHARE MODE"
	if alone {
		lock = "SELECT id FROM write_lock WHERE id = 1 FOR UPDATE"
	}
	if _, err := tx.ExecContext(ctx, lock); err != nil {
		_ = tx.Rollback()
		return nil, err
	}
	return tx, nil
}

// myTx is a transaction whose begin and end are statements like any other.
type myTx struct {
	*sql.Conn
	limit time.Duration // of the commit
}

// Commit implements transaction.
func (t *myTx) Commit() error { return t.execControl("COMMIT", t.limit) }

// Rollback implements transaction.
func (t *myTx) Rollback() error { return t.execControl("ROLLBACK", rollbackLimit) }

func (t *myTx) execControl(statement string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	_, err := t.ExecContext(ctx, statement)
	return err
}

const (
	// How long a server may take to roll back before its connection is given up.
	rollbackLimit = time.Second
	// How long a transaction waits to run alone, while all others wait behind it: the
	// process that holds the lock may have died without the server noticing yet.
	aloneWait = 2 * time.Second
	// After which the server ends the transaction of such a process.
	idleLimit = 10 * time.Second
)
