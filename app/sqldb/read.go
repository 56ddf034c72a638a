package sqldb

import (
	"context"
	"database/sql"
	"sync"
)

// reader reads what is committed.
type reader struct {
	db *database

	mu    sync.RWMutex // guards stmts
	stmts map[string]*sql.Stmt
}

func newReader(db *database) *reader { return &reader{db: db, stmts: map[string]*sql.Stmt{}} }

// Query reads what is committed. Placeholders are ? in every dialect. The
// caller closes the rows. Connections that died while they were idle are passed
// over: a read may be made again.
func (r *reader) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	ctx, end := r.bound(ctx)
	read := func() (*sql.Rows, error) { return r.db.readPool.QueryContext(ctx, r.db.dialect.rebind(query), args...) }
	if st := r.prepared(ctx, query); st != nil {
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
func (r *reader) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ends := ctx.Deadline(); ends || r.db.dialect == SQLite {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, r.db.readLimit)
}

// QueryRow reads one row of what is committed, like Query; its Scan answers
// sql.ErrNoRows when there is none.
func (r *reader) QueryRow(ctx context.Context, query string, args ...any) Row {
	ctx, end := r.bound(ctx)
	if st := r.prepared(ctx, query); st != nil {
		return Row{ctx: ctx, end: end, tries: readers + 1, read: func() *sql.Row { return st.QueryRowContext(ctx, args...) }}
	}
	query = r.db.dialect.rebind(query)
	return Row{ctx: ctx, end: end, tries: readers + 1, read: func() *sql.Row { return r.db.readPool.QueryRowContext(ctx, query, args...) }}
}

// prepared is query compiled for the readers; nil where the driver does so
// itself, or where it is one of too many.
func (r *reader) prepared(ctx context.Context, query string) *sql.Stmt {
	if r.db.dialect != SQLite {
		return nil
	}
	r.mu.RLock()
	st, full := r.stmts[query], len(r.stmts) >= statements
	r.mu.RUnlock()
	if st != nil || full {
		return st
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if st = r.stmts[query]; st == nil {
		if fresh, err := r.db.readPool.PrepareContext(ctx, query); err == nil {
			st = fresh
			r.stmts[query] = st
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
