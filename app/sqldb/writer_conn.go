package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
)

// statements is how many compiled ones of a kind a writer keeps.
const statements = 256

func (w *writer) connect(ctx context.Context) (err error) {
	if w.conn != nil {
		return nil
	}
	w.stmts, w.execs = make(map[string]*sql.Stmt), make(map[string]driver.Stmt)
	if w.conn, err = w.db.writePool.Conn(ctx); err != nil {
		return err
	}
	w.id, err = w.db.dialect.prepare(ctx, w.conn)
	return err
}

func (w *writer) disconnect() {
	for _, st := range w.stmts {
		_ = st.Close()
	}
	if w.conn != nil {
		_ = w.conn.Raw(func(any) error {
			for _, st := range w.execs {
				_ = st.Close()
			}
			return driver.ErrBadConn // not for the pool
		})
		_ = w.conn.Close()
	}
	w.conn, w.stmts, w.execs = nil, nil, nil
}

// statement compiles query once for the writer's connection.
func (w *writer) statement(ctx context.Context, query string) *sql.Stmt {
	if st := w.stmts[query]; st != nil {
		return st
	}
	st, err := w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	makeRoom(w.stmts)
	w.stmts[query] = st
	return st
}

// compiled is statement for what goes to the driver directly.
func (w *writer) compiled(conn driver.ConnPrepareContext, query string) (driver.Stmt, error) {
	if st := w.execs[query]; st != nil {
		return st, nil
	}
	st, err := conn.PrepareContext(context.Background(), query)
	if err == nil {
		makeRoom(w.execs)
		w.execs[query] = st
	}
	return st, err
}

// makeRoom closes one statement when there are as many as a writer keeps.
func makeRoom[S io.Closer](kept map[string]S) {
	if len(kept) < statements {
		return
	}
	for query, old := range kept {
		_ = old.Close()
		delete(kept, query)
		return
	}
}
