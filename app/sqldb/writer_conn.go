package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"strconv"
)

// statements is how many compiled ones of a kind a writer keeps.
const statements = 256

// writerConn is a writer's connection with what is compiled for it.
type writerConn struct {
	db *database

	conn   *sql.Conn              // nil: there is none now
	id     int64                  // of conn at the server, where a kill needs it
	stmts  map[string]*sql.Stmt   // reads of SQLite
	execs  map[string]driver.Stmt // writes of SQLite
	values []driver.NamedValue    // of the statement that runs
}

func (w *writerConn) connect(ctx context.Context) (err error) {
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

func (w *writerConn) disconnect() {
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
func (w *writerConn) statement(ctx context.Context, query string) *sql.Stmt {
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
func (w *writerConn) compiled(conn driver.ConnPrepareContext, query string) (driver.Stmt, error) {
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

// prepare readies a writer's connection, every statement of which sees what others
// have committed, and returns the id by which kill ends it.
func (d Dialect) prepare(ctx context.Context, conn *sql.Conn) (id int64, err error) {
	if d != MySQL {
		return 0, nil
	}
	if _, err = conn.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"); err != nil {
		return 0, err
	}
	err = conn.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&id)
	return id, err
}

// kill ends a connection whose statement ran over its time: MySQL goes on with the
// statement, and keeps its locks, after the client has left. It fails when the
// server does not answer; a connection that it does not know has ended.
func kill(ctx context.Context, pool *sql.DB, id int64) error {
	_, err := pool.ExecContext(ctx, "KILL "+strconv.FormatInt(id, 10))
	if _, answered := serverCode(err); answered {
		return nil
	}
	return err
}
