package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
)

// statements is how many compiled ones of a kind a lane keeps.
const statements = 256

func (l *lane) connect(ctx context.Context) (err error) {
	if err := l.wal.err(); err != nil || l.conn != nil {
		return err
	}
	l.stmts, l.execs = make(map[string]*sql.Stmt), make(map[string]driver.Stmt)
	if l.conn, err = l.db.writer.Conn(ctx); err != nil {
		return err
	}
	l.id, err = l.db.dialect.prepare(ctx, l.conn)
	return err
}

func (l *lane) disconnect() {
	for _, st := range l.stmts {
		_ = st.Close()
	}
	if l.wal != nil {
		l.wal.release()
	}
	if l.conn != nil {
		_ = l.conn.Raw(func(any) error {
			for _, st := range l.execs {
				_ = st.Close()
			}
			return driver.ErrBadConn // not for the pool
		})
		_ = l.conn.Close()
	}
	l.conn, l.stmts, l.execs = nil, nil, nil
}

// statement compiles query once for the lane's connection.
func (l *lane) statement(ctx context.Context, query string) *sql.Stmt {
	if st := l.stmts[query]; st != nil {
		return st
	}
	st, err := l.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	makeRoom(l.stmts)
	l.stmts[query] = st
	return st
}

// compiled is statement for what goes past database/sql.
func (l *lane) compiled(conn driver.ConnPrepareContext, query string) (driver.Stmt, error) {
	if st := l.execs[query]; st != nil {
		return st, nil
	}
	st, err := conn.PrepareContext(context.Background(), query)
	if err == nil {
		makeRoom(l.execs)
		l.execs[query] = st
	}
	return st, err
}

// makeRoom closes one statement when there are as many as a lane keeps.
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
