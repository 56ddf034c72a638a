// Package storage is the only truth: SQLite, PostgreSQL or MySQL behind one
// write path that groups commits and one read path. Domains declare the small
// store they need; this package implements each in a file of its own.
package storage

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// What can go wrong with the store itself. Test with errors.Is.
var (
	// ErrUnavailable: the database cannot be used now; nothing was written,
	// unless the error is ErrOutcomeUnknown as well.
	ErrUnavailable = errors.New("storage: database unavailable")
	// ErrOutcomeUnknown: the commit was sent and its answer was lost, so the
	// whole write happened or none of it. It is an ErrUnavailable too.
	ErrOutcomeUnknown = errors.New("storage: commit outcome unknown")
	// ErrDuplicate: a unique key is taken; nothing was written.
	ErrDuplicate = errors.New("storage: duplicate key")
	// ErrSlow: the write held the store for longer than its turn and was
	// stopped; nothing was written.
	ErrSlow = errors.New("storage: write over its time limit")
	// ErrClosed: the store is closed; nothing was written.
	ErrClosed = errors.New("storage: closed")
)

// Config says where the state is. URL empty: a SQLite file in DataDir, which is
// made when missing; else postgres://... or mysql://user:password@host/database.
type Config struct {
	URL     string
	DataDir string
	// Turn is how long one write may hold the store; zero: 5 s.
	Turn time.Duration
	// Lanes is how many connections write at once; zero: 4. SQLite has one.
	Lanes int
}

// DB is an open store. It is safe for concurrent use.
type DB struct {
	dialect Dialect
	turn    time.Duration
	writer  *sql.DB
	reader  *sql.DB
	wal     *wal // SQLite's

	commitLimit time.Duration // the constant, but for tests

	// mu holds Close off while a write is being handed to a lane.
	mu     sync.RWMutex
	closed bool
	lanes  []*lane
	extra  []*lane // of batches, where the dialect gives each its own

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
	if cfg.Turn == 0 {
		cfg.Turn = 5 * time.Second
	}
	if cfg.Lanes == 0 {
		cfg.Lanes = 4
	}
	dialect, writer, reader, err := connect(cfg)
	if err != nil {
		return nil, err
	}
	db := &DB{dialect: dialect, turn: cfg.Turn, writer: writer, reader: reader, reads: map[string]*sql.Stmt{}, commitLimit: commitLimit}
	if err := db.migrate(ctx, cfg); err != nil {
		return nil, errors.Join(err, writer.Close(), reader.Close())
	}
	n := cfg.Lanes
	if dialect == SQLite {
		n, db.wal = 1, startWAL(filepath.Join(cfg.DataDir, sqliteFile+"-wal"))
	}
	for range n {
		db.lanes = append(db.lanes, startLane(db))
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
	lanes := append(append([]*lane(nil), db.lanes...), db.extra...)
	for _, l := range lanes {
		close(l.queue)
	}
	db.mu.Unlock()
	for _, l := range lanes {
		<-l.stopped
	}
	return errors.Join(db.writer.Close(), db.reader.Close())
}

// Query reads what is committed. Placeholders are ? in every dialect. The
// caller closes the rows. Connections that died while they were idle are passed
// over: a read may be made again.
func (db *DB) Query(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	query = db.dialect.rebind(query)
	for range readers + 1 {
		if rows, err = db.reader.QueryContext(ctx, query, args...); !stale(err) {
			break
		}
	}
	if err == nil {
		if err = db.wal.settled(ctx); err != nil {
			_ = rows.Close()
			return nil, err
		}
	}
	return rows, wrap(err)
}

// QueryRow reads one row of what is committed, like Query; its Scan answers
// sql.ErrNoRows when there is none.
func (db *DB) QueryRow(ctx context.Context, query string, args ...any) Row {
	if st := db.prepared(ctx, query); st != nil {
		return Row{ctx: ctx, wal: db.wal, tries: readers + 1, read: func() *sql.Row { return st.QueryRowContext(ctx, args...) }}
	}
	query = db.dialect.rebind(query)
	return Row{ctx: ctx, wal: db.wal, tries: readers + 1, read: func() *sql.Row { return db.reader.QueryRowContext(ctx, query, args...) }}
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
		if fresh, err := db.reader.PrepareContext(ctx, query); err == nil {
			st = fresh
			db.reads[query] = st
		}
	}
	return st
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

// Row is one row to be scanned. It is read by Scan.
type Row struct {
	ctx   context.Context
	wal   *wal
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
	}
	for range r.tries {
		if err = r.read().Scan(dest...); !stale(err) {
			break
		}
	}
	err = wrap(err)
	if r.tx != nil {
		r.tx.note(err)
	}
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		err = cmp.Or(r.wal.settled(r.ctx), err)
	}
	return err
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
