package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
)

// SQLiteFile is the store's name in Config.DataDir.
const SQLiteFile = "switchboard.db"

// ErrDamaged: a file is no whole SQLite store.
var ErrDamaged = errors.New("sqldb: not a whole store")

// Snapshot copies the SQLite store in dir, as it is at one moment, into the new file
// at path, which its owner alone may read. Whoever works with the store goes on
// meanwhile. fs.ErrNotExist when there is no store, fs.ErrExist when there is such a file.
func Snapshot(ctx context.Context, dir, path string) (err error) {
	if _, err := os.Stat(filepath.Join(dir, SQLiteFile)); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil { // SQLite fills a file that is empty
		return err
	}
	db, err := openSQLite(filepath.Join(dir, SQLiteFile), "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return errors.Join(fmt.Errorf("sqldb: snapshot: %w", wrap(err)), os.Remove(path))
	}
	return nil
}

// CheckSnapshot says whether the file at path is a whole store that this program can
// work with: ErrDamaged, ErrNewerSchema, fs.ErrNotExist.
func CheckSnapshot(ctx context.Context, path string) (err error) {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	db, err := openSQLite(path, "", "query_only(1)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var told string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&told); err != nil || told != "ok" {
		return fmt.Errorf("%w: %s %v", ErrDamaged, told, err)
	}
	newest, err := newestMigration(SQLite)
	if err != nil {
		return err
	}
	var there sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT MAX(version_id) FROM goose_db_version").Scan(&there); err != nil || there.Int64 == 0 {
		return fmt.Errorf("%w: it has no schema of this program", ErrDamaged)
	}
	return tooNew(there.Int64, newest)
}

// newestMigration is the version of the schema that this program works with.
func newestMigration(d Dialect) (int64, error) {
	files, err := fs.ReadDir(migrations, "migrations/"+string(d))
	if err != nil {
		return 0, err
	}
	return goose.NumericComponent(files[len(files)-1].Name())
}

// tooNew is ErrNewerSchema for a store at a version above the newest that is known.
func tooNew(there, newest int64) error {
	if there <= newest {
		return nil
	}
	return fmt.Errorf("%w: the database has schema version %d, this program knows %d; start the newer program, or restore the backup of before its upgrade", ErrNewerSchema, there, newest)
}
