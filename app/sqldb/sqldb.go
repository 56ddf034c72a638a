// Package sqldb is the SQL engine: SQLite, PostgreSQL or MySQL behind one write path
// that groups commits and one read path, with the schema's migrations, which are
// append-only from the baseline. It knows no domain: the packages named <domain>sql,
// beside the domains, implement their stores on it.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"switchboard/app/problem"
)

// What can go wrong with the store itself. Test with errors.Is.
var (
	// ErrUnavailable: the database cannot be used now; nothing was written,
	// unless the error is ErrOutcomeUnknown as well.
	ErrUnavailable = problem.Masked(problem.Unavailable, "sqldb: database unavailable", "the store is unavailable; try again later")
	// ErrOutcomeUnknown: the commit was sent and its answer was lost, so the
	// whole write happened or none of it. It is an ErrUnavailable too.
	ErrOutcomeUnknown = problem.Masked(problem.InDoubt, "sqldb: commit outcome unknown", "the outcome is unknown: it may have been done")
	// ErrDuplicate: a unique key is taken; nothing was written.
	ErrDuplicate = errors.New("sqldb: duplicate key")
	// ErrSlow: the write held the store for longer than its limit and was
	// stopped; nothing was written.
	ErrSlow = problem.Masked(problem.Unavailable, "sqldb: write over its time limit", "the store is too slow; try again later")
	// ErrClosed: the store is closed; nothing was written.
	ErrClosed = problem.Masked(problem.Unavailable, "sqldb: closed", "this server is stopping; try again")
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

	vfs string // SQLite's, of tests
}

// Validate says whether the URL can be one of a database; it connects to none.
func (c Config) Validate() error {
	if c.URL == "" {
		return nil
	}
	_, writer, reader, err := connect(c)
	if err != nil {
		return err
	}
	return errors.Join(writer.Close(), reader.Close())
}

// DB is an open store. It is safe for concurrent use.
type DB struct {
	dialect    Dialect
	writeLimit time.Duration
	writePool  *sql.DB
	readPool   *sql.DB

	// The constants, but for tests.
	commitLimit, readLimit time.Duration

	// mu holds Close off while a write is being handed to a writer.
	mu           sync.RWMutex
	closed       bool
	writers      []*writer
	batchWriters []*writer // of batches, where the dialect gives each its own

	readMu sync.RWMutex // guards reads
	reads  map[string]*sql.Stmt

	stats counters
}

type counters struct {
	writes, commits, retries, isolated atomic.Int64
}

// Stats counts since Open. Writes / Commits is how many writes shared a commit.
type Stats struct {
	Writes   int64 // writes answered after a commit
	Commits  int64
	Retries  int64 // transactions run again after a conflict or a lost connection
	Isolated int64 // transactions run again to keep one write's failure apart
}

// Open connects, applies the migrations that are missing and starts the
// writers. Several processes may open one database at once. The error never
// shows the URL's password.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.WriteLimit == 0 {
		cfg.WriteLimit = 5 * time.Second
	}
	if cfg.Writers == 0 {
		cfg.Writers = 4
	}
	dialect, writer, reader, err := connect(cfg)
	if err != nil {
		return nil, err
	}
	db := &DB{dialect: dialect, writeLimit: cfg.WriteLimit, writePool: writer, readPool: reader, reads: map[string]*sql.Stmt{}, commitLimit: commitLimit, readLimit: readLimit}
	if err := db.migrate(ctx, cfg.DataDir, 0); err != nil {
		return nil, errors.Join(err, writer.Close(), reader.Close())
	}
	n := cfg.Writers
	if dialect == SQLite {
		n = 1
	}
	for range n {
		db.writers = append(db.writers, startWriter(db))
	}
	return db, nil
}

// Dialect names the database, for statements that have to differ.
func (db *DB) Dialect() Dialect { return db.dialect }

// Stats reports the counters.
func (db *DB) Stats() Stats {
	return Stats{
		Writes:   db.stats.writes.Load(),
		Commits:  db.stats.commits.Load(),
		Retries:  db.stats.retries.Load(),
		Isolated: db.stats.isolated.Load(),
	}
}

// Ready reports whether the store can be read and written: ErrUnavailable or
// ErrClosed when not.
func (db *DB) Ready(ctx context.Context) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec("UPDATE store_probe SET beat = beat + 1 WHERE id = 1")
		return err
	})
}

// Close refuses new writes, finishes those that were accepted and disconnects.
// It is idempotent.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	writers := append(append([]*writer(nil), db.writers...), db.batchWriters...)
	for _, w := range writers {
		close(w.queue)
	}
	db.mu.Unlock()
	for _, w := range writers {
		<-w.stopped
	}
	return errors.Join(db.writePool.Close(), db.readPool.Close())
}

// Now is the store's clock, which all replicas share: the database server's,
// or this machine's for SQLite.
func (db *DB) Now(ctx context.Context) (time.Time, error) {
	if db.dialect == SQLite {
		return time.Now().UTC().Truncate(time.Microsecond), nil
	}
	var us int64
	err := db.QueryRow(ctx, "SELECT "+db.dialect.NowSQL()).Scan(&us)
	return time.UnixMicro(us).UTC(), err
}

// wrap gives a driver's error the name that callers can test for.
func wrap(err error) error {
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows), errors.Is(err, ErrUnavailable):
		return err
	case duplicate(err):
		return fmt.Errorf("%w: %w", ErrDuplicate, err)
	case lost(err):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	default:
		return err
	}
}
