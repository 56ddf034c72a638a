package sqldb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/ncruces/go-sqlite3"
)

// LockFile is held by the process that serves the SQLite store in its folder.
const LockFile = "switchboard.lock"

// ErrServed: another process serves the SQLite store.
var ErrServed = errors.New("another process serves this folder's SQLite store already: stop that one first, or give several replicas a PostgreSQL or MySQL by SWITCHBOARD_DATABASE_URL")

// lockStore makes this the one process that serves the SQLite store in dir, until unlock
// is called. It is SQLite's own lock, on an empty file beside the store: the system lets
// it go with the process, however that ends, so a file that is left behind means nothing,
// and whoever reads the store, such as a backup, is not in its way.
func lockStore(ctx context.Context, dir string) (unlock func() error, err error) {
	file := filepath.Join(dir, LockFile)
	if err := private(file); err != nil {
		return nil, fmt.Errorf("sqldb: %w", err)
	}
	pool, err := openSQLite(file, "")
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqldb: %w", err), pool.Close())
	}
	unlock = func() error {
		_, err := conn.ExecContext(context.Background(), "ROLLBACK")
		return errors.Join(err, conn.Close(), pool.Close())
	}
	for _, statement := range []string{"PRAGMA busy_timeout = 0", "BEGIN EXCLUSIVE"} {
		if _, err = conn.ExecContext(ctx, statement); errors.Is(err, sqlite3.BUSY) {
			err = ErrServed
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("sqldb: %w", err), conn.Close(), pool.Close())
		}
	}
	return unlock, nil
}
