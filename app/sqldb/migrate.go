package sqldb

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/pressly/goose/v3"
)

// Migrations are append-only from the baseline on: a file that was released never
// changes, and the next change of the schema is a new file with the next number.
//
//go:embed migrations
var migrations embed.FS

// ErrNewerSchema: a newer version of the program has changed the schema, which this
// one does not understand; nothing was written.
var ErrNewerSchema = errors.New("sqldb: schema is newer than this program")

var gooseDialects = map[Dialect]goose.Dialect{
	SQLite:   goose.DialectSQLite3,
	Postgres: goose.DialectPostgres,
	MySQL:    goose.DialectMySQL,
}

// migrate brings the schema up to this program's version, or to version when that
// is not zero. It fails with ErrNewerSchema when the database is ahead of both.
func (db *database) migrate(ctx context.Context, dir string, version int64) error {
	unlock, err := db.lockMigrations(ctx, dir)
	if err != nil {
		return fmt.Errorf("sqldb: migrations: %w", wrap(err))
	}
	defer unlock()
	if err := db.migrating(ctx, true); err != nil {
		return fmt.Errorf("sqldb: migrations: %w", wrap(err))
	}
	files, err := fs.Sub(migrations, "migrations/"+string(db.dialect))
	if err != nil {
		return fmt.Errorf("sqldb: migrations: %w", err)
	}
	p, err := goose.NewProvider(gooseDialects[db.dialect], db.owner(), files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("sqldb: migrations: %w", err)
	}
	sources := p.ListSources()
	newest := sources[len(sources)-1].Version
	if version == 0 {
		version = newest
	}
	there, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("sqldb: migrations: %w", wrap(err))
	}
	if err := tooNew(there, newest); err != nil {
		return err
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return fmt.Errorf("sqldb: migrations: %w", wrap(err))
	}
	if err := db.migrating(ctx, false); err != nil {
		return fmt.Errorf("sqldb: migrations: %w", wrap(err))
	}
	return nil
}

// migrating sets SQLite's one connection of the owner to the work of migrations, or back
// to that of writers. Migrations are no promise to anybody: those that a power cut takes
// are made again, and the first commit that is synced makes all before it last. What they
// sort may be larger than the memory.
func (db *database) migrating(ctx context.Context, begins bool) error {
	if db.dialect != SQLite {
		return nil
	}
	pragmas := "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY"
	if begins { // consistent after a power cut, but perhaps without the last commits
		pragmas = "PRAGMA synchronous = NORMAL; PRAGMA temp_store = FILE"
	}
	_, err := db.owner().ExecContext(ctx, pragmas)
	return err
}

// owner is the pool that changes the schema: waits for locks are no conflict there.
func (db *database) owner() *sql.DB {
	if db.dialect == SQLite {
		return db.writePool // the reader cannot write
	}
	return db.readPool
}

// lockMigrations holds off other processes until the returned function is called.
func (db *database) lockMigrations(ctx context.Context, dir string) (unlock func(), err error) {
	pool, lock, free := db.readPool, fmt.Sprintf("SELECT pg_advisory_lock(%d)", migrateLock), fmt.Sprintf("SELECT pg_advisory_unlock(%d)", migrateLock)
	switch db.dialect {
	case SQLite:
		// A database of its own: the lock ends with the process that held it.
		file := filepath.Join(dir, "migrate.lock")
		if err := private(file); err != nil {
			return nil, fmt.Errorf("sqldb: %w", err)
		}
		if pool, err = openSQLite(file, ""); err != nil {
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
