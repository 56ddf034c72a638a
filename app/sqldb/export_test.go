package sqldb

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// WithVFS lets SQLite reach its files by the VFS of that name.
func (c Config) WithVFS(name string) Config {
	c.vfs = name
	return c
}

// CommitWithin makes a commit be given up after limit. Call it before the first write.
func (db *DB) CommitWithin(limit time.Duration) { db.commitLimit = limit }

// ReadWithin bounds reads whose context has no deadline. Call it before the first.
func (db *DB) ReadWithin(limit time.Duration) { db.readLimit = limit }

// MigrateTo makes a store with the schema of version in an empty database.
func MigrateTo(ctx context.Context, cfg Config, version int64) error {
	d, err := connect(cfg)
	if err != nil {
		return err
	}
	return errors.Join(d.migrate(ctx, cfg.DataDir, version), d.closePools())
}

// Migrations are the files that change the schema.
var Migrations fs.FS = migrations
