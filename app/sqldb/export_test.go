package sqldb

import (
	"context"
	"io/fs"
	"os"
	"time"

	"github.com/pressly/goose/v3"
)

// SyncLog makes sync sync SQLite's log from now on. Call it before the first write.
func (db *DB) SyncLog(sync func(log *os.File) error) { db.wal.sync = sync }

// CommitWithin makes a commit be given up after limit. Call it before the first write.
func (db *DB) CommitWithin(limit time.Duration) { db.commitLimit = limit }

// ReadWithin bounds reads whose context has no deadline. Call it before the first.
func (db *DB) ReadWithin(limit time.Duration) { db.readLimit = limit }

// MigrateDown undoes the migrations after version in a store that nobody has open.
func MigrateDown(ctx context.Context, cfg Config, version int64) error {
	dialect, writer, reader, err := connect(cfg)
	if err != nil {
		return err
	}
	defer writer.Close()
	defer reader.Close()
	files, err := fs.Sub(migrations, "migrations/"+string(dialect))
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(gooseDialects[dialect], (&DB{dialect: dialect, writer: writer, reader: reader}).owner(), files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = p.DownTo(ctx, version)
	return err
}
