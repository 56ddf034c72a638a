package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"
)

// Dialect is a database's SQL. All that differs is in this file and, for what comes
// before any statement, in connect.go, writer_conn.go and begin.go.
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
	MySQL    Dialect = "mysql"
)

// rebind turns ? into the dialect's placeholders, inside literals too: values are
// always bound.
func (d Dialect) rebind(query string) string {
	if d != Postgres || !strings.Contains(query, "?") {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 16)
	for n := 1; ; n++ {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		query = after
	}
}

// Insert is an INSERT of so many rows.
func (d Dialect) Insert(table string, rows int, cols ...string) string {
	return "INSERT INTO " + values(table, rows, cols)
}

// InsertIgnore is Insert that passes over rows whose key is taken; the count of
// rows tells how many were new. On MySQL it would also cut values that do not
// fit: check sizes first.
func (d Dialect) InsertIgnore(table string, rows int, cols ...string) string {
	if d == MySQL {
		return "INSERT IGNORE INTO " + values(table, rows, cols)
	}
	return "INSERT INTO " + values(table, rows, cols) + " ON CONFLICT DO NOTHING"
}

// Upsert is Insert that overwrites the columns update where the unique columns
// key (comma-separated) are taken. PostgreSQL refuses two rows of one key.
func (d Dialect) Upsert(table string, rows int, key string, update []string, cols ...string) string {
	sets := make([]string, len(update))
	for i, c := range update {
		if d == MySQL {
			sets[i] = c + " = VALUES(" + c + ")"
		} else {
			sets[i] = c + " = excluded." + c
		}
	}
	head := " ON CONFLICT (" + key + ") DO UPDATE SET "
	if d == MySQL {
		head = " ON DUPLICATE KEY UPDATE "
	}
	return "INSERT INTO " + values(table, rows, cols) + head + strings.Join(sets, ", ")
}

func values(table string, rows int, cols []string) string {
	return table + " (" + strings.Join(cols, ", ") + ") VALUES " +
		strings.TrimSuffix(strings.Repeat("("+Marks(len(cols))+"), ", rows), ", ")
}

// PerDialect is a statement in every dialect, for those that are made often.
func PerDialect(statement func(Dialect) string) map[Dialect]string {
	return map[Dialect]string{SQLite: statement(SQLite), Postgres: statement(Postgres), MySQL: statement(MySQL)}
}

// Marks is n placeholders: "?, ?, ?".
func Marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// maxInsertRows is how many of n rows one INSERT takes. SQLite compiles statements,
// which are found again when they come in few sizes, and its driver compares each
// value with all others of the statement; across a network fewer statements count
// for more.
func (d Dialect) maxInsertRows(n, cols int) int {
	if d != SQLite {
		return min(n, 64)
	}
	size := 256
	for size > 1 && (size > n || size*cols > 256) {
		size /= 4
	}
	return size
}

// ForUpdate ends a SELECT that locks its rows until the commit.
func (d Dialect) ForUpdate() string {
	if d == SQLite {
		return "" // the one writer has the whole file
	}
	return " FOR UPDATE"
}

// SkipLocked ends a SELECT that claims rows which no other replica has claimed.
func (d Dialect) SkipLocked() string {
	if d == SQLite {
		return ""
	}
	return " FOR UPDATE SKIP LOCKED"
}

// NowSQL is the store's clock as an expression: Unix microseconds.
func (d Dialect) NowSQL() string {
	switch d {
	case Postgres:
		return "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
	case MySQL:
		return "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)"
	default:
		return "CAST(unixepoch('subsec') * 1000000 AS INTEGER)" // steps of 1 ms
	}
}

// retriable: the database undid the transaction or the statement because of
// another transaction; the same again may pass.
func retriable(err error) bool {
	if code, ok := serverCode(err); ok {
		switch code {
		case "40001", "40P01", "55P03", "1213", "1205", "1020",
			sqliteCode(sqlite3.BUSY), sqliteCode(sqlite3.LOCKED):
			return true
		}
	}
	return false
}

func duplicate(err error) bool {
	code, _ := serverCode(err)
	return code == "23505" || code == "1062"
}

// refusedCommit: the server itself says that nothing was committed.
func refusedCommit(err error) bool {
	if errors.Is(err, pgx.ErrTxCommitRollback) {
		return true
	}
	code, ok := serverCode(err)
	return ok && !unavailableCode(code) && code != sqliteCode(sqlite3.IOERR)
}

// full: SQLite found no room for the commit's pages, the last of which makes it count.
func full(err error) bool {
	code, _ := serverCode(err)
	return code == sqliteCode(sqlite3.FULL)
}

// lost: the connection or the database itself is of no use.
func lost(err error) bool {
	if code, ok := serverCode(err); ok {
		return unavailableCode(code)
	}
	var network net.Error
	var refused *pgconn.ConnectError
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, mysql.ErrInvalidConn) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &refused) || pgconn.SafeToRetry(err) ||
		(errors.As(err, &network) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded))
}

// hangs: the server, or the network, did not answer within the time limit.
func hangs(err error) bool {
	var timed net.Error // context.DeadlineExceeded is one
	_, answered := serverCode(err)
	return !answered && errors.As(err, &timed) && timed.Timeout()
}

// stale: the connection was lost, and another one may be there or be made.
func stale(err error) bool {
	if err == nil {
		return false
	}
	var refused *pgconn.ConnectError
	var network *net.OpError
	dialled := errors.As(err, &refused) || errors.As(err, &network) && network.Op == "dial"
	_, answered := serverCode(err)
	return !dialled && !answered && !hangs(err) && lost(err)
}

func unavailableCode(code string) bool {
	switch code {
	case "53300", "57P01", "57P02", "57P03", "25006", // postgres: full, stopping, starting, standby
		"1040", "1053", "1290", "1836", // mysql: full, stopping, read only
		sqliteCode(sqlite3.CANTOPEN), sqliteCode(sqlite3.IOERR), sqliteCode(sqlite3.FULL),
		sqliteCode(sqlite3.READONLY), sqliteCode(sqlite3.CORRUPT), sqliteCode(sqlite3.NOTADB):
		return true
	}
	return strings.HasPrefix(code, "08") && len(code) == 5
}

func sqliteCode(code sqlite3.ErrorCode) string { return "sqlite" + strconv.Itoa(int(code)) }

// serverCode is the database's own code, in the words of this file.
func serverCode(err error) (string, bool) {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code, true
	}
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return strconv.Itoa(int(my.Number)), true
	}
	var lite sqlite3.ExtendedErrorCode
	if errors.As(err, &lite) {
		switch lite {
		case sqlite3.CONSTRAINT_UNIQUE, sqlite3.CONSTRAINT_PRIMARYKEY, sqlite3.CONSTRAINT_ROWID:
			return "23505", true
		}
		return sqliteCode(lite.Code()), true
	}
	return "", false
}
