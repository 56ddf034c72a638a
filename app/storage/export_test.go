package storage

import (
	"os"
	"time"
)

// SyncLog makes sync sync SQLite's log from now on. Call it before the first write.
func (db *DB) SyncLog(sync func(log *os.File) error) { db.wal.sync = sync }

// CommitWithin makes a commit be given up after limit. Call it before the first write.
func (db *DB) CommitWithin(limit time.Duration) { db.commitLimit = limit }

// ReadWithin bounds reads whose context has no deadline. Call it before the first.
func (db *DB) ReadWithin(limit time.Duration) { db.readLimit = limit }
