package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Tx is one write's view of a transaction that it may share with others. It is
// good only inside the function it was given to, on that goroutine. A statement
// that fails makes the whole write fail, also when its error is ignored.
type Tx struct {
	db   *database
	tx   transaction
	conn *writerConn
	now  time.Time // read once in a transaction

	// of the write that runs now
	ctx   context.Context // bounded by the write's limit, but for SQLite
	until time.Time       // SQLite: its driver would have a goroutine watch ctx beside each statement
	wrote bool
	err   error // the first statement that failed
	open  []*sql.Rows
}

// Dialect names the database.
func (tx *Tx) Dialect() Dialect { return tx.db.dialect }

// Exec runs a statement and returns how many rows it matched.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	tx.wrote = true
	if err := tx.ready(); err != nil {
		return 0, err
	}
	if t, ok := tx.tx.(*liteTx); ok {
		n, err := t.exec(query, args)
		err = wrap(err)
		tx.noteError(err)
		return n, err
	}
	res, err := tx.tx.ExecContext(tx.ctx, tx.db.dialect.rebind(query), args...)
	if err != nil {
		err = wrap(err)
		tx.noteError(err)
		return 0, err
	}
	return res.RowsAffected()
}

// Query reads inside the transaction. Rows left open are closed after the write.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	if err := tx.ready(); err != nil {
		return nil, err
	}
	var (
		rows *sql.Rows
		err  error
	)
	if st := tx.prepared(query); st != nil {
		rows, err = st.QueryContext(tx.ctx, args...)
	} else {
		rows, err = tx.tx.QueryContext(tx.ctx, tx.db.dialect.rebind(query), args...)
	}
	if err != nil {
		err = wrap(err)
		tx.noteError(err)
		return nil, err
	}
	tx.open = append(tx.open, rows)
	return rows, nil
}

// QueryRow reads one row inside the transaction.
func (tx *Tx) QueryRow(query string, args ...any) Row {
	return Row{tries: 1, tx: tx, read: func() *sql.Row {
		if st := tx.prepared(query); st != nil {
			return st.QueryRowContext(tx.ctx, args...)
		}
		return tx.tx.QueryRowContext(tx.ctx, tx.db.dialect.rebind(query), args...)
	}}
}

// Row is one row to be scanned. It is read by Scan, which has to follow.
type Row struct {
	ctx   context.Context
	end   context.CancelFunc // nil inside a write
	read  func() *sql.Row
	tries int
	tx    *Tx // nil outside a write
}

// Scan copies the columns; sql.ErrNoRows when there is no row.
func (r Row) Scan(dest ...any) (err error) {
	if r.tx != nil {
		if err = r.tx.ready(); err != nil {
			return err
		}
	} else {
		defer r.end()
	}
	for range r.tries {
		if err = r.read().Scan(dest...); !stale(err) {
			break
		}
	}
	err = wrap(err)
	if r.tx != nil {
		r.tx.noteError(err)
	}
	return err
}

// Now is the store's clock as the transaction saw it first.
func (tx *Tx) Now() (time.Time, error) {
	if !tx.now.IsZero() {
		return tx.now, nil
	}
	if tx.db.dialect == SQLite {
		tx.now = time.Now().UTC().Truncate(time.Microsecond)
		return tx.now, nil
	}
	var us int64
	if err := tx.QueryRow("SELECT " + tx.db.dialect.NowSQL()).Scan(&us); err != nil {
		return time.Time{}, err
	}
	tx.now = time.UnixMicro(us).UTC()
	return tx.now, nil
}

// prepared returns the writer's compiled statement, nil where the driver keeps
// its own or the statement does not compile (running it then says why).
func (tx *Tx) prepared(query string) *sql.Stmt {
	if tx.db.dialect != SQLite {
		return nil
	}
	return tx.conn.statement(tx.ctx, query)
}

// execControl runs a statement of the writer's own, outside of any write's limit.
func (tx *Tx) execControl(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), tx.db.commitLimit)
	defer cancel()
	if err := tx.catchUp(ctx); err != nil {
		return err
	}
	_, err := tx.tx.ExecContext(ctx, statement)
	return err
}

// noteError remembers the first failure of a statement.
func (tx *Tx) noteError(err error) {
	if tx.err == nil && err != nil && !errors.Is(err, sql.ErrNoRows) {
		tx.err = err
	}
}

// ready comes before each statement. It fails the write that is over its limit: a running
// statement of SQLite is not cut off, but none begins too late.
func (tx *Tx) ready() error {
	if !tx.until.IsZero() && time.Now().After(tx.until) {
		tx.noteError(ErrSlow)
		return ErrSlow
	}
	return tx.catchUp(tx.ctx)
}

// catchUp sends what PostgreSQL has not got yet of the transaction.
func (tx *Tx) catchUp(ctx context.Context) error {
	t, ok := tx.tx.(*pgTx)
	if !ok {
		return nil
	}
	err := wrap(t.catchUp(ctx))
	tx.noteError(err)
	return err
}

// runBounded runs one write and returns its error. A panic becomes an error.
func (tx *Tx) runBounded(run func() error) (err error) {
	ctx, cancel, until := context.Background(), func() {}, time.Time{}
	if tx.db.dialect == SQLite {
		until = time.Now().Add(tx.db.writeLimit)
	} else {
		ctx, cancel = context.WithTimeout(ctx, tx.db.writeLimit)
	}
	defer cancel()
	tx.ctx, tx.until, tx.wrote, tx.err, tx.open = ctx, until, false, nil, tx.open[:0]
	defer func() {
		for _, rows := range tx.open {
			_ = rows.Close()
		}
		if p := recover(); p != nil {
			tx.wrote, err = true, panicked(p)
		}
		if err == nil {
			err = tx.err
		}
		if err != nil && ctx.Err() != nil {
			err = errors.Join(ErrSlow, ctx.Err())
		}
	}()
	return run()
}

func panicked(p any) error { return fmt.Errorf("sqldb: write panicked: %v\n%s", p, debug.Stack()) }
