package storage

import "os"

// SyncLog makes sync sync SQLite's log from now on. Call it before the first write.
func (db *DB) SyncLog(sync func(log *os.File) error) { db.wal.sync = sync }
