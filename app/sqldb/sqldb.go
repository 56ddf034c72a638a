// Package sqldb is the SQL engine: SQLite, PostgreSQL or MySQL behind one write path
// that groups commits and one read path, with the schema's migrations, which are
// append-only from the baseline. It knows no domain: the packages named <domain>sql,
// beside the domains, implement their stores on it.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// DB is an open store. It is safe for concurrent use.
type DB struct {
	*database
	*reader
	*writers
}

// Stats counts since Open. Writes / Commits is how many writes shared a commit.
type Stats struct {
	Writes   int64 // writes answered after a commit
	Commits  int64
	Retries  int64 // transactions run again after a conflict or a lost connection
	Isolated int64 // transactions run again to keep one write's failure apart

	Waiting     int // writes that no writer has taken yet, now
	Read, Write sql.DBStats
}

// Open connects, applies the migrations that are missing and starts the
// writers. Several processes may open one database at once, but a SQLite file has one
// who serves it (Config.Serve). The error never shows the URL's password.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.WriteLimit == 0 {
		cfg.WriteLimit = 5 * time.Second
	}
	if cfg.Writers == 0 {
		cfg.Writers = 4
	}
	d, err := connect(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Serve && d.dialect == SQLite {
		if d.unlock, err = lockStore(ctx, cfg.DataDir); err != nil {
			return nil, errors.Join(err, d.closePools())
		}
	}
	if err := d.migrate(ctx, cfg.DataDir, 0); err != nil {
		return nil, errors.Join(err, d.closePools())
	}
	ws := startWriters(d, cfg.Writers)
	ws.observe = cfg.Observe
	return &DB{d, newReader(d), ws}, nil
}

// Dialect names the database, for statements that have to differ.
func (db *DB) Dialect() Dialect { return db.dialect }

// Stats reports the counters, and how things stand.
func (db *DB) Stats() Stats {
	return Stats{
		Waiting: db.waiting(), Read: db.readPool.Stats(), Write: db.writePool.Stats(),
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
	if !db.stop() {
		return nil
	}
	return db.closePools()
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
