package sqldb

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

var gooseDialects = map[Dialect]goose.Dialect{
	SQLite:   goose.DialectSQLite3,
	Postgres: goose.DialectPostgres,
	MySQL:    goose.DialectMySQL,
}

// migrate applies the embedded migrations that this database has not seen, in
// whatever order they were added.
func (db *DB) migrate(ctx context.Context, cfg Config) error {
	files, err := fs.Sub(migrations, "migrations/"+string(db.dialect))
	if err != nil {
		return fmt.Errorf("sqldb: migrations: %w", err)
	}
	unlock, err := db.lockMigrations(ctx, cfg.DataDir)
	if err != nil {
		return fmt.Errorf("sqldb: migrations: %w", wrap(err))
	}
	defer unlock()
	p, err := goose.NewProvider(gooseDialects[db.dialect], db.owner(), files,
		goose.WithAllowOutofOrder(true), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("sqldb: migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("sqldb: migrations: %w", wrap(err))
	}
	return nil
}
