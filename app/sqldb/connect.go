package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"
	_ "github.com/ncruces/go-sqlite3/driver" // "sqlite3"
)

const (
	sqliteFile  = "switchboard.db"
	readers     = 8
	busyTimeout = 5 * time.Second
	lockWait    = 500 * time.Millisecond

	// PostgreSQL's advisory locks: one process migrates; a writer may run alone.
	migrateLock = 728101
	writeLock   = 728102
)

// connect opens the pools: one for the writers, one for reads.
func connect(cfg Config) (d Dialect, writer, reader *sql.DB, err error) {
	scheme, _, _ := strings.Cut(cfg.URL, ":")
	switch scheme {
	case "":
		d = SQLite
		writer, reader, err = connectSQLite(cfg.DataDir, cfg.vfs)
	case "postgres", "postgresql":
		d = Postgres
		writer, reader, err = connectPostgres(cfg.URL)
	case "mysql":
		d = MySQL
		writer, reader, err = connectMySQL(cfg.URL)
	default:
		err = fmt.Errorf("sqldb: database url: scheme %q is not postgres or mysql", scheme)
	}
	if err != nil {
		return d, nil, nil, err
	}
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	return d, writer, reader, nil
}

func connectSQLite(dir, vfs string) (writer, reader *sql.DB, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("sqldb: %w", err)
	}
	if err := private(filepath.Join(dir, sqliteFile)); err != nil {
		return nil, nil, fmt.Errorf("sqldb: %w", err)
	}
	// FULL: a commit is on the disk when it returns. The writer stands still for a
	// checkpoint: one for 4,000 pages writes those once that changed often.
	if writer, err = openSQLite(filepath.Join(dir, sqliteFile), vfs, "journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(4000)", "foreign_keys(0)"); err != nil {
		return nil, nil, err
	}
	if reader, err = openSQLite(filepath.Join(dir, sqliteFile), vfs, "query_only(1)"); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	writer.SetMaxOpenConns(1)
	return writer, reader, nil
}

// private makes the file, where it is missing, one that its owner alone reads, and
// takes everybody else's right to one that is there. SQLite gives its other files the
// same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Chmod(name, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func openSQLite(path, vfs string, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_txlock": {"immediate"}}
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()))
	if vfs != "" {
		q.Set("vfs", vfs)
	}
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	return sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
}

func connectPostgres(raw string) (writer, reader *sql.DB, err error) {
	c, err := pgx.ParseConfig(raw)
	if err != nil {
		return nil, nil, errors.New("sqldb: database url: not a valid postgres url")
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = busyTimeout
	}
	// A statement over its time is cancelled at the server, so that it holds
	// no lock for longer; only a server that does not answer loses the connection.
	c.BuildContextWatcherHandler = func(pc *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: pc, DeadlineDelay: time.Second}
	}
	return stdlib.OpenDB(*c), stdlib.OpenDB(*c), nil
}

func connectMySQL(raw string) (writer, reader *sql.DB, err error) {
	c, err := mysqlConfig(raw)
	if err != nil {
		return nil, nil, errors.New("sqldb: database url: not a valid mysql url")
	}
	c.ClientFoundRows = true // an UPDATE counts the rows that match
	c.InterpolateParams = true
	c.Loc = time.UTC
	if c.Timeout == 0 {
		c.Timeout = busyTimeout
	}
	if c.ReadTimeout == 0 {
		c.ReadTimeout = 30 * time.Second
	}
	if c.Params == nil {
		c.Params = map[string]string{}
	}
	c.Params["innodb_lock_wait_timeout"] = "4"
	if err := c.Apply(mysql.Charset("utf8mb4", "utf8mb4_bin")); err != nil {
		return nil, nil, errors.New("sqldb: database url: not a valid mysql url")
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, nil, errors.New("sqldb: database url: not a valid mysql url")
	}
	timed := timedConnector{connector, c.Timeout}
	return sql.OpenDB(timed), sql.OpenDB(timed), nil
}

// timedConnector bounds the whole of connecting: the driver bounds the dialling, and
// a server that takes the connection may never answer on it.
type timedConnector struct {
	driver.Connector
	limit time.Duration
}

// Connect implements driver.Connector.
func (c timedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	return c.Connector.Connect(ctx)
}

// mysqlConfig reads mysql://user:password@host:port/database?option=value and,
// after the scheme, the driver's own user:password@tcp(host:port)/database.
func mysqlConfig(raw string) (*mysql.Config, error) {
	rest := strings.TrimPrefix(raw, "mysql://")
	if strings.Contains(rest, "(") {
		return mysql.ParseDSN(rest)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	host := u.Host
	if u.Port() == "" {
		host += ":3306"
	}
	c, err := mysql.ParseDSN(fmt.Sprintf("tcp(%s)%s?%s", host, u.EscapedPath(), u.RawQuery))
	if err != nil {
		return nil, err
	}
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	return c, nil
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

// owner is the pool that changes the schema: waits for locks are no conflict there.
func (db *DB) owner() *sql.DB {
	if db.dialect == SQLite {
		return db.writePool // the reader cannot write
	}
	return db.readPool
}

// lockMigrations holds off other processes until the returned function is called.
func (db *DB) lockMigrations(ctx context.Context, dir string) (unlock func(), err error) {
	pool, lock, free := db.readPool, fmt.Sprintf("SELECT pg_advisory_lock(%d)", migrateLock), fmt.Sprintf("SELECT pg_advisory_unlock(%d)", migrateLock)
	switch db.dialect {
	case SQLite:
		// A database of its own: the lock ends with the process that held it.
		if pool, err = openSQLite(filepath.Join(dir, "migrate.lock"), ""); err != nil {
			return nil, err
		}
		lock, free = "BEGIN EXCLUSIVE", "ROLLBACK"
	case MySQL:
		lock = "SELECT GET_LOCK(CONCAT(DATABASE(), '.switchboard'), 60)"
		free = "SELECT RELEASE_LOCK(CONCAT(DATABASE(), '.switchboard'))"
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	unlock = func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), free)
		_ = conn.Close()
		if db.dialect == SQLite {
			_ = pool.Close()
		}
	}
	if _, err = conn.ExecContext(ctx, lock); err != nil {
		unlock()
	}
	return unlock, err
}
