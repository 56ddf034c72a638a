package sqldb

import (
	"context"
	"database/sql"
	"time"
)

// readLimit is how long a read may take whose context has no deadline.
const readLimit = 30 * time.Second

// Query reads what is committed. Placeholders are ? in every dialect. The
// caller closes the rows. Connections that died while they were idle are passed
// over: a read may be made again.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	ctx, end := db.bound(ctx)
	read := func() (*sql.Rows, error) { return db.readPool.QueryContext(ctx, db.dialect.rebind(query), args...) }
	if st := db.prepared(ctx, query); st != nil {
		read = func() (*sql.Rows, error) { return st.QueryContext(ctx, args...) }
	}
	var rows *sql.Rows
	var err error
	for range readers + 1 {
		if rows, err = read(); !stale(err) {
			break
		}
	}
	if err != nil {
		end()
		return nil, wrap(err)
	}
	return &Rows{rows, end}, nil
}

// bound gives a read an end where it has none: a server that hangs would keep it, and
// the loop that made it, for as long as the network lets it.
func (db *DB) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ends := ctx.Deadline(); ends || db.dialect == SQLite {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, db.readLimit)
}

// QueryRow reads one row of what is committed, like Query; its Scan answers
// sql.ErrNoRows when there is none.
func (db *DB) QueryRow(ctx context.Context, query string, args ...any) Row {
	ctx, end := db.bound(ctx)
	if st := db.prepared(ctx, query); st != nil {
		return Row{ctx: ctx, end: end, tries: readers + 1, read: func() *sql.Row { return st.QueryRowContext(ctx, args...) }}
	}
	query = db.dialect.rebind(query)
	return Row{ctx: ctx, end: end, tries: readers + 1, read: func() *sql.Row { return db.readPool.QueryRowContext(ctx, query, args...) }}
}

// prepared is query compiled for the readers; nil where the driver does so
// itself, or where it is one of too many.
func (db *DB) prepared(ctx context.Context, query string) *sql.Stmt {
	if db.dialect != SQLite {
		return nil
	}
	db.readMu.RLock()
	st, full := db.reads[query], len(db.reads) >= statements
	db.readMu.RUnlock()
	if st != nil || full {
		return st
	}
	db.readMu.Lock()
	defer db.readMu.Unlock()
	if st = db.reads[query]; st == nil {
		if fresh, err := db.readPool.PrepareContext(ctx, query); err == nil {
			st = fresh
			db.reads[query] = st
		}
	}
	return st
}

// Rows is what a read outside a write found.
type Rows struct {
	*sql.Rows
	end context.CancelFunc
}

// Close ends the read.
func (r *Rows) Close() error {
	defer r.end()
	return r.Rows.Close()
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
		if err = r.tx.overdue(); err != nil {
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
