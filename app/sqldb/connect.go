package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
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
	readers     = 8
	busyTimeout = 5 * time.Second
	commitLimit = 4 * time.Second  // for a commit's answer; with a write's limit it stays under a request's usual 10 s
	readLimit   = 30 * time.Second // for a read whose context has no deadline
	lockWait    = 500 * time.Millisecond

	// PostgreSQL's advisory locks: one process migrates; a writer may run alone.
	migrateLock = 728101
	writeLock   = 728102
)

// Config says where the state is. URL empty: a SQLite file in DataDir, which is
// made when missing; else postgres://... or mysql://user:password@host/database.
type Config struct {
	URL     string
	DataDir string
	// WriteLimit is how long one write may hold the store; zero: 5 s.
	WriteLimit time.Duration
	// Writers is how many connections write at once; zero: 4. SQLite has one.
	Writers int
	// Serve makes this the one process that serves a SQLite file: ErrServed when another
	// does. Without it any process may open the file, for as long as its task takes.
	Serve bool
	// Observe is told of every write when it is answered, from many goroutines at once;
	// nil: nobody listens.
	Observe func(ctx context.Context, began time.Time, err error) `json:"-"`

	vfs string // SQLite's, of tests
}

// Validate says whether the URL can be one of a database; it connects to none.
func (c Config) Validate() error {
	if c.URL == "" {
		return nil
	}
	d, err := connect(c)
	if err != nil {
		return err
	}
	return d.closePools()
}

// database is what all readers and writers share: the pools and the time limits.
type database struct {
	dialect   Dialect
	writePool *sql.DB
	readPool  *sql.DB
	unlock    func() error // of the one who serves a SQLite file; else nil

	// Those of the constants and of Config, but for tests.
	writeLimit, commitLimit, readLimit time.Duration
}

// PlainHosts are the hosts at which the URL lets the database be spoken to without TLS.
// A URL that is not valid has none.
func (c Config) PlainHosts() (hosts []string) {
	switch scheme, _, _ := strings.Cut(c.URL, ":"); scheme {
	case "postgres", "postgresql":
		p, err := pgx.ParseConfig(c.URL)
		if err != nil {
			return nil
		}
		tries := append([]*pgconn.FallbackConfig{{Host: p.Host, TLSConfig: p.TLSConfig}}, p.Fallbacks...)
		for _, try := range tries {
			if try.TLSConfig == nil && !strings.HasPrefix(try.Host, "/") { // a path is a socket of this machine
				hosts = append(hosts, try.Host)
			}
		}
	case "mysql":
		m, err := mysqlConfig(c.URL)
		if err != nil || m.Net != "tcp" || m.TLS != nil && !m.AllowFallbackToPlaintext {
			return nil
		}
		if host, _, err := net.SplitHostPort(m.Addr); err == nil {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// connect opens the pools: one for the writers, one for reads.
func connect(cfg Config) (*database, error) {
	d := &database{writeLimit: cfg.WriteLimit, commitLimit: commitLimit, readLimit: readLimit}
	var err error
	scheme, _, _ := strings.Cut(cfg.URL, ":")
	switch scheme {
	case "":
		d.dialect = SQLite
		d.writePool, d.readPool, err = connectSQLite(cfg.DataDir, cfg.vfs)
	case "postgres", "postgresql":
		d.dialect = Postgres
		d.writePool, d.readPool, err = connectPostgres(cfg.URL)
	case "mysql":
		d.dialect = MySQL
		d.writePool, d.readPool, err = connectMySQL(cfg.URL)
	default:
		err = errors.New("sqldb: database url: want postgres:// or mysql:// and an address") // what stands there may be a secret
	}
	if err != nil {
		return nil, err
	}
	d.readPool.SetMaxOpenConns(readers)
	d.readPool.SetMaxIdleConns(readers)
	return d, nil
}

// closePools lets go of the lock last.
func (db *database) closePools() error {
	err := errors.Join(db.writePool.Close(), db.readPool.Close())
	if db.unlock != nil {
		err = errors.Join(err, db.unlock())
	}
	return err
}

func connectSQLite(dir, vfs string) (writePool, readPool *sql.DB, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("sqldb: %w", err)
	}
	// The log's index is the one file beside the store that modeof does not reach.
	for _, name := range []string{SQLiteFile, SQLiteFile + "-shm"} {
		if err := private(filepath.Join(dir, name)); err != nil {
			return nil, nil, fmt.Errorf("sqldb: %w", err)
		}
	}
	// FULL: a commit is on the disk when it returns. The writer stands still for a
	// checkpoint: one for 4,000 pages writes those once that changed often. Of the pages
	// it needs, 8 MB stay in memory. What a statement of a batch would need to be undone is
	// not written to a file.
	if writePool, err = openSQLite(filepath.Join(dir, SQLiteFile), vfs, "journal_mode(WAL)", "synchronous(FULL)",
		"wal_autocheckpoint(4000)", "cache_size(-8000)", "temp_store(MEMORY)", "foreign_keys(0)"); err != nil {
		return nil, nil, err
	}
	if readPool, err = openSQLite(filepath.Join(dir, SQLiteFile), vfs, "query_only(1)"); err != nil {
		return nil, nil, errors.Join(err, writePool.Close())
	}
	writePool.SetMaxOpenConns(1)
	return writePool, readPool, nil
}

// private makes the file, where it is missing, one that its owner alone reads, and
// takes everybody else's right to one that is there.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(os.Chmod(path, 0o600), f.Close())
}

// openSQLite opens a database whose log or journal gets the mode of its file.
func openSQLite(path, vfs string, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_txlock": {"immediate"}, "modeof": {path}}
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()))
	if vfs != "" {
		q.Set("vfs", vfs)
	}
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	return sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
}

func connectPostgres(raw string) (writePool, readPool *sql.DB, err error) {
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

func connectMySQL(raw string) (writePool, readPool *sql.DB, err error) {
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
